package index_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// world is a small reference: regions with and without a centre, categories in
// a tree, one that asks for a credential and one that limits the ways.
func world() *reference.Snapshot {
	point := func(lat, lon float64) *contract.Point { return &contract.Point{Lat: lat, Lon: lon} }
	return reference.NewSnapshot(contract.Reference{
		Regions: []contract.Region{
			{Code: "610000", Level: "province"}, {Code: "610100", Parent: "610000", Level: "city", Point: point(34.3, 108.9)},
			{Code: "610102", Parent: "610100", Level: "county"}, {Code: "610300", Parent: "610000", Level: "city", Point: point(34.4, 107.2)},
			{Code: "999", Level: "county"},
		},
		Categories: []contract.Category{
			{Code: "ppe", Modes: []contract.Mode{contract.ModeDelivery}}, {Code: "labour", Modes: []contract.Mode{contract.ModeOnsite, contract.ModeRemote}},
			{Code: "labour.sorting", Parent: "labour"}, {Code: "legal", Credential: true},
		},
		Items: []contract.Item{{Code: "mask", Unit: "piece", Per: map[contract.Unit]int64{"box": 50}}},
	})
}

var (
	testZones = []string{"UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata"}
	testCodes = []string{"ppe", "labour", "labour.sorting", "legal", "", "unknown"}
	testSites = []string{"610102", "610300", "610000", "999", "nowhere"}
)

func maybe[T any](t *rapid.T, label string, g *rapid.Generator[T]) *T {
	if !rapid.Bool().Draw(t, label+" stated") {
		return nil
	}
	v := g.Draw(t, label)
	return &v
}

func drawPoint(t *rapid.T) *contract.Point {
	lat := rapid.OneOf(rapid.Float64Range(-90, 90), rapid.SampledFrom([]float64{34.3, 34.35, 34.301, 90, -90, 0}))
	lon := rapid.OneOf(rapid.Float64Range(-180, 180), rapid.SampledFrom([]float64{108.9, 108.95, 108.901, 180, -180, 0}))
	return maybe(t, "point", rapid.Custom(func(t *rapid.T) contract.Point {
		return contract.Point{Lat: lat.Draw(t, "lat"), Lon: lon.Draw(t, "lon")}
	}))
}

func drawZoned(t *rapid.T) rank.Schedule {
	zone, err := time.LoadLocation(oneOf(t, "zone", testZones...))
	if err != nil {
		t.Fatal(err)
	}
	var windows []contract.Window
	for range rapid.IntRange(0, 3).Draw(t, "windows") {
		windows = append(windows, contract.Window{
			Weekday: rapid.IntRange(1, 7).Draw(t, "weekday"),
			From:    fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "from"), oneOf(t, "minute", 0, 30, 17)),
			To:      fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "to"), oneOf(t, "minute", 0, 30)),
		})
	}
	s, err := rank.NewSchedule(windows, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawnID is a UUID, or now and then another id.
func drawnID(t *rapid.T, kind string, n int) string {
	i := rapid.IntRange(0, n).Draw(t, "id")
	if i%7 == 6 {
		return fmt.Sprint(kind, i)
	}
	return fmt.Sprintf("01900000-0000-7000-8%s00-%012x", kind, i)
}

func drawAnyOffer(t *rapid.T) rank.Offer {
	amount := rapid.OneOf(rapid.Int64Range(0, 5), rapid.SampledFrom([]int64{1 << 40, -1, 70_000}))
	return rank.Offer{
		ID: contract.OfferLineID(drawnID(t, "a", 60)), OfferID: contract.OfferID(drawnID(t, "b", 4)),
		Available: oneOf(t, "available", true, true, true, false),
		Path:      oneOf(t, "path", "root/a/", "root/b/", "root/"), Sharing: oneOf(t, "sharing", contract.SharingOwn, contract.SharingNetwork),
		Category: oneOf(t, "category", testCodes...), Item: oneOf(t, "item", "", "mask"), Words: drawWords(t),
		Free: maybe(t, "free", amount), Unit: oneOf[contract.Unit](t, "unit", "piece", "box", "", "hour"), Per: contract.PerWeek,
		Mode: oneOf(t, "mode", contract.Modes()...), Region: oneOf(t, "region", testSites...), Point: drawPoint(t),
		RadiusM:        maybe(t, "radius", rapid.OneOf(rapid.Int64Range(0, 20_000), rapid.SampledFrom([]int64{-5, 30_000_000, 1 << 50}))),
		ServiceRegions: oneOf(t, "service", nil, nil, []string{"610100"}, []string{"610000", "999"}),
		Languages:      oneOf(t, "languages", nil, []string{"zh-CN"}, []string{"en"}, []string{"zh-yue", "en"}),
		Skills:         oneOf(t, "skills", nil, []string{"driving", "Cooking"}, []string{"Driving"}, []string{"ſewing", "K"}),
		Safeguards:     oneOf(t, "safeguards", nil, []string{"Woman"}),
		Credentials:    oneOf(t, "credentials", nil, []contract.Credential{{Kind: "lawyer", VerifiedBy: "x"}}, []contract.Credential{{Kind: "legal"}}),
		Schedule:       drawZoned(t), ValidUntil: maybe(t, "until", rapid.Map(rapid.IntRange(-5, 300), func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) })),
		Helper: oneOf[contract.HelperID](t, "helper", "", "h1", "h2"), Load: drawLoad(t, amount),
		OrganisationLoad: oneOf[int64](t, "organisation", 0, 3, 80, 1<<33),
		Response:         rank.Response{Asked: oneOf[int64](t, "asked", 0, 5, 70_000), Accepted: rapid.Int64Range(0, 5).Draw(t, "accepted"), Done: rapid.Int64Range(0, 5).Draw(t, "done")},
	}
}

