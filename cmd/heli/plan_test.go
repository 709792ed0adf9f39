package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlanSolvePrintsTheCostAlone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"p min 3 3\nn 1 4\nn 3 -4\na 1 2 0 3 2\na 2 3 0 3 -1\na 1 3 0 9 5\n": "8\n",
		"p min 1 1\na 1 1 0 5 -3\n":                               "-15\n",
		"p min 2 1\nn 1 5\nn 2 -5\na 1 2 0 4 1\n":                 "no flow satisfies the supplies",
		"p min 2 1\nn 1 5\nn 2 -5\na 1 2 0 4\n":                   "line 4: want 5 numbers, there are 4",
		"p min 2 1\nn 1 5\nn 2 -5\na 1 3 0 4 1\n":                 "line 4: node 3 is not between 1 and 2",
		"p min 2 1\nn 1 5\na 1 2 0 9 1\n":                         "the supplies are 5, the demands 0",
		"p min 2 1\nn 1 5\nn 2 -5\na 1 2 0 9 9223372036854775807": "too large",
	} {
		file := filepath.Join(t.TempDir(), "problem.min")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, failure bytes.Buffer
		status := execute(t.Context(), []string{"plan", "solve", file}, terminal{&out, &failure})
		if strings.HasSuffix(want, "\n") {
			if status != 0 || out.String() != want {
				t.Errorf("%q: %d, %q %q, want %q", text, status, out.String(), failure.String(), want)
			}
		} else if status == 0 || out.Len() > 0 || !strings.Contains(failure.String(), want) {
			t.Errorf("%q: %d, %q %q, want %q", text, status, out.String(), failure.String(), want)
		}
	}
}

func TestBenchPlanIsReproducible(t *testing.T) {
	t.Parallel()
	figures := func(extra ...string) map[string]string {
		var out, failure bytes.Buffer
		args := append([]string{"bench", "plan", "--scenario", "contended", "--needs", "400", "--offers", "150"}, extra...)
		if status := execute(t.Context(), args, terminal{&out, &failure}); status != 0 {
			t.Fatalf("%d: %s", status, failure.String())
		}
		found := map[string]string{}
		for line := range strings.Lines(out.String()) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			found[name] = value
		}
		return found
	}
	dump := filepath.Join(t.TempDir(), "dump.min")
	first, second := figures("--dump", dump, "--edges", "full"), figures("--arrivals", "20")
	if first["objective"] != second["objective"] || first["certified"] != "true" || first["gap"] != "0.000000" {
		t.Fatalf("%v and %v", first, second)
	}
	if second["mismatches"] != "0" || second["checks"] == "0" {
		t.Fatalf("the standing plan is not a new one: %v", second)
	}
	var out, failure bytes.Buffer
	if execute(t.Context(), []string{"plan", "solve", dump}, terminal{&out, &failure}); strings.TrimSpace(out.String()) != first["objective"] {
		t.Fatalf("the dump costs %s, not %s: %s", out.String(), first["objective"], failure.String())
	}
}
