package notify

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// pull reads a whole feed in pages and returns the ids.
func (b *bench) pull(t *testing.T, path string, limit int) []string {
	t.Helper()
	var ids []string
	for after := ""; ; {
		got, err := b.Events(as(t, contract.RoleIntegrator, path), contract.PullEvents{After: after, Limit: limit})
		must(t, err)
		for _, item := range got.Items {
			var event cloudEvent
			must(t, json.Unmarshal(item, &event))
			ids = append(ids, string(event.ID))
		}
		if len(got.Items) == 0 {
			if after != "" && got.Next != after {
				t.Error("the cursor moved without news")
			}
			return ids
		}
		after = got.Next
	}
}

func TestFeedShowsWhatTheOrganisationMaySee(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	own, foreign, both := fact("accepted", xian), fact("accepted", hubei), fact("confirmed", xian, hubei)
	for _, e := range []contract.Event{own, foreign, both, fact("accepted", "nowhere")} {
		b.hear(t, e)
	}
	w := b.register(t, xian, somewhere)
	_, err := b.Test(as(t, contract.RoleIntegrator, xian), contract.WebhookByID{ID: w.ID})
	must(t, err)
	if n := len(b.pull(t, xian, 10)); n != 0 {
		t.Errorf("%d events without a number", n)
	}
	_, err = b.worker.numberEvents(t.Context(), feedBatch)
	must(t, err)
	for path, want := range map[string][]contract.Event{
		xian: {own, both}, shaanxi: {own, both}, hubei: {foreign, both}, contract.RootPath: {own, foreign, both}, "root/shaanxi/xianyang/": nil,
	} {
		var ids []string
		for _, e := range want {
			ids = append(ids, string(e.ID))
		}
		if got := b.pull(t, path, 1); !slices.Equal(got, ids) {
			t.Errorf("%s: %v, want %v", path, got, ids)
		}
	}
	_, err = b.Events(as(t, contract.RoleIntegrator, xian), contract.PullEvents{After: "?"})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Events(as(t, contract.RoleIntegrator, xian), contract.PullEvents{Limit: 101})
	wantFault(t, err, fault.Invalid, "")
}

// TestFeedIsWholeUnderConcurrentCommits lets a reader follow while facts are
// committed and numbered by two processes: it may miss none and see none twice.
func TestFeedIsWholeUnderConcurrentCommits(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	other := b.another(t, loopback)
	const writers, each = 4, 50
	var writing, numbering sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		writing.Go(func() {
			for range each {
				b.hear(t, fact("accepted"))
			}
		})
	}
	for _, s := range []*Service{b.Service, other} {
		numbering.Go(func() {
			for last := false; ; {
				n, err := s.worker.numberEvents(t.Context(), 7)
				if err != nil {
					t.Errorf("number: %v", err)
					return
				}
				if last && n == 0 {
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		})
	}
	seen := map[string]int{}
	follow := func(after string) string {
		got, err := b.Events(as(t, contract.RoleIntegrator, xian), contract.PullEvents{After: after, Limit: 3})
		must(t, err)
		for _, item := range got.Items {
			seen[string(item)]++
		}
		return got.Next
	}
	after := ""
	go func() { writing.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
			after = follow(after)
		}
	}
	numbering.Wait()
	for {
		_, err := b.worker.numberEvents(t.Context(), feedBatch)
		must(t, err)
		next := follow(after)
		if next == after {
			break
		}
		after = next
	}
	for _, n := range seen {
		if n != 1 {
			t.Errorf("an event was seen %d times", n)
		}
	}
	if len(seen) != writers*each {
		t.Errorf("%d events, want %d", len(seen), writers*each)
	}
	var wrong int
	must(t, b.admin.GetContext(t.Context(), &wrong, `
		SELECT count(*) FROM (SELECT org_path, count(*) n, max(feed_seq) m FROM notify.feed GROUP BY org_path) x WHERE n <> m`))
	if wrong != 0 {
		t.Errorf("%d feeds have gaps", wrong)
	}
}

func TestPurgeKeepsCursors(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	b.hear(t, fact("accepted"))
	_, err := b.worker.numberEvents(t.Context(), feedBatch)
	must(t, err)
	ctx := as(t, contract.RoleIntegrator, xian)
	first, err := b.Events(ctx, contract.PullEvents{})
	must(t, err)
	b.clock.Advance(keptLog + time.Hour)
	must(t, b.worker.purge(t.Context(), b.now().Add(-keptLog)))
	b.hear(t, fact("confirmed"))
	_, err = b.worker.numberEvents(t.Context(), feedBatch)
	must(t, err)
	second, err := b.Events(ctx, contract.PullEvents{After: first.Next})
	must(t, err)
	if len(second.Items) != 1 || len(b.pull(t, xian, 10)) != 1 {
		t.Errorf("%d items after the purge", len(second.Items))
	}
}
