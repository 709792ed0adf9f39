package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"heli/pkg/contract"
)

// daily has the person of an offer hear at a time, of all that waits together.
func (w *writing) daily(at time.Time) {
	w.around.say(func(n *neighbours) {
		n.person.Path, n.person.State, n.person.Summary, n.person.NotBefore = hubei, "available", true, nil
		if w.clock.Now().Before(at) {
			n.person.NotBefore = &at
		}
	})
}

// sum sends what is due, and summaries once those to the same address have met.
func (w *writing) sum(t *testing.T) {
	t.Helper()
	w.write(t)
	w.clock.Advance(meetTime)
	w.write(t)
}

// morning steps the clock to the time of the summary.
func (w *writing) morning(at time.Time) {
	w.clock.Set(at)
	w.daily(at)
}

// about is the fact that something of an offer is due, by its reminder or its ask.
func about(offer contract.OfferID, thing contract.Thing, state string) contract.Event {
	e := aboutMatch(state)
	e.Thing, e.Data.OfferID, e.AggregateID = thing, offer, contract.NewID[string]()
	if e.Data.MatchID = contract.MatchID(e.AggregateID); thing != contract.ThingMatch {
		e.Data.MatchID = ""
	}
	return e
}

func (w *writing) helperLog(t *testing.T) map[string]contract.Message {
	t.Helper()
	list, err := w.Messages(as(t, contract.RoleCoordinator, hubei), contract.ListMessages{})
	must(t, err)
	byKind := map[string]contract.Message{}
	for _, m := range list.Items {
		byKind[m.Kind] = m
	}
	return byKind
}

// summaries returns the texts of all summaries that were sent, one after another, and
// the addresses that their one-click buttons go to.
func (w *writing) summaries(t *testing.T) (text, stops string) {
	t.Helper()
	for _, l := range w.office.got() {
		if one := l.parts(t)["text/plain"]; strings.Contains(one, "summary of the day") {
			text += one
			stops += l.parsed(t).Header.Get("List-Unsubscribe")
		}
	}
	return text, stops
}

// A helper who wants one summary a day gets one for all their offers, with a line and a
// link for each thing that is still true, and a way out of each offer. An offer with
// another address, and one whose person does not want it, go by themselves.
func TestAHelperGetsOneSummaryADay(t *testing.T) {
	w := setupWriting(t, func(c *Config) { c.Budget = 20 })
	offer, second, at := contract.NewID[contract.OfferID](), contract.NewID[contract.OfferID](), w.clock.Now().Add(20*time.Hour)
	elsewhere, single := contract.NewID[contract.OfferID](), contract.NewID[contract.OfferID]()
	w.daily(at)
	w.around.say(func(n *neighbours) { n.ask = contract.Ask{State: "asked", Generation: 3, Until: at.Add(oneDay)} })
	asked := about(offer, contract.ThingAsk, "asked")
	w.hear(t, asked)
	w.hear(t, about(offer, contract.ThingReminder, string(contract.ReminderAvailable)))
	w.hear(t, about(offer, contract.ThingReminder, string(contract.ReminderCredential)))
	for _, id := range []contract.OfferID{second, second, elsewhere, single} {
		w.hear(t, about(id, contract.ThingReminder, string(contract.ReminderCredential)))
	}
	w.write(t)
	if n := len(w.office.got()); n != 0 {
		t.Fatalf("%d letters before the morning", n)
	}
	w.morning(at)
	w.around.say(func(n *neighbours) {
		mine, theirs, plain := n.person, n.person, n.person
		mine.Code, mine.Generation, theirs.Person, theirs.Code, plain.Code, plain.Summary = "7KQX-2RTB4", 5, "another", "ANOT-HERXX", "SING-LEXXX", false
		n.other = map[string]contract.Reach{string(second): mine, string(elsewhere): theirs, string(single): plain}
	})
	w.write(t)
	if n := len(w.office.got()); n != 1 {
		t.Fatalf("%d letters, want that of who wants no summary before those have met", n)
	}
	w.clock.Advance(meetTime)
	w.write(t)
	if n := len(w.office.got()); n != 3 {
		t.Fatalf("%d letters for three addresses", n)
	}
	text, head := w.summaries(t)
	for _, id := range []contract.OfferID{offer, second} {
		if token := w.keys.Bearer("unsubscribe", string(id), 0); strings.Count(head, token) != 1 || len(head) > 998 {
			t.Errorf("one click goes to %s, without %s", head, token)
		}
	}
	for link, times := range map[string]int{
		publicURL + "/answer#" + w.keys.Bearer("answer", asked.AggregateID, 3):        1,
		publicURL + "/track#" + w.keys.Bearer("track", string(offer), 2):              2,
		publicURL + "/track#" + w.keys.Bearer("track", string(second), 5):             2,
		publicURL + "/unsubscribe/" + w.keys.Bearer("unsubscribe", string(offer), 0):  1,
		publicURL + "/unsubscribe/" + w.keys.Bearer("unsubscribe", string(second), 0): 1,
		"your summary of the day": 1, "(7KQX-2RTB4)": 2, "SING-LEXXX": 0, "ANOT-HERXX": 0,
	} {
		if n := strings.Count(text, link); n != times {
			t.Errorf("%s is there %d times, want %d, in\n%s", link, n, times, text)
		}
	}
	var codes []string
	must(t, w.admin.SelectContext(t.Context(), &codes, `SELECT DISTINCT code || ' ' || subject_id FROM notify.messages ORDER BY 1`))
	if len(codes) != 4 || !strings.HasPrefix(codes[0], "7KQX-2RTB4 "+string(second)) {
		t.Errorf("codes %q", codes)
	}
	for _, q := range w.around.readings() {
		if q.Reason == kindAsked && !q.Since.IsZero() && q.Until != nil && (q.AtOnce || !q.Until.Equal(at.Add(oneDay))) {
			t.Errorf("asked %+v", q)
		}
	}
}

