package index

import (
	"iter"

	"heli/services/matcher/rank"
)

// Missing implements Index. Most offers are far away: when enough of them were
// counted, what lies out of reach is passed over tree by tree.
func (x *Fast) Missing(need rank.Need, at rank.Moment) []rank.Shortage {
	s := searches.Get().(*search) //nolint:errcheck // the pool holds nothing else
	defer s.release()
	s.shards = covering(s.shards[:0], &x.offers, need.Category, at)
	x.see(&s.view, s.shards)
	at.Rarity = s.view.version.words
	q := rank.Ask(&need, at)
	s.probe.askFor(x.symbols, &need, q, at)
	missing := q.Shortfall()
	passed := func(n *node) bool { return missing.Enough(rank.RulePlace) && s.probe.beyond(n) }
	for a := range s.view.rowsBut(passed) {
		o := s.view.offer(a, &s.buffer)
		if at.Refused != nil && o == &s.buffer.offer {
			o.OfferID = a.block.offers.offerID(int(a.row))
		}
		missing.See(o)
	}
	return missing.Shortages()
}

// beyond reports whether every offer below a node breaks the rule of place for
// the need that is asked for.
func (p *probe) beyond(n *node) bool {
	if !p.exact {
		return false
	}
	for part := rank.Ways(1); part <= n.ways; part++ {
		if shared := p.ways[part]; part&n.ways == part && (shared == 0 || shared&rank.Remote != 0) {
			return false // some may break the rule of the mode instead, or none
		}
	}
	return leastM(n.chord2(&p.at)) > float64(n.reachM)
}

// rowsBut yields all living rows but those below a node that is to be passed
// over, which may change on the way.
func (v *view) rowsBut(passed func(*node) bool) iter.Seq[spot] {
	return func(yield func(spot) bool) {
		for _, st := range v.states {
			for row := range st.rows {
				if st.tail.alive(row, v.version.version) && !yield(spot{st, nil, int32(row)}) {
					return
				}
			}
			for _, b := range st.blocks {
				if !v.blockBut(st, b, passed, yield) {
					return
				}
			}
		}
	}
}

// blockBut yields the living rows of a block; false when no more are wanted.
func (v *view) blockBut(st *state, b *block, passed func(*node) bool, yield func(spot) bool) bool {
	after := 0
	for shelf := range b.trees {
		t := &b.trees[shelf]
		if top := len(t.levels) - 1; top >= 0 && !v.walk(st, b, t, top, 0, len(t.levels[top]), passed, yield) {
			return false
		}
		after = max(after, t.first+t.count)
	}
	for row := after; row < len(b.keys); row++ { // what can fit nobody is in no tree
		if b.alive(row, v.version.version) && !yield(spot{st, b, int32(row)}) {
			return false
		}
	}
	return true
}

// walk yields the rows below the nodes of a level from begin to before end; false
// when no more are wanted.
func (v *view) walk(st *state, b *block, t *tree, level, begin, end int, passed func(*node) bool, yield func(spot) bool) bool {
	for i := begin; i < end; i++ {
		if passed(&t.levels[level][i]) {
			continue
		}
		if level > 0 {
			if !v.walk(st, b, t, level-1, i*fanOut, min((i+1)*fanOut, len(t.levels[level-1])), passed, yield) {
				return false
			}
			continue
		}
		for row := t.first + i*leafRows; row < min(t.first+(i+1)*leafRows, t.first+t.count); row++ {
			if b.alive(row, v.version.version) && !yield(spot{st, b, int32(row)}) {
				return false
			}
		}
	}
	return true
}
