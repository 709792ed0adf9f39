package main

import (
	"bytes"
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"heli/services/notify"
)

// postOffice is a mail server without TLS, as one on the same machine may be.
type postOffice struct {
	address string
	letters chan []byte
	senders chan string // of the envelopes
}

// letterbox is one connection to it.
type letterbox struct{ office *postOffice }

func (l letterbox) Mail(from string, _ *smtp.MailOptions) error {
	l.office.senders <- from
	return nil
}

func (letterbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	if to != planted["email"] {
		return &smtp.SMTPError{Code: 550, Message: "no such user"}
	}
	return nil
}

func (l letterbox) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	l.office.letters <- raw
	return err
}
func (letterbox) Reset()        {}
func (letterbox) Logout() error { return nil }

func startPostOffice(t *testing.T) *postOffice {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office := &postOffice{address: listener.Addr().String(), letters: make(chan []byte, 64), senders: make(chan string, 64)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return letterbox{office}, nil }))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close mail server: %v", err)
		}
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("mail server: %v", err)
		}
	})
	return office
}

// next returns the text of the next letter.
func (o *postOffice) next(t *testing.T) string {
	t.Helper()
	select {
	case raw := <-o.letters:
		text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatalf("read letter: %v", err)
		}
		return string(text)
	case <-time.After(waitLimit):
		t.Fatal("no letter came")
		return ""
	}
}

var (
	answerLink = regexp.MustCompile(`https://heli\.example/answer#(answer_[A-Za-z0-9_.-]+)`)
	trackLink  = regexp.MustCompile(`https://heli\.example/track#(track_[A-Za-z0-9_.-]+)`)
	stopLink   = regexp.MustCompile(`https://heli\.example(/unsubscribe/[A-Za-z0-9_.-]+)`)
)

// wantsMessages is what somebody agrees to who wants messages.
var wantsMessages = map[string]any{"version": "1", "purposes": []string{"matching", "contact", "messages"}}

// proposes opens a request and proposes it to a helper who wants messages.
func (i *instance) proposes(request answer, contact map[string]any) answer {
	i.t.Helper()
	staff := i.coordinator()
	give := offerDraft(planted["offer_text"], "available", 100)
	give["contact"], give["consent"] = contact, wantsMessages
	offer := staff.post(http.StatusCreated, "/offers", give)
	for _, move := range []string{"triage", "open"} {
		staff.post(http.StatusOK, "/requests/"+request.ID+"/"+move, map[string]any{})
	}
	awaitSuggestion(i.t, staff, request.ID, offer.ID)
	staff.post(http.StatusCreated, "/matches", proposal(request, offer, 10))
	return offer
}

// onlyMatch returns the id of the one match of a request.
func (i *instance) onlyMatch(request answer) string {
	i.t.Helper()
	var id string
	if err := i.database().GetContext(i.t.Context(), &id, `SELECT id::text FROM matcher.matches WHERE request_id = $1`, request.ID); err != nil {
		i.t.Fatalf("find match: %v", err)
	}
	return id
}

