package matcher

import (
	"testing"

	"heli/pkg/contract"
)

// TestARemovedLineIsForgotten proposes for a line while it is being removed: the
// match ends, its amount is free, and nothing more can be reserved for the line.
func TestARemovedLineIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(2))), help(new(int64(3)))
	second := r.Lines[0]
	second.ID = contract.NewID[string]()
	r.Lines = append(r.Lines, second)
	m := b.matched(t, r, o, new(int64(1)))
	left := r
	left.Version, left.Lines = 2, r.Lines[1:]
	b.tell(t, left, "open")
	b.tell(t, left, "open") // heard twice
	got, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)})
	must(t, err)
	if got.State != "cancelled" || got.Reason != lineRemoved {
		t.Errorf("the match is %s (%s)", got.State, got.Reason)
	}
	var needs, reserved int
	must(t, b.admin.GetContext(t.Context(), &needs, `SELECT count(*) FROM matcher.needs WHERE request_id = $1`, r.RequestID))
	must(t, b.admin.GetContext(t.Context(), &reserved, `SELECT coalesce(sum(reserved), 0) FROM matcher.capacity`))
	if needs != 1 || reserved != 0 {
		t.Errorf("%d lines are known, %d are reserved", needs, reserved)
	}
	_, err = b.Propose(asCoordinator(t), proposal(r, o, nil))
	if err == nil {
		t.Error("something was proposed for a line that is gone")
	}
	old := r // an older version comes late
	old.Version = 1
	b.tell(t, old, "open")
	must(t, b.admin.GetContext(t.Context(), &needs, `SELECT count(*) FROM matcher.needs WHERE request_id = $1`, r.RequestID))
	if broken := b.broken(t); needs != 1 || len(broken) > 0 {
		t.Errorf("%d lines are known after an older version, broken: %v", needs, broken)
	}
}
