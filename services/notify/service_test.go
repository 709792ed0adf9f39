package notify

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

const somewhere = "https://hook.example.org/in"

func draft(change ...func(*contract.WebhookDraft)) contract.WebhookDraft {
	d := contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), URL: somewhere, Events: []string{"heli.match.*", "request.open"},
		Description: "our system", Key: contract.NewID[string](), BodyHash: "hash",
	}
	for _, f := range change {
		f(&d)
	}
	return d
}

func TestRegisterIsIdempotent(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	ctx := as(t, contract.RoleCoordinator, xian)
	d := draft()
	first, err := b.Register(ctx, d)
	must(t, err)
	if first.Organisation != "xian" || first.State != stateUnverified || first.Events[0] != "match.*" || !strings.HasPrefix(first.Secret, secretPrefix) {
		t.Errorf("webhook %+v", first)
	}
	for name, again := range map[string]contract.WebhookDraft{
		"same key":         d,
		"without a key":    draft(func(x *contract.WebhookDraft) { x.ID, x.Key = d.ID, "" }),
		"same key, new id": draft(func(x *contract.WebhookDraft) { x.Key = d.Key }),
	} {
		second, err := b.Register(ctx, again)
		must(t, err)
		if second.ID != first.ID || second.Secret != first.Secret || second.Version != first.Version {
			t.Errorf("%s: %+v", name, second)
		}
	}
	_, err = b.Register(ctx, draft(func(x *contract.WebhookDraft) { x.Key, x.BodyHash = d.Key, "other" }))
	wantFault(t, err, fault.Conflict, idempotency.ErrReused.Code)
	_, err = b.Register(ctx, draft(func(x *contract.WebhookDraft) { x.ID, x.URL = d.ID, somewhere+"/2" }))
	wantFault(t, err, fault.Conflict, "id_taken")
	_, err = b.Register(as(t, contract.RoleCoordinator, hubei), draft(func(x *contract.WebhookDraft) { x.ID = d.ID }))
	wantFault(t, err, fault.Conflict, "id_taken")

	if d := b.only(t, first); d.Type != typeVerify {
		t.Errorf("delivery %+v", d)
	}
	rotated, err := b.Rotate(ctx, contract.WebhookByID{ID: first.ID})
	must(t, err)
	late, err := b.Register(ctx, d)
	must(t, err)
	if late.Secret != "" || rotated.Secret == first.Secret {
		t.Error("a secret is shown after its rotation")
	}
}

func TestSecretsAreNowhereInClear(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	// A careless receiver that says all it knows.
	var secret string
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("I have " + secret)) })
	w, err := b.Register(as(t, contract.RoleIntegrator, xian), draft(func(x *contract.WebhookDraft) { x.URL, x.Events = r.URL, []string{"*"} }))
	must(t, err)
	secret = strings.TrimPrefix(w.Secret, secretPrefix)
	b.hear(t, fact("accepted"))
	b.run(t)
	if got := b.only(t, w).Attempts[0].Answer; got != "I have …" {
		t.Errorf("answer %q", got)
	}
	if b.shown(t, w).Secret != "" {
		t.Error("the secret is shown again")
	}
	var tables []string
	must(t, b.admin.SelectContext(t.Context(), &tables, `SELECT tablename FROM pg_tables WHERE schemaname = 'notify'`))
	for _, table := range tables {
		var rows []string
		must(t, b.admin.SelectContext(t.Context(), &rows, `SELECT x::text FROM notify.`+table+` x`))
		if strings.Contains(strings.Join(rows, "\n"), secret) {
			t.Errorf("%s holds the secret in clear", table)
		}
		if strings.Contains(strings.Join(rows, "\n"), "violence") {
			t.Errorf("%s holds a reason for closing", table)
		}
	}
}

func TestWrongDraftsNameEveryField(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	_, err := b.Register(as(t, contract.RoleIntegrator, xian), contract.WebhookDraft{
		ID: "x", URL: "http://10.0.0.1/", Events: []string{"match.*", "heli.match.*", "nothing.at.all"}, Description: strings.Repeat("a", 201),
	})
	wantFault(t, err, fault.Invalid, "")
	got := map[string]string{}
	for _, f := range fault.As(err).Fields {
		got[f.Location] = f.Code
	}
	for location, code := range map[string]string{
		"id": "malformed", "url": codeURL, "events[1]": codeDuplicate, "events[2]": codeEvent, "description": "too_long",
	} {
		if got[location] != code {
			t.Errorf("%s: %q, want %q", location, got[location], code)
		}
	}
	_, err = b.Register(as(t, contract.RoleIntegrator, xian), draft(func(x *contract.WebhookDraft) { x.Events = nil }))
	wantFault(t, err, fault.Invalid, "")
}