func drawLoad(t *rapid.T, amount *rapid.Generator[int64]) rank.Load {
	return rank.Load{
		Used: rapid.Int64Range(0, 4).Draw(t, "used"), Budget: maybe(t, "budget", amount),
		Minutes: oneOf[int64](t, "minutes", 0, 30, 600), MostMinutes: oneOf(t, "most minutes", nil, nil, new(int64(0)), new(int64(90)), new(int64(660))),
		RestsUntil: maybe(t, "rests", rapid.Map(rapid.IntRange(-5, 5), func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) })),
	}
}

func drawAnyNeed(t *rapid.T) rank.Need {
	return rank.Need{
		ID: contract.NeedLineID(drawnID(t, "c", 40)), RequestID: contract.RequestID(drawnID(t, "d", 3)),
		Path: oneOf(t, "path", "root/a/", "root/b/", ""), Sharing: oneOf(t, "sharing", contract.SharingOwn, contract.SharingNetwork),
		Category: oneOf(t, "category", testCodes...), Item: oneOf(t, "item", "", "", "mask"), Words: drawWords(t),
		Remaining: maybe(t, "remaining", rapid.Int64Range(0, 9)), Unit: oneOf[contract.Unit](t, "unit", "piece", "box", "", "hour"),
		Urgency: oneOf(t, "urgency", contract.Urgencies()...), Since: noon.Add(-time.Duration(rapid.IntRange(-3, 99).Draw(t, "waited")) * time.Hour),
		NeededBy: maybe(t, "by", rapid.Map(rapid.IntRange(-5, 200), func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) })),
		Mode:     oneOf(t, "mode", contract.Modes()...), Region: oneOf(t, "region", testSites...), Point: drawPoint(t),
		Languages:  oneOf(t, "languages", nil, []string{"zh"}, []string{"yue", "en"}, []string{"eo"}),
		Skills:     oneOf(t, "skills", nil, nil, []string{"DRIVING"}, []string{"sewing"}, []string{"flying"}),
		Safeguards: oneOf(t, "safeguards", nil, nil, []string{"woman"}), Schedule: drawZoned(t),
		Continuity: oneOf(t, "continuity", nil, []contract.HelperID{"h1"}),
	}
}

