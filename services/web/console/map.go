package console

import (
	"math"
	"net/http"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/web/templates"
)

const (
	mapPath = "/console/map"
	country = "000000"
)

// Cells that points are gathered in, in degrees, by how near one looks.
const (
	countryCell  = 2.0
	provinceCell = 0.4
	cityCell     = 0.05
)

// besideDegrees is how far around its city a region stands whose own point is not
// known.
const besideDegrees = 0.35

// regionMap shows what is counted in the regions directly below one.
func (c console) regionMap(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("map.title"))
	v := templates.MapView{Layers: layersOf(d)}
	ref, err := c.Reference.Get()
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	top, known := ref.Region(d.Query.Get("region"))
	if !known {
		top, _ = ref.Region(country)
	}
	cell := 0.0
	if slices.Contains(v.Layers, templates.LayerPoints) {
		cell = map[string]float64{"country": countryCell, "province": provinceCell}[top.Level]
		if cell == 0 {
			cell = cityCell
		}
	}
	v.Dashboard, err = c.counted(r.Context(), &d, cell)
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	for _, code := range ref.Lineage(top.Code) {
		v.Above = append([]templates.Option{{Value: code, Label: d.Region(code)}}, v.Above...)
	}
	v.Places = placesIn(d, ref, top, v.Dashboard)
	if v.Requests != nil {
		v.Needs = v.Requests.Cells
	}
	if v.Dashboard.Offers != nil {
		v.Offers = v.Dashboard.Offers.Cells
	}
	return c.list(w, r, d, nil, templates.ConsoleMap(d, v))
}

// layersOf reads the layers; without any choice the regions are shown.
func layersOf(d templates.Desk) []string {
	if d.Query.Get("layers") == "" {
		return []string{templates.LayerNeeds, templates.LayerGaps, templates.LayerOffers}
	}
	var layers []string
	for _, layer := range d.Query["layer"] {
		if slices.Contains(templates.Layers(), layer) {
			layers = append(layers, layer)
		}
	}
	return layers
}

// placesIn lays the counts out on the map, the greatest need first.
func placesIn(d templates.Desk, ref *reference.Snapshot, top contract.Region, v templates.Dashboard) []templates.Place {
	places := map[string]*templates.Place{}
	at := func(code string) *templates.Place {
		if places[code] == nil {
			places[code] = &templates.Place{Code: code, Name: d.Region(code)}
		}
		return places[code]
	}
	if v.Requests != nil {
		for _, one := range v.Requests.Regions {
			at(one.RegionCode).Needs, at(one.RegionCode).Gaps = one.Count, one.Unserved
		}
	}
	if v.Offers != nil {
		for _, one := range v.Offers.Regions {
			at(one.RegionCode).Offers = one.Count
		}
	}
	var laid []templates.Place
	for code, place := range places {
		region, _ := ref.Region(code)
		place.Inside = code != top.Code && region.Level != "county"
		place.Guessed = region.Point == nil
		place.Point, place.Placed = ref.PointOf(code)
		laid = append(laid, *place)
	}
	slices.SortFunc(laid, func(a, b templates.Place) int {
		if a.Needs != b.Needs {
			return int(min(max(b.Needs-a.Needs, -1), 1))
		}
		return compareCodes(a.Code, b.Code)
	})
	spread(laid)
	return laid
}

func compareCodes(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// spread puts regions without a point of their own on a ring around their city,
// where they would stand upon each other.
func spread(places []templates.Place) {
	guessed := 0
	for _, place := range places {
		if place.Guessed {
			guessed++
		}
	}
	n := 0
	for i := range places {
		if !places[i].Guessed {
			continue
		}
		angle := 2 * math.Pi * float64(n) / float64(guessed)
		places[i].Point.Lat += besideDegrees * math.Sin(angle)
		places[i].Point.Lon += besideDegrees * math.Cos(angle) * 1.2
		n++
	}
}
