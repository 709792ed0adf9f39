package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
)

// delivery is one call that a receiver of webhooks got.
type delivery struct {
	header http.Header
	body   []byte
}

// receiver keeps what arrives.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []delivery
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP accepts everything.
func (r *receiver) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, delivery{in.Header.Clone(), body})
}

func (r *receiver) deliveries() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// TestTheWholeWay walks from a public request to help that both sides confirm,
// through the API alone.
func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t), "--webhook-allow", "127.0.0.0/8")
	staff, hooks := i.coordinator(), startReceiver(t)
	hook := staff.post(http.StatusCreated, "/webhooks", map[string]any{"url": hooks.URL, "events": []string{"match.*", "appointment.*"}})

	wanted := submitTwice(t, i.public())
	request := "/requests/" + wanted.ID
	for _, move := range []string{"triage", "open", "verify_phone"} {
		staff.post(http.StatusOK, request+"/"+move, nil)
	}
	offered := staff.post(http.StatusCreated, "/offers", offerDraft("masks", "available", 100))
	awaitSuggestion(t, staff, wanted.ID, offered.ID)

	match := staff.post(http.StatusCreated, "/matches", proposal(wanted, offered, 10))
	path := "/matches/" + match.ID
	if link := staff.get(http.StatusOK, path+"/answer_link"); !strings.HasPrefix(link.URL, i.url+"/answer#") {
		t.Error("the helper's link does not lead to the page for answers")
	}
	for _, step := range []struct{ move, side, state string }{
		{"accept", "helper", "accepted"},
		{"release_contact", "", "contact_released"},
		{"start", "helper", "in_progress"},
		{"report", "helper", "reported_done"},
		{"confirm", "requester", "confirmed"},
	} {
		body := map[string]any{}
		if step.side != "" {
			body["on_behalf_of"] = step.side
		}
		if got := staff.post(http.StatusOK, path+"/"+step.move, body).State; got != step.state {
			t.Fatalf("%s leads to %s, want %s", step.move, got, step.state)
		}
		if step.move == "accept" {
			agreeAndMove(staff, path)
		}
	}
	awaitState(t, staff, request, "confirmed")
	if phone := staff.get(http.StatusOK, request).Contact.Phone; strings.Contains(phone, "1000000123") {
		t.Error("the API shows a contact unmasked")
	}
	checkDeliveries(t, hooks, hook.Secret)
	checkInvariants(t, i)
}

// agreeAndMove has both sides agree on a time, and on an hour later then.
func agreeAndMove(staff client, match string) {
	staff.t.Helper()
	day := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	for _, hour := range []string{"T09", "T10"} {
		staff.call(http.StatusOK, http.MethodPut, match+"/appointment", "", map[string]any{
			"start": day + hour + ":00", "end": day + hour + ":50", "zone": "Asia/Shanghai",
		})
	}
}

// submitTwice submits a public request and repeats it: the same under the same
// key, then something else, which is refused.
func submitTwice(t *testing.T, public client) answer {
	t.Helper()
	key := string(contract.NewID[contract.RequestID]())
	draft := requestDraft("masks wanted", "", 10)
	delete(draft, "state")
	first := public.call(http.StatusCreated, http.MethodPost, "/requests", key, draft)
	if first.State != "submitted" || first.Code == "" || first.TrackingToken == "" {
		t.Fatalf("a submission is answered with state %q, code %q", first.State, first.Code)
	}
	if again := public.call(http.StatusCreated, http.MethodPost, "/requests", key, draft); again.ID != first.ID || again.Code != first.Code {
		t.Errorf("the same key gives %s, then %s", first.ID, again.ID)
	}
	draft["title"] = "gloves wanted"
	public.call(http.StatusConflict, http.MethodPost, "/requests", key, draft)
	return first
}

func proposal(request, offer answer, quantity int) map[string]any {
	return map[string]any{
		"need_line_id": request.NeedLines[0].ID, "offer_line_id": offer.OfferLines[0].ID, "quantity": quantity,
	}
}

func awaitSuggestion(t *testing.T, staff client, request, offer string) {
	t.Helper()
	eventually(t, func() string {
		for _, item := range staff.get(http.StatusOK, "/requests/"+request+"/suggestions").Items {
			if item.OfferID == offer {
				return ""
			}
		}
		return "the offer is not among the suggestions"
	})
}

