package importer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

func names(name string) map[string]string { return map[string]string{"zh-Hans": name} }

func snapshot() *reference.Snapshot {
	return reference.NewSnapshot(contract.Reference{
		Regions: []contract.Region{
			{Code: "000000", Level: "country", Names: names("中国")},
			{Code: "110000", Parent: "000000", Level: "province", Names: names("北京市")},
			{Code: "110100", Parent: "110000", Level: "city", Names: names("北京城区")},
			{Code: "110105", Parent: "110100", Level: "county", Names: names("朝阳区")},
			{Code: "540000", Parent: "000000", Level: "province", Names: names("西藏自治区")},
			{Code: "540100", Parent: "540000", Level: "city", Names: names("拉萨市")},
			{Code: "610000", Parent: "000000", Level: "province", Names: names("陕西省")},
			{Code: "610100", Parent: "610000", Level: "city", Names: names("西安市")},
			{Code: "610122", Parent: "610100", Level: "county", Names: names("蓝田县")},
		},
		Categories: []contract.Category{
			{Code: "ppe", Names: names("防护物资"), Units: []contract.Unit{"piece"}, Modes: []contract.Mode{"delivery"}},
			{Code: "psych", Names: names("心理援助"), Units: []contract.Unit{"session"}, Modes: []contract.Mode{"remote"}, Credential: true},
		},
		Items: []contract.Item{
			{Code: "mask", Names: names("口罩"), Unit: "piece"},
			{Code: "mask_n95", Names: names("医用防护口罩"), Aliases: []string{"N95口罩", "N95"}, Unit: "piece"},
			{Code: "suit", Names: names("防护服"), Unit: "piece"},
			{Code: "alcohol", Names: names("75%酒精"), Aliases: []string{"酒精"}, Unit: "bottle"},
			{Code: "ct", Names: names("CT"), Unit: "piece"},
		},
	})
}

// services accept what they are given and remember it, by source id and code.
type services struct {
	mu            sync.Mutex
	ids           map[string]string // of what came first, by source id
	requests      map[string]contract.RequestDraft
	offers        map[string]contract.OfferDraft
	organisations map[string]contract.OrganisationDraft
	order         []string
}

func newServices() *services {
	return &services{
		ids:      map[string]string{},
		requests: map[string]contract.RequestDraft{}, offers: map[string]contract.OfferDraft{},
		organisations: map[string]contract.OrganisationDraft{},
	}
}

func (s *services) first(sourceID, id string) string {
	if s.ids[sourceID] == "" {
		s.ids[sourceID] = id
	}
	return s.ids[sourceID]
}

func (s *services) calls() Calls {
	return Calls{
		Request: func(_ context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			_, known := s.requests[q.Draft.SourceID]
			s.requests[q.Draft.SourceID] = q.Draft
			return contract.SubmittedRequest{ID: contract.RequestID(s.first(q.Draft.SourceID, string(q.ID))), Repeated: known}, nil
		},
		Offer: func(_ context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			_, known := s.offers[q.Draft.SourceID]
			s.offers[q.Draft.SourceID] = q.Draft
			return contract.SubmittedOffer{ID: contract.OfferID(s.first(q.Draft.SourceID, string(q.ID))), Repeated: known}, nil
		},
		Register: func(_ context.Context, d contract.OrganisationDraft) (contract.RegisteredOrganisation, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if _, ok := s.organisations[strings.ToLower(d.ParentCode)]; !ok && d.ParentCode != "" {
				return contract.RegisteredOrganisation{}, fault.NewNotFound("organisation")
			}
			outcome := "created"
			if before, known := s.organisations[d.Code]; known && reflect.DeepEqual(before, d) {
				outcome = "unchanged"
			} else if known {
				outcome = "changed"
			}
			s.organisations[d.Code] = d
			s.order = append(s.order, d.Code)
			return contract.RegisteredOrganisation{Outcome: outcome}, nil
		},
	}
}

func now() time.Time { return time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC) }

func table(header string, rows ...string) *strings.Reader {
	return strings.NewReader(header + "\n" + strings.Join(rows, "\n"))
}

func show(r Report) []string {
	var texts []string
	for _, row := range r.Rows {
		text := fmt.Sprintf("%d %s %s %s", row.Line, row.SourceID, row.Outcome, row.Reason)
		texts = append(texts, strings.TrimSpace(text))
	}
	return texts
}

const needsColumns = "source_id,organisation,province,city,district,region_code,address,category,item,specification,quantity,unit,remark"

