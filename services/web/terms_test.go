package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/services/web/site"
)

// TestAHelperSaysHowMuchMayBeAsked opens the page by the answer's link, sets hours
// and a limit, pauses and ends the offer.
func TestAHelperSaysHowMuchMayBeAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	giver := b.reader()
	giver.post("/offer", offerForm(key(70)))
	owner := b.reader()
	owner.post("/request", requestForm(key(71)))
	m := b.addMatch(owner.tracked(), giver.tracked(), "proposed")
	h := b.reader()
	h.get("/answer/terms").shows(http.StatusOK, `name="pin"`)
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}})
	h.shows(http.StatusOK, `href="/answer/terms"`)
	h.get("/answer/terms").shows(http.StatusOK, `name="weekly_budget"`, "已提议", `value="pause"`)
	other := b.addMatch(owner.tracked(), giver.tracked(), "proposed")
	ended := b.addMatch(owner.tracked(), giver.tracked(), "confirmed")
	token := site.Token(b.world.Keys, site.Answer, string(other.ID), 1)
	h.get("/answer/terms").shows(http.StatusOK, `value="`+token+`"`)
	if strings.Contains(h.page, site.Token(b.world.Keys, site.Answer, string(ended.ID), 1)) {
		t.Error("a match that is over can be opened from another")
	}
	h.post("/answer", url.Values{"token": {token}}).shows(http.StatusOK, other.Code)
	h.post("/answer/terms", url.Values{
		"version": {"1"}, "weekly_budget": {"2"}, "weekly_hours": {"6"}, "rest_days": {"1"}, "heavy_hours": {"3"}, "windows.days": {"6", "7"}, "windows.from": {"09:00"}, "windows.to": {"12:30"},
	}).shows(http.StatusOK, "已保存", `value="2"`, `value="09:00"`)
	two := int64(2)
	want := []contract.SetTerms{{ID: m.OfferID, Version: 1, Terms: contract.HelperTerms{
		Windows: []contract.Window{{Weekday: 6, From: "09:00", To: "12:30"}, {Weekday: 7, From: "09:00", To: "12:30"}}, WeeklyBudget: &two,
		WeeklyHours: new(int64(6)), RestDays: 1, HeavyHours: 3,
	}}}
	if diff := cmp.Diff(want, b.terms); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
	h.post("/answer/terms", url.Values{"version": {"2"}, "weekly_budget": {"viele"}}).shows(http.StatusUnprocessableEntity, `value="viele"`)
	h.post("/answer/terms", url.Values{"version": {"1"}, "weekly_budget": {"5"}}).shows(http.StatusConflict)
	h.post("/answer/offer", url.Values{"version": {"2"}, "move": {"block"}}).shows(http.StatusConflict)
	h.post("/answer/offer", url.Values{"version": {"2"}, "move": {"pause"}}).shows(http.StatusOK, "已暂停")
	if move := b.lastMove(t); move.ID != string(m.OfferID) || move.Move != "pause" {
		t.Errorf("moved %+v", move)
	}
	stranger := b.reader()
	stranger.post("/answer/terms", url.Values{"weekly_budget": {"0"}}).shows(http.StatusOK, `name="pin"`)
	if len(b.terms) != 1 || strings.Contains(stranger.page, "weekly_budget") {
		t.Error("a stranger sets a helper's terms")
	}
}