// Who does not want messages about one offer any more, or has another address for it
// since they met, gets nothing of it in the letter for the others.
func TestASummaryJoinsNobodyWhoChanged(t *testing.T) {
	for name, change := range map[string]func(*contract.Reach){
		"consent": func(r *contract.Reach) { *r = contract.Reach{Refusal: contract.RefusedConsent} },
		"address": func(r *contract.Reach) { r.Person = "another" },
		"asleep": func(r *contract.Reach) {
			*r = contract.Reach{NotBefore: new(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))}
		},
		"by SMS": func(r *contract.Reach) { r.Channel = contract.ChannelSMS },
	} {
		t.Run(name, func(t *testing.T) {
			w := setupWriting(t)
			offer, second := contract.NewID[contract.OfferID](), contract.NewID[contract.OfferID]()
			w.daily(w.clock.Now())
			w.hear(t, about(offer, contract.ThingReminder, string(contract.ReminderCredential)))
			w.hear(t, about(second, contract.ThingReminder, string(contract.ReminderAvailable)))
			w.write(t)
			w.around.say(func(n *neighbours) {
				changed := n.person
				change(&changed)
				n.other = map[string]contract.Reach{string(second): changed}
			})
			w.clock.Advance(meetTime)
			w.write(t)
			if text := w.letter(t, 1); !strings.Contains(text, "what needs it") || strings.Contains(text, "offer for a while") || strings.Contains(text, "summary of the day") {
				t.Errorf("told of what does not belong there:\n%s", text)
			}
		})
	}
}

// What another offer's letter tells of outlives the erasure of that offer.
func TestAnErasureTakesNoLineOfAnotherOfferAlong(t *testing.T) {
	for name, sent := range map[string]bool{"sent": true, "to be sent": false} {
		t.Run(name, func(t *testing.T) {
			w := setupWriting(t)
			offer, second := contract.NewID[contract.OfferID](), contract.NewID[contract.OfferID]()
			w.daily(w.clock.Now())
			w.hear(t, about(offer, contract.ThingReminder, string(contract.ReminderCredential)))
			w.clock.Advance(time.Millisecond)
			w.hear(t, about(second, contract.ThingReminder, string(contract.ReminderAvailable)))
			if !sent {
				w.office.answer(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}, nil)
			}
			w.sum(t)
			gone := about(offer, contract.ThingOffer, "withdrawn")
			gone.AggregateID, gone.Data.Erased = string(offer), true
			w.hear(t, gone)
			want := statePending
			if sent {
				want = stateDelivered
			}
			var states []string
			must(t, w.admin.SelectContext(t.Context(), &states, `SELECT state || ' ' || kind FROM notify.messages`))
			if len(states) != 1 || states[0] != want+" "+kindStands {
				t.Errorf("%q", states)
			}
		})
	}
}

