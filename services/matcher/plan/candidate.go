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
	for chunk := range slices.Chunk(keys, batch) {
		answers := make([][]Candidate, len(chunk))
		var asking sync.WaitGroup
		workers := min(p.options.Workers, len(chunk))
		for w := range workers {
			asking.Go(func() {
				for i := w; i < len(chunk); i += workers {
					answers[i] = p.source.Best(chunk[i], k(chunk[i]))
				}
			})
		}
		asking.Wait()
		for i, key := range chunk {
			if err := p.extend(key, answers[i], k(key)); err != nil {
				return fmt.Errorf("take candidates of need %d: %w", key, err)
			}
		}
	}
	return nil
}

// extend makes an answer to a question for k the need's list.
func (p *Plan) extend(key NeedKey, answer []Candidate, k int) error {
	x := &p.needs[key]
	list := make([]arc, len(answer))
	for i, c := range answer {
		if c.Cost < 0 || c.Cost > MaxCost {
			return fmt.Errorf("%w: offer %d costs %d, at most %d", ErrInvalid, c.Offer, c.Cost, int64(MaxCost))
		}
		if i > 0 && compareCandidates(answer[i-1], c) >= 0 {
			return fmt.Errorf("%w: offer %d comes before offer %d", ErrSource, answer[i-1].Offer, c.Offer)
		}
		b, err := p.binOf(c.Offer)
		if err != nil {
			return err
		}
		list[i] = arc{b, int32(c.Cost)}
	}
	if err := p.distinct(list); err != nil {
		return err
	}
	if err := p.continues(x, list); err != nil {
		return err
	}
	if p.reached {
		p.announce(int32(key), x.list, list)
	}
	for _, a := range list {
		p.joined.join(list[0].node, a.node)
	}
	x.scatter()
	x.list, x.asked, x.floor = list, k, complete
	if len(list) >= k && k > 0 {
		x.floor = int64(list[len(list)-1].cost)
	}
	return nil
}

func compareCandidates(a, b Candidate) int {
	return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(a.Offer, b.Offer))
}

// distinct checks that no offer comes twice.
func (p *Plan) distinct(list []arc) error {
	p.answers++
	p.answered = grown(p.answered, len(p.bins))
	for _, a := range list {
		if p.answered[a.node] == p.answers {
			return fmt.Errorf("%w: offer %d comes twice", ErrSource, p.bins[a.node].offer)
		}
		p.answered[a.node] = p.answers
	}
	return nil
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
			return fmt.Errorf("%w: offer %d at %d was kept back", ErrSource, p.bins[a.node].offer, a.cost)
		}
	}
	if at < len(x.list) {
		return fmt.Errorf("%w: offer %d at %d is gone", ErrSource, p.bins[x.list[at].node].offer, x.list[at].cost)
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
