package index

import (
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
	w := walk{search: s, missing: q.Shortfall(), named: at.Refused != nil}
	for _, st := range s.view.states {
		w.state(st)
	}
	return w.missing.Shortages()
}

// walk goes through all rows of a view to say what is missing.
type walk struct {
	*search
	missing *rank.Shortfall
	named   bool // the rules look at ids
}

func (w *walk) state(st *state) {
	for row := range st.rows {
		if st.tail.alive(row, w.view.version.version) {
			w.missing.See(st.tail.offers[row])
		}
	}
	for _, b := range st.blocks {
		after := 0
		for shelf := range shelves {
			t := &b.trees[shelf]
			if top := len(t.levels) - 1; top >= 0 {
				w.nodes(b, t, top, 0, len(t.levels[top]), false)
			}
			after = max(after, t.first+t.count)
		}
		w.rows(b, after, len(b.keys), false) // what can fit nobody is in no tree
	}
}

// nodes goes through what is below the nodes of a level from begin to before end.
// What is below a node out of reach is out of reach too.
func (w *walk) nodes(b *block, t *tree, level, begin, end int, beyond bool) {
	for i := begin; i < end; i++ {
		far := beyond || w.probe.beyond(&t.levels[level][i])
		switch {
		case far && w.missing.EnoughBeyond():
		case level > 0:
			w.nodes(b, t, level-1, i*fanOut, min((i+1)*fanOut, len(t.levels[level-1])), far)
		default:
			w.rows(b, t.first+i*leafRows, min(t.first+(i+1)*leafRows, t.first+t.count), far)
		}
	}
}

func (w *walk) rows(b *block, begin, end int, beyond bool) {
	for row := begin; row < end; row++ {
		if w.missing.OneRule() && w.settled(b, row, beyond) || !b.deaths.alive(row, w.view.version.version) {
			continue
		}
		o := w.view.offer(spot{nil, b, int32(row)}, &w.buffer)
		if w.named && o == &w.buffer.offer {
			o.OfferID = b.offers.offerID(row)
		}
		if beyond {
			w.missing.SeeBeyond(o)
		} else {
			w.missing.See(o)
		}
	}
}

// settled reports whether a row changes nothing any more, where offers that break
// a single rule count: it breaks two at least, being out of reach or helping in no
// way that is asked for and lacking a skill, or one that enough of them break.
func (w *walk) settled(b *block, row int, beyond bool) bool {
	apart := w.probe.ways[b.hot[row].ways] == 0
	switch {
	case apart && w.missing.EnoughApart():
		return true
	case !apart && !beyond:
		return false
	}
	if x := b.offers.extraOf(row); x != nil && x.whole != nil {
		return false
	}
	return w.probe.marks.skills&^w.view.reading.skills[b.offers.cold[row].skills].bits != 0
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
