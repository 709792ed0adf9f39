package matcher

import (
	"context"
	"slices"
	"sync"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

const (
	aRequester = "digest of a requester's phone"
	aHelper    = "digest of a helper's phone"
)

func named(p *contract.ProjectedRequest)      { p.RequesterKey = aRequester }
func recognisable(p *contract.ProjectedOffer) { p.HelperKey = aHelper }
func ofNetwork(p *contract.ProjectedOffer)    { p.Sharing = contract.SharingNetwork }
func complaint(m contract.Match, kind contract.ComplaintKind) contract.FileComplaint {
	return contract.FileComplaint{ID: contract.NewID[contract.ComplaintID](), MatchID: m.ID, Kind: kind}
}

// others are the services that a complaint reaches: each can be away.
type others struct {
	mu        sync.Mutex
	away      bool
	suspended []contract.SuspendHelper
	named     contract.Safeguard
	audited   []contract.AuditEntry
}

func (o *others) serve(t *testing.T, world *testkit.World) {
	t.Helper()
	offers, err := bus.NewServer(testkit.Bus(t, world.Server, "offer"), "offer")
	must(t, err)
	t.Cleanup(offers.Stop)
	must(t, bus.Handle(offers, contract.OfferSuspend, func(_ context.Context, q contract.SuspendHelper) (contract.Empty, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.away {
			return contract.Empty{}, fault.NewUnavailable(nil)
		}
		o.suspended = append(o.suspended, q)
		return contract.Empty{}, nil
	}))
	directory, err := bus.NewServer(testkit.Bus(t, world.Server, "directory"), "directory")
	must(t, err)
	t.Cleanup(directory.Stop)
	must(t, bus.Handle(directory, contract.DirectorySafeguard, func(_ context.Context, _ contract.AskSafeguard) (contract.Safeguard, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.named, nil
	}))
	must(t, bus.Handle(directory, contract.DirectoryAudit, func(_ context.Context, e contract.AuditEntry) (contract.Empty, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.away {
			return contract.Empty{}, fault.NewUnavailable(nil)
		}
		o.audited = append(o.audited, e)
		return contract.Empty{}, nil
	}))
}

func (o *others) set(away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away = away
}

func (o *others) asked() []contract.SuspendHelper {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.suspended)
}

func setupComplaints(t *testing.T) (*bench, *others) {
	t.Helper()
	b := setup(t)
	o := &others{named: contract.Safeguard{PersonID: "p-safe", Name: "Safe Demo", Organisation: "xian"}}
	o.serve(t, b.world)
	return b, o
}

// TestTwoWhoAreKeptApartNeverMeetAgain: in a new request and a new offer, in
// other organisations, on every instance, whatever asks.
func TestTwoWhoAreKeptApartNeverMeetAgain(t *testing.T) {
	t.Parallel()
	b, _ := setupComplaints(t)
	other := b.another(t)
	m := b.matched(t, need(new(int64(1)), named), help(new(int64(1)), recognisable), nil)
	q := complaint(m, contract.ComplaintRude)
	q.Apart = new(true)
	first, err := b.Complain(asToken(t, contract.RoleRequester, m.RequestID), q)
	must(t, err)
	again, err := b.Complain(asToken(t, contract.RoleRequester, m.RequestID), q)
	if must(t, err); again.ID != first.ID || first.Responsible != "" || len(first.Moves) != 0 {
		t.Errorf("the one who complains is told %+v, then %+v", first, again)
	}
	if ended, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(m.ID)}); err != nil || ended.State != string(Cancelled) || ended.Reason != reasonComplaint {
		t.Errorf("the proposal is %s (%s), %v", ended.State, ended.Reason, err)
	}
	r := need(new(int64(1)), named)
	stranger := need(new(int64(1)))
	o := help(new(int64(5)), recognisable, ofNetwork, func(p *contract.ProjectedOffer) { p.Organisation, p.Path = "hubei", "root/hubei/" })
	b.tell(t, r, "open")
	b.tell(t, stranger, "open")
	b.tellOffer(t, o, "available")
	for _, s := range []*Service{b.Service, other} {
		must(t, s.follow(t.Context()))
		got, err := s.Suggest(asCoordinator(t), contract.Suggest{RequestID: r.RequestID})
		if must(t, err); len(got.Items) != 0 || len(got.Missing) != 1 || got.Missing[0].Rule != "refused" {
			t.Errorf("suggested %+v, missing %+v", got.Items, got.Missing)
		}
		v, err := s.Verdict(asCoordinator(t), contract.AskVerdict{RequestID: r.RequestID, OfferID: o.OfferID})
		if must(t, err); v.Fits || v.Rule != "refused" {
			t.Errorf("the verdict is %+v", v)
		}
		_, err = s.Propose(asCoordinator(t), proposal(r, o, nil))
		wantFault(t, err, fault.Conflict, "pair_refused")
		plan, err := s.Plan(asCoordinator(t), contract.AskPlan{})
		if must(t, err); len(plan.Pairs) != 1 || plan.Pairs[0].RequestID != stranger.RequestID {
			t.Errorf("planned %+v", plan.Pairs)
		}
	}
	if got := b.suggestions(t, stranger); len(got.Items) != 2 {
		t.Errorf("somebody else is suggested %+v", got.Items)
	}
}

