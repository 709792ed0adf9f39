package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/services/web/site"
)

// TestOnePressKeepsAQuietOffer asks on the helper's page and on the offer's own,
// where somebody was asked, and nowhere else.
func TestOnePressKeepsAQuietOffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	giver := b.reader()
	giver.post("/offer", offerForm(key(75)))
	owner := b.reader()
	owner.post("/request", requestForm(key(76)))
	m := b.addMatch(owner.tracked(), giver.tracked(), "proposed")
	if giver.get("/track"); strings.Contains(giver.page, `value="keep"`) {
		t.Error("an offer is asked that nobody asked")
	}
	b.mu.Lock()
	b.offers[string(m.OfferID)].AskedAt = new(time.Now())
	b.mu.Unlock()
	giver.get("/track").shows(http.StatusOK, `value="keep"`, "您的资源还有效吗")
	giver.post("/track/move", url.Values{"move": {"keep"}, "version": {"1"}})
	if move := b.lastMove(t); move.Move != "keep" || move.ID != string(m.OfferID) {
		t.Errorf("moved %+v", move)
	}
	h := b.reader()
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}})
	h.get("/answer/terms").shows(http.StatusOK, `value="keep"`, "您的资源还有效吗")
}

// TestCalendarsAskForTheirSecret opens none with a wrong one, and looks alike.
func TestCalendarsAskForTheirSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	h := b.reader()
	for _, path := range []string{
		"/calendar/helper/none", "/calendar/helper/" + site.Token(b.world.Keys, site.Answer, contract.NewID[string](), 1),
		"/calendar/helper/" + site.Token(b.world.Keys, site.Calendar, contract.NewID[string](), 1), "/answer/appointment.ics",
	} {
		h.get(path).shows(http.StatusNotFound)
	}
}
