package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/site"
)

func TestHelperAnswersByLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.reader()
	owner.post("/request", requestForm(key(10)))
	m := b.addMatch(owner.tracked(), "", "proposed")
	h := b.reader()
	h.get("/answer").shows(http.StatusOK, "data-hash-form", `name="pin"`)
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}})
	h.shows(http.StatusOK, "防护物资", "雁塔区", "300")
	if strings.Contains(h.page, "病区急需口罩") || strings.Contains(h.page, "张三") || len(b.moves) != 0 {
		t.Error("the page shows too much, or opening it made a move")
	}
	h.post("/answer/move", url.Values{"move": {"decline"}, "version": {"1"}}).shows(http.StatusUnprocessableEntity, "f-reason-error")
	h.post("/answer/move", url.Values{"move": {"accept"}, "version": {"1"}}).shows(http.StatusOK, "病区急需口罩")
	if strings.Contains(h.page, "张三") {
		t.Error("the contact is shown before its release")
	}
	b.mu.Lock()
	m.State, m.Moves = "contact_released", movesAfter("contact_released")
	b.mu.Unlock()
	h.get("/answer").shows(http.StatusOK, "张三", "13800001234")
	h.post("/answer/move", url.Values{"move": {"report"}, "quantity": {"301"}}).shows(http.StatusUnprocessableEntity, "f-quantity-error")
	h.post("/answer/move", url.Values{"move": {"report"}, "quantity": {"250"}}).shows(http.StatusOK)
	if move := b.lastMove(t); move.Move != "report" || *move.Quantity != 250 {
		t.Errorf("move %+v", move)
	}
}

// TestALateAnswerIsThanked, whatever it says, and is no mistake of theirs.
func TestALateAnswerIsThanked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.addMatch(contract.NewID[string](), "", "proposed")
	h := b.reader()
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}})
	for _, state := range []string{"hold_expired", "cancelled"} {
		b.mu.Lock()
		m.State, m.Version, m.Moves = state, 2, nil
		b.mu.Unlock()
		for _, move := range []string{"accept", "decline", "not_now"} {
			h.post("/answer/move", url.Values{"move": {move}, "version": {"1"}, "reason": {"too_far"}}).shows(http.StatusOK, "谢谢您的答复")
		}
	}
	if len(b.moves) != 0 {
		t.Errorf("moves %+v", b.moves)
	}
}

func TestAHelperCannotThisTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.addMatch(contract.NewID[string](), "", "proposed")
	h := b.reader()
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}}).shows(http.StatusOK, "现在不方便")
	h.post("/answer/move", url.Values{"move": {"not_now"}, "version": {"1"}}).shows(http.StatusOK)
	if b.lastMove(t).Move != "not_now" {
		t.Errorf("moves %+v", b.moves)
	}
}

func TestAHelperHandsAProposalOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.addMatch(contract.NewID[string](), "", "proposed")
	h := b.reader()
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}}).shows(http.StatusOK, `value="hand_on"`)
	h.post("/answer/move", url.Values{"move": {"hand_on"}, "version": {"1"}}).shows(http.StatusOK)
	if b.lastMove(t).Move != "hand_on" {
		t.Errorf("moves %+v", b.moves)
	}
}

func TestHelperDeclinesByCodeAndPin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.addMatch(contract.NewID[string](), "", "proposed")
	h := b.reader()
	h.post("/answer", url.Values{"code": {m.Code}, "pin": {site.Pin(b.world.Keys, site.Answer, string(m.ID), 1)}})
	h.post("/answer/move", url.Values{"move": {"decline"}, "version": {"1"}, "reason": {"too_far"}}).shows(http.StatusOK)
	if b.lastMove(t).Reason != "too_far" {
		t.Error("the reason is lost")
	}
	b.reader().post("/answer/move", url.Values{"move": {"accept"}}).shows(http.StatusOK, `name="pin"`)
}
