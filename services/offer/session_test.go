package offer

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// heldSession is a usual session of two days ago.
func (b *bench) heldSession(change ...func(*contract.SessionDraft)) contract.RecordSession {
	d := contract.SessionDraft{
		ID: contract.NewID[contract.SessionID](), HeldOn: b.now().AddDate(0, 0, -2).Format(time.DateOnly), Minutes: 50, People: 1,
		Mode: contract.ModeRemote, Category: "psych", RegionCode: "610100",
	}
	for _, c := range change {
		c(&d)
	}
	return contract.RecordSession{Draft: d}
}

func people(n int64) func(*contract.SessionDraft) {
	return func(d *contract.SessionDraft) { d.People, d.Group = n, n > 1 }
}

func (b *bench) record(t *testing.T, ctx context.Context, q contract.RecordSession) contract.ServiceSession { //nolint:revive // t first, as everywhere
	t.Helper()
	recorded, err := b.RecordSession(ctx, q)
	must(t, err)
	return recorded
}

func TestSessionsAddUpByEveryGrouping(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead, above := as(t, contract.RoleAgencyLead, xian), as(t, contract.RoleCoordinator, shaanxi)
	b.record(t, lead, b.heldSession(people(3)))
	b.record(t, lead, b.heldSession(people(40), func(d *contract.SessionDraft) { d.Campaign, d.Minutes, d.Helpers = "joint", 90, 2 }))
	b.record(t, above, b.heldSession(func(d *contract.SessionDraft) { d.Category, d.RegionCode = "labour", "" }))
	voided := b.record(t, lead, b.heldSession(people(100)))
	_, err := b.VoidSession(lead, contract.VoidSession{ID: voided.ID, Reason: "twice"})
	must(t, err)
	for by, want := range map[contract.SessionGrouping][]contract.SessionTotal{
		contract.ByCategory: {
			{Key: "psych", Sessions: 2, PersonTimes: 43, Minutes: 140, Helpers: 3}, {Key: "labour", Sessions: 1, PersonTimes: 1, Minutes: 50, Helpers: 1},
		},
		contract.ByOrganisation: {
			{Key: "xian", Sessions: 2, PersonTimes: 43, Minutes: 140, Helpers: 3}, {Key: "shaanxi", Sessions: 1, PersonTimes: 1, Minutes: 50, Helpers: 1},
		},
		contract.ByCampaign: {
			{Key: "joint", Sessions: 1, PersonTimes: 40, Minutes: 90, Helpers: 2}, {Sessions: 2, PersonTimes: 4, Minutes: 100, Helpers: 2},
		},
		contract.ByRegion: {
			{Key: "610100", Sessions: 2, PersonTimes: 43, Minutes: 140, Helpers: 3}, {Sessions: 1, PersonTimes: 1, Minutes: 50, Helpers: 1},
		},
	} {
		totals, err := b.SessionTotals(above, contract.AskSessionTotals{By: by})
		must(t, err)
		if d := cmp.Diff(want, totals.Items); d != "" {
			t.Errorf("by %s:\n%s", by, d)
		}
		if d := cmp.Diff(contract.SessionTotal{Sessions: 3, PersonTimes: 44, Minutes: 190, Helpers: 4}, totals.Total); d != "" {
			t.Errorf("by %s, in all:\n%s", by, d)
		}
	}
}

func TestSessionsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := as(t, contract.RoleAgencyLead, xian)
	var want []contract.SessionID
	for day := range 5 {
		q := b.heldSession(func(d *contract.SessionDraft) { d.HeldOn = b.now().AddDate(0, 0, -day).Format(time.DateOnly) })
		want = append(want, b.record(t, lead, q).ID)
	}
	b.record(t, lead, b.heldSession(func(d *contract.SessionDraft) { d.Category = "labour" }))
	q := contract.ListSessions{SessionFilter: contract.SessionFilter{Category: "psych", RegionCode: "610000"}}
	q.Limit = 2
	var got []contract.SessionID
	for {
		page, err := b.Sessions(lead, q)
		must(t, err)
		for _, item := range page.Items {
			got = append(got, item.ID)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	of := contract.SessionFilter{From: b.now().AddDate(0, 0, -1).Format(time.DateOnly), To: b.now().Format(time.DateOnly)}
	totals, err := b.SessionTotals(lead, contract.AskSessionTotals{SessionFilter: of, By: contract.ByMonth})
	must(t, err)
	if totals.Total.Sessions != 2 {
		t.Errorf("two days hold %d sessions", totals.Total.Sessions)
	}
}

func TestUnusualSessionsAreAskedAboutAndMarked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := as(t, contract.RoleAgencyLead, xian)
	for location, change := range map[string]func(*contract.SessionDraft){
		"held_on": func(d *contract.SessionDraft) { d.HeldOn = b.now().AddDate(-2, 0, 0).Format(time.DateOnly) },
		"minutes": func(d *contract.SessionDraft) { d.Minutes = 40 * 60 },
		"people":  people(10_000),
	} {
		q := b.heldSession(change)
		_, err := b.RecordSession(lead, q)
		wantFault(t, err, fault.Invalid, "")
		if d := cmp.Diff([]fault.Field{{Location: location, Code: "unusual"}}, fault.As(err).Fields); d != "" {
			t.Error(d)
		}
		q.Draft.Confirmed = true
		if recorded := b.record(t, lead, q); !cmp.Equal(recorded.Flags, []string{location}) {
			t.Errorf("%s is marked %v", location, recorded.Flags)
		}
	}
}

// TestASessionIsTriedAndNotStored: a table is looked at before it is taken.
func TestASessionIsTriedAndNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := as(t, contract.RoleAgencyLead, xian)
	for name, change := range map[string]func(*contract.SessionDraft){
		"right": func(*contract.SessionDraft) {}, "unusual": people(10_000), "wrong": func(d *contract.SessionDraft) { d.Category = "none" },
	} {
		q := b.heldSession(change)
		q.Try = true
		_, err := b.RecordSession(lead, q)
		if (err == nil) != (name == "right") {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := b.Sessions(lead, contract.ListSessions{})
	must(t, err)
	if len(list.Items) != 0 {
		t.Errorf("stored %+v", list.Items)
	}
}

// TestASessionCountsFromItsDayOn: what lies ahead is asked about, marked, and in no
// total before. Where the sun rises first it is tomorrow already.
func TestASessionCountsFromItsDayOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := as(t, contract.RoleAgencyLead, xian)
	counted := func() int64 {
		totals, err := b.SessionTotals(lead, contract.AskSessionTotals{})
		must(t, err)
		return totals.Total.Sessions
	}
	ahead := func(days int) contract.RecordSession {
		return b.heldSession(func(d *contract.SessionDraft) { d.HeldOn = b.now().AddDate(0, 0, days).Format(time.DateOnly) })
	}
	q := ahead(2)
	_, err := b.RecordSession(lead, q)
	if d := cmp.Diff([]fault.Field{{Location: "held_on", Code: "unusual"}}, fault.As(err).Fields); d != "" {
		t.Error(d)
	}
	q.Draft.Confirmed = true
	if recorded := b.record(t, lead, q); !cmp.Equal(recorded.Flags, []string{"held_on"}) {
		t.Errorf("marked %v", recorded.Flags)
	}
	if n := counted(); n != 0 {
		t.Errorf("%d sessions are counted before their day", n)
	}
	b.clock.Advance(2 * 24 * time.Hour)
	if n := counted(); n != 1 {
		t.Errorf("%d sessions are counted on their day", n)
	}
	far := ahead(500)
	far.Draft.Confirmed = true
	_, err = b.RecordSession(lead, far)
	if d := cmp.Diff([]fault.Field{{Location: "held_on", Code: "in_the_future"}}, fault.As(err).Fields); d != "" {
		t.Error(d)
	}
	b.record(t, lead, b.heldSession(func(d *contract.SessionDraft) { d.HeldOn = b.now().Add(14 * time.Hour).Format(time.DateOnly) }))
}