// TestDangerPausesTheHelperAtOnce: with the offer service away, and this one
// restarted meanwhile.
func TestDangerPausesTheHelperAtOnce(t *testing.T) {
	t.Parallel()
	b, o := setupComplaints(t)
	offer := help(new(int64(9)), recognisable)
	m := b.matched(t, need(new(int64(1)), named), offer, nil)
	b.move(asCoordinator(t), t, m, "accept")
	b.move(asCoordinator(t), t, m, "start")
	proposed := need(new(int64(1)))
	b.tell(t, proposed, "open")
	elsewhere, err := b.Propose(asCoordinator(t), proposal(proposed, offer, nil))
	must(t, err)
	o.set(true)
	_, err = b.Complain(asToken(t, contract.RoleRequester, m.RequestID), complaint(m, contract.ComplaintSafeguarding))
	must(t, err)
	for id, want := range map[contract.MatchID]State{m.ID: Disputed, elsewhere.ID: Cancelled} {
		if got, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(id)}); err != nil || got.State != string(want) {
			t.Errorf("match is %s, want %s (%v)", got.State, want, err)
		}
	}
	r := need(new(int64(1)))
	b.tell(t, r, "open")
	if got := b.suggestions(t, r); len(got.Items) != 0 || got.Missing[0].Rule != "available" {
		t.Errorf("suggested %+v, missing %+v", got.Items, got.Missing)
	}
	_, err = b.Propose(asCoordinator(t), proposal(r, offer, nil))
	wantFault(t, err, fault.Conflict, "pair_refused")

	b.Service = b.another(t)
	if err := b.carryOut(t.Context()); err == nil || len(o.asked()) != 0 {
		t.Errorf("the offer service was away: %v, %v", err, o.asked())
	}
	if got := b.suggestions(t, r); len(got.Items) != 0 {
		t.Errorf("after a restart %+v is suggested", got.Items)
	}
	o.set(false)
	must(t, b.carryOut(t.Context()))
	must(t, b.carryOut(t.Context()))
	if asked := o.asked(); len(asked) != 1 || asked[0].HelperKey != aHelper || asked[0].OfferID != offer.OfferID || asked[0].Lift {
		t.Errorf("the offer service was asked for %+v", asked)
	}
	list, err := b.Complaints(asCoordinator(t), contract.ListComplaints{State: "open"})
	must(t, err)
	if c := list.Items[0]; !c.Paused || !c.Apart || c.Responsible != "Safe Demo" || c.By != contract.RoleRequester {
		t.Errorf("the complaint is %+v", c)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("invariants: %v", broken)
	}
}

// TestADecisionReinstates shows who may decide, what is recorded, and what follows.
func TestADecisionReinstates(t *testing.T) {
	t.Parallel()
	b, o := setupComplaints(t)
	offer := help(new(int64(9)), recognisable)
	m := b.matched(t, need(new(int64(1)), named), offer, nil)
	filed, err := b.Complain(asToken(t, contract.RoleRequester, m.RequestID), complaint(m, contract.ComplaintSafeguarding))
	must(t, err)
	_, err = b.Decide(as(t.Context(), contract.RoleCoordinator, "root/hubei/"), contract.DecideComplaint{ID: filed.ID, Move: "take"})
	wantFault(t, err, fault.NotFound, "not_found")
	o.set(true)
	_, err = b.Decide(asCoordinator(t), contract.DecideComplaint{ID: filed.ID, Move: "take"})
	wantFault(t, err, fault.Unavailable, "unavailable")
	o.set(false)
	taken, err := b.Decide(asCoordinator(t), contract.DecideComplaint{ID: filed.ID, Move: "take"})
	if must(t, err); taken.State != "in_hand" || taken.HeldBy != "Demo" {
		t.Errorf("taken: %+v", taken)
	}
	_, err = b.Decide(asCoordinator(t), contract.DecideComplaint{ID: filed.ID, Move: "close"})
	wantFault(t, err, fault.Invalid, "invalid")
	_, err = b.Decide(asCoordinator(t), contract.DecideComplaint{ID: filed.ID, Move: "close", Outcome: "unfounded", Reinstate: true, Together: true, Version: &filed.Version})
	wantFault(t, err, fault.Conflict, "stale_version")
	closed, err := b.Decide(asCoordinator(t), contract.DecideComplaint{ID: filed.ID, Move: "close", Outcome: "unfounded", Reinstate: true, Together: true})
	if must(t, err); closed.State != "closed" || closed.Pausing || closed.Apart {
		t.Errorf("closed: %+v", closed)
	}
	if asked := o.asked(); len(asked) != 2 || !asked[1].Lift {
		t.Errorf("the offer service was asked for %+v", asked)
	}
	if len(o.audited) != 2 || o.audited[1].Action != contract.ActCloseComplaint || o.audited[1].Reason != "unfounded, reinstated, may meet again" {
		t.Errorf("recorded %+v", o.audited)
	}
	r := need(new(int64(1)), named)
	b.tell(t, r, "open")
	if _, err := b.Propose(asCoordinator(t), proposal(r, offer, nil)); err != nil {
		t.Errorf("they may meet again: %v", err)
	}
	counts, err := b.CountComplaints(asCoordinator(t), contract.Empty{})
	if must(t, err); counts.ByState["closed"] != 1 || counts.ByState["mine"] != 0 {
		t.Errorf("counted %v", counts)
	}
}