func TestSpoiledRowsAreReportedAndTheOthersGoIn(t *testing.T) {
	t.Parallel()
	s := newServices()
	rows := []string{
		"a,第一医院,陕西,西安市,,610100,长安路1号,ppe,医用防护口罩 | N95口罩,GB 19083,1,piece,急缺",
		"a,第一医院,陕西,西安市,,610100,长安路1号,ppe,防护服,。,200,piece,急缺",
		"a,第一医院,陕西,西安市,,610100,长安路1号,ppe,防护服,,-3,piece,",
		"a,第二医院,陕西,西安市,,610100,,ppe,防护服,,3,piece,",
		"b,第二医院,陕西,西安市,,999999,,ppe,防护服,,3,piece,",
		"c,第三医院,陕西,西安市,,610100,,toys,防护服,,3,piece,",
		"d,第四医院,陕西,西安市,,610100,,ppe,防护服,,3,parsec,",
		",第五医院,陕西,西安市,,610100,,ppe,防护服,,3,piece,",
		"e,第六医院",
		"f,第七医院,陕西,西安市,蓝田县,,,ppe,不知何物,,10,盒,",
	}
	i := New(snapshot(), s.calls(), now, Options{Organisation: "xian", Open: true})
	got, err := i.Needs(t.Context(), table(needsColumns, rows...))
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	want := []string{
		"2 a created",
		"3 a created",
		`4 a refused quantity "-3" is no whole number above 0`,
		"5 a refused organisation or region differs from line 2, which has the same source_id",
		`6 b refused region_code "999999" is unknown`,
		`7 c refused category "toys" is unknown`,
		`8 d refused unit "parsec" is unknown`,
		"9  refused source_id is empty",
		"10  refused the row has 2 cells, the header 13",
		"11 f created",
	}
	if texts := show(got); !slices.Equal(texts, want) {
		t.Errorf("rows:\n%s\nwant:\n%s", strings.Join(texts, "\n"), strings.Join(want, "\n"))
	}
	if c := got.Counts; c.Rows != 10 || c.RefusedRows != 7 || c.Lines != 3 || c.Things[Created] != 2 {
		t.Errorf("counts = %+v", c)
	}
	again, err := i.Needs(t.Context(), table(needsColumns, rows...))
	if err != nil || again.Counts.Things[Unchanged] != 2 || again.Counts.Things[Created] != 0 {
		t.Errorf("a second import: %+v %v", again.Counts, err)
	}
}

func TestNeedsBecomeDrafts(t *testing.T) {
	t.Parallel()
	s := newServices()
	i := New(snapshot(), s.calls(), now, Options{Organisation: "xian", Open: true, Source: "relief-2020"})
	_, err := i.Needs(t.Context(), table(needsColumns,
		"a,第一医院,陕西,西安市,,610100,长安路1号,ppe,医用防护口罩 | N95口罩,GB 19083,1,piece,急缺",
		"a,第一医院,陕西,西安市,,610100,长安路1号,ppe,防护服,。,200,件,急缺",
		"a,第一医院,陕西,西安市,,610100,长安路1号,ppe,医用酒精 500ml,,,,。。"))
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	d := s.requests["a"]
	if d.Title != "第一医院：医用防护口罩 | N95口罩、防护服、医用酒精 500ml" || d.Description != "长安路1号\n急缺" {
		t.Errorf("title = %q, description = %q", d.Title, d.Description)
	}
	if d.RegionCode != "610100" || d.Mode != "delivery" || d.State != "open" || d.AtOrganisation != "xian" || d.Source != "relief-2020" {
		t.Errorf("draft = %+v", d)
	}
	var got []string
	for _, l := range d.NeedLines {
		quantity := "not stated"
		if l.Quantity != nil {
			quantity = fmt.Sprint(*l.Quantity)
		}
		got = append(got, strings.Join([]string{l.Item, l.Specification, quantity, string(l.Unit), l.SourceText}, "; "))
	}
	want := []string{
		"mask_n95; GB 19083; not stated; piece; 医用防护口罩 | N95口罩 · GB 19083 · 1 · piece",
		"suit; ; 200; piece; 防护服 · 。 · 200 · 件",
		"alcohol; ; not stated; bottle; 医用酒精 500ml",
	}
	if !slices.Equal(got, want) {
		t.Errorf("lines = %q, want %q", got, want)
	}
}

