package explain_test

import (
	"encoding/json"
	"testing"
	"time"

	"heli/pkg/locale"
	"heli/pkg/reference"
	"heli/pkg/testkit"
	"heli/services/web/explain"
)

func TestReasonsNameWhatTheirCodesMean(t *testing.T) {
	t.Parallel()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	ref := reference.NewSnapshot(testkit.Reference())
	for _, tt := range []struct {
		lang      locale.Language
		key, args string
		want      string
	}{
		{locale.English, "factor.closeness.exact", `{"km": 3.5}`, "3.5 km away"},
		{locale.English, "rule.mode", `{"mode": "remote", "offer_mode": "onsite"}`,
			"They have no way of delivery in common (asked: Remote (phone or online), offered: On site)."},
		{locale.Simplified, "factor.language.common", `{"language": "yue"}`, "会说粤语"},
		{locale.English, "rule.skill", `{"skills": ["driving", "sorting"]}`, "The offer lacks: driving, sorting."},
		{locale.English, "missing.several", `{"count": 1, "rules": ["place", "time"]}`,
			"No offer fails for one reason alone. The nearest (1) fails by: place, time."},
	} {
		var args map[string]any
		if err := json.Unmarshal([]byte(tt.args), &args); err != nil {
			t.Fatal(err)
		}
		got := explain.For(catalogue.Printer(tt.lang, time.UTC, time.Now()), ref).Sentence(tt.key, args)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.key, got, tt.want)
		}
	}
}

func TestPlacesAndKindsAreNamed(t *testing.T) {
	t.Parallel()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	printer := catalogue.Printer(locale.Simplified, time.UTC, time.Now())
	r := explain.For(printer, reference.NewSnapshot(testkit.Reference()))
	if got := r.Category("psych"); got != "心理援助" {
		t.Errorf("category is %q", got)
	}
	if got := r.Region("610100"); got != "西安市" {
		t.Errorf("region is %q", got)
	}
	if got := explain.For(printer, nil).Region("610100"); got != "610100" {
		t.Errorf("without a snapshot the region is %q", got)
	}
}
