package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
)

// answerMessages answers about messages to people, on the channels given.
func (d *desk) answerMessages(channels ...contract.Channel) {
	next := began.Add(time.Hour)
	all := []contract.Message{
		{
			ID: contract.NewID[contract.MessageID](), Kind: "proposal", Thing: contract.ThingOffer, SubjectID: contract.NewID[string](),
			Code: "QGGN-M49W3", Channel: contract.ChannelMail, State: "dead", Reason: "bounced", CreatedAt: began,
			Attempts: []contract.Attempt{{N: 1, At: began, StatusCode: 451, Reason: "status"}, {N: 2, At: began, StatusCode: 550, Reason: "bounced"}},
		},
		{
			ID: contract.NewID[contract.MessageID](), Kind: "came", Thing: contract.ThingRequest, SubjectID: string(requestID),
			State: "pending", CreatedAt: began, NextAt: &next, Attempts: []contract.Attempt{},
		},
	}
	stub(d, contract.NotifyChannels, func(context.Context, contract.Empty) (contract.Channels, error) {
		return contract.Channels{Channels: channels}, nil
	})
	stub(d, contract.NotifyMessages, func(_ context.Context, q contract.ListMessages) (contract.Listing[contract.Message], error) {
		found := contract.Listing[contract.Message]{Items: []contract.Message{}}
		for _, m := range all {
			if q.SubjectID == "" || q.SubjectID == m.SubjectID {
				found.Items = append(found.Items, m)
			}
		}
		return found, nil
	})
}

func TestTheLogOfMessagesNamesNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerMessages(contract.ChannelMail)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/messages?state=dead").shows(t, http.StatusOK, "Proposal", "QGGN-M49W3", "Mail", "550", "no such mailbox", "not tried yet")
	if asked := last[contract.ListMessages](d, contract.NotifyMessages.Subject); len(asked.States) != 1 || asked.States[0] != "dead" {
		t.Errorf("asked %+v", asked)
	}
	r.get("/console/messages?subject="+string(requestID)).shows(t, http.StatusOK, "Did it come?", "All messages")
	if got := d.signIn(contract.RoleIntegrator).get("/console/messages"); got.status != http.StatusForbidden {
		t.Errorf("an integrator reads the log: %d", got.status)
	}
}

func TestWithoutAWayToPeopleTheLogSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerMessages()
	d.signIn(contract.RoleCoordinator).get("/console/messages").shows(t, http.StatusOK, "No mail server")
}

func TestMailThatBouncesIsSeenBesideTheContact(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	const says = "Mail to this address does not arrive"
	if got := r.get("/console/requests/" + string(requestID)); got.status != http.StatusOK || strings.Contains(got.body, says) {
		t.Fatalf("%d before anything bounced", got.status)
	}
	d.mu.Lock()
	d.request.MailBounces, d.offer.MailBounces = true, true
	d.mu.Unlock()
	r.get("/console/requests/"+string(requestID)).shows(t, http.StatusOK, says, "/console/messages?subject="+string(requestID))
	r.get("/console/offers/"+string(d.offer.ID)).shows(t, http.StatusOK, says)
}
