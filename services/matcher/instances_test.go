package matcher

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// patience bounds what tests of several instances wait for.
const patience = 30 * time.Second

// until waits for something that another process or goroutine brings about, and
// looks for it again whenever it did something.
func until(t *testing.T, what string, done func() bool, again func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		again()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// TestRacingInstancesNeverGiveTwice: neither knows what the other reserves until
// the tables say so.
func TestRacingInstancesNeverGiveTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	needs := make([]contract.ProjectedRequest, 60)
	for i := range needs {
		needs[i] = need(new(int64(1)))
		b.tell(t, needs[i], "open")
	}
	offer := help(new(int64(25)))
	b.tellOffer(t, offer, "available")
	instances := []*Service{b.Service, b.another(t)}
	var won atomic.Int64
	var clients sync.WaitGroup
	for i := range 2 * len(needs) { // each need is asked for by both
		clients.Go(func() {
			_, err := instances[i%2].Propose(asCoordinator(t), proposal(needs[i/2], offer, nil))
			switch code := fault.As(err); {
			case err == nil:
				won.Add(1)
			case code.Kind != fault.Conflict:
				t.Errorf("lost with %v", err)
			}
		})
	}
	clients.Wait()
	if won.Load() != 25 {
		t.Errorf("%d units were given, want 25", won.Load())
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

// TestChangesAreToldToTheOtherInstance, by broadcast and without looking.
func TestChangesAreToldToTheOtherInstance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	ctx, stop := context.WithCancel(t.Context())
	var listening errgroup.Group
	listening.Go(func() error { return other.hearChanges(ctx) })
	r, o := need(new(int64(2))), help(new(int64(2)))
	m := b.matched(t, r, o, nil)
	free := func() int64 {
		line, known := other.board.index.Offer(contract.OfferLineID(o.Lines[0].ID))
		if !known {
			return -1
		}
		return *line.Free
	}
	// The first broadcasts may go out before the other one listens.
	until(t, "the other instance knows of the match", func() bool {
		return len(other.board.excludedOf(r.RequestID)) == 1 && free() == 0
	}, func() {
		b.Service.tell(ctx, changes{Requests: []contract.RequestID{r.RequestID}, Offers: []contract.OfferID{o.OfferID}})
	})
	b.move(asCoordinator(t), t, m, "cancel")
	until(t, "the other instance knows of its end", func() bool { return len(other.board.excludedOf(r.RequestID)) == 0 }, func() {})
	stop()
	must(t, listening.Wait())
}

// TestLostBroadcastsAreMadeGood as far as the last ten seconds, which are read
// again every second.
func TestLostBroadcastsAreMadeGood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.another(t)
	r := need(new(int64(2)))
	b.tell(t, r, "open")
	b.clock.Advance(followBack)
	must(t, other.follow(t.Context()))
	if other.board.requestVersion(r.RequestID) != 1 {
		t.Error("a change of ten seconds ago was not read")
	}
	late := need(new(int64(2)))
	b.tell(t, late, "open")
	b.clock.Advance(followBack + time.Second)
	must(t, other.follow(t.Context()))
	if other.board.requestVersion(late.RequestID) != 0 {
		t.Error("everything is read every second")
	}
}

// TestAStartMissesNothing that changes while it reads, however long that takes.
func TestAStartMissesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := help(new(int64(2)))
	b.tellOffer(t, o, "available")
	began := b.clock.Now()
	other := b.another(t) // it has read everything
	r := need(new(int64(2)))
	b.matched(t, r, o, nil)
	b.clock.Advance(time.Minute) // and was not done for so long
	must(t, other.followSince(t.Context(), began.Add(-followBack)))
	line, _ := other.board.index.Offer(contract.OfferLineID(o.Lines[0].ID))
	if other.board.requestVersion(r.RequestID) != 1 || *line.Free != 0 {
		t.Errorf("after its start it sees %d free", *line.Free)
	}
}

// TestInstancesShareAPlan: who asks meanwhile gets what the other one made.
func TestInstancesShareAPlan(t *testing.T) {
	t.Parallel()
	b, _, _ := planning(t)
	instances := []*Service{b.Service, b.another(t), b.another(t)}
	ids := make([]contract.PlanID, 2*len(instances))
	var crowd errgroup.Group
	for i := range ids {
		crowd.Go(func() error {
			p, err := instances[i%len(instances)].Plan(asCoordinator(t), contract.AskPlan{})
			ids[i] = p.ID
			return err
		})
	}
	must(t, crowd.Wait())
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("planned %v, want one plan for all", ids)
			break
		}
	}
}

// TestThePlanOfADeadInstanceIsMadeByAnother: whoever plans holds the lease by its
// connection alone, and leaves nothing behind.
func TestThePlanOfADeadInstanceIsMadeByAnother(t *testing.T) {
	t.Parallel()
	b, _, _ := planning(t)
	dying := b.another(t)
	tx, err := dying.db.BeginTxx(t.Context(), nil)
	must(t, err)
	var backend int
	must(t, tx.GetContext(t.Context(), &backend, `SELECT pg_backend_pid()`))
	_, _, err = dying.store.latestPlan(t.Context(), tx, asCoordinatorPath(t), contract.PlanScope{}, b.clock.Now())
	must(t, err)
	planned := make(chan contract.Plan, 1)
	var waiting errgroup.Group
	waiting.Go(func() error {
		p, err := b.Plan(asCoordinator(t), contract.AskPlan{})
		planned <- p
		return err
	})
	until(t, "the other one waits for the lease", func() bool { return waitsForLease(t, b.admin.DB, backend) }, func() {
		if len(planned) > 0 {
			t.Fatal("two plan a scope at a time")
		}
	})
	_, err = b.admin.ExecContext(t.Context(), `SELECT pg_terminate_backend($1)`, backend)
	must(t, err)
	must(t, waiting.Wait())
	if p := <-planned; !p.Certified || p.Units != 4 {
		t.Errorf("planned %+v", p)
	}
	_ = tx.Rollback() // of a connection that is gone
}

func asCoordinatorPath(t *testing.T) string {
	t.Helper()
	return contract.ActorFrom(asCoordinator(t)).Path
}

// waitsForLease reports whether somebody waits for what a backend holds.
func waitsForLease(t *testing.T, db *sqlx.DB, backend int) bool {
	t.Helper()
	var waits bool
	must(t, db.GetContext(t.Context(), &waits, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
		AND $1 = ANY(pg_blocking_pids(pid)))`, backend))
	return waits
}
