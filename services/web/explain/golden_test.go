package explain_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/locale"
	"heli/pkg/reference"
	"heli/pkg/testkit"
	"heli/services/web/explain"
)

// sample are arguments as they cross the bus, for every reason.
const sample = `{"category": "legal", "region": "610113", "item": "mask_n95", "mode": "remote", "offer_mode": "onsite",
	"unit": "piece", "offer_unit": "box", "urgency": "urgent", "language": "yue", "languages": ["yue", "en"],
	"offer_languages": ["zh"], "skills": ["driving", "sorting"], "safeguards": ["woman"], "rules": ["place", "time"],
	"until": "2026-11-27T10:00:00Z", "valid_until": "2026-11-27T10:00:00Z",
	"km": 3.5, "hours": 12, "percent": 40, "asked": 5, "accepted": 4, "done": 3}`

// reasons are the parts of the catalogue that explain a pair, a missing offer, a
// way out, or a plan.
var reasons = []string{"factor.", "rule.", "missing.", "change.", "plan.instead"}

// TestReasonsAreAsRecorded compares every reason in every language, for one and
// for several, with testdata; HELI_WRITE_GOLDEN=1 records anew. Chinese is to be
// read by somebody who speaks it before it is recorded.
func TestReasonsAreAsRecorded(t *testing.T) {
	t.Parallel()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range locale.Languages() {
		printer := catalogue.Printer(lang, time.UTC, time.Now())
		got := written(t, explain.For(printer, reference.NewSnapshot(testkit.Reference())))
		golden := filepath.Join("testdata", "reasons."+string(lang)+".txt")
		if os.Getenv("HELI_WRITE_GOLDEN") != "" {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-recorded +now):\n%s", lang, diff)
		}
	}
}

// written returns every reason with the sample's arguments.
func written(t *testing.T, r explain.Reader) string {
	t.Helper()
	var text strings.Builder
	for _, key := range reasonKeys(t) {
		for _, count := range []float64{1, 3} {
			var args map[string]any
			if err := json.Unmarshal([]byte(sample), &args); err != nil {
				t.Fatal(err)
			}
			args["count"] = count
			sentence := r.Sentence(key, args)
			if strings.Contains(sentence, "{{") || strings.Contains(sentence, "<no value>") {
				t.Errorf("%s lacks an argument: %s", key, sentence)
			}
			fmt.Fprintf(&text, "%s\t%v\t%s\n", key, count, sentence)
		}
	}
	return text.String()
}

// reasonKeys reads the keys from the catalogue, so that a new one is recorded too.
func reasonKeys(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "pkg", "locale", "en", "rank.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key := range all {
		if slices.ContainsFunc(reasons, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
