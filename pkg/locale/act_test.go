package locale_test

import (
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/locale"
)

func TestEveryActHasAName(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, act := range contract.Acts() {
		names["audit."+act.Code()] = true
		names["audit.about."+string(act.About())] = true
	}
	for _, lang := range locale.Languages() {
		known, _ := texts(t, lang)
		for key := range names {
			if known[key] == "" {
				t.Errorf("%s has no text %s", lang, key)
			}
		}
		for key := range known {
			if strings.HasPrefix(key, "audit.") && !names[key] {
				t.Errorf("%s names %s, which is no act", lang, key)
			}
		}
	}
}
