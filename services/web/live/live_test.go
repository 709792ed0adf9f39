package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func change(id, path string) Change {
	return Change{Thing: contract.ThingRequest, ID: id, State: "open", paths: []string{path}}
}

// gathering runs a hub without a bus, in a time that passes by itself.
func gathering(t *testing.T, check func(t *testing.T, h *Hub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := New(time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var group errgroup.Group
		group.Go(func() error { return h.runGather(ctx) })
		check(t, h)
		cancel()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// TestChangesAreToldTogether tells the first at once and all that follow within half
// a second together; whoever lags behind is told that anything may have changed.
func TestChangesAreToldTogether(t *testing.T) {
	t.Parallel()
	gathering(t, func(t *testing.T, h *Hub) {
		r, stop := h.subscribe()
		defer stop()
		began := time.Now()
		h.send(change("first", "root/"))
		if got := <-r.changes; len(got) != 1 || time.Since(began) != 0 {
			t.Errorf("told %d changes after %v", len(got), time.Since(began))
		}
		for n := range 25 {
			h.send(change(fmt.Sprint(n), "root/"))
		}
		if got := <-r.changes; len(got) != 25 || time.Since(began) != gather {
			t.Errorf("told %d changes after %v", len(got), time.Since(began))
		}
		if h.missed(r) {
			t.Error("nothing was left out")
		}
		for range waiting + 2 {
			h.send(change("more", "root/"))
			<-time.After(gather)
		}
		if !h.missed(r) || h.missed(r) {
			t.Error("what was left out is not told once")
		}
	})
}

// TestAStreamHearsTheNewestThatItMaySee leaves out what is foreign or unwanted, and
// says once that something changed.
func TestAStreamHearsTheNewestThatItMaySee(t *testing.T) {
	t.Parallel()
	a := contract.Actor{Role: contract.RoleCoordinator, Path: "root/shaanxi/"}
	all := func(Change) bool { return true }
	for name, tt := range map[string]struct {
		changes []Change
		wants   func(Change) bool
		ids     []string
	}{
		"nothing":            {nil, all, nil},
		"foreign":            {[]Change{change("a", "root/hubei/"), change("b", "root/")}, all, nil},
		"newest of its own":  {[]Change{change("a", "root/shaanxi/"), change("b", "root/shaanxi/xian/"), change("c", "root/hubei/")}, all, []string{"b"}},
		"unwanted":           {[]Change{change("a", "root/shaanxi/")}, func(Change) bool { return false }, nil},
		"presence besides":   {[]Change{{ID: "a", present: true}, change("b", "root/shaanxi/")}, all, []string{"b", ""}},
		"presence is no row": {[]Change{{ID: "a", present: true}}, all, []string{""}},
	} {
		text := eventsOf(tt.changes, a, tt.wants)
		if n := strings.Count(text, "\n\n"); n != len(tt.ids) {
			t.Errorf("%s: %d events: %q", name, n, text)
		}
		for _, id := range tt.ids {
			if id != "" && !strings.Contains(text, `"id":"`+id+`"`) {
				t.Errorf("%s: %q does not name %s", name, text, id)
			}
		}
	}
}

// TestAnAnswerIsSharedUntilSomethingIsTold has many readers ask at once, then after a
// change, then after a failure: nobody gets an answer that was begun before the last
// change was told.
func TestAnAnswerIsSharedUntilSomethingIsTold(t *testing.T) {
	t.Parallel()
	gathering(t, func(t *testing.T, h *Hub) {
		s := NewShare(h)
		built := 0
		build := func(context.Context) ([]byte, error) {
			built++ // one at a time: only one reader of a key builds
			<-time.After(time.Millisecond)
			return fmt.Append(nil, built), nil
		}
		ask := func(want string) {
			t.Helper()
			var readers sync.WaitGroup
			for range 50 {
				readers.Go(func() {
					if got, err := s.Get(t.Context(), "key", build); err != nil || string(got) != want {
						t.Errorf("got %s, %v, want %s", got, err, want)
					}
				})
			}
			readers.Wait()
		}
		ask("1")
		ask("1")
		h.send(change("a", "root/"))
		synctest.Wait()
		ask("2")
		<-time.After(keptFor)
		synctest.Wait()
		ask("3")
		if got, _ := s.Get(t.Context(), "another", build); string(got) != "4" {
			t.Errorf("another key shares the answer %s", got)
		}
		failed := errors.New("away")
		if _, err := s.Get(t.Context(), "failing", func(context.Context) ([]byte, error) { return nil, failed }); !errors.Is(err, failed) {
			t.Errorf("failed with %v", err)
		}
		_, err := s.Get(t.Context(), "slow", func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("what takes too long gives %v", err)
		}
		if got, err := s.Get(t.Context(), "failing", build); err != nil || string(got) != "5" {
			t.Errorf("a failure is kept: %s, %v", got, err)
		}
	})
}

// TestAReaderWhoLeavesEndsNothingForTheOthers cancels the one who builds.
func TestAReaderWhoLeavesEndsNothingForTheOthers(t *testing.T) {
	t.Parallel()
	gathering(t, func(t *testing.T, h *Hub) {
		s := NewShare(h)
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			_, _ = s.Get(ctx, "key", func(ctx context.Context) ([]byte, error) {
				leave()
				return []byte("whole"), ctx.Err()
			})
		}()
		synctest.Wait()
		if got, err := s.Get(t.Context(), "key", nil); err != nil || string(got) != "whole" {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
