package vault

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

func selectHasTable(ctx context.Context, tx *sqlx.Tx, schema string) (there bool, err error) {
	const q = `SELECT to_regclass($1) IS NOT NULL`
	if err := tx.GetContext(ctx, &there, q, pq.QuoteIdentifier(schema)+".key_check"); err != nil {
		return false, fmt.Errorf("look for key_check: %w", err)
	}
	return there, nil
}

// selectChecks returns the digests by keyset.
func selectChecks(ctx context.Context, tx *sqlx.Tx, schema string) (map[string][]byte, error) {
	q := `SELECT keyset, digest FROM ` + pq.QuoteIdentifier(schema) + `.key_check`
	var rows []struct {
		Keyset string `db:"keyset"`
		Digest []byte `db:"digest"`
	}
	if err := tx.SelectContext(ctx, &rows, q); err != nil {
		return nil, fmt.Errorf("select key checks: %w", err)
	}
	noted := make(map[string][]byte, len(rows))
	for _, row := range rows {
		noted[row.Keyset] = row.Digest
	}
	return noted, nil
}

func insertCheck(ctx context.Context, tx *sqlx.Tx, schema string, set seal.Keyset) error {
	q := `INSERT INTO ` + pq.QuoteIdentifier(schema) + `.key_check (keyset, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	if _, err := tx.ExecContext(ctx, q, set.ID, set.Digest); err != nil {
		return fmt.Errorf("insert key check: %w", err)
	}
	return nil
}

func upsertKey(ctx context.Context, tx *sqlx.Tx, id string, w seal.WrappedKey) error {
	const q = `
		INSERT INTO person_keys (subject_id, keyset, wrapped) VALUES ($1, $2, $3)
		ON CONFLICT (subject_id) DO UPDATE SET keyset = excluded.keyset, wrapped = excluded.wrapped`
	if _, err := tx.ExecContext(ctx, q, id, w.Keyset, w.Sealed); err != nil {
		return fmt.Errorf("upsert person key: %w", err)
	}
	return nil
}

func deleteKey(ctx context.Context, tx *sqlx.Tx, id string) error {
	const q = `DELETE FROM person_keys WHERE subject_id = $1`
	if _, err := tx.ExecContext(ctx, q, id); err != nil {
		return fmt.Errorf("delete person key: %w", err)
	}
	return nil
}

// contactRow is a row of contacts of either service.
type contactRow struct {
	ID string `db:"id"`
	contact.Row
}

// ownerColumn names the thing that a row of contacts belongs to.
func ownerColumn(owner contract.Thing) string { return string(owner) + "_id" }

// lockUnkeyed returns contacts with a sealed field but without a key of their own.
func lockUnkeyed(ctx context.Context, tx *sqlx.Tx, owner contract.Thing) ([]contactRow, error) {
	id := ownerColumn(owner)
	q := `SELECT ` + id + ` AS id, name, phone, email, wechat, safe_hours, phone_index FROM contacts c
		WHERE num_nonnulls(name, phone, email, wechat, safe_hours) > 0
			AND NOT EXISTS (SELECT FROM person_keys k WHERE k.subject_id = c.` + id + `)
		LIMIT $1 FOR UPDATE SKIP LOCKED`
	var rows []contactRow
	if err := tx.SelectContext(ctx, &rows, q, batch); err != nil {
		return nil, fmt.Errorf("select contacts without a key: %w", err)
	}
	return rows, nil
}

func updateContact(ctx context.Context, tx *sqlx.Tx, owner contract.Thing, id string, c contact.Row) error {
	q := `UPDATE contacts SET name = $2, phone = $3, email = $4, wechat = $5, safe_hours = $6, phone_index = $7
		WHERE ` + ownerColumn(owner) + ` = $1`
	if _, err := tx.ExecContext(ctx, q, id, c.Name, c.Phone, c.Email, c.Wechat, c.SafeHours, c.PhoneIndex); err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	return nil
}

func selectCursor(ctx context.Context, db *pg.DB) (seq int64, err error) {
	const q = `SELECT seq FROM erasure_cursor`
	if err := db.GetContext(ctx, &seq, q); err != nil {
		return 0, fmt.Errorf("select erasure cursor: %w", err)
	}
	return seq, nil
}

func updateCursor(ctx context.Context, db *pg.DB, seq int64) error {
	const q = `UPDATE erasure_cursor SET seq = greatest(seq, $1)`
	if _, err := db.ExecContext(ctx, q, seq); err != nil {
		return fmt.Errorf("update erasure cursor: %w", err)
	}
	return nil
}
