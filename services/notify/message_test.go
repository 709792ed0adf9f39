package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// parts returns the parts of a mail by their media types.
func (l postedLetter) parts(t *testing.T) map[string]string {
	t.Helper()
	message := l.parsed(t)
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	must(t, err)
	if kind != "multipart/alternative" {
		t.Fatalf("mail of %s", kind)
	}
	found := map[string]string{}
	for reader := multipart.NewReader(message.Body, parameters["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return found
		}
		must(t, err)
		if encoding := part.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
			t.Errorf("encoding %q", encoding)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		must(t, err)
		kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		must(t, err)
		found[kind] = string(text)
	}
}

func TestARequesterIsToldThatTheRequestIsReceived(t *testing.T) {
	w := setupWriting(t)
	e := aboutRequest("submitted")
	w.hear(t, e)
	w.write(t)
	letters := w.office.got()
	if len(letters) != 1 || letters[0].to != plantedMail || !strings.HasPrefix(letters[0].from, "bounces+") || w.office.signIns != 1 {
		t.Fatalf("%d letters, %d sign-ins: %+v", len(letters), w.office.signIns, letters)
	}
	header := letters[0].parsed(t).Header
	told := w.told(t, kindReceived)
	stop := publicURL + "/unsubscribe/" + w.keys.Bearer("unsubscribe", e.AggregateID, 0)
	for name, want := range map[string]string{
		"Message-Id": "<" + string(told.ID) + "@heli.example>", "List-Unsubscribe": "<" + stop + ">",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated", "Content-Language": "en",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	link := publicURL + "/track#" + w.keys.Bearer("track", e.AggregateID, 2)
	parts := letters[0].parts(t)
	for kind, text := range parts {
		if !strings.Contains(text, link) || !strings.Contains(text, "QGGN-M49W3") || !strings.Contains(text, stop) {
			t.Errorf("%s without link, code or way out:\n%s", kind, text)
		}
		if strings.Contains(text, "psych") || strings.Contains(text, "<img") || strings.Contains(text, "<link") {
			t.Errorf("%s tells or loads too much:\n%s", kind, text)
		}
	}
	if len(parts) != 2 {
		t.Errorf("parts %v", parts)
	}
	if told.State != stateDelivered || told.Code != "QGGN-M49W3" || told.Channel != contract.ChannelMail || len(told.Attempts) != 1 || told.Attempts[0].StatusCode != 250 {
		t.Errorf("%+v", told)
	}
	if asked := w.around.readings(); len(asked) != 1 || asked[0].Key != string(told.ID)+"/1" || asked[0].Reason != kindReceived {
		t.Errorf("readings %+v", asked)
	}
}

func TestAHelperIsToldOfAProposalAndOfItsEnd(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.person.Path = hubei })
	proposed := aboutMatch("proposed")
	w.hear(t, proposed)
	w.write(t)
	link := publicURL + "/answer#" + w.keys.Bearer("answer", proposed.AggregateID, 1)
	if letters := w.office.got(); len(letters) != 1 || !strings.Contains(letters[0].parts(t)["text/plain"], link) {
		t.Fatalf("%d letters, want one with the answer's link", len(letters))
	}
	w.around.say(func(n *neighbours) { n.match.State = "cancelled" })
	w.hear(t, next(proposed, "cancelled"))
	w.write(t)
	if letters := w.office.got(); len(letters) != 2 {
		t.Fatalf("%d letters, want that it is no longer needed", len(letters))
	}
	// Who was never told of a proposal hears nothing of its end.
	w.hear(t, aboutMatch("cancelled"))
	w.write(t)
	if m := w.shownMessages(t); len(w.office.got()) != 2 || len(m) != 0 {
		t.Errorf("%d letters; xian sees %+v of hubei's offer", len(w.office.got()), m)
	}
	list, err := w.Messages(as(t, contract.RoleCoordinator, hubei), contract.ListMessages{States: []string{stateDead}})
	must(t, err)
	if len(list.Items) != 1 || list.Items[0].Reason != reasonNotTold {
		t.Errorf("%+v", list.Items)
	}
}

