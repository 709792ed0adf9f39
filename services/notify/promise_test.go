package notify

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// The figures here are those that are promised to whoever runs a receiver, by hand:
// a constant that is compared with itself would change without anybody's notice.

func TestEveryGapOfTheScheduleIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	for n, text := range []string{"0s", "5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"} {
		gap, err := time.ParseDuration(text)
		must(t, err)
		if schedule[n] != gap {
			t.Errorf("try %d comes after %s, want %s", n+1, schedule[n], gap)
		}
	}
}

func TestAnEndpointIsDisabledAfterFiveDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for failing, want := range map[time.Duration]string{120 * time.Hour: stateDisabled, 120*time.Hour - time.Second: stateActive} {
		since := now.Add(-failing)
		v := judge(try{tries: 1}, result{reason: reasonStatus}, health{State: stateActive, FailingSince: &since}, now, 0.5)
		if v.endpoint.State != want {
			t.Errorf("after %s of failure it is %s", failing, v.endpoint.State)
		}
	}
}

// An attempt that nobody ends has 15 seconds, and of an answer 64 KB are read.
func TestAReceiverGetsFifteenSecondsAndSixtyFourKilobytes(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	read := make(chan int, 1)
	r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		n, err := 0, error(nil)
		for chunk := strings.Repeat("x", 1<<10); err == nil && n < 1<<30; n += len(chunk) {
			_, err = w.Write([]byte(chunk))
		}
		read <- n
	})
	b.register(t, xian, r.URL)
	b.hear(t, fact("accepted"))
	b.run(t)
	// What the sockets of both sides hold was written, and is not read.
	if n := <-read; n >= 1<<30 {
		t.Errorf("%d bytes of an answer without end are read", n)
	}
	if attemptTime.String() != "15s" || maxAnswerBytes != 65536 {
		t.Errorf("an attempt has %s and reads %d bytes", attemptTime, maxAnswerBytes)
	}
}

// At most four deliveries are on their way to one endpoint, over all processes.
func TestFourAreOnTheirWayAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	other := b.another(t, loopback)
	release, held := make(chan struct{}), make(chan struct{}, 16)
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { held <- struct{}{}; <-release })
	b.register(t, xian, r.URL)
	for range 12 {
		b.hear(t, fact("accepted"))
	}
	taken := 0
	for _, s := range []*Service{b.Service, other, b.Service} {
		n, err := s.webhooks.dispatch(t.Context(), t.Context())
		must(t, err)
		taken += n
	}
	if taken != 4 {
		t.Errorf("%d are on their way at once", taken)
	}
	close(release)
	b.webhooks.sending.Wait()
	other.webhooks.sending.Wait()
	b.run(t)
	if n := len(r.got()); n != 12 {
		t.Errorf("%d arrived in the end", n)
	}
}

// What was given up begins anew when it is replayed, by name or by the span: under
// its id, and with all its tries.
func TestAReplayHasTheWholeScheduleAgain(t *testing.T) {
	t.Parallel()
	for name, choose := range map[string]func(contract.Delivery) contract.ReplayDeliveries{
		"named": func(d contract.Delivery) contract.ReplayDeliveries {
			return contract.ReplayDeliveries{IDs: []contract.DeliveryID{d.ID}}
		},
		"span": func(contract.Delivery) contract.ReplayDeliveries { return contract.ReplayDeliveries{} },
	} {
		b := setup(t, loopback)
		r := newReceiver(t, status(http.StatusInternalServerError))
		w := b.register(t, xian, r.URL)
		e := fact("accepted")
		b.hear(t, e)
		for _, gap := range schedule {
			b.clock.Advance(gap)
			b.run(t)
		}
		given := b.only(t, w)
		if given.State != stateDead || len(given.Attempts) != 10 {
			t.Fatalf("%s: %+v", name, given)
		}
		q := choose(given)
		q.EndpointID = w.ID
		_, err := b.Replay(as(t, contract.RoleIntegrator, xian), q)
		must(t, err)
		b.clock.Advance(time.Minute) // the endpoint rests after so long a failure
		b.run(t)
		if again := b.only(t, w); again.State != statePending || len(again.Attempts) != 11 || again.NextAt == nil || again.NextAt.Sub(b.clock.Now()) != 5*time.Second {
			t.Errorf("%s: %+v", name, again)
		}
		for _, q := range r.got() {
			if q.header.Get("webhook-id") != string(e.ID) || !q.verifies(t, w.Secret) {
				t.Errorf("%s: headers %v", name, q.header)
			}
		}
	}
}

func TestNothingIsReplayedToADisabledEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	w := b.register(t, xian, newReceiver(t, status(http.StatusGone)).URL)
	b.hear(t, fact("accepted"))
	b.run(t)
	for _, ids := range [][]contract.DeliveryID{nil, {b.only(t, w).ID}} {
		_, err := b.Replay(as(t, contract.RoleIntegrator, xian), contract.ReplayDeliveries{EndpointID: w.ID, IDs: ids})
		wantFault(t, err, fault.Conflict, "illegal_move")
	}
	if d := b.only(t, w); d.State != stateDead || len(d.Attempts) != 1 {
		t.Errorf("%+v", d)
	}
}

// An environment's proxy would make every connection in our stead, past the guard.
func TestNoProxyIsAsked(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		transport, ok := guard{}.client(scheme).Transport.(*http.Transport)
		if !ok || transport.Proxy != nil {
			t.Errorf("%s goes through a proxy", scheme)
		}
	}
}

// Headers are read and logged by whoever is on the way: there are no others than
// these, and a mail's address is in one alone.
func TestHeadersTellNothing(t *testing.T) {
	w := setupWriting(t)
	e := aboutRequest("submitted")
	w.hear(t, e)
	w.write(t)
	letter := w.office.got()[0]
	headers(t, "a mail", http.Header(letter.parsed(t).Header), "Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "List-Unsubscribe",
		"List-Unsubscribe-Post", "Message-Id", "Mime-Version", "Subject", "To")
	if n := strings.Count(string(letter.raw), plantedMail); n != 1 {
		t.Errorf("the address is in a mail %d times", n)
	}

	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	b.register(t, xian, r.URL)
	b.hear(t, fact("accepted"))
	b.run(t)
	sent := r.got()[0].header
	headers(t, "a webhook", sent, "Content-Length", "Content-Type", "User-Agent", "Webhook-Id", "Webhook-Signature", "Webhook-Timestamp")
	if sent.Get("User-Agent") != "Heli-Webhook/1" || sent.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("a webhook has %v", sent)
	}

	kind := contract.KindSlack
	told := group(t, kind)
	b.robot(t, kind, told.URL+"/services/T0/B0/planted", func(*contract.WebhookDraft) {})
	b.hear(t, need("submitted", contract.Critical))
	b.run(t)
	for _, q := range told.got() {
		headers(t, "a robot's message", q.header, "Content-Length", "Content-Type", "User-Agent", "Webhook-Id")
		if q.header.Get("User-Agent") != "Heli-Webhook/1" {
			t.Errorf("a robot's message has %v", q.header)
		}
	}
}

func headers(t *testing.T, what string, got http.Header, want ...string) {
	t.Helper()
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("%s has the headers %v, want %v", what, names, want)
	}
}
