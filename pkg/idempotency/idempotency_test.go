package idempotency_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

type answer struct {
	N int `json:"n"`
}

var now = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// command answers n under the key, or what was answered before.
func command(t *testing.T, db *pg.DB, key, hash string, n int, work func() error) (answer, error) {
	t.Helper()
	got, _, err := idempotency.Once(t.Context(), db, idempotency.Command{Key: key, BodyHash: hash, Now: now},
		func(*sqlx.Tx) (answer, error) { return answer{n}, work() })
	return got, err
}

func done() error { return nil }

func TestFirstAnswerStays(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t, "request")
	for n := 1; n <= 3; n++ {
		got, err := command(t, db, "key", "hash", n, done)
		if err != nil || got.N != 1 {
			t.Errorf("try %d: %v, %v", n, got, err)
		}
	}
	if _, err := command(t, db, "key", "other", 4, done); !errors.Is(err, idempotency.ErrReused) || !fault.Is(err, fault.Conflict) {
		t.Errorf("another body: %v", err)
	}
	for n := 1; n <= 2; n++ {
		if got, err := command(t, db, "", "", n, done); err != nil || got.N != n {
			t.Errorf("without a key: %v, %v", got, err)
		}
	}
}

func TestFailureKeepsNothing(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t, "request")
	broken := errors.New("broken")
	if _, err := command(t, db, "key", "hash", 1, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, err := command(t, db, "key", "hash", 2, done); err != nil || got.N != 2 {
		t.Errorf("after a failure: %v, %v", got, err)
	}
}

func TestOneOfManyWorks(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t, "request")
	var work sync.WaitGroup
	var mu sync.Mutex
	worked, seen := 0, map[int]bool{}
	for n := 1; n <= 8; n++ {
		work.Go(func() {
			got, err := command(t, db, "key", "hash", n, func() error {
				mu.Lock()
				defer mu.Unlock()
				worked++
				return nil
			})
			if err != nil {
				t.Errorf("command: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[got.N] = true
		})
	}
	work.Wait()
	if worked != 1 || len(seen) != 1 {
		t.Errorf("worked %d times, gave %v", worked, seen)
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t, "request")
	if _, err := command(t, db, "key", "hash", 1, done); err != nil {
		t.Fatal(err)
	}
	if n, err := idempotency.Purge(t.Context(), db, now.Add(idempotency.Kept)); err != nil || n != 0 {
		t.Errorf("at the end of its time: %d, %v", n, err)
	}
	if n, err := idempotency.Purge(t.Context(), db, now.Add(idempotency.Kept+time.Second)); err != nil || n != 1 {
		t.Errorf("after its time: %d, %v", n, err)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	a, err := idempotency.Hash(answer{1})
	b, err2 := idempotency.Hash(answer{2})
	if err != nil || err2 != nil || a == b || len(a) != 64 {
		t.Errorf("%q %q %v %v", a, b, err, err2)
	}
}