func TestRights(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	for _, role := range []contract.Role{contract.RolePublic, contract.RoleHelper, contract.RoleAuditor, contract.RoleAgencyLead, contract.RoleRequester} {
		ctx := as(t, role, xian)
		_, err := b.Register(ctx, draft())
		wantFault(t, err, fault.Forbidden, "")
		_, err = b.Webhooks(ctx, contract.ListWebhooks{})
		wantFault(t, err, fault.Forbidden, "")
		_, err = b.Events(ctx, contract.PullEvents{})
		wantFault(t, err, fault.Forbidden, "")
		_, err = b.Remove(ctx, contract.WebhookByID{ID: contract.NewID[contract.EndpointID]()})
		wantFault(t, err, fault.Forbidden, "")
	}
}

func TestForeignEndpointsAreUnknown(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	own := b.register(t, xian, r.URL+"/xian")
	foreign := b.register(t, hubei, r.URL+"/hubei")
	b.hear(t, fact("accepted", xian))
	b.run(t)
	if n := len(b.deliveries(t, foreign)); n != 0 {
		t.Fatalf("%d deliveries crossed organisations", n)
	}
	delivery := b.only(t, own).ID
	for _, id := range []contract.EndpointID{own.ID, contract.NewID[contract.EndpointID](), "x", ""} {
		ctx := as(t, contract.RoleAdministrator, hubei)
		for name, err := range map[string]error{
			"webhook":    second(b.Webhook(ctx, contract.WebhookByID{ID: id})),
			"remove":     second(b.Remove(ctx, contract.WebhookByID{ID: id})),
			"rotate":     second(b.Rotate(ctx, contract.WebhookByID{ID: id})),
			"test":       second(b.Test(ctx, contract.WebhookByID{ID: id})),
			"deliveries": second(b.Deliveries(ctx, contract.ListDeliveries{EndpointID: id})),
			"replay":     second(b.Replay(ctx, contract.ReplayDeliveries{EndpointID: id})),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s of %q: %v", name, id, err)
			}
		}
	}
	_, err := b.Replay(as(t, contract.RoleAdministrator, hubei), contract.ReplayDeliveries{EndpointID: foreign.ID, IDs: []contract.DeliveryID{delivery}})
	wantFault(t, err, fault.NotFound, "")
	for path, want := range map[string]int{xian: 1, shaanxi: 1, hubei: 1, contract.RootPath: 2, "root/shaanxi/xianyang/": 0} {
		list, err := b.Webhooks(as(t, contract.RoleCoordinator, path), contract.ListWebhooks{})
		must(t, err)
		if len(list.Items) != want {
			t.Errorf("%s sees %d endpoints, want %d", path, len(list.Items), want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestPatternsChoose(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	for pattern, want := range map[string]int{"*": 2, "match.*": 2, "match.accepted": 1, "heli.match.confirmed": 1, "request.*": 0} {
		w := b.register(t, shaanxi, r.URL, pattern)
		b.hear(t, fact("accepted"))
		b.hear(t, fact("confirmed"))
		if got := len(b.deliveries(t, w)); got != want {
			t.Errorf("%s: %d deliveries, want %d", pattern, got, want)
		}
		_, err := b.Remove(as(t, contract.RoleIntegrator, shaanxi), contract.WebhookByID{ID: w.ID})
		must(t, err)
	}
}

func TestRemoveEndsWhatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	w := b.register(t, xian, r.URL)
	b.hear(t, fact("accepted"))
	ctx := as(t, contract.RoleIntegrator, xian)
	_, err := b.Remove(ctx, contract.WebhookByID{ID: w.ID})
	must(t, err)
	b.run(t)
	var reasons []string
	must(t, b.admin.SelectContext(t.Context(), &reasons, `SELECT state || ' ' || reason FROM notify.deliveries`))
	if len(reasons) != 1 || reasons[0] != "dead endpoint_removed" || len(r.got()) != 0 {
		t.Errorf("deliveries %v, %d requests", reasons, len(r.got()))
	}
	_, err = b.Webhook(ctx, contract.WebhookByID{ID: w.ID})
	wantFault(t, err, fault.NotFound, "")
}

func TestReplayChooses(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	ok := false
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if !ok {
			w.WriteHeader(http.StatusGone)
		}
	})
	w := b.register(t, xian, r.URL)
	old := fact("accepted")
	b.hear(t, old)
	since := b.clock.Advance(time.Hour)
	b.hear(t, fact("accepted"))
	b.hear(t, fact("confirmed"))
	b.run(t)
	ok = true
	ctx := as(t, contract.RoleIntegrator, xian)
	_, err := b.Test(ctx, contract.WebhookByID{ID: w.ID})
	must(t, err)
	b.run(t)
	for _, c := range []struct {
		q    contract.ReplayDeliveries
		want int64
	}{
		{contract.ReplayDeliveries{DeliverySpan: contract.DeliverySpan{Since: &since, Types: []string{"match.con*"}}}, -1},
		{contract.ReplayDeliveries{DeliverySpan: contract.DeliverySpan{Since: &since, Types: []string{"heli.match.confirmed"}}}, 1},
		{contract.ReplayDeliveries{DeliverySpan: contract.DeliverySpan{Since: &since}}, 1},
		{contract.ReplayDeliveries{}, 1},
		{contract.ReplayDeliveries{}, 0},
	} {
		c.q.EndpointID = w.ID
		got, err := b.Replay(ctx, c.q)
		if c.want < 0 {
			wantFault(t, err, fault.Invalid, "")
			continue
		}
		must(t, err)
		if got.Count != c.want {
			t.Errorf("%+v: %d, want %d", c.q, got.Count, c.want)
		}
		b.run(t)
	}
	list := b.deliveries(t, w)
	named := list[len(list)-1]
	if named.EventID != old.ID || named.State != stateDelivered {
		t.Fatalf("delivery %+v", named)
	}
	got, err := b.Replay(ctx, contract.ReplayDeliveries{EndpointID: w.ID, IDs: []contract.DeliveryID{named.ID, named.ID}})
	must(t, err)
	before := len(r.got())
	b.run(t)
	all := r.got()
	if got.Count != 1 || len(all) != before+1 || all[before].header.Get("webhook-id") != string(old.ID) {
		t.Errorf("replayed %d, %d new requests", got.Count, len(all)-before)
	}
	_, err = b.Replay(ctx, contract.ReplayDeliveries{EndpointID: w.ID, IDs: []contract.DeliveryID{named.ID, contract.NewID[contract.DeliveryID]()}})
	wantFault(t, err, fault.NotFound, "")
}

