package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

const (
	// administrationLock is the advisory lock, one per database, under which
	// schemas, roles and tables change. The number is "heli" in ASCII.
	administrationLock = 0x68656c69
	lockRetry          = 20 * time.Millisecond
)

// lockAdministration waits for the lock until ctx ends. It asks again and again
// instead of waiting in the server, where the waiting statement's snapshot
// would hold up a CREATE INDEX CONCURRENTLY of the lock's owner for ever.
func lockAdministration(ctx context.Context, pool *sql.DB) (unlock func() error, err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect for the migration lock: %w", err)
	}
	for {
		const q = `SELECT pg_try_advisory_lock($1)`
		var locked bool
		if err := conn.QueryRowContext(ctx, q, administrationLock).Scan(&locked); err != nil {
			return nil, errors.Join(fmt.Errorf("take the migration lock: %w", err), conn.Close())
		}
		if locked {
			return func() error { return unlockAdministration(ctx, conn) }, nil
		}
		if !pause(ctx, lockRetry) {
			return nil, errors.Join(fmt.Errorf("wait for the migration lock: %w", ctx.Err()), conn.Close())
		}
	}
}

func unlockAdministration(ctx context.Context, conn *sql.Conn) error {
	const q = `SELECT pg_advisory_unlock($1)`
	// The session's end would free the lock too, but later than Close returns.
	_, err := conn.ExecContext(context.WithoutCancel(ctx), q, administrationLock)
	return errors.Join(err, conn.Close())
}

// ensureSchema looks before it makes: CREATE SCHEMA IF NOT EXISTS wants the
// right to create even where there is nothing to do.
func ensureSchema(ctx context.Context, pool *sql.DB, schema string) error {
	const q = `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)`
	return ensure(ctx, pool, q, schema, "CREATE SCHEMA "+pq.QuoteIdentifier(schema))
}

func ensureTextSearch(ctx context.Context, pool *sql.DB) error {
	const q = `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = $1)`
	return ensure(ctx, pool, q, "pg_trgm", "CREATE EXTENSION pg_trgm SCHEMA public")
}

// ensure runs create unless the query finds the name.
func ensure(ctx context.Context, pool *sql.DB, query, name, create string) error {
	var exists bool
	if err := pool.QueryRowContext(ctx, query, name).Scan(&exists); err != nil {
		return fmt.Errorf("look for %s: %w", name, err)
	}
	if exists {
		return nil
	}
	if _, err := pool.ExecContext(ctx, create); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return nil
}

// closeDatabase takes from everybody what PostgreSQL gives to everybody: the
// right to make temporary tables, and before version 15 tables in public.
func closeDatabase(ctx context.Context, pool *sql.DB) error {
	const q = `SELECT current_database()`
	var database string
	if err := pool.QueryRowContext(ctx, q).Scan(&database); err != nil {
		return fmt.Errorf("read database name: %w", err)
	}
	statement := "REVOKE CREATE, TEMPORARY ON DATABASE " + pq.QuoteIdentifier(database) + " FROM PUBLIC;" +
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC"
	if _, err := pool.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// ensureRole makes the login role and sets its password. A new role has no
// further right by default.
func ensureRole(ctx context.Context, pool *sql.DB, r Role) error {
	const q = `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1)`
	name := pq.QuoteIdentifier(r.Name)
	if err := ensure(ctx, pool, q, r.Name, "CREATE ROLE "+name+" LOGIN NOINHERIT"); err != nil {
		return err
	}
	statement := "ALTER ROLE " + name + " LOGIN PASSWORD " + pq.QuoteLiteral(r.Password) + ";" +
		"ALTER ROLE " + name + " SET search_path = " + searchPath(r.Schema)
	if _, err := pool.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("set password and search path: %w", err)
	}
	return nil
}

// grantRows gives the rows of the schema's tables, present and future, and
// what inserting them needs.
func grantRows(ctx context.Context, pool *sql.DB, r Role) error {
	const template = `
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}`
	names := strings.NewReplacer("{schema}", pq.QuoteIdentifier(r.Schema), "{role}", pq.QuoteIdentifier(r.Name))
	if _, err := pool.ExecContext(ctx, names.Replace(template)); err != nil {
		return fmt.Errorf("grant rows: %w", err)
	}
	return nil
}
