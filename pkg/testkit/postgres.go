package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lib/pq"

	"heli/pkg/app"
	"heli/pkg/embedded"
	"heli/pkg/seal"
)

// testSettings give up what only a power loss could take.
var testSettings = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"max_connections":    "300",
	"shared_buffers":     "64MB",
	"autovacuum_naptime": "1h",
	"checkpoint_timeout": "1h",
	"max_wal_size":       "1GB",
}

const (
	maxSlots      = 64 // test processes side by side
	keptTemplates = 24 // of this and of earlier migrations, in one slot
)

// Cluster is the PostgreSQL of this test process.
type Cluster struct {
	server  *embedded.Postgres
	admin   *sql.DB // database postgres, superuser
	keys    *seal.Keys
	keyFile string // of the keys that the passwords of the services' roles come from

	making    sync.Mutex // held while a template is made
	mu        sync.Mutex // guards templates
	templates map[string]*template
}

// shared starts the cluster of this process once. It is the one global here:
// tests of a process share it, and on Linux it ends with the process, since
// nothing runs after the last test.
var shared = sync.OnceValues(startCluster)

// Postgres returns the cluster of this test process, started at the first call:
// without fsync, in a folder that later runs use again. It fails the test when
// PostgreSQL is not installed.
func Postgres(t testing.TB) *Cluster {
	t.Helper()
	c, err := shared()
	must(t, "start PostgreSQL for tests", err)
	return c
}

func startCluster() (*Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	server, keyFile, err := startInSlot(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := seal.Load(keyFile)
	if err != nil {
		return nil, errors.Join(err, server.Stop(ctx))
	}
	admin, err := sql.Open("postgres", server.AdminURL("postgres"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open PostgreSQL: %w", err), server.Stop(ctx))
	}
	c := &Cluster{server: server, admin: admin, keys: keys, keyFile: keyFile, templates: map[string]*template{}}
	// The roles belong to the server, which earlier processes used: whatever a test
	// of theirs made of the passwords, here they are those of the slot's keys.
	if err := errors.Join(c.dropLeftovers(ctx), app.MakeRoles(ctx, server.AdminURL("postgres"), keys)); err != nil {
		return nil, errors.Join(err, admin.Close(), server.Stop(ctx))
	}
	return c, nil
}

// startInSlot takes the first slot that no other test process uses, and returns
// its server and the place of its keys: roles belong to the whole server, and
// their passwords to its keys.
func startInSlot(ctx context.Context) (server *embedded.Postgres, keyFile string, err error) {
	root, err := embedded.DataRoot()
	if err != nil {
		return nil, "", err
	}
	for slot := range maxSlots {
		dir := filepath.Join(os.TempDir(), fmt.Sprintf("heli-test-%d", os.Geteuid()), fmt.Sprintf("slot%d", slot))
		server, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{Dir: dir, Programs: root, Settings: testSettings})
		if !errors.Is(err, embedded.ErrInUse) {
			return server, dir + ".keys.json", err
		}
	}
	return nil, "", fmt.Errorf("all %d slots are in use", maxSlots)
}

// dropLeftovers removes the databases of tests that were killed, templates that
// were never finished, and the oldest of many templates.
func (c *Cluster) dropLeftovers(ctx context.Context) error {
	names, err := c.databases(ctx, testPrefix)
	if err != nil {
		return err
	}
	templates, err := c.databases(ctx, templatePrefix)
	if err != nil {
		return err
	}
	for _, name := range append(names, templates[min(keptTemplates, len(templates)):]...) {
		if err := c.drop(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// databases lists the databases whose names begin so, the newest first.
func (c *Cluster) databases(ctx context.Context, prefix string) (names []string, err error) {
	const q = `SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, $1) ORDER BY oid DESC`
	rows, err := c.admin.QueryContext(ctx, q, prefix)
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list databases: %w", err)
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

func (c *Cluster) drop(ctx context.Context, name string) error {
	return c.exec(ctx, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)")
}

func (c *Cluster) exec(ctx context.Context, statement string) error {
	if _, err := c.admin.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
