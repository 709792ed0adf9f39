package testkit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/migrations"
	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Names of databases: of one test, of a template being made, of a template.
const (
	testPrefix     = "test_"
	buildingPrefix = "test_building_"
	templatePrefix = "template_"
)

// Database is the database of one test, dropped after it.
type Database struct {
	cluster *Cluster
	name    string
}

// template is a database with migrated schemas that tests copy.
type template struct {
	once sync.Once
	name string
	err  error
}

// NewDatabase makes a database with the schemas migrated and the two roles of
// each, limited to it. Without schemas it is empty.
func NewDatabase(t testing.TB, schemas ...string) *Database {
	t.Helper()
	c := Postgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	source, err := c.templateOf(ctx, schemas)
	must(t, "make template database", err)
	d := &Database{cluster: c, name: testPrefix + strings.ToLower(rand.Text())}
	t.Cleanup(func() { d.drop(t) })
	must(t, "make database", d.copyFrom(ctx, source))
	return d
}

// DB makes a database like NewDatabase and opens it as the worker of the first
// schema, so that tests meet the grants that services meet.
func DB(t testing.TB, schemas ...string) *pg.DB {
	t.Helper()
	if len(schemas) == 0 {
		t.Fatal("testkit.DB needs a schema; AdminURL gives an empty database")
	}
	return NewDatabase(t, schemas...).Open(t, schemas[0])
}

// KeyFile returns the key file that a program needs to sign in to the databases of
// this process as the roles of a service.
func KeyFile(t testing.TB) string {
	t.Helper()
	return Postgres(t).keyFile
}

// AdminURL returns the superuser's address of a new and empty database.
func AdminURL(t testing.TB) string {
	t.Helper()
	return NewDatabase(t).AdminURL()
}

// AdminURL returns the superuser's address of the database.
func (d *Database) AdminURL() string { return d.cluster.server.AdminURL(d.name) }

// Open connects as the worker of a schema, who sees all rows, until the test ends.
func (d *Database) Open(t testing.TB, schema string) *pg.DB {
	t.Helper()
	return open(t, d.URL(schema))
}

// OpenActing connects as the role of a schema that acts for others, and sees
// what they may see, until the test ends.
func (d *Database) OpenActing(t testing.TB, schema string) *pg.DB {
	t.Helper()
	return open(t, d.url(schema+"_user"), pg.Acting())
}

// URL returns the address of the database for the worker of a schema.
func (d *Database) URL(schema string) string { return d.url(schema + "_worker") }

func (d *Database) url(role string) string {
	return d.cluster.server.URL(role, d.cluster.keys.PostgresPassword(role), d.name)
}

// Admin connects as the superuser until the test ends: to look at what a role
// may not see, and to break what it must survive.
func (d *Database) Admin(t testing.TB) *pg.DB {
	t.Helper()
	return open(t, d.AdminURL())
}

func open(t testing.TB, url string, options ...pg.Option) *pg.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	db, err := pg.Open(ctx, url, options...)
	must(t, "open database", err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}

// copyFrom copies the template, through the log since that needs no checkpoint.
// A copy does not inherit the rights on the database itself.
func (d *Database) copyFrom(ctx context.Context, source string) error {
	name := pq.QuoteIdentifier(d.name)
	statement := "CREATE DATABASE " + name + " TEMPLATE " + pq.QuoteIdentifier(source) + " STRATEGY wal_log"
	if err := d.cluster.exec(ctx, statement); err != nil {
		return err
	}
	return d.cluster.exec(ctx, "REVOKE CREATE, TEMPORARY ON DATABASE "+name+" FROM PUBLIC")
}

// drop runs after the test's context has ended.
func (d *Database) drop(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	if err := d.cluster.drop(ctx, d.name); err != nil {
		t.Errorf("drop database: %v", err)
	}
}

// templateOf returns the template for the schemas, made at the first call; an
// earlier run's is used when the migrations are the same.
func (c *Cluster) templateOf(ctx context.Context, schemas []string) (string, error) {
	if len(schemas) == 0 {
		return "template0", nil
	}
	sum, err := c.fingerprint(migrations.FS, schemas)
	if err != nil {
		return "", err
	}
	name := templatePrefix + sum
	c.mu.Lock()
	found, ok := c.templates[name]
	if !ok {
		found = &template{name: name}
		c.templates[name] = found
	}
	c.mu.Unlock()
	// Other tests wait for it too, so its making must not end with this test.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), waitLimit)
	defer cancel()
	found.once.Do(func() {
		// Roles belong to the whole cluster: two templates must not alter one at a time.
		c.making.Lock()
		defer c.making.Unlock()
		found.err = c.makeTemplate(ctx, name, schemas)
	})
	return found.name, found.err
}

// makeTemplate migrates a database aside and renames it when it is complete.
func (c *Cluster) makeTemplate(ctx context.Context, name string, schemas []string) error {
	existing, err := c.databases(ctx, name)
	if err != nil || len(existing) > 0 {
		return err
	}
	building := buildingPrefix + strings.ToLower(rand.Text())
	if err := c.exec(ctx, "CREATE DATABASE "+building+" TEMPLATE template0 STRATEGY wal_log"); err != nil {
		return err
	}
	if err := c.migrate(ctx, c.server.AdminURL(building), schemas); err != nil {
		return err
	}
	return c.exec(ctx, "ALTER DATABASE "+building+" RENAME TO "+pq.QuoteIdentifier(name))
}

// migrate builds schemas and roles the way an installation does.
func (c *Cluster) migrate(ctx context.Context, adminURL string, schemas []string) error {
	for _, schema := range schemas {
		if _, err := app.Migrate(ctx, slog.New(slog.DiscardHandler), adminURL, schema, c.keys); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint sums up the schemas' names and migrations, and whose roles they have.
func (c *Cluster) fingerprint(files fs.FS, schemas []string) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "roles %s\n", c.keys.PostgresPassword("template"))
	for _, schema := range schemas {
		fmt.Fprintf(sum, "schema %s\n", schema)
		paths, err := fs.Glob(files, schema+"/*.sql")
		if err != nil {
			return "", fmt.Errorf("list migrations: %w", err)
		}
		for _, path := range paths {
			content, err := fs.ReadFile(files, path)
			if err != nil {
				return "", fmt.Errorf("read migration: %w", err)
			}
			fmt.Fprintf(sum, "%s %d\n%s", path, len(content), content)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:12]), nil
}

// Once runs an effect as pkg/inbox does for events that had none yet.
func Once(t testing.TB, db *pg.DB, fresh ...contract.Event) func(effect func(tx *sqlx.Tx, fresh []contract.Event) error) error {
	return func(effect func(tx *sqlx.Tx, fresh []contract.Event) error) error {
		return db.InTx(t.Context(), func(tx *sqlx.Tx) error { return effect(tx, fresh) })
	}
}
