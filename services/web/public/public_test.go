package public

import (
	"net/url"
	"slices"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/pkg/testkit"
)

func TestEveryStatementIsValid(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, "web").Open(t, "web")
	for _, q := range statements() {
		statement, err := db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if err := statement.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPlacesByWhatPeopleType(t *testing.T) {
	t.Parallel()
	doc := testkit.Reference()
	doc.Regions = append(doc.Regions,
		contract.Region{Code: "211300", Parent: "000000", Level: "city", Names: map[string]string{"zh-Hans": "朝阳市", "en": "Chaoyang"}})
	ref, p := reference.NewSnapshot(doc), &places{}
	for typed, want := range map[string][]string{
		"610113": {"610113"}, "雁塔区": {"610113"}, "雁塔": {"610113"}, "西安": {"610100"}, "西安市": {"610100"}, "陕西": {"610000"},
		"陝西省": {"610000"}, "陕西省西安市雁塔区": {"610113"}, "陕西西安雁塔": {"610113"}, "西安市雁塔区": {"610113"}, " 雁 塔 区 ": {"610113"},
		"朝阳": {"211300", "110105"}, "朝阳区": {"110105"}, "chaoyang": {"211300"}, "亚特兰蒂斯": nil, "": nil, "区": nil,
	} {
		var codes []string
		for _, region := range p.find(ref, typed) {
			codes = append(codes, region.Code)
		}
		if !slices.Equal(codes, want) {
			t.Errorf("%q finds %v, want %v", typed, codes, want)
		}
	}
}

func TestQuantitiesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		typed string
		unit  contract.Unit
		want  int64 // 0 is not stated
		wrong bool
	}{
		{"", "piece", 0, false}, {"50", "piece", 50, false}, {"1,000", "piece", 1000, false}, {"１２", "piece", 12, false},
		{"12.5", "fen", 1250, false}, {"0.29", "fen", 29, false}, {"12.5", "piece", 0, true}, {"0", "piece", 0, true},
		{"-1", "piece", 0, true}, {"many", "piece", 0, true}, {"1e99", "fen", 0, true}, {"NaN", "fen", 0, true},
	} {
		s := &sheet{values: url.Values{"q": {tt.typed}}}
		got := s.quantity("q", tt.unit)
		if (len(s.wrong) > 0) != tt.wrong || (got != nil) != (tt.want > 0) || (got != nil && *got != tt.want) {
			t.Errorf("%q in %s: %v, wrong %v", tt.typed, tt.unit, got, s.wrong)
		}
	}
}

func TestHelperMoves(t *testing.T) {
	t.Parallel()
	m := contract.Match{ID: "m", Quantity: 10}
	for name, tt := range map[string]struct {
		form url.Values
		ok   bool
	}{
		"accept":             {url.Values{"move": {"accept"}}, true},
		"decline with":       {url.Values{"move": {"decline"}, "reason": {"too_far"}}, true},
		"decline without":    {url.Values{"move": {"decline"}}, false},
		"report":             {url.Values{"move": {"report"}, "quantity": {"10"}}, true},
		"report nothing":     {url.Values{"move": {"report"}, "quantity": {"0"}}, true},
		"report too much":    {url.Values{"move": {"report"}, "quantity": {"11"}}, false},
		"release by oneself": {url.Values{"move": {"release_contact"}}, false},
	} {
		if _, err := helperMove(m, tt.form); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOwnWordsMeanCategories(t *testing.T) {
	t.Parallel()
	ref := reference.NewSnapshot(testkit.Reference())
	for text, want := range map[string]string{
		"急需N95口罩和防护服": "ppe", "急需N95口罩和防護服": "ppe", "想找心理咨询师聊聊": "psych", "need a lawyer": "legal", "a truck to bring rice": "transport",
		"没有地方住，需要帐篷": "shelter", "需要翻译": "translation", "防护物资": "ppe",
	} {
		if got := proposedCategories(ref, text); !slices.Contains(got, want) || len(got) > maxProposed {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "你好", "!!!"} {
		if got := proposedCategories(ref, text); len(got) != 0 {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestEveryConceptHasACategoryOfOurs(t *testing.T) {
	t.Parallel()
	ref := reference.NewSnapshot(testkit.Reference())
	for category := range concepts {
		if _, ok := ref.Category(category); !ok {
			t.Errorf("there is no category %s", category)
		}
	}
}

func TestNearestPlaces(t *testing.T) {
	t.Parallel()
	ref := reference.NewSnapshot(testkit.Reference())
	near := nearest(ref, contract.Point{Lat: 34.22, Lon: 108.95})
	if len(near) != maxNear || near[0].Code != "610113" {
		t.Errorf("near Yanta: %+v", near)
	}
	if far := nearest(ref, contract.Point{Lat: 51.5, Lon: 0}); len(far) != 0 {
		t.Errorf("near London: %+v", far)
	}
	for _, wrong := range [][2]string{{"", ""}, {"91", "0"}, {"0", "181"}, {"x", "1"}, {"NaN", "1"}} {
		if p, ok := positionOf(wrong[0], wrong[1]); ok {
			t.Errorf("%v is the position %v", wrong, p)
		}
	}
}
