package index

import (
	"math"
	"time"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// packed holds offer lines in about 100 bytes each, from which they come back
// exactly as they were. The few that do not go in are held as they are.
type packed struct {
	cold  []cold
	spans []rank.WeekSpan // of all rows, one after another
	extra []*extra        // nil when no row has any
}

// cold is what is looked at when a row is judged.
type cold struct {
	offer                 key
	lat, lon              int32 // in degrees / degreeParts
	profile, skills       uint32
	region                uint32
	free, radius          uint32 // notStated where the offer says nothing
	spans                 uint32 // where they begin
	count                 uint16 // how many
	asked, accepted, done uint16
}

// extra is what few offers have.
type extra struct {
	whole       *rank.Offer // when the row does not go into the packed form
	helper      contract.HelperID
	credentials []contract.Credential
	validUntil  *time.Time
	words       []contract.WordHash
	hours       *hours
}

// hours is what an offer's load says of a helper who limits more than asks.
type hours struct {
	minutes    int64
	most       *int64
	restsUntil *time.Time
}

func hoursOf(l rank.Load) *hours {
	if l.Minutes == 0 && l.MostMinutes == nil && l.RestsUntil == nil {
		return nil
	}
	return &hours{l.Minutes, l.MostMinutes, l.RestsUntil}
}

const (
	degreeParts = 1e5
	notStated   = math.MaxUint32
)

func stated(n *int64) uint32 {
	if n == nil {
		return notStated
	}
	return uint32(*n)
}

func fits[T ~int64](limit T, numbers ...T) bool {
	for _, n := range numbers {
		if n < 0 || n >= limit {
			return false
		}
	}
	return true
}

func degrees(d float64) (int32, bool) {
	n := math.Round(d * degreeParts)
	return int32(n), math.Abs(n) <= 180*degreeParts && float64(int32(n))/degreeParts == d && (n != 0 || !math.Signbit(d))
}

// packable reports whether nothing of an offer is lost by packing.
func packable(o *rank.Offer) bool {
	_, named := keyOf(string(o.ID))
	ok := named && len(o.Schedule.Spans()) < math.MaxUint16 &&
		fits(math.MaxUint16, o.Response.Asked, o.Response.Accepted, o.Response.Done, o.Load.Used) &&
		fits(mostOrganisation, o.OrganisationLoad)
	if o.Load.Budget != nil {
		ok = ok && fits(math.MaxUint16, *o.Load.Budget)
	}
	if o.Free != nil {
		ok = ok && fits(notStated, *o.Free)
	}
	if o.RadiusM != nil {
		ok = ok && fits(notStated, *o.RadiusM)
	}
	if o.Point != nil {
		_, lat := degrees(o.Point.Lat)
		_, lon := degrees(o.Point.Lon)
		ok = ok && lat && lon
	}
	return ok
}

// add packs an offer line as the next row.
func (p *packed) add(y *symbols, o *rank.Offer, skills uint32) {
	offer, named := keyOf(string(o.OfferID))
	if !named || !packable(o) {
		whole := *o // o may be one of many that nobody needs any longer
		p.put(cold{}, nil, &extra{whole: &whole, words: o.Words})
		return
	}
	c := cold{
		offer: offer, profile: y.profileOf(o), skills: skills,
		region: y.regions.id(o.Region, func() string { return o.Region }), free: stated(o.Free), radius: stated(o.RadiusM),
		asked: uint16(o.Response.Asked), accepted: uint16(o.Response.Accepted), done: uint16(o.Response.Done),
	}
	if o.Point != nil {
		c.lat, _ = degrees(o.Point.Lat)
		c.lon, _ = degrees(o.Point.Lon)
	}
	p.put(c, o.Schedule.Spans(), extraOf(o))
}

func extraOf(o *rank.Offer) *extra {
	limits := hoursOf(o.Load)
	if o.Helper == "" && len(o.Credentials) == 0 && o.ValidUntil == nil && len(o.Words) == 0 && limits == nil {
		return nil
	}
	return &extra{
		helper: o.Helper, credentials: o.Credentials, validUntil: o.ValidUntil, words: o.Words, hours: limits,
	}
}

// take copies a row of another.
func (p *packed) take(from *packed, row int) {
	c := from.cold[row]
	p.put(c, from.spans[c.spans:c.spans+uint32(c.count)], from.extraOf(row))
}

func (p *packed) put(c cold, spans []rank.WeekSpan, x *extra) {
	c.spans, c.count = uint32(len(p.spans)), uint16(len(spans))
	if x != nil && p.extra == nil {
		p.extra = make([]*extra, len(p.cold), cap(p.cold))
	}
	if p.extra != nil {
		p.extra = append(p.extra, x)
	}
	p.cold = append(p.cold, c)
	p.spans = append(p.spans, spans...)
}

func (p *packed) extraOf(row int) *extra {
	if p.extra == nil {
		return nil
	}
	return p.extra[row]
}

// unpacked is an offer line with the numbers that it points to.
type unpacked struct {
	offer                rank.Offer
	point                contract.Point
	free, radius, budget int64
}

// reading is what packed rows refer to, as known when a search began.
type reading struct {
	profiles []profile
	skills   []skillSet
	regions  []string
}

func (y *symbols) reading() reading {
	return reading{y.profiles.all(), y.skills.all(), y.regions.all()}
}

// unpack returns row number row without its ids, in the buffer or as it is
// held. It is valid until the buffer is used again.
func (p *packed) unpack(r *reading, row int, h *hot, into *unpacked) *rank.Offer {
	x := p.extraOf(row)
	if x != nil && x.whole != nil {
		return x.whole
	}
	c := &p.cold[row]
	f := &r.profiles[c.profile]
	into.offer = rank.Offer{
		Path: f.path, Sharing: f.sharing, Category: f.category, Item: f.item, Unit: f.unit, Per: f.per, Mode: f.mode,
		Available: h.flags&unavailable == 0, Region: r.regions[c.region], ServiceRegions: f.regions,
		Languages: f.languages, Skills: r.skills[c.skills].names, Safeguards: f.safeguards,
		Schedule: rank.NewPackedSchedule(p.spans[c.spans:c.spans+uint32(c.count):c.spans+uint32(c.count)], f.zone),
		Load:     rank.Load{Used: int64(h.used)}, OrganisationLoad: int64(h.organisation),
		Response: rank.Response{Asked: int64(c.asked), Accepted: int64(c.accepted), Done: int64(c.done)},
	}
	o := &into.offer
	if h.flags&located != 0 {
		into.point = contract.Point{Lat: float64(c.lat) / degreeParts, Lon: float64(c.lon) / degreeParts}
		o.Point = &into.point
	}
	if c.free != notStated {
		into.free = int64(c.free)
		o.Free = &into.free
	}
	if c.radius != notStated {
		into.radius = int64(c.radius)
		o.RadiusM = &into.radius
	}
	if h.flags&budgeted != 0 {
		into.budget = int64(h.budget)
		o.Load.Budget = &into.budget
	}
	if x != nil {
		o.Helper, o.Credentials, o.ValidUntil, o.Words = x.helper, x.credentials, x.validUntil, x.words
		if x.hours != nil {
			o.Load.Minutes, o.Load.MostMinutes, o.Load.RestsUntil = x.hours.minutes, x.hours.most, x.hours.restsUntil
		}
	}
	return o
}

// offerID returns the id of the offer that a packed row belongs to.
func (p *packed) offerID(row int) contract.OfferID {
	return contract.OfferID(p.cold[row].offer.text())
}
