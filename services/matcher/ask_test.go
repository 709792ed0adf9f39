package matcher

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// TestAWaveReservesBudgetsAndNoCapacity: those asked are free for others meanwhile.
func TestAWaveReservesBudgetsAndNoCapacity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 30, 1)
	r := need(new(int64(2)))
	b.tell(t, r, "open")
	before, err := b.Waves(asCoordinator(t), contract.GetByID{ID: string(r.RequestID)})
	must(t, err)
	if w := before.Items[0]; w.Missing != 2 || w.Fitting != 30 || len(w.Next) < 3 || w.State != "" || len(b.asks(t, r)) != 0 {
		t.Fatalf("before anybody asks: %+v", w)
	}
	sent := b.asking(t, r)
	if len(sent) != len(before.Items[0].Next) {
		t.Errorf("asked %d, the preview said %d", len(sent), len(before.Items[0].Next))
	}
	var reserved, counted int
	must(t, b.admin.GetContext(t.Context(), &reserved, `SELECT count(*) FROM matcher.capacity WHERE reserved > 0`))
	must(t, b.admin.GetContext(t.Context(), &counted, `SELECT sum(asked) FROM matcher.helper_load`))
	if reserved != 0 || counted != len(sent) {
		t.Errorf("%d capacities reserved, %d counted for %d asks", reserved, counted, len(sent))
	}
	other := b.asking(t, need(new(int64(2))))
	for _, a := range other {
		if slices.ContainsFunc(sent, func(s contract.Ask) bool { return s.OfferID == a.OfferID }) {
			t.Errorf("%s is asked beyond their budget", a.OfferID)
		}
	}
	again := b.asking(t, r)
	if len(again) != len(sent) {
		t.Errorf("starting twice asks %d more", len(again)-len(sent))
	}
	b.sound(t)
}

// TestAYesMakesAMatchAndTheLastOneTellsTheOthers; a yes after that is thanked, and
// its helper is asked first when somebody lets go.
func TestAYesMakesAMatchAndTheLastOneTellsTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 6, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	if len(sent) < 4 {
		t.Fatalf("asked %d", len(sent))
	}
	yes := b.answered(t, sent[1], "accept")
	m, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(yes.MatchID)})
	must(t, err)
	if yes.State != "accepted" || m.State != "accepted" || m.Version != 2 || m.OfferID != sent[1].OfferID {
		t.Errorf("a yes made %+v of %+v", m, yes)
	}
	if got := states(b.asks(t, r)); got["filled"] != len(sent)-1 {
		t.Errorf("the others are %v", got)
	}
	late := b.answered(t, sent[2], "accept")
	if late.State != "filled" || !late.StandsBy || late.MatchID != "" {
		t.Errorf("a late yes became %+v", late)
	}
	_, err = b.answer(t, yes, "accept")
	wantFault(t, err, fault.Conflict, "illegal_move")
	b.tend(t)
	if got := b.asks(t, r, "asked"); len(got) != 0 {
		t.Errorf("asks %d for what is filled", len(got))
	}
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "withdraw")
	b.tend(t)
	next := b.asks(t, r, "asked")
	if len(next) == 0 || next[0].OfferID != late.OfferID && !slices.ContainsFunc(next, func(a contract.Ask) bool { return a.OfferID == late.OfferID }) {
		t.Errorf("after a withdrawal asks %+v, not who stands by", next)
	}
	if slices.ContainsFunc(next, func(a contract.Ask) bool { return a.OfferID == yes.OfferID }) {
		t.Error("who withdrew is asked again")
	}
	b.sound(t)
}

// TestWhoStandsByIsAskedFirst when somebody lets go: a yes of before is as good as sure,
// so that fewer others are asked beside.
func TestWhoStandsByIsAskedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 30, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	yes := b.answered(t, sent[0], "accept")
	late := b.answered(t, sent[len(sent)-1], "accept")
	m, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(yes.MatchID)})
	must(t, err)
	b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "withdraw")
	g, err := b.glance(t.Context(), b.worker, b.worker.db, contract.NeedLineID(r.Lines[0].ID))
	must(t, err)
	if len(g.backups) != 1 || g.backups[0].found.Offer != late.OfferID || len(g.others) != 28 {
		t.Fatalf("%d stand by: %+v; %d others", len(g.backups), g.backups, len(g.others))
	}
	if sure := g.backups[0].History; sure.Accepted != sure.Asked || sure.Accepted != standByYes {
		t.Errorf("who stands by answers as %+v", sure)
	}
	g.need.Urgency = contract.Planned // so that not everybody is asked
	first, alone := g.decide(b.clock.Now()), glance{need: g.need, lacks: g.lacks, others: g.others}.decide(b.clock.Now())
	if len(first.Ask) < 2 || first.Ask[0].Helper != g.backups[0].Helper || len(first.Ask)-1 >= len(alone.Ask) || len(alone.Ask) == len(g.others) {
		t.Errorf("asks %d, %s first, and without them %d of %d", len(first.Ask), first.Ask[0].Helper, len(alone.Ask), len(g.others))
	}
}

