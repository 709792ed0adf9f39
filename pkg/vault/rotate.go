package vault

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// Reindexed maps former blind indexes to those of the primary keyset.
type Reindexed map[string]string

// Rewrap has every key of a person wrapped by the primary keyset and every phone
// found by its index, in small transactions; follow does the same, in the same
// transaction, for copies of the indexes elsewhere. It may be ended at any time:
// running it again goes on with what is left, and returns how many that were.
// Services that know the former keysets alone must not run meanwhile.
func Rewrap(ctx context.Context, db *pg.DB, keys *seal.Keys, owner contract.Thing, follow func(context.Context, *sqlx.Tx, Reindexed) error) (int, error) {
	total, after := 0, ""
	for {
		var rows []contactRow
		err := db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
			if rows, err = lockFormer(ctx, tx, owner, keys.Keysets()[0].ID, after); err != nil || len(rows) == 0 {
				return err
			}
			return rewrapRows(ctx, tx, keys, owner, rows, follow)
		})
		if err != nil || len(rows) == 0 {
			return total, err
		}
		total, after = total+len(rows), rows[len(rows)-1].ID
	}
}

func rewrapRows(ctx context.Context, tx *sqlx.Tx, keys *seal.Keys, owner contract.Thing, rows []contactRow, follow func(context.Context, *sqlx.Tx, Reindexed) error) error {
	changed := Reindexed{}
	for i := range rows {
		row := &rows[i]
		if former := row.PhoneIndex; former != nil {
			plain, err := contact.Open(keys, row.ID, row.Row)
			if err != nil {
				return fmt.Errorf("renew an index: %w", err)
			}
			index := contact.PhoneIndex(keys, plain.Phone)
			changed[*former], row.PhoneIndex = index, &index
		}
		wrapped, err := keys.Rewrap(row.ID, row.Wrapped)
		if err != nil {
			return fmt.Errorf("wrap the key of %s anew: %w", row.ID, err)
		}
		row.Wrapped, row.Keyset = wrapped.Sealed, wrapped.Keyset
	}
	if err := updateKeys(ctx, tx, owner, rows); err != nil {
		return err
	}
	if len(changed) == 0 {
		return nil
	}
	return follow(ctx, tx, changed)
}
