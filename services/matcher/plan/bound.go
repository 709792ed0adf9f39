package plan

import "math/big"

// Result says how good the plan is.
type Result struct {
	Needs, Edges int   // planned; pairs looked at
	Units        int64 // matched
	Objective    int64 // Σ cost of pairs + price of unmatched units + load
	Bound        int64 // no assignment costs less, computed from the prices
	Certified    bool  // objective and bound are equal
	Exact        bool  // best among the pairs looked at
}

// Gap returns how far from the best the objective is at most, as a share of
// the bound.
func (r Result) Gap() float64 {
	if r.Objective <= r.Bound {
		return 0
	}
	return float64(r.Objective-r.Bound) / float64(max(r.Bound, 1))
}

// Result returns the figures of the plan as it is. It reads all of it.
func (p *Plan) Result() Result {
	r := Result{Objective: p.objective(), Bound: p.bound(), Exact: p.state == exact}
	if !r.Exact {
		r.Bound = max(r.Bound, p.proven)
	}
	for i := range p.needs {
		x := &p.needs[i]
		if !x.live {
			continue
		}
		r.Needs++
		r.Edges += len(x.list)
		r.Units += x.quantity - x.left - x.excess
	}
	r.Certified = r.Exact && r.Objective == r.Bound
	return r
}

func (p *Plan) objective() int64 {
	total := int64(0)
	for i := range p.needs {
		x := &p.needs[i]
		total += (x.left + x.excess) * x.price
		for _, u := range x.uses {
			total += u.units * int64(u.cost)
		}
	}
	for i := range p.bins {
		total += p.bins[i].loadCost()
	}
	return total
}

// bound returns the dual objective: what the needs' units are worth at least,
// candidates not looked at included, less what capacity is worth. It is a bound
// whatever the prices are, as long as they are not negative (weak duality).
func (p *Plan) bound() int64 {
	total := new(big.Int)
	for i := range p.needs {
		if x := &p.needs[i]; x.live {
			add(total, x.quantity, p.worthAtLeast(x))
		}
	}
	for i := range p.bins {
		b := &p.bins[i]
		margin := p.prices[i] - p.priceOf(b.parent)
		if b.steps == nil {
			add(total, -b.capacity, max(0, margin))
		}
		for _, s := range b.steps {
			add(total, -s.Width, max(0, margin-s.Cost))
		}
	}
	if !total.IsInt64() {
		return 0 // costs are not negative, so this is a bound too
	}
	return max(0, total.Int64())
}

func (p *Plan) worthAtLeast(x *need) int64 {
	worth := min(x.price, x.floor)
	for _, a := range x.list {
		if int64(a.cost) >= worth {
			break
		}
		worth = min(worth, int64(a.cost)+p.prices[a.node])
	}
	return worth
}

func add(total *big.Int, units, worth int64) {
	if units != 0 && worth != 0 {
		part := big.NewInt(units)
		total.Add(total, part.Mul(part, big.NewInt(worth)))
	}
}
