package request

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"context"
	"heli/migrations"
	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/pg"
	"heli/pkg/reference"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

func TestProbeThroughput(t *testing.T) {
	b := probe(t)
	ctx := as(t, contract.RolePublic, "")
	for round := range 3 {
		n, conns := 4000, 16
		var mu sync.Mutex
		var batches, items int
		var busy time.Duration
		Probe = func(n int, d time.Duration) { mu.Lock(); batches++; items += n; busy += d; mu.Unlock() }
		start := time.Now()
		var w sync.WaitGroup
		for c := range conns {
			w.Go(func() {
				for i := range n / conns {
					q := submission1(draft())
					q.Key, q.BodyHash = fmt.Sprintf("%d/%d/%d", round, c, i), "h"
					if _, err := b.Submit(ctx, q); err != nil {
						t.Error(err)
					}
				}
			})
		}
		w.Wait()
		intake := float64(n) / time.Since(start).Seconds()
		start = time.Now()
		for range conns {
			w.Go(func() {
				for range n / conns {
					if _, err := b.db.ExecContext(ctx, `INSERT INTO inbox (consumer, event_id) VALUES ($1, gen_random_uuid())`, "x"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		w.Wait()
		raw := float64(n) / time.Since(start).Seconds()
		fmt.Printf("stmt %v ", time.Duration(Stmt.Swap(0))/time.Duration(batches))
		fmt.Printf("avg batch %.1f, tx %v, busy %v\n", float64(items)/float64(batches), busy/time.Duration(batches), busy)
		fmt.Printf("intake %.0f raw %.0f ratio %.2f\n", intake, raw, intake/raw)
	}
}

func probe(t *testing.T) *bench {
	dir := testkit.DataDir(t)
	pgs, err := embedded.StartPostgres(t.Context(), embedded.PostgresOptions{Dir: dir})
	must(t, err)
	t.Cleanup(func() { _ = pgs.Stop(context.Background()) })
	admin := pgs.AdminURL("postgres")
	must(t, pg.Provision(t.Context(), admin, []pg.Role{{Name: "request", Schema: "request", Password: "x"}}))
	must(t, pg.Migrate(t.Context(), admin, "request", migrations.FS))
	db, err := pg.Open(t.Context(), pgs.URL("request", "x", "postgres"))
	must(t, err)
	keys, err := seal.New()
	must(t, err)
	clock := testkit.NewClock(time.Time{})
	d := app.Deps{Name: "request", DB: db, Keys: keys, Log: testkit.Log(t), Clock: clock.Now,
		Reference: app.FixedReference(reference.NewSnapshot(referenceData()))}
	s := New(d)
	return &bench{Service: s, db: db, clock: clock, deps: d}
}
