package seed

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

func document(t *testing.T) Document {
	t.Helper()
	doc, err := Read()
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return doc
}

func snapshot(t *testing.T) *reference.Snapshot {
	t.Helper()
	doc := document(t)
	return reference.NewSnapshot(contract.Reference{Regions: doc.Regions, Categories: doc.Categories, Items: doc.Items})
}

func TestRegionsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	s := snapshot(t)
	tests := []struct {
		name, code, level string
		lineage           []string
	}{
		{"country", "000000", "country", []string{"000000"}},
		{"province", "610000", "province", []string{"610000", "000000"}},
		{"county of a prefecture", "610113", "county", []string{"610113", "610100", "610000", "000000"}},
		{"district of a municipality", "110105", "county", []string{"110105", "110100", "110000", "000000"}},
		{"county of a municipality", "500229", "county", []string{"500229", "500200", "500000", "000000"}},
		{"governed by its province", "429004", "city", []string{"429004", "420000", "000000"}},
		{"of the production corps", "659001", "city", []string{"659001", "650000", "000000"}},
		{"Taiwan", "710000", "province", []string{"710000", "000000"}},
		{"district of Hong Kong", "810001", "county", []string{"810001", "810000", "000000"}},
		{"district of Macau", "820001", "county", []string{"820001", "820000", "000000"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, ok := s.Region(test.code)
			if !ok || r.Level != test.level {
				t.Errorf("region = %+v %v, want level %s", r, ok, test.level)
			}
			if got := s.Lineage(test.code); !slices.Equal(got, test.lineage) {
				t.Errorf("lineage = %v, want %v", got, test.lineage)
			}
		})
	}
	if _, ok := s.Region("429000"); ok {
		t.Error("the node on paper above counties governed by their province is there")
	}
}

func TestEveryRegionHasAPlaceOnTheMap(t *testing.T) {
	t.Parallel()
	s, doc := snapshot(t), document(t)
	if len(doc.Regions) < 3200 {
		t.Errorf("%d regions, want more than 3,200", len(doc.Regions))
	}
	for _, r := range doc.Regions {
		if r.Names["zh-Hans"] == "" {
			t.Errorf("%s has no name", r.Code)
		}
		if _, ok := s.PointOf(r.Code); !ok && r.Code != country {
			t.Errorf("%s %s has no point above it", r.Code, r.Names["zh-Hans"])
		}
	}
	whole, err := json.Marshal(doc)
	if err != nil || len(whole) > 1<<20 {
		t.Errorf("the document has %d bytes (%v), want at most 1 MiB", len(whole), err)
	}
}

// Pairs as published with the test suites of the open implementations of GCJ-02.
func TestCoordinatesBecomeWGS84(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		wgs, gcj contract.Point
	}{
		{"Shanghai", contract.Point{Lat: 31.1774276, Lon: 121.5272106}, contract.Point{Lat: 31.17530398364597, Lon: 121.531541859215}},
		{"Shenzhen", contract.Point{Lat: 22.543847, Lon: 113.912316}, contract.Point{Lat: 22.540796131694766, Lon: 113.9171764808363}},
		{"Beijing", contract.Point{Lat: 39.911954, Lon: 116.377817}, contract.Point{Lat: 39.91334545536069, Lon: 116.38404722455657}},
		{"outside", contract.Point{Lat: 48.8566, Lon: 2.3522}, contract.Point{Lat: 48.8566, Lon: 2.3522}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			near(t, "to GCJ-02", toGCJ02(test.wgs), test.gcj, 1e-9)
			near(t, "to WGS-84", toWGS84(test.gcj), test.wgs, 1e-9)
		})
	}
}

func near(t *testing.T, what string, got, want contract.Point, degrees float64) {
	t.Helper()
	if math.Abs(got.Lat-want.Lat) > degrees || math.Abs(got.Lon-want.Lon) > degrees {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestCategoriesAreComplete(t *testing.T) {
	t.Parallel()
	s, doc := snapshot(t), document(t)
	for _, c := range doc.Categories {
		if len(c.Names) != 3 || len(c.Units) == 0 || len(c.Modes) == 0 {
			t.Errorf("category %s lacks a name, unit or mode: %+v", c.Code, c)
		}
		for _, u := range c.Units {
			if !slices.Contains(contract.Units(), u) {
				t.Errorf("category %s has the unknown unit %s", c.Code, u)
			}
		}
		if _, ok := s.Category(c.Parent); c.Parent != "" && !ok {
			t.Errorf("category %s has the unknown parent %s", c.Code, c.Parent)
		}
		guarded := slices.Contains([]string{"psych", "medical", "legal"}, c.Code)
		if c.Credential != guarded || c.Sensitive != guarded || (c.Matching == "manual") != guarded {
			t.Errorf("category %s: credential %v, sensitive %v, matching %s", c.Code, c.Credential, c.Sensitive, c.Matching)
		}
	}
}

func TestItemsAreUnambiguous(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, item := range document(t).Items {
		if len(item.Names) != 3 || item.Category == "" || !slices.Contains(contract.Units(), item.Unit) {
			t.Errorf("item %s is incomplete: %+v", item.Code, item)
		}
		for _, name := range slices.Concat(slices.Collect(maps.Values(item.Names)), item.Aliases) {
			folded := reference.Fold(name)
			if other := owner[folded]; other != "" && other != item.Code {
				t.Errorf("%q names both %s and %s", name, other, item.Code)
			}
			owner[folded] = item.Code
		}
	}
	if mask, ok := snapshot(t).ItemNamed("n95 口罩"); !ok || mask.Code != "mask_n95" {
		t.Errorf("n95 口罩 is %q %v", mask.Code, ok)
	}
}

func TestHashIsStable(t *testing.T) {
	t.Parallel()
	first, err := Hash()
	if err != nil {
		t.Fatalf("hash: %v", err)
	}
	second, err := Hash()
	if err != nil || first != second || len(first) != 64 {
		t.Errorf("hash = %q then %q (%v)", first, second, err)
	}
}
