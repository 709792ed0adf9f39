package rank

import (
	"math"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

// Ways is a set of ways of delivery.
type Ways uint8

// The ways.
const (
	Remote Ways = 1 << iota
	Onsite
	Delivery
	AnyWay = Remote | Onsite | Delivery
)

// WaysOf returns the ways that a mode leaves open.
func WaysOf(m contract.Mode) Ways {
	switch m {
	case contract.ModeRemote:
		return Remote
	case contract.ModeOnsite:
		return Onsite
	case contract.ModeDelivery:
		return Delivery
	default: // any, and not stated
		return AnyWay
	}
}

// ways returns the ways in which this offer could serve the need. Where both
// leave it open the category decides: nobody delivers a meal remotely. A
// category never forbids what both sides named.
func (q *Question) ways(o *Offer) Ways {
	return q.Ways(WaysOf(o.Mode))
}

// Ways returns which of an offer's ways could serve the need.
func (q *Question) Ways(offered Ways) Ways {
	shared := q.waysWanted & offered
	if shared&q.waysUsual != 0 {
		return shared & q.waysUsual
	}
	return shared
}

// usualWays returns the ways of a category.
func usualWays(c contract.Category) Ways {
	var usual Ways
	for _, m := range c.Modes {
		usual |= WaysOf(m)
	}
	return usual
}

func breaksMode(q *Question, o *Offer) bool { return q.ways(o) == 0 }

func modeArgs(q *Question, o *Offer) map[string]any {
	return map[string]any{"mode": q.need.Mode, "offer_mode": o.Mode}
}

// breaksPlace: the offer must reach the need in one of the ways that both
// accept. Without a common way that is the mode's rule to say, not this one's.
func breaksPlace(q *Question, o *Offer) bool {
	ways := q.ways(o)
	if ways == 0 {
		return false
	}
	for _, way := range []Ways{Remote, Delivery, Onsite} {
		if ways&way != 0 && q.reaches(o, way) {
			return false
		}
	}
	return true
}

// reaches decides place for one way of delivery. Named service regions hold the
// need or not, by the region tree. A radius is hard between two points; without
// both it means the offer's prefecture. An offer that names no area reaches
// everywhere remotely and by delivery, and its own prefecture on site.
func (q *Question) reaches(o *Offer, way Ways) bool {
	for _, region := range o.ServiceRegions {
		if slices.Contains(q.lineage(), region) {
			return true
		}
	}
	named := len(o.ServiceRegions) > 0
	if way == Remote {
		return !named
	}
	if o.RadiusM != nil {
		if q.need.Point == nil || o.Point == nil {
			return q.inPrefectureOf(o)
		}
		return q.metres(o) <= float64(*o.RadiusM)
	}
	if named {
		return false
	}
	return way == Delivery || q.inPrefectureOf(o)
}

func (q *Question) inPrefectureOf(o *Offer) bool {
	return slices.Contains(q.lineage(), q.at.Reference.Prefecture(o.Region))
}

// lineage returns the need's region and those it lies in.
func (q *Question) lineage() []string {
	if q.regions == nil {
		q.regions = append([]string{}, q.at.Reference.Lineage(q.need.Region)...)
	}
	return q.regions
}

func placeArgs(q *Question, o *Offer) map[string]any {
	args := map[string]any{"region": q.need.Region, "offer_region": o.Region}
	if q.need.Point != nil && o.Point != nil {
		args["km"] = kilometres(q.metres(o))
	}
	return args
}

// countyM stands for "somewhere in this county" where no point is known: about
// the distance between two places of one county.
const countyM = 10_000.0

// distance returns the metres between need and offer, exact between two points.
// A region's centre stands in for a point that is not stated; then the answer
// is never below countyM. False when nothing is known.
func (q *Question) distance(o *Offer) (float64, bool) {
	if q.need.Point != nil && o.Point != nil {
		return q.metres(o), true
	}
	needPoint, offerPoint := PlaceOf(q.at.Reference, q.need.Point, q.need.Region), PlaceOf(q.at.Reference, o.Point, o.Region)
	if needPoint == nil || offerPoint == nil {
		return 0, false
	}
	return max(metres(*needPoint, *offerPoint), countyM), true
}

// metres returns the distance between the two points that are stated.
func (q *Question) metres(o *Offer) float64 {
	if q.kept.measured {
		return q.kept.metres
	}
	m := metres(*q.need.Point, *o.Point)
	q.kept.measured, q.kept.metres = q.keeping, m
	return m
}

// PlaceOf returns where a side is: its point, else its region's centre; nil when
// nothing is known.
func PlaceOf(ref *reference.Snapshot, point *contract.Point, region string) *contract.Point {
	if point != nil {
		return point
	}
	if p, ok := ref.PointOf(region); ok {
		return &p
	}
	return nil
}

// EarthM is the mean radius of the earth (IUGG), in metres.
const EarthM = 6_371_008.8

// metres returns the great-circle distance by the haversine formula, which
// keeps its precision for near points (Sinnott, "Virtues of the Haversine", 1984).
func metres(a, b contract.Point) float64 {
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	sinLat := math.Sin((lat2 - lat1) / 2)
	sinLon := math.Sin(radians(b.Lon-a.Lon) / 2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLon*sinLon
	return 2 * EarthM * math.Asin(math.Sqrt(min(1, h)))
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// kilometres rounds for people: one decimal below 10 km, none above.
func kilometres(m float64) float64 {
	if m < 10_000 {
		return math.Round(m/100) / 10
	}
	return math.Round(m / 1000)
}
