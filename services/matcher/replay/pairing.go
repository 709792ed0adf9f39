package replay

import (
	"context"
	"time"

	"heli/services/matcher/rank"
)

// waitingLimit bounds how many waiting needs a free line looks for at a time, as
// in the running matcher.
const waitingLimit = 50

// moment is everything around a pair now, under a policy; each need's owner acts.
func (r *run) moment(policy rank.Policy) rank.Moment {
	return rank.Moment{
		Now: r.now, Reference: r.tools.Reference, Policy: policy,
		Refused: func(n *rank.Need, o *rank.Offer) bool {
			one := Pair{n.RequestID, o.OfferID}
			return r.refused[one] || r.met[one]
		},
	}
}

func (r *run) arrive(n *need) {
	n.open = n.wanted > 0
	if !n.open {
		return
	}
	if !n.automatic {
		n.desk.waiting++
		r.callForPlan(n.desk)
		return
	}
	r.tools.Index.PutNeed(n.Need)
	r.serve(n)
}

func (r *run) leave(n *need) {
	if !n.open {
		return
	}
	n.open = false
	if !n.automatic {
		n.desk.waiting--
		return
	}
	r.tools.Index.RemoveNeed(n.ID)
}

// serve pairs a need, or has its pairs made when those who are asked answer. It
// reports whether it got anything.
func (r *run) serve(n *need) bool {
	if !n.asks {
		return r.pair(n)
	}
	if !n.asking && n.open {
		n.asking = true
		r.queue.add(event{at: r.now.Add(AnswersAfter), kind: answersCome, id: string(n.ID)})
	}
	return false
}

// answered pairs a need with those who said yes: the best that are free then.
func (r *run) answered(n *need) {
	n.asking = false
	r.pair(n)
}

// pair gives a need its best free offers one after another, and reports whether
// it got anything.
func (r *run) pair(n *need) bool {
	any := false
	for n.open {
		best := r.tools.Index.Top(n.Need, r.moment(n.policy), 1)
		if len(best) == 0 || !r.match(n, r.lineOf[best[0].Line], best[0].Quantity) {
			break
		}
		any = true
	}
	return any
}

// offered looks who waits for what a line has free.
func (r *run) offered(l *line) {
	r.callForPlan(r.desks[rank.Assisted])
	r.callForPlan(r.desks[rank.Manual])
	for again := r.automatic; again && l.free(); {
		again = false
		for _, c := range r.tools.Index.Waiting(l.shown, r.moment(r.policies.Installation), waitingLimit) {
			again = r.serve(r.needOf[c.Need]) || again
		}
	}
}

// match makes a pair for up to a quantity of the need's unit, unless a rule stops
// it as things stand now. It reports whether the pair was made.
func (r *run) match(n *need, l *line, quantity int64) bool {
	q := rank.Ask(&n.Need, r.moment(n.policy))
	if !n.open || !l.on || q.Check(&l.shown) != "" {
		return false
	}
	quantity = min(quantity, q.Quantity(&l.shown), n.wanted-n.got)
	taken, ok := q.Reserve(&l.shown, quantity)
	if !ok || quantity < 1 {
		return false
	}
	r.tally.count(n, l, r.now)
	if metres, known := q.Travel(&l.shown); known {
		r.tally.travelled(metres)
	}
	r.met[Pair{n.RequestID, l.OfferID}] = true
	l.reserved += taken
	r.give(n, quantity)
	r.show(l)
	r.load(l, rank.Minutes(n.Unit, quantity))
	return true
}

// give takes what a need got from what it lacks.
func (r *run) give(n *need, quantity int64) {
	n.got += quantity
	if n.Remaining != nil {
		n.Remaining = new(n.wanted - n.got)
	}
	if n.got == n.wanted {
		r.leave(n)
	} else if n.automatic {
		r.tools.Index.PutNeed(n.Need)
	}
}

// callForPlan queues a desk's plan at the next time for one, which may be now,
// unless one was just made.
func (r *run) callForPlan(d *desk) {
	if d.due || d.waiting == 0 {
		return
	}
	at := r.now.Truncate(d.every)
	if at.Before(r.now) || !d.planned.Before(at) {
		at = at.Add(d.every)
	}
	d.due = true
	r.queue.add(event{at: at, kind: planDue, id: string(d.mode)})
}

// planRounds is how often a plan is made anew at one time, as somebody would who
// confirms what is possible and looks again.
const planRounds = 6

// plan makes the pairs of the best assignment of everything that is open at a
// desk, and again while pairs of it could not be made beside the others. What is
// left then is for the next time.
func (r *run) plan(ctx context.Context, d *desk) error {
	d.due, d.planned = false, r.now
	before := r.tally.matches
	for range planRounds {
		rest, err := r.planRound(ctx, d)
		if err != nil {
			return err
		}
		if !rest {
			break
		}
	}
	if r.tally.matches > before {
		r.callForPlan(d)
	}
	return nil
}

// planRound reports whether it made some of the pairs planned and not others.
func (r *run) planRound(ctx context.Context, d *desk) (rest bool, err error) {
	needs, lines := r.toPlan(d)
	if len(needs) == 0 || len(lines) == 0 {
		return false, nil
	}
	policy := func(n *rank.Need) rank.Policy { return r.needOf[n.ID].policy }
	pairs, err := r.tools.Plan(ctx, r.tools.Index, r.moment(r.policies.Installation), policy, needs, lines)
	if err != nil {
		return false, err
	}
	made := 0
	for _, p := range pairs {
		if r.match(r.needOf[p.NeedLineID], r.lineOf[p.OfferLineID], p.Quantity) {
			made++
		}
	}
	return made > 0 && made < len(pairs), nil
}

// plenty is the capacity of a line that states none.
const plenty = int64(1_000_000_000_000)

// toPlan returns what a plan is made of, each by id. A capacity that is not
// stated never blocks, so that it has to be enough for all: one plan stands for
// the many that would share it out piece by piece.
func (r *run) toPlan(d *desk) ([]rank.Need, []rank.Offer) {
	var needs []rank.Need
	for _, n := range r.needs {
		if n.open && n.desk == d {
			needs = append(needs, n.Need)
		}
	}
	var lines []rank.Offer
	for _, l := range r.lines {
		if !l.free() {
			continue
		}
		planned := l.shown
		if planned.Free == nil {
			planned.Free = new(plenty)
		}
		lines = append(lines, planned)
	}
	return needs, lines
}

// waited is how long a need that was served waited.
func (n *need) waited() time.Duration { return n.first.Sub(n.Since) }