// TestMessagesReachPeopleAndLeaveNothingBehind goes the way of a requester and a
// helper who want messages: from the first to the last, which one click ends. What it says of a
// person is then looked for everywhere. The need is critical, so that no night is
// waited for.
func TestMessagesReachPeopleAndLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	office := startPostOffice(t)
	i := startProgram(t, os.Args[0], []string{"HELI_LOG_LEVEL=debug"}, installed(t), "--public-url", "https://heli.example",
		"--smtp-url", "smtp://"+office.address+"?tls=off", "--mail-from", "Heli <help@heli.example>")
	need := requestDraft(planted["title"], "", 10)
	delete(need, "state")
	need["urgency"], need["description"] = "critical", planted["description"]
	contact := map[string]any{"name": planted["name"], "phone": "+86" + planted["phone"], "email": planted["email"]}
	need["contact"], need["consent"] = contact, wantsMessages
	made := i.public().call(http.StatusCreated, http.MethodPost, "/requests", "planted-key-of-128-bits-0003", need)

	received := office.next(t)
	if found := leaks([]byte(strings.ReplaceAll(received, planted["email"], ""))); len(found) > 0 {
		t.Errorf("the letter tells %v", found)
	}
	token, stop := trackLink.FindStringSubmatch(received), stopLink.FindStringSubmatch(received)
	if token == nil || stop == nil || !strings.Contains(received, made.Code) {
		t.Fatalf("a letter without code and links:\n%s", received)
	}
	i.opens("/track", token[1])

	offer := i.proposes(made, contact)
	proposed := office.next(t)
	answer := answerLink.FindStringSubmatch(proposed)
	if answer == nil || !strings.Contains(proposed, offer.Code) {
		t.Fatalf("a proposal without code and link:\n%s", proposed)
	}
	i.opens("/answer", answer[1])
	i.coordinator().post(http.StatusOK, "/matches/"+i.onlyMatch(made)+"/accept", map[string]any{"on_behalf_of": "helper"})
	if found := office.next(t); !strings.Contains(found, made.Code) {
		t.Errorf("somebody will help:\n%s", found)
	}

	i.looksAt("no more messages", stop[1])
	if got := i.postForm(t, stop[1], url.Values{"List-Unsubscribe": {"One-Click"}}); got.status != http.StatusOK {
		t.Fatalf("one click: %d", got.status)
	}
	i.looksAt("no messages any more", stop[1])
	i.coordinator().post(http.StatusOK, "/requests/"+made.ID+"/close", map[string]any{"reason": "unfulfillable"})
	if over := office.next(t); !strings.Contains(over, offer.Code) {
		t.Errorf("the helper is not told that it is over:\n%s", over)
	}
	awaitMessages(t, i)
	if n := count(t, i.database(), `SELECT count(*) FROM notify.messages WHERE kind = 'closed' AND state = 'dead' AND reason = 'no_consent'`); n != 1 {
		t.Errorf("%d messages were kept back, want that of the end", n)
	}
	i.leavesNothing(made, offer)
}

// leavesNothing looks for what was planted outside the tables that own it, and for
// the record of every look at a contact.
func (i *instance) leavesNothing(request, offer answer) {
	t := i.t
	t.Helper()
	// Each letter took one look at the contact; without consent nobody looks.
	for id, letters := range map[string]int64{request.ID: 2, offer.ID: 2} {
		if n := count(t, i.database(), `SELECT count(*) FROM directory.audit WHERE action LIKE '%.contact.reach' AND subject_id = $1 AND role = 'system'`, id); n != letters {
			t.Errorf("%d readings recorded for %d letters", n, letters)
		}
	}
	checkFiles(t, i.data)
	log, err := os.ReadFile(i.log)
	if err != nil || len(log) == 0 {
		t.Fatalf("read log: %v", err)
	}
	if found := leaks(log); len(found) > 0 {
		t.Errorf("the log holds %v", found)
	}
	if found := leaks(i.dump(owners...)); len(found) > 0 {
		t.Errorf("a dump without the vault holds %v", found)
	}
}

// awaitMessages waits until the message that a request is closed was tried.
func awaitMessages(t *testing.T, i *instance) {
	t.Helper()
	eventually(t, func() string {
		if count(t, i.database(), `SELECT count(*) FROM notify.messages WHERE kind = 'closed' AND state <> 'pending'`) == 1 {
			return ""
		}
		return "the last message is on its way"
	})
}

// opens follows the link of a letter as the page's script does.
func (i *instance) opens(page, token string) {
	i.t.Helper()
	for text, want := range map[string]int{token: http.StatusOK, token + "x": http.StatusUnprocessableEntity} {
		if got := i.postForm(i.t, page, url.Values{"token": {text}}); got.status != want {
			i.t.Errorf("the link of the letter opens with %d, want %d", got.status, want)
		}
	}
}

func TestTheDoctorSaysOnWhichWaysPeopleAreWrittenTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config notify.Config
		ok     bool
		says   string
	}{
		"nothing":     {notify.Config{}, true, "nobody is written to"},
		"mail":        {notify.Config{PublicURL: "https://heli.example", MessageConfig: notify.MessageConfig{SMTPURL: "smtps://mail.example", MailFrom: "a@b.example"}}, true, "by mail"},
		"no sender":   {notify.Config{PublicURL: "https://heli.example", MessageConfig: notify.MessageConfig{SMTPURL: "smtps://mail.example"}}, false, "--mail-from"},
		"wrong field": {notify.Config{PublicURL: "https://heli.example", MessageConfig: notify.MessageConfig{SMSURL: "https://sms.example/{{to}}"}}, false, "{{to}}"},
	} {
		var e examination
		e.examineMessages(c.config)
		if f := e.findings[0]; f.OK != c.ok || !strings.Contains(f.Text, c.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
