package importer

import (
	"strings"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/pkg/word"
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
			return "", refuse("region_code", check.Unknown, code, "region_code %q is unknown", shorten(code, shownValue))
		}
		return code, nil
	}
	region := country
	for _, name := range names {
		for _, part := range strings.FieldsFunc(word.Simplify(name), func(r rune) bool { return r == '-' || r == ' ' || r == '/' }) {
			below := g.within(region, part)
			if below == "" && region == country {
				return "", refuse("province", check.Unknown, part, "there is no province named %q", shorten(part, shownValue))
			}
			if below != "" {
				region = below
			}
		}
	}
	return region, nil
}

// within returns the region that a text names under another: one name, or several
// written together, such as 陕西省西安市蓝田县某街道; what names none at the end is
// left out. Empty when it begins with no name.
func (g *gazetteer) within(region, text string) string {
	if below := g.below(region, text); below != "" {
		return below
	}
	found, length := "", 0
	for _, child := range g.children[region] {
		name := child.Names["zh-Hans"]
		for _, written := range []string{name, stem(name)} {
			if len([]rune(written)) > 1 && len(written) > length && strings.HasPrefix(text, written) {
				found, length = child.Code, len(written)
			}
		}
	}
	if found == "" {
		return ""
	}
	if further := g.within(found, text[length:]); further != "" {
		return further
	}
	return found
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
	for _, level := range levelWords {
		if rest, ok := strings.CutSuffix(name, level); ok && len([]rune(rest)) > 1 {
			return rest
		}
	}
	return name
}