// TestEachSideReportsTheOther tells who is reported, by whom, and who answers for it.
func TestEachSideReportsTheOther(t *testing.T) {
	t.Parallel()
	b, o := setupComplaints(t)
	foreign := help(new(int64(9)), ofNetwork, func(p *contract.ProjectedOffer) { p.Organisation, p.Path = "hubei", "root/hubei/" })
	m := b.matched(t, need(new(int64(1)), named), foreign, nil)
	hubei := as(t.Context(), contract.RoleCoordinator, "root/hubei/")
	for _, c := range []struct {
		who    context.Context
		about  contract.Side
		keeper contract.Thing
		path   string
	}{
		{asToken(t, contract.RoleRequester, m.RequestID), contract.SideHelper, contract.ThingRequest, testkit.Xian.Path},
		{asToken(t, contract.RoleAnswerer, m.ID), contract.SideRequester, contract.ThingOffer, "root/hubei/"},
		{asToken(t, contract.RoleOfferer, m.OfferID), contract.SideRequester, contract.ThingOffer, "root/hubei/"},
		{asCoordinator(t), contract.SideRequester, contract.ThingRequest, testkit.Xian.Path},
		{hubei, contract.SideHelper, contract.ThingOffer, "root/hubei/"},
		{as(t.Context(), contract.RoleAgencyLead, testkit.Xian.Path), contract.SideHelper, contract.ThingOffer, "root/hubei/"},
	} {
		q := complaint(m, contract.ComplaintOther)
		q.About = c.about
		filed, err := b.Complain(c.who, q)
		must(t, err)
		kept, err := b.worker.getComplaint(t.Context(), b.worker.db, selectComplaintSQL, q.ID)
		if must(t, err); filed.About != c.about || filed.Keeper != c.keeper || kept.Path != c.path || kept.Apart || kept.Pausing {
			t.Errorf("filed %+v, kept %+v", filed, kept)
		}
	}
	for _, wrong := range []contract.FileComplaint{
		{ID: "x", MatchID: m.ID, Kind: contract.ComplaintRude}, {ID: contract.NewID[contract.ComplaintID](), MatchID: m.ID, Kind: "none"},
	} {
		_, err := b.Complain(asToken(t, contract.RoleRequester, m.RequestID), wrong)
		wantFault(t, err, fault.Invalid, "invalid")
	}
	_, err := b.Complain(asCoordinator(t), complaint(m, contract.ComplaintRude)) // about whom?
	wantFault(t, err, fault.Invalid, "invalid")
	_, err = b.Complain(asToken(t, contract.RoleRequester, contract.NewID[contract.RequestID]()), complaint(m, contract.ComplaintRude))
	wantFault(t, err, fault.NotFound, "not_found")
	list, err := b.Complaints(hubei, contract.ListComplaints{})
	if must(t, err); len(list.Items) != 4 {
		t.Errorf("hubei sees %d complaints, want 4", len(list.Items))
	}
	// Danger that a helper reports suspends nobody.
	_, err = b.Complain(asToken(t, contract.RoleAnswerer, m.ID), complaint(m, contract.ComplaintSafeguarding))
	if must(t, err); len(o.asked()) != 0 {
		t.Errorf("the offer service was asked for %+v", o.asked())
	}
}
