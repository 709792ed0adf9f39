package notify

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/locale"
)

var errBusy = errors.New("busy")

// toPerson is the fact that tells one of xian's staff something about a request.
func toPerson(kind contract.ReminderKind, person contract.PersonID) contract.Event {
	e := fact(string(kind))
	e.Thing, e.AggregateID = contract.ThingReminder, string(e.ID)
	e.Data = contract.EventData{RequestID: contract.NewID[contract.RequestID](), PersonID: person, Urgency: "soon"}
	return e
}

func (w *writing) mentionTwice(t *testing.T, person contract.PersonID) {
	t.Helper()
	w.hear(t, toPerson(contract.ReminderMentioned, person))
	w.hear(t, toPerson(contract.ReminderMentioned, person))
}

// waiting has staff be told at a time and not before.
func (w *writing) waiting(until *time.Time) {
	w.around.say(func(n *neighbours) { n.person.NotBefore = until })
}

func (w *writing) letter(t *testing.T, n int) string {
	t.Helper()
	letters := w.office.got()
	if len(letters) != n {
		t.Fatalf("%d letters, want %d", len(letters), n)
	}
	return letters[n-1].parts(t)["text/plain"]
}

func TestOneOfTheStaffIsToldThatTheirClaimHasEnded(t *testing.T) {
	w := setupWriting(t)
	person := contract.NewID[contract.PersonID]()
	e := toPerson(contract.ReminderClaimOver, person)
	w.hear(t, e)
	w.write(t)
	text := w.letter(t, 1)
	stop := publicURL + "/unsubscribe/" + w.keys.Bearer(pageNotices, string(person), 0)
	for _, want := range []string{publicURL + "/console/requests/" + string(e.Data.RequestID), stop} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	asked := w.around.readings()[0]
	if asked.ID != string(person) || asked.Path != xian || asked.Since.IsZero() || asked.Reason != kindClaimOver {
		t.Errorf("asked %+v", asked)
	}
	if m := w.told(t, kindClaimOver); m.State != stateDelivered || m.Thing != contract.ThingPerson || m.Page != "requests/"+string(e.Data.RequestID) {
		t.Errorf("%+v", m)
	}
	feed, err := w.Events(as(t, contract.RoleCoordinator, xian), contract.PullEvents{})
	must(t, err)
	if len(feed.Items) != 0 {
		t.Errorf("the feed tells of it: %s", feed.Items)
	}
}

func TestASummaryTellsOfAllThatWaits(t *testing.T) {
	w := setupWriting(t)
	person, other := contract.NewID[contract.PersonID](), contract.NewID[contract.PersonID]()
	morning := w.clock.Now().Add(10 * time.Hour)
	w.waiting(&morning)
	var events []contract.Event
	for range 3 {
		events = append(events, toPerson(contract.ReminderMentioned, person))
	}
	events = append(events, toPerson(contract.ReminderMentioned, other))
	for _, e := range events {
		w.hear(t, e)
	}
	w.write(t)
	if letters := w.office.got(); len(letters) != 0 {
		t.Fatalf("%d letters before their time", len(letters))
	}
	w.waiting(nil)
	w.clock.Set(morning)
	w.write(t)
	letters := w.office.got()
	if len(letters) != 2 {
		t.Fatalf("%d letters for two people", len(letters))
	}
	texts := letters[0].parts(t)["text/plain"] + letters[1].parts(t)["text/plain"]
	for _, e := range events {
		if strings.Count(texts, string(e.Data.RequestID)) != 1 {
			t.Errorf("request %s is not told of once in %s", e.Data.RequestID, texts)
		}
	}
	states := map[string]int{}
	for _, m := range w.shownMessages(t) {
		states[m.State]++
	}
	if states[stateDelivered] != 2 || states[stateDigested] != 2 {
		t.Errorf("states %v", states)
	}
}

// A summary that is sent again, since its server was away, tells of the same and of
// what came meanwhile; one that is given up ends all it should have told of.
func TestASummaryThatFailsLosesNothing(t *testing.T) {
	w := setupWriting(t)
	person := contract.NewID[contract.PersonID]()
	soon := w.clock.Now().Add(time.Hour)
	w.waiting(&soon)
	w.mentionTwice(t, person)
	w.write(t)
	w.waiting(nil)
	w.clock.Set(soon)
	w.office.answer(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}, nil)
	w.write(t)
	w.hear(t, toPerson(contract.ReminderClaimOver, person))
	w.office.answer(nil, nil)
	w.clock.Advance(time.Hour)
	w.write(t)
	if text := w.letter(t, 1); strings.Count(text, "/console/requests/") != 3 {
		t.Errorf("told of %s", text)
	}
	w.mentionTwice(t, person)
	w.around.say(func(n *neighbours) { n.person = contract.Reach{Refusal: contract.RefusedConsent} })
	w.write(t)
	for _, m := range w.shownMessages(t)[:2] {
		if m.State != stateDead || m.Reason != contract.RefusedConsent {
			t.Errorf("%+v", m)
		}
	}
}

func TestWhatIsCriticalGoesAlone(t *testing.T) {
	w := setupWriting(t)
	person := contract.NewID[contract.PersonID]()
	later := w.clock.Now().Add(time.Hour)
	w.waiting(&later)
	w.hear(t, toPerson(contract.ReminderMentioned, person))
	w.write(t)
	urgent := toPerson(contract.ReminderClaimOver, person)
	urgent.Data.Urgency = string(contract.Critical)
	w.waiting(nil)
	w.hear(t, urgent)
	w.write(t)
	text := w.letter(t, 1)
	if !strings.Contains(text, string(urgent.Data.RequestID)) || strings.Count(text, "/console/requests/") != 1 {
		t.Errorf("told of %s", text)
	}
	if asked := w.around.readings(); !asked[len(asked)-1].Critical {
		t.Errorf("asked %+v", asked)
	}
}

