package templates

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"heli/pkg/contract"
)

// The layers of the map.
const (
	LayerNeeds  = "needs"
	LayerGaps   = "gaps"
	LayerOffers = "offers"
	LayerPoints = "points"
)

// Layers lists what the map can show.
func Layers() []string { return []string{LayerNeeds, LayerGaps, LayerOffers, LayerPoints} }

// Place is a region on the map with what is counted in it.
type Place struct {
	Code    string
	Name    string
	Point   contract.Point
	Inside  bool // it can be looked into
	Needs   int64
	Gaps    int64 // needs that got nothing yet
	Offers  int64
	Guessed bool // its own point is not known: it stands beside its city's
	Placed  bool // it is on the map
}

// MapView is the map of a region: what lies directly in it.
type MapView struct {
	Dashboard
	Layers []string
	Places []Place
	Needs  []contract.CellCount
	Offers []contract.CellCount
	Above  []Option // the regions around, from the country down
}

func (v MapView) shows(layer string) bool { return slices.Contains(v.Layers, layer) }

func layerOptions(d Desk) []Option {
	var options []Option
	for _, layer := range Layers() {
		options = append(options, Option{Value: layer, Label: d.T("map.layer." + layer)})
	}
	return options
}

// The map is drawn on a grid of this size, with room for bubbles at the edge.
const (
	mapWidth   = 1000.0
	mapHeight  = 700.0
	mapEdge    = 70.0
	mostRadius = 46.0
	leastSpan  = 0.2 // degrees; nearer nothing can be told apart
)

// projection places degrees on the grid: equirectangular, true to scale in the
// middle of what is shown.
type projection struct{ lat, lon, scale, squeeze float64 }

func projectionOf(points []contract.Point) projection {
	if len(points) == 0 {
		return projection{lat: 35, lon: 105, scale: 10, squeeze: 0.8}
	}
	low, high := points[0], points[0]
	for _, p := range points {
		low.Lat, low.Lon = min(low.Lat, p.Lat), min(low.Lon, p.Lon)
		high.Lat, high.Lon = max(high.Lat, p.Lat), max(high.Lon, p.Lon)
	}
	p := projection{lat: (low.Lat + high.Lat) / 2, lon: (low.Lon + high.Lon) / 2}
	p.squeeze = math.Cos(p.lat * math.Pi / 180)
	wide, tall := max((high.Lon-low.Lon)*p.squeeze, leastSpan), max(high.Lat-low.Lat, leastSpan)
	p.scale = min((mapWidth-2*mapEdge)/wide, (mapHeight-2*mapEdge)/tall)
	return p
}

func (p projection) at(point contract.Point) (x, y float64) {
	return mapWidth/2 + (point.Lon-p.lon)*p.squeeze*p.scale, mapHeight/2 - (point.Lat-p.lat)*p.scale
}

// bubble is a drawn place.
type bubble struct {
	Place
	X, Y                 string
	Needs, Gaps, Offers  string // radii; empty for what is not shown
	LabelY, OfferX, Cell string
	Named                bool // there is room for its name
}

// mark is a drawn cell of points.
type mark struct {
	X, Y, Radius string
	Count        int64
}

func (v MapView) projection() projection {
	var points []contract.Point
	for _, place := range v.Places {
		if place.Placed {
			points = append(points, place.Point)
		}
	}
	return projectionOf(points)
}

func (v MapView) bubbles() []bubble {
	projected, most := v.projection(), int64(1)
	for _, place := range v.Places {
		most = max(most, place.Needs, place.Offers)
	}
	var drawn []bubble
	for _, place := range v.Places {
		if !place.Placed {
			continue
		}
		x, y := projected.at(place.Point)
		b := bubble{Place: place, X: digits(x), Y: digits(y), LabelY: digits(y + 20 + radiusOf(max(place.Needs, place.Offers), most))}
		if v.shows(LayerNeeds) {
			b.Needs = shownRadius(place.Needs, most)
		}
		if v.shows(LayerGaps) {
			b.Gaps = shownRadius(place.Gaps, most)
		}
		if v.shows(LayerOffers) {
			b.Offers = shownRadius(place.Offers, most)
		}
		drawn = append(drawn, b)
	}
	nameBubbles(drawn)
	// The largest first, so that the small ones stay in reach above them.
	slices.SortStableFunc(drawn, func(a, b bubble) int { return int(min(max(b.Place.Needs-a.Place.Needs, -1), 1)) })
	return drawn
}

// nameBubbles names the places whose names cover no other, the fullest first; the
// others are named in the table, and when they are pointed at.
func nameBubbles(drawn []bubble) {
	const wide, narrow, high = 30.0, 17.0, 32.0 // of a character, as large as on a phone
	type box struct{ left, right, top float64 }
	var taken []box
	order := make([]int, len(drawn))
	for i := range order {
		order[i] = i
	}
	total := func(i int) int64 { return drawn[i].Place.Needs + drawn[i].Place.Offers }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total(b), total(a)) })
	for _, i := range order {
		width := 0.0
		for _, r := range drawn[i].Name {
			if r < 0x2e80 { // the first of the Chinese blocks
				width += narrow
			} else {
				width += wide
			}
		}
		x, errX := strconv.ParseFloat(drawn[i].X, 64)
		y, errY := strconv.ParseFloat(drawn[i].LabelY, 64)
		name := box{x - width/2, x + width/2, y}
		drawn[i].Named = errX == nil && errY == nil && !slices.ContainsFunc(taken, func(b box) bool {
			return name.left < b.right && b.left < name.right && math.Abs(name.top-b.top) < high
		})
		if drawn[i].Named {
			taken = append(taken, name)
		}
	}
}

// marks draws cells in what is shown.
func (v MapView) marks(cells []contract.CellCount) []mark {
	projected, most := v.projection(), int64(1)
	for _, cell := range cells {
		most = max(most, cell.Count)
	}
	var drawn []mark
	for _, cell := range cells {
		x, y := projected.at(contract.Point{Lat: cell.Lat, Lon: cell.Lon})
		if x < 0 || x > mapWidth || y < 0 || y > mapHeight {
			continue
		}
		drawn = append(drawn, mark{digits(x), digits(y), digits(4 + 12*math.Sqrt(float64(cell.Count)/float64(most))), cell.Count})
	}
	return drawn
}

// square returns the outline of a mark as a diamond: offers are told by their form.
func (m mark) diamond() string { return fmt.Sprintf("translate(%s %s) rotate(45)", m.X, m.Y) }

func (m mark) half() string { return "-" + m.Radius }

func (m mark) side() string {
	radius, err := strconv.ParseFloat(m.Radius, 64)
	if err != nil {
		return m.Radius
	}
	return digits(2 * radius)
}

// radiusOf makes the area of a bubble as large as the count.
func radiusOf(count, most int64) float64 {
	if count <= 0 {
		return 0
	}
	return max(6, mostRadius*math.Sqrt(float64(count)/float64(most)))
}

func shownRadius(count, most int64) string {
	if count <= 0 {
		return ""
	}
	return digits(radiusOf(count, most))
}

func digits(value float64) string { return strconv.FormatFloat(value, 'f', 1, 64) }

// label says in words what a bubble shows.
func (b bubble) label(d Desk) string {
	return d.T("map.bubble", "region", b.Name, "needs", b.Place.Needs, "gaps", b.Place.Gaps, "offers", b.Place.Offers)
}

func mapColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("console.column.place")}, {Label: d.T("map.layer.needs"), Numeric: true}, {Label: d.T("map.layer.gaps"), Numeric: true},
		{Label: d.T("map.layer.offers"), Numeric: true},
	}
}
