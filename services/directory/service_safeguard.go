package directory

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// Safeguard returns who answers for complaints of the organisation at a path:
// whom it named, else the nearest above; nobody when none did. Only a service on
// its own account may ask.
func (s *Service) Safeguard(ctx context.Context, q contract.AskSafeguard) (contract.Safeguard, error) {
	found, err := s.worker.selectSafeguard(ctx, q.Path)
	return found, pg.MapContext(ctx, err)
}

// NameSafeguard names who answers for complaints of an organisation that the actor
// administers, or nobody. It is somebody who may handle them: administrator or
// coordinator there or above. A repeat changes nothing.
func (s *Service) NameSafeguard(ctx context.Context, q contract.NameSafeguard) (contract.Organisation, error) {
	if q.PersonID != "" && !contract.ValidID(q.PersonID) {
		return contract.Organisation{}, unknownSafeguard()
	}
	var row organisationRow
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		if row, err = s.store.lockOrganisation(ctx, tx, q.Organisation); err != nil {
			return err
		}
		if !contract.ActorFrom(ctx).Sees(row.Path) {
			return fault.NewNotFound("organisation")
		}
		if row.SafeguardID.String == string(q.PersonID) {
			return nil
		}
		if err := s.requireAnswersFor(ctx, tx, q.PersonID, row.Path); err != nil {
			return err
		}
		row.SafeguardID = sql.NullString{String: string(q.PersonID), Valid: q.PersonID != ""}
		row.Version, row.UpdatedAt = row.Version+1, s.now()
		if err := s.store.updateSafeguard(ctx, tx, row); err != nil {
			return err
		}
		entry := newAuditEntry(contract.ActNameSafeguard, row.ID)
		entry.Reason = string(q.PersonID)
		if err := s.record(ctx, tx, row.ID, entry); err != nil {
			return err
		}
		row, err = s.store.selectOrganisation(ctx, tx, q.Organisation)
		return err
	})
	return row.message(), err
}

func (s *Service) requireAnswersFor(ctx context.Context, tx *sqlx.Tx, person contract.PersonID, path string) error {
	if person == "" {
		return nil
	}
	ok, err := s.store.answersFor(ctx, tx, person, path)
	if err == nil && !ok {
		return unknownSafeguard()
	}
	return err
}

func unknownSafeguard() error {
	return fault.NewInvalid(fault.Field{Location: "person_id", Code: "unknown"})
}
