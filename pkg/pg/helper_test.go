package pg_test

import (
	"context"
	"testing"
	"time"

	"heli/pkg/pg"
	"heli/pkg/testkit"
)

// connect opens an empty database as its superuser until the test ends.
func connect(t *testing.T, options ...pg.Option) *pg.DB {
	t.Helper()
	return connectTo(t, testkit.AdminURL(t), options...)
}

func connectTo(t *testing.T, url string, options ...pg.Option) *pg.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	db, err := pg.Open(ctx, url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func count(t *testing.T, db *pg.DB, q string, args ...any) int {
	t.Helper()
	var n int
	if err := db.GetContext(t.Context(), &n, q, args...); err != nil {
		t.Fatal(err)
	}
	return n
}
