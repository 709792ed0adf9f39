package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
)

func TestReplayPutsPoliciesSideBySide(t *testing.T) {
	t.Parallel()
	result := contract.ReplayResult{Mode: "assisted", Needs: 4, Served: 3, Covered: 2, Matches: 5, Units: 8, UnitsMatched: 6, Share: 0.75}
	for _, u := range contract.Urgencies() {
		result.Urgencies = append(result.Urgencies, contract.ReplayUrgency{Urgency: u})
	}
	other := result
	other.Mode, other.MeanKM, other.Measured = "automatic", new(12.34), 3
	other.Urgencies = append([]contract.ReplayUrgency{{
		Urgency: contract.Critical, Needs: 4, Served: 3, Unmatched: 1, MedianS: new(int64(90)), P90S: new(int64(3 * 24 * 3600)),
	}}, result.Urgencies[1:]...)
	c := replayCommand{Policy: []string{"7", "xian/food=drafts/bold.json"}}
	text, err := replayText(c.labels(), contract.ReplayedPast{
		Since: time.Unix(0, 0), Until: time.Unix(0, 0), Record: contract.ReplayRecord{Needs: 4, NeedsErased: 9},
		Policies: []contract.ReplayResult{result, other},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"left out: 9 need lines whose details were erased", "version 7", "xian/food=bold.json",
		"units matched              6 of 8 (75.0 %)", "median 2 min, p90 3 d 0 h", "12.3 km over 3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestReplayReadsItsQuestion(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good.json"), filepath.Join(folder, "bad.json")
	for path, content := range map[string]string{good: `{"mode": "manual"}`, bad: `mode: manual`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := replayCommand{Policy: []string{"3", good, "current", "xian/food=" + good, "/food=" + good}, Since: "2026-02-01", Until: "2026-03-01T08:00:00+08:00"}
	q, err := c.question()
	if err != nil {
		t.Fatal(err)
	}
	if q.Policies[0].Version != 3 || string(q.Policies[1].Document) != `{"mode": "manual"}` || q.Since.Day() != 1 || q.Until.UTC().Hour() != 0 {
		t.Errorf("asked %+v", q)
	}
	scoped := []contract.ReplayPolicy{{InForce: true}, {Organisation: "xian", Category: "food"}, {Category: "food"}}
	for i, want := range scoped {
		if got := q.Policies[2+i]; got.InForce != want.InForce || got.Organisation != want.Organisation || got.Category != want.Category || got.InForce == (len(got.Document) > 0) {
			t.Errorf("policy %d asked as %+v", 2+i, got)
		}
	}
	for name, c := range map[string]replayCommand{
		"no file": {Policy: []string{filepath.Join(folder, "none.json")}}, "no JSON": {Policy: []string{bad}},
		"no time": {Policy: []string{"1"}, Since: "yesterday"},
	} {
		if _, err := c.question(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
