package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

func (s *services) answerNotify(server *bus.Server) error {
	return first(s.ownMessages(server), s.answerBounces(server), bus.Handle(server, contract.NotifyChannels, func(context.Context, contract.Empty) (contract.Channels, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return contract.Channels{Channels: s.channels}, nil
	}))
}

const wantMessages = "有进展时用邮件或短信通知我"

func TestMessagesAreOfferedWhereTheyAreSent(t *testing.T) {
	t.Parallel()
	for _, channels := range [][]contract.Channel{nil, {contract.ChannelMail}} {
		b := setup(t)
		b.channels = channels
		r := b.reader()
		for _, form := range []string{"/request", "/offer"} {
			r.get(form)
			if shown := strings.Contains(r.page, wantMessages); shown != (channels != nil) {
				t.Errorf("%s with %v offers messages: %v", form, channels, shown)
			}
		}
		r.post("/request", requestForm(key(40)))
		r.post("/track/data", nil)
		if shown := strings.Contains(r.page, "接收通知"); shown != (channels != nil) {
			t.Errorf("with %v one's own data offers messages: %v", channels, shown)
		}
	}
}

func TestWhoWantsMessagesSaysSoAndMayStop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.channels = []contract.Channel{contract.ChannelMail}
	r := b.reader()
	form := requestForm(key(41))
	r.post("/request", form)
	if q := b.requests[r.tracked()]; q.Consent.Has(contract.PurposeMessages) {
		t.Fatal("messages are sent to who did not ask for them")
	}
	form = requestForm(key(42))
	form.Set("messages", "on")
	r.post("/request", form)
	id := r.tracked()
	if q := b.requests[id]; !q.Consent.Has(contract.PurposeMessages) || !q.Consent.Has(contract.PurposeContact) {
		t.Fatalf("consent %+v", q.Consent)
	}
	if lang := b.languages[id]; lang != "zh-Hans" {
		t.Errorf("the draft is in %q", lang)
	}
	for _, given := range []string{"no", "yes"} {
		r.post("/track/consent", url.Values{"purpose": {"messages"}, "given": {given}}).shows(http.StatusOK)
		if q := b.requests[id]; q.Consent.Has(contract.PurposeMessages) != (given == "yes") || !q.Consent.Has(contract.PurposeContact) {
			t.Errorf("consent %+v after %s", q.Consent, given)
		}
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	form := requestForm(key(43))
	form.Set("messages", "on")
	r.post("/request", form)
	id := r.tracked()
	wants := func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.requests[id].Consent.Has(contract.PurposeMessages)
	}
	link := "/unsubscribe/" + site.Token(b.world.Keys, site.Unsubscribe, id, 0)
	stranger := b.reader()
	stranger.get(link).shows(http.StatusOK, "不再接收通知", `action="`+link+`"`)
	if !wants() {
		t.Fatal("opening the link changed something")
	}
	for _, wrong := range []string{
		"/unsubscribe/x", "/unsubscribe/" + site.Token(b.world.Keys, site.Track, id, 0),
		"/unsubscribe/" + site.Token(b.world.Keys, site.Unsubscribe, contract.NewID[string](), 0) + "x",
	} {
		stranger.post(wrong, nil).shows(http.StatusNotFound)
	}
	if !wants() {
		t.Fatal("a wrong link changed something")
	}
	// A mail program posts by itself, twice where it likes.
	for range 2 {
		stranger.post(link, url.Values{"List-Unsubscribe": {"One-Click"}}).shows(http.StatusOK, "不会再发送通知")
		if wants() {
			t.Error("messages go on")
		}
	}
	// Its token does nothing else.
	stranger.post("/track", url.Values{"token": {site.Token(b.world.Keys, site.Unsubscribe, id, 0)}}).shows(http.StatusUnprocessableEntity)
}

// TestAHelperUnsubscribesTheSameWay ends the messages about one offer, and then those
// about all that a letter told of.
func TestAHelperUnsubscribesTheSameWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wants := func(id string) bool { return b.offers[id].Consent.Has(contract.PurposeMessages) }
	var ids, tokens []string
	for n := range 3 {
		ids = append(ids, contract.NewID[string]())
		tokens = append(tokens, site.Token(b.world.Keys, site.Unsubscribe, ids[n], 0))
		b.offers[ids[n]] = &contract.Offer{ID: contract.OfferID(ids[n]), Consent: contract.Consent{Purposes: []string{contract.PurposeMessages}}}
	}
	b.reader().post("/unsubscribe/"+tokens[0], nil).shows(http.StatusOK, "不会再发送通知")
	if wants(ids[0]) || !wants(ids[1]) {
		t.Error("one link ends the messages of another, or not its own")
	}
	all := "/unsubscribe/" + strings.Join(tokens, contract.TokensApart)
	b.reader().post(all+"x", nil).shows(http.StatusNotFound)
	if !wants(ids[1]) {
		t.Error("a link of which a part is wrong ends messages")
	}
	b.reader().get(all).shows(http.StatusOK, "不再接收通知", `action="`+all+`"`)
	b.reader().post(all, url.Values{"List-Unsubscribe": {"One-Click"}}).shows(http.StatusOK, "不会再发送通知")
	if wants(ids[1]) || wants(ids[2]) {
		t.Error("messages go on")
	}
}

func (s *services) changeOfferConsent(ctx context.Context, q contract.ChangeConsent) (contract.Moved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.offers[q.ID]
	if o == nil || contract.ActorFrom(ctx).Subject != q.ID || contract.ActorFrom(ctx).Role != contract.RoleOfferer {
		return contract.Moved{}, fault.NewNotFound("offer")
	}
	o.Consent = o.Consent.With(q.Purpose, q.Given)
	return contract.Moved{ID: q.ID}, nil
}
