package demo

import (
	"context"
	"encoding/csv"
	"io"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/importer"
	"heli/pkg/reference"
	"heli/services/directory/seed"
)

func snapshot(t *testing.T) *reference.Snapshot {
	t.Helper()
	doc, err := seed.Read()
	if err != nil {
		t.Fatalf("read reference data: %v", err)
	}
	return reference.NewSnapshot(contract.Reference{Regions: doc.Regions, Categories: doc.Categories, Items: doc.Items})
}

func open(t *testing.T, name string) io.Reader {
	t.Helper()
	folder, err := Relief()
	if err != nil {
		t.Fatalf("relief: %v", err)
	}
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return strings.NewReader(string(text))
}

// inbox remembers what is submitted.
type inbox struct {
	mu       sync.Mutex
	requests []contract.RequestDraft
	offers   []contract.OfferDraft
}

func (b *inbox) importer(t *testing.T, ref *reference.Snapshot) *importer.Importer {
	t.Helper()
	return importer.New(ref, importer.Calls{
		Request: func(_ context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.requests = append(b.requests, q.Draft)
			return contract.SubmittedRequest{}, nil
		},
		Offer: func(_ context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.offers = append(b.offers, q.Draft)
			return contract.SubmittedOffer{}, nil
		},
	}, time.Now, importer.Options{Source: Source, Open: true, Vouch: true})
}

func TestNeedsOf2020(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	var b inbox
	report, err := b.importer(t, ref).Needs(t.Context(), open(t, "needs.csv"))
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	if c := report.Counts; c.Rows != 2095 || c.Lines != 2095 || c.RefusedRows != 0 || len(b.requests) != 214 {
		t.Errorf("counts = %+v, %d requests", c, len(b.requests))
	}
	named, stated := 0, 0
	for _, d := range b.requests {
		for _, l := range d.NeedLines {
			if l.Item != "" {
				named++
			}
			if l.Quantity != nil {
				stated++
			}
			if l.SourceText == "" || l.Unit != "piece" {
				t.Errorf("%s: line %+v", d.SourceID, l)
			}
		}
		sound(t, ref, d.SourceID, d.Title, d.Description, d.RegionCode)
	}
	if named*100 < 80*2095 {
		t.Errorf("%d of 2095 lines have an item", named)
	}
	if stated != 2095-1809-22 { // 1 and nothing are not stated
		t.Errorf("%d lines state a quantity", stated)
	}
}

// TestItemsOf2020 names the item of every text in the list.
func TestItemsOf2020(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	records, err := csv.NewReader(open(t, "needs.csv")).ReadAll()
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	want := map[string]string{
		"医用防护口罩 | N95口罩": "mask_n95", "防护服": "suit", "医用外科口罩": "mask_surgical",
		"防冲击眼罩/护目镜/防护眼镜": "goggles", "防护帽/医用帽/圆帽": "cap", "防护面罩": "face_shield", "手术衣": "gown_surgical",
		"普通医用口罩": "mask_medical", "乳胶手套": "gloves_latex", "84消毒液": "disinfectant_84", "75%酒精": "alcohol",
		"防污染鞋套": "shoe_cover", "手部皮肤消毒液": "hand_sanitiser", "隔离衣": "gown_isolation",
		"长筒胶鞋/防污染靴": "boots", "测体温设备": "thermometer", "过氧乙酸": "peracetic_acid", "防污染靴套": "boot_cover",
		"空气消毒设备": "air_steriliser", "活力碘": "iodophor", "医用紫外线消毒车": "uv_cart", "床罩": "bed_cover",
		"医用面罩式雾化器": "nebuliser",
	}
	column := slices.Index(records[0], "item")
	for _, record := range records[1:] {
		if _, ok := want[record[column]]; !ok {
			t.Fatalf("the list names %q", record[column])
		}
	}
	var b inbox
	if _, err := b.importer(t, ref).Needs(t.Context(), open(t, "needs.csv")); err != nil {
		t.Fatalf("import: %v", err)
	}
	for _, d := range b.requests {
		for _, l := range d.NeedLines {
			text, _, _ := strings.Cut(l.SourceText, " · ")
			if l.Item != want[text] {
				t.Errorf("%q is %q, want %q", text, l.Item, want[text])
			}
		}
	}
}

func TestOffersOf2020(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	var b inbox
	report, err := b.importer(t, ref).Offers(t.Context(), open(t, "offers.csv"))
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	if c := report.Counts; c.Rows != 782 || c.Lines != 782 || c.RefusedRows != 0 || len(b.offers) != 775 {
		t.Errorf("counts = %+v, %d offers", c, len(b.offers))
	}
	factories := 0
	for _, d := range b.offers {
		for _, l := range d.OfferLines {
			if l.Category == "ppe" && l.Item != "" {
				factories++
			}
			category, _ := ref.Category(l.Category)
			vouched := slices.ContainsFunc(d.Credentials, func(c contract.Credential) bool { return c.Kind == l.Category })
			if category.Credential != vouched {
				t.Errorf("%s: credentials %+v for %s", d.SourceID, d.Credentials, l.Category)
			}
		}
		sound(t, ref, d.SourceID, d.Title, d.Description, d.RegionCode)
	}
	if factories != 24 {
		t.Errorf("%d of 24 lines of factories have an item", factories)
	}
}

