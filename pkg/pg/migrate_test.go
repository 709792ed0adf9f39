package pg_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"heli/migrations"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

func file(statement string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + statement + ";\n-- +goose Down\n")}
}

func TestMigrateManyAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	url := testkit.AdminURL(t)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs error
	)
	for _, schema := range append(migrations.Schemas(), migrations.Schemas()...) {
		wg.Go(func() {
			err := pg.Migrate(t.Context(), url, schema, migrations.FS)
			mu.Lock()
			defer mu.Unlock()
			errs = errors.Join(errs, err)
		})
	}
	wg.Wait()
	if errs != nil {
		t.Fatal(errs)
	}
	db := connectTo(t, url)
	for _, schema := range migrations.Schemas() {
		if count(t, db, `SELECT count(*) FROM pg_namespace WHERE nspname = $1`, schema) != 1 {
			t.Errorf("schema %s is missing", schema)
		}
	}
	if count(t, db, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`) != 0 {
		t.Error("a migration wrote outside its schema")
	}
}

func TestMigrateGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	url := testkit.AdminURL(t)
	files := fstest.MapFS{"shop/00001_one.sql": file("CREATE TABLE one (n int)")}
	for range 2 {
		if err := pg.Migrate(t.Context(), url, "shop", files); err != nil {
			t.Fatal(err)
		}
	}
	newer := fstest.MapFS{"shop/00002_two.sql": file("INSERT INTO one VALUES (1)"), "shop/00001_one.sql": files["shop/00001_one.sql"]}
	if err := pg.Migrate(t.Context(), url, "shop", newer); err != nil {
		t.Fatal(err)
	}
	if n := count(t, connectTo(t, url), `SELECT count(*) FROM shop.one`); n != 1 {
		t.Errorf("the second migration ran %d times", n)
	}
	err := pg.Migrate(t.Context(), url, "shop", files)
	if err == nil || !strings.Contains(err.Error(), "start a newer program") {
		t.Errorf("an older program got %v", err)
	}
}

func TestMigrateOfABrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	url := testkit.AdminURL(t)
	files := fstest.MapFS{"shop/00001_one.sql": file("CREATE TABLE one (n int); SELECT nothing")}
	if err := pg.Migrate(t.Context(), url, "shop", files); err == nil {
		t.Error("a broken migration passed")
	}
	if count(t, connectTo(t, url), `SELECT count(*) FROM pg_tables WHERE schemaname = 'shop' AND tablename = 'one'`) != 0 {
		t.Error("half a migration stayed")
	}
}

func TestMigrateNeedsNoRightsWhenThereIsNothingToDo(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t, "request")
	if err := pg.Migrate(t.Context(), database.URL("request"), "request", migrations.FS); err != nil {
		t.Error(err)
	}
}
