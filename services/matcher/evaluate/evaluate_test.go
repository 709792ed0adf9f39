package evaluate_test

import (
	"math"
	"os"
	"regexp"
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

var disasters = []string{"quake", "flood", "storm"}

// one returns the needs, offers and gold of one folder.
func one(t *testing.T, name string) ([]sample, []sample, []evaluate.Pair) {
	t.Helper()
	needs, offers := read(t, "testdata/"+name+"/needs.tsv"), read(t, "testdata/"+name+"/offers.tsv")
	return needs, offers, goldOf(needs, offers)
}

// pool returns those of several folders together, so that a need has more
// fitting offers than a page shows.
func pool(t *testing.T, names ...string) ([]sample, []sample, []evaluate.Pair) {
	t.Helper()
	var needs, offers []sample
	for _, name := range names {
		n, o, _ := one(t, name)
		needs, offers = append(needs, within(name, n)...), append(offers, within(name, o)...)
	}
	return needs, offers, goldOf(needs, offers)
}

// within puts the folder before the ids.
func within(name string, samples []sample) []sample {
	for i := range samples {
		samples[i].ID = name + samples[i].ID
	}
	return samples
}

func TestEvaluateBeatsBM25(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"first"}, {"quake"}, {"flood"}, {"storm"}, {"epidemic"}, disasters} {
		t.Run(strings.Join(names, " "), func(t *testing.T) {
			t.Parallel()
			needs, offers, gold := pool(t, names...)
			baseline := evaluate.Measure(documents(needs), documents(offers), gold, bm25(documents(offers)))
			got := evaluate.Evaluate(documents(needs), documents(offers), gold)
			t.Logf("text factor %+v, BM25 %+v", got, baseline)
			if got.AUC < 0.95 || got.AUC < baseline.AUC+0.1 {
				t.Errorf("the area %.3f is below 0.95, or hardly better than BM25's %.3f", got.AUC, baseline.AUC)
			}
			if got.R5 <= baseline.R5 || got.R20 <= baseline.R20 || got.R100 < baseline.R100 {
				t.Errorf("the text factor %+v does not beat BM25 %+v", got, baseline)
			}
		})
	}
}

// TestEvaluateForgivesSlips misspells every third long word of all texts.
func TestEvaluateForgivesSlips(t *testing.T) {
	t.Parallel()
	needs, offers, gold := one(t, "quake")
	clean := evaluate.Evaluate(documents(needs), documents(offers), gold)
	slipped := evaluate.Evaluate(documents(misspelt(needs)), documents(misspelt(offers)), gold)
	t.Logf("clean %+v, misspelt %+v", clean, slipped)
	if slipped.AUC < clean.AUC-0.03 || slipped.R20 < clean.R20-0.04 {
		t.Errorf("misspelt texts lose too much: %+v instead of %+v", slipped, clean)
	}
}

func misspelt(samples []sample) []sample {
	long := 0
	changed := slices.Clone(samples)
	for i, s := range samples {
		words := strings.Fields(s.Text)
		for j, w := range words {
			if len(w) < 7 || strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) {
				continue
			}
			if long++; long%3 == 0 {
				words[j] = slip(w, long/3)
			}
		}
		changed[i].Text = strings.Join(words, " ")
	}
	return changed
}

// slip leaves a letter out, doubles it or changes it with the next.
func slip(w string, n int) string {
	at := 1 + n%(len(w)-2)
	switch n % 3 {
	case 0:
		return w[:at] + w[at+1:]
	case 1:
		return w[:at] + w[at:at+1] + w[at:]
	default:
		return w[:at] + w[at+1:at+2] + w[at:at+1] + w[at+2:]
	}
}

// plain finds the words of the baseline.
var plain = regexp.MustCompile(`[\p{L}\p{N}]+`)

// bm25 is the plain baseline: lower-case words, k1 1.2, b 0.75.
func bm25(offers []evaluate.Document) func(evaluate.Document) []float64 {
	counts, df, mean := make([]map[string]float64, len(offers)), map[string]float64{}, 0.0
	for i, o := range offers {
		counts[i] = map[string]float64{}
		for _, w := range plain.FindAllString(strings.ToLower(o.Text), -1) {
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
			for _, w := range plain.FindAllString(strings.ToLower(need.Text), -1) {
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
