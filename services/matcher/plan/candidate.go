package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
)

// complete is the floor of a need whose candidates are all known.
const complete = math.MaxInt64

// fetch gets the first candidates of needs that have none.
func (p *Plan) fetch(keys []NeedKey) error {
	return p.enlarge(keys, func(NeedKey) int { return p.options.Candidates })
}

// enlarge asks the source for the number of candidates that k tells, for many
// needs at once, and takes the answers in the order of the keys.
func (p *Plan) enlarge(keys []NeedKey, k func(NeedKey) int) error {
	const batch = 4096 // answers in memory at a time
	for len(p.readers) < p.options.Workers {
		p.readers = append(p.readers, &reader{plan: p})
	}
	for chunk := range slices.Chunk(keys, batch) {
		answers := make([]answer, len(chunk))
		var asking sync.WaitGroup
		workers := min(p.options.Workers, len(chunk))
		for w := range workers {
			asking.Go(func() {
				for i := w; i < len(chunk); i += workers {
					answers[i] = p.readers[w].ask(chunk[i], k(chunk[i]))
				}
			})
		}
		asking.Wait()
		for i, key := range chunk {
			if err := p.extend(key, answers[i]); err != nil {
				return fmt.Errorf("take candidates of need %d: %w", key, err)
			}
		}
	}
	return nil
}

// answer is what the source said to a question for so many candidates. An offer
// that has no bin yet is in the list as a newcomer: bins are made when the answer
// is taken, one answer after the other.
type answer struct {
	list      []arc
	newcomers []int32 // places in the list
	asked     int
	err       error // it cannot be taken
}

// newcomer stands for the bin of an offer that has none, and for the offer of one.
func newcomer(k int32) int32 { return outside - 1 - k }

// reader asks the source and checks what it says. It changes nothing of the
// plan, so that several may read at a time.
type reader struct {
	plan    *Plan
	answers int64   // read so far
	seen    []int64 // by offer, the last answer that it was in
}

func (r *reader) ask(key NeedKey, k int) answer {
	p := r.plan
	found := p.source.Best(key, k)
	a := answer{list: make([]arc, len(found)), asked: k}
	r.answers++
	r.seen = grown(r.seen, len(p.offers))
	for i, c := range found {
		if a.err = r.check(c, found[:i]); a.err != nil {
			return a
		}
		bin := p.offers[c.Offer].bin
		if bin == outside {
			bin = newcomer(int32(c.Offer))
			a.newcomers = append(a.newcomers, int32(i))
		}
		a.list[i] = arc{bin, int32(c.Cost)}
	}
	a.err = p.continues(&p.needs[key], a.list)
	return a
}

// check refuses a candidate that cannot be, after those before it.
func (r *reader) check(c Candidate, before []Candidate) error {
	switch {
	case c.Cost < 0 || c.Cost > MaxCost:
		return fmt.Errorf("%w: offer %d costs %d, at most %d", ErrInvalid, c.Offer, c.Cost, int64(MaxCost))
	case len(before) > 0 && compareCandidates(before[len(before)-1], c) >= 0:
		return fmt.Errorf("%w: offer %d comes before offer %d", ErrSource, before[len(before)-1].Offer, c.Offer)
	case !r.plan.holds(c.Offer):
		return fmt.Errorf("offer %d: %w", c.Offer, ErrUnknown)
	case r.seen[c.Offer] == r.answers:
		return fmt.Errorf("%w: offer %d comes twice", ErrSource, c.Offer)
	}
	r.seen[c.Offer] = r.answers
	return nil
}

func compareCandidates(a, b Candidate) int {
	return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(a.Offer, b.Offer))
}

// continues checks that a longer list holds the one it replaces, and nothing
// that should have been on that. The last of equal costs may change places.
func (p *Plan) continues(x *need, list []arc) error {
	at := 0
	for _, a := range list {
		switch {
		case at < len(x.list) && x.list[at] == a:
			at++
		case int64(a.cost) < x.floor:
			return fmt.Errorf("%w: offer %d at %d was kept back", ErrSource, p.offerOf(a), a.cost)
		}
	}
	if at < len(x.list) {
		return fmt.Errorf("%w: offer %d at %d is gone", ErrSource, p.offerOf(x.list[at]), x.list[at].cost)
	}
	return nil
}

// offerOf returns the key of a candidate's offer.
func (p *Plan) offerOf(a arc) int32 {
	if a.node < outside {
		return newcomer(a.node)
	}
	return p.bins[a.node].offer
}

// extend makes an answer the need's list.
func (p *Plan) extend(key NeedKey, a answer) error {
	if a.err != nil {
		return a.err
	}
	x := &p.needs[key]
	for _, at := range a.newcomers {
		a.list[at].node = p.binOf(OfferKey(newcomer(a.list[at].node)))
	}
	if p.reached {
		p.announce(int32(key), x.list, a.list)
	}
	for _, c := range a.list {
		p.joined.join(a.list[0].node, c.node)
	}
	x.scatter()
	x.list, x.asked, x.floor = a.list, a.asked, complete
	if len(a.list) >= a.asked && a.asked > 0 {
		x.floor = int64(a.list[len(a.list)-1].cost)
	}
	return nil
}

// announce tells the bins that are new on a list.
func (p *Plan) announce(n int32, old, list []arc) {
	at := 0
	for _, a := range list {
		if at < len(old) && old[at] == a {
			at++
			continue
		}
		p.bins[a.node].incoming = append(p.bins[a.node].incoming, arc{n, a.cost})
	}
}

// reach tells every bin who could use it. Only taking back units asks for it.
func (p *Plan) reach() {
	if p.reached {
		return
	}
	p.reached = true
	counts := make([]int32, len(p.bins))
	total := 0
	for i := range p.needs {
		for _, a := range p.needs[i].list {
			counts[a.node]++
		}
		total += len(p.needs[i].list)
	}
	pool := make([]arc, total)
	for b, n := range counts {
		p.bins[b].incoming, pool = pool[:0:n], pool[n:]
	}
	for i := range p.needs {
		for _, a := range p.needs[i].list {
			p.bins[a.node].incoming = append(p.bins[a.node].incoming, arc{int32(i), a.cost})
		}
	}
}
