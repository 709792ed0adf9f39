package offer

import (
	"context"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// wanting lets the person of a draft want messages.
func wanting(d *contract.OfferDraft) {
	d.Language, d.TimeZone = "zh-Hant", "Asia/Shanghai"
	d.Consent.Purposes = append(d.Consent.Purposes, contract.PurposeMessages)
}

func asking(id contract.OfferID) contract.AskReach {
	return contract.AskReach{
		ID: string(id), Key: contract.NewID[string](), Reason: "received",
		Channels: []contract.Channel{contract.ChannelMail, contract.ChannelSMS},
	}
}

// noonHere is when nobody in China sleeps.
var noonHere = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

func TestReachRecordsEveryReadingBeforeItIsMade(t *testing.T) {
	b, directory := setupBus(t)
	b.clock.Set(noonHere)
	id := b.offered(t, wanting).ID
	q := asking(id)
	got, err := b.Reach(asSystem(t), q)
	must(t, err)
	if got.Channel != contract.ChannelMail || got.Address != "demo@example.org" || got.Language != "zh-Hant" || got.Code == "" || got.Person == "" {
		t.Fatalf("%+v", got)
	}
	if entry := <-directory.entries; entry.Key != q.Key || entry.SubjectID != string(id) || entry.Action != contract.ActReachHelper || entry.Reason != "received" || entry.Path != xian {
		t.Errorf("recorded %+v", entry)
	}
	directory.refuse = true
	got, err = b.Reach(asSystem(t), asking(id))
	if !fault.Is(err, fault.Unavailable) || got.Address != "" {
		t.Errorf("without a record: %+v %v", got, err)
	}
}

func TestReachIsForServicesAlone(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	id := b.offered(t, wanting).ID
	for _, role := range []contract.Role{contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleIntegrator, contract.RolePublic} {
		_, err := b.Reach(as(t, role, contract.RootPath), asking(id))
		wantFault(t, err, fault.NotFound, "")
		_, err = b.Bounced(as(t, role, contract.RootPath), contract.Bounced{ID: string(id)})
		wantFault(t, err, fault.NotFound, "")
	}
	_, err := b.Reach(asOfferer(t, id), asking(id))
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Reach(asSystem(t), asking(contract.NewID[contract.OfferID]()))
	wantFault(t, err, fault.NotFound, "")
}

func TestMessagesAreWantedOrNot(t *testing.T) {
	b, directory := setupBus(t)
	b.clock.Set(noonHere)
	id := b.offered(t).ID
	refused := func(why string) {
		t.Helper()
		got, err := b.Reach(asSystem(t), asking(id))
		must(t, err)
		if got.Refusal != why || (got.Address == "") != (why != "") {
			t.Errorf("%+v, want %q", got, why)
		}
	}
	refused(contract.RefusedConsent)
	for _, given := range []bool{true, true, false, true} {
		_, err := b.ChangeConsent(asOfferer(t, id), contract.ChangeConsent{ID: string(id), Purpose: contract.PurposeMessages, Given: given})
		must(t, err)
		if given {
			refused("")
		} else {
			refused(contract.RefusedConsent)
		}
		shown, err := b.Get(asSystem(t), contract.GetByID{ID: string(id)})
		must(t, err)
		if shown.Consent.Has(contract.PurposeMessages) != given || !shown.Consent.Has(contract.PurposeContact) {
			t.Errorf("consent %v after %v", shown.Consent.Purposes, given)
		}
	}
	_, err := b.Erase(asSystem(t), contract.Move{ID: string(id)})
	must(t, err)
	refused(contract.RefusedErased)
	if n := len(directory.entries); n != 3 {
		t.Errorf("%d readings recorded, want one for each address given: 3", n)
	}
}

func TestMailThatBouncesIsMarkedUntilItIsCorrected(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	id := b.offered(t, wanting).ID
	bounces := func() bool {
		t.Helper()
		shown, err := b.Get(as(t, contract.RoleCoordinator, xian), contract.GetByID{ID: string(id)})
		must(t, err)
		return shown.MailBounces
	}
	got, err := b.Reach(asSystem(t), asking(id))
	must(t, err)
	_, err = b.Bounced(asSystem(t), contract.Bounced{ID: string(id), Person: "of another address"})
	must(t, err)
	if bounces() {
		t.Error("another address bounced, and this one is marked")
	}
	for range 2 {
		_, err = b.Bounced(asSystem(t), contract.Bounced{ID: string(id), Person: got.Person})
		must(t, err)
	}
	if !bounces() {
		t.Error("nobody sees that mail bounces")
	}
	if got, err = b.Reach(asSystem(t), asking(id)); err != nil || got.Channel != contract.ChannelSMS {
		t.Errorf("%+v %v, want the phone", got, err)
	}
	shown, err := b.Get(asSystem(t), contract.GetByID{ID: string(id)})
	must(t, err)
	_, err = b.Correct(asOfferer(t, id), contract.CorrectOffer{
		ID: id, Version: shown.Version, Contact: &contract.Contact{Name: "演示甲", Email: "new@example.org"},
	})
	must(t, err)
	if bounces() {
		t.Error("the corrected address is marked")
	}
}

// TestHowOftenMessagesComeIsTheirReadersChoice: by their own token, kept with the offer
// and gone with it.
func TestHowOftenMessagesComeIsTheirReadersChoice(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	id := b.offered(t, wanting).ID
	choose := func(digest contract.Digest) contract.ChooseDigest {
		return contract.ChooseDigest{ID: string(id), Digest: digest}
	}
	before, err := b.Get(asOfferer(t, id), contract.GetByID{ID: string(id)})
	must(t, err)
	if before.Digest != contract.DigestNone {
		t.Errorf("chosen before: %q", before.Digest)
	}
	for range 2 {
		_, err = b.ChooseDigest(asOfferer(t, id), choose(contract.DigestDaily))
		must(t, err)
	}
	after, err := b.Get(asOfferer(t, id), contract.GetByID{ID: string(id)})
	must(t, err)
	if after.Digest != contract.DigestDaily || after.Version != before.Version {
		t.Errorf("%q, version %d after %d", after.Digest, after.Version, before.Version)
	}
	q := asking(id)
	q.Since = noonHere
	got, err := b.Reach(asSystem(t), q)
	must(t, err)
	if morning := noonHere.Add(20 * time.Hour); got.NotBefore == nil || !got.NotBefore.Equal(morning) || got.Address != "" {
		t.Errorf("%+v, want it to wait until %s", got, morning)
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		q    contract.ChooseDigest
		kind fault.Kind
	}{
		"staff":        {as(t, contract.RoleCoordinator, xian), choose(contract.DigestNone), fault.Forbidden},
		"another side": {contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleRequester, Subject: string(id)}), choose(contract.DigestNone), fault.Forbidden},
		"another":      {asOfferer(t, contract.NewID[contract.OfferID]()), choose(contract.DigestNone), fault.NotFound},
		"hourly":       {asOfferer(t, id), choose(contract.DigestHourly), fault.Invalid},
		"nothing":      {asOfferer(t, id), choose(""), fault.Invalid},
	} {
		if _, err := b.ChooseDigest(c.ctx, c.q); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = b.Erase(asOfferer(t, id), contract.Move{ID: string(id)})
	must(t, err)
	_, err = b.ChooseDigest(asOfferer(t, id), choose(contract.DigestNone))
	wantFault(t, err, fault.NotFound, "")
}

