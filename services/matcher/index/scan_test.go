package index_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

var noon = time.Date(2026, time.November, 25, 4, 0, 0, 0, time.UTC)

func moment() rank.Moment {
	point := func(lat, lon float64) *contract.Point { return &contract.Point{Lat: lat, Lon: lon} }
	return rank.Moment{Now: noon, Policy: rank.Default(), Reference: reference.NewSnapshot(contract.Reference{
		Regions: []contract.Region{
			{Code: "610000", Level: "province"}, {Code: "610100", Parent: "610000", Level: "city", Point: point(34.3, 108.9)},
			{Code: "610102", Parent: "610100", Level: "county"}, {Code: "610300", Parent: "610000", Level: "city", Point: point(34.4, 107.2)},
		},
		Categories: []contract.Category{{Code: "ppe"}, {Code: "labour"}, {Code: "labour.sorting", Parent: "labour"}},
	})}
}

// amounts, words and the rest are drawn from small sets, so that rules break,
// scores tie and words meet often.
func drawAmount(t *rapid.T, label string) *int64 {
	if rapid.Bool().Draw(t, label+" stated") {
		n := rapid.Int64Range(0, 3).Draw(t, label)
		return &n
	}
	return nil
}

func drawWords(t *rapid.T) []contract.WordHash {
	var words []contract.WordHash
	for _, h := range rapid.SliceOfNDistinct(rapid.Uint64Range(1, 6), 0, 4, rapid.ID).Draw(t, "words") {
		words = append(words, contract.WordHash{Hash: h, Weight: float32(h) / 2})
	}
	return words
}

func oneOf[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawNeed(t *rapid.T) rank.Need {
	return rank.Need{
		ID:        contract.NeedLineID(fmt.Sprint("n", rapid.IntRange(0, 9).Draw(t, "id"))),
		RequestID: "r", Path: oneOf(t, "path", "root/a/", "root/b/"), Sharing: oneOf(t, "sharing", contract.SharingOwn, contract.SharingNetwork),
		Category: oneOf(t, "category", "ppe", "labour", "labour.sorting"), Item: oneOf(t, "item", "", "mask"),
		Words: drawWords(t), Remaining: drawAmount(t, "remaining"), Unit: oneOf[contract.Unit](t, "unit", "piece", "box"),
		Urgency: oneOf(t, "urgency", contract.Urgencies()...), Since: noon.Add(-time.Hour),
		Mode: oneOf(t, "mode", contract.Modes()...), Region: oneOf(t, "region", "610102", "610300"),
		Languages: oneOf(t, "languages", nil, []string{"zh"}, []string{"yue", "en"}),
		Skills:    oneOf(t, "skills", nil, nil, []string{"driving"}),
	}
}

func drawOffer(t *rapid.T) rank.Offer {
	return rank.Offer{
		ID:      contract.OfferLineID(fmt.Sprint("o", rapid.IntRange(0, 19).Draw(t, "id"))),
		OfferID: contract.OfferID(oneOf(t, "offer", "f", "g")), Available: oneOf(t, "available", true, true, true, false),
		Path: oneOf(t, "path", "root/a/", "root/b/"), Sharing: oneOf(t, "sharing", contract.SharingOwn, contract.SharingNetwork),
		Category: oneOf(t, "category", "ppe", "labour", "labour.sorting"), Item: oneOf(t, "item", "", "mask"),
		Words: drawWords(t), Free: drawAmount(t, "free"), Unit: oneOf[contract.Unit](t, "unit", "piece", "piece", "box"),
		Mode: oneOf(t, "mode", contract.Modes()...), Region: oneOf(t, "region", "610102", "610300"),
		Languages: oneOf(t, "languages", nil, []string{"zh-CN"}, []string{"en"}),
		Skills:    oneOf(t, "skills", nil, []string{"driving", "cooking"}),
	}
}

// model is the index as a plain list, with no cleverness at all.
type model struct {
	offers map[contract.OfferLineID]rank.Offer
	needs  map[contract.NeedLineID]rank.Need
}

// Documents and Frequency count afresh each time.
func (m model) Documents() int { return len(m.offers) }

func (m model) Frequency(hash uint64) int {
	n := 0
	for _, o := range m.offers {
		if slices.ContainsFunc(o.Words, func(w contract.WordHash) bool { return w.Hash == hash }) {
			n++
		}
	}
	return n
}

type answer struct {
	ID    string
	Score float64
}

func first(answers []answer, k int) []answer {
	slices.SortFunc(answers, func(a, b answer) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID))
	})
	return answers[:min(k, len(answers))]
}

