package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"heli/cmd/heli/bench"
	"heli/pkg/testkit"
)

// TestBenchSuggestAsksWhatItFilled starts a matcher over a filled database, twice.
func TestBenchSuggestAsksWhatItFilled(t *testing.T) {
	t.Parallel()
	data := testkit.DataDir(t)
	run := func(offers string) (r bench.SuggestResult, failure string) {
		var out, problem bytes.Buffer
		args := []string{"bench", "suggest", "--data", data, "--offers", offers, "--needs", "50", "--rate", "100", "--duration", "1s", "--text", "--json"}
		if execute(t.Context(), args, terminal{&out, &problem}) == 0 {
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
		}
		return r, problem.String()
	}
	for range 2 {
		r, failure := run("20001")
		if r.Questions == 0 || r.Wrong != 0 || r.Errors != 0 || r.Found == 0 || r.Unmatched == r.Questions || r.HeapMB == 0 {
			t.Fatalf("measured %+v %s", r, failure)
		}
	}
	if _, failure := run("30000"); !strings.Contains(failure, "another scenario") {
		t.Errorf("a folder filled with something else: %q", failure)
	}
}
