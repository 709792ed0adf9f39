package request

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
)

// project asks for a request as the matcher does that was told a version.
func (b *bench) project(t *testing.T, id contract.RequestID, told int64) contract.ProjectedRequest {
	t.Helper()
	found, err := b.Projections(asSystem(t), contract.GetProjections{IDs: []string{string(id)}, Versions: []int64{told}})
	must(t, err)
	if len(found.Items) != 1 {
		t.Fatalf("%d projections, want 1", len(found.Items))
	}
	return found.Items[0]
}

// TestRecentIsWhatIsStored asks twice: the first answer is from what was
// submitted, the second is read.
func TestRecentIsWhatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	by := b.now().Add(48 * time.Hour)
	for name, change := range map[string]func(*contract.RequestDraft){
		"little": func(*contract.RequestDraft) {},
		"much": func(d *contract.RequestDraft) {
			d.NeededBy, d.Skills, d.Languages, d.Campaign = &by, []string{"driving"}, []string{"zh", "en"}, "spring"
			d.Windows = []contract.Window{{Weekday: 1, From: "09:00", To: "12:00"}}
			d.NeedLines = append(d.NeedLines, contract.NeedLine{Category: "labour", Unit: "hour", SourceText: "搬运 sorting"})
		},
	} {
		answer := b.opened(t, change)
		if _, kept := b.recent.rows[answer.ID]; !kept {
			t.Fatalf("%s: not kept", name)
		}
		if first, read := b.project(t, answer.ID, answer.Version), b.project(t, answer.ID, answer.Version); !cmp.Equal(first, read) {
			t.Errorf("%s: %s", name, cmp.Diff(first, read))
		}
	}
}

// TestRecentIsNeverOlderThanTold changes a request behind the service's back, as
// another process does.
func TestRecentIsNeverOlderThanTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second, third := b.opened(t), b.opened(t), b.opened(t)
	_, err := b.admin.ExecContext(t.Context(), `UPDATE request.requests SET version = version + 1, campaign = 'changed'`)
	must(t, err)
	if p := b.project(t, first.ID, first.Version+1); p.Version != first.Version+1 || p.Campaign != "changed" {
		t.Errorf("who was told of a newer version got %+v", p)
	}
	if p := b.projected(t, second.ID); p.Version != second.Version+1 {
		t.Errorf("who wants the newest got version %d", p.Version)
	}
	_, err = b.Move(asRequester(t, third.ID), contract.Move{ID: string(third.ID), Move: "withdraw"})
	must(t, err)
	if p := b.project(t, third.ID, third.Version); p.Suggestable {
		t.Errorf("a withdrawn request is %+v", p)
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	t.Parallel()
	r := newRecent()
	ids := make([]contract.RequestID, recentRows+3)
	for n := range ids {
		ids[n] = contract.NewID[contract.RequestID]()
		r.keep(&record{row: requestRow{ID: ids[n], Version: 1}}, nil)
	}
	for n, id := range ids {
		if _, ok := r.take(id, 1); ok != (n >= 3) {
			t.Fatalf("%d of %d: %v", n, len(ids), ok)
		}
	}
}
