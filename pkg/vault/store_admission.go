package vault

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/pg"
)

// keysLock is the advisory lock, one per database, that each session of a service
// shares and that a rotation has alone. The number is "keys" in ASCII.
const keysLock = 0x6b657973

// yes is the answer to what a new session asks.
const yes = "yes"

var shareKeysSQL = fmt.Sprintf(`SELECT CASE WHEN pg_try_advisory_lock_shared(%d) THEN 'yes' ELSE 'no' END`, keysLock)

func newerKeysSQL(primary string) string {
	return `SELECT CASE WHEN EXISTS (SELECT FROM key_check WHERE keyset COLLATE "C" > ` + pq.QuoteLiteral(primary) + `) THEN 'yes' ELSE 'no' END`
}

func lockKeys(ctx context.Context, conn *sqlx.Conn) (alone bool, err error) {
	if err := conn.GetContext(ctx, &alone, `SELECT pg_try_advisory_lock($1)`, keysLock); err != nil {
		return false, fmt.Errorf("take the lock of the keys: %w", err)
	}
	return alone, nil
}

func unlockKeys(ctx context.Context, conn *sqlx.Conn) error {
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, keysLock); err != nil {
		return fmt.Errorf("free the lock of the keys: %w", err)
	}
	return nil
}

// selectFormer is false for a schema that has no keys of persons.
func selectFormer(ctx context.Context, db *pg.DB, schema, primary string) (found bool, err error) {
	table := pq.QuoteIdentifier(schema) + ".person_keys"
	if err := db.GetContext(ctx, &found, `SELECT to_regclass($1) IS NOT NULL`, table); err != nil || !found {
		return false, err
	}
	if err := db.GetContext(ctx, &found, `SELECT EXISTS (SELECT FROM `+table+` WHERE keyset <> $1)`, primary); err != nil {
		return false, fmt.Errorf("look for keys under former keysets: %w", err)
	}
	return found, nil
}