func TestADisputeIsToldToBothOrganisationsOnce(t *testing.T) {
	w := setupWriting(t)
	first, second := contract.NewID[contract.PersonID](), contract.NewID[contract.PersonID]()
	w.around.say(func(n *neighbours) { n.staff = []contract.PersonID{first, second} })
	e := aboutMatch("disputed")
	w.hear(t, e)
	w.hear(t, next(e, "disputed"))
	w.write(t)
	letters := w.office.got()
	if len(letters) != 2 {
		t.Fatalf("%d letters for two people who work in both organisations", len(letters))
	}
	for _, letter := range letters {
		if text := letter.parts(t)["text/plain"]; strings.Count(text, publicURL+"/console/matches/"+string(e.Data.MatchID)) != 1 {
			t.Errorf("%s", text)
		}
	}
	asked := w.around.heard
	if len(asked) != 2 || asked[0].Action != "move_matches" || asked[0].Path == asked[1].Path {
		t.Errorf("asked %+v", asked)
	}
}

func TestAReferralConcernsWhoGetsIt(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.staff = []contract.PersonID{contract.NewID[contract.PersonID]()} })
	e := aboutRequest("referred")
	e.Paths = []string{hubei, xian}
	w.hear(t, e)
	w.write(t)
	if text := w.letter(t, 1); !strings.Contains(text, "/console/requests/"+e.AggregateID) {
		t.Errorf("%s", text)
	}
	if asked := w.around.heard; len(asked) != 1 || asked[0].Path != hubei {
		t.Errorf("asked %+v", asked)
	}
}

// The directory may be away when staff are looked for: that costs no try and loses
// nothing.
func TestStaffAreLookedForUntilTheyAreFound(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) {
		n.staff, n.failing = []contract.PersonID{contract.NewID[contract.PersonID]()}, fault.NewUnavailable(errBusy)
	})
	w.hear(t, aboutMatch("disputed"))
	w.write(t)
	w.around.say(func(n *neighbours) { n.failing = nil })
	w.clock.Advance(time.Minute)
	w.write(t)
	if letters := w.office.got(); len(letters) != 1 {
		t.Errorf("%d letters", len(letters))
	}
}

func TestWhoManagesAnEndpointHearsThatItWasDisabled(t *testing.T) {
	w := setupWriting(t, func(c *Config) { c.WebhookAllow = loopback.WebhookAllow })
	w.around.say(func(n *neighbours) { n.staff = []contract.PersonID{contract.NewID[contract.PersonID]()} })
	e := w.register(t, xian, newReceiver(t, status(http.StatusGone)).URL)
	w.hear(t, fact("accepted"))
	w.run(t)
	w.write(t)
	if text := w.letter(t, 1); !strings.Contains(text, publicURL+"/console/webhooks/"+string(e.ID)) {
		t.Errorf("%s", text)
	}
	if asked := w.around.heard; len(asked) != 1 || asked[0].Action != "manage_webhooks" || asked[0].Path != xian {
		t.Errorf("asked %+v", asked)
	}
}

// TestEveryConcernHasItsWords in the catalogues: a key that is missing would be sent.
func TestEveryConcernHasItsWords(t *testing.T) {
	t.Parallel()
	w, err := newComposer(testkeys(t), publicURL)
	must(t, err)
	about := "0190a000-0000-7000-8000-000000000001"
	task := messageTask{SubjectID: "0190a000-0000-7000-8000-000000000002", About: &about}
	kinds := []string{}
	for kind := range concerns {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, lang := range locale.Languages() {
		var all strings.Builder
		var lines []messageTask
		for _, kind := range kinds {
			if !w.texts.Printer(lang, time.UTC, time.Time{}).Has("messages.kind." + kind) {
				t.Errorf("%s has no name of %s", lang, kind)
			}
			line := messageTask{Kind: kind, About: &about}
			lines = append(lines, line)
			m := w.composeStaff(task, []messageTask{line}, contract.Reach{Language: string(lang)}, time.Time{})
			fmt.Fprintf(&all, "== %s\n%s\n\n%s\n", kind, m.Subject, m.plain())
		}
		task.Critical = true
		m := w.composeStaff(task, lines, contract.Reach{Language: string(lang)}, time.Time{})
		page, err := w.html(m)
		must(t, err)
		fmt.Fprintf(&all, "== summary\n%s\n\n%s\n%s", m.Subject, m.plain(), page)
		compare(t, "staff."+string(lang)+".txt", strings.ReplaceAll(all.String(), w.keys.Bearer(pageNotices, task.SubjectID, 0), "STOP"))
		task.Critical = false
	}
}

// TestANeedOfLifeIsToldAtOnce to those who may act on it, and another is not.
func TestANeedOfLifeIsToldAtOnce(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) {
		n.staff, n.person.Refusal = []contract.PersonID{contract.NewID[contract.PersonID]()}, ""
	})
	e := aboutRequest("submitted")
	e.Data.Urgency = string(contract.Critical)
	for _, row := range staffMessagesOf(aboutRequest("submitted"), w.clock.Now()) {
		t.Errorf("told of what is not critical: %+v", row)
	}
	w.hear(t, e)
	w.write(t)
	found := 0
	for _, letter := range w.office.got() {
		if strings.Contains(letter.parts(t)["text/plain"], "/console/requests/"+e.AggregateID) {
			found++
		}
	}
	if asked := w.around.heard; found != 1 || len(asked) != 1 || asked[0].Action != "move_requests" {
		t.Errorf("%d letters, asked %+v", found, asked)
	}
}
