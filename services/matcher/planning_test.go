package matcher

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// planning returns a bench with needs that compete for what is on offer: a far
// offer for everybody, a near one that is worth more to the urgent need.
func planning(t *testing.T) (*bench, []contract.ProjectedRequest, []contract.ProjectedOffer) {
	t.Helper()
	b := setup(t)
	var requests []contract.ProjectedRequest
	for _, urgency := range []contract.Urgency{contract.Urgent, contract.Routine, contract.Planned} {
		r := need(new(int64(2)), func(p *contract.ProjectedRequest) { p.Urgency = urgency })
		b.tell(t, r, "open")
		requests = append(requests, r)
	}
	var offers []contract.ProjectedOffer
	for _, capacity := range []int64{3, 1} {
		o := help(new(capacity))
		b.tellOffer(t, o, "available")
		offers = append(offers, o)
	}
	return b, requests, offers
}

func TestPlanServesTheUrgentFirst(t *testing.T) {
	t.Parallel()
	b, requests, _ := planning(t)
	p, err := b.Plan(asCoordinator(t), contract.AskPlan{})
	must(t, err)
	if !p.Certified || p.Objective != p.Bound || p.Needs != 3 || p.Units != 4 || p.Unmatched != 1 {
		t.Errorf("planned %+v", p)
	}
	matched := map[contract.RequestID]int64{}
	for _, pair := range p.Pairs {
		matched[pair.RequestID] += pair.Quantity
	}
	want := map[contract.RequestID]int64{requests[0].RequestID: 2, requests[1].RequestID: 2}
	if fmt.Sprint(matched) != fmt.Sprint(want) {
		t.Errorf("matched %v, want %v", matched, want)
	}
}

func TestPlanIsConfirmedPairByPair(t *testing.T) {
	t.Parallel()
	b, _, _ := planning(t)
	ctx := asCoordinator(t)
	p, err := b.Plan(ctx, contract.AskPlan{})
	must(t, err)
	// Somebody takes the need of one pair in the meantime.
	taken := p.Pairs[0]
	_, err = b.Propose(ctx, contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(),
		NeedLineID: taken.NeedLineID, OfferLineID: taken.OfferLineID, Quantity: &taken.Quantity,
	})
	must(t, err)
	foreign := contract.PairRef{NeedLineID: contract.NewID[contract.NeedLineID](), OfferLineID: taken.OfferLineID}
	refs := []contract.PairRef{foreign}
	for _, pair := range p.Pairs {
		refs = append(refs, contract.PairRef{NeedLineID: pair.NeedLineID, OfferLineID: pair.OfferLineID})
	}
	first, err := b.ConfirmPlan(ctx, contract.ConfirmPlan{PlanID: p.ID, Pairs: refs})
	must(t, err)
	if first.Items[0].Problem != "not_planned" || first.Items[1].Problem == "" || first.Items[1].MatchID != "" {
		t.Errorf("confirmed %+v", first.Items[:2])
	}
	for _, item := range first.Items[2:] {
		if item.Problem != "" || item.State != "proposed" {
			t.Errorf("confirmed %+v", item)
		}
	}
	again, err := b.ConfirmPlan(ctx, contract.ConfirmPlan{PlanID: p.ID, Pairs: refs})
	must(t, err)
	for i := range first.Items[2:] {
		if again.Items[2+i].MatchID != first.Items[2+i].MatchID {
			t.Errorf("a repeat made another match: %+v", again.Items[2+i])
		}
	}
}

func TestPlanStaysInSight(t *testing.T) {
	t.Parallel()
	b, _, _ := planning(t)
	elsewhere := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleCoordinator, Path: "root/hubei/"})
	p, err := b.Plan(elsewhere, contract.AskPlan{})
	must(t, err)
	if p.Needs != 0 || len(p.Pairs) != 0 || !p.Certified {
		t.Errorf("planned %+v", p)
	}
	own, err := b.Plan(asCoordinator(t), contract.AskPlan{})
	must(t, err)
	if _, err := b.ConfirmPlan(elsewhere, contract.ConfirmPlan{PlanID: own.ID}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another organisation's plan: %v", err)
	}
	for name, scope := range map[string]contract.PlanScope{
		"organisation": {Organisation: "nobody"}, "category": {Category: "food"}, "campaign": {Campaign: "none"}, "region": {Region: "420000"},
	} {
		if p, err := b.Plan(asCoordinator(t), contract.AskPlan{Scope: scope}); err != nil || p.Needs != 0 {
			t.Errorf("scope by %s: %d needs, %v", name, p.Needs, err)
		}
	}
	if p, err := b.Plan(asCoordinator(t), contract.AskPlan{Scope: contract.PlanScope{Organisation: testkit.Xian.Code, Category: "labour", Region: "610100"}}); err != nil || p.Needs != 3 {
		t.Errorf("the whole scope: %d needs, %v", p.Needs, err)
	}
	_, err = b.Plan(asCoordinator(t), contract.AskPlan{Scope: contract.PlanScope{Region: "nowhere", Category: "nothing"}, Limit: -1})
	if f := fault.As(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 3 {
		t.Errorf("a bad scope: %v", err)
	}
	_, err = b.Plan(contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleAuditor, Path: contract.RootPath}), contract.AskPlan{})
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("an auditor: %v", err)
	}
}

// TestACrowdThatAsksForPlansGetsThem asks more often at once than there are
// connections to the database.
func TestACrowdThatAsksForPlansGetsThem(t *testing.T) {
	t.Parallel()
	b, _, _ := planning(t)
	callers := 2 * b.db.Stats().MaxOpenConnections
	var crowd errgroup.Group
	for range callers {
		crowd.Go(func() error {
			p, err := b.Plan(asCoordinator(t), contract.AskPlan{})
			if err == nil && !p.Certified {
				err = fmt.Errorf("planned %+v", p)
			}
			return err
		})
	}
	must(t, crowd.Wait())
}