// sound checks what every service checks.
func sound(t *testing.T, ref *reference.Snapshot, id, title, description, region string) {
	t.Helper()
	v := check.New(ref)
	v.Text("title", title, 1, 200)
	v.Paragraph("description", description, 0, 4000)
	v.Region("region", region)
	if err := v.Err(); err != nil {
		t.Errorf("%s: %v", id, err)
	}
}

var moment = time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC)

func generate(t *testing.T, ref *reference.Snapshot, seed uint64, now time.Time) Scenario {
	t.Helper()
	s, err := Generate(ref, seed, now)
	if err != nil {
		t.Fatalf("generate: %v", err)
	}
	return s
}

func TestScenarioFollowsFromItsSeed(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	first, again, other := generate(t, ref, 1, moment), generate(t, ref, 1, moment), generate(t, ref, 2, moment)
	if !reflect.DeepEqual(first, again) {
		t.Error("the same seed gives another scenario")
	}
	if first.Requests[0].Submit.ID == other.Requests[0].Submit.ID || first.People[0].ID == other.People[0].ID {
		t.Error("another seed gives the same ids")
	}
	later := generate(t, ref, 1, moment.Add(time.Hour))
	for i := range later.Requests {
		later.Requests[i].Submit.SubmittedAt = first.Requests[i].Submit.SubmittedAt
	}
	for i := range later.Offers {
		later.Offers[i].Submit.SubmittedAt = first.Offers[i].Submit.SubmittedAt
	}
	if !reflect.DeepEqual(first, later) {
		t.Error("more than the times depends on the clock")
	}
}

func TestScenarioIsLargeAndVaried(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	s := generate(t, ref, 1, moment)
	if n := len(s.Requests) + len(s.Offers); n <= 800 {
		t.Errorf("%d items", n)
	}
	unique := map[string]bool{}
	tops, urgencies, regions, titles := map[string]int{}, map[contract.Urgency]int{}, map[string]int{}, map[string]int{}
	public := 0
	for _, r := range s.Requests {
		d := r.Submit.Draft
		lineage, _, _ := strings.Cut(d.NeedLines[0].Category, ".")
		tops[lineage]++
		urgencies[d.Urgency]++
		regions[d.RegionCode]++
		titles[d.Title+d.Description]++
		if r.Actor.Role == contract.RolePublic {
			public++
		}
		unique[string(r.Submit.ID)], unique[r.Submit.Code], unique[d.Contact.Phone] = true, true, true
	}
	for _, o := range s.Offers {
		unique[string(o.Submit.ID)], unique[o.Submit.Code], unique[o.Submit.Draft.Contact.Phone] = true, true, true
	}
	if want := 3 * (len(s.Requests) + len(s.Offers)); len(unique) != want {
		t.Errorf("%d different ids, codes and phones, want %d", len(unique), want)
	}
	for _, category := range []string{"labour", "medical", "customs", "legal", "convenience"} {
		if tops[category] < 50 {
			t.Errorf("%d requests for %s", tops[category], category)
		}
	}
	if len(urgencies) < 4 || len(regions) < 60 || len(titles) < 400 || public < 100 {
		t.Errorf("%d urgencies, %d regions, %d texts, %d public", len(urgencies), len(regions), len(titles), public)
	}
}

func TestScenarioIsSoundAndInvented(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	s := generate(t, ref, 1, moment)
	for _, r := range s.Requests {
		d := r.Submit.Draft
		line := d.NeedLines[0]
		sound(t, ref, d.SourceID, d.Title, d.Description, d.RegionCode)
		entrySound(t, ref, d.SourceID, d.Contact, line.Category, line.Unit, d.Title+d.Description)
		checkLists(t, ref, d.SourceID, d.Languages, d.Safeguards, d.Windows)
	}
	for _, o := range s.Offers {
		d := o.Submit.Draft
		line := d.OfferLines[0]
		sound(t, ref, d.SourceID, d.Title, d.Description, d.RegionCode)
		entrySound(t, ref, d.SourceID, d.Contact, line.Category, line.Capacity.Unit, d.Title+d.Description)
		checkLists(t, ref, d.SourceID, d.Languages, d.Safeguards, d.Windows)
		if category, _ := ref.Category(line.Category); category.Credential != (len(d.Credentials) == 1) {
			t.Errorf("%s: credentials %+v", d.SourceID, d.Credentials)
		}
	}
	for _, p := range s.People {
		if !strings.HasPrefix(p.Name, "示例·") || !contract.ValidID(p.ID) {
			t.Errorf("person %+v", p)
		}
	}
}

