package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/bounce"
	"heli/services/web/site"
)

const bounceSecret = "a secret for what comes back"

const bounced = "To: bounces+abcdefghijklmnopqrstuvwxyz-abcdefghijklmnop@heli.example\r\n" +
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n" +
	"Final-Recipient: rfc822; planted@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"

func (s *services) answerBounces(server *bus.Server) error {
	return bus.Handle(server, contract.NotifyBounce, func(ctx context.Context, q contract.MailBounce) (contract.Empty, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if contract.ActorFrom(ctx).Role == contract.RoleSystem {
			s.bounces = append(s.bounces, q)
		}
		return contract.Empty{}, s.bounceErr
	})
}

func (s *services) answerEndNotices(server *bus.Server) error {
	return bus.Handle(server, contract.DirectoryEndNotices, func(ctx context.Context, q contract.PersonByID) (contract.Empty, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if contract.ActorFrom(ctx).Subject != string(q.ID) {
			return contract.Empty{}, fault.NewNotFound("person")
		}
		s.ended = append(s.ended, q.ID)
		return contract.Empty{}, nil
	})
}

// TestMailThatComesBackIsTaken posts as a mail server's pipe does.
func TestMailThatComesBackIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := func(authorisation, body string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.address+"/inbound/bounce", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "message/rfc822")
		if user, password, basic := strings.Cut(authorisation, ":"); basic {
			request.SetBasicAuth(user, password)
		} else if authorisation != "" {
			request.Header.Set("Authorization", "Bearer "+authorisation)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(response.Body)
		if closing := response.Body.Close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		return response.StatusCode, string(answer)
	}
	for name, c := range map[string]struct {
		authorisation, body string
		notify              error
		status              int
		says                string
	}{
		"by bearer":         {bounceSecret, bounced, nil, http.StatusOK, "noted"},
		"by basic":          {"postfix:" + bounceSecret, bounced, nil, http.StatusOK, "noted"},
		"no secret":         {"", bounced, nil, http.StatusUnauthorized, "inbound_proof"},
		"a wrong secret":    {bounceSecret + "x", bounced, nil, http.StatusUnauthorized, "inbound_proof"},
		"no notification":   {bounceSecret, "To: x\r\n\r\nI am away", nil, http.StatusUnprocessableEntity, "bounce_no_report"},
		"too large":         {bounceSecret, strings.Repeat("x", bounce.MaxBytes+1), nil, http.StatusRequestEntityTooLarge, ""},
		"unknown":           {bounceSecret, bounced, fault.NewNotFound("message"), http.StatusNotFound, "not_found"},
		"to be posted anew": {bounceSecret, bounced, fault.NewUnavailable(errors.New("away")), http.StatusServiceUnavailable, "unavailable"},
	} {
		b.mu.Lock()
		b.bounces, b.bounceErr = nil, c.notify
		b.mu.Unlock()
		status, answer := post(c.authorisation, c.body)
		if status != c.status || !strings.Contains(answer, c.says) || strings.Contains(answer, "planted") {
			t.Errorf("%s: %d %s", name, status, answer)
		}
		b.mu.Lock()
		passed := len(b.bounces) == 1 && b.bounces[0] == contract.MailBounce{Token: "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnop", Action: "failed", Status: "5.1.1"}
		b.mu.Unlock()
		if wanted := c.status == http.StatusOK || c.notify != nil; passed != wanted {
			t.Errorf("%s: passed on %v", name, passed)
		}
	}
}

func TestStaffUnsubscribeByALinkThatSignsNobodyIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := contract.NewID[contract.PersonID]()
	link := "/unsubscribe/" + site.Token(b.world.Keys, site.Notices, string(person), 0)
	stranger := b.reader()
	stranger.get(link).shows(http.StatusOK, "与您有关的事项", `action="`+link+`"`)
	if len(b.ended) != 0 {
		t.Fatal("opening the link changed something")
	}
	stranger.post("/unsubscribe/"+site.Token(b.world.Keys, site.Notices, string(contract.NewID[contract.PersonID]()), 0)+"x", nil).shows(http.StatusNotFound)
	for range 2 {
		stranger.post(link, url.Values{"List-Unsubscribe": {"One-Click"}}).shows(http.StatusOK, "不会再发送通知")
	}
	if len(b.ended) != 2 || b.ended[0] != person {
		t.Errorf("ended %v", b.ended)
	}
	if stranger.get("/console/account"); stranger.path != "/console/login" {
		t.Errorf("the link signs in: %s", stranger.path)
	}
}
