package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
)

// Migrate brings a schema to the newest version that the program knows, from
// the folder of fsys that has the schema's name; it makes the schema, and the
// extension pg_trgm in schema public, where they are missing. A folder without
// migrations leaves the schema empty. Running it again changes nothing; several
// at once wait for each other.
//
// In the end every table is behind row security, forced also on who owns it: no
// other role sees a row of a table that no policy of the migrations opens to it.
//
// It fails, without touching anything, on a database that a newer program has
// migrated. A role that may only read and write rows gets through when there is
// nothing to do.
func Migrate(ctx context.Context, adminURL, schema string, fsys fs.FS) error {
	if err := migrate(ctx, adminURL, schema, fsys); err != nil {
		return fmt.Errorf("migrate schema %s: %w", schema, MapContext(ctx, err))
	}
	return nil
}

func migrate(ctx context.Context, adminURL, schema string, fsys fs.FS) error {
	migrations, err := subFolder(fsys, schema)
	if err != nil {
		return err
	}
	return asAdministrator(ctx, adminURL, schema, func(pool *sql.DB) error {
		if err := ensureSchema(ctx, pool, schema); err != nil {
			return err
		}
		if err := ensureTextSearch(ctx, pool); err != nil {
			return err
		}
		if err := applyMigrations(ctx, pool, schema, migrations); err != nil {
			return err
		}
		return forceRowSecurity(ctx, pool, schema)
	})
}

// subFolder returns the schema's folder, or nil when it holds no migration.
func subFolder(fsys fs.FS, schema string) (fs.FS, error) {
	found, err := fs.Glob(fsys, path.Join(schema, "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return fs.Sub(fsys, schema)
}

func applyMigrations(ctx context.Context, pool *sql.DB, schema string, migrations fs.FS) error {
	if migrations == nil {
		return nil
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, pool, migrations,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the database is at version %d of schema %s, newer than %d, the last that this program knows: start a newer program",
			current, schema, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("apply migrations: %w", err)
	}
	return nil
}

// asAdministrator runs work on a pool of its own, whose search path begins with
// the schema, while it holds the lock of the database's administrators.
func asAdministrator(ctx context.Context, adminURL, schema string, work func(*sql.DB) error) (err error) {
	config, err := parse(adminURL)
	if err != nil {
		return err
	}
	config.Runtime["search_path"] = searchPath(schema)
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return fmt.Errorf("configure connection: %w", err)
	}
	pool := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, pool.Close()) }()
	if err := awaitServer(ctx, pool); err != nil {
		return err
	}
	unlock, err := lockAdministration(ctx, pool)
	if err != nil {
		return err
	}
	return errors.Join(work(pool), unlock())
}

// searchPath lists the schema and public, where pg_trgm's operators are.
func searchPath(schema string) string {
	if schema == "" {
		return "public"
	}
	return pq.QuoteIdentifier(schema) + ", public"
}
