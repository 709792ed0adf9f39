package rank

import (
	"math"

	"heli/pkg/contract"
)

// modes is a set of ways of delivery.
type modes uint8

const (
	remote modes = 1 << iota
	onsite
	delivery
	anyMode = remote | onsite | delivery
)

func modesOf(m contract.Mode) modes {
	switch m {
	case contract.ModeRemote:
		return remote
	case contract.ModeOnsite:
		return onsite
	case contract.ModeDelivery:
		return delivery
	default: // any, and not stated
		return anyMode
	}
}

// modes returns the ways in which this offer could serve the need. Where both
// leave it open the category decides: nobody delivers a meal remotely. A
// category never forbids what both sides named.
func (q *Question) modes(o *Offer) modes {
	shared := modesOf(q.need.Mode) & modesOf(o.Mode)
	if c, ok := q.at.Reference.Category(q.need.Category); ok {
		var usual modes
		for _, m := range c.Modes {
			usual |= modesOf(m)
		}
		if shared&usual != 0 {
			return shared & usual
		}
	}
	return shared
}

func breaksMode(q *Question, o *Offer) bool { return q.modes(o) == 0 }

func modeArgs(q *Question, o *Offer) map[string]any {
	return map[string]any{"mode": q.need.Mode, "offer_mode": o.Mode}
}

// breaksPlace: the offer must reach the need in one of the ways that both
// accept. Without a common way that is the mode's rule to say, not this one's.
func breaksPlace(q *Question, o *Offer) bool {
	ways := q.modes(o)
	if ways == 0 {
		return false
	}
	for _, way := range []modes{remote, delivery, onsite} {
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
func (q *Question) reaches(o *Offer, way modes) bool {
	for _, region := range o.ServiceRegions {
		if q.at.Reference.Within(q.need.Region, region) {
			return true
		}
	}
	named := len(o.ServiceRegions) > 0
	if way == remote {
		return !named
	}
	if o.RadiusM != nil {
		if q.need.Point == nil || o.Point == nil {
			return q.inPrefectureOf(o)
		}
		return metres(*q.need.Point, *o.Point) <= float64(*o.RadiusM)
	}
	if named {
		return false
	}
	return way == delivery || q.inPrefectureOf(o)
}

func (q *Question) inPrefectureOf(o *Offer) bool {
	return q.at.Reference.Within(q.need.Region, q.at.Reference.Prefecture(o.Region))
}

func placeArgs(q *Question, o *Offer) map[string]any {
	args := map[string]any{"region": q.need.Region, "offer_region": o.Region}
	if q.need.Point != nil && o.Point != nil {
		args["km"] = kilometres(metres(*q.need.Point, *o.Point))
	}
	return args
}

// countyM stands for "somewhere in this county" where no point is known: about
// the distance between two places of one county.
const countyM = 10_000

// distance returns the metres between need and offer, exact between two points.
// A region's centre stands in for a point that is not stated; then the answer
// is never below countyM. False when nothing is known.
func (q *Question) distance(o *Offer) (float64, bool) {
	needPoint, needExact := q.need.Point, q.need.Point != nil
	offerPoint, offerExact := o.Point, o.Point != nil
	if !needExact {
		needPoint = q.centre(q.need.Region)
	}
	if !offerExact {
		offerPoint = q.centre(o.Region)
	}
	if needPoint == nil || offerPoint == nil {
		return 0, false
	}
	m := metres(*needPoint, *offerPoint)
	if !needExact || !offerExact {
		m = math.Max(m, countyM)
	}
	return m, true
}

func (q *Question) centre(region string) *contract.Point {
	if p, ok := q.at.Reference.PointOf(region); ok {
		return &p
	}
	return nil
}

// earthM is the mean radius of the earth (IUGG).
const earthM = 6_371_008.8

// metres returns the great-circle distance by the haversine formula, which
// keeps its precision for near points (Sinnott, "Virtues of the Haversine", 1984).
func metres(a, b contract.Point) float64 {
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	sinLat := math.Sin((lat2 - lat1) / 2)
	sinLon := math.Sin(radians(b.Lon-a.Lon) / 2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLon*sinLon
	return 2 * earthM * math.Asin(math.Sqrt(math.Min(1, h)))
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// kilometres rounds for people: one decimal below 10 km, none above.
func kilometres(m float64) float64 {
	if m < 10_000 {
		return math.Round(m/100) / 10
	}
	return math.Round(m / 1000)
}