func entrySound(t *testing.T, ref *reference.Snapshot, id string, c contract.Contact, category string, unit contract.Unit, text string) {
	t.Helper()
	v := check.New(ref)
	v.Contact("contact", c)
	v.Category("category", category)
	if err := v.Err(); err != nil {
		t.Errorf("%s: %v", id, err)
	}
	known, _ := ref.Category(category)
	if !slices.Contains(known.Units, unit) {
		t.Errorf("%s: %s is not counted in %s", id, category, unit)
	}
	if !strings.HasPrefix(c.Phone, check.DemoPhone) || !strings.HasPrefix(c.Name, "示例·") {
		t.Errorf("%s: contact %+v may be somebody", id, c)
	}
	if strings.ContainsAny(text, "{}") {
		t.Errorf("%s: %q is not filled in", id, text)
	}
}

func checkLists(t *testing.T, ref *reference.Snapshot, id string, languages, safeguards []string, windows []contract.Window) {
	t.Helper()
	v := check.New(ref)
	v.Languages("languages", languages)
	check.EachOf(v, "safeguards", safeguards, contract.Safeguards())
	v.Windows("windows", windows)
	if err := v.Err(); err != nil {
		t.Errorf("%s: %v", id, err)
	}
}

func TestRegistryHasTheSizesOfTheProvince(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	s := generate(t, ref, 1, moment)
	levels, names, codes, below := map[string]int{}, map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, o := range s.Organisations {
		levels[o.Level]++
		below[o.ParentCode]++
		names[o.Name], codes[strings.ToLower(o.Code)] = true, true
		if !strings.HasPrefix(o.Name, "示例·") || !ref.Within(o.RegionCode, shaanxi) || !contract.ValidID(o.ID) {
			t.Errorf("organisation %+v", o)
		}
		v := check.New(ref)
		for _, specialty := range o.Specialties {
			v.Category("specialties", specialty)
		}
		if err := v.Err(); err != nil {
			t.Errorf("%s: %v", o.Code, err)
		}
	}
	if levels["province"] != 160 || levels["city"] != 448 || levels["county"] != 1567 || levels["community"] != 20 {
		t.Errorf("levels %v", levels)
	}
	if len(names) != len(s.Organisations) || len(codes) != len(s.Organisations) {
		t.Errorf("%d names and %d codes for %d organisations", len(names), len(codes), len(s.Organisations))
	}
	if below[psychGroup] != 10 || below[countyTeam] != 20 || len(s.Campaign.Organisations) != 50 {
		t.Errorf("%d agencies, %d branches, %d in the campaign", below[psychGroup], below[countyTeam], len(s.Campaign.Organisations))
	}
	experts := 0
	for _, o := range s.Offers {
		if strings.HasPrefix(o.Submit.Draft.Organisation, "xinli-") {
			experts++
		}
	}
	if experts != 532 {
		t.Errorf("%d experts", experts)
	}
}

func TestOrganisationsComeAfterTheirParents(t *testing.T) {
	t.Parallel()
	ref := snapshot(t)
	known := map[string]bool{"root": true}
	coordinated := map[string]bool{}
	s := generate(t, ref, 1, moment)
	for _, o := range s.Organisations {
		if _, ok := ref.Region(o.RegionCode); !ok || !known[o.ParentCode] {
			t.Errorf("organisation %+v", o)
		}
		if o.Coordinates && coordinated[o.RegionCode] {
			t.Errorf("%s has two coordinators", o.RegionCode)
		}
		known[o.Code] = true
		coordinated[o.RegionCode] = coordinated[o.RegionCode] || o.Coordinates
	}
	roles := map[contract.Role]bool{}
	for _, p := range s.People {
		if !known[p.Organisation] {
			t.Errorf("person in %s", p.Organisation)
		}
		roles[p.Role] = true
	}
	if len(roles) != 6 {
		t.Errorf("roles = %v", roles)
	}
	for _, o := range s.Offers {
		if code := o.Submit.Draft.Organisation; code != "" && !known[code] {
			t.Errorf("offer of %s", code)
		}
	}
}

// TestSessionsAddUp counts what the article did: per agency nothing is told, but
// the sums are exact.
func TestSessionsAddUp(t *testing.T) {
	t.Parallel()
	s, err := Generate(snapshot(t), 1, time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	sums, by := map[string]int64{}, map[string]map[string]bool{}
	for _, d := range s.Sessions {
		sums[d.Campaign] += d.People
		if by[d.Campaign] == nil {
			by[d.Campaign] = map[string]bool{}
		}
		by[d.Campaign][d.Organisation] = true
	}
	if sums[""] != 2369 || len(by[""]) != 10 || sums[campaign] != 14000 || len(by[campaign]) != 50 {
		t.Errorf("%v person-times by %d agencies and %d organisations, %d sessions", sums, len(by[""]), len(by[campaign]), len(s.Sessions))
	}
}
