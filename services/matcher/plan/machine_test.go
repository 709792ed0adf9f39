package plan

import (
	"context"
	"testing"

	"pgregory.net/rapid"
)

const (
	mostNeeds  = 7
	mostOffers = 6
)

// machine makes any changes to a plan and to a world beside it.
type machine struct {
	world *world
	plan  *Plan
}

func drawWorld(t *rapid.T) *world {
	w := newWorld()
	for i := range rapid.IntRange(0, 3).Draw(t, "groups") {
		g := Group{Key: GroupKey(i + 1), Parent: GroupKey(rapid.IntRange(0, i).Draw(t, "parent"))}
		cost := int64(0)
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			cost += rapid.Int64Range(0, 6).Draw(t, "rise")
			g.Load = append(g.Load, Step{Width: rapid.Int64Range(1, 3).Draw(t, "width"), Cost: cost})
		}
		w.groups = append(w.groups, g)
	}
	for k := range mostNeeds {
		w.costs[NeedKey(k)] = map[OfferKey]int64{}
	}
	for k := range rapid.IntRange(0, mostOffers).Draw(t, "offers") {
		w.drawOffer(t, OfferKey(k))
	}
	for k := range rapid.IntRange(0, mostNeeds).Draw(t, "needs") {
		w.drawNeed(t, NeedKey(k))
	}
	return w
}

func (w *world) drawNeed(t *rapid.T, k NeedKey) {
	w.needs[k] = Need{Key: k, Quantity: rapid.Int64Range(0, 4).Draw(t, "quantity"), Price: rapid.Int64Range(0, 25).Draw(t, "price")}
	for o := range OfferKey(mostOffers) {
		delete(w.costs[k], o)
		if rapid.Bool().Draw(t, "fits") {
			w.costs[k][o] = rapid.Int64Range(0, 12).Draw(t, "cost")
		}
	}
}

func (w *world) drawOffer(t *rapid.T, k OfferKey) {
	w.offers[k] = Offer{Key: k, Capacity: rapid.Int64Range(0, 4).Draw(t, "capacity"), Group: GroupKey(rapid.IntRange(0, len(w.groups)).Draw(t, "group"))}
}

func (m *machine) AddNeed(t *rapid.T) {
	k := NeedKey(rapid.IntRange(0, mostNeeds-1).Draw(t, "need"))
	if _, there := m.world.needs[k]; there {
		t.Skip("there")
	}
	m.world.drawNeed(t, k)
	must(t, m.plan.AddNeed(m.world.needs[k]))
}

func (m *machine) RemoveNeed(t *rapid.T) {
	k := drawKey(t, m.world.needs)
	delete(m.world.needs, k)
	must(t, m.plan.RemoveNeed(k))
}

func (m *machine) SetNeed(t *rapid.T) {
	k := drawKey(t, m.world.needs)
	n := m.world.needs[k]
	n.Quantity, n.Price = rapid.Int64Range(0, 4).Draw(t, "quantity"), rapid.Int64Range(0, 25).Draw(t, "price")
	m.world.needs[k] = n
	must(t, m.plan.SetNeed(k, n.Quantity, n.Price))
}

func (m *machine) AddOffer(t *rapid.T) {
	k := OfferKey(rapid.IntRange(0, mostOffers-1).Draw(t, "offer"))
	if _, there := m.world.offers[k]; there {
		t.Skip("there")
	}
	m.world.drawOffer(t, k)
	must(t, m.plan.AddOffer(m.world.offers[k], m.world.callers(k)))
}

func (m *machine) RemoveOffer(t *rapid.T) {
	k := drawKey(t, m.world.offers)
	delete(m.world.offers, k)
	must(t, m.plan.RemoveOffer(k))
}

func (m *machine) SetCapacity(t *rapid.T) {
	k := drawKey(t, m.world.offers)
	o := m.world.offers[k]
	o.Capacity = rapid.Int64Range(0, 5).Draw(t, "capacity")
	m.world.offers[k] = o
	must(t, m.plan.SetCapacity(k, o.Capacity))
}

func (m *machine) Check(t *rapid.T) {
	if err := m.plan.check(); err != nil {
		t.Fatal(err)
	}
	r := m.plan.Result()
	if best := m.world.optimum(t); r.Objective != best || r.Bound != best || !r.Certified {
		t.Fatalf("result %+v, the best is %d", r, best)
	}
}

func must(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

func drawKey[K ~int32, V any](t *rapid.T, m map[K]V) K {
	if len(m) == 0 {
		t.Skip("none")
	}
	return rapid.SampledFrom(sorted(m)).Draw(t, "key")
}

func TestStandingPlanStaysOptimal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		p, err := New(w.input(), w, Options{
			Candidates: rapid.IntRange(1, 4).Draw(t, "candidates"),
			Effort:     rapid.Int64Range(0, 40).Draw(t, "effort"),
		})
		must(t, err)
		must(t, p.Solve(context.Background()))
		if r := p.Result(); r.Bound > r.Objective || !r.Exact && r.Gap() > p.options.Gap && p.auction.epsilon > finest {
			t.Fatalf("the approximate plan is not as good as it should be: %+v", r)
		}
		must(t, p.Refine(context.Background()))
		t.Repeat(rapid.StateMachineActions(&machine{w, p}))
	})
}
