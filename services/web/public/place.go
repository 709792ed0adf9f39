package public

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/pkg/reference"
	"heli/pkg/word"
	"heli/services/web/templates"
)

// maxPlaces is how many regions are offered for a typed place.
const maxPlaces = 12

// places finds regions by what people type, over the newest reference data. It
// is safe for concurrent use.
type places struct {
	mu      sync.Mutex
	version int64
	entries []placeEntry
}

// placeEntry is one region with its names as they are compared.
type placeEntry struct {
	code  string
	level int
	own   []string // names of its own, with and without the suffix
	whole []string // with the names of what it lies in
	above []string // the names of what it lies in alone
}

var levels = map[string]int{"country": 0, "province": 1, "city": 2, "county": 3}

// suffixes end the names of divisions; people leave them out.
var suffixes = []string{"特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州", "自治县", "地区", "省", "市", "区", "县", "盟", "旗"}

// bare returns a folded name without its suffix, unless too little is left.
func bare(name string) string {
	for _, suffix := range suffixes {
		if rest, ok := strings.CutSuffix(name, suffix); ok && utf8.RuneCountInString(rest) >= 2 {
			return rest
		}
	}
	return name
}

func folded(name string) string { return reference.Fold(word.Fold(strings.TrimSpace(name))) }

// find returns the regions that fit what was typed, best first: one if the code
// or the whole name is typed, several where people must choose.
func (p *places) find(ref *reference.Snapshot, typed string) []contract.Region {
	asked := folded(typed)
	if region, ok := ref.Region(asked); ok {
		return []contract.Region{region}
	}
	if utf8.RuneCountInString(asked) < 2 {
		return nil
	}
	var exact, partly []placeEntry
	for _, e := range p.index(ref) {
		switch {
		case slices.Contains(e.own, asked) || slices.Contains(e.whole, asked):
			exact = append(exact, e)
		case e.holds(asked):
			partly = append(partly, e)
		}
	}
	if len(exact) == 0 {
		exact = partly
	}
	slices.SortStableFunc(exact, func(a, b placeEntry) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.code, b.code))
	})
	var found []contract.Region
	for _, e := range exact[:min(len(exact), maxPlaces)] {
		region, _ := ref.Region(e.code)
		found = append(found, region)
	}
	return found
}

// holds reports whether what was asked names this region and not only one
// that it lies in.
func (e placeEntry) holds(asked string) bool {
	within := func(name string) bool { return strings.Contains(name, asked) || strings.Contains(name, bare(asked)) }
	return slices.ContainsFunc(e.whole, within) && !slices.ContainsFunc(e.above, within)
}

// index returns the entries of the snapshot, made once per version.
func (p *places) index(ref *reference.Snapshot) []placeEntry {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries == nil || p.version != ref.Version() {
		p.version, p.entries = ref.Version(), nil
		for _, region := range ref.Regions() {
			p.entries = append(p.entries, newPlaceEntry(ref, region))
		}
	}
	return p.entries
}

func newPlaceEntry(ref *reference.Snapshot, region contract.Region) placeEntry {
	e := placeEntry{code: region.Code, level: levels[region.Level]}
	for _, name := range region.Names {
		e.own = append(e.own, folded(name), bare(folded(name)))
	}
	var full, short string
	for _, code := range ref.Lineage(region.Code)[1:] {
		if above, ok := ref.Region(code); ok && above.Level != "country" {
			name := folded(above.Names["zh-Hans"])
			full, short = name+full, bare(name)+short
		}
	}
	name := folded(region.Names["zh-Hans"])
	e.whole = append(slices.Clone(e.own), full+name, short+bare(name), short+name)
	if full != "" {
		e.above = []string{full, short}
	}
	return e
}

// regionName returns the name of a region with what it lies in, such as
// 陕西省 西安市 雁塔区.
func regionName(p *templates.Page, ref *reference.Snapshot, code string) string {
	var names []string
	for _, c := range ref.Lineage(code) {
		region, ok := ref.Region(c)
		if !ok || (region.Level == "country" && len(names) > 0) {
			continue
		}
		names = append(names, ownName(p, region))
	}
	if p.Lang() == locale.English {
		return p.List(names)
	}
	slices.Reverse(names)
	return strings.Join(names, " ")
}

func ownName(p *templates.Page, region contract.Region) string {
	return p.Pick(region.Names["en"], region.Names["zh-Hans"], region.Names["zh-Hant"])
}

// showPlaces answers the script with the regions that fit what was typed so far.
func (p pages) showPlaces(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return formFault(err)
	}
	ref, err := p.Reference.Get()
	if err != nil {
		return fault.NewUnavailable(err)
	}
	page := p.Pages.Of(r)
	w.Header().Set("Cache-Control", "no-store")
	shown := p.choices(page, ref, r.PostForm.Get("place"), "")
	if at, ok := positionOf(r.PostForm.Get("lat"), r.PostForm.Get("lon")); ok {
		shown = p.choicesAt(page, ref, at)
	}
	p.Pages.Render(w, r, http.StatusOK, templates.PlaceChoices(page, shown))
	return nil
}

// choices returns what the form shows for a typed place.
func (p pages) choices(page *templates.Page, ref *reference.Snapshot, typed, chosen string) templates.Places {
	shown := templates.Places{Asked: typed, Chosen: chosen}
	for _, region := range p.places.find(ref, typed) {
		shown.Options = append(shown.Options, templates.Option{Value: region.Code, Label: regionName(page, ref, region.Code)})
	}
	if len(shown.Options) == 1 {
		shown.Chosen = shown.Options[0].Value
	}
	return shown
}
