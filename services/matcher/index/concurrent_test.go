package index_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

func numbered(kind string, i int) string {
	return fmt.Sprintf("01900000-0000-7000-8%s00-%012x", kind, i)
}

// moving is offer i, somewhere else each time.
func moving(i int, r *rand.Rand) rank.Offer {
	return rank.Offer{
		ID: contract.OfferLineID(numbered("a", i)), OfferID: contract.OfferID(numbered("b", i)), Available: true,
		Path: "root/", Category: []string{"labour", "labour.sorting"}[r.IntN(2)], Unit: "piece", Mode: contract.ModeOnsite, Region: "610102",
		Point:   &contract.Point{Lat: 34 + float64(r.IntN(100))/100, Lon: 108.9},
		RadiusM: new(int64(20_000 + r.IntN(80_000))), Response: rank.Response{Asked: 10, Accepted: r.Int64N(10), Done: 3},
		Words: []contract.WordHash{{Hash: r.Uint64N(50), Weight: 1}, {Hash: 50 + r.Uint64N(50), Weight: 2}},
	}
}

func asking(r *rand.Rand) rank.Need {
	return rank.Need{
		ID: "n", RequestID: "r", Path: "root/", Category: "labour.sorting", Unit: "piece", Mode: contract.ModeOnsite, Region: "610102", Since: noon,
		Point: &contract.Point{Lat: 34 + float64(r.IntN(100))/100, Lon: 108.9},
		Words: []contract.WordHash{{Hash: r.Uint64N(50), Weight: 1}, {Hash: 50 + r.Uint64N(50), Weight: 1}},
	}
}

// TestSearchesSeeOneMoment searches while offers move between places and
// categories and blocks are merged. Every answer equals a scan of the moment
// that it saw, and no moment lacks an offer or holds one twice.
func TestSearchesSeeOneMoment(t *testing.T) {
	t.Parallel()
	const lines, changes, searches = 700, 6000, 150
	x := index.NewFast()
	first := rand.New(rand.NewPCG(1, 1))
	for i := range lines {
		x.Put(moving(i, first))
	}
	ctx, stop := context.WithCancel(t.Context())
	var background, all sync.WaitGroup
	background.Go(func() {
		if err := x.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		r := rand.New(rand.NewPCG(2, 2))
		for range changes {
			x.Put(moving(r.IntN(lines), r))
		}
	})
	for reader := range 2 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(reader)))
			at := moment()
			for range searches {
				need, still := asking(r), x.Still()
				if d := gocmp.Diff(still.Scan([]rank.Need{need}, at, 10)[0], still.Top(need, at, 10)); d != "" {
					t.Errorf("not the scan of its moment:\n%s", d)
				}
				once := map[contract.OfferLineID]bool{}
				for _, c := range still.Scan([]rank.Need{need}, at, 2*lines)[0] {
					if once[c.Line] {
						t.Errorf("%s is there twice", c.Line)
					}
					once[c.Line] = true
				}
				for _, c := range x.Best(need, at, 5) {
					if held, ok := x.Offer(c.Line); !ok || held.ID != c.Line || whole(c) < 0 {
						t.Errorf("answered %+v, held %v", c, ok)
					}
				}
				if offers, _ := x.Len(); offers != lines {
					t.Errorf("%d offers", offers)
				}
			}
		})
	}
	all.Wait()
	stop()
	background.Wait()
}

// TestMergingChangesNoAnswer grows an index past many packed tails.
func TestMergingChangesNoAnswer(t *testing.T) {
	t.Parallel()
	const lines = 3000
	fast, scan := index.NewFast(), index.NewScan()
	r := rand.New(rand.NewPCG(4, 4))
	for i := range 2 * lines {
		o := moving(i%lines, r)
		fast.Put(o)
		scan.Put(o)
		if i%7 == 0 {
			id := contract.OfferLineID(numbered("a", r.IntN(lines)))
			fast.Remove(id)
			scan.Remove(id)
		}
		n := asking(r)
		n.ID = contract.NeedLineID(numbered("c", i%900))
		fast.PutNeed(n)
		scan.PutNeed(n)
		if i%1500 == 1 {
			fast.Compact()
		}
		if i%100 == 0 {
			at := moment()
			if d := gocmp.Diff(scan.Best(n, at, 10), fast.Best(n, at, 10)); d != "" {
				t.Fatal(d)
			}
			if d := gocmp.Diff(scan.Waiting(o, at, 10), fast.Waiting(o, at, 10)); d != "" {
				t.Fatal(d)
			}
		}
	}
}
