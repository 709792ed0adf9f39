package matcher

import (
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// limitedHelp is an offer of somebody with limits, of as much as is wanted.
func limitedHelp(key string, change ...func(*contract.ProjectedOffer)) contract.ProjectedOffer {
	return help(nil, append(change, func(p *contract.ProjectedOffer) { p.HelperKey, p.Sharing = key, contract.SharingNetwork })...)
}

// TestTheStricterOfTwoLimitsHoldsEverywhere: who says at one organisation how much
// may be asked of them is not asked for more through another.
func TestTheStricterOfTwoLimitsHoldsEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	strict := limitedHelp("ada", func(p *contract.ProjectedOffer) { p.WeeklyHours = new(int64(2)) })
	elsewhere := limitedHelp("ada", func(p *contract.ProjectedOffer) {
		p.Organisation, p.Path, p.WeeklyHours = testkit.Shaanxi.Code, testkit.Shaanxi.Path, new(int64(40))
	})
	b.tellOffer(t, elsewhere, "available")
	b.tellOffer(t, strict, "available")
	var last contract.ProjectedRequest
	for range 3 {
		last = need(nil)
		b.tell(t, last, "open")
		if len(b.suggestions(t, last).Items) == 0 {
			break
		}
		_, err := b.Propose(asCoordinator(t), proposal(last, elsewhere, nil))
		must(t, err)
	}
	if items := b.suggestions(t, last).Items; len(items) != 0 {
		t.Errorf("after two hours of two she is suggested: %+v", items)
	}
	_, err := b.Propose(asCoordinator(t), proposal(last, elsewhere, nil))
	wantFault(t, err, fault.Conflict, "helper_busy")
	b.clock.Advance(7 * 24 * time.Hour)
	must(t, b.sweep(t.Context()))
	if items := b.suggestions(t, last).Items; len(items) != 2 {
		t.Errorf("in the next week both offers are suggested: %+v", items)
	}
}

// TestHoursAreCountedAsTheyWere: an appointment says how long, then the report does,
// and what has fallen away counts for nothing.
func TestHoursAreCountedAsTheyWere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := limitedHelp("ada", func(p *contract.ProjectedOffer) { p.WeeklyHours, p.Lines[0].Unit = new(int64(5)), "hour" })
	r := need(new(int64(9)), func(p *contract.ProjectedRequest) { p.Lines[0].Unit = "hour" })
	m := b.matched(t, r, o, nil)
	if m.Quantity != 5 {
		t.Fatalf("of nine hours her week has room for five: %d", m.Quantity)
	}
	next := need(nil, func(p *contract.ProjectedRequest) { p.Lines[0].Unit = "hour" })
	b.tell(t, next, "open")
	propose := func() error {
		_, err := b.Propose(asCoordinator(t), proposal(next, o, nil))
		return err
	}
	wantFault(t, propose(), fault.Conflict, "helper_busy")
	hers := asToken(t, contract.RoleAnswerer, m.ID)
	start := b.clock.Now().Add(24 * time.Hour).UTC()
	appoint := func(minutes time.Duration) error {
		_, err := b.SetAppointment(hers, contract.SetAppointment{
			MatchID: m.ID, Start: start.Format(contract.AppointmentForm), End: start.Add(minutes * time.Minute).Format(contract.AppointmentForm), Zone: "UTC",
		})
		return err
	}
	wantFault(t, appoint(301), fault.Conflict, "helper_hours")
	must(t, appoint(300))
	b.move(hers, t, m, "accept")
	_, err := b.Move(hers, contract.Move{ID: string(m.ID), Move: "report", Minutes: new(int64(longestTook + 1))})
	wantFault(t, err, fault.Invalid, "invalid")
	b.move(hers, t, m, "report", func(q *contract.Move) { q.Minutes = new(int64(241)) })
	wantFault(t, propose(), fault.Conflict, "helper_busy") // 59 minutes are no hour
	b.move(asCoordinator(t), t, m, "fail")
	must(t, propose())
}

// TestOnlyHeavyHelpIsFollowedByARest where the helper says so, for proposals too.
func TestOnlyHeavyHelpIsFollowedByARest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o := limitedHelp("ada", func(p *contract.ProjectedOffer) { p.RestDays, p.HeavyHours = 2, 3 })
	b.tellOffer(t, o, "available")
	for _, c := range []struct {
		took  int64
		rests bool
	}{{179, false}, {180, true}} {
		r := need(nil)
		m := b.matched(t, r, o, nil)
		hers := asToken(t, contract.RoleAnswerer, m.ID)
		b.move(hers, t, m, "accept")
		b.move(hers, t, m, "report", func(q *contract.Move) { q.Minutes = &c.took })
		next := need(nil)
		b.tell(t, next, "open")
		if rests := len(b.suggestions(t, next).Items) == 0; rests != c.rests {
			t.Errorf("after %d minutes she rests: %v", c.took, rests)
		}
		_, err := b.Propose(asCoordinator(t), proposal(next, o, nil))
		if (err != nil) != c.rests {
			t.Errorf("after %d minutes a proposal: %v", c.took, err)
		}
	}
	last := need(nil)
	b.tell(t, last, "open")
	b.clock.Advance(48*time.Hour - time.Second)
	_, err := b.Propose(asCoordinator(t), proposal(last, o, nil))
	if n := len(b.suggestions(t, last).Items); n != 0 || !fault.Is(err, fault.Conflict) {
		t.Errorf("a second before two days are over: %d suggestions, %v", n, err)
	}
	b.clock.Advance(time.Second)
	if len(b.suggestions(t, last).Items) == 0 {
		t.Error("she rests for longer than two days")
	}
	_, err = b.Propose(asCoordinator(t), proposal(last, o, nil))
	must(t, err)
}

// TestAPlanKeepsToAHelpersWeek, over all lines and organisations, and uses all of it.
func TestAPlanKeepsToAHelpersWeek(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tellOffer(t, limitedHelp("ada", func(p *contract.ProjectedOffer) { p.WeeklyHours = new(int64(2)); p.Lines[0].Quantity = new(int64(9)) }), "available")
	b.tellOffer(t, limitedHelp("ada", func(p *contract.ProjectedOffer) { p.WeeklyBudget = new(int64(5)); p.Lines[0].Quantity = new(int64(9)) }), "available")
	b.tellOffer(t, limitedHelp("bea", func(p *contract.ProjectedOffer) { p.WeeklyBudget = new(int64(1)); p.Lines[0].Quantity = new(int64(9)) }), "available")
	for range 5 {
		b.tell(t, need(new(int64(1))), "open")
	}
	p, err := b.Plan(asCoordinator(t), contract.AskPlan{})
	must(t, err)
	if len(p.Pairs) != 3 {
		t.Errorf("planned %d pairs, the weeks have room for two and one: %+v", len(p.Pairs), p.Pairs)
	}
	confirmed, err := b.ConfirmPlan(asCoordinator(t), contract.ConfirmPlan{PlanID: p.ID})
	must(t, err)
	for _, one := range confirmed.Items {
		if one.MatchID == "" {
			t.Errorf("a planned pair is refused: %+v", one)
		}
	}
}
