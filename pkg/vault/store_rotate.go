package vault

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// lockFormer returns keys after an id that another keyset wrapped, with what is
// sealed under them in a contact: other things have keys too.
func lockFormer(ctx context.Context, tx *sqlx.Tx, owner contract.Thing, primary, after string) ([]contactRow, error) {
	q := `SELECT k.subject_id AS id, k.wrapped, c.name, c.phone, c.email, c.wechat, c.safe_hours, c.phone_index
		FROM person_keys k LEFT JOIN contacts c ON c.` + ownerColumn(owner) + ` = k.subject_id
		WHERE k.keyset <> $1 AND ($2 = '' OR k.subject_id > nullif($2, '')::uuid)
		ORDER BY k.subject_id LIMIT $3 FOR UPDATE OF k`
	var rows []contactRow
	if err := tx.SelectContext(ctx, &rows, q, primary, after, batch); err != nil {
		return nil, fmt.Errorf("select keys to wrap anew: %w", err)
	}
	return rows, nil
}

func updateKeys(ctx context.Context, tx *sqlx.Tx, owner contract.Thing, rows []contactRow) error {
	ids, wrapped := make(pq.StringArray, len(rows)), make(pq.ByteaArray, len(rows))
	indexes := make([]*string, len(rows))
	for i, row := range rows {
		ids[i], wrapped[i], indexes[i] = row.ID, row.Wrapped, row.PhoneIndex
	}
	const keys = `
		UPDATE person_keys k SET keyset = $1, wrapped = g.wrapped
		FROM unnest($2::uuid[], $3::bytea[]) AS g (id, wrapped) WHERE k.subject_id = g.id`
	if _, err := tx.ExecContext(ctx, keys, rows[0].Keyset, ids, wrapped); err != nil {
		return fmt.Errorf("update person keys: %w", err)
	}
	contacts := `
		UPDATE contacts c SET phone_index = g.phone_index
		FROM unnest($1::uuid[], $2::text[]) AS g (id, phone_index) WHERE c.` + ownerColumn(owner) + ` = g.id`
	if _, err := tx.ExecContext(ctx, contacts, ids, pq.Array(indexes)); err != nil {
		return fmt.Errorf("update phone indexes: %w", err)
	}
	return nil
}