// TestTheChoiceIsTheHelpersForAllTheirOffers: those there are and those to come, but not
// of somebody else, and not by who only wrote their phone down.
func TestTheChoiceIsTheHelpersForAllTheirOffers(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	digest := func(id contract.OfferID) contract.Digest {
		t.Helper()
		o, err := b.Get(asOfferer(t, id), contract.GetByID{ID: string(id)})
		must(t, err)
		return o.Digest
	}
	choose := func(id contract.OfferID, digest contract.Digest) {
		t.Helper()
		_, err := b.ChooseDigest(asOfferer(t, id), contract.ChooseDigest{ID: string(id), Digest: digest})
		must(t, err)
	}
	first, second := b.available(t, wanting).ID, b.available(t, wanting).ID
	other := b.available(t, wanting, func(d *contract.OfferDraft) { d.Contact.Phone = "+861000000 9999" }).ID
	claimed := b.offered(t, wanting).ID
	choose(claimed, contract.DigestDaily)
	if digest(first) != contract.DigestNone || digest(claimed) != contract.DigestDaily {
		t.Errorf("who wrote a phone down chose %q for its owner, %q for themselves", digest(first), digest(claimed))
	}
	choose(second, contract.DigestDaily)
	later := b.available(t, wanting).ID
	for id, want := range map[contract.OfferID]contract.Digest{
		first: contract.DigestDaily, second: contract.DigestDaily, later: contract.DigestDaily, other: contract.DigestNone,
	} {
		if got := digest(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	choose(first, contract.DigestNone)
	if got := digest(later); got != contract.DigestNone {
		t.Errorf("taken back it is %q", got)
	}
	choose(first, contract.DigestDaily)
	for _, id := range []contract.OfferID{first, second, later} {
		if id != second {
			_, err := b.Erase(asOfferer(t, id), contract.Move{ID: string(id)})
			must(t, err)
		}
	}
	if got := digest(second); got != contract.DigestDaily {
		t.Errorf("with the others erased it is %q", got)
	}
}

// TestWhoIsSafeAtNightAloneIsWrittenToAtNight: the hours that somebody named count
// before those at which people are awake.
func TestWhoIsSafeAtNightAloneIsWrittenToAtNight(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	id := b.offered(t, wanting, func(d *contract.OfferDraft) { d.Contact.SafeHours = "22:00-23:00" }).ID
	night := noonHere.Add(10 * time.Hour)
	got, err := b.Reach(asSystem(t), asking(id))
	must(t, err)
	if got.NotBefore == nil || !got.NotBefore.Equal(night) || got.Address != "" {
		t.Errorf("by day: %+v, want %s", got, night)
	}
	b.clock.Set(night)
	if got, err = b.Reach(asSystem(t), asking(id)); err != nil || got.Address == "" {
		t.Errorf("at ten at night: %+v %v", got, err)
	}
}
