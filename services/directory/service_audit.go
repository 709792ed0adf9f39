package directory

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Audit adds an entry, by whoever acts, to the chain of the organisation at the
// entry's path. A repeat of a key changes nothing; the key with another entry is
// a conflict. When it returns nil the entry is stored for good.
func (s *Service) Audit(ctx context.Context, e contract.AuditEntry) (contract.Empty, error) {
	if err := checkAudit(e); err != nil {
		return contract.Empty{}, err
	}
	return contract.Empty{}, s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		organisation, err := s.store.selectOrganisationByPath(ctx, tx, e.Path)
		if err != nil {
			return err
		}
		if err := s.record(ctx, tx, organisation.ID, e); err != nil {
			return err
		}
		return s.watchReadings(ctx, tx, e.Action)
	})
}

// newAuditEntry is an entry about the directory's own work.
func newAuditEntry(act contract.Act, subject string) contract.AuditEntry {
	return contract.AuditEntry{Key: string(contract.NewID[contract.EventID]()), Action: act, SubjectID: subject}
}

// record adds an entry to an organisation's chain in the caller's transaction.
func (s *Service) record(ctx context.Context, tx *sqlx.Tx, organisation string, e contract.AuditEntry) error {
	head, err := s.store.lockAuditHead(ctx, tx, organisation)
	if err != nil {
		return err
	}
	actor := contract.ActorFrom(ctx)
	row := auditRow{
		OrganisationID: organisation, Seq: head.Seq + 1, Key: e.Key, At: s.now(), Action: e.Action.Code(),
		SubjectID: e.SubjectID, Role: string(actor.Role), ActorID: actor.ID(), ActorName: actor.Name,
		Reason: e.Reason, Previous: head.Hash,
	}
	stored, repeated, err := s.store.selectAudit(ctx, tx, organisation, e.Key)
	if err != nil {
		return err
	}
	if repeated {
		return sameEntry(stored, row)
	}
	row.Hash = auditHash(row)
	return s.store.insertAudit(ctx, tx, row)
}

func sameEntry(stored, repeat auditRow) error {
	if stored.Action != repeat.Action || stored.SubjectID != repeat.SubjectID ||
		stored.ActorID != repeat.ActorID || stored.Reason != repeat.Reason {
		return errAuditKeyReused
	}
	return nil
}

// VerifyAudit walks all chains and returns where they do not hold: an edited,
// removed, inserted or cut-off row. Heads that were signed earlier also tell where
// rows were replaced, or cut off together with their head. Nothing is changed.
func (s *Service) VerifyAudit(ctx context.Context, signed ...SignedHeads) ([]Break, error) {
	var walk chainWalk
	begin := func(heads []auditHead) {
		walk = chainWalk{heads: make(map[string]auditHead, len(heads)), signed: signedByChain(signed)}
		for _, head := range heads {
			walk.heads[head.OrganisationID] = head
		}
	}
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		return s.store.walkAudit(ctx, tx, begin, func(row auditRow) { walk.see(row) })
	})
	if err != nil {
		return nil, pg.MapContext(ctx, err)
	}
	return walk.end(), nil
}
