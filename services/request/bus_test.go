package request

import (
	"context"
	"slices"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestContactIsReadWithARecord(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	_, err := b.Contact(ctx, contract.ContactReading{ID: string(r.ID)})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Contact(as(t, contract.RoleIntegrator, xian), contract.ContactReading{ID: string(r.ID), Reason: "x"})
	wantFault(t, err, fault.Forbidden, "")
	_, err = b.Contact(as(t, contract.RolePublic, ""), contract.ContactReading{ID: string(r.ID), Reason: "x"})
	wantFault(t, err, fault.NotFound, "")
	if len(d.entries) > 0 {
		t.Fatal("a refused reading left a record")
	}
	got, err := b.Contact(ctx, contract.ContactReading{ID: string(r.ID), Reason: "call back"})
	must(t, err)
	if got.Phone != "+8610000001234" || got.Name != "演示甲" {
		t.Errorf("read %v", got)
	}
	if e := <-d.entries; e.SubjectID != string(r.ID) || e.Path != xian || e.Reason != "call back" {
		t.Errorf("recorded %+v", e)
	}
	own, err := b.Contact(asRequester(t, r.ID), contract.ContactReading{ID: string(r.ID)})
	must(t, err)
	if own != got || len(d.entries) != 1 {
		t.Errorf("the requester read %v with %d records", own, len(d.entries))
	}
	d.refuse = true
	if got, err := b.Contact(ctx, contract.ContactReading{ID: string(r.ID), Reason: "call back"}); !fault.Is(err, fault.Unavailable) || got != (contract.Contact{}) {
		t.Errorf("without a record: %v, %v", got, err)
	}
}

// TestHelperReadsAfterRelease hears the release after the begin, as may happen.
func TestHelperReadsAfterRelease(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r := b.opened(t)
	match := contract.NewID[contract.MatchID]()
	ctx := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleAnswerer, Subject: string(match)})
	read := func() error {
		_, err := b.Contact(ctx, contract.ContactReading{ID: string(r.ID), Reason: "answer"})
		return err
	}
	for _, step := range []struct {
		version int64
		state   string
		may     bool
	}{{1, "proposed", false}, {2, "accepted", false}, {4, "in_progress", false}, {3, "contact_released", true}, {5, "reported_done", true}, {6, "cancelled", false}} {
		b.hear(t, matchFact(r, 0, match, step.version, step.state, 10))
		if err := read(); (err == nil) != step.may {
			t.Errorf("after %s: %v", step.state, err)
		}
	}
	other := b.opened(t)
	_, err := b.Contact(ctx, contract.ContactReading{ID: string(other.ID), Reason: "answer"})
	wantFault(t, err, fault.NotFound, "")
}

func TestUnverifiedPhoneIsNotReleased(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft()))
	must(t, err)
	match := contract.NewID[contract.MatchID]()
	b.hear(t, matchFact(r, 0, match, 1, "contact_released", 10))
	ctx := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleAnswerer, Subject: string(match)})
	_, err = b.Contact(ctx, contract.ContactReading{ID: string(r.ID)})
	wantFault(t, err, fault.Conflict, "phone_unverified")
}

func TestReferral(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r := b.opened(t)
	former, next := as(t, contract.RoleCoordinator, xian), as(t, contract.RoleCoordinator, hubei)
	m := contract.Move{ID: string(r.ID), Move: "refer", Reason: "nearer"}
	_, err := b.Move(former, m)
	wantFault(t, err, fault.Invalid, "")
	m.To = "nowhere"
	_, err = b.Move(former, m)
	wantFault(t, err, fault.Invalid, "")
	m.To = "xian"
	_, err = b.Move(former, m)
	wantFault(t, err, fault.Conflict, "same_organisation")
	m.To = "hubei"
	moved, err := b.Move(former, m)
	must(t, err)
	if moved.State != "referred" {
		t.Errorf("referred is %s", moved.State)
	}
	_, err = b.Get(former, contract.GetByID{ID: string(r.ID)})
	wantFault(t, err, fault.NotFound, "")
	got, err := b.Get(next, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if got.Organisation != "hubei" || !slices.Contains(got.Moves, "triage") {
		t.Errorf("the next owner got %+v", got)
	}
	if n := b.count(t, `SELECT count(*) FROM request.history WHERE referred_from = 'xian' AND referred_to = 'hubei'`); n != 1 {
		t.Errorf("%d referrals kept, want 1", n)
	}
}

// TestRun speaks to the running service over NATS and lets it hear of a match.
func TestRun(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	b := setupWith(t, testkit.NewDatabase(t, "request"), testkit.Bus(t, server, "request"))
	(&directory{entries: make(chan contract.AuditEntry, 16)}).run(t, testkit.Bus(t, server, "directory"))
	web := testkit.Bus(t, server, "web")
	ready := make(chan struct{})
	b.deps.Ready = func() { close(ready) }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, b.deps, Config{}) }()
	<-ready
	d := draft()
	d.State = "open"
	answer, err := bus.Call(as(t, contract.RoleCoordinator, xian), web, contract.RequestSubmit, submission1(d))
	must(t, err)
	matcher, match := testkit.Bus(t, server, "matcher"), contract.NewID[contract.MatchID]()
	for i, state := range []string{"proposed", "accepted"} {
		_, err := matcher.Publish(t.Context(), matchFact(answer, 0, match, int64(i+1), state, 10))
		must(t, err)
	}
	for state := answer.State; state != string(Matched); {
		got, err := bus.Call(as(t, contract.RoleCoordinator, xian), web, contract.RequestGet, contract.GetByID{ID: string(answer.ID)})
		must(t, err)
		state = got.State
	}
	listing, err := bus.Call(as(t, contract.RoleCoordinator, xian), web, contract.RequestList, contract.ListRequests{})
	must(t, err)
	if len(listing.Items) != 1 || listing.Items[0].State != string(Matched) {
		t.Errorf("listed %+v", listing.Items)
	}
	stop()
	must(t, <-ended)
}