func TestListsAreWholeOverPages(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	ctx := as(t, contract.RoleIntegrator, xian)
	var w contract.Webhook
	for range 5 {
		w = b.register(t, xian, r.URL) // all in one moment
	}
	for range 5 {
		b.hear(t, fact("accepted"))
	}
	webhooks, deliveries := map[contract.EndpointID]bool{}, map[contract.DeliveryID]bool{}
	for next := ""; ; {
		list, err := b.Webhooks(ctx, contract.ListWebhooks{Page: contract.Page{Limit: 2, Cursor: next}})
		must(t, err)
		for _, item := range list.Items {
			webhooks[item.ID] = true
		}
		if next = list.NextCursor; next == "" {
			break
		}
	}
	for next := ""; ; {
		list, err := b.Deliveries(ctx, contract.ListDeliveries{EndpointID: w.ID, States: []string{statePending}, Page: contract.Page{Limit: 2, Cursor: next}})
		must(t, err)
		for _, item := range list.Items {
			deliveries[item.ID] = true
		}
		if next = list.NextCursor; next == "" {
			break
		}
	}
	if len(webhooks) != 5 || len(deliveries) != 5 {
		t.Errorf("%d webhooks, %d deliveries", len(webhooks), len(deliveries))
	}
	dead, err := b.Deliveries(ctx, contract.ListDeliveries{EndpointID: w.ID, States: []string{stateDead}})
	must(t, err)
	if len(dead.Items) != 0 {
		t.Errorf("%d dead", len(dead.Items))
	}
	_, err = b.Deliveries(ctx, contract.ListDeliveries{EndpointID: w.ID, States: []string{"lost"}})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Webhooks(ctx, contract.ListWebhooks{Page: contract.Page{Cursor: "?"}})
	wantFault(t, err, fault.Invalid, "")
}
