package pg_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

// newRole has a name of its own: roles belong to the whole cluster.
func newRole(t *testing.T, admin *pg.DB, schema string) pg.Role {
	t.Helper()
	role := pg.Role{Name: schema + "_" + strings.ToLower(rand.Text()), Schema: schema, Password: `it's "a" \ secret`}
	t.Cleanup(func() {
		admin.MustExec(`DROP OWNED BY ` + role.Name)
		admin.MustExec(`DROP ROLE ` + role.Name)
	})
	return role
}

func signIn(t *testing.T, adminURL string, role pg.Role, options ...pg.Option) *pg.DB {
	t.Helper()
	u, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role.Name, role.Password)
	return connectTo(t, u.String(), options...)
}

func TestProvisionLimitsARoleToItsSchema(t *testing.T) {
	t.Parallel()
	adminURL := testkit.AdminURL(t)
	admin := connectTo(t, adminURL)
	shop, bank := newRole(t, admin, "shop"), newRole(t, admin, "bank")
	tables := fstest.MapFS{
		"shop/00001_item.sql": file("CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY, n int)"),
		"bank/00001_sum.sql":  file("CREATE TABLE total (n int)"),
	}
	shop.Worker, bank.Worker = true, true
	// One schema has its tables before the roles, the other after.
	must(t, pg.Migrate(t.Context(), adminURL, "bank", tables))
	must(t, pg.Provision(t.Context(), adminURL, []pg.Role{shop, bank}))
	must(t, pg.Migrate(t.Context(), adminURL, "shop", tables))
	for range 2 {
		must(t, pg.Provision(t.Context(), adminURL, []pg.Role{shop, bank}))
	}
	seller, teller := signIn(t, adminURL, shop), signIn(t, adminURL, bank)
	seller.MustExec(`INSERT INTO item (n) VALUES (1)`)
	seller.MustExec(`UPDATE item SET n = similarity('口罩', 'N95口罩')::int`)
	seller.MustExec(`DELETE FROM item`)
	teller.MustExec(`INSERT INTO total VALUES (1)`)
	forbidden := []string{
		`SELECT * FROM bank.total`, `INSERT INTO bank.total VALUES (2)`, `CREATE TABLE other (n int)`,
		`CREATE TABLE public.other (n int)`, `CREATE TEMPORARY TABLE other (n int)`, `CREATE SCHEMA other`,
		`DROP TABLE item`, `ALTER TABLE item ADD COLUMN m int`, `TRUNCATE item`, `CREATE ROLE other`,
		`SET ROLE ` + bank.Name,
	}
	for _, statement := range forbidden {
		if _, err := seller.Exec(statement); pg.State(err) != "42501" {
			t.Errorf("%s gave %v", statement, err)
		}
	}
}

// TestRowsAreClosed shows that a role sees what a policy opens to who acts, that
// a worker sees all, and that nobody sees a table without policies, its owner
// aside.
func TestRowsAreClosed(t *testing.T) {
	t.Parallel()
	adminURL := testkit.AdminURL(t)
	admin := connectTo(t, adminURL)
	worker, user := newRole(t, admin, "shop"), newRole(t, admin, "shop")
	worker.Worker = true
	tables := fstest.MapFS{"shop/00001_item.sql": file(`
		CREATE TABLE item (org_path text COLLATE "C" NOT NULL);
		CREATE POLICY sight ON item USING (org_path >= (SELECT current_setting('heli.path', true))
			AND org_path < (SELECT current_setting('heli.path_end', true)));
		CREATE TABLE forgotten (n int);
		INSERT INTO item VALUES ('root/shaanxi/'), ('root/shaanxi/xian/'), ('root/shaanxi/xian/a/'), ('root/shaanxi/xian2/');
		INSERT INTO forgotten VALUES (1)`)}
	for range 2 {
		must(t, pg.Migrate(t.Context(), adminURL, "shop", tables))
		must(t, pg.Provision(t.Context(), adminURL, []pg.Role{worker, user}))
	}
	bare, acts, works := signIn(t, adminURL, user), signIn(t, adminURL, user, pg.Acting()), signIn(t, adminURL, worker)
	all := `SELECT (SELECT count(*) FROM item) * 10 + (SELECT count(*) FROM forgotten)`
	staff := acting(t, contract.Actor{Role: contract.RoleCoordinator, Path: xian})
	var seen int
	must(t, acts.GetContext(staff, &seen, all))
	if seen != 20 || count(t, bare, all) != 0 || count(t, acts, all) != 0 || count(t, works, all) != 41 {
		t.Errorf("staff see %d, a session without settings %d, nobody %d, a worker %d", seen, count(t, bare, all), count(t, acts, all), count(t, works, all))
	}
	if _, err := acts.ExecContext(staff, `INSERT INTO item VALUES ('root/hubei/')`); pg.State(err) != "42501" {
		t.Errorf("a row of others was written: %v", err)
	}
	changed, err := acts.ExecContext(staff, `UPDATE item SET org_path = org_path`)
	must(t, err)
	if n, err := changed.RowsAffected(); n != 2 || err != nil {
		t.Errorf("%d rows were changed, %v", n, err)
	}
}

// Two installations in two databases of one server set up the same roles.
func TestMakeRolesFromSeveralDatabasesAtOnce(t *testing.T) {
	t.Parallel()
	first := testkit.AdminURL(t)
	role := newRole(t, connectTo(t, first), "shop")
	var group errgroup.Group
	for _, url := range []string{first, testkit.AdminURL(t), testkit.AdminURL(t), testkit.AdminURL(t)} {
		group.Go(func() error {
			for range 20 {
				if err := pg.MakeRoles(t.Context(), url, []pg.Role{role}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
}