func awaitState(t *testing.T, staff client, path, want string) {
	t.Helper()
	eventually(t, func() string {
		if got := staff.get(http.StatusOK, path).State; got != want {
			return fmt.Sprintf("%s is %s, not %s", path, got, want)
		}
		return ""
	})
}

// checkDeliveries waits until every state of the match was told, and verifies
// each delivery as a receiver would.
func checkDeliveries(t *testing.T, hooks *receiver, secret string) {
	t.Helper()
	verifier, err := webhook.NewWebhook(secret)
	if err != nil {
		t.Fatalf("read secret: %v", err)
	}
	want := []string{
		"match.proposed", "match.accepted", "appointment.moved", "match.contact_released", "match.in_progress", "match.reported_done", "match.confirmed",
	}
	eventually(t, func() string {
		told := map[string]bool{}
		for _, d := range hooks.deliveries() {
			var event struct {
				Type string `json:"type"`
			}
			if err := verifier.Verify(d.body, d.header); err != nil {
				t.Fatalf("verify delivery: %v", err)
			}
			if err := json.Unmarshal(d.body, &event); err != nil {
				t.Fatalf("read delivery: %v", err)
			}
			told[event.Type] = true
		}
		for _, fact := range want {
			if !told["heli."+fact] {
				return "no webhook told of " + fact
			}
		}
		return ""
	})
	for _, d := range hooks.deliveries() {
		if strings.Contains(string(d.body), "Demo") || strings.Contains(string(d.body), "0123") {
			t.Error("a webhook holds a contact")
		}
	}
}

// TestRacingProposalsNeverOverbook lets 200 callers race for an offer of 50.
func TestRacingProposalsNeverOverbook(t *testing.T) {
	t.Parallel()
	const callers, capacity = 200, 50
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	offer := staff.post(http.StatusCreated, "/offers", offerDraft("masks", "available", capacity))
	requests := make([]answer, callers)
	var submitting errgroup.Group
	submitting.SetLimit(16)
	for n := range requests {
		submitting.Go(func() error { return submitOpen(staff, n, &requests[n]) })
	}
	if err := submitting.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, request := range requests {
		staff.awaitCreated("/requests/" + request.ID)
	}
	checkInvariants(t, i) // every request has reached the matcher

	statuses := race(t, staff, requests, offer)
	if statuses[http.StatusCreated] != capacity || statuses[http.StatusConflict] != callers-capacity {
		t.Fatalf("the race ended with %v, want %d of 201 and the rest of 409", statuses, capacity)
	}
	awaitState(t, staff, "/offers/"+offer.ID, "exhausted")
	checkInvariants(t, i)
}

func submitOpen(staff client, n int, into *answer) error {
	status, content, err := staff.do(staff.t.Context(), http.MethodPost, "/requests", "", requestDraft(fmt.Sprintf("masks %d", n), "open", 1))
	if err != nil {
		return err
	}
	if status != http.StatusCreated && status != http.StatusAccepted {
		return fmt.Errorf("submit: status %d: %s", status, content)
	}
	return json.Unmarshal(content, into)
}

// race proposes the offer for all requests at once and counts the answers. Who is
// told to try again, where the machine has no time for all, does so under the
// same key.
func race(t *testing.T, staff client, requests []answer, offer answer) map[int]int {
	t.Helper()
	statuses := make([]int, len(requests))
	var racing errgroup.Group
	start := make(chan struct{})
	for n, request := range requests {
		racing.Go(func() error {
			<-start
			key := contract.NewID[string]()
			for t.Context().Err() == nil {
				status, _, err := staff.do(t.Context(), http.MethodPost, "/matches", key, proposal(request, offer, 1))
				if statuses[n] = status; err != nil || status != http.StatusServiceUnavailable {
					return err
				}
			}
			return t.Context().Err()
		})
	}
	close(start)
	if err := racing.Wait(); err != nil {
		t.Fatal(err)
	}
	counts := map[int]int{}
	for _, status := range statuses {
		counts[status]++
	}
	return counts
}