func drawMoment(t *rapid.T) rank.Moment {
	weight := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 10))
	w := func(label string) float64 { return weight.Draw(t, label) }
	at := rank.Moment{
		Now: oneOf(t, "now", noon, noon.Add(17*time.Minute), time.Date(2026, time.March, 27, 9, 30, 0, 5, time.UTC),
			time.Date(2026, time.October, 20, 9, 30, 0, 0, time.UTC), time.Date(1985, time.April, 1, 0, 0, 0, 0, time.UTC)),
		Acting: oneOf(t, "acting", "", "root/", "root/a/", "elsewhere/"), Reference: world(), Policy: rank.Default(),
	}
	if rapid.Bool().Draw(t, "weights") {
		at.Policy.Weights = rank.Weights{
			Urgency: w("urgency"), Closeness: w("closeness"), Skill: w("skill"), Language: w("language"), Text: w("text"), Time: w("time"),
			HelperLoad: w("helper"), OrganisationLoad: w("organisation"), Response: w("response"), Continuity: w("continuity"),
		}
		at.Policy.OnsiteHalfM, at.Policy.DeliveryHalfM = oneOf[int64](t, "half", 10, 10_000, 1_000_000), oneOf[int64](t, "half", 1, 200_000)
	}
	if rapid.Bool().Draw(t, "refused") {
		at.Refused = func(n *rank.Need, o *rank.Offer) bool {
			return (len(n.RequestID)+len(o.OfferID)+len(o.Helper)+int(o.OfferID[len(o.OfferID)-1]))%3 == 0
		}
	}
	return at
}

// TestFastIsTheScan drives both through the same changes and asks both the
// same questions after each.
func TestFastIsTheScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fast, scan := index.NewFast(), index.NewScan()
		both := []index.Index{fast, scan}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				for range oneOf(t, "how many", 1, 1, 30) {
					o := drawAnyOffer(t)
					for _, x := range both {
						x.Put(o)
					}
				}
			},
			"put need": func(t *rapid.T) {
				n := drawAnyNeed(t)
				for _, x := range both {
					x.PutNeed(n)
				}
			},
			"remove": func(t *rapid.T) {
				id := contract.OfferLineID(drawnID(t, "a", 60))
				for _, x := range both {
					x.Remove(id)
				}
			},
			"remove need": func(t *rapid.T) {
				id := contract.NeedLineID(drawnID(t, "c", 40))
				for _, x := range both {
					x.RemoveNeed(id)
				}
			},
			"pack":    func(*rapid.T) { fast.Pack() },
			"compact": func(*rapid.T) { fast.Compact() },
			"":        func(t *rapid.T) { agree(t, fast, scan) },
		})
	})
}

// TestLoadIsPut fills one index at once and the other line by line.
func TestLoadIsPut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fast, scan := index.NewFast(), index.NewScan()
		offers := rapid.SliceOfNDistinct(rapid.Custom(drawAnyOffer), 0, 50, func(o rank.Offer) contract.OfferLineID { return o.ID }).Draw(t, "offers")
		fast.Load(offers)
		for _, o := range offers {
			scan.Put(o)
		}
		for range 5 {
			agree(t, fast, scan)
		}
	})
}

func agree(t *rapid.T, fast, scan index.Index) {
	need, offer, k, at := drawAnyNeed(t), drawAnyOffer(t), rapid.IntRange(0, 12).Draw(t, "k"), drawMoment(t)
	same := func(what string, got, want any) {
		if d := gocmp.Diff(want, got, gocmp.AllowUnexported(rank.Schedule{}), cmpopts.EquateEmpty(), gocmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); d != "" {
			t.Fatalf("%s:\n%s", what, d)
		}
	}
	same("best", fast.Best(need, at, k), scan.Best(need, at, k))
	same("top", fast.Top(need, at, k), scan.Top(need, at, k))
	same("waiting", fast.Waiting(offer, at, k), scan.Waiting(offer, at, k))
	same("missing", fast.Missing(need, at), scan.Missing(need, at))
	same("verdict", fast.Verdict(need, offer, at), scan.Verdict(need, offer, at))
	gotOffer, gotHeld := fast.Offer(offer.ID)
	wantOffer, wantHeld := scan.Offer(offer.ID)
	same("offer", gotOffer, wantOffer)
	same("offer held", gotHeld, wantHeld)
	gotNeed, gotHeld := fast.Need(need.ID)
	wantNeed, wantHeld := scan.Need(need.ID)
	same("need", gotNeed, wantNeed)
	same("need held", gotHeld, wantHeld)
	gotOffers, gotNeeds := fast.Len()
	wantOffers, wantNeeds := scan.Len()
	same("length", [2]int{gotOffers, gotNeeds}, [2]int{wantOffers, wantNeeds})
}