// TestAnswersOtherThanYes.
func TestAnswersOtherThanYes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 12, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	_, err := b.answer(t, sent[0], "decline")
	wantFault(t, err, fault.Invalid, "invalid")
	_, err = b.answer(t, sent[0], "decline", because("call me on 555"))
	wantFault(t, err, fault.Invalid, "invalid")
	no := b.answered(t, sent[0], "decline", because("too_far"))
	later := b.answered(t, sent[1], "not_now")
	if no.State != "declined" || no.Reason != "too_far" || later.State != "not_now" {
		t.Errorf("answers: %+v, %+v", no, later)
	}
	histories, err := b.worker.askHistories(t.Context(), nil, []contract.OfferID{sent[0].OfferID}, b.clock.Now())
	must(t, err)
	if len(histories) != 0 {
		t.Errorf("of a helper with a phone by the offer: %v", histories)
	}
	var refused int
	must(t, b.admin.GetContext(t.Context(), &refused, `SELECT count(*) FROM matcher.refused`))
	if refused != 1 {
		t.Errorf("%d pairs are refused, want the declined one", refused)
	}
	if late := b.answered(t, later, "accept"); late.State != "accepted" {
		t.Errorf("a yes after all: %+v", late)
	}
	_, err = b.MoveAsk(asToken(t, contract.RoleAnswerer, sent[3].ID), contract.Move{ID: string(sent[2].ID), Move: "accept"})
	wantFault(t, err, fault.NotFound, "not_found")
	b.sound(t)
}

// TestAnotherTimeIsAcceptedByTheCoordinator.
func TestAnotherTimeIsAcceptedByTheCoordinator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 6, 5)
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	accept := contract.Move{ID: string(sent[0].ID), Move: "accept_time"}
	_, err := b.MoveAsk(asCoordinator(t), accept)
	wantFault(t, err, fault.Conflict, "no_other_time")
	tomorrow := b.clock.Now().AddDate(0, 0, 1).Truncate(time.Second)
	_, err = b.answer(t, sent[0], "suggest_time", func(m *contract.Move) { m.At = new(tomorrow.AddDate(0, 0, -3)) })
	wantFault(t, err, fault.Invalid, "invalid")
	at := func(m *contract.Move) { m.At = &tomorrow }
	suggested := b.answered(t, sent[0], "suggest_time", at)
	if suggested.State != "asked" || !suggested.OtherTime.Equal(tomorrow) {
		t.Errorf("suggested %+v", suggested)
	}
	_, err = b.MoveAsk(as(t.Context(), contract.RoleCoordinator, "root/hubei/"), accept)
	wantFault(t, err, fault.NotFound, "not_found")
	accept.Key = "once"
	yes, err := b.MoveAsk(asCoordinator(t), accept)
	must(t, err)
	again, err := b.MoveAsk(asCoordinator(t), accept)
	must(t, err)
	m, err := b.Get(asCoordinator(t), contract.GetByID{ID: string(yes.MatchID)})
	must(t, err)
	if m.At == nil || !m.At.Equal(tomorrow) || again.MatchID != yes.MatchID {
		t.Errorf("the match is at %v; a repeat: %+v", m.At, again)
	}
	b.sound(t)
}

