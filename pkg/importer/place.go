package importer

import (
	"strings"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

// country is the region of what names no place.
const country = "000000"

// levelWords end the names of divisions and are often left out or wrong in
// lists: 西藏省 is 西藏自治区.
var levelWords = []string{
	"维吾尔自治区", "壮族自治区", "回族自治区", "特别行政区", "自治区", "自治州", "自治县", "自治旗",
	"地区", "新区", "林区", "矿区", "省", "市", "州", "盟", "县", "区", "旗",
}

// gazetteer finds regions by the names that people write. It is used by one goroutine.
type gazetteer struct {
	ref      *reference.Snapshot
	children map[string][]contract.Region
}

func newGazetteer(ref *reference.Snapshot) *gazetteer {
	g := &gazetteer{ref: ref, children: map[string][]contract.Region{}}
	for _, r := range ref.Regions() {
		g.children[r.Parent] = append(g.children[r.Parent], r)
	}
	return g
}

// find returns the region of a row: by its code, else by its names, the country
// when it has neither.
func (g *gazetteer) find(code string, names ...string) (string, error) {
	if code != "" {
		if _, ok := g.ref.Region(code); !ok {
			return "", refuse("region_code %q is unknown", shorten(code, 20))
		}
		return code, nil
	}
	region := country
	for _, name := range names {
		for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == ' ' || r == '/' }) {
			below := g.below(region, part)
			if below == "" && region == country {
				return "", refuse("there is no province named %q", shorten(part, 20))
			}
			if below != "" {
				region = below
			}
		}
	}
	return region, nil
}

// below returns the region of a name under another, one level deeper or, where
// a city is left out or repeats the municipality, two.
func (g *gazetteer) below(region, name string) string {
	for _, child := range g.children[region] {
		if sameName(child.Names["zh-Hans"], name) {
			return child.Code
		}
	}
	if region == country {
		return ""
	}
	for _, child := range g.children[region] {
		for _, grandchild := range g.children[child.Code] {
			if sameName(grandchild.Names["zh-Hans"], name) {
				return grandchild.Code
			}
		}
	}
	return ""
}

// sameName compares without the word for the level.
func sameName(official, written string) bool {
	if official == written {
		return true
	}
	a, b := stem(official), stem(written)
	return a == b && len([]rune(a)) > 1
}

func stem(name string) string {
	for _, word := range levelWords {
		if rest, ok := strings.CutSuffix(name, word); ok && len([]rune(rest)) > 1 {
			return rest
		}
	}
	return name
}
