package console

import (
	"testing"

	"heli/pkg/contract"
)

func TestAmountsAreReadAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		typed string
		unit  contract.Unit
		want  int64
		is    bool
	}{
		{"12", "piece", 12, true}, {" 1,200 ", "piece", 1200, true}, {"1，200", "piece", 1200, true}, {"0", "piece", 0, true},
		{"12.50", "fen", 1250, true}, {"¥12", "fen", 1200, true}, {"12.005", "fen", 0, false}, {"1.5", "hour", 0, false},
		{"-1", "piece", 0, false}, {"many", "piece", 0, false}, {"1e9", "piece", 0, false}, {"1/2", "fen", 0, false},
		{"0x10", "piece", 0, false}, {"1_000", "piece", 0, false}, {"99999999999999999999", "piece", 0, false},
	} {
		got, ok := amountFrom(tt.typed, tt.unit)
		if ok != tt.is || (ok && *got != tt.want) {
			t.Errorf("%q in %s gave %v, %v", tt.typed, tt.unit, got, ok)
		}
		if ok {
			if again, ok := amountFrom(amountText(*got, tt.unit), tt.unit); !ok || *again != *got {
				t.Errorf("%d in %s is written as %q", *got, tt.unit, amountText(*got, tt.unit))
			}
		}
	}
	if got, ok := amountFrom("", "piece"); got != nil || !ok {
		t.Errorf("nothing typed gave %v, %v", got, ok)
	}
}
