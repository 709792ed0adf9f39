package pg_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

const xian = "root/shaanxi/xian/"

func acting(t *testing.T, a contract.Actor) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), a)
}

// sight returns what the policies would read.
const sight = `SELECT concat_ws(' ', current_setting('heli.path', true), current_setting('heli.path_end', true),
	current_setting('heli.class', true), current_setting('heli.subject', true)) WHERE $1`

func TestStatementsActForTheActorOfTheirContext(t *testing.T) {
	t.Parallel()
	db := connect(t, pg.Acting(), pg.WithConnections(1))
	id := contract.NewID[string]()
	for _, tt := range []struct {
		actor contract.Actor
		want  string
	}{
		{contract.System(), "root/ root0 system "},
		{contract.Actor{Role: contract.RoleCoordinator, Path: xian}, "root/shaanxi/xian/ root/shaanxi/xian0 staff "},
		{contract.Actor{Role: contract.RoleAuditor, Path: `it's\`}, `it's\ it's] staff `},
		{contract.Actor{Role: contract.RoleRequester, Subject: id, Path: "root/"}, "  requester " + id},
		{contract.Actor{Role: contract.RoleOfferer, Subject: "no id"}, "  offerer "},
		{contract.Actor{Role: contract.RolePublic}, "  public "},
	} {
		var alone, together string
		must(t, db.GetContext(acting(t, tt.actor), &alone, sight, true))
		must(t, db.InTx(acting(t, tt.actor), func(tx *sqlx.Tx) error { return tx.Get(&together, sight, true) }))
		if alone != tt.want || together != tt.want {
			t.Errorf("%+v: %q alone, %q in a transaction, want %q", tt.actor, alone, together, tt.want)
		}
	}
	const person = `SELECT coalesce(current_setting('heli.person', true), '')`
	for actor, want := range map[contract.Actor]string{
		{Role: contract.RoleCoordinator, Path: xian, PersonID: contract.PersonID(id)}:     id,
		{Role: contract.RoleCoordinator, Path: xian, PersonID: "no id"}:                   "",
		{Role: contract.RoleRequester, Subject: id, PersonID: contract.PersonID(id)}:      "",
		{Role: contract.RoleIntegrator, Path: xian, APIKeyID: contract.APIKeyID("other")}: "",
	} {
		var got string
		must(t, db.GetContext(acting(t, actor), &got, person))
		if got != want {
			t.Errorf("%+v is the person %q, want %q", actor, got, want)
		}
	}
	var left string
	must(t, db.Get(&left, sight, true))
	if left != "  public " {
		t.Errorf("who is nobody sees %q", left)
	}
}

func TestActingStatementsCommitOrLeaveNothing(t *testing.T) {
	t.Parallel()
	db := connect(t, pg.Acting(), pg.WithConnections(1))
	ctx := acting(t, contract.System())
	db.MustExecContext(ctx, `CREATE TABLE note (n int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)`)
	db.MustExecContext(ctx, `INSERT INTO note VALUES ($1)`, 1)
	var numbers []int
	must(t, db.SelectContext(ctx, &numbers, `INSERT INTO note SELECT generate_series(2, $1) RETURNING n`, 4))
	var first int
	must(t, db.GetContext(ctx, &first, `INSERT INTO note SELECT generate_series(5, $1) RETURNING n`, 6))
	if n := count(t, db, `SELECT count(*) FROM note`); n != 6 || first != 5 {
		t.Fatalf("%d rows, first %d", n, first)
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO note VALUES ($1)`, 1); pg.State(err) != "23505" {
		t.Errorf("a command that fails at its commit gave %v", err)
	}
	if err := db.SelectContext(ctx, &numbers, `INSERT INTO note VALUES ($1) RETURNING n`, 1); pg.State(err) != "23505" {
		t.Errorf("a query that fails at its commit gave %v", err)
	}
	if err := db.GetContext(ctx, &first, `SELECT 1 / $1::int`, 0); pg.State(err) != "22012" {
		t.Errorf("a query that fails gave %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	rows, err := db.QueryContext(ended, `SELECT n FROM note, generate_series(1, $1)`, 100_000)
	must(t, err)
	cancel()
	if err := errors.Join(rows.Close(), rows.Err()); err != nil && !strings.Contains(err.Error(), "cancel") {
		t.Errorf("a query that was cancelled gave %v", err)
	}
	if n := count(t, db, `SELECT count(*) FROM note`); n != 6 {
		t.Errorf("%d rows stayed", n)
	}
}

func TestActingStatementsOutliveMigrations(t *testing.T) {
	t.Parallel()
	db := connect(t, pg.Acting(), pg.WithConnections(1))
	db.MustExec(`CREATE TABLE note (n int); INSERT INTO note VALUES (1)`)
	for range 2 {
		var n []struct {
			N    int `db:"n"`
			More *int
		}
		must(t, db.SelectContext(t.Context(), &n, `SELECT * FROM note WHERE n = $1`, 1))
		if len(n) == 0 || n[0].More == nil {
			db.MustExec(`ALTER TABLE note ADD COLUMN more int DEFAULT 2`)
		}
	}
}

func TestTransactionsActThoughTheyChooseTheirIsolation(t *testing.T) {
	t.Parallel()
	db := connect(t, pg.Acting())
	must(t, db.InTx(acting(t, contract.System()), func(tx *sqlx.Tx) error {
		tx.MustExec(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
		return nil
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
