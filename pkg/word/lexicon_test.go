package word

import (
	"strings"
	"testing"
)

// TestLexiconIsWhole finds slips of the pen in the lexicon: a wider group that
// does not exist, a loop of groups, a phrase that no text can contain, a word
// with the stem of one that means nothing, as cans has of can.
func TestLexiconIsWhole(t *testing.T) {
	t.Parallel()
	l := concepts()
	names := map[string]bool{}
	for phrase, senses := range l.senses {
		for _, s := range senses {
			names[s.group] = true
		}
		if stopWords()[phrase] && !isGroupless(senses) {
			t.Errorf("%q means nothing and names %v", phrase, senses)
		}
		if runs := split(phrase); len(runs) != 1 || strings.Join(runs[0].parts, " ") != phrase {
			t.Errorf("no text can contain %q of %v", phrase, senses)
		}
	}
	for name := range l.wider {
		checkWider(t, l, names, name, 0)
	}
	if len(names) < 100 {
		t.Errorf("only %d groups", len(names))
	}
}

func isGroupless(senses []sense) bool {
	return len(senses) == 1 && senses[0].group == noGroup
}

func checkWider(t *testing.T, l lexicon, names map[string]bool, name string, depth int) {
	t.Helper()
	if !names[name] {
		t.Errorf("no phrase names %s", name)
	}
	if depth > 5 {
		t.Fatalf("%s lies in a loop of groups", name)
	}
	for _, wider := range l.wider[name] {
		checkWider(t, l, names, wider, depth+1)
	}
}

func TestStem(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"supplies": "supply", "supplied": "supply", "boxes": "box", "glasses": "glass", "bus": "bus",
		"masks": "mask", "donation": "donat", "donating": "donat", "donate": "donat", "donated": "donat",
		"packing": "pack", "stopped": "stop", "filling": "fill", "bring": "bring", "shed": "shed", "need": "need",
		"provide": "provid", "providing": "provid", "n95": "n95", "gas": "gas", "crisis": "crisis", "帐篷": "帐篷",
	} {
		if got := stem(word); got != want {
			t.Errorf("stem(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestMend(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"blankts": "blanket", "medecines": "medicin", "volumteers": "volunteer", "volumtears": "volumtear",
		"gnerator": "generator", "jenerator": "jenerator", "genreator": "generator",
		"hospitl": "hospital", "powder": "powder", "tend": "tend", "patients": "patient", "帐篷": "帐篷", "covid19": "covid19",
	} {
		if got := spelling().mend(word); got != want {
			t.Errorf("mend(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestOneEdit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"tent", "tent", true}, {"tent", "tents", true}, {"ent", "tent", true}, {"tent", "tint", true}, {"tent", "tetn", true},
		{"tent", "tn", false}, {"tent", "net", false}, {"abcd", "badc", false}, {"", "a", true}, {"", "ab", false},
	} {
		if oneEdit(tc.a, tc.b) != tc.want || oneEdit(tc.b, tc.a) != tc.want {
			t.Errorf("oneEdit(%q, %q) is not %v, or not both ways", tc.a, tc.b, tc.want)
		}
	}
}

func TestSimplifiedTableIsPairs(t *testing.T) {
	t.Parallel()
	table := simplified()
	if len(table) < 3000 {
		t.Errorf("only %d characters", len(table))
	}
	for from, to := range table {
		if again, ok := table[to]; ok && again != to {
			t.Errorf("%c becomes %c, which becomes %c", from, to, again)
		}
	}
}
