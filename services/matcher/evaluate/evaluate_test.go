package evaluate_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heli/services/matcher/evaluate"
)

// sample is a text with what it is about; a need and an offer fit when they
// have a label in common.
type sample struct {
	evaluate.Document
	labels []string
}

func read(t *testing.T, path string) []sample {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		samples = append(samples, sample{evaluate.Document{ID: f[0], Text: f[1]}, strings.Split(f[2], ",")})
	}
	return samples
}

func documents(samples []sample) []evaluate.Document {
	var docs []evaluate.Document
	for _, s := range samples {
		docs = append(docs, s.Document)
	}
	return docs
}

func goldOf(needs, offers []sample) []evaluate.Pair {
	var gold []evaluate.Pair
	for _, n := range needs {
		for _, o := range offers {
			if slices.ContainsFunc(o.labels, func(l string) bool { return slices.Contains(n.labels, l) }) {
				gold = append(gold, evaluate.Pair{NeedID: n.ID, OfferID: o.ID})
			}
		}
	}
	return gold
}

func TestEvaluateBeatsBM25(t *testing.T) {
	t.Parallel()
	needs, offers := read(t, "testdata/needs.tsv"), read(t, "testdata/offers.tsv")
	gold := goldOf(needs, offers)
	baseline := evaluate.Measure(documents(needs), documents(offers), gold, bm25(documents(offers)))
	got := evaluate.Evaluate(documents(needs), documents(offers), gold)
	t.Logf("text factor %+v, BM25 %+v", got, baseline)
	if got.AUC <= baseline.AUC || got.R5 <= baseline.R5 || got.R20 <= baseline.R20 {
		t.Errorf("the text factor %+v does not beat BM25 %+v", got, baseline)
	}
}

// bm25 is the plain baseline: lower-case words, k1 1.2, b 0.75.
func bm25(offers []evaluate.Document) func(evaluate.Document) []float64 {
	counts, df, mean := make([]map[string]float64, len(offers)), map[string]float64{}, 0.0
	for i, o := range offers {
		counts[i] = map[string]float64{}
		for _, w := range strings.Fields(strings.ToLower(o.Text)) {
			counts[i][w]++
			mean += 1 / float64(len(offers))
		}
		for w := range counts[i] {
			df[w]++
		}
	}
	return func(need evaluate.Document) []float64 {
		scores := make([]float64, len(offers))
		for i := range offers {
			length := 0.0
			for _, c := range counts[i] {
				length += c
			}
			for _, w := range strings.Fields(strings.ToLower(need.Text)) {
				idf := math.Log(1 + (float64(len(offers))-df[w]+0.5)/(df[w]+0.5))
				scores[i] += idf * counts[i][w] * 2.2 / (counts[i][w] + 1.2*(0.25+0.75*length/mean))
			}
		}
		return scores
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	offers := []evaluate.Document{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}, {ID: "f"}}
	needs := []evaluate.Document{{ID: "n"}, {ID: "without gold"}}
	for name, tc := range map[string]struct {
		scores []float64
		gold   []string
		want   evaluate.Result
	}{
		"perfect":          {[]float64{6, 5, 4, 3, 2, 1}, []string{"a", "b"}, evaluate.Result{AUC: 1, R5: 1, R20: 1, R100: 1, Needs: 1}},
		"worst":            {[]float64{6, 5, 4, 3, 2, 1}, []string{"f"}, evaluate.Result{AUC: 0, R5: 0, R20: 1, R100: 1, Needs: 1}},
		"all equal":        {make([]float64, 6), []string{"a", "f"}, evaluate.Result{AUC: 0.5, R5: 0.5, R20: 1, R100: 1, Needs: 1}},
		"one of three won": {[]float64{0, 9, 9, 9, 0, 5}, []string{"f"}, evaluate.Result{AUC: 0.4, R5: 1, R20: 1, R100: 1, Needs: 1}},
		"every offer fits": {make([]float64, 6), []string{"a", "b", "c", "d", "e", "f"}, evaluate.Result{AUC: 1, R5: 5. / 6, R20: 1, R100: 1, Needs: 1}},
		"unknown id":       {[]float64{6, 5, 4, 3, 2, 1}, []string{"a", "nobody"}, evaluate.Result{AUC: 1, R5: 1, R20: 1, R100: 1, Needs: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var gold []evaluate.Pair
			for _, o := range tc.gold {
				gold = append(gold, evaluate.Pair{NeedID: "n", OfferID: o})
			}
			got := evaluate.Measure(needs, offers, gold, func(evaluate.Document) []float64 { return tc.scores })
			if d := cmp.Diff(tc.want, got, cmpopts.EquateApprox(0, 1e-12)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEvaluateOfNothing(t *testing.T) {
	t.Parallel()
	if got := evaluate.Evaluate(nil, nil, nil); got != (evaluate.Result{}) {
		t.Errorf("got %+v", got)
	}
}
