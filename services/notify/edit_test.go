package notify

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// audited answers as the directory does and tells what it was given.
func (b *bench) audited(t *testing.T) <-chan contract.AuditEntry {
	t.Helper()
	nats := testkit.NATS(t)
	entries := make(chan contract.AuditEntry, 16)
	server, err := bus.NewServer(testkit.Bus(t, nats, "directory"), "directory")
	must(t, err)
	t.Cleanup(server.Stop)
	must(t, bus.Handle(server, contract.DirectoryAudit, func(_ context.Context, e contract.AuditEntry) (contract.Empty, error) {
		entries <- e
		return contract.Empty{}, nil
	}))
	b.bus = testkit.Bus(t, nats, "notify")
	return entries
}

// proving is somebody who answers a proof, and everything else with 204.
func proving(t *testing.T, b *bench) *receiver {
	t.Helper()
	return newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Errorf("read: %v", err)
		}
		id := contract.EventID(q.Header.Get("webhook-id"))
		if strings.Contains(string(body), typeVerify) {
			_, _ = w.Write([]byte(b.challenge(id)))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func TestAMovedEndpointLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	entries := b.audited(t)
	ctx := as(t, contract.RoleIntegrator, xian)
	old, next := newReceiver(t, status(http.StatusServiceUnavailable)), proving(t, b)
	w := b.register(t, xian, old.URL)
	due := fact("accepted")
	b.hear(t, due)
	b.run(t) // it fails, and is due again
	b.guard.allow = nil
	edit := contract.EditWebhook{ID: w.ID, Version: w.Version, URL: new("https://hook.example.org/in"), Key: "k", BodyHash: "h"}
	moved, err := b.Edit(ctx, edit)
	must(t, err)
	if moved.State != stateUnverified || moved.URL != *edit.URL || moved.Version != w.Version+1 {
		t.Fatalf("moved %+v", moved)
	}
	again, err := b.Edit(ctx, edit)
	must(t, err)
	if again.Version != moved.Version {
		t.Errorf("a repeat makes version %d of %d", again.Version, moved.Version)
	}
	late := fact("confirmed") // while nobody has proven the address
	b.hear(t, late)
	if sent := len(old.got()); sent != 1 {
		t.Fatalf("the former address got %d", sent)
	}
	// It is moved once more, to where somebody answers.
	b.guard.allow = loopback.WebhookAllow
	_, err = b.admin.ExecContext(t.Context(), `UPDATE notify.endpoints SET url = $2 WHERE id = $1`, w.ID, next.URL)
	must(t, err)
	b.run(t)
	if now := b.shown(t, w); now.State != stateActive {
		t.Fatalf("proven: %+v", now)
	}
	b.clock.Advance(schedule[1] * 2)
	b.run(t)
	var got []string
	for _, q := range next.got() {
		if !q.verifies(t, w.Secret) {
			t.Error("the secret did not stay")
		}
		got = append(got, q.header.Get("webhook-id"))
	}
	if !slices.Contains(got, string(due.ID)) || !slices.Contains(got, string(late.ID)) {
		t.Errorf("the new address got %v, want %s and %s", got, due.ID, late.ID)
	}
	if e := <-entries; e.Action != contract.ActMoveEndpoint || e.SubjectID != string(w.ID) || len(entries) != 0 {
		t.Errorf("audited %+v and %d more", e, len(entries))
	}
}

// TestWhoAnswersAtTheFormerAddressProvesNothing of the new one.
func TestWhoAnswersAtTheFormerAddressProvesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	b.audited(t)
	ctx := as(t, contract.RoleIntegrator, xian)
	w := b.register(t, xian, somewhere)
	_, err := b.worker.takeDeliveries(t.Context(), b.now(), b.now().Add(leaseTime), 1) // a proof is under way
	must(t, err)
	edit := contract.EditWebhook{ID: w.ID, Version: w.Version, URL: new(somewhere + "/2")}
	_, err = b.Edit(ctx, edit)
	wantFault(t, err, fault.Conflict, "endpoint_tried")
	b.clock.Advance(2 * leaseTime)
	moved, err := b.Edit(ctx, edit)
	must(t, err)
	list := b.deliveries(t, w)
	if moved.State != stateUnverified || len(list) != 2 || list[0].State != statePending || list[1].State != stateDead || list[1].Reason != reasonMoved {
		t.Errorf("moved %+v, deliveries %+v", moved, list)
	}
}

func TestEventsAreChangedAndWrongEditsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	entries := b.audited(t)
	ctx := as(t, contract.RoleIntegrator, xian)
	r := newReceiver(t, status(http.StatusOK))
	w := b.register(t, xian, r.URL, "request.*")
	changed, err := b.Edit(ctx, contract.EditWebhook{ID: w.ID, Version: w.Version, Events: []string{"match.accepted"}, Description: new("ours")})
	must(t, err)
	if changed.State != stateActive || changed.Description != "ours" || changed.URL != w.URL {
		t.Errorf("changed %+v", changed)
	}
	b.hear(t, need("open", contract.Soon))
	b.hear(t, fact("accepted"))
	b.run(t)
	if d := b.only(t, w); d.Type != "heli.match.accepted" {
		t.Errorf("it hears of %s", d.Type)
	}
	for name, q := range map[string]contract.EditWebhook{
		"no events":           {Events: []string{}},
		"an event of nothing": {Events: []string{"nothing.at.all"}},
		"a secret":            {URL: &w.URL, Secret: "mine"},
		"a secret alone":      {Secret: "mine"},
		"a private address":   {URL: new("http://10.0.0.1/")},
	} {
		q.ID, q.Version = w.ID, changed.Version
		if _, err := b.Edit(ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = b.Edit(ctx, contract.EditWebhook{ID: w.ID, Version: w.Version, Description: new("stale")})
	wantFault(t, err, fault.Conflict, "stale_version")
	_, err = b.Edit(as(t, contract.RoleIntegrator, hubei), contract.EditWebhook{ID: w.ID, Version: changed.Version})
	wantFault(t, err, fault.NotFound, "not_found")
	if e := <-entries; e.Action != contract.ActEditEndpoint || e.Reason != "events match.accepted, description" || len(entries) != 0 {
		t.Errorf("audited %+v and %d more", e, len(entries))
	}
}

func TestTheKeyOfARobotIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	b.audited(t)
	former, fresh := group(t, contract.KindFeishu), group(t, contract.KindFeishu)
	w := b.robot(t, contract.KindFeishu, former.URL+"/hook/former-key-1234", func(d *contract.WebhookDraft) { d.Secret = "SECret-of-the-former" })
	edited, err := b.Edit(as(t, contract.RoleIntegrator, xian), contract.EditWebhook{
		ID: w.ID, Version: b.shown(t, w).Version, URL: new(fresh.URL + "/hook/fresh-key-5678"), Secret: "SECret-of-the-fresh",
	})
	must(t, err)
	if edited.State != stateUnverified || strings.Contains(edited.URL, "fresh-key") {
		t.Errorf("edited %+v", edited)
	}
	e := need("submitted", contract.Critical)
	b.hear(t, e)
	b.run(t)
	b.clock.Advance(vendors[contract.KindFeishu].pace)
	b.run(t)
	if got := b.shown(t, w); got.State != stateActive || len(former.got()) != 1 || len(fresh.said(t)) != 2 {
		t.Errorf("%+v: the former group heard %d, the new one %v", got, len(former.got()), fresh.said(t))
	}
}
