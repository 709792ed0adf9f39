package seed

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"heli/pkg/contract"
)

const country = "000000"

// Levels of regions, as contract.Region names them.
const (
	levelCountry  = "country"
	levelProvince = "province"
	levelCity     = "city"
	levelCounty   = "county"
)

// municipalCities are the city-level nodes that GB/T 2260 has inside the
// directly governed municipalities and that city.csv leaves out.
var municipalCities = []contract.Region{
	cityNode("110100", "北京城区"),
	cityNode("120100", "天津城区"),
	cityNode("310100", "上海城区"),
	cityNode("500100", "重庆城区"),
	cityNode("500200", "重庆郊县"),
}

func cityNode(code, name string) contract.Region {
	return contract.Region{Code: code, Parent: provinceOf(code), Level: levelCity, Names: map[string]string{"zh-Hans": name}}
}

func provinceOf(code string) string { return code[:2] + "0000" }

// provinceGoverned reports codes of 省直辖县级 units and of the nodes that
// GB/T 2260 invents above them: third and fourth digit 90.
func provinceGoverned(code string) bool { return code[2:4] == "90" }

// readRegions returns the tree of regions ordered by code, so that parents
// come before their children.
func readRegions() ([]contract.Region, error) {
	tree := regionTree{byCode: map[string]*contract.Region{}}
	tree.add(contract.Region{Code: country, Level: levelCountry, Names: map[string]string{"zh-Hans": "中国"}})
	for _, city := range municipalCities {
		tree.add(city)
	}
	for _, step := range []func(*regionTree) error{addDivisions, addCentres, addNames} {
		if err := step(&tree); err != nil {
			return nil, err
		}
	}
	return tree.list()
}

type regionTree struct{ byCode map[string]*contract.Region }

// add takes a region in with names of its own: others are added to them later.
func (t *regionTree) add(r contract.Region) {
	r.Names = maps.Clone(r.Names)
	t.byCode[r.Code] = &r
}

// list returns the regions by code and refuses a region without its parent.
func (t *regionTree) list() ([]contract.Region, error) {
	regions := make([]contract.Region, 0, len(t.byCode))
	for _, r := range t.byCode {
		if _, ok := t.byCode[r.Parent]; !ok && r.Code != country {
			return nil, fmt.Errorf("region %s has no parent %q", r.Code, r.Parent)
		}
		regions = append(regions, *r)
	}
	slices.SortFunc(regions, func(a, b contract.Region) int { return strings.Compare(a.Code, b.Code) })
	return regions, nil
}

func addDivisions(t *regionTree) error {
	files := []struct{ name, level string }{
		{"region/province.csv", levelProvince}, {"region/city.csv", levelCity}, {"region/area.csv", levelCounty},
	}
	for _, file := range files {
		rows, err := readRows(file.name)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if file.level == levelCity && provinceGoverned(r["code"]) {
				continue // a node on paper alone: what it holds belongs to the province
			}
			t.add(division(r["code"], r["name"], file.level))
		}
	}
	return nil
}

// division places a region. A county that its province governs stands for its
// own prefecture, as maps and people have it, hence at the level of a city.
func division(code, name, level string) contract.Region {
	r := contract.Region{Code: code, Level: level, Names: map[string]string{"zh-Hans": name}}
	switch {
	case level == levelProvince:
		r.Parent = country
	case level == levelCity:
		r.Parent = provinceOf(code)
	case provinceGoverned(code):
		r.Parent, r.Level = provinceOf(code), levelCity
	default:
		r.Parent = code[:4] + "00"
	}
	return r
}

// addCentres sets the points, and adds the districts of Hong Kong and Macau,
// which only the file of centres names.
func addCentres(t *regionTree) error {
	rows, err := readRows("region/adcode_centers.csv")
	if err != nil {
		return err
	}
	for _, r := range rows {
		code := r["adcode"]
		if _, known := t.byCode[code]; !known {
			t.add(contract.Region{
				Code: code, Parent: provinceOf(code), Level: levelCounty,
				Names: map[string]string{"zh-Hans": r["name"]},
			})
		}
		point, err := centre(r)
		if err != nil {
			return fmt.Errorf("centre of %s: %w", code, err)
		}
		t.byCode[code].Point = &point
	}
	t.settleCentres()
	return nil
}

// settleCentres gives a province without a centre that of its capital, and the
// nodes of a municipality the municipality's. A county without one has none:
// whoever wants a point takes the nearest above.
func (t *regionTree) settleCentres() {
	for _, r := range t.byCode {
		if r.Point != nil {
			continue
		}
		if r.Level == levelProvince {
			if capital, ok := t.byCode[r.Code[:2]+"0100"]; ok {
				r.Point = capital.Point
			}
		}
	}
	for _, city := range municipalCities {
		t.byCode[city.Code].Point = t.byCode[city.Parent].Point
	}
}

// centre reads and converts a point, rounded to 5 decimals (a metre).
func centre(r row) (contract.Point, error) {
	lat, err := strconv.ParseFloat(r["center_lat"], 64)
	if err != nil {
		return contract.Point{}, err
	}
	lon, err := strconv.ParseFloat(r["center_lng"], 64)
	if err != nil {
		return contract.Point{}, err
	}
	p := toWGS84(contract.Point{Lat: lat, Lon: lon})
	return contract.Point{Lat: math.Round(p.Lat*1e5) / 1e5, Lon: math.Round(p.Lon*1e5) / 1e5}, nil
}

func addNames(t *regionTree) error {
	rows, err := readRows("region/name.csv")
	if err != nil {
		return err
	}
	for _, r := range rows {
		region, ok := t.byCode[r["code"]]
		if !ok {
			return fmt.Errorf("name.csv names the unknown region %s", r["code"])
		}
		for language, name := range r.names() {
			region.Names[language] = name
		}
	}
	return nil
}
