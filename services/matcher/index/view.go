package index

import (
	"bytes"
	"iter"
	"strings"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// view is the index at one version: what a search looks at.
type view struct {
	version *version
	reading reading
	states  []*state
}

// see takes the states of some shards at one version. It never waits: when a
// shard was packed meanwhile it looks again.
func (x *Fast) see(v *view, shards []*shard) {
	for !x.look(v, shards) {
	}
	v.reading = x.symbols.reading()
}

func (x *Fast) look(v *view, shards []*shard) bool {
	v.version = x.now.Load()
	v.states = v.states[:0]
	for _, one := range shards {
		v.states = append(v.states, one.state.Load())
	}
	for _, st := range v.states {
		if st.floor > v.version.version {
			return false
		}
	}
	return true
}

// every returns all shards of a side.
func every(s *side) []*shard {
	shards := []*shard{}
	for _, one := range *s.shards.Load() {
		shards = append(shards, one)
	}
	return shards
}

// covering returns the shards of offers that serve a category: its own and
// those above it, as reference.Snapshot.Covers decides.
func covering(into []*shard, s *side, need string, at rank.Moment) []*shard {
	shards := *s.shards.Load()
	for range 8 {
		if need == "" {
			break
		}
		if found, ok := shards[need]; ok {
			into = append(into, found)
		}
		c, known := at.Reference.Category(need)
		if !known {
			break
		}
		need = c.Parent
	}
	return into
}

// covered returns the shards of needs that an offer of a category serves.
func covered(into []*shard, s *side, offer string, at rank.Moment) []*shard {
	for _, shard := range *s.shards.Load() {
		if at.Reference.Covers(offer, shard.category) {
			into = append(into, shard)
		}
	}
	return into
}

// spot is a row of a view; in the tail where there is no block.
type spot struct {
	state *state
	block *block
	row   int32
}

// rows yields all living rows.
func (v *view) rows() iter.Seq[spot] {
	return func(yield func(spot) bool) {
		for _, st := range v.states {
			for _, b := range st.blocks {
				for row := range b.keys {
					if b.deaths.alive(row, v.version.version) && !yield(spot{st, b, int32(row)}) {
						return
					}
				}
			}
			for row := range st.rows {
				if st.tail.alive(row, v.version.version) && !yield(spot{st, nil, int32(row)}) {
					return
				}
			}
		}
	}
}

// offer returns a row's offer line, from a block without its ids and in the
// buffer.
func (v *view) offer(a spot, buffer *unpacked) *rank.Offer {
	if a.block == nil {
		return a.state.tail.offers[a.row]
	}
	return a.block.offers.unpack(&v.reading, int(a.row), &a.block.hot[a.row], buffer)
}

// whole returns a row's offer line with its ids, a copy.
func (v *view) whole(a spot) *rank.Offer {
	buffer := &unpacked{}
	o := v.offer(a, buffer)
	if o != &buffer.offer {
		return o
	}
	o.ID = contract.OfferLineID(a.block.keys[a.row].text())
	o.OfferID = a.block.offers.offerID(int(a.row))
	return o
}

// names returns the ids of a row's offer line and of its offer.
func (v *view) names(a spot) (contract.OfferLineID, contract.OfferID) {
	if a.block == nil {
		o := a.state.tail.offers[a.row]
		return o.ID, o.OfferID
	}
	if x := a.block.offers.extraOf(int(a.row)); x != nil && x.whole != nil {
		return x.whole.ID, x.whole.OfferID
	}
	line, offer := texts(a.block.keys[a.row], a.block.offers.cold[a.row].offer)
	return contract.OfferLineID(line), contract.OfferID(offer)
}

// need returns a row's need line.
func (a spot) need() *rank.Need {
	if a.block == nil {
		return a.state.tail.needs[a.row]
	}
	return a.block.needs[a.row]
}

// compare orders two rows by the ids of their lines, as text.
func (a spot) compare(b spot) int {
	if a.named() && b.named() { // the order of such keys is that of the ids
		return bytes.Compare(a.block.keys[a.row][:], b.block.keys[b.row][:])
	}
	return strings.Compare(a.id(), b.id())
}

// named reports whether the key of a row is surely that of a UUID.
func (a spot) named() bool {
	if a.block == nil || a.block.offers == nil {
		return false
	}
	x := a.block.offers.extraOf(int(a.row))
	return x == nil || x.whole == nil
}

// id returns the id of a row's line.
func (a spot) id() string {
	if a.block == nil {
		return a.state.tail.id(int(a.row))
	}
	return a.block.id(int(a.row))
}
