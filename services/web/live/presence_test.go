package live

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/testkit"
)

// TestPresenceForgets has two people come, one leave, and one vanish without a word.
func TestPresenceForgets(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(time.Time{})
	p := newPresence(clock.Now)
	at := func(id, page string, left bool) sighting {
		return sighting{Viewer: Viewer{id, "name of " + id}, Thing: "r", Page: page, Left: left}
	}
	for _, step := range []struct {
		s       sighting
		changes bool
		others  []Viewer
	}{
		{at("a", "1", false), true, nil},
		{at("a", "2", false), false, nil}, // a second page of the same person
		{at("b", "3", false), true, []Viewer{{"b", "name of b"}}},
		{at("b", "3", false), false, []Viewer{{"b", "name of b"}}},
		{at("b", "3", true), true, nil},
		{at("b", "4", false), true, []Viewer{{"b", "name of b"}}},
		{at("a", "1", true), false, []Viewer{{"b", "name of b"}}},
	} {
		if got := p.hear(step.s); got != step.changes {
			t.Errorf("%+v changes who is there: %t", step.s, got)
		}
		if diff := cmp.Diff(step.others, p.Others("r", "a")); diff != "" {
			t.Errorf("after %+v (-want +got):\n%s", step.s, diff)
		}
	}
	if things := p.sweep(); things != nil {
		t.Errorf("left %v too early", things)
	}
	clock.Advance(presentTime)
	if got := p.Others("r", "a"); got != nil {
		t.Errorf("%v is still there", got)
	}
	if things := p.sweep(); !cmp.Equal(things, []string{"r"}) || len(p.seen) > 0 {
		t.Errorf("left %v, keeps %v", things, p.seen)
	}
}
