package offer

import (
	"context"
	"sync"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestSuspendedOffersRestEverywhere: of one phone, in all organisations, also those
// that come later, until every complaint is lifted; each then goes on as it was.
func TestSuspendedOffersRestEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, pausedByHelper, foreign := b.available(t), b.available(t), b.offered(t, func(d *contract.OfferDraft) { d.RegionCode = "420000" })
	stranger := b.available(t, func(d *contract.OfferDraft) { d.Contact.Phone = "+86 100 0000 9999" })
	b.move(t, pausedByHelper.ID, "pause")
	first := contract.SuspendHelper{ComplaintID: contract.NewID[contract.ComplaintID](), HelperKey: b.projected(t, one.ID).HelperKey, OfferID: one.ID}
	second := first
	second.ComplaintID = contract.NewID[contract.ComplaintID]()
	for range 2 { // a repeat changes nothing
		for _, q := range []contract.SuspendHelper{first, second} {
			_, err := b.Suspend(asSystem(t), q)
			must(t, err)
		}
	}
	later := b.available(t)
	want := func(id contract.OfferID, state string, suspended, available bool) {
		t.Helper()
		got := b.see(t, id)
		if p := b.projected(t, id); got.State != state || got.Suspended != suspended || p.Available != available {
			t.Errorf("%s, suspended %v, available %v; want %s, %v, %v", got.State, got.Suspended, p.Available, state, suspended, available)
		}
	}
	want(one.ID, "paused", true, false)
	want(foreign.ID, "submitted", true, false)
	want(later.ID, "paused", true, false)
	want(stranger.ID, "available", false, true)
	if later.State != "paused" {
		t.Errorf("who submits is told %s", later.State)
	}
	corrected := stranger
	_, err := b.Correct(asOfferer(t, corrected.ID), contract.CorrectOffer{ID: corrected.ID, Version: b.see(t, corrected.ID).Version, Contact: new(draft().Contact)})
	must(t, err)
	if !b.see(t, corrected.ID).Suspended {
		t.Error("a suspended phone goes on under another offer")
	}
	first.Lift, second.Lift = true, true
	_, err = b.Suspend(asSystem(t), first)
	must(t, err)
	want(one.ID, "paused", true, false)
	_, err = b.Suspend(asSystem(t), second)
	must(t, err)
	want(one.ID, "available", false, true)
	want(pausedByHelper.ID, "paused", false, false)
	want(later.ID, "available", false, true)
	if facts := b.facts(t, one.ID); facts[len(facts)-1] != "available" {
		t.Errorf("said %v", facts)
	}
	_, err = b.Suspend(as(t, contract.RoleAdministrator, "root/"), first)
	wantFault(t, err, fault.NotFound, "")
}

// TestNoOfferEscapesASuspension stores offers of a phone while it is suspended.
func TestNoOfferEscapesASuspension(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := b.available(t)
	q := contract.SuspendHelper{ComplaintID: contract.NewID[contract.ComplaintID](), HelperKey: b.projected(t, one.ID).HelperKey, OfferID: one.ID}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			d := draft()
			d.State = string(Available)
			if _, err := b.Submit(as(t, contract.RoleCoordinator, xian), fresh(d)); err != nil {
				t.Errorf("submit: %v", err)
			}
		})
	}
	all.Go(func() {
		if _, err := b.Suspend(asSystem(t), q); err != nil {
			t.Errorf("suspend: %v", err)
		}
	})
	all.Wait()
	if n := b.count(t, `SELECT count(*) FROM offer.offers WHERE state <> 'paused'`); n != 0 {
		t.Errorf("%d offers go on", n)
	}
}

// TestWordsOfAComplaint: kept by who complains, read with a record alone, erased
// with the offer.
func TestWordsOfAComplaint(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	o, match := b.available(t), contract.NewID[contract.MatchID]()
	b.hear(t, matchFact(o, 0, match, 1, "proposed", 1))
	q := contract.KeepComplaint{ID: contract.NewID[contract.ComplaintID](), SubjectID: string(o.ID), Text: " 要钱 asked for money "}
	answerer := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleAnswerer, Subject: string(match)})
	stranger := contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleAnswerer, Subject: contract.NewID[string]()})
	for range 2 {
		_, err := b.KeepComplaint(answerer, q)
		must(t, err)
	}
	for _, who := range []context.Context{stranger, as(t, contract.RoleCoordinator, hubei), asOfferer(t, contract.NewID[contract.OfferID]())} {
		_, err := b.KeepComplaint(who, q)
		wantFault(t, err, fault.NotFound, "")
	}
	read := contract.ReadComplaint{ID: q.ID, SubjectID: q.SubjectID}
	got, err := b.ReadComplaint(as(t, contract.RoleCoordinator, xian), read)
	must(t, err)
	if e := <-d.entries; got.Text != "要钱 asked for money" || e.Action != contract.ActReadOfferComplaint || e.SubjectID != string(o.ID) || e.Reason != string(q.ID) || e.Path != xian {
		t.Errorf("read %q, recorded %+v", got.Text, e)
	}
	_, err = b.ReadComplaint(as(t, contract.RoleCoordinator, hubei), read)
	wantFault(t, err, fault.NotFound, "")
	d.refuse = true
	_, err = b.ReadComplaint(as(t, contract.RoleCoordinator, xian), read)
	wantFault(t, err, fault.Unavailable, "")
	d.refuse = false
	_, err = b.Erase(asOfferer(t, o.ID), contract.Move{ID: string(o.ID)})
	must(t, err)
	if n := b.count(t, `SELECT count(*) FROM offer.complaints`); n != 0 {
		t.Errorf("%d texts are left", n)
	}
}
