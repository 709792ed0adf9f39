package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// dailyDigest is the value of the choice that the tests make.
const dailyDigest = string(contract.DigestDaily)

func (s *services) chooseRequestDigest(ctx context.Context, q contract.ChooseDigest) (contract.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, request := contract.ActorFrom(ctx), s.requests[q.ID]
	if request == nil || a.Role != contract.RoleRequester || a.Subject != q.ID {
		return contract.Empty{}, fault.NewNotFound("request")
	}
	return contract.Empty{}, choose(&request.Digest, q)
}

func (s *services) chooseOfferDigest(ctx context.Context, q contract.ChooseDigest) (contract.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, offer := contract.ActorFrom(ctx), s.offers[q.ID]
	if offer == nil || a.Role != contract.RoleOfferer || a.Subject != q.ID {
		return contract.Empty{}, fault.NewNotFound("offer")
	}
	return contract.Empty{}, choose(&offer.Digest, q)
}

func choose(digest *contract.Digest, q contract.ChooseDigest) error {
	if q.Digest != contract.DigestNone && q.Digest != contract.DigestDaily {
		return fault.NewInvalid(fault.Field{Location: "digest", Code: "unknown"})
	}
	*digest = q.Digest
	return nil
}

// chosen is what the form of a page shows as chosen; empty where it has no form.
func (r *reader) chosen(action string) string {
	_, form, found := strings.Cut(r.page, `action="`+action+`"`)
	if !found {
		return ""
	}
	form, _, _ = strings.Cut(form, "</form>")
	for _, input := range strings.Split(form, "<input")[1:] {
		input, _, _ = strings.Cut(input, ">")
		if _, value, found := strings.Cut(input, `value="`); found && strings.Contains(input, " checked") {
			value, _, _ = strings.Cut(value, `"`)
			return value
		}
	}
	return ""
}

func TestARequesterChoosesHowOftenMessagesCome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.channels = []contract.Channel{contract.ChannelMail}
	r := b.reader()
	r.post("/request", requestForm(key(44)))
	r.get("/track").shows(http.StatusOK)
	if strings.Contains(r.page, "/track/digest") {
		t.Error("who wants no messages chooses how often they come")
	}
	form := requestForm(key(45))
	form.Set("messages", "on")
	r.post("/request", form)
	r.get("/track").shows(http.StatusOK, "每天汇总一次")
	if got := r.chosen("/track/digest"); got != "none" {
		t.Errorf("at first %q is chosen", got)
	}
	r.post("/track/digest", url.Values{"digest": {dailyDigest}}).shows(http.StatusOK)
	if got := r.chosen("/track/digest"); got != dailyDigest || b.requests[r.tracked()].Digest != contract.DigestDaily {
		t.Errorf("the page shows %q, kept is %q", got, b.requests[r.tracked()].Digest)
	}
	r.post("/track/data", nil).shows(http.StatusOK)
	if got := r.chosen("/track/digest"); got != dailyDigest {
		t.Errorf("one's own data shows %q", got)
	}
	r.post("/track/data.json", nil).shows(http.StatusOK, `"digest": "daily"`)
	r.post("/track/digest", url.Values{"digest": {"hourly"}}).shows(http.StatusUnprocessableEntity)
	r.post("/track/digest", url.Values{"digest": {"none"}}).shows(http.StatusOK)
	if got := b.requests[r.tracked()].Digest; got != contract.DigestNone {
		t.Errorf("back again: %q", got)
	}
	b.reader().post("/track/digest", url.Values{"digest": {dailyDigest}}).shows(http.StatusOK, `name="pin"`)
}

func TestAHelperChoosesHowOftenMessagesCome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.channels = []contract.Channel{contract.ChannelMail}
	giver := b.reader()
	form := offerForm(key(46))
	form.Set("messages", "on")
	giver.post("/offer", form)
	offer := giver.tracked()
	owner := b.reader()
	owner.post("/request", requestForm(key(47)))
	m := b.addMatch(owner.tracked(), offer, "proposed")
	h := b.reader()
	h.post("/answer", url.Values{"token": {site.Token(b.world.Keys, site.Answer, string(m.ID), 1)}})
	h.get("/answer/terms").shows(http.StatusOK, "每天汇总一次")
	h.post("/answer/digest", url.Values{"digest": {dailyDigest}}).shows(http.StatusOK, "已保存")
	if got := h.chosen("/answer/digest"); got != dailyDigest || b.offers[offer].Digest != contract.DigestDaily {
		t.Errorf("the page shows %q, kept is %q", got, b.offers[offer].Digest)
	}
	h.post("/answer/digest", url.Values{"digest": {"never"}}).shows(http.StatusUnprocessableEntity)
	giver.get("/track")
	if got := giver.chosen("/track/digest"); got != dailyDigest {
		t.Errorf("the page of the offer shows %q", got)
	}
	b.reader().post("/answer/digest", url.Values{"digest": {"none"}}).shows(http.StatusOK, `name="pin"`)
	if got := b.offers[offer].Digest; got != contract.DigestDaily {
		t.Errorf("a stranger chose %q", got)
	}
}

// The page that ends messages offers fewer of them; a mail program that posts by
// itself ends them all the same.
func TestWhoUnsubscribesMayHaveFewerMessages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.channels = []contract.Channel{contract.ChannelMail}
	r := b.reader()
	form := requestForm(key(48))
	form.Set("messages", "on")
	r.post("/request", form)
	request, offer := r.tracked(), contract.NewID[string]()
	b.offers[offer] = &contract.Offer{ID: contract.OfferID(offer), Consent: contract.Consent{Purposes: []string{contract.PurposeMessages}}}
	for _, id := range []string{request, offer} {
		link := "/unsubscribe/" + site.Token(b.world.Keys, site.Unsubscribe, id, 0)
		stranger := b.reader()
		stranger.get(link).shows(http.StatusOK, `name="digest" value="daily"`)
		stranger.post(link, url.Values{"digest": {dailyDigest}}).shows(http.StatusOK, "以后每天汇总一次")
	}
	q, o := b.requests[request], b.offers[offer]
	if q.Digest != contract.DigestDaily || o.Digest != contract.DigestDaily || !q.Consent.Has(contract.PurposeMessages) || !o.Consent.Has(contract.PurposeMessages) {
		t.Errorf("request %q %v, offer %q %v", q.Digest, q.Consent, o.Digest, o.Consent)
	}
}
