package request

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// errTried ends the transaction of a change that was only tried.
var errTried = errors.New("tried")

// Try returns what Move would return for a move of the life cycle, a claim or a
// release, and changes nothing: the same is done, in a transaction that is then
// undone. Keys are not looked at.
func (s *Service) Try(ctx context.Context, m contract.Move) (contract.Moved, error) {
	if m.Move == moveVerifyPhone || m.Move == moveErase {
		return contract.Moved{}, fault.NewInvalid(fault.Field{Location: "move", Code: "unknown"})
	}
	return s.moveBy(ctx, m, s.tryChange)
}

func (s *Service) tryChange(
	ctx context.Context, m contract.Move, fn func(tx *sqlx.Tx, row *fullRow, r *record) error,
) (moved contract.Moved, err error) {
	if !contract.ValidID(m.ID) {
		return moved, errUnknown
	}
	err = s.store.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if moved, err = s.changeLocked(ctx, tx, m, fn); err != nil {
			return err
		}
		return errTried
	})
	if !errors.Is(err, errTried) {
		return contract.Moved{}, err
	}
	return moved, nil
}
