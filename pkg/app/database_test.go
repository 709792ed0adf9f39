package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/url"
	"path"
	"strings"
	"testing"

	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// owner makes a role that owns the database of an address and may make no role,
// and returns its address.
func owner(t *testing.T, adminURL string) string {
	t.Helper()
	admin := open(t, adminURL)
	u, err := url.Parse(adminURL)
	must(t, err)
	name := "owner_" + strings.ToLower(rand.Text())
	admin.MustExec(`CREATE ROLE ` + name + ` LOGIN PASSWORD 'secret'`)
	admin.MustExec(`ALTER DATABASE ` + path.Base(u.Path) + ` OWNER TO ` + name)
	t.Cleanup(func() {
		admin.MustExec(`REASSIGN OWNED BY ` + name + ` TO CURRENT_USER`)
		admin.MustExec(`DROP OWNED BY ` + name)
		admin.MustExec(`DROP ROLE ` + name)
	})
	u.User = url.UserPassword(name, "secret")
	return u.String()
}

func open(t *testing.T, address string, options ...pg.Option) *pg.DB {
	t.Helper()
	db, err := pg.Open(t.Context(), address, options...)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// count counts the rows of the idempotency keys that a role sees as somebody.
func count(t *testing.T, address string, ctx context.Context) (n int) { //nolint:revive // the context is whose sight it is
	t.Helper()
	address, err := app.WithSchema(address, "request")
	must(t, err)
	must(t, open(t, address, pg.Acting()).GetContext(ctx, &n, `SELECT count(*) FROM idempotency`))
	return n
}

// TestRolesWithAndWithoutRights walks from a database whose role may make no
// other, through what somebody with the right has prepared.
func TestRolesWithAndWithoutRights(t *testing.T) {
	t.Parallel()
	adminURL := testkit.AdminURL(t)
	limited := owner(t, adminURL)
	keys, err := seal.Load(testkit.KeyFile(t))
	must(t, err)
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))

	alone, err := app.Migrate(t.Context(), log, limited, "request", keys)
	must(t, err)
	if alone != (app.Database{UserURL: limited, WorkerURL: limited}) || !strings.Contains(said.String(), "with the rights of all") {
		t.Errorf("without roles: %+v, said %s", alone, said.String())
	}
	said.Reset()
	made, err := app.Migrate(t.Context(), log, adminURL, "request", keys)
	must(t, err)
	found, err := app.Migrate(t.Context(), log, limited, "request", keys)
	must(t, err)
	if found == alone || said.Len() > 0 || !strings.Contains(found.UserURL, "request_user:") || !strings.Contains(made.WorkerURL, "request_worker:") {
		t.Errorf("made %+v, found %+v, said %s", made, found, said.String())
	}
	staff := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleCoordinator, Path: "root/a/"})
	worker, err := app.WithSchema(made.WorkerURL, "request")
	must(t, err)
	open(t, worker).MustExec(`INSERT INTO idempotency (key, body_hash, created_at, owner) VALUES ('k', '', now(), 'root/a/b/'), ('l', '', now(), 'root/c/')`)
	if n, all := count(t, found.UserURL, staff), count(t, found.WorkerURL, t.Context()); n != 1 || all != 2 {
		t.Errorf("staff see %d keys, the worker %d", n, all)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
