package request

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
)

// dueSlowly is what is to be followed up below a path, read from the dates themselves.
func (b *bench) dueSlowly(t *testing.T, path string) map[contract.RequestID]bool {
	t.Helper()
	var ids []contract.RequestID
	must(t, b.admin.SelectContext(t.Context(), &ids, `
		SELECT f.request_id FROM request.follow_ups f JOIN request.requests r ON r.id = f.request_id
		WHERE f.due_at <= $1 AND r.org_path >= $2 AND r.org_path < $3`, b.clock.Now(), path, contract.PathEnd(path)))
	due := map[contract.RequestID]bool{}
	for _, id := range ids {
		due[id] = true
	}
	return due
}

// dueIs compares the queue and its count with the slow way, for those at a path.
func (b *bench) dueIs(t *testing.T, path string) int {
	t.Helper()
	staff := as(t, contract.RoleCoordinator, path)
	want, listed := b.dueSlowly(t, path), b.inQueue(staff, t, contract.QueueDue)
	for id := range want {
		if _, found := listed[id]; !found {
			t.Errorf("%s: %s is due and not listed", path, id)
		}
	}
	counts, err := b.Count(staff, contract.Empty{})
	must(t, err)
	if len(listed) != len(want) || counts.Queues[contract.QueueDue] != int64(len(want)) {
		t.Errorf("%s: %d listed, %d counted, %d due", path, len(listed), counts.Queues[contract.QueueDue], len(want))
	}
	return len(want)
}

// TestTheQueueToFollowUp sets dates, ends them, closes requests, hears news and lets time
// pass, in seeds that a failure names: at any time the queue and its count are what the
// dates say.
func TestTheQueueToFollowUp(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			b, r := setup(t), rand.New(rand.NewPCG(seed, 11)) //nolint:gosec // a failure is to be had again
			var all []contract.SubmittedRequest
			for range 8 {
				one := b.opened(t)
				b.hearNow(t, one, contract.NewID[contract.MatchID](), 1, matchInProgress)
				all = append(all, one)
			}
			most := 0
			for range 40 {
				b.followSomehow(t, r, all[r.IntN(len(all))])
				for _, path := range []string{contract.RootPath, xian, hubei} {
					most = max(most, b.dueIs(t, path))
				}
			}
			if most < 2 {
				t.Errorf("never more than %d were due", most)
			}
		})
	}
}

// followSomehow does one of what sets, ends or reaches the date of a request.
func (b *bench) followSomehow(t *testing.T, r *rand.Rand, of contract.SubmittedRequest) {
	t.Helper()
	staff, open := as(t, contract.RoleCoordinator, xian), b.get(t, of).Stage == string(Open)
	switch kind := r.IntN(12); {
	case kind < 4 && open:
		at := b.clock.Now().Add(time.Duration(1+r.IntN(72)) * time.Hour)
		_, err := b.FollowUp(staff, contract.FollowUp{ID: of.ID, At: &at})
		must(t, err)
	case kind == 4 && open:
		_, err := b.FollowUp(staff, contract.FollowUp{ID: of.ID})
		must(t, err)
	case kind == 5 && open:
		_, err := b.Move(staff, contract.Move{ID: string(of.ID), Move: moveClose, Reason: "expired"})
		must(t, err)
	case kind < 8:
		b.hearNow(t, of, contract.NewID[contract.MatchID](), 1, matchInProgress)
	case kind < 10:
		b.passDays(t, 1)
	default:
		b.clock.Advance(time.Duration(r.IntN(20)) * time.Hour)
	}
}

// TestRaisingMeetsChanges raises requests without news while staff set and end their
// dates: nobody waits for the other for ever, and both say the same at the end.
func TestRaisingMeetsChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all []contract.SubmittedRequest
	for range 6 {
		one := b.opened(t)
		b.hearNow(t, one, contract.NewID[contract.MatchID](), 1, matchInProgress)
		all = append(all, one)
	}
	b.clock.Advance(48 * time.Hour)
	at := b.clock.Now().Add(time.Hour)
	staff := as(t, contract.RoleCoordinator, xian)
	var working sync.WaitGroup
	worker := func(do func(ctx context.Context, one contract.SubmittedRequest) error) {
		working.Go(func() {
			for round := range 4 * len(all) {
				if err := do(staff, all[round%len(all)]); err != nil {
					t.Errorf("round %d: %v", round, err)
				}
			}
		})
	}
	worker(func(context.Context, contract.SubmittedRequest) error { return b.raise(t.Context()) })
	worker(func(ctx context.Context, one contract.SubmittedRequest) error {
		_, err := b.FollowUp(ctx, contract.FollowUp{ID: one.ID, At: &at})
		return err
	})
	worker(func(ctx context.Context, one contract.SubmittedRequest) error {
		_, err := b.FollowUp(ctx, contract.FollowUp{ID: one.ID})
		return err
	})
	working.Wait()
	b.dueIs(t, xian)
	b.clock.Advance(48 * time.Hour)
	must(t, b.raise(t.Context()))
	if n := b.dueIs(t, xian); n != len(all) {
		t.Errorf("two days later %d of %d are due", n, len(all))
	}
}
