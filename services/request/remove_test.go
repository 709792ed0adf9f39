package request

import (
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// twoLines is a request for masks and for somebody to talk to.
func twoLines(d *contract.RequestDraft) {
	d.NeedLines = []contract.NeedLine{{Category: "ppe", Item: "mask_n95", Quantity: amount(10), Unit: "piece"}, {Category: "psych", Unit: "session"}}
}

func TestALineIsRemovedAndKeptInTheHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t, twoLines)
	ctx, was := as(t, contract.RoleCoordinator, xian), b.fields(t, r)
	rest := edited(was, func(f *contract.RequestFields) { f.Lines = f.Lines[:1] })
	q := contract.EditRequest{ID: r.ID, Was: rest, Now: rest, Removed: []contract.NeedLineID{was.Lines[1].ID}}
	moved, err := b.Edit(ctx, q)
	must(t, err)
	again, err := b.Edit(ctx, q)
	must(t, err)
	if moved.Version != r.Version+1 || again.Version != moved.Version {
		t.Errorf("versions %d, %d, %d: a removal makes one, its repeat none", r.Version, moved.Version, again.Version)
	}
	p := b.projected(t, r.ID)
	if len(p.Lines) != 1 || p.Lines[0].Category != "ppe" || p.Version != moved.Version {
		t.Errorf("the matcher is told of %+v", p)
	}
	got, err := b.Get(ctx, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	last := got.History[len(got.History)-1]
	if last.Reason != removedLine || last.Line == nil || last.Line.Category != "psych" || last.Line.Unit != "session" {
		t.Errorf("history %+v", last)
	}
	seen, err := b.Get(asRequester(t, r.ID), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if line := seen.History[len(seen.History)-1].Line; line != nil {
		t.Errorf("the requester is shown what staff removed: %+v", line)
	}
	found := func(category string) bool {
		listing, err := b.List(ctx, contract.ListRequests{Categories: []string{category}})
		must(t, err)
		return slices.ContainsFunc(listing.Items, func(found contract.Request) bool { return found.ID == r.ID })
	}
	if found("psych") || !found("ppe") {
		t.Error("the request is found by the removed line, or not by the other")
	}
	// Somebody who still has the page of before saves another field.
	_, err = b.Edit(ctx, contract.EditRequest{ID: r.ID, Was: was, Now: edited(was, func(f *contract.RequestFields) { f.Title = "口罩" })})
	must(t, err)
	_, err = b.Edit(ctx, contract.EditRequest{ID: r.ID, Was: was, Now: edited(was, func(f *contract.RequestFields) { f.Lines[1].Quantity = amount(3) })})
	wantFault(t, err, fault.Conflict, "changed_meanwhile")
}

func TestALineThatIsNeededStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t, twoLines)
	ctx, was := as(t, contract.RoleCoordinator, xian), b.fields(t, r)
	remove := func(lines ...int) error {
		q := contract.EditRequest{ID: r.ID, Was: was, Now: was}
		q.Was.Lines, q.Now.Lines = nil, nil
		for _, n := range lines {
			q.Removed = append(q.Removed, was.Lines[n].ID)
		}
		_, err := b.Edit(ctx, q)
		return err
	}
	match := contract.NewID[contract.MatchID]()
	b.hear(t, matchFact(r, 0, match, 1, "proposed", 10))
	err := remove(0)
	wantFault(t, err, fault.Invalid, "")
	if code := fault.As(err).Fields[0].Code; code != "line_held" {
		t.Errorf("refused for %s", code)
	}
	b.hear(t, matchFact(r, 0, match, 2, "declined", 10))
	err = remove(0, 1)
	wantFault(t, err, fault.Invalid, "")
	if code := fault.As(err).Fields[0].Code; code != "last_line" {
		t.Errorf("refused for %s", code)
	}
	must(t, remove(0))
	if lines := b.projected(t, r.ID).Lines; len(lines) != 1 || lines[0].Category != "psych" {
		t.Errorf("left are %+v", lines)
	}
	// A late fact of a match of the removed line changes nothing.
	b.hear(t, matchFact(r, 0, match, 3, "cancelled", 10))
	_, err = b.Edit(as(t, contract.RoleCoordinator, hubei), contract.EditRequest{ID: r.ID, Was: was, Now: was, Removed: []contract.NeedLineID{was.Lines[1].ID}})
	wantFault(t, err, fault.NotFound, "")
}

// TestRemovingWhatIsMissingCompletes confirms one line and removes the other.
func TestRemovingWhatIsMissingCompletes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t, twoLines)
	was := b.fields(t, r)
	match := contract.NewID[contract.MatchID]()
	for version, state := range []string{"proposed", "accepted", "in_progress", "reported_done"} {
		b.hear(t, matchFact(r, 0, match, int64(version+1), state, 10))
	}
	done := matchFact(r, 0, match, 5, "confirmed", 10)
	done.Data.Fulfilled = amount(10)
	b.hear(t, done)
	rest := edited(was, func(f *contract.RequestFields) { f.Lines = f.Lines[:1] })
	_, err := b.Edit(as(t, contract.RoleCoordinator, xian), contract.EditRequest{ID: r.ID, Was: rest, Now: rest, Removed: []contract.NeedLineID{was.Lines[1].ID}})
	must(t, err)
	got, err := b.Get(asSystem(t), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if got.Stage != "closed" || got.ClosedReason != "confirmed" {
		t.Errorf("the request is %s, %s", got.Stage, got.ClosedReason)
	}
}
