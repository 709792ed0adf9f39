package plan

import (
	"context"
	"slices"
)

// Every change leaves nodes with a unit too many or too few, and all ways of
// negative reduced cost closed. Setting right one node after another along
// shortest ways keeps them closed, so that the end is optimal again: successive
// shortest paths, from both sides.

// augmenter sets nodes right. It works on one part at a time.
type augmenter struct {
	*Plan
	part
	search search
	values []int64 // scratch of gather
}

// part is nodes to set right, and what that left to do.
type part struct {
	queue   []int32   // nodes that may be out of balance
	grew    []int32   // needs whose worth passed their floor
	waiting []NeedKey // needs without whose other candidates it cannot go on
	fallen  int64     // by how much any price of the part fell, ever
	effort  int64     // pairs that may be looked at
	alone   bool      // it may ask the source at once
	ended   bool      // before all was done, on purpose
}

// augmenter returns the one of a number, made where it was not.
func (p *Plan) augmenter(worker int) *augmenter {
	for len(p.augmenters) <= worker {
		p.augmenters = append(p.augmenters, &augmenter{Plan: p, search: search{target: none}})
	}
	return p.augmenters[worker]
}

// only returns the one augmenter for nodes that nobody else works on meanwhile.
func (p *Plan) only(queue []int32) *augmenter {
	a := p.augmenter(0)
	a.part = part{queue: queue, fallen: p.dropped, effort: Unlimited, alone: true}
	return a
}

// settle sets all noted nodes right, asking the source for one need at a time.
// It reports false where the effort was not enough or the context ended, with
// some still noted.
func (p *Plan) settle(ctx context.Context, effort int64) (done bool) {
	a := p.only(p.unsettled)
	a.effort = effort
	a.run(ctx)
	p.unsettled = a.queue
	p.take(&a.part)
	return !a.ended
}

// settleApart does the same part by part, several at a time, without a limit.
// What the parts need to know from the source is asked for together between, so
// it is for when most is known. Errors: the source's.
func (p *Plan) settleApart(ctx context.Context) (done bool, err error) {
	p.reach() // before anybody does at the same time
	for {
		parts := p.parts()
		p.augmenter(p.options.Workers - 1)
		spread(p.options.Workers, len(parts), func(worker, i int) {
			a := p.augmenters[worker]
			a.part = parts[i]
			a.run(ctx)
			parts[i] = a.part
		})
		p.unsettled = p.unsettled[:0]
		var waiting []NeedKey
		ended := false
		for i := range parts {
			t := &parts[i]
			p.take(t)
			p.unsettled, waiting, ended = append(p.unsettled, t.queue...), append(waiting, t.waiting...), ended || t.ended
		}
		if ended || len(waiting) == 0 {
			return !ended, nil
		}
		slices.Sort(waiting)
		if err := p.enlarge(slices.Compact(waiting), p.more); err != nil {
			return false, err
		}
	}
}

// parts divides the nodes out of balance. What is left alone may ask the source.
func (p *Plan) parts() []part {
	queues := p.apart(p.unsettled)
	parts := make([]part, len(queues))
	for i, queue := range queues {
		parts[i] = part{queue: queue, fallen: p.dropped, effort: Unlimited, alone: len(queues) == 1}
	}
	return parts
}

// take takes over what the search in a part found out.
func (p *Plan) take(t *part) {
	p.doubts = append(p.doubts, t.grew...)
	p.dropped = max(p.dropped, t.fallen)
}

// run sets the part's nodes right: those with units too many first, which may
// go where one is missing, then those that still miss some. It leaves those in
// the queue that it could not.
func (a *augmenter) run(ctx context.Context) {
	begun := a.search.looks
	for _, forward := range []bool{true, false} {
		for i, node := range a.queue {
			for waiting := len(a.waiting); a.off(node, forward) && len(a.waiting) == waiting; {
				late := forward && i < len(a.queue)/4
				if a.ended = a.exhausted(a.search.looks-begun, late) || ctx.Err() != nil; a.ended {
					a.tidy()
					return
				}
				a.move(node, forward)
			}
			if len(a.waiting) == asked {
				break
			}
		}
		if len(a.waiting) > 0 {
			break
		}
	}
	a.tidy()
}

// exhausted reports whether the effort was made. Who has not done a quarter of the
// nodes with a quarter of it is late: the later nodes go further.
func (a *augmenter) exhausted(looks int64, late bool) bool {
	return looks > a.effort || late && looks > a.effort/4
}

// asked is for how many needs a part asks at a time: what they are told lets
// others go on too.
const asked = 8

// tidy forgets the nodes that are in balance.
func (a *augmenter) tidy() {
	a.queue = slices.DeleteFunc(a.queue, func(n int32) bool { return *a.excess(n) == 0 })
}

// off reports whether a node has units too many, or misses some. It reads anew
// every time, since searches may add bins.
func (p *Plan) off(node int32, forward bool) bool {
	excess := *p.excess(node)
	return forward && excess > 0 || !forward && excess < 0
}

// move takes units from a node, or brings them, along the shortest way, unless
// the search has to wait.
func (a *augmenter) move(node int32, forward bool) {
	waiting := len(a.waiting)
	if forward {
		a.forward(node)
	} else {
		a.backward(node)
	}
	if len(a.waiting) > waiting {
		return
	}
	if forward {
		a.raise(1)
	} else {
		a.raise(-1)
	}
	a.push(node, forward)
}
