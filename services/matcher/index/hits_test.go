package index_test

import (
	"fmt"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// TestLongAnswersAreInOrder asks for more than a search holds in a heap, of
// offers that nearly all fit and often score the same, as plans do.
func TestLongAnswersAreInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fast, scan := index.NewFast(), index.NewScan()
		offers := rapid.SliceOfN(rapid.Custom(drawFitting), 100, 400).Draw(t, "offers")
		for i := range offers {
			offers[i].ID = contract.OfferLineID(fmt.Sprintf("0190c0de-0000-7000-8000-%012x", i*7919%401))
			offers[i].OfferID = contract.OfferID(offers[i].ID)
			scan.Put(offers[i])
		}
		loaded := rapid.IntRange(0, len(offers)).Draw(t, "loaded") // the others are in the tail
		fast.Load(offers[:loaded])
		for _, o := range offers[loaded:] {
			fast.Put(o)
		}
		need := rank.Need{ID: "n", Path: "root/", Category: "ppe", Unit: "piece", Mode: contract.ModeDelivery, Region: "610300", Since: noon}
		k := rapid.IntRange(1, 500).Draw(t, "k")
		if d := gocmp.Diff(scan.Top(need, moment(), k), fast.Top(need, moment(), k)); d != "" {
			t.Fatalf("of %d, the first %d:\n%s", len(offers), k, d)
		}
	})
}

func drawFitting(t *rapid.T) rank.Offer {
	return rank.Offer{
		Path: "root/", Category: "ppe", Unit: oneOf[contract.Unit](t, "unit", "piece", "piece", "piece", "box"), Available: true,
		Mode: contract.ModeDelivery, Region: oneOf(t, "region", testSites...), Point: drawPoint(t),
		Response: rank.Response{Asked: rapid.Int64Range(0, 1_000_000).Draw(t, "asked"), Accepted: rapid.Int64Range(0, 3).Draw(t, "accepted")},
	}
}
