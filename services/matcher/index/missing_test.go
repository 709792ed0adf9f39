package index_test

import (
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// TestMissingPassesOverWhatIsFarAndForgetsNothingNear: where a country fails by
// its place alone, counting ends; what is rare is counted to the last one.
func TestMissingPassesOverWhatIsFarAndForgetsNothingNear(t *testing.T) {
	t.Parallel()
	need := rank.Need{
		ID: "n", RequestID: "r", Path: "root/a/", Sharing: contract.SharingOwn, Category: "labour", Remaining: new(int64(1)), Unit: "person",
		Mode: contract.ModeOnsite, Region: "610100", Point: &contract.Point{Lat: 34.3, Lon: 108.9}, Languages: []string{"yue"},
	}
	offer := func(i int, lat float64, language string) rank.Offer {
		return rank.Offer{
			ID: contract.OfferLineID(fmt.Sprintf("01900100-0000-7000-8000-%012x", i)), OfferID: contract.OfferID(fmt.Sprintf("01900200-0000-7000-8000-%012x", i)),
			Path: "root/a/", Sharing: contract.SharingOwn, Available: true, Category: "labour", Unit: "person", Per: contract.PerTotal,
			Mode: contract.ModeOnsite, Region: "610100", Point: &contract.Point{Lat: lat, Lon: 108.9}, RadiusM: new(int64(10_000)), Languages: []string{language},
		}
	}
	fast, scan := index.NewFast(), index.NewScan()
	var offers []rank.Offer
	for i := range 3 * rank.MostCounted {
		offers = append(offers, offer(i, 20+float64(i%1000)/100, "yue"), offer(100_000+i, 20, "zh"))
	}
	for i := range 3 {
		offers = append(offers, offer(200_000+i, 34.3, "zh"))
	}
	fast.Load(offers)
	for _, o := range offers {
		scan.Put(o)
	}
	got := fast.Missing(need, moment())
	if d := gocmp.Diff(scan.Missing(need, moment()), got); d != "" {
		t.Fatal(d)
	}
	if len(got) != 2 || got[0].Count != rank.MostCounted || got[0].Args["more"] != true || got[1].Rule() != "language" || got[1].Count != 3 {
		t.Errorf("missing %+v", got)
	}
}
