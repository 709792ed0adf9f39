package request

import (
	"context"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// wanting lets the person of a draft want messages.
func wanting(d *contract.RequestDraft) {
	d.Language, d.TimeZone = "zh-Hant", "Asia/Shanghai"
	d.Consent.Purposes = append(d.Consent.Purposes, contract.PurposeMessages)
}

func asking(id contract.RequestID) contract.AskReach {
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
	id := b.opened(t, wanting).ID
	q := asking(id)
	got, err := b.Reach(asSystem(t), q)
	must(t, err)
	if got.Channel != contract.ChannelMail || got.Address != "demo@example.org" || got.Language != "zh-Hant" || got.Code == "" || got.Person == "" {
		t.Fatalf("%+v", got)
	}
	if entry := <-directory.entries; entry.Key != q.Key || entry.SubjectID != string(id) || entry.Action != contract.ActReachRequester || entry.Reason != "received" || entry.Path != xian {
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
	id := b.opened(t, wanting).ID
	for _, role := range []contract.Role{contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleIntegrator, contract.RolePublic} {
		_, err := b.Reach(as(t, role, contract.RootPath), asking(id))
		wantFault(t, err, fault.NotFound, "")
		_, err = b.Bounced(as(t, role, contract.RootPath), contract.Bounced{ID: string(id)})
		wantFault(t, err, fault.NotFound, "")
	}
	_, err := b.Reach(asRequester(t, id), asking(id))
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Reach(asSystem(t), asking(contract.NewID[contract.RequestID]()))
	wantFault(t, err, fault.NotFound, "")
}

func TestMessagesAreWantedOrNot(t *testing.T) {
	b, directory := setupBus(t)
	b.clock.Set(noonHere)
	id := b.opened(t).ID
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
		_, err := b.ChangeConsent(asRequester(t, id), contract.ChangeConsent{ID: string(id), Purpose: contract.PurposeMessages, Given: given})
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
	id := b.opened(t, wanting).ID
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
	_, err = b.Correct(asRequester(t, id), contract.CorrectRequest{
		ID: id, Version: shown.Version, Contact: &contract.Contact{Name: "演示甲", Email: "new@example.org"},
	})
	must(t, err)
	if bounces() {
		t.Error("the corrected address is marked")
	}
}

func TestASensitiveNeedIsToldOfDiscreetly(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	for name, c := range map[string]struct {
		change func(*contract.RequestDraft)
		want   bool
	}{
		"masks":      {func(*contract.RequestDraft) {}, false},
		"sensitive":  {func(d *contract.RequestDraft) { d.NeedLines[0].Category, d.NeedLines[0].Item = "psych", "" }, true},
		"violence":   {func(d *contract.RequestDraft) { d.Vulnerability = []string{"violence"} }, true},
		"safe hours": {func(d *contract.RequestDraft) { d.Contact.SafeHours = "after 9:00" }, true},
	} {
		got, err := b.Reach(asSystem(t), asking(b.opened(t, wanting, c.change).ID))
		must(t, err)
		if got.Discreet != c.want {
			t.Errorf("%s: discreet %v", name, got.Discreet)
		}
	}
}

// TestHowOftenMessagesComeIsTheirReadersChoice: by their own token, kept with the request
// and gone with it.
func TestHowOftenMessagesComeIsTheirReadersChoice(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	id := b.opened(t, wanting).ID
	choose := func(digest contract.Digest) contract.ChooseDigest {
		return contract.ChooseDigest{ID: string(id), Digest: digest}
	}
	before, err := b.Get(asRequester(t, id), contract.GetByID{ID: string(id)})
	must(t, err)
	if before.Digest != contract.DigestNone {
		t.Errorf("chosen before: %q", before.Digest)
	}
	for range 2 {
		_, err = b.ChooseDigest(asRequester(t, id), choose(contract.DigestDaily))
		must(t, err)
	}
	after, err := b.Get(asRequester(t, id), contract.GetByID{ID: string(id)})
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
		"another side": {contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleOfferer, Subject: string(id)}), choose(contract.DigestNone), fault.Forbidden},
		"another":      {asRequester(t, contract.NewID[contract.RequestID]()), choose(contract.DigestNone), fault.NotFound},
		"hourly":       {asRequester(t, id), choose(contract.DigestHourly), fault.Invalid},
		"nothing":      {asRequester(t, id), choose(""), fault.Invalid},
	} {
		if _, err := b.ChooseDigest(c.ctx, c.q); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = b.Erase(asRequester(t, id), contract.Move{ID: string(id)})
	must(t, err)
	_, err = b.ChooseDigest(asRequester(t, id), choose(contract.DigestNone))
	wantFault(t, err, fault.NotFound, "")
}

// TestWhoIsSafeAtNightAloneIsWrittenToAtNight: the hours that somebody named count
// before those at which people are awake.
func TestWhoIsSafeAtNightAloneIsWrittenToAtNight(t *testing.T) {
	b, _ := setupBus(t)
	b.clock.Set(noonHere)
	id := b.opened(t, wanting, func(d *contract.RequestDraft) { d.Contact.SafeHours = "22:00-23:00" }).ID
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
