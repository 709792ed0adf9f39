package offer

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/vault"
)

// Config is what an operator decides about offers.
type Config struct {
	vault.Retention `embed:""`
	Staleness       `embed:""`
}

// retireBatch bounds one look at what has been kept for its time.
const retireBatch = 100

// retire lets go what was kept for its time: first the contacts of offers that
// ended, later everything personal, which the journal of erasures notes. It may be
// ended at any time and run by several at once.
func (s *Service) retire(ctx context.Context, kept vault.Retention) error {
	if err := s.retireRosters(ctx, kept); err != nil {
		return err
	}
	if err := s.retireContacts(ctx, kept); err != nil {
		return err
	}
	ctx = contract.WithActor(ctx, contract.System())
	for {
		ids, err := s.worker.listEnded(ctx, kept.Closed(s.now()), retireBatch)
		if err != nil || len(ids) == 0 {
			return pg.MapContext(ctx, err)
		}
		for _, id := range ids {
			if _, err := s.Erase(ctx, contract.Move{ID: id}); err != nil && !errors.Is(err, errUnknown) {
				return err
			}
		}
	}
}

func (s *Service) retireContacts(ctx context.Context, kept vault.Retention) error {
	for {
		var n int
		err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
			n, err = s.worker.dropContacts(ctx, tx, kept.Contacts(s.now()), retireBatch)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// retireRosters lets go the names of who came, as long after the session as
// contacts are kept after an end.
func (s *Service) retireRosters(ctx context.Context, kept vault.Retention) error {
	before := kept.Contacts(s.now())
	for !before.IsZero() {
		n, err := s.worker.retireRosters(ctx, before, retireBatch)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}
