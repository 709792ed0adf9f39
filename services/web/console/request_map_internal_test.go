package console

import (
	"math"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/templates"
)

func TestDistancesOnTheMap(t *testing.T) {
	t.Parallel()
	xian := contract.Point{Lat: 34.27, Lon: 108.95}
	east, north := kmFrom(xian, contract.Point{Lat: 30.66, Lon: 104.07}) // Chengdu
	if km := math.Hypot(east, north); east > 0 || north > 0 || math.Abs(km-605) > 10 {
		t.Errorf("Chengdu is %.0f km east and %.0f km north", east, north)
	}
	if east, _ := kmFrom(contract.Point{Lon: 179.9}, contract.Point{Lon: -179.9}); math.Abs(east-22) > 1 {
		t.Errorf("over the date line it is %.0f km", east)
	}
	for km, want := range map[float64]float64{0.17: 0.1, 0.5: 0.5, 3.3: 2, 7: 5, 325: 200, 1: 1} {
		if got := roundKm(km); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v km is rounded to %v", km, got)
		}
	}
}

// TestMarksThatMeetAreOne moves none of them.
func TestMarksThatMeetAreOne(t *testing.T) {
	t.Parallel()
	var marks []templates.MapMark
	for _, m := range []templates.MapMark{
		{Label: "★", X: 320, Y: 200, Exact: true, Itself: true}, {Label: "1", X: 321, Y: 200}, {Label: "2", X: 400, Y: 200, Exact: true},
	} {
		marks = withMark(marks, m)
	}
	if len(marks) != 2 || marks[0].Label != "★ 1" || marks[0].Exact || marks[0].X != 320 || !marks[1].Exact {
		t.Errorf("marks are %+v", marks)
	}
}