func (m model) best(n rank.Need, at rank.Moment, k int) []answer {
	at.Rarity = m
	answers := []answer{}
	for id, o := range m.offers {
		if v := rank.Ask(&n, at).Judge(&o); v.Fits {
			answers = append(answers, answer{string(id), v.Score})
		}
	}
	return first(answers, k)
}

func (m model) waiting(o rank.Offer, at rank.Moment, k int) []answer {
	at.Rarity = m
	answers := []answer{}
	for id, n := range m.needs {
		if v := rank.Ask(&n, at).Judge(&o); v.Fits {
			answers = append(answers, answer{string(id), v.Score})
		}
	}
	return first(answers, k)
}

// lacking counts the offers that fail by one rule alone.
func (m model) lacking(n rank.Need, at rank.Moment) map[string]int {
	counts := map[string]int{}
	for _, o := range m.offers {
		if broken := rank.Ask(&n, at).Checks(&o); len(broken) == 1 {
			counts[string(broken[0].Rule)]++
		}
	}
	for _, r := range []rank.Rule{rank.RuleCategory, rank.RuleVisibility, rank.RuleRemaining} {
		delete(counts, string(r))
	}
	return counts
}

// TestScanIsTheModel drives index and model through the same changes and asks
// both the same questions after each.
func TestScanIsTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scan, m := index.NewScan(), model{map[contract.OfferLineID]rank.Offer{}, map[contract.NeedLineID]rank.Need{}}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				o := drawOffer(t)
				scan.Put(o)
				m.offers[o.ID] = o
			},
			"put need": func(t *rapid.T) {
				n := drawNeed(t)
				scan.PutNeed(n)
				m.needs[n.ID] = n
			},
			"remove": func(t *rapid.T) {
				id := drawOffer(t).ID
				scan.Remove(id)
				delete(m.offers, id)
			},
			"remove need": func(t *rapid.T) {
				id := drawNeed(t).ID
				scan.RemoveNeed(id)
				delete(m.needs, id)
			},
			"": func(t *rapid.T) { compare(t, scan, m) },
		})
	})
}

func compare(t *rapid.T, scan *index.Scan, m model) {
	need, offer, k := drawNeed(t), drawOffer(t), rapid.IntRange(0, 5).Draw(t, "k")
	at := moment()
	at.Acting = oneOf(t, "acting", "", "root/", "root/a/")
	if d := gocmp.Diff(m.best(need, at, k), lines(scan.Best(need, at, k))); d != "" {
		t.Fatalf("best:\n%s", d)
	}
	other := drawNeed(t)
	each := [][]index.Candidate{scan.Top(need, at, k), scan.Top(other, at, k)}
	if d := gocmp.Diff(each, scan.Tops([]rank.Need{need, other}, at, k)); d != "" {
		t.Fatalf("tops:\n%s", d)
	}
	if d := gocmp.Diff(m.waiting(offer, at, k), needs(scan.Waiting(offer, at, k))); d != "" {
		t.Fatalf("waiting:\n%s", d)
	}
	single := map[string]int{}
	for _, s := range scan.Missing(need, at) {
		if len(s.Rules) == 1 && s.Count > 0 {
			single[s.Rule()] = s.Count
		}
	}
	want := map[string]int{}
	if need.Remaining == nil || *need.Remaining > 0 {
		want = m.lacking(need, at)
	}
	if d := gocmp.Diff(want, single); d != "" {
		t.Fatalf("missing:\n%s", d)
	}
	if offers, held := scan.Len(); offers != len(m.offers) || held != len(m.needs) {
		t.Fatalf("holds %d and %d, want %d and %d", offers, held, len(m.offers), len(m.needs))
	}
}

