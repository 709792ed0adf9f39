package index

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/rank"
)

var boundNow = time.Date(2026, time.November, 25, 4, 17, 0, 0, time.UTC)

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func somewhere(r *rand.Rand) *contract.Point {
	return pick(r, nil, &contract.Point{Lat: 34 + r.Float64(), Lon: 108 + r.Float64()}, &contract.Point{Lat: 34.3, Lon: 108.9})
}

func sometime(r *rand.Rand) rank.Schedule {
	if r.IntN(3) == 0 {
		return rank.Schedule{}
	}
	s, _ := rank.NewSchedule([]contract.Window{ // well-formed
		{Weekday: 1 + r.IntN(7), From: "08:00", To: "12:30"}, {Weekday: 1 + r.IntN(7), From: "22:00", To: "02:00"},
	}, time.UTC)
	return s
}

func someWords(r *rand.Rand) (words []contract.WordHash) {
	for h := range uint64(12) {
		if r.IntN(3) == 0 {
			words = append(words, contract.WordHash{Hash: h * 0x9e3779b97f4a7c15, Weight: r.Float32()})
		}
	}
	return words
}

func someOffer(r *rand.Rand, i int) rank.Offer {
	return rank.Offer{
		ID: contract.OfferLineID(fmt.Sprintf("01900000-0000-7000-8000-%012x", i)), OfferID: "01900000-0000-7000-8000-000000000000",
		Available: true, Path: "root/", Category: "c", Item: pick(r, "", "mask"), Words: someWords(r), Unit: "piece",
		Mode: pick(r, contract.Modes()...), Region: pick(r, "1", "2"), Point: somewhere(r), RadiusM: pick(r, nil, new(r.Int64N(90_000))),
		Languages: pick(r, nil, []string{"zh"}, []string{"en", "zh"}), Skills: pick(r, nil, []string{"a"}, []string{"a", "B", "c"}),
		Schedule: sometime(r), Helper: pick[contract.HelperID](r, "", "h"), Load: rank.Load{Used: r.Int64N(12), Budget: pick(r, nil, new(r.Int64N(20)))},
		OrganisationLoad: r.Int64N(90), Response: rank.Response{Asked: r.Int64N(9), Accepted: r.Int64N(9), Done: r.Int64N(9)},
	}
}

func someNeed(r *rand.Rand) rank.Need {
	return rank.Need{
		ID: "n", RequestID: "r", Path: "root/", Category: "c", Item: pick(r, "", "mask"), Words: someWords(r), Unit: "piece",
		Urgency: pick(r, contract.Urgencies()...), Since: boundNow.Add(-time.Hour), Mode: pick(r, contract.Modes()...),
		Region: pick(r, "1", "2"), Point: somewhere(r), Languages: pick(r, nil, []string{"zh"}, []string{"en", "zh"}),
		Skills: pick(r, nil, []string{"A"}, []string{"b", "c"}), Schedule: sometime(r), Continuity: pick(r, nil, []contract.HelperID{"h"}),
	}
}

func someMoment(r *rand.Rand) rank.Moment {
	at := rank.Moment{Now: boundNow, Policy: rank.Default(), Reference: reference.NewSnapshot(contract.Reference{
		Regions:    []contract.Region{{Code: "1", Level: "city", Point: &contract.Point{Lat: 34.5, Lon: 108.5}}, {Code: "2", Level: "city"}},
		Categories: []contract.Category{{Code: "c", Modes: pick(r, nil, []contract.Mode{contract.ModeOnsite}, []contract.Mode{contract.ModeDelivery, contract.ModeRemote})}},
	})}
	w := func() float64 { return pick(r, 0, 1, 5*r.Float64()) }
	at.Policy.Weights = rank.Weights{
		Urgency: w(), Closeness: 1 + w(), Skill: w(), Language: w(), Text: w(), Time: w(), HelperLoad: w(), OrganisationLoad: w(), Response: w(), Continuity: w(),
	}
	return at
}

// TestBoundsAreAdmissible: no row that fits is left out or scores more than
// its own bound, and no row of a node more than the node's, at every level.
func TestBoundsAreAdmissible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		x := NewFast()
		offers := make([]rank.Offer, 1+r.IntN(400))
		for i := range offers {
			offers[i] = someOffer(r, i)
		}
		x.Load(offers)
		for range r.IntN(40) { // words become more common than when they were packed
			x.Put(someOffer(r, r.IntN(len(offers))))
		}
		need, at := someNeed(r), someMoment(r)
		s := &search{}
		x.see(&s.view, every(&x.offers))
		at.Rarity = s.view.version.words
		q := rank.Ask(&need, at)
		s.probe.askFor(x.symbols, &need, q, at)
		s.probe.like.prepare(need.Words, rank.WordWeights(at.Rarity))
		for _, b := range s.view.states[0].blocks {
			for shelf := range b.trees[:shelves] {
				for row := b.trees[shelf].first; row < b.trees[shelf].first+b.trees[shelf].count; row++ {
					if score, fits := q.Fit(s.view.offer(spot{s.view.states[0], b, int32(row)}, &s.buffer)); fits {
						checkBounds(t, s, b, &b.trees[shelf], row, score)
					}
				}
			}
		}
	})
}

func checkBounds(t *rapid.T, s *search, b *block, tr *tree, row int, score float64) {
	at, in := (row-tr.first)/leafRows, (row-tr.first)%leafRows
	s.asked.prepareFor(&s.probe, b)
	g, leaf := b.group(tr, at), at%fanOut
	admitted := tr.full(at / fanOut)
	s.asked.admit(g, &admitted)
	rows, hours := s.asked.common(g, leaf, admitted[leaf])
	bound, fits := s.probe.row(&b.hot[row], b.hot[row].at.chord2(&s.probe.at))
	if !fits || rows>>in&1 == 0 {
		t.Fatalf("row %d fits and is left out", row)
	}
	s.bear(b)
	s.probe.like.leaf(b.texts, tr.leaf+at)
	bound += s.probe.shared(hours.of(in), s.asked.language(g, leaf, in, s.probe.languages)) + s.probe.text(&b.hot[row], in)
	if bound < score {
		t.Fatalf("row %d scores %v above its bound %v", row, score, bound)
	}
	for level := range tr.levels {
		if bound, fits := s.probe.node(&tr.levels[level][at]); !fits || bound < score {
			t.Fatalf("row %d scores %v, its node on level %d %v, %v", row, score, level, bound, fits)
		}
		at /= fanOut
	}
}
