package console

import (
	"math"
	"strconv"

	"heli/pkg/contract"
	"heli/services/web/templates"
)

const (
	earthKm   = 6371.0
	mapMargin = 40.0 // of the drawing, around the outermost place
	leastKm   = 0.5  // what the drawing shows at least, from its middle
	mapRings  = 3
	markSize  = 26.0 // of the drawing: marks that are nearer are one
)

// located is a place with what it stands for.
type located struct {
	point  contract.Point
	exact  bool
	region string
}

// locate returns where something is: its point, else the middle of its region or
// the nearest one above that has any; false where neither is known.
func (c console) locate(point *contract.Point, region string) (located, bool) {
	if point != nil {
		return located{*point, true, region}, true
	}
	ref := c.snapshot()
	if ref == nil {
		return located{}, false
	}
	for _, code := range ref.Lineage(region) {
		if r, ok := ref.Region(code); ok && r.Point != nil && r.Level != "country" {
			return located{*r.Point, false, code}, true
		}
	}
	return located{}, false
}

// mapOf draws a request in the middle and the offers suggested for it around it.
func (c console) mapOf(d templates.Desk, request contract.Request, s templates.Suggestions) templates.NearbyMap {
	middle, ok := c.locate(request.Point, request.RegionCode)
	if !ok {
		return templates.NearbyMap{}
	}
	places := []templates.MapPlace{{
		Label: "★", Name: request.Title, Exact: middle.exact, Region: d.Region(middle.region), Itself: true,
	}}
	east, north := []float64{0}, []float64{0}
	seen := map[contract.OfferID]bool{}
	for _, line := range s.Lines {
		for _, o := range line.Offers {
			if o.Offer == nil || seen[o.OfferID] {
				continue
			}
			seen[o.OfferID] = true
			at, ok := c.locate(o.Offer.Point, o.Offer.RegionCode)
			if !ok {
				continue
			}
			x, y := kmFrom(middle.point, at.point)
			east, north = append(east, x), append(north, y)
			places = append(places, templates.MapPlace{
				Label: strconv.Itoa(len(places)), Name: o.Offer.Code + " " + o.Offer.Title, Href: "/console/offers/" + string(o.OfferID),
				Distance: d.Distance(1000 * math.Hypot(x, y)), Exact: at.exact, Region: d.Region(at.region),
			})
		}
	}
	return projected(d, places, east, north)
}

// kmFrom is how far east and north a point lies, on a map that is true around the
// first: good for the distances at which people help each other.
func kmFrom(from, to contract.Point) (east, north float64) {
	const degree = math.Pi / 180
	lon := math.Mod(to.Lon-from.Lon+540, 360) - 180
	return lon * degree * earthKm * math.Cos(from.Lat*degree), (to.Lat - from.Lat) * degree * earthKm
}

// projected puts places into the drawing, the request in its middle, with rings of
// round distances around it.
func projected(d templates.Desk, places []templates.MapPlace, east, north []float64) templates.NearbyMap {
	reach := leastKm
	for i := range places {
		reach = max(reach, math.Hypot(east[i], north[i]))
	}
	perKm := (templates.MapHeight/2 - mapMargin) / reach
	v := templates.NearbyMap{Places: places}
	for i, p := range places {
		v.Marks = withMark(v.Marks, templates.MapMark{
			Label: p.Label, X: templates.MapWidth/2 + east[i]*perKm, Y: templates.MapHeight/2 - north[i]*perKm, Exact: p.Exact, Itself: p.Itself,
		})
	}
	step := roundKm(reach / mapRings)
	for n := 1; n <= mapRings; n++ {
		km := step * float64(n)
		v.Rings = append(v.Rings, templates.MapRing{Radius: km * perKm, Label: d.Distance(1000 * km)})
	}
	return v
}

// withMark adds a mark to those of the drawing. One that would lie over another
// shares that one's: nothing is moved to where it is not.
func withMark(marks []templates.MapMark, m templates.MapMark) []templates.MapMark {
	for i := range marks {
		if math.Hypot(marks[i].X-m.X, marks[i].Y-m.Y) < markSize {
			marks[i].Label += " " + m.Label
			marks[i].Exact = marks[i].Exact && m.Exact
			return marks
		}
	}
	return append(marks, m)
}

// roundKm returns 1, 2 or 5 times a power of ten, at most the distance.
func roundKm(km float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(km)))
	for _, factor := range []float64{5, 2} {
		if factor*power <= km {
			return factor * power
		}
	}
	return power
}
