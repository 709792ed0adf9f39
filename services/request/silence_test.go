package request

import (
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// reported tells that a helper reports all ten of a request done, now.
func (b *bench) reported(t *testing.T, r contract.SubmittedRequest) contract.MatchID {
	t.Helper()
	match := contract.NewID[contract.MatchID]()
	b.hearNow(t, r, match, 1, matchReportedDone)
	return match
}

func (b *bench) hearNow(t *testing.T, r contract.SubmittedRequest, match contract.MatchID, version int64, state string) {
	t.Helper()
	e := matchFact(r, 0, match, version, state, 10)
	e.Time = b.clock.Now()
	b.hear(t, e)
}

// passDays lets days pass and does twice, as two processes, what became due.
func (b *bench) passDays(t *testing.T, days int) {
	t.Helper()
	b.clock.Advance(time.Duration(days) * 24 * time.Hour)
	for range 2 {
		for _, task := range b.dueTasks() {
			must(t, task(t.Context()))
		}
	}
}

// reminders returns the kinds that were told, in order.
func (b *bench) reminders(t *testing.T) []string {
	t.Helper()
	kinds := []string{}
	must(t, b.admin.SelectContext(t.Context(), &kinds, `
		SELECT payload::json ->> 'state' FROM request.outbox WHERE payload::json ->> 'thing' = 'reminder' ORDER BY id`))
	return kinds
}

func (b *bench) get(t *testing.T, r contract.SubmittedRequest) contract.Request {
	t.Helper()
	got, err := b.Get(as(t, contract.RoleCoordinator, xian), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	return got
}

func TestSilenceAfterTwoRemindersClosesUnconfirmed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	b.reported(t, r)
	for _, step := range []struct {
		days, reminders int
		stage           Stage
	}{{1, 0, Open}, {1, 1, Open}, {1, 1, Open}, {1, 2, Open}, {1, 2, Open}, {1, 2, Closed}, {9, 2, Closed}} {
		b.passDays(t, step.days)
		if n, got := len(b.reminders(t)), b.get(t, r); n != step.reminders || got.Stage != string(step.stage) {
			t.Fatalf("%d reminders and %s, want %d and %s", n, got.Stage, step.reminders, step.stage)
		}
	}
	if got := b.get(t, r); got.ClosedReason != "reported_unconfirmed" || got.State != "closed" {
		t.Errorf("closed as %s, %s", got.State, got.ClosedReason)
	}
	now := b.clock.Now()
	figures, err := b.Figures(as(t, contract.RoleCoordinator, xian), contract.AskFigures{From: now.AddDate(0, -1, 0), Until: now.AddDate(0, 1, 0), TimeZone: "Asia/Shanghai"})
	must(t, err)
	if len(figures.Closed) != 1 || figures.Closed[0].Key != "reported_unconfirmed" {
		t.Errorf("statistics say %v, and mix it with what was confirmed", figures.Closed)
	}
}

// TestDowntimeRemindsBeforeItCloses closes nobody's request unasked because the
// service was away while the time ran out.
func TestDowntimeRemindsBeforeItCloses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	b.reported(t, r)
	b.passDays(t, 30)
	if got := b.get(t, r); got.Stage != string(Open) || len(b.reminders(t)) != 1 {
		t.Errorf("after a month away it is %s after %v", got.Stage, b.reminders(t))
	}
}

func TestAnAnswerEndsTheSilence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	match := b.reported(t, r)
	b.passDays(t, 2)
	b.passDays(t, 2)
	b.hearNow(t, r, match, 2, matchDisputed)
	b.passDays(t, 30)
	if got := b.get(t, r); got.State != string(Disputed) {
		t.Errorf("a disputed request became %s", got.State)
	}
}

func TestALateConfirmationCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	match := b.reported(t, r)
	b.passDays(t, 2)
	b.passDays(t, 2)
	b.passDays(t, 2)
	b.hearNow(t, r, match, 2, matchConfirmed)
	got := b.get(t, r)
	if got.State != string(Confirmed) || got.ClosedReason != "confirmed" || got.Stage != string(Closed) {
		t.Errorf("after the late word it is %s, %s, %s", got.State, got.ClosedReason, got.Stage)
	}
	reopened, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(r.ID), Move: moveReopen, Reason: "demo"})
	must(t, err)
	if reopened.State != string(Reopened) {
		t.Errorf("reopened it is %s: no queue shows it", reopened.State)
	}
}

// TestReopeningEndsTheSilence does not close at once, by what was asked before,
// what somebody has just reopened.
func TestReopeningEndsTheSilence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	b.reported(t, r)
	for range 3 {
		b.passDays(t, 2)
	}
	reopened, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(r.ID), Move: moveReopen, Reason: "demo"})
	must(t, err)
	if reopened.State != string(ReportedFulfilled) {
		t.Errorf("reopened it is %s", reopened.State)
	}
	b.passDays(t, 1)
	if got := b.get(t, r); got.Stage != string(Open) {
		t.Errorf("a day later it is %s again", got.Stage)
	}
}

func TestFollowUpDates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, staff := b.opened(t), as(t, contract.RoleCoordinator, xian)
	at := b.clock.Now().Add(36 * time.Hour)
	_, err := b.FollowUp(staff, contract.FollowUp{ID: r.ID, At: &at})
	must(t, err)
	_, err = b.FollowUp(as(t, contract.RoleCoordinator, hubei), contract.FollowUp{ID: r.ID, At: &at})
	wantFault(t, err, fault.NotFound, "not_found")
	past := b.clock.Now()
	_, err = b.FollowUp(staff, contract.FollowUp{ID: r.ID, At: &past})
	wantFault(t, err, fault.Invalid, "invalid")
	b.wantDue(t, 0)
	b.passDays(t, 2)
	b.wantDue(t, 1)
	if got := b.reminders(t); len(got) != 1 || got[0] != "follow_up_due" {
		t.Errorf("told %v", got)
	}
	must(t, b.move(staff, r, moveClaim))
	b.wantDue(t, 1) // a date that staff set is theirs to end
	_, err = b.FollowUp(staff, contract.FollowUp{ID: r.ID})
	must(t, err)
	b.wantDue(t, 0)
}

func (b *bench) wantDue(t *testing.T, want int) {
	t.Helper()
	staff := as(t, contract.RoleCoordinator, xian)
	listing, err := b.List(staff, contract.ListRequests{Queue: contract.QueueDue})
	must(t, err)
	counts, err := b.Count(staff, contract.Empty{})
	must(t, err)
	if len(listing.Items) != want || counts.Queues[contract.QueueDue] != int64(want) {
		t.Fatalf("%d listed and %d counted as due, want %d", len(listing.Items), counts.Queues[contract.QueueDue], want)
	}
}

func TestMissingNewsAreRaisedByUrgency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	urgent := b.opened(t)
	routine := b.opened(t, func(d *contract.RequestDraft) { d.Urgency = contract.Routine })
	b.opened(t) // nobody works on it: that is another queue
	match := contract.NewID[contract.MatchID]()
	b.hearNow(t, urgent, match, 1, matchInProgress)
	b.hearNow(t, routine, contract.NewID[contract.MatchID](), 1, matchInProgress)
	b.passDays(t, 2)
	b.wantDue(t, 1)
	if b.get(t, urgent).FollowUpAt == nil {
		t.Error("the urgent one is not raised")
	}
	b.hearNow(t, urgent, match, 2, matchReportedDone)
	b.wantDue(t, 0)
	b.passDays(t, 8)
	if b.get(t, routine).FollowUpAt == nil {
		t.Error("after a week the routine one is not raised")
	}
}