func TestOffersBecomeDrafts(t *testing.T) {
	t.Parallel()
	s := newServices()
	i := New(snapshot(), s.calls(), now, Options{Organisation: "xian", Open: true, Vouch: true})
	got, err := i.Offers(t.Context(), table(needsColumns+",mode",
		"a,某心理平台,,,,,,psych,义诊&心理,,,session,每天8:00-20:00,remote",
		"a,某心理平台,,,,,,ppe,口罩类产能,N95,50000,piece,,delivery",
		"b,某厂,西藏省,拉萨市,,,,ppe,防护服,,,piece,,swimming",
		"c,,西藏省,拉萨市,,,北京路1号,ppe,防护服,,,piece,,",
		"d,,西藏省,拉萨市,,,-,ppe,防护服,,,piece,,"))
	if err != nil || !slices.Equal(show(got), []string{
		"2 a created", "3 a created", `4 b refused mode "swimming" is unknown`, "5 c created", "6 d created",
	}) {
		t.Fatalf("import: %q %v", show(got), err)
	}
	d := s.offers["a"]
	if d.State != "available" || d.Organisation != "xian" || !d.Vouched || d.Mode != "any" || d.RegionCode != "000000" {
		t.Errorf("draft = %+v", d)
	}
	if len(d.Credentials) != 1 || d.Credentials[0].Kind != "psych" || d.Credentials[0].Issuer != "某心理平台" {
		t.Errorf("credentials = %+v", d.Credentials)
	}
	if c, d := s.offers["c"], s.offers["d"]; c.Title != "北京路1号：防护服" || d.Title != "防护服" || c.RegionCode != "540100" {
		t.Errorf("titles = %q, %q; region %s", c.Title, d.Title, c.RegionCode)
	}
	if l := d.OfferLines[1]; l.Item != "mask_n95" || *l.Capacity.Quantity != 50000 || l.Capacity.Per != "total" {
		t.Errorf("line = %+v", l)
	}
}

func TestRefusalsOfTheServiceAreReported(t *testing.T) {
	t.Parallel()
	calls := newServices().calls()
	calls.Request = func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error) {
		return contract.SubmittedRequest{}, fault.NewInvalid(
			fault.Field{Location: "title", Code: "too_long"}, fault.Field{Location: "need_lines[0].unit", Code: "unknown"})
	}
	i := New(snapshot(), calls, now, Options{})
	got, err := i.Needs(t.Context(), table(needsColumns, "a,第一医院,,,,610100,,ppe,防护服,,,piece,"))
	if err != nil || got.Rows[0].Outcome != Refused || got.Rows[0].Reason != "title: too long; need_lines[0].unit: unknown" {
		t.Errorf("report = %+v %v", got, err)
	}
}

func TestDryRunSubmitsNothing(t *testing.T) {
	t.Parallel()
	i := New(snapshot(), Calls{}, now, Options{DryRun: true})
	got, err := i.Needs(t.Context(), table(needsColumns, "a,第一医院,,,,610100,,ppe,防护服,,,piece,"))
	if err != nil || got.Counts.Things[Valid] != 1 || got.Counts.Lines != 1 {
		t.Errorf("report = %+v %v", got, err)
	}
}

func TestImportEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := newServices().calls()
	calls.Request = func(ctx context.Context, _ contract.SubmitRequest) (contract.SubmittedRequest, error) {
		cancel()
		return contract.SubmittedRequest{}, ctx.Err()
	}
	i := New(snapshot(), calls, now, Options{})
	_, err := i.Needs(ctx, table(needsColumns, "a,第一医院,,,,610100,,ppe,防护服,,,piece,"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}

func TestWrongHeaderIsOneError(t *testing.T) {
	t.Parallel()
	i := New(snapshot(), Calls{}, now, Options{})
	if _, err := i.Offers(t.Context(), table(needsColumns)); err == nil || !strings.Contains(err.Error(), `missing: "mode"`) {
		t.Errorf("error = %v", err)
	}
}

func TestOrganisationsGoInParentsFirst(t *testing.T) {
	t.Parallel()
	s := newServices()
	i := New(snapshot(), s.calls(), now, Options{})
	const header = "code,name,kind,level,region_code,parent_code,coordinates"
	rows := []string{
		"lantian,蓝田,charity,county,610122,XIAN,是",
		"xian,西安,charity,city,610100,shaanxi,true",
		"shaanxi,陕西,charity,province,610000,,false",
		"shaanxi,再次,charity,province,610000,,",
		"moon,月球,charity,moon,610000,,maybe",
		"a,甲,charity,city,610100,b,",
		"b,乙,charity,city,610100,a,",
		"orphan,丙,charity,city,610100,nobody,",
	}
	got, err := i.Organisations(t.Context(), table(header, rows...))
	want := []string{
		"2 lantian created", "3 xian created", "4 shaanxi created",
		"5 shaanxi refused line 4 has the same code",
		"6 moon refused level: unknown; coordinates: unknown",
		"7 a refused its parents form a circle", "8 b refused its parents form a circle",
		"9 orphan refused there is no such organisation",
	}
	if texts := show(got); err != nil || !slices.Equal(texts, want) {
		t.Errorf("rows:\n%s\n%v", strings.Join(texts, "\n"), err)
	}
	if !slices.Equal(s.order, []string{"shaanxi", "xian", "lantian"}) || !s.organisations["lantian"].Coordinates {
		t.Errorf("order = %v", s.order)
	}
	again, err := i.Organisations(t.Context(), table("code,name,kind,level,region_code,parent_code", "shaanxi,陕西,charity,province,610000,"))
	if err != nil || again.Counts.Things[Unchanged] != 1 {
		t.Errorf("a second import: %+v %v", again, err)
	}
}