func TestImpossibleSessionsAreRefusedWithEveryField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.RecordSession(as(t, contract.RoleAgencyLead, xian), contract.RecordSession{Draft: contract.SessionDraft{
		ID: "none", HeldOn: "2020-02-30", Minutes: -1, People: 0, Helpers: 1 << 40, Mode: "delivery", Category: "none", RegionCode: "999999", Confirmed: true,
	}})
	wantFault(t, err, fault.Invalid, "")
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Location)
	}
	if d := cmp.Diff([]string{"id", "held_on", "minutes", "people", "helpers", "mode", "category", "region_code"}, got); d != "" {
		t.Error(d)
	}
}

func TestARepeatedSessionIsOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := as(t, contract.RoleAgencyLead, xian)
	listed := func(d *contract.SessionDraft) { d.Source, d.SourceID = "list", "1" }
	first := b.record(t, lead, b.heldSession(listed))
	for name, q := range map[string]contract.RecordSession{
		"source": b.heldSession(listed),
		"id":     b.heldSession(func(d *contract.SessionDraft) { d.ID = first.ID }),
	} {
		if again := b.record(t, lead, q); again.ID != first.ID || !again.Repeated {
			t.Errorf("the same %s gives %+v", name, again)
		}
	}
	_, err := b.RecordSession(as(t, contract.RoleAgencyLead, hubei), b.heldSession(func(d *contract.SessionDraft) { d.ID = first.ID }))
	wantFault(t, err, fault.Conflict, "id_taken")
	keyed := b.heldSession()
	keyed.Key, keyed.BodyHash = "key", "hash"
	b.record(t, lead, keyed)
	keyed.BodyHash = "other"
	_, err = b.RecordSession(lead, keyed)
	wantFault(t, err, fault.Conflict, "idempotency_key_reused")
}

func TestSessionsOfOthersAreNotSeen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	recorded := b.record(t, as(t, contract.RoleAgencyLead, xian), b.heldSession())
	stranger := as(t, contract.RoleAdministrator, hubei)
	page, err := b.Sessions(stranger, contract.ListSessions{})
	must(t, err)
	totals, err := b.SessionTotals(stranger, contract.AskSessionTotals{})
	must(t, err)
	if len(page.Items) > 0 || totals.Total.Sessions > 0 {
		t.Errorf("a stranger sees %v and counts %v", page.Items, totals)
	}
	_, err = b.VoidSession(stranger, contract.VoidSession{ID: recorded.ID, Reason: "mine"})
	wantFault(t, err, fault.NotFound, "not_found")
}

// TestASessionIsTakenBackWithItsTable while nobody has worked on it; the row that it
// came from may then be entered again.
func TestASessionIsTakenBackWithItsTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead := as(t, contract.RoleAgencyLead, xian)
	enter := func(name string) contract.ServiceSession {
		return b.record(t, lead, b.heldSession(people(4), func(d *contract.SessionDraft) { d.Source, d.SourceID = "table", name }))
	}
	free, rostered, voided := enter("a"), enter("b"), enter("c")
	_, err := b.KeepRoster(lead, contract.KeepRoster{ID: rostered.ID, Names: []string{"演示甲"}})
	must(t, err)
	_, err = b.VoidSession(lead, contract.VoidSession{ID: voided.ID, Reason: "twice"})
	must(t, err)
	takeBack := func(s contract.ServiceSession) error {
		_, err := b.VoidSession(lead, contract.VoidSession{ID: s.ID, Reason: "upload:1", TakeBack: true})
		return err
	}
	for range 2 { // a crash repeats it
		must(t, takeBack(free))
	}
	wantFault(t, takeBack(rostered), fault.Conflict, "session_touched")
	wantFault(t, takeBack(voided), fault.Conflict, "session_touched")
	roster, err := b.Sessions(lead, contract.ListSessions{})
	must(t, err)
	for _, s := range roster.Items {
		if s.ID == rostered.ID && (s.Roster != 1 || s.VoidReason != nil) {
			t.Errorf("what has a roster became %+v", s)
		}
	}
	if again := enter("a"); again.Repeated || again.ID == free.ID {
		t.Errorf("what was taken back is known as %+v", again)
	}
	if again := enter("c"); !again.Repeated {
		t.Error("what was voided by hand is counted again")
	}
}
