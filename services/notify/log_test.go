package notify

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// logged is a log of six deliveries of three hours, one of which its receiver refused.
type logged struct {
	*bench
	receiver             *receiver
	webhook              contract.Webhook
	began, noon, evening time.Time
}

func setupLog(t *testing.T) logged {
	t.Helper()
	b := setup(t, loopback)
	answer := http.StatusOK
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answer) })
	w := b.register(t, xian, r.URL)
	began := b.clock.Now()
	b.hear(t, fact("accepted"))
	b.hear(t, need("open", contract.Soon))
	b.run(t)
	noon := b.clock.Advance(time.Hour)
	b.hear(t, fact("accepted"))
	b.hear(t, fact("reported_done"))
	b.run(t)
	evening := b.clock.Advance(time.Hour)
	answer = http.StatusGone
	b.hear(t, fact("confirmed"))
	b.run(t)
	answer = http.StatusOK
	_, err := b.Test(as(t, contract.RoleIntegrator, xian), contract.WebhookByID{ID: w.ID})
	must(t, err)
	b.run(t)
	return logged{b, r, w, began, noon, evening}
}

func TestTheLogIsSearchedByTypeStateAndTime(t *testing.T) {
	t.Parallel()
	b := setupLog(t)
	noon, evening := b.noon, b.evening
	late := evening.Add(time.Hour)
	for name, c := range map[string]struct {
		states []string
		span   contract.DeliverySpan
		want   int
	}{
		"all":            {nil, contract.DeliverySpan{}, 6},
		"state":          {[]string{"dead"}, contract.DeliverySpan{}, 1},
		"type":           {nil, contract.DeliverySpan{Types: []string{"match.accepted"}}, 2},
		"pattern":        {nil, contract.DeliverySpan{Types: []string{"heli.match.*"}}, 4},
		"underscore":     {nil, contract.DeliverySpan{Types: []string{"match.reported_done"}}, 1},
		"several types":  {nil, contract.DeliverySpan{Types: []string{"request.*", "match.confirmed"}}, 2},
		"since":          {nil, contract.DeliverySpan{Since: &noon}, 4},
		"until":          {nil, contract.DeliverySpan{Until: &noon}, 2},
		"a span":         {nil, contract.DeliverySpan{Since: &noon, Until: &evening}, 2},
		"type and span":  {[]string{"delivered"}, contract.DeliverySpan{Types: []string{"match.accepted"}, Since: &noon, Until: &late}, 1},
		"nothing fits":   {[]string{"pending"}, contract.DeliverySpan{}, 0},
		"never gathered": {[]string{"gathered", "digested"}, contract.DeliverySpan{}, 0},
	} {
		list, err := b.Deliveries(as(t, contract.RoleIntegrator, xian), contract.ListDeliveries{EndpointID: b.webhook.ID, States: c.states, DeliverySpan: c.span})
		must(t, err)
		if len(list.Items) != c.want {
			t.Errorf("%s: %d deliveries, want %d", name, len(list.Items), c.want)
		}
	}
}

// TestWhatIsFoundIsReplayed counts what a replay would send, and sends it.
func TestWhatIsFoundIsReplayed(t *testing.T) {
	t.Parallel()
	b := setupLog(t)
	ctx, w, r, began, noon := as(t, contract.RoleIntegrator, xian), b.webhook, b.receiver, b.began, b.noon
	before := len(r.got())
	again := contract.ReplayDeliveries{
		EndpointID: w.ID, States: []string{"dead", "delivered"}, DeliverySpan: contract.DeliverySpan{Types: []string{"match.*"}, Since: &noon},
	}
	preview := again
	preview.Preview = true
	for _, q := range []contract.ReplayDeliveries{preview, preview, again} {
		got, err := b.Replay(ctx, q)
		must(t, err)
		if got.Count != 3 {
			t.Errorf("preview %v counts %d, want 3", q.Preview, got.Count)
		}
		if n := len(b.pending(t, w)); (n > 0) == q.Preview {
			t.Errorf("after preview %v %d are due", q.Preview, n)
		}
	}
	b.run(t)
	if n := len(r.got()) - before; n != 3 {
		t.Errorf("%d were sent again, want 3", n)
	}
	if n := len(b.pending(t, w)); n != 0 {
		t.Errorf("%d are still due", n)
	}
	named, err := b.Replay(ctx, contract.ReplayDeliveries{EndpointID: w.ID, IDs: []contract.DeliveryID{b.deliveries(t, w)[0].ID}, Preview: true})
	must(t, err)
	if named.Count != 1 || len(b.pending(t, w)) != 0 {
		t.Errorf("a preview of one counts %d", named.Count)
	}
	for name, q := range map[string]contract.ReplayDeliveries{
		"state": {States: []string{"pending"}}, "span": {DeliverySpan: contract.DeliverySpan{Since: &noon, Until: &began}},
		"type": {DeliverySpan: contract.DeliverySpan{Types: []string{"everything"}}},
	} {
		q.EndpointID = w.ID
		if _, err := b.Replay(ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (b *bench) pending(t *testing.T, w contract.Webhook) []contract.Delivery {
	t.Helper()
	list, err := b.Deliveries(as(t, contract.RoleAdministrator, contract.RootPath), contract.ListDeliveries{EndpointID: w.ID, States: []string{"pending"}})
	must(t, err)
	return list.Items
}

// TestTheLogShowsWhatWasSentAndAnswered of tests and proofs too, and no secret: a
// careless receiver echoes all it got.
func TestTheLogShowsWhatWasSentAndAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	echo := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s %s", r.Header.Get("webhook-signature"), body)
		}
		if err != nil {
			t.Error(err)
		}
	})
	w := b.register(t, xian, echo.URL)
	e := fact("accepted")
	b.hear(t, e)
	b.run(t)
	ctx := as(t, contract.RoleIntegrator, xian)
	_, err := b.Test(ctx, contract.WebhookByID{ID: w.ID})
	must(t, err)
	b.run(t)
	signature := regexp.MustCompile(`v1,[A-Za-z0-9+/]`)
	wanted := map[string]string{e.Type(): string(e.Data.MatchID), typeTest: string(w.ID)}
	for _, d := range b.deliveries(t, w) {
		if want, known := wanted[d.Type]; known && !strings.Contains(d.Request, want) {
			t.Errorf("%s was sent as %s", d.Type, d.Request)
		}
		delete(wanted, d.Type)
		for _, a := range d.Attempts {
			shown := d.Request + a.Answer
			if a.Answer == "" || strings.Contains(shown, b.challenge(d.EventID)) || signature.MatchString(shown) {
				t.Errorf("%s: sent %s, answered %s", d.Type, d.Request, a.Answer)
			}
		}
	}
	if len(wanted) != 0 {
		t.Errorf("not in the log: %v", wanted)
	}
}