// What cannot wait is asked for at once, and is in no summary; the rest may wait.
// Nobody is told of a kind that no reason was decided for.
func TestWhatBreaksThroughTheSummary(t *testing.T) {
	t.Parallel()
	atOnce := map[string]bool{}
	for _, r := range allRules() {
		if r.atOnce != "" {
			atOnce[r.kind] = true
		}
		e := about(contract.NewID[contract.OfferID](), contract.ThingMatch, "x")
		for urgency, waits := range map[contract.Urgency]bool{contract.Urgent: r.atOnce == "", contract.Critical: false} {
			e.Data.Urgency = string(urgency)
			for state, list := range rules {
				_, e.State, _ = strings.Cut(strings.TrimPrefix(state, "heli."), ".")
				e.Thing = contract.Thing(strings.Split(state, ".")[1])
				for _, row := range messagesOf(e, time.Time{}) {
					if one, _ := ruleOf(row.Kind, row.Thing); one.kind == r.kind && one.to == r.to && row.Waits != waits {
						t.Errorf("%s to the %s of %s urgency waits: %v (%d rules)", row.Kind, row.Thing, urgency, row.Waits, len(list))
					}
				}
			}
		}
	}
	for _, kind := range []string{kindFound, kindLost, kindNoLonger, kindTomorrow, kindSoon} {
		if !atOnce[kind] {
			t.Errorf("%s waits", kind)
		}
		delete(atOnce, kind)
	}
	if len(atOnce) != 0 {
		t.Errorf("not decided here: %v", atOnce)
	}
}

// What breaks through goes alone while the rest waits.
func TestACancellationDoesNotWaitForTheSummary(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.person.Path = hubei })
	proposed := aboutMatch("proposed")
	w.hear(t, proposed)
	w.write(t)
	w.daily(w.clock.Now().Add(20 * time.Hour))
	w.hear(t, about(proposed.Data.OfferID, contract.ThingReminder, string(contract.ReminderCredential)))
	w.write(t)
	w.around.say(func(n *neighbours) { n.match.State, n.person.NotBefore, n.person.Summary = "cancelled", nil, false })
	w.hear(t, next(proposed, "cancelled"))
	w.write(t)
	if text := w.letter(t, 2); strings.Contains(text, "credential") || !strings.Contains(text, "no longer") && !strings.Contains(text, "taken care of") {
		t.Errorf("%s", text)
	}
	readings := w.around.readings()
	if last := readings[len(readings)-1]; last.Reason != kindNoLonger || !last.AtOnce {
		t.Errorf("asked %+v", last)
	}
	if m := w.helperLog(t)[kindPaper]; m.State != statePending {
		t.Errorf("%+v", m)
	}
}

