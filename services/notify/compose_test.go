package notify

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/locale"
)

// allRules returns the rules of every kind once, in order.
func allRules() []rule {
	byKind := map[string]rule{}
	for _, list := range rules {
		for _, r := range list {
			byKind[r.kind+" "+string(r.to)] = r
		}
	}
	all := []rule{}
	for _, r := range byKind {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b rule) int { return strings.Compare(a.kind+string(a.to), b.kind+string(b.to)) })
	return all
}

// TestMessagesAreAsRecorded compares every message in every language with testdata;
// HELI_WRITE_GOLDEN=1 records anew. Chinese is to be read by somebody who speaks it
// before it is recorded. Tokens are left out: they change with the keys.
func TestMessagesAreAsRecorded(t *testing.T) {
	t.Parallel()
	w, err := newComposer(testkeys(t), publicURL)
	must(t, err)
	about := "0190a000-0000-7000-8000-000000000001"
	task := messageTask{SubjectID: "0190a000-0000-7000-8000-000000000002", About: &about}
	for _, lang := range locale.Languages() {
		var all strings.Builder
		person := contract.Reach{Language: string(lang), Code: "QGGN-M49W3"}
		for _, r := range allRules() {
			m := w.compose([]saying{{task: task, rule: r, person: person}}, time.Time{})
			fmt.Fprintf(&all, "== %s to the %s\n%s\n\n%s\nSMS %s\n\n", r.kind, r.to, m.Subject, m.plain(), m.Short)
		}
		other, another := person, task
		other.Code, another.SubjectID = "7KQX-2RTB4", "0190a000-0000-7000-8000-000000000003"
		for _, name := range []string{"summary", "summary of two offers", "discreet"} {
			person.Discreet = name == "discreet"
			several := []saying{{task: task, rule: rules["heli.ask.asked"][0], person: person}, {task: task, rule: rules["heli.match.hold_expired"][0], person: person}}
			if name == "summary of two offers" {
				several = append(several, saying{task: another, rule: rules["heli.reminder.availability_asked"][0], person: other})
			}
			m := w.compose(several, time.Time{})
			page, err := w.html(m)
			must(t, err)
			fmt.Fprintf(&all, "== %s\n%s\n\n%s\nSMS %s\n\n%s", name, m.Subject, m.plain(), m.Short, page)
		}
		text := strings.ReplaceAll(all.String(), w.keys.Bearer(pageTrack, another.SubjectID, 0), "TRACK-2")
		text = strings.ReplaceAll(text, w.keys.Bearer(pageUnsubscribe, another.SubjectID, 0), "STOP-2")
		compare(t, "messages."+string(lang)+".txt", withoutTokens(w, text, task))
	}
}

func withoutTokens(w *composer, text string, t messageTask) string {
	for name, bearer := range map[string]string{
		"ANSWER": w.keys.Bearer(pageAnswer, *t.About, 0), "TRACK": w.keys.Bearer(pageTrack, t.SubjectID, 0),
		"STOP": w.keys.Bearer(pageUnsubscribe, t.SubjectID, 0),
	} {
		text = strings.ReplaceAll(text, bearer, name)
	}
	return text
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if os.Getenv("HELI_WRITE_GOLDEN") != "" {
		must(t, os.MkdirAll("testdata", 0o750))
		must(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-recorded +now):\n%s", name, diff)
	}
}

// No message says what somebody needs, and none of a sensitive need opens a page.
func TestADiscreetMessageGivesNothingAway(t *testing.T) {
	t.Parallel()
	w, err := newComposer(testkeys(t), publicURL)
	must(t, err)
	task := messageTask{SubjectID: "0190a000-0000-7000-8000-000000000002"}
	for _, r := range allRules() {
		if r.to != contract.ThingRequest {
			continue
		}
		one := saying{task: task, rule: r, person: contract.Reach{Language: "en", Code: "QGGN-M49W3", Discreet: true}}
		m := w.compose([]saying{one, one}, time.Time{})
		if m.Link != publicURL+"/track" || m.Lines != nil || !strings.Contains(m.Subject, "News") || strings.Contains(m.Short, "#") {
			t.Errorf("%s: %+v", r.kind, m)
		}
	}
}

// TestEveryKindHasItsWords in the catalogues: a key that is missing would be sent.
func TestEveryKindHasItsWords(t *testing.T) {
	t.Parallel()
	texts, err := locale.New()
	must(t, err)
	for _, lang := range locale.Languages() {
		p := texts.Printer(lang, time.UTC, time.Time{})
		for _, r := range allRules() {
			for _, key := range []string{"message." + r.kind + ".subject", "message." + r.kind + ".lead", "message." + r.kind + ".sms", "message.open." + r.page, "messages.kind." + r.kind} {
				if !p.Has(key) {
					t.Errorf("%s has no %s", lang, key)
				}
			}
		}
	}
}

// TestWhoeverReadsNoneOfOurLanguagesGetsTheNearest by what they speak.
func TestWhoeverReadsNoneOfOurLanguagesGetsTheNearest(t *testing.T) {
	t.Parallel()
	w, err := newComposer(testkeys(t), publicURL)
	must(t, err)
	for want, person := range map[locale.Language]contract.Reach{
		"zh-Hant": {Language: "zh-Hant", Languages: []string{"en"}}, "zh-Hans": {Languages: []string{"zh"}}, "en": {Languages: []string{"it"}},
	} {
		if m := w.compose([]saying{{rule: rules["heli.request.submitted"][0], person: person}}, time.Time{}); m.Lang != want {
			t.Errorf("%+v is written to in %s", person, m.Lang)
		}
	}
}
