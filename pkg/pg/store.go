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
// further right by default. Roles belong to the whole server, which the lock of
// one database does not cover: whoever meets another who sets up the same role
// tries again.
func ensureRole(ctx context.Context, pool *sql.DB, r Role) error {
	for {
		err := setRole(ctx, pool, r)
		if !changedAtOnce(err) || !pause(ctx, lockRetry) {
			return err
		}
	}
}

// changedAtOnce reports an error that says that another session made or changed
// the same row of a catalogue. PostgreSQL has no code for the last of the three.
func changedAtOnce(err error) bool {
	server := pq.As(err)
	return server != nil && (server.Code == uniqueViolation || server.Code == duplicateObject ||
		server.Code == internalError && strings.HasSuffix(server.Message, "tuple concurrently updated"))
}

func setRole(ctx context.Context, pool *sql.DB, r Role) error {
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

// mayUse reports whether the role is there and may use its schema.
func mayUse(ctx context.Context, pool *sql.DB, r Role) (may bool, err error) {
	const q = `SELECT EXISTS (
		SELECT FROM pg_catalog.pg_roles r, pg_catalog.pg_namespace n
		WHERE r.rolname = $1 AND n.nspname = $2 AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'))`
	if err := pool.QueryRowContext(ctx, q, r.Name, r.Schema).Scan(&may); err != nil {
		return false, fmt.Errorf("look for role %s: %w", r.Name, err)
	}
	return may, nil
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

// forceRowSecurity puts the tables of a schema behind row security, with a
// policy for their owner, whom FORCE would leave without a row.
func forceRowSecurity(ctx context.Context, pool *sql.DB, schema string) error {
	const q = `
		SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relforcerowsecurity`
	return forEach(ctx, pool, q, []any{schema}, func(table string) string {
		name := pq.QuoteIdentifier(schema) + "." + pq.QuoteIdentifier(table)
		return "CREATE POLICY owner ON " + name + " TO CURRENT_USER USING (true) WITH CHECK (true);" +
			"ALTER TABLE " + name + " ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
	})
}

// openRows gives a role a policy for all rows of the tables behind row security.
func openRows(ctx context.Context, pool *sql.DB, r Role) error {
	const q = `
		SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relrowsecurity
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polname = $2)`
	return forEach(ctx, pool, q, []any{r.Schema, r.Name}, func(table string) string {
		return "CREATE POLICY " + pq.QuoteIdentifier(r.Name) + " ON " + pq.QuoteIdentifier(r.Schema) + "." + pq.QuoteIdentifier(table) +
			" TO " + pq.QuoteIdentifier(r.Name) + " USING (true) WITH CHECK (true)"
	})
}

// forEach runs a statement for every name that a query finds.
func forEach(ctx context.Context, pool *sql.DB, query string, parameters []any, statement func(name string) string) error {
	var names pq.StringArray
	err := pool.QueryRowContext(ctx, "SELECT coalesce(array_agg(relname::text), '{}') FROM ("+query+") AS found", parameters...).Scan(&names)
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	for _, name := range names {
		if _, err := pool.ExecContext(ctx, statement(name)); err != nil {
			return fmt.Errorf("set row security of %s: %w", name, err)
		}
	}
	return nil
}
