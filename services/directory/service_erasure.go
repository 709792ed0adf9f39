package directory

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// RecordErasure adds a request or offer to the journal and, in the same
// transaction, to the audit chain of its organisation. A repeat changes nothing.
// When it returns nil the entry is stored for good.
func (s *Service) RecordErasure(ctx context.Context, q contract.RecordErasure) (contract.Empty, error) {
	if err := checkErasure(q); err != nil {
		return contract.Empty{}, err
	}
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		head, err := s.worker.lockErasureHead(ctx, tx)
		if err != nil {
			return err
		}
		known, err := s.worker.selectErased(ctx, tx, q.SubjectID)
		if err != nil || known {
			return err
		}
		entry := contract.Erasure{Seq: head.Seq + 1, Thing: q.Thing, SubjectID: q.SubjectID, At: s.now()}
		entry.Hash = erasureHash(head.Hash, entry)
		if err := s.worker.insertErasure(ctx, tx, entry); err != nil {
			return err
		}
		organisation, err := s.worker.selectOrganisationByPath(ctx, tx, q.Path)
		if err != nil {
			return err
		}
		audit := newAuditEntry(erases[q.Thing], q.SubjectID)
		audit.Reason = q.Reason
		return s.record(ctx, tx, organisation.ID, audit)
	})
	if err != nil {
		return contract.Empty{}, err
	}
	s.recorded()
	return contract.Empty{}, nil
}

// recorded wakes the one who copies the journal, without waiting for them.
func (s *Service) recorded() {
	select {
	case s.erased <- struct{}{}:
	default:
	}
}

// Erasures returns a part of the journal to a service that follows it.
func (s *Service) Erasures(ctx context.Context, q contract.ListErasures) (contract.Erasures, error) {
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return contract.Erasures{}, fault.NewForbidden("follow erasures")
	}
	entries, err := s.worker.listErasures(ctx, q.After, contract.MaxErasures)
	if err != nil {
		return contract.Erasures{}, pg.MapContext(ctx, err)
	}
	found := contract.Erasures{Items: []contract.Erasure{}, Last: q.After}
	for _, e := range entries {
		if e.Thing == q.Thing {
			found.Items = append(found.Items, e)
		}
		found.Last = e.Seq
	}
	return found, nil
}
