package word

import "testing"

// TestLexiconIsWhole finds slips of the pen in the lexicon: a wider group that
// does not exist, a loop of groups, a Chinese phrase that no text can contain.
func TestLexiconIsWhole(t *testing.T) {
	t.Parallel()
	l := concepts()
	names := map[string]bool{}
	for phrase, groups := range l.groups {
		if phrase == "" {
			t.Errorf("an empty phrase in %v", groups)
		}
		for _, g := range groups {
			names[g] = true
		}
		if runs := split(phrase); len(runs) != 1 || runs[0].han && runs[0].parts[0] != phrase {
			t.Errorf("no text can contain %q of %v", phrase, groups)
		}
	}
	for name, wider := range l.wider {
		if !names[wider] {
			t.Errorf("%s lies in %s, which is no group", name, wider)
		}
		for depth := 0; wider != ""; depth++ {
			if wider = l.wider[wider]; depth > 5 {
				t.Fatalf("%s lies in a loop of groups", name)
			}
		}
	}
	if len(names) < 100 {
		t.Errorf("only %d groups", len(names))
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
