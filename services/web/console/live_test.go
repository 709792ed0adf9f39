package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/testkit"
	"heli/services/web/live"
)

// stream is an open live stream of somebody.
type stream struct {
	tb    testing.TB
	lines *bufio.Scanner
}

func (r *reader) follow(ctx context.Context, path string) *stream {
	r.tb.Helper()
	response := r.open(ctx, http.MethodGet, path, nil)
	r.tb.Cleanup(func() { _ = response.Body.Close() }) // the context has ended it
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		r.tb.Fatalf("the stream gave %d, %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	s := &stream{r.tb, bufio.NewScanner(response.Body)}
	if first := s.next(); first.ID != "" {
		r.tb.Fatalf("the first event names %q", first.ID)
	}
	return s
}

// next returns the next change. Who looks at the page, as the reader does, is none.
func (s *stream) next() live.Change {
	s.tb.Helper()
	name := ""
	for s.lines.Scan() {
		if event, ok := strings.CutPrefix(s.lines.Text(), "event: "); ok {
			name = event
		}
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok && name == "changed" {
			var change live.Change
			must(s.tb, json.Unmarshal([]byte(data), &change))
			return change
		}
	}
	s.tb.Fatalf("the stream ended: %v", s.lines.Err())
	return live.Change{}
}

// tell publishes a fact as its service does.
func (d *desk) tell(service string, e contract.Event) {
	d.tb.Helper()
	e.SchemaVersion, e.ID, e.Time, e.Organisation = contract.EventVersion, contract.NewID[contract.EventID](), d.world.Clock.Now(), "xian"
	e.Version = 1
	_, err := testkit.Bus(d.tb, d.world.Server, service).Publish(d.tb.Context(), e)
	must(d.tb, err)
}

// TestTheStreamForwardsOnlyWhatMayBeSeen sends what is foreign before what is
// not: the first event that arrives is the second that was sent.
func TestTheStreamForwardsOnlyWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.signIn(contract.RoleCoordinator).follow(t.Context(), "/console/live")
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: "foreign", Paths: []string{"root/hubei/"}})
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: "above", Paths: []string{"root/"}})
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: requestID, Paths: []string{testkit.Xian.Path}})
	if got := s.next(); got.ID != requestID || got.State != "open" {
		t.Errorf("forwarded %+v", got)
	}
}

func TestAStreamAboutOneRequestLeavesOutTheOthers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.signIn(contract.RoleCoordinator).follow(t.Context(), "/console/live?request="+requestID)
	paths := []string{testkit.Xian.Path}
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: "other", Paths: paths})
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: requestID, Paths: paths})
	if got := s.next(); got.ID != requestID {
		t.Errorf("forwarded %+v", got)
	}
	d.tell("matcher", contract.Event{Thing: contract.ThingMatch, State: "accepted", AggregateID: matchID, Paths: paths,
		Data: contract.EventData{RequestID: requestID}})
	if got := s.next(); got.ID != matchID {
		t.Errorf("forwarded %+v", got)
	}
}

// TestAClaimIsHeardOf claims on the page and in bulk: a claim has no fact, yet the
// queues of colleagues hear of it, and those of others do not.
func TestAClaimIsHeardOf(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	foreign := d.signInTo(contract.RoleCoordinator, "root/hubei/").follow(t.Context(), "/console/live")
	s := d.signIn(contract.RoleCoordinator).follow(t.Context(), "/console/live")
	for name, act := range map[string]func(){
		"on the page": func() { r.post("/console/requests/"+requestID+"/move", url.Values{"move": {"claim"}}) },
		"in bulk": func() {
			r.post("/console/bulk", url.Values{"move": {"claim"}, "pick": {requestID + "@7"}, "step": {"do"}})
		},
	} {
		act()
		if got := s.next(); got.ID != requestID {
			t.Errorf("%s: forwarded %+v", name, got)
		}
	}
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: "own", Paths: []string{"root/hubei/"}})
	if got := foreign.next(); got.ID != "own" {
		t.Errorf("another organisation heard of %+v", got)
	}
}

// TestTheStreamEndsWithTheRole says so and closes the stream of somebody whose role was
// taken away, at the next event.
func TestTheStreamEndsWithTheRole(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := d.signIn(contract.RoleCoordinator).follow(t.Context(), "/console/live")
	d.change(func() { clear(d.people) })
	d.world.Clock.Advance(keptLonger)
	d.tell("request", contract.Event{Thing: contract.ThingRequest, State: "open", AggregateID: requestID, Paths: []string{testkit.Xian.Path}})
	told := false
	for s.lines.Scan() {
		if strings.HasPrefix(s.lines.Text(), "data: ") {
			t.Errorf("somebody without a role heard %s", s.lines.Text())
		}
		told = told || s.lines.Text() == "event: ended"
	}
	if !told {
		t.Error("the page is not told that it has no reader any more")
	}
}

// TestColleaguesSeeEachOther opens one page twice: each change of who looks at it is
// told to both.
func TestColleaguesSeeEachOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, two := d.signIn(contract.RoleCoordinator), d.signIn(contract.RoleCoordinator)
	stream := one.follow(t.Context(), "/console/live?request="+requestID)
	if body := one.get("/console/requests/" + requestID + "?part=present").body; strings.Contains(body, "Also looking") {
		t.Errorf("somebody alone sees %s", body)
	}
	ctx, leave := context.WithCancel(t.Context())
	two.follow(ctx, "/console/live?request="+requestID)
	sees := func() bool {
		return strings.Contains(one.get("/console/requests/"+requestID+"?part=present").body, "Also looking at this page: 测试员甲")
	}
	for !sees() {
		stream.next()
	}
	leave()
	for sees() {
		stream.next()
	}
	// Who does not see the request's owner neither sees nor is seen.
	d.change(func() { d.request.Path = "root/hubei/" })
	two.follow(t.Context(), "/console/live?request="+requestID)
	if sees() {
		t.Error("a request of others shows who looks at it")
	}
}
