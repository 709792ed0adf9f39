package directory

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// Revise sets what may change of an organisation that the actor administers. A
// version that is not the newest is a conflict; so is a region that another one
// coordinates. Whether it is verified is for those above to say.
func (s *Service) Revise(ctx context.Context, q contract.ReviseOrganisation) (contract.Organisation, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Register); err != nil {
		return contract.Organisation{}, err
	}
	e, err := s.edition(ctx)
	if err != nil {
		return contract.Organisation{}, err
	}
	if err := checkOrganisation(e.snapshot, contract.OrganisationDraft{
		Code: q.Code, Name: q.Name, Kind: q.Kind, Level: q.Level, RegionCode: q.RegionCode, Specialties: q.Specialties, ContactPerson: q.ContactPerson,
	}); err != nil {
		return contract.Organisation{}, err
	}
	var done registration
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		done, err = s.revise(ctx, tx, actor, q)
		return err
	})
	if err != nil {
		return contract.Organisation{}, err
	}
	if done.reference {
		s.tell(contract.ReferenceChanged, contract.Empty{})
	}
	return done.row.message(), nil
}

func (s *Service) revise(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.ReviseOrganisation) (registration, error) {
	old, err := s.lockVersion(ctx, tx, actor, q.Code, q.Version)
	if err != nil {
		return registration{}, err
	}
	if q.Verified != old.Verified && actor.Path == old.Path {
		return registration{}, errOwn
	}
	row := old
	row.Name, row.Kind, row.Level, row.RegionCode = q.Name, q.Kind, q.Level, q.RegionCode
	row.Coordinates, row.Verified, row.Contact = q.Coordinates, q.Verified, q.ContactPerson
	row.Specialties = sorted(q.Specialties)
	if reflect.DeepEqual(row, old) {
		return registration{row: old, outcome: outcomeUnchanged}, nil
	}
	done := registration{row: row, outcome: outcomeChanged, reference: old.Coordinates || row.Coordinates}
	return done, s.storeRevised(ctx, tx, &done, newAuditEntry(contract.ActReviseOrganisation, row.ID))
}

// lockVersion keeps an organisation that the actor sees, as it was at a version,
// for this transaction.
func (s *Service) lockVersion(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, code string, version int64) (organisationRow, error) {
	if _, err := s.store.lockReference(ctx, tx); err != nil {
		return organisationRow{}, err
	}
	if _, err := s.visible(ctx, tx, actor, code); err != nil {
		return organisationRow{}, err
	}
	row, err := s.store.lockOrganisation(ctx, tx, code)
	switch {
	case err != nil:
		return row, err
	case row.Code == rootCode:
		return row, errRootFixed
	case row.Version != version:
		return row, errStale
	}
	return row, nil
}

// storeRevised stores the next version of an organisation with its audit entry.
func (s *Service) storeRevised(ctx context.Context, tx *sqlx.Tx, done *registration, entry contract.AuditEntry) error {
	done.row.Version, done.row.UpdatedAt = done.row.Version+1, s.now()
	if err := s.store.updateOrganisation(ctx, tx, done.row); err != nil {
		return err
	}
	if done.reference {
		if err := s.store.bumpVersion(ctx, tx); err != nil {
			return err
		}
	}
	return s.record(ctx, tx, done.row.ID, entry)
}

// End ends an organisation below the actor's own, for good; a repeat is a
// conflict. It is refused while something at or below it is open. What is
// submitted to it between the count and the end is not lost: those above see it.
func (s *Service) End(ctx context.Context, q contract.EndOrganisation) (contract.Organisation, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Register); err != nil {
		return contract.Organisation{}, err
	}
	v := check.New(nil)
	v.Text("reason", q.Reason, 1, maxReason)
	if err := v.Err(); err != nil {
		return contract.Organisation{}, err
	}
	if err := s.mayEnd(ctx, actor, q.Code); err != nil {
		return contract.Organisation{}, err
	}
	var done registration
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		done, err = s.end(ctx, tx, actor, q)
		return err
	})
	if err != nil {
		return contract.Organisation{}, err
	}
	s.tell(contract.IdentityChanged, contract.Empty{})
	if done.reference {
		s.tell(contract.ReferenceChanged, contract.Empty{})
	}
	return done.row.message(), nil
}

// mayEnd asks the other services whether anything is open.
func (s *Service) mayEnd(ctx context.Context, actor contract.Actor, code string) error {
	row, err := s.store.selectOrganisation(ctx, s.db, code)
	switch {
	case err != nil:
		return pg.MapContext(ctx, err)
	case !actor.Sees(row.Path):
		return fault.NewNotFound("organisation")
	case actor.Path == row.Path:
		return errOwn
	case row.EndedAt != nil:
		return errEnded
	}
	open, err := s.openWork(ctx, row.Path)
	if err != nil {
		return fmt.Errorf("count open work: %w", err)
	}
	if open > 0 {
		return errOpenWork
	}
	return nil
}

func (s *Service) end(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.EndOrganisation) (registration, error) {
	row, err := s.lockVersion(ctx, tx, actor, q.Code, q.Version)
	if err != nil {
		return registration{}, err
	}
	below, err := s.store.livesBelow(ctx, tx, row)
	if err != nil || below {
		return registration{}, firstError(err, errOpenBelow)
	}
	now := s.now()
	done := registration{row: row, outcome: outcomeChanged, reference: row.Coordinates}
	done.row.Coordinates, done.row.EndedAt = false, &now
	if err := s.store.endOrganisation(ctx, tx, row.ID, now); err != nil {
		return registration{}, err
	}
	entry := newAuditEntry(contract.ActEndOrganisation, row.ID)
	entry.Reason = q.Reason
	return done, s.storeRevised(ctx, tx, &done, entry)
}

func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// PutCategory adds a category or changes it; what people set is not overwritten
// when Heli brings newer ones. Categories are the whole installation's, so only
// an administrator of the top organisation may. A repeat changes nothing.
func (s *Service) PutCategory(ctx context.Context, q contract.PutCategory) (contract.Category, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManageCategories); err != nil {
		return contract.Category{}, err
	}
	if !actor.Sees(contract.RootPath) {
		return contract.Category{}, fault.NewForbidden("change the categories of the installation")
	}
	e, err := s.edition(ctx)
	if err != nil {
		return contract.Category{}, err
	}
	if err := checkCategory(e.snapshot, q.Category); err != nil {
		return contract.Category{}, err
	}
	old, known := e.snapshot.Category(q.Category.Code)
	if known && reflect.DeepEqual(old, q.Category) {
		return old, nil
	}
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		return s.putCategory(ctx, tx, q, s.now())
	})
	if err != nil {
		return contract.Category{}, err
	}
	s.tell(contract.ReferenceChanged, contract.Empty{})
	return q.Category, nil
}

func (s *Service) putCategory(ctx context.Context, tx *sqlx.Tx, q contract.PutCategory, now time.Time) error {
	if _, err := s.store.lockReference(ctx, tx); err != nil {
		return err
	}
	if err := s.store.upsertCategory(ctx, tx, q.Category, now); err != nil {
		return err
	}
	if err := s.store.bumpVersion(ctx, tx); err != nil {
		return err
	}
	root, err := s.store.selectOrganisation(ctx, tx, rootCode)
	if err != nil {
		return err
	}
	entry := newAuditEntry(contract.ActPutCategory, q.Category.Code)
	entry.Reason = q.Reason
	return s.record(ctx, tx, root.ID, entry)
}