func TestAHelperIsAskedAndToldThatItIsFilled(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.ask = contract.Ask{State: "asked", Generation: 3} })
	asked := aboutMatch("asked")
	asked.Thing, asked.Data.MatchID = contract.ThingAsk, ""
	w.hear(t, asked)
	w.write(t)
	link := publicURL + "/answer#" + w.keys.Bearer("answer", asked.AggregateID, 3)
	if letters := w.office.got(); len(letters) != 1 || !strings.Contains(letters[0].parts(t)["text/plain"], link) {
		t.Fatalf("%d letters, want one with the link of the ask", len(letters))
	}
	w.around.say(func(n *neighbours) { n.ask.State = "filled" })
	late := aboutMatch("asked")
	late.Thing, late.Data.MatchID = contract.ThingAsk, ""
	w.hear(t, late) // filled before it was sent: nobody is asked for nothing
	w.hear(t, next(asked, "filled"))
	w.write(t)
	if letters := w.office.got(); len(letters) != 2 {
		t.Fatalf("%d letters, want one more that it is filled", len(letters))
	}
}

func TestWhatIsNotTrueAnyMoreIsNotSaid(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.match.State, n.person.Path = "declined", xian })
	e := aboutMatch("proposed")
	e.Paths = []string{xian}
	w.hear(t, e)
	w.write(t)
	if told := w.told(t, kindProposal); told.State != stateDead || told.Reason != reasonOutdated || len(w.around.readings()) != 0 {
		t.Errorf("%+v after %d readings", told, len(w.around.readings()))
	}
	w.around.say(func(n *neighbours) { n.person.State = "open" })
	w.hear(t, aboutRequest("closed"))
	w.write(t)
	if told := w.told(t, kindClosed); told.Reason != reasonOutdated || len(w.office.got()) != 0 {
		t.Errorf("%+v, %d letters", told, len(w.office.got()))
	}
}

func TestAPersonIsWrittenToWhenTheyWantTo(t *testing.T) {
	w := setupWriting(t)
	morning := w.now().Add(9 * time.Hour)
	w.around.say(func(n *neighbours) {
		n.person = contract.Reach{NotBefore: &morning, Code: "QGGN-M49W3", State: "submitted", Path: xian}
	})
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	told := w.told(t, kindReceived)
	if told.State != statePending || !told.NextAt.Equal(morning) || len(told.Attempts) != 0 || len(w.office.got()) != 0 {
		t.Fatalf("%+v", told)
	}
	var tries int
	must(t, w.admin.GetContext(t.Context(), &tries, `SELECT tries FROM notify.messages`))
	if tries != 0 {
		t.Errorf("waiting counts as %d tries", tries)
	}
	for _, why := range []string{contract.RefusedConsent, contract.RefusedErased, contract.RefusedHours, contract.RefusedBounces, contract.RefusedNoAddress} {
		w.around.say(func(n *neighbours) { n.person = contract.Reach{Refusal: why, State: "submitted", Path: xian} })
		w.clock.Set(morning)
		w.hear(t, aboutRequest("submitted"))
		w.write(t)
		if told := w.shownMessages(t)[0]; told.State != stateDead || told.Reason != why {
			t.Errorf("%s: %+v", why, told)
		}
	}
	if n := len(w.office.got()); n != 0 {
		t.Errorf("%d letters to who wants none", n)
	}
}

func TestNobodyGetsMoreThanTheirBudget(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.match.State, n.person.State = "accepted", "matched" })
	send := func(critical bool) contract.Message {
		t.Helper()
		e := aboutMatch("accepted")
		if critical {
			e.Data.Urgency = string(contract.Critical)
		}
		w.hear(t, e)
		w.write(t)
		return w.told(t, kindFound)
	}
	for n := range 3 {
		if told := send(false); told.State != stateDelivered {
			t.Fatalf("message %d: %+v", n, told)
		}
	}
	if told := send(false); told.State != stateDead || told.Reason != reasonBudget {
		t.Errorf("the fourth: %+v", told)
	}
	if told := send(true); told.State != stateDelivered {
		t.Errorf("a critical one: %+v", told)
	}
	for range 2*3 - 1 {
		send(true)
	}
	if told := send(true); told.State != stateDead || told.Reason != reasonBudget {
		t.Errorf("a critical one beyond all: %+v", told)
	}
	w.around.say(func(n *neighbours) { n.person.Person = "somebody else" })
	if told := send(false); told.State != stateDelivered {
		t.Errorf("to somebody else: %+v", told)
	}
	w.around.say(func(n *neighbours) { n.person.Person, n.match.State = "digest", "declined" }) // no reminders
	w.clock.Advance(budgetSpan + time.Second)
	w.write(t)
	w.around.say(func(n *neighbours) { n.match.State = "accepted" })
	if told := send(false); told.State != stateDelivered {
		t.Errorf("a week later: %+v", told)
	}
}

