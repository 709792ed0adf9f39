package index

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// pool keeps equal values once and numbers them from 0. Values are only ever
// added; what is read needs no lock.
type pool[K comparable, V any] struct {
	mu     sync.RWMutex
	ids    map[K]uint32
	values atomic.Pointer[[]V]
}

func newPool[K comparable, V any]() *pool[K, V] {
	p := &pool[K, V]{ids: map[K]uint32{}}
	p.values.Store(&[]V{})
	return p
}

// all returns the values known now. The caller must not change them.
func (p *pool[K, V]) all() []V { return *p.values.Load() }

// find returns the number of a value that is known.
func (p *pool[K, V]) find(k K) (uint32, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	id, known := p.ids[k]
	return id, known
}

// listed returns the number of a list that is known. It makes no key, since most
// lists are known.
func listed[V any](p *pool[string, V], names []string) (uint32, bool) {
	var room [64]byte
	k := appendList(room[:0], names)
	p.mu.RLock()
	defer p.mu.RUnlock()
	id, known := p.ids[string(k)]
	return id, known
}

// appendList tells lists apart; PostgreSQL keeps no text with a NUL.
func appendList(k []byte, names []string) []byte {
	for _, n := range names {
		k = append(append(k, n...), 0)
	}
	return k
}

// id returns the number of a value, adding it where it is new.
func (p *pool[K, V]) id(k K, make func() V) uint32 {
	if id, known := p.find(k); known {
		return id
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, known := p.ids[k]; known {
		return id
	}
	values := append(p.all(), make()) // readers of the shorter slice never look at the new place
	id := uint32(len(values) - 1)
	p.values.Store(&values)
	p.ids[k] = id
	return id
}

// profile is what many offer lines have in common.
type profile struct {
	path, category, item string
	sharing              contract.Sharing
	unit                 contract.Unit
	per                  contract.Period
	mode                 contract.Mode
	languages            []string
	safeguards           []string
	regions              []string // of service
	zone                 *time.Location
}

// profileKey is a profile with its lists by number.
type profileKey struct {
	path, category, item string
	sharing              contract.Sharing
	unit                 contract.Unit
	per                  contract.Period
	mode                 contract.Mode
	lists                [3]uint32
	zone                 *time.Location
}

// skillSet is a list of skills with its bits.
type skillSet struct {
	names []string
	bits  uint64
}

// zone is a time zone with what its clock ever shows.
type zone struct {
	location *time.Location
	offsets  rank.Offsets
}

// symbols are the pools of an index.
type symbols struct {
	profiles *pool[profileKey, profile]
	lists    *pool[string, []string]
	skills   *pool[string, skillSet]
	zones    *pool[*time.Location, zone]
	paths    *pool[string, string]
	regions  *pool[string, string]
	items    *pool[string, struct{}]
	skill    *pool[string, struct{}] // by folded name
	tongue   *pool[string, struct{}]
	guard    *pool[string, struct{}] // by folded name
}

// noNames is the number of the empty list, noItem that of no item.
const noNames, noItem = 0, 0

// nothing is the value of a name that is known by its number alone.
func nothing() struct{} { return struct{}{} }

func newSymbols() *symbols {
	y := &symbols{
		profiles: newPool[profileKey, profile](), lists: newPool[string, []string](), skills: newPool[string, skillSet](),
		zones: newPool[*time.Location, zone](), paths: newPool[string, string](), regions: newPool[string, string](), items: newPool[string, struct{}](),
		skill: newPool[string, struct{}](), tongue: newPool[string, struct{}](), guard: newPool[string, struct{}](),
	}
	y.lists.id("", func() []string { return nil })
	y.items.id("", nothing)
	return y
}

// profileOf returns the number of an offer's profile.
func (y *symbols) profileOf(o *rank.Offer) uint32 {
	k := profileKey{
		path: o.Path, category: o.Category, item: o.Item, sharing: o.Sharing, unit: o.Unit, per: o.Per, mode: o.Mode,
		lists: [3]uint32{y.list(o.Languages), y.list(o.Safeguards), y.list(o.ServiceRegions)}, zone: o.Schedule.Zone(),
	}
	return y.profiles.id(k, func() profile {
		lists := y.lists.all()
		return profile{
			k.path, k.category, k.item, k.sharing, k.unit, k.per, k.mode,
			lists[k.lists[0]], lists[k.lists[1]], lists[k.lists[2]], k.zone,
		}
	})
}

func (y *symbols) list(names []string) uint32 {
	if len(names) == 0 {
		return noNames
	}
	if id, known := listed(y.lists, names); known {
		return id
	}
	return y.lists.id(string(appendList(nil, names)), func() []string { return slices.Clone(names) })
}

func (y *symbols) skillSet(names []string) uint32 {
	if id, known := listed(y.skills, names); known {
		return id
	}
	return y.skills.id(string(appendList(nil, names)), func() skillSet { return skillSet{slices.Clone(names), y.skillBits(names)} })
}

// hours returns the hours of a schedule.
func (y *symbols) hours(s rank.Schedule) rank.Hours {
	if len(s.Spans()) == 0 {
		return rank.AllHours()
	}
	id := y.zones.id(s.Zone(), func() zone { return zone{s.Zone(), rank.OffsetsOf(s.Zone())} })
	return s.Hours(y.zones.all()[id].offsets)
}

// Bits of the tags: languages first, then safeguards, then one for a verified
// credential. Where there are more names than bits, names share.
const (
	skillBits    = 64
	tongueBits   = 40
	guardBits    = 23
	credentialAt = tongueBits + guardBits
	tongueMask   = uint64(1)<<tongueBits - 1
)

func (y *symbols) skillBits(names []string) uint64 {
	return bitsOf(y.skill, names, fold, 0, skillBits)
}

func (y *symbols) tongueBits(names []string) uint64 {
	return bitsOf(y.tongue, names, rank.Tongue, 0, tongueBits)
}

func (y *symbols) guardBits(names []string) uint64 {
	return bitsOf(y.guard, names, fold, tongueBits, guardBits)
}

func bitsOf(p *pool[string, struct{}], names []string, fold func(string) string, first, count uint32) uint64 {
	var bits uint64
	for _, n := range names {
		bits |= 1 << (first + p.id(fold(n), nothing)%count)
	}
	return bits
}

// known returns the bits of names that are held already, and whether all are. A
// question adds none, else strangers could fill the pools.
func known(p *pool[string, struct{}], names []string, fold func(string) string, first, count uint32) (bits uint64, all bool) {
	all = true
	for _, n := range names {
		id, held := p.find(fold(n))
		if !held {
			all = false
			continue
		}
		bits |= 1 << (first + id%count)
	}
	return bits, all
}

// fold returns one text for all that strings.EqualFold holds for equal.
func fold(name string) string {
	plain := true
	for i := 0; i < len(name) && plain; i++ {
		plain = name[i] < 0x80 && (name[i] < 'A' || name[i] > 'Z')
	}
	if plain {
		return name
	}
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		if 'A' <= least && least <= 'Z' {
			return least + 'a' - 'A'
		}
		return least
	}, name)
}
