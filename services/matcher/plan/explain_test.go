package plan

import (
	"context"
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// forced returns what the best plan costs in which a need has a unit of an
// offer for certain.
func (w *world) forced(t *rapid.T, k NeedKey, o OfferKey) int64 {
	const dear = 1_000_000
	f := &world{needs: maps.Clone(w.needs), offers: w.offers, groups: w.groups, costs: maps.Clone(w.costs)}
	rest := f.needs[k]
	rest.Quantity--
	f.needs[k] = rest
	f.needs[mostNeeds] = Need{Key: mostNeeds, Quantity: 1, Price: dear}
	f.costs[mostNeeds] = map[OfferKey]int64{o: w.costs[k][o]}
	return f.optimum(t)
}

func TestExplanationsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		p, err := New(w.input(), w, Options{})
		must(t, err)
		must(t, p.Solve(context.Background()))
		objective := p.Result().Objective
		for _, k := range sorted(w.needs) {
			e, err := p.Explain(k)
			if errors.Is(err, ErrInvalid) {
				continue
			}
			must(t, err)
			if e.Served {
				continue
			}
			if want := w.forced(t, k, e.Best) - objective; e.Loss != want {
				t.Fatalf("a loss of %d, want %d: %+v", e.Loss, want, e)
			}
			checkMoves(t, w, e)
		}
		must(t, p.Refine(context.Background()))
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
	})
}

func checkMoves(t *rapid.T, w *world, e Explanation) {
	first := e.Moves[0]
	if first.Need != e.Need || first.To != e.Best || e.Saved != first.Load-first.Cost {
		t.Fatalf("the first move is not the need's own: %+v", e)
	}
	for _, m := range e.Moves {
		price := func(o OfferKey) int64 {
			if o == Nowhere {
				return w.needs[m.Need].Price
			}
			return w.costs[m.Need][o]
		}
		if want := price(m.To) - price(m.From) + m.Load; m.Cost != want {
			t.Fatalf("move %+v costs %d", m, want)
		}
	}
}