// TestAnAskIsHandedToAColleague of the same organisation alone.
func TestAnAskIsHandedToAColleague(t *testing.T) {
	t.Parallel()
	b := setup(t)
	agency := func(p *contract.ProjectedOffer) {
		p.Organisation, p.Path, p.Sharing = "agency", "root/shaanxi/xian/agency/", contract.SharingNetwork
	}
	b.helpers(t, 3, 5)
	first := b.helpers(t, 1, 5, agency)[0]
	r := need(new(int64(1)))
	sent := b.asking(t, r)
	mine := sent[slices.IndexFunc(sent, func(a contract.Ask) bool { return a.OfferID == first.OfferID })]
	_, err := b.answer(t, mine, "hand_on")
	wantFault(t, err, fault.Conflict, "no_colleague")
	spent, free := b.helpers(t, 1, 0, agency)[0], b.helpers(t, 1, 5, agency)[0]
	to := func(id contract.OfferID) func(*contract.Move) { return func(m *contract.Move) { m.To = string(id) } }
	for _, id := range []contract.OfferID{spent.OfferID, sent[0].OfferID, contract.NewID[contract.OfferID]()} {
		if id == mine.OfferID {
			id = sent[1].OfferID
		}
		_, err = b.answer(t, mine, "hand_on", to(id))
		wantFault(t, err, fault.Conflict, "no_colleague")
	}
	keyed := func(m *contract.Move) { m.Key = "hand on" }
	handed := b.answered(t, mine, "hand_on", to(free.OfferID), keyed)
	if again, err := b.answer(t, mine, "hand_on", to(free.OfferID), keyed); err != nil || again.State != handed.State || again.Version != handed.Version {
		t.Errorf("the same again: %+v %v", again, err)
	}
	if handed.State != "not_now" || handed.Reason != "handed_on" {
		t.Errorf("handed: %+v", handed)
	}
	open := b.asks(t, r, "asked")
	if !slices.ContainsFunc(open, func(a contract.Ask) bool { return a.OfferID == free.OfferID }) {
		t.Errorf("the colleague is not asked: %+v", open)
	}
	b.sound(t)
}

// TestSilenceAsksTheNextAndExpires.
func TestSilenceAsksTheNextAndExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.helpers(t, 40, 5)
	r := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Urgency = contract.Critical })
	sent := b.asking(t, r)
	b.tend(t)
	if now := b.asks(t, r); len(now) != len(sent) {
		t.Errorf("asks %d more at once", len(now)-len(sent))
	}
	for range 8 {
		b.clock.Advance(10 * time.Minute)
		b.tend(t)
	}
	got := states(b.asks(t, r))
	if got["expired"] < len(sent) || got["expired"]+got["asked"] <= len(sent) {
		t.Errorf("after silence: %v of at first %d", got, len(sent))
	}
	late := b.answered(t, sent[0], "accept")
	if late.State != "accepted" {
		t.Errorf("a yes after its time, while somebody is missing: %+v", late)
	}
	b.tend(t)
	if got := b.asks(t, r, "asked"); len(got) > 0 {
		t.Errorf("%d are still asked", len(got))
	}
	b.sound(t)
}

// TestAskingEnds with the request, with an offer, and when somebody stops it.
func TestAskingEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	offers := b.helpers(t, 8, 9)
	closed, stopped, erased := need(new(int64(1))), need(new(int64(1))), need(new(int64(2)))
	for _, r := range []contract.ProjectedRequest{closed, stopped, erased} {
		b.asking(t, r)
	}
	b.tellEnd(t, closed)
	lead := as(t.Context(), contract.RoleAgencyLead, testkit.Xian.Path)
	_, err := b.StopWave(lead, contract.StopWave{NeedLineID: contract.NeedLineID(stopped.Lines[0].ID)})
	must(t, err)
	gone := b.asks(t, erased, "asked")[0]
	for _, o := range offers {
		if o.OfferID == gone.OfferID {
			b.fakes.mu.Lock()
			delete(b.fakes.offers, string(o.OfferID))
			b.fakes.mu.Unlock()
			o.Version++
			f := contract.Event{SchemaVersion: 1, ID: contract.NewID[contract.EventID](), Thing: contract.ThingOffer, State: "withdrawn", AggregateID: string(o.OfferID), Version: o.Version}
			must(t, b.hearOffers(t.Context(), []contract.Event{f}, testkit.Once(t, b.worker.db, f)))
		}
	}
	b.tend(t)
	b.tend(t)
	for _, r := range []contract.ProjectedRequest{closed, stopped} {
		if got := states(b.asks(t, r)); got["withdrawn"] == 0 || len(got) != 1 {
			t.Errorf("asks are %v", got)
		}
	}
	a, err := b.Ask(asCoordinator(t), contract.GetByID{ID: string(gone.ID)})
	must(t, err)
	if a.State != "withdrawn" || a.Reason != "offer_ended" {
		t.Errorf("the ask of an offer that ended: %+v", a)
	}
	_, err = b.answer(t, b.asks(t, closed)[0], "accept")
	wantFault(t, err, fault.Conflict, "ask_over")
	b.sound(t)
}
