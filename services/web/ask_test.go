package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// addAsk asks the helper of an offer about a request.
func (s *services) addAsk(request, offer string) *contract.Ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &contract.Ask{
		ID: contract.NewID[contract.AskID](), Code: contract.NewCode(), State: "asked", Version: 1, RequestID: contract.RequestID(request),
		OfferID: contract.OfferID(offer), Category: "ppe", Quantity: 300, Unit: "piece", Until: time.Now().Add(time.Hour), Generation: 1,
		Moves: []string{"accept", "decline", "not_now", "suggest_time", "hand_on"},
	}
	s.asks[string(a.ID)] = a
	return a
}

func (s *services) moveAsk(ctx context.Context, m contract.Move) (contract.Ask, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.asks[m.ID]
	switch {
	case contract.ActorFrom(ctx).Subject != m.ID:
		return contract.Ask{}, fault.NewNotFound("ask")
	case m.Version != nil && *m.Version != a.Version:
		return contract.Ask{}, fault.NewConflict("stale_version", "")
	case m.Move == "hand_on":
		return contract.Ask{}, fault.NewConflict("no_colleague", "")
	}
	s.moves = append(s.moves, m)
	a.Version++
	switch m.Move {
	case "suggest_time":
		a.OtherTime = m.At
	case "accept":
		for _, match := range s.matches {
			a.State, a.MatchID, a.Moves = "accepted", match.ID, nil
		}
	default:
		a.State = map[string]string{"decline": "declined", "not_now": "not_now"}[m.Move]
	}
	return *a, nil
}

// TestAHelperAnswersAnAskByItsLink: suggests a time, is told what is wrong, says
// yes, and goes on with the match's page by the same cookie.
func TestAHelperAnswersAnAskByItsLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner, giver := b.reader(), b.reader()
	owner.post("/request", requestForm(key(80)))
	giver.post("/offer", offerForm(key(81)))
	a := b.addAsk(owner.tracked(), giver.tracked())
	giver.post("/track/data", nil).shows(http.StatusOK, a.Code)
	h := b.reader()
	token := site.Token(b.world.Keys, site.Answer, string(a.ID), 1)
	h.post("/answer", url.Values{"token": {token}})
	h.shows(http.StatusOK, "防护物资", "雁塔区", "300", "我可以帮", "现在不方便", "换个时间可以", "请同事来做")
	if strings.Contains(h.page, "病区急需口罩") || strings.Contains(h.page, "张三") || len(b.moves) != 0 {
		t.Error("the page shows too much, or opening it made a move")
	}
	h.get("/answer/terms").shows(http.StatusOK, `name="weekly_budget"`)
	h.post("/answer/ask", url.Values{"move": {"decline"}, "version": {"1"}}).shows(http.StatusUnprocessableEntity, "f-reason-error")
	h.post("/answer/ask", url.Values{"move": {"suggest_time"}, "version": {"1"}, "at": {"soon"}}).shows(http.StatusUnprocessableEntity, "f-at-error", `value="soon"`)
	h.post("/answer/ask", url.Values{"move": {"suggest_time"}, "version": {"1"}, "at": {"2031-05-01T09:30"}}).shows(http.StatusOK, "您提出的时间是")
	if move := b.lastMove(t); move.At == nil || move.At.Minute() != 30 {
		t.Errorf("suggested %+v", move)
	}
	h.post("/answer/ask", url.Values{"move": {"hand_on"}, "version": {"2"}, "colleague": {"nonsense"}}).shows(http.StatusUnprocessableEntity, "f-colleague-error")
	h.post("/answer/ask", url.Values{"move": {"hand_on"}, "version": {"2"}}).shows(http.StatusConflict, "没有合适且可以询问的同事")
	h.post("/answer/ask", url.Values{"move": {"no_show"}, "version": {"2"}}).shows(http.StatusConflict)
	b.addMatch(owner.tracked(), giver.tracked(), "accepted")
	h.post("/answer/ask", url.Values{"move": {"accept"}, "version": {"2"}}).shows(http.StatusOK, "病区急需口罩", `action="/answer/move"`)
	// The ask's own link leads on to the match, and two answers at once are told apart.
	late := b.reader()
	late.post("/answer", url.Values{"token": {token}})
	late.shows(http.StatusOK, "查看您的帮助", `name="token"`)
	late.post("/answer/ask", url.Values{"move": {"not_now"}, "version": {"2"}}).shows(http.StatusConflict, "已答应")
}

// TestAnAskThatIsFilledIsThanked, and who would step in may say so.
func TestAnAskThatIsFilledIsThanked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.addAsk(contract.NewID[string](), contract.NewID[string]())
	b.set(func() { a.State, a.Moves = "filled", []string{"accept", "decline"} })
	h := b.reader()
	h.post("/answer", url.Values{"code": {a.Code}, "pin": {site.Pin(b.world.Keys, site.Answer, string(a.ID), 1)}})
	h.shows(http.StatusOK, "人手够了。谢谢您。", "可以，我候补")
	if strings.Contains(h.page, "这次不方便") {
		t.Error("who was told that it is filled is asked to decline")
	}
	b.set(func() { a.StandsBy = true })
	h.get("/answer").shows(http.StatusOK, "您是候补", "我不再候补")
	stranger := b.reader()
	stranger.post("/answer/ask", url.Values{"move": {"accept"}}).shows(http.StatusOK, `name="pin"`)
	wrong := b.reader()
	wrong.post("/answer", url.Values{"token": {strings.TrimSuffix(site.Token(b.world.Keys, site.Answer, string(a.ID), 1), "A") + "B"}}).
		shows(http.StatusUnprocessableEntity, `name="pin"`)
}
