package request

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// told is what the matcher tells of one match, in the order of its versions.
type told struct {
	request contract.SubmittedRequest
	facts   []contract.Event
}

// life draws the facts of a match from its proposal on: a proposal may get another
// time, what is accepted has a time by which it should begin.
func life(r *rand.Rand, of contract.SubmittedRequest, began time.Time) told {
	match, at := contract.NewID[contract.MatchID](), began.Add(time.Duration(r.IntN(300))*time.Minute)
	states := slices.Concat(
		slices.Repeat([]string{matchProposed}, 1+r.IntN(2)),
		pick(r, nil, []string{"declined"}, []string{matchAccepted}, []string{matchAccepted, matchContactReleased},
			[]string{matchAccepted, matchInProgress}, []string{matchAccepted, matchContactReleased, "withdrawn"}))
	startBy := at.Add(time.Duration(r.IntN(600)) * time.Minute)
	t := told{request: of}
	for i, state := range states {
		e := matchFact(of, 0, match, int64(i+1), state, 1)
		e.Data.NeedLineID = of.NeedLines[int(match[len(match)-1])%len(of.NeedLines)].ID
		e.Time = at.Add(time.Duration(i) * time.Minute)
		if state == matchAccepted || state == matchContactReleased {
			e.Data.StartBy = &startBy
		}
		t.facts = append(t.facts, e)
	}
	return t
}

// wait is what is to be shown of the match, if it waits then.
func (m told) wait(now time.Time) (contract.Wait, bool) {
	first, last := m.facts[0], m.facts[len(m.facts)-1]
	w := contract.Wait{MatchID: last.Data.MatchID, Organisation: "hubei"}
	switch {
	case last.State == matchProposed:
		w.Queue, w.Since = contract.QueueAwaiting, first.Time.UTC()
	case last.Data.StartBy != nil && last.Data.StartBy.Before(now):
		w.Queue, w.Since = contract.QueueStuck, last.Data.StartBy.UTC()
	default:
		return w, false
	}
	return w, true
}

// inQueue lists a queue whole, with what each request waits for.
func (b *bench) inQueue(ctx context.Context, t *testing.T, queue string) map[contract.RequestID][]contract.Wait {
	t.Helper()
	found := map[contract.RequestID][]contract.Wait{}
	for q := (contract.ListRequests{Queue: queue, Page: contract.Page{Limit: 3}}); ; {
		list, err := b.List(ctx, q)
		must(t, err)
		for _, item := range list.Items {
			if _, twice := found[item.ID]; twice {
				t.Errorf("%s is listed twice", item.ID)
			}
			found[item.ID] = item.Waits
		}
		if q.Cursor = list.NextCursor; q.Cursor == "" {
			return found
		}
	}
}

// TestQueuesOfWhatWaits hears what matches are told, shuffled and doubled, in seeds that
// a failure names: at any time each queue holds the requests whose matches, in order,
// say so.
func TestQueuesOfWhatWaits(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			b, r := setup(t), rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a failure is to be had again
			began := b.clock.Now()
			var all []told
			var facts []contract.Event
			for range 14 {
				of := b.opened(t, func(d *contract.RequestDraft) {
					d.NeedLines = append(d.NeedLines, contract.NeedLine{Category: "psych", Unit: "session"})
				})
				for range r.IntN(4) {
					m := life(r, of, began)
					all = append(all, m)
					facts = append(facts, m.facts...)
				}
			}
			facts = slices.Concat(facts, facts)
			r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			for _, e := range facts {
				b.hear(t, e)
			}
			closed := all[0].request.ID
			_, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(closed), Move: moveClose, Reason: "expired"})
			must(t, err)
			for range 4 {
				b.waitsAre(t, all, closed)
				b.clock.Advance(4 * time.Hour)
			}
		})
	}
}

func (b *bench) waitsAre(t *testing.T, all []told, closed contract.RequestID) {
	t.Helper()
	want := map[string]map[contract.RequestID][]contract.Wait{contract.QueueAwaiting: {}, contract.QueueStuck: {}}
	waits := map[contract.RequestID][]contract.Wait{}
	for _, m := range all {
		if w, is := m.wait(b.clock.Now()); is && m.request.ID != closed {
			waits[m.request.ID] = append(waits[m.request.ID], w)
		}
	}
	for id, of := range waits {
		slices.SortFunc(of, func(a, b contract.Wait) int {
			if c := a.Since.Compare(b.Since); c != 0 {
				return c
			}
			return strings.Compare(string(a.MatchID), string(b.MatchID))
		})
		for _, w := range of {
			want[w.Queue][id] = of
		}
	}
	for _, path := range []string{contract.RootPath, xian} {
		staff := as(t, contract.RoleCoordinator, path)
		counts, err := b.Count(staff, contract.Empty{})
		must(t, err)
		for queue, requests := range want {
			if diff := cmp.Diff(requests, b.inQueue(staff, t, queue)); diff != "" {
				t.Fatalf("%s at %v (-matches +listed):\n%s", queue, b.clock.Now(), diff)
			}
			if counts.Queues[queue] != int64(len(requests)) {
				t.Errorf("%d counted in %s, %d are", counts.Queues[queue], queue, len(requests))
			}
		}
		for _, queue := range contract.RequestQueues() {
			if _, is := counts.ByState[queue]; is {
				t.Errorf("%s is counted as a state", queue)
			}
		}
	}
	elsewhere := as(t, contract.RoleCoordinator, hubei)
	if n := len(b.inQueue(elsewhere, t, contract.QueueAwaiting)) + len(b.inQueue(elsewhere, t, contract.QueueStuck)); n != 0 {
		t.Errorf("hubei sees %d", n)
	}
}

func TestWaitsAreForStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	b.hear(t, matchFact(r, 0, contract.NewID[contract.MatchID](), 1, matchProposed, 1))
	got, err := b.Get(as(t, contract.RoleAuditor, xian), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if len(got.Waits) != 1 || got.Waits[0].Organisation != "hubei" {
		t.Errorf("staff see %+v", got.Waits)
	}
	if got, err = b.Get(asRequester(t, r.ID), contract.GetByID{ID: string(r.ID)}); err != nil || got.Waits != nil {
		t.Errorf("the requester sees %+v, %v", got.Waits, err)
	}
	_, err = b.List(as(t, contract.RoleCoordinator, xian), contract.ListRequests{Queue: "lost"})
	wantFault(t, err, fault.Invalid, "")
}

// TestOldFactsAreCompleted hears facts as they were before they told who helps and
// until when: the matcher is asked, and what it says of a later version is left to that
// version's fact.
func TestOldFactsAreCompleted(t *testing.T) {
	t.Parallel()
	database, nats := testkit.NewDatabase(t, "request"), testkit.NATS(t)
	b := setupWith(t, database, testkit.Bus(t, nats, "request"))
	known := map[string]contract.Match{}
	server, err := bus.NewServer(testkit.Bus(t, nats, "matcher"), "matcher")
	must(t, err)
	t.Cleanup(server.Stop)
	must(t, bus.Handle(server, contract.MatcherGet, func(_ context.Context, q contract.GetByID) (contract.Match, error) {
		m, found := known[q.ID]
		if !found {
			return m, fault.NewNotFound("match")
		}
		return m, nil
	}))
	startBy := b.clock.Now().Add(time.Hour)
	old := func(state string, version int64, answer *contract.Match) contract.SubmittedRequest {
		r, match := b.opened(t), contract.NewID[contract.MatchID]()
		e := matchFact(r, 0, match, version, state, 1)
		e.Data.OfferOrganisation, e.Time = "", b.clock.Now()
		b.hear(t, e)
		if answer != nil {
			known[string(match)] = *answer
		}
		return r
	}
	accepted := old(matchAccepted, 2, &contract.Match{Version: 2, OfferOwner: "hubei", StartBy: &startBy})
	moved := old(matchAccepted, 2, &contract.Match{Version: 3, OfferOwner: "hubei"})
	gone := old(matchProposed, 1, nil)
	for range 2 {
		must(t, b.completeWaits(t.Context()))
	}
	b.clock.Advance(2 * time.Hour)
	staff := as(t, contract.RoleCoordinator, xian)
	stuck := b.inQueue(staff, t, contract.QueueStuck)
	if len(stuck) != 1 || stuck[accepted.ID] == nil || stuck[accepted.ID][0].Organisation != "hubei" {
		t.Errorf("stuck are %+v, want %s", stuck, accepted.ID)
	}
	if _, is := b.inQueue(staff, t, contract.QueueAwaiting)[gone.ID]; !is {
		t.Error("a match that nobody knows any more is lost")
	}
	if n := b.count(t, `SELECT count(*) FROM request.line_matches WHERE offer_org IS NULL`); n != 1 {
		t.Errorf("%d wait for their fact, want that of %s", n, moved.ID)
	}
}

// TestOpenPagesHearOfWhatWaits: a proposal changes no state of its request, and time
// has no fact at all.
func TestOpenPagesHearOfWhatWaits(t *testing.T) {
	t.Parallel()
	nats := testkit.NATS(t)
	b := setupWith(t, testkit.NewDatabase(t, "request"), testkit.Bus(t, nats, "request"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard, web := make(chan string, 1024), testkit.Bus(t, nats, "web")
	listening := make(chan error, 1)
	go func() {
		listening <- web.Listen(ctx, contract.TouchedSubjects, func(_ string, data []byte) { heard <- string(data) })
	}()
	r := b.opened(t)
	for len(heard) == 0 { // until it listens; each reading lets it begin
		must(t, b.bus.Broadcast(contract.TouchedSubject("request"), contract.Touched{}))
		b.get(t, r)
	}
	wants := func(what string) {
		t.Helper()
		for said := range heard {
			if strings.Contains(said, string(r.ID)) && strings.Contains(said, xian) {
				return
			}
			if !strings.Contains(said, `"id":""`) {
				t.Fatalf("%s: heard %s", what, said)
			}
		}
	}
	match, startBy := contract.NewID[contract.MatchID](), b.clock.Now().Add(time.Minute)
	b.hear(t, matchFact(r, 0, match, 1, matchProposed, 1))
	wants("a proposal")
	accepted := matchFact(r, 0, match, 2, matchAccepted, 1)
	accepted.Data.StartBy = &startBy
	b.hear(t, accepted)
	wants("its answer")
	tellStuck := b.stuckTeller()
	b.clock.Advance(time.Hour)
	must(t, tellStuck(t.Context()))
	wants("time")
	must(t, tellStuck(t.Context()))
	must(t, b.bus.Broadcast(contract.TouchedSubject("request"), contract.Touched{ID: "end"}))
	for said := range heard {
		if strings.Contains(said, "end") {
			break
		}
		if strings.Contains(said, string(r.ID)) {
			t.Error("told twice of the same time")
		}
	}
	cancel()
	must(t, <-listening)
}
