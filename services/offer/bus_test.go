package offer

import (
	"context"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestContactIsReadWithARecord(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	o := b.available(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	_, err := b.Contact(ctx, contract.ContactReading{ID: string(o.ID)})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Contact(as(t, contract.RoleIntegrator, xian), contract.ContactReading{ID: string(o.ID), Reason: "x"})
	wantFault(t, err, fault.Forbidden, "")
	if len(d.entries) > 0 {
		t.Fatal("a refused reading left a record")
	}
	got, err := b.Contact(ctx, contract.ContactReading{ID: string(o.ID), Reason: "call back"})
	must(t, err)
	if got.Phone != "+8610000001234" || got.Name != "演示乙" {
		t.Errorf("read %v", got)
	}
	if e := <-d.entries; e.SubjectID != string(o.ID) || e.Path != xian || e.Reason != "call back" {
		t.Errorf("recorded %+v", e)
	}
	own, err := b.Contact(asOfferer(t, o.ID), contract.ContactReading{ID: string(o.ID)})
	must(t, err)
	if own != got || len(d.entries) != 1 {
		t.Errorf("the helper read %v with %d records", own, len(d.entries))
	}
	d.refuse = true
	if got, err := b.Contact(ctx, contract.ContactReading{ID: string(o.ID), Reason: "call back"}); !fault.Is(err, fault.Unavailable) || got != (contract.Contact{}) {
		t.Errorf("without a record: %v, %v", got, err)
	}
}

// TestRequesterReadsAfterRelease hears the release after the begin, as may happen.
func TestRequesterReadsAfterRelease(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	o, other := b.available(t), b.available(t)
	match := newMatch()
	request := string(matchFact(o, 0, match, 1, "proposed", 10).Data.RequestID)
	ctx := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleRequester, Subject: request})
	for _, step := range []struct {
		version int64
		state   string
		may     bool
	}{{1, "proposed", false}, {2, "accepted", false}, {4, "in_progress", false}, {3, "contact_released", true}, {5, "reported_done", true}, {6, "cancelled", false}} {
		b.hear(t, matchFact(o, 0, match, step.version, step.state, 10))
		if _, err := b.Contact(ctx, contract.ContactReading{ID: string(o.ID)}); (err == nil) != step.may {
			t.Errorf("after %s: %v", step.state, err)
		}
		_, err := b.Contact(ctx, contract.ContactReading{ID: string(other.ID)})
		wantFault(t, err, fault.NotFound, "")
	}
}

func TestUnverifiedPhoneIsNotReleased(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	o := b.offered(t)
	e := matchFact(o, 0, newMatch(), 1, "contact_released", 10)
	b.hear(t, e)
	ctx := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleRequester, Subject: string(e.Data.RequestID)})
	_, err := b.Contact(ctx, contract.ContactReading{ID: string(o.ID)})
	wantFault(t, err, fault.Conflict, "phone_unverified")
}

// TestRun speaks to the running service over NATS and lets it hear of a match,
// each fact three times.
func TestRun(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	b := setupWith(t, testkit.NewDatabase(t, "offer"), testkit.Bus(t, server, "offer"))
	(&directory{entries: make(chan contract.AuditEntry, 16)}).run(t, testkit.Bus(t, server, "directory"))
	web := testkit.Bus(t, server, "web")
	ready := make(chan struct{})
	b.deps.Ready = func() { close(ready) }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, b.deps, Config{}) }()
	<-ready
	d := draft()
	d.State = "available"
	coordinator := as(t, contract.RoleCoordinator, xian)
	answer, err := bus.Call(coordinator, web, contract.OfferSubmit, fresh(d))
	must(t, err)
	matcher, match := testkit.Bus(t, server, "matcher"), newMatch()
	for _, version := range []int64{1, 2, 2, 2} {
		state := map[int64]string{1: "proposed", 2: "accepted"}[version]
		_, err := matcher.Publish(t.Context(), matchFact(answer, 0, match, version, state, 10))
		must(t, err)
	}
	for state := answer.State; state != string(Exhausted); {
		got, err := bus.Call(coordinator, web, contract.OfferGet, contract.GetByID{ID: string(answer.ID)})
		must(t, err)
		state = got.State
	}
	listing, err := bus.Call(coordinator, web, contract.OfferList, contract.ListOffers{})
	must(t, err)
	if len(listing.Items) != 1 || listing.Items[0].OfferLines[0].Reserved != 10 {
		t.Errorf("listed %+v", listing.Items)
	}
	stop()
	must(t, <-ended)
}
