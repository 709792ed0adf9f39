package intake

import (
	"context"
	"testing"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func submission(key string) contract.SubmitRequest {
	return contract.SubmitRequest{
		Key: key, BodyHash: "hash", ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(),
		Draft: contract.RequestDraft{
			Title: "Masks", Urgency: contract.Urgent, Mode: contract.ModeDelivery, RegionCode: "610113",
			NeedLines: []contract.NeedLine{{Category: "ppe", Unit: "piece"}},
			Contact:   contract.Contact{Name: "Zhang", Phone: "13800001234"},
			Consent:   contract.Consent{Version: "1", Purposes: []string{"matching"}},
		},
	}
}

// setup returns an intake, and a function that starts a request service which
// answers in the given way.
func setup(t *testing.T) (*Intake, app.Deps, func(func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error))) {
	t.Helper()
	world := testkit.NewWorld(t, "web")
	d := world.Deps(t, "web")
	return New(d), d, func(answer func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error)) {
		server, err := bus.NewServer(testkit.Bus(t, world.Server, "request"), "request")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		if err := bus.Handle(server, contract.RequestSubmit, answer); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryStatementIsValid(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, "web").Open(t, "web")
	for _, q := range statements() {
		statement, err := db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if err := statement.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSpooledIsPassedOnAsItWas(t *testing.T) {
	t.Parallel()
	i, _, serve := setup(t)
	staff := contract.Actor{Role: contract.RoleCoordinator, Name: "Li", Path: "root/shaanxi/"}
	q := submission("k1")
	answer, spooled, err := i.SubmitRequest(contract.WithActor(t.Context(), staff), q)
	if err != nil || !spooled || answer.ID != q.ID || answer.NeedLines[0].ID == "" || answer.State != "submitted" {
		t.Fatalf("answer %+v, spooled %v, %v", answer, spooled, err)
	}
	var got contract.SubmitRequest
	var actor contract.Actor
	serve(func(ctx context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
		got, actor = q, contract.ActorFrom(ctx)
		return contract.SubmittedRequest{ID: q.ID, Code: q.Code, State: "submitted"}, nil
	})
	if err := i.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.Key != "k1" || got.Draft.NeedLines[0].ID != answer.NeedLines[0].ID || got.Draft.Contact.Phone != "13800001234" || actor.Name != "Li" {
		t.Errorf("passed on %+v by %+v", got, actor)
	}
	if _, err := i.Spooled(t.Context(), string(q.ID)); !fault.Is(err, fault.NotFound) || i.Waiting() != 0 {
		t.Errorf("still spooled: %v, %d", err, i.Waiting())
	}
}

func TestRepeatsInTheSpool(t *testing.T) {
	t.Parallel()
	i, d, _ := setup(t)
	one := submission("k1")
	for _, intake := range []*Intake{i, New(d)} { // New stands for the process after a crash
		if _, _, err := intake.SubmitRequest(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		again := submission("k1")
		answer, spooled, err := intake.SubmitRequest(t.Context(), again)
		if err != nil || !spooled || answer.ID != one.ID {
			t.Errorf("a repeat gives %s, %v", answer.ID, err)
		}
		again.BodyHash = "another"
		if _, _, err := intake.SubmitRequest(t.Context(), again); !fault.Is(err, fault.Conflict) {
			t.Errorf("another body under the key: %v", err)
		}
	}
	for range 2 {
		if _, _, err := i.SubmitRequest(t.Context(), submission("")); err != nil {
			t.Error(err)
		}
	}
	if n, err := i.store.countSpooled(t.Context()); n != 3 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestUnavailableOnPassingOnKeepsTheRow(t *testing.T) {
	t.Parallel()
	i, d, serve := setup(t)
	q := submission("k1")
	if _, _, err := i.SubmitRequest(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	failure := error(fault.NewUnavailable(nil))
	first := contract.NewID[contract.RequestID]()
	serve(func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error) {
		return contract.SubmittedRequest{ID: first}, failure
	})
	clock := d.Clock()
	i.now = func() time.Time { return clock }
	for range 3 {
		if err := i.drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(time.Minute)
	}
	if i.Waiting() != 1 {
		t.Fatalf("%d wait", i.Waiting())
	}
	// The service had stored an earlier try whose answer was lost.
	failure = nil
	if err := i.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if id, err := i.First(t.Context(), string(q.ID)); err != nil || id != string(first) || i.Waiting() != 0 {
		t.Errorf("first id %s, %v, %d wait", id, err, i.Waiting())
	}
}

func TestRefusedStaysForPeopleToLookAt(t *testing.T) {
	t.Parallel()
	i, _, serve := setup(t)
	q := submission("k1")
	if _, _, err := i.SubmitRequest(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	serve(func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error) {
		return contract.SubmittedRequest{}, fault.NewInvalid(fault.Field{Location: "title", Code: "required"})
	})
	if err := i.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	spooled, err := i.Spooled(t.Context(), string(q.ID))
	if err != nil || !spooled.Refused {
		t.Errorf("spooled %+v, %v", spooled, err)
	}
	if err := i.store.purge(t.Context(), purgeRefusedSQL, q.SubmittedAt); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Spooled(t.Context(), string(q.ID)); err != nil {
		t.Errorf("gone before its time: %v", err)
	}
	if err := i.store.purge(t.Context(), purgeRefusedSQL, i.now().Add(RefusedKept)); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Spooled(t.Context(), string(q.ID)); !fault.Is(err, fault.NotFound) {
		t.Errorf("kept for good: %v", err)
	}
}

func TestWhatWouldBeRefusedIsNotSpooled(t *testing.T) {
	t.Parallel()
	i, _, _ := setup(t)
	q := submission("k1")
	q.Draft.Title, q.Draft.RegionCode, q.Draft.Contact.Phone = "", "999999", "12"
	_, _, err := i.SubmitRequest(t.Context(), q)
	if f := fault.As(err); !fault.Is(err, fault.Invalid) || len(f.Fields) != 3 {
		t.Errorf("error %v", err)
	}
	offer := contract.SubmitOffer{ID: contract.NewID[contract.OfferID](), Draft: contract.OfferDraft{Title: "x"}}
	if _, _, err := i.SubmitOffer(t.Context(), offer); !fault.Is(err, fault.Invalid) {
		t.Errorf("error %v", err)
	}
}
