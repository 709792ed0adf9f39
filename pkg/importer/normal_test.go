package importer

import (
	"testing"

	"heli/pkg/contract"
)

func TestItemsAreFoundByWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	c := newCatalogue(snapshot())
	tests := []struct{ item, specification, want string }{
		{"医用防护口罩 | N95口罩", "", "mask_n95"},
		{"n95", "", "mask_n95"},
		{"N95/KN95", "", "mask_n95"},
		{"口罩类产能", "N95", "mask_n95"},
		{"口罩类产能", "", "mask"},
		{"急需一次性防护服若干", "", "suit"},
		{"一次性医用防护口罩(急)", "", "mask_n95"},
		{"75%酒精", "", "alcohol"},
		{"医用酒精", "500ml", "alcohol"},
		{"移动 CT", "", "ct"},
		{"移动CT", "", "ct"},
		{"ACTH试剂", "", ""},
		{"", "", ""},
		{"不知何物", "", ""},
	}
	for _, test := range tests {
		if got := c.find(test.item, test.specification); got != test.want {
			t.Errorf("find(%q, %q) = %q, want %q", test.item, test.specification, got, test.want)
		}
	}
}

func TestUnitsAndQuantities(t *testing.T) {
	t.Parallel()
	tests := []struct {
		unit, quantity string
		want           contract.Unit
		amount         int64 // 0 is not stated, -1 refused
	}{
		{"件", "200", "piece", 200},
		{"间", "", "room", 0},
		{"次", "1", "session", 0},
		{"单", "3", "trip", 3},
		{"人次", "12", "session", 12},
		{"KG", "1,000", "kg", 1000},
		{"元", "99", "fen", 9900},
		{"箱", "5", "other", 5},
		{"piece", "0", "piece", -1},
		{"piece", "-1", "piece", -1},
		{"piece", "1.5", "piece", -1},
		{"piece", "7.0", "piece", 7},
		{"piece", "99999999999999999999", "piece", -1},
		{"元", "999999999999", "fen", -1},
		{"piece", "some", "piece", -1},
	}
	for _, test := range tests {
		unit, times, ok := parseUnit(test.unit)
		if !ok || unit != test.want {
			t.Errorf("unit %q = %q %v", test.unit, unit, ok)
			continue
		}
		n, err := parseQuantity(test.quantity, times)
		got := int64(0)
		if n != nil {
			got = *n
		}
		if err != nil {
			got = -1
		}
		if got != test.amount {
			t.Errorf("quantity %q %s = %d (%v), want %d", test.quantity, test.unit, got, err, test.amount)
		}
	}
	for _, unit := range contract.Units() {
		if got, _, ok := parseUnit(string(unit)); !ok || got != unit {
			t.Errorf("unit %s = %s %v", unit, got, ok)
		}
	}
}

func TestPlacesAreFoundByName(t *testing.T) {
	t.Parallel()
	g := newGazetteer(snapshot())
	tests := []struct {
		code  string
		names []string
		want  string
	}{
		{"610122", []string{"北京", "", ""}, "610122"},
		{"", []string{"", "", ""}, "000000"},
		{"", []string{"西藏省", "拉萨市", ""}, "540100"},
		{"", []string{"陕西", "西安市-蓝田县", ""}, "610122"},
		{"", []string{"陕西省", "西安", "蓝田"}, "610122"},
		{"", []string{"北京", "北京市", "朝阳区"}, "110105"},
		{"", []string{"陕西", "不知道", ""}, "610000"},
		{"", []string{"火星", "", ""}, ""},
		{"61", nil, ""},
	}
	for _, test := range tests {
		got, err := g.find(test.code, test.names...)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("find(%q, %q) = %q, %v; want %q", test.code, test.names, got, err, test.want)
		}
	}
}
