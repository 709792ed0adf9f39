package notify

import (
	"context"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func system(t *testing.T) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.System())
}

// sent sends the first message about a request and returns it with the token in
// its envelope.
func (w *writing) sent(t *testing.T) (contract.Message, string) {
	t.Helper()
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	letters := w.office.got()
	from := letters[len(letters)-1].from
	token, found := strings.CutPrefix(strings.TrimSuffix(from, "@heli.example"), "bounces+")
	if !found {
		t.Fatalf("envelope from %s", from)
	}
	return w.told(t, kindReceived), token
}

func TestMailThatComesBackLaterEndsTheAddress(t *testing.T) {
	w := setupWriting(t)
	staff := contract.NewID[contract.PersonID]()
	w.around.say(func(n *neighbours) { n.staff = []contract.PersonID{staff} })
	m, token := w.sent(t)
	q := contract.MailBounce{Token: strings.ToUpper(token), Action: "Failed", Status: "5.1.1"}
	for range 2 { // a server posts again what it got no answer to
		_, err := w.Bounce(system(t), q)
		must(t, err)
	}
	w.write(t)
	got := w.told(t, kindReceived)
	if got.State != stateDead || got.Reason != reasonBounced || len(got.Attempts) != 2 || got.Attempts[1].StatusCode != 511 {
		t.Errorf("%+v", got)
	}
	if bounced := w.around.bounced; len(bounced) == 0 || bounced[0].ID != m.SubjectID || bounced[0].Person != "digest" {
		t.Errorf("told %+v", bounced)
	}
	if text := w.letter(t, 2); !strings.Contains(text, "/console/requests/"+m.SubjectID) {
		t.Errorf("staff are told %s", text)
	}
}

func TestWhatOnlyWaitsOrIsFullKeepsTheAddress(t *testing.T) {
	w := setupWriting(t)
	_, token := w.sent(t)
	for _, q := range []contract.MailBounce{{Action: "delayed", Status: "4.4.1"}, {Action: "delivered", Status: "2.0.0"}} {
		q.Token = token
		_, err := w.Bounce(system(t), q)
		must(t, err)
		if got := w.told(t, kindReceived); got.State != stateDelivered {
			t.Errorf("%s: %+v", q.Action, got)
		}
	}
	_, err := w.Bounce(system(t), contract.MailBounce{Token: token, Action: "failed", Status: "5.2.2"})
	must(t, err)
	if got := w.told(t, kindReceived); got.State != stateDead || got.Reason != reasonReturned {
		t.Errorf("%+v", got)
	}
	if len(w.around.bounced) != 0 {
		t.Errorf("told %+v", w.around.bounced)
	}
}

func TestOnlyOurTokensNameMessages(t *testing.T) {
	w := setupWriting(t)
	m, token := w.sent(t)
	foreign := bounceToken(testkeys(t), m.ID)
	for name, wrong := range map[string]string{
		"empty": "", "text": "help", "no mark": strings.Split(token, "-")[0], "another's mark": strings.Split(token, "-")[0] + "-aaaaaaaaaaaaaaaa",
		"unknown": bounceToken(w.keys, contract.NewID[contract.MessageID]()), "other keys": foreign,
	} {
		if wrong == token {
			continue
		}
		_, err := w.Bounce(system(t), contract.MailBounce{Token: wrong, Action: "failed", Status: "5.1.1"})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.Bounce(as(t, contract.RoleAdministrator, xian), contract.MailBounce{Token: token, Action: "failed", Status: "5.1.1"})
	wantFault(t, err, fault.NotFound, "")
	_, err = w.Bounce(system(t), contract.MailBounce{Token: token, Action: "exploded", Status: "5.1.1"})
	wantFault(t, err, fault.Invalid, "")
	if got := w.told(t, kindReceived); got.State != stateDelivered {
		t.Errorf("%+v", got)
	}
}

// A bounce that cannot be passed on is refused, so that its server posts it again.
func TestABounceThatCannotBePassedOnComesAgain(t *testing.T) {
	w := setupWriting(t)
	_, token := w.sent(t)
	q := contract.MailBounce{Token: token, Action: "failed", Status: "5.1.1"}
	w.around.say(func(n *neighbours) { n.failing = fault.NewUnavailable(errBusy) })
	_, err := w.Bounce(system(t), q)
	wantFault(t, err, fault.Unavailable, "")
	if got := w.told(t, kindReceived); got.State != stateDelivered {
		t.Errorf("%+v", got)
	}
	w.around.say(func(n *neighbours) { n.failing = nil })
	_, err = w.Bounce(system(t), q)
	must(t, err)
	if got := w.told(t, kindReceived); got.Reason != reasonBounced {
		t.Errorf("%+v", got)
	}
}

func TestATokenFitsAnAddressAndSurvivesItsCase(t *testing.T) {
	t.Parallel()
	keys, id := testkeys(t), contract.NewID[contract.MessageID]()
	token := bounceToken(keys, id)
	if len(token) != tokenLength || token != strings.ToLower(token) {
		t.Errorf("token %q", token)
	}
	if got, ours := readBounceToken(keys, strings.ToUpper(token)); !ours || got != id {
		t.Errorf("read %s %v", got, ours)
	}
	c := mailConfig(&postOffice{address: "mail.test:25"}).MessageConfig
	c.MailBounces = strings.Repeat("b", 30) + "@heli.example"
	if _, err := newMailer(c, nil, nil, nil); err == nil {
		t.Error("an address without room for the name of a message is taken")
	}
}
