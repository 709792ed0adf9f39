package index

import (
	"math"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// marks are what most rows fail by: for an offer what it has, for a need what
// it asks for.
type marks struct{ skills, tags uint64 }

// hot is what a bound is computed from, beside the traits.
type hot struct {
	at           vector
	reachM       float32 // beyond which an offer surely does not help; +Inf for no bound
	response     float32 // of an offer: the factor's value, rounded up
	organisation float32 // of an offer: live matches of its organisation
	used, budget uint16  // of an offer's helper
	path, item   uint32
	skills       uint8 // how many are held or asked for, at most 255
	flags        uint8
	ways         rank.Ways
}

const (
	located  uint8 = 1 << iota // at is where the row's point is
	helped                     // a helper stands behind the offer
	budgeted                   // who set a budget
	shared                     // with the network
	anyLanguage
	unavailable
	shut // fits nothing as it is
)

// mostOrganisation live matches are the most that 32 bits hold exactly.
const mostOrganisation = 1 << 24

// vector is a point on the unit sphere.
type vector [3]float32

func vectorOf(p contract.Point) vector {
	lat, lon := p.Lat*math.Pi/180, p.Lon*math.Pi/180
	return vector{float32(math.Cos(lat) * math.Cos(lon)), float32(math.Cos(lat) * math.Sin(lon)), float32(math.Sin(lat))}
}

// roundingM covers what 32 bits lose of a place on the sphere.
const roundingM = 4

// leastM turns the square of a chord into a distance that is surely not above
// the way over ground.
func leastM(chord2 float32) float64 {
	return max(0, math.Sqrt(float64(chord2))*rank.EarthM*(1-1e-6)-roundingM)
}

func (v *vector) chord2(w *vector) float32 {
	x, y, z := v[0]-w[0], v[1]-w[1], v[2]-w[2]
	return x*x + y*y + z*z
}

// offerRow returns the traits and the hot part of an offer line, and the number
// of its skills.
func (y *symbols) offerRow(o *rank.Offer) (traits, hot, uint32) {
	skills := y.skillSet(o.Skills)
	m := traits{marks{y.skills.all()[skills].bits, y.tongueBits(o.Languages) | y.guardBits(o.Safeguards)}, y.hours(o.Schedule)}
	h := hot{
		reachM: float32(math.Inf(1)), response: roundUp(rank.ResponseValue(o.Response)),
		organisation: float32(min(max(o.OrganisationLoad, 0), mostOrganisation)),
		path:         y.paths.id(o.Path, func() string { return o.Path }), item: y.items.id(o.Item, nothing),
		skills: uint8(min(len(o.Skills), math.MaxUint8)), ways: rank.WaysOf(o.Mode),
	}
	if len(o.Languages) == 0 {
		m.tags |= tongueMask
		h.flags |= anyLanguage
	}
	for _, c := range o.Credentials {
		if rank.Verified(c) {
			m.tags |= 1 << credentialAt
		}
	}
	if o.Point != nil {
		h.at, h.flags = vectorOf(*o.Point), h.flags|located
		if o.RadiusM != nil && len(o.ServiceRegions) == 0 {
			h.reachM = roundUp(float64(max(*o.RadiusM, 0)))
		}
	}
	if o.Sharing == contract.SharingNetwork {
		h.flags |= shared
	}
	h.load(o)
	return m, h, skills
}

// load notes the helper's week, and whether the offer can give anything at all.
func (h *hot) load(o *rank.Offer) {
	if o.Helper != "" {
		h.flags |= helped
	}
	full := o.Helper != "" && o.Load.Full()
	if fits(math.MaxUint16, o.Load.Used) { // else 0, which bounds all
		h.used = uint16(o.Load.Used)
	}
	if b := o.Load.Budget; b != nil {
		h.flags |= budgeted
		if h.budget = math.MaxUint16; fits(math.MaxUint16, *b) {
			h.budget = uint16(*b)
		} else {
			h.used = 0
		}
	}
	if !o.Available {
		h.flags |= unavailable
	}
	if !o.Available || full || (o.Free != nil && *o.Free < 1) {
		h.flags |= shut
	}
}

// needRow returns the traits and the hot part of a need line.
func (y *symbols) needRow(n *rank.Need) (traits, hot) {
	m := traits{marks{y.skillBits(n.Skills), y.tongueBits(n.Languages) | y.guardBits(n.Safeguards)}, y.hours(n.Schedule)}
	h := hot{
		reachM: float32(math.Inf(1)), path: y.paths.id(n.Path, func() string { return n.Path }),
		skills: uint8(min(len(n.Skills), math.MaxUint8)), ways: rank.WaysOf(n.Mode),
	}
	if len(n.Languages) == 0 {
		m.tags |= tongueMask
	}
	if n.Point != nil {
		h.at, h.flags = vectorOf(*n.Point), h.flags|located
	}
	if n.Sharing == contract.SharingNetwork {
		h.flags |= shared
	}
	if n.Remaining != nil && *n.Remaining <= 0 {
		h.flags |= shut
	}
	return m, h
}

// roundUp returns the next number of 32 bits that is not below.
func roundUp(x float64) float32 {
	f := float32(x)
	if float64(f) < x {
		return math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}