// lines and needs also check what no answer may lack.
func lines(candidates []index.Candidate) []answer {
	answers := []answer{}
	for _, c := range candidates {
		answers = append(answers, answer{string(c.Line), whole(c)})
	}
	return answers
}

func needs(candidates []index.Candidate) []answer {
	answers := []answer{}
	for _, c := range candidates {
		answers = append(answers, answer{string(c.Need), whole(c)})
	}
	return answers
}

// whole returns the score, or -1 when the candidate is out of bounds.
func whole(c index.Candidate) float64 {
	for _, f := range c.Factors {
		if !(f.Value >= 0 && f.Value <= 1) || f.Key == "" {
			return -1
		}
	}
	if c.Quantity < 1 || !(c.Score >= 0 && c.Score <= 1) || len(c.Factors) == 0 {
		return -1
	}
	return c.Score
}

func TestScanHoldsWhatWasPut(t *testing.T) {
	t.Parallel()
	s := index.NewScan()
	s.Put(rank.Offer{ID: "o", Region: "610102"})
	s.Put(rank.Offer{ID: "o", Region: "610300"})
	s.PutNeed(rank.Need{ID: "n", Unit: "box"})
	if o, held := s.Offer("o"); !held || o.Region != "610300" {
		t.Errorf("offer %+v, held %v", o, held)
	}
	if n, held := s.Need("n"); !held || n.Unit != "box" {
		t.Errorf("need %+v, held %v", n, held)
	}
	s.Remove("o")
	s.RemoveNeed("n")
	_, offerHeld := s.Offer("o")
	_, needHeld := s.Need("n")
	if offerHeld || needHeld {
		t.Error("removed rows are still held")
	}
}

func TestVerdictTellsTheRule(t *testing.T) {
	t.Parallel()
	n := rank.Need{ID: "n", Path: "root/", Category: "ppe", Unit: "piece", Mode: contract.ModeDelivery, Since: noon}
	o := rank.Offer{ID: "o", Path: "root/", Category: "ppe", Unit: "box", Mode: contract.ModeDelivery, Available: true}
	if v := index.NewScan().Verdict(n, o, moment()); v.Fits || len(v.Broken) != 1 || v.Broken[0].Rule != rank.RuleUnit {
		t.Errorf("got %+v", v)
	}
	o.Unit = "piece"
	if v := index.NewScan().Verdict(n, o, moment()); !v.Fits || v.Quantity != 1 {
		t.Errorf("got %+v", v)
	}
}

// TestScanIsSafeForConcurrentUse is for the race detector.
func TestScanIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	s, at := index.NewScan(), moment()
	n := rank.Need{ID: "n", Path: "root/", Category: "ppe", Words: []contract.WordHash{{Hash: 1, Weight: 1}}}
	o := rank.Offer{ID: "o", Path: "root/", Category: "ppe", Available: true, Words: n.Words}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				s.Put(o)
				s.PutNeed(n)
				s.Best(n, at, 3)
				s.Waiting(o, at, 3)
				s.Missing(n, at)
				s.Remove(o.ID)
			}
		})
	}
	all.Wait()
}

func BenchmarkScanBest(b *testing.B) {
	s, at := index.NewScan(), moment()
	words := func(i int) []contract.WordHash {
		var w []contract.WordHash
		for j := range 40 {
			w = append(w, contract.WordHash{Hash: uint64((i*7 + j*j) % 500), Weight: 1})
		}
		return w
	}
	for i := range 1000 {
		s.Put(rank.Offer{
			ID: contract.OfferLineID(fmt.Sprint(i)), Path: "root/", Category: "ppe", Unit: "piece", Available: true,
			Mode: contract.ModeDelivery, Region: "610102", Words: words(i),
		})
	}
	n := rank.Need{ID: "n", Path: "root/", Category: "ppe", Unit: "piece", Mode: contract.ModeDelivery, Region: "610300", Words: words(3), Since: noon}
	for b.Loop() {
		s.Best(n, at, 10)
	}
}
