package public

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/web/templates"
)

// maxNear is how many regions are offered for a position, and farthestKM how far
// their centre may be: a position abroad is in none of ours.
const (
	maxNear    = 3
	farthestKM = 300.0
)

// earthRadiusKM is that of a sphere as large as the earth.
const earthRadiusKM = 6371.0

// positionOf reads a position, which browsers send to about a kilometre.
func positionOf(lat, lon string) (contract.Point, bool) {
	var p contract.Point
	var errLat, errLon error
	p.Lat, errLat = strconv.ParseFloat(lat, 64)
	p.Lon, errLon = strconv.ParseFloat(lon, 64)
	ok := errLat == nil && errLon == nil && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180
	return p, ok
}

// nearest returns the regions below provinces whose centres are nearest to a
// position.
func nearest(ref *reference.Snapshot, at contract.Point) []contract.Region {
	type near struct {
		region contract.Region
		km     float64
	}
	var all []near
	for _, region := range ref.Regions() {
		if region.Point == nil || levels[region.Level] < levels["city"] {
			continue
		}
		if km := distanceKM(at, *region.Point); km <= farthestKM {
			all = append(all, near{region, km})
		}
	}
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(a.km, b.km) })
	found := make([]contract.Region, 0, maxNear)
	for _, n := range all[:min(len(all), maxNear)] {
		found = append(found, n.region)
	}
	return found
}

// distanceKM is the distance on the sphere (haversine).
func distanceKM(a, b contract.Point) float64 {
	rad := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	h := math.Pow(math.Sin(rad(b.Lat-a.Lat)/2), 2) +
		math.Cos(rad(a.Lat))*math.Cos(rad(b.Lat))*math.Pow(math.Sin(rad(b.Lon-a.Lon)/2), 2)
	return 2 * earthRadiusKM * math.Asin(min(1, math.Sqrt(h)))
}

// choicesAt returns what the form shows for a position: the nearest regions. What
// stands in the field is then the name of the nearest, or all that lies around it
// where the reader chooses another.
func (p pages) choicesAt(page *templates.Page, ref *reference.Snapshot, at contract.Point) templates.Places {
	var shown templates.Places
	for _, region := range nearest(ref, at) {
		shown.Options = append(shown.Options, templates.Option{Value: region.Code, Label: regionName(page, ref, region.Code)})
	}
	if len(shown.Options) > 0 {
		shown.Asked, shown.Chosen = shown.Options[0].Value, shown.Options[0].Value
		region, _ := ref.Region(shown.Chosen)
		if name := ownName(page, region); len(p.places.find(ref, name)) == 1 {
			shown.Asked = name
		}
	}
	return shown
}

// near reports whether a region may have been offered for the position of which
// another is the nearest: then the reader may have chosen it.
func (s *sheet) near(asked, chosen string) bool {
	from, known := s.ref.PointOf(asked)
	to, alsoKnown := s.ref.PointOf(chosen)
	return known && alsoKnown && distanceKM(from, to) <= 2*farthestKM
}