func TestWhoIsErasedIsForgotten(t *testing.T) {
	w := setupWriting(t)
	e := aboutRequest("submitted")
	w.hear(t, e)
	w.write(t)
	other := aboutRequest("submitted")
	w.hear(t, other)
	erased := next(e, "closed")
	erased.Data.Erased, erased.Data.Reason = true, "withdrawn"
	w.hear(t, erased)
	if left := w.shownMessages(t); len(left) != 1 || left[0].SubjectID != other.AggregateID {
		t.Errorf("left: %+v", left)
	}
}

func TestWithoutAWayToPeopleNothingIsStored(t *testing.T) {
	b := setup(t, loopback)
	b.hear(t, aboutRequest("submitted"))
	b.hear(t, aboutMatch("proposed"))
	var n int
	must(t, b.admin.GetContext(t.Context(), &n, `SELECT count(*) FROM notify.messages`))
	channels, err := b.Channels(t.Context(), contract.Empty{})
	if n != 0 || err != nil || len(channels.Channels) != 0 {
		t.Errorf("%d messages, channels %v, %v", n, channels, err)
	}
}

func TestOnlyStaffOfTheOwnerReadTheLog(t *testing.T) {
	w := setupWriting(t)
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	for _, role := range []contract.Role{contract.RolePublic, contract.RoleHelper, contract.RoleIntegrator} {
		_, err := w.Messages(as(t, role, xian), contract.ListMessages{})
		wantFault(t, err, fault.Forbidden, "")
	}
	list, err := w.Messages(as(t, contract.RoleCoordinator, hubei), contract.ListMessages{})
	must(t, err)
	if len(list.Items) != 0 {
		t.Errorf("hubei sees %+v", list.Items)
	}
	_, err = w.Messages(as(t, contract.RoleCoordinator, xian), contract.ListMessages{SubjectID: "x", States: []string{"lost"}})
	wantFault(t, err, fault.Invalid, "")
}

// TestNothingPersonalStaysBehind looks for the planted address and number in every
// row of the schema, in the log and in what the console is shown.
func TestNothingPersonalStaysBehind(t *testing.T) {
	sms := newReceiver(t, status(http.StatusOK))
	w := setupWriting(t, func(c *Config) {
		c.SMSURL, c.SMSMethod, c.SMSBody = sms.URL, "POST", `{"to":"{{phone}}","text":"{{text}}"}`
		c.SMSHeaders = []string{"Content-Type: application/json"}
	})
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	w.around.say(func(n *neighbours) { n.person.Channel, n.person.Address = contract.ChannelSMS, plantedPhone })
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	w.office.answer(errNoMailbox, nil)
	w.around.say(func(n *neighbours) { n.person.Channel, n.person.Address = contract.ChannelMail, plantedMail })
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	if len(w.office.got()) != 1 || len(sms.got()) != 1 {
		t.Fatalf("%d letters, %d SMS", len(w.office.got()), len(sms.got()))
	}
	var tables []string
	must(t, w.admin.SelectContext(t.Context(), &tables, `SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'notify'`))
	everything := w.log.String()
	for _, table := range tables {
		var rows []string
		must(t, w.admin.SelectContext(t.Context(), &rows, fmt.Sprintf(`SELECT t::text FROM notify.%s t`, table)))
		everything += strings.Join(rows, "\n")
	}
	shown, err := json.Marshal(w.shownMessages(t))
	must(t, err)
	everything += string(shown)
	for _, planted := range []string{plantedMail, "planted.person", plantedPhone, "13912345678"} {
		if strings.Contains(everything, planted) {
			t.Errorf("%q stayed behind", planted)
		}
	}
	if !strings.Contains(everything, kindReceived) || len(tables) < 10 {
		t.Errorf("the search looked at %d tables", len(tables))
	}
}

// TestWhoDidNotAnswerIsToldThatOthersAreAsked, and who said that they cannot this time
// is not.
func TestWhoDidNotAnswerIsToldThatOthersAreAsked(t *testing.T) {
	for reason, want := range map[string]int{"": 2, "hold_expired": 2, "not_now": 1} {
		w := setupWriting(t)
		e := aboutMatch("proposed")
		w.hear(t, e)
		w.write(t)
		over := next(e, "hold_expired")
		over.Data.Reason = reason
		w.around.say(func(n *neighbours) { n.match.State = "hold_expired" })
		w.hear(t, over)
		w.write(t)
		if letters := w.office.got(); len(letters) != want {
			t.Errorf("%q: %d letters, want %d", reason, len(letters), want)
		}
	}
}