// What is settled before the summary goes is not told as open in it: neither as its
// first line, which carries it, nor as another.
func TestASummaryTellsNothingThatIsSettled(t *testing.T) {
	for name, first := range map[string]bool{"carries": true, "is carried": false} {
		t.Run(name, func(t *testing.T) {
			w := setupWriting(t)
			offer, at := contract.NewID[contract.OfferID](), w.clock.Now().Add(20*time.Hour)
			w.daily(at)
			w.around.say(func(n *neighbours) { n.ask = contract.Ask{State: "asked", Until: at.Add(oneDay)} })
			asked := about(offer, contract.ThingAsk, "asked")
			events := []contract.Event{about(offer, contract.ThingReminder, string(contract.ReminderAvailable)), about(offer, contract.ThingReminder, string(contract.ReminderCredential))}
			if first {
				events = append([]contract.Event{asked}, events...)
			} else {
				events = append(events, asked)
			}
			for _, e := range events {
				w.hear(t, e)
				w.clock.Advance(time.Minute)
			}
			w.write(t)
			// The summary is begun, and its server is away until the ask is filled.
			w.morning(at)
			w.office.answer(&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}, nil)
			w.sum(t)
			w.around.say(func(n *neighbours) { n.ask.State = "filled" })
			w.hear(t, next(asked, "filled"))
			w.office.answer(nil, nil)
			w.clock.Advance(time.Hour)
			w.sum(t)
			text := w.letter(t, 1)
			for words, times := range map[string]int{"Could you help?": 0, "come forward": 0, "Can you still help?": 1, "credentials ends soon": 1} {
				if n := strings.Count(text, words); n != times {
					t.Errorf("%q is there %d times in\n%s", words, n, text)
				}
			}
			log := w.helperLog(t)
			if m := log[kindAsked]; m.State != stateDead || m.Reason != reasonOutdated {
				t.Errorf("the ask: %+v", m)
			}
			if m := log[kindFilled]; m.State != stateDead || m.Reason != reasonNotTold {
				t.Errorf("that it is filled: %+v", m)
			}
		})
	}
}

// Who was told of an ask in a summary is told that it is filled.
func TestWhatASummaryToldIsTakenBack(t *testing.T) {
	w := setupWriting(t)
	offer, at := contract.NewID[contract.OfferID](), w.clock.Now().Add(20*time.Hour)
	w.daily(at)
	w.around.say(func(n *neighbours) { n.ask = contract.Ask{State: "asked", Until: at.Add(oneDay)} })
	w.hear(t, about(offer, contract.ThingReminder, string(contract.ReminderCredential)))
	w.clock.Advance(time.Minute)
	asked := about(offer, contract.ThingAsk, "asked")
	w.hear(t, asked)
	w.write(t)
	w.morning(at)
	w.sum(t)
	if m := w.helperLog(t)[kindAsked]; m.State != stateDigested {
		t.Fatalf("the ask: %+v", m)
	}
	w.around.say(func(n *neighbours) { n.ask.State = "filled" })
	w.hear(t, next(asked, "filled"))
	w.sum(t)
	if text := w.letter(t, 2); !strings.Contains(text, "is filled") {
		t.Errorf("%s", text)
	}
}

// A message that is due in days is told in the summary of its own day, and the
// summaries before leave it where it is.
func TestASummaryLeavesWhatIsNotDue(t *testing.T) {
	w := setupWriting(t)
	at := w.clock.Now().Add(20 * time.Hour)
	w.daily(at)
	w.around.say(func(n *neighbours) { n.match.State = "accepted" })
	accepted := aboutMatch("accepted")
	w.hear(t, accepted)
	w.hear(t, about(accepted.Data.OfferID, contract.ThingReminder, string(contract.ReminderCredential)))
	w.morning(at)
	w.sum(t)
	if m := w.helperLog(t)[kindHappened]; m.State != statePending {
		t.Fatalf("%+v", m)
	}
	due := at.Add(2 * oneDay)
	w.morning(due)
	w.sum(t)
	readings := w.around.readings()
	if last := readings[len(readings)-1]; last.Reason != kindHappened || !last.Since.Equal(at.Add(-20*time.Hour).Add(happenedAfter)) {
		t.Errorf("asked %+v", last)
	}
	if m := w.helperLog(t)[kindHappened]; m.State != stateDelivered {
		t.Errorf("%+v", m)
	}
}

// By SMS a summary is one short message with one link.
func TestASummaryBySMSIsOneShortMessage(t *testing.T) {
	t.Parallel()
	c, err := newComposer(testkeys(t), publicURL)
	must(t, err)
	several := make([]saying, 12)
	for _, lang := range []string{"en", "zh-Hans", "zh-Hant"} {
		for n := range several {
			several[n].rule, several[n].person = rules["heli.reminder.credential_ending"][0], contract.Reach{Language: lang, Code: "QGGN-M49W3"}
		}
		m := c.compose(several, time.Time{})
		words, link, found := strings.Cut(m.Short, publicURL)
		if !found || strings.Contains(link, " ") || !strings.Contains(words, "12") || len([]rune(words)) > 45 {
			t.Errorf("%s: %s", lang, m.Short)
		}
	}
}
