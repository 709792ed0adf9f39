package request

import (
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// fields are what an editor sees of a request.
func (b *bench) fields(t *testing.T, r contract.SubmittedRequest) contract.RequestFields {
	t.Helper()
	got, err := b.Get(as(t, contract.RoleCoordinator, xian), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	f := contract.RequestFields{Title: got.Title, Description: got.Description, Urgency: got.Urgency, NeededBy: got.NeededBy}
	for _, l := range got.NeedLines {
		f.Lines = append(f.Lines, contract.LineFields{ID: l.ID, Specification: l.Specification, Quantity: l.Quantity})
	}
	return f
}

// edited returns a copy of what was seen, changed.
func edited(was contract.RequestFields, change func(*contract.RequestFields)) contract.RequestFields {
	now := was
	now.Lines = append([]contract.LineFields{}, was.Lines...)
	change(&now)
	return now
}

// TestTwoEditorsLoseNothing has two people edit from the same page.
func TestTwoEditorsLoseNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	one, two := as(t, contract.RoleCoordinator, xian), asColleague(t)
	was := b.fields(t, r)
	day := b.clock.Now().Add(48 * time.Hour)

	first := contract.EditRequest{ID: r.ID, Was: was, Now: edited(was, func(f *contract.RequestFields) { f.Title, f.NeededBy = "口罩和酒精", &day })}
	moved, err := b.Edit(one, first)
	must(t, err)
	again, err := b.Edit(one, first)
	must(t, err)
	if again.Version != moved.Version || moved.Version != r.Version+1 {
		t.Errorf("versions %d, %d, %d: an edit makes one, its repeat none", r.Version, moved.Version, again.Version)
	}

	// Another field, from the page of before: both stand.
	_, err = b.Edit(two, contract.EditRequest{ID: r.ID, Was: was, Now: edited(was, func(f *contract.RequestFields) {
		f.Lines[0].Quantity, f.Urgency = amount(40), contract.Critical
	})})
	must(t, err)
	got := b.fields(t, r)
	if got.Title != "口罩和酒精" || *got.Lines[0].Quantity != 40 || got.Urgency != contract.Critical || !got.NeededBy.Equal(day) {
		t.Errorf("got %+v", got)
	}

	// The same field: refused whole, nothing is overwritten.
	insist := func(f *contract.RequestFields) { f.Title, f.Description = "手套", "new" }
	clash := contract.EditRequest{ID: r.ID, Was: was, Now: edited(was, insist)}
	_, err = b.Edit(two, clash)
	wantFault(t, err, fault.Conflict, "changed_meanwhile")
	if after := b.fields(t, r); after.Title != "口罩和酒精" || after.Description != got.Description {
		t.Errorf("a refused edit changed %+v", after)
	}
	// Having seen what stands there now, the editor may insist.
	clash.Was, clash.Now = b.fields(t, r), edited(b.fields(t, r), insist)
	_, err = b.Edit(two, clash)
	must(t, err)
	if after := b.fields(t, r); after.Title != "手套" || after.Description != "new" {
		t.Errorf("got %+v", after)
	}
	if n := b.count(t, `SELECT count(*) FROM request.history WHERE move = 'edit'`); n != 6 {
		t.Errorf("%d fields recorded, want 6", n)
	}
	if facts := b.facts(t, r.ID); len(facts) != int(b.projected(t, r.ID).Version) {
		t.Errorf("%d facts of version %d", len(facts), b.projected(t, r.ID).Version)
	}
}

func TestEditsAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	ctx, was := as(t, contract.RoleCoordinator, xian), b.fields(t, r)
	edit := func(change func(*contract.RequestFields)) error {
		_, err := b.Edit(ctx, contract.EditRequest{ID: r.ID, Was: was, Now: edited(was, change)})
		return err
	}
	long := b.clock.Now().AddDate(9, 0, 0)
	for name, change := range map[string]func(*contract.RequestFields){
		"no title":     func(f *contract.RequestFields) { f.Title = " " },
		"urgency":      func(f *contract.RequestFields) { f.Urgency = "now" },
		"far deadline": func(f *contract.RequestFields) { f.NeededBy = &long },
		"zero":         func(f *contract.RequestFields) { f.Lines[0].Quantity = amount(0) },
		"other line":   func(f *contract.RequestFields) { f.Lines[0].ID = contract.NewID[contract.NeedLineID]() },
		"lost line":    func(f *contract.RequestFields) { f.Lines = nil },
	} {
		if err := edit(change); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.hear(t, matchFact(r, 0, contract.NewID[contract.MatchID](), 1, "accepted", 8))
	wantFault(t, edit(func(f *contract.RequestFields) { f.Lines[0].Quantity = amount(7) }), fault.Invalid, "")
	must(t, edit(func(f *contract.RequestFields) { f.Lines[0].Quantity = amount(8) }))
	if got, err := b.Get(ctx, contract.GetByID{ID: string(r.ID)}); err != nil || got.State != "matched" {
		t.Errorf("asking for what is matched shows %s, %v", got.State, err)
	}
	_, err := b.Edit(as(t, contract.RoleCoordinator, hubei), contract.EditRequest{ID: r.ID, Was: was, Now: was})
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Edit(asRequester(t, r.ID), contract.EditRequest{ID: r.ID, Was: was, Now: was})
	wantFault(t, err, fault.Forbidden, "")
}

func TestLinesAreAddedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	was := b.fields(t, r)
	q := contract.EditRequest{ID: r.ID, Was: was, Now: was, Added: []contract.NeedLine{
		{ID: contract.NewID[contract.NeedLineID](), Category: "psych", Unit: "session", Quantity: amount(2)},
	}}
	for range 2 {
		_, err := b.Edit(as(t, contract.RoleCoordinator, xian), q)
		must(t, err)
	}
	if lines := b.projected(t, r.ID).Lines; len(lines) != 2 || lines[1].Category != "psych" || *lines[1].Quantity != 2 {
		t.Errorf("the matcher is told of %+v", lines)
	}
	_, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(r.ID), Move: moveClose, Reason: "rejected"})
	must(t, err)
	_, err = b.Edit(as(t, contract.RoleCoordinator, xian), q)
	wantFault(t, err, fault.Conflict, "not_editable")
}
