package templates

import "testing"

// TestNamesOnTheMapCoverNoOther keeps the name of the fuller one of two neighbours.
func TestNamesOnTheMapCoverNoOther(t *testing.T) {
	t.Parallel()
	drawn := []bubble{
		{Place: Place{Name: "安徽省", Needs: 1}, X: "100.0", LabelY: "50.0"},
		{Place: Place{Name: "江苏省", Needs: 9}, X: "120.0", LabelY: "55.0"},
		{Place: Place{Name: "西藏自治区"}, X: "400.0", LabelY: "50.0"},
	}
	nameBubbles(drawn)
	for i, want := range []bool{false, true, true} {
		if drawn[i].Named != want {
			t.Errorf("%s is named: %v", drawn[i].Name, drawn[i].Named)
		}
	}
}
