package pg_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

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

func signIn(t *testing.T, adminURL string, role pg.Role) *pg.DB {
	t.Helper()
	u, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role.Name, role.Password)
	return connectTo(t, u.String())
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
	// One schema has its tables before the roles, the other after.
	if err := pg.Migrate(t.Context(), adminURL, "bank", tables); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := pg.Provision(t.Context(), adminURL, []pg.Role{shop, bank}); err != nil {
			t.Fatal(err)
		}
	}
	if err := pg.Migrate(t.Context(), adminURL, "shop", tables); err != nil {
		t.Fatal(err)
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
