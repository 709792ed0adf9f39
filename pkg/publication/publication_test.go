package publication

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/seal"
)

func TestWordsThatAreForNobody(t *testing.T) {
	t.Parallel()
	person := contract.Contact{Name: "张秀兰", Phone: "+861000000123"}
	for name, tt := range map[string]struct {
		title, summary string
		want           map[string]string // code by location
	}{
		"fit":               {"防护物资 · 雁塔区", "需要口罩 1000 只，3 月前送到。", nil},
		"amounts and dates": {"N95 masks, 1000 pieces", "By 2026-12-01, before 18:30.", nil},
		"no title":          {"  ", "", map[string]string{"title": "required"}},
		"phone":             {"口罩，电话 138 0000 1234", "", map[string]string{"title": HoldsContact}},
		"full-width phone":  {"口罩", "请拨１３８００００１２３４", map[string]string{"summary": HoldsContact}},
		"mail":              {"Masks", "write to a.b@example.org", map[string]string{"summary": HoldsContact}},
		"wechat":            {"口罩", "微信号：heli_2020", map[string]string{"summary": HoldsContact}},
		"traditional":       {"口罩", "微信號 heli_2020", map[string]string{"summary": HoldsContact}},
		"name":              {"张秀兰需要口罩", "", map[string]string{"title": HoldsName}},
		"both":              {"张秀兰需要口罩", "13800001234", map[string]string{"title": HoldsName, "summary": HoldsContact}},
		"direction":         {"口罩\u202e", "", map[string]string{"title": "wrong_script"}},
	} {
		got := map[string]string{}
		if err := Check(contract.Publish{Title: tt.title, Summary: tt.summary}, person); err != nil {
			for _, f := range fault.As(err).Fields {
				got[f.Location] = f.Code
			}
		}
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
		for location, code := range tt.want {
			if got[location] != code {
				t.Errorf("%s: %v, want %v", name, got, tt.want)
			}
		}
	}
}

func TestSmallAmountsAreNotTold(t *testing.T) {
	t.Parallel()
	for n, few := range map[int64]bool{1: true, 4: true, 5: false, 1000: false} {
		l := Line("ppe", "piece", &n)
		if l.Few != few || (l.Quantity == nil) != few {
			t.Errorf("%d is shown as %+v", n, l)
		}
	}
	if l := Line("ppe", "piece", nil); l.Few || l.Quantity != nil {
		t.Errorf("what is not stated is shown as %+v", l)
	}
}

// metres is the distance of two near points, on a plane.
func metres(a, b contract.Point) float64 {
	north := (a.Lat - b.Lat) * degreeM
	east := math.Remainder(a.Lon-b.Lon, 360) * degreeM * math.Cos(a.Lat*math.Pi/180)
	return math.Hypot(north, east)
}

// TestAPlaceIsMovedAlike holds that a place is moved by about 300 m to 1 km, to the
// same place each time, and to another one under other keys.
func TestAPlaceIsMovedAlike(t *testing.T) {
	t.Parallel()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	const rounding = 160.0 // of two coordinates to 3 decimals, and of the plane
	apart := 0
	rapid.Check(t, func(t *rapid.T) {
		p := contract.Point{Lat: rapid.Float64Range(-80, 80).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon")}
		id := rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "id")
		near := Near(keys, id, &p)
		if d := metres(p, *near); d < nearestM-rounding || d > farthest+rounding {
			t.Fatalf("moved by %.0f m", d)
		}
		if again := Near(keys, id, &p); *again != *near {
			t.Fatalf("moved to %v, then to %v", near, again)
		}
		if *Near(other, id, &p) != *near {
			apart++
		}
	})
	if apart == 0 {
		t.Error("other keys move to the same places")
	}
	if Near(keys, "x", nil) != nil {
		t.Error("nowhere is moved somewhere")
	}
}
