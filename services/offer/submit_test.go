package offer

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestPublicOfferBelongsToTheCoordinatorOfItsRegion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for region, want := range map[string]string{"610100": xian, "420000": contract.RootPath} {
		answer := b.offered(t, func(d *contract.OfferDraft) { d.RegionCode, d.Organisation = region, "hubei" })
		got := b.see(t, answer.ID)
		if got.Path != want || got.Sharing != contract.SharingNetwork || got.State != "submitted" || got.SubmittedBy != contract.RolePublic {
			t.Errorf("%s went to %s, shared %s, %s", region, got.Path, got.Sharing, got.State)
		}
		if got.History[0].Reason != "hubei" {
			t.Errorf("the agency that was named is kept as %q", got.History[0].Reason)
		}
	}
}

func TestStaffOffersBelongToTheirOrganisationOrOneBelow(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	ctx := as(t, contract.RoleCoordinator, shaanxi)
	submit := func(organisation string) (contract.Offer, error) {
		answer, err := b.Submit(ctx, fresh(draft(func(d *contract.OfferDraft) { d.Organisation = organisation })))
		if err != nil {
			return contract.Offer{}, err
		}
		return b.see(t, answer.ID), nil
	}
	for organisation, want := range map[string]string{"": shaanxi, "shaanxi": shaanxi, "xian": xian} {
		got, err := submit(organisation)
		must(t, err)
		if got.Path != want || got.Sharing != contract.SharingOwn {
			t.Errorf("%q: %s, shared %s", organisation, got.Path, got.Sharing)
		}
	}
	for _, organisation := range []string{"hubei", "root", "nowhere"} {
		_, err := submit(organisation)
		wantFault(t, err, fault.Invalid, "")
	}
}

func TestAvailableAtOnceRecordsEveryMove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	got := b.see(t, answer.ID)
	var moves []string
	for _, h := range got.History {
		moves = append(moves, h.Move)
	}
	if want := []string{"submit", "vet", "verify_phone", "approve"}; !slices.Equal(moves, want) {
		t.Errorf("recorded %v, want %v", moves, want)
	}
	if want := []string{"submitted", "vetting", "vetting", "available"}; !slices.Equal(b.facts(t, answer.ID), want) {
		t.Errorf("said %v, want %v", b.facts(t, answer.ID), want)
	}
	if !got.PhoneVerified || got.Credentials[0].VerifiedAt != nil || answer.State != "available" || answer.Version != 4 {
		t.Errorf("answered %+v, shows %+v", answer, got)
	}
}

func TestOnlySomeMaySkipOrVouch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	available := func(d *contract.OfferDraft) { d.State = "available" }
	vouched := func(d *contract.OfferDraft) { d.Vouched = true }
	for _, c := range []struct {
		role   contract.Role
		change func(*contract.OfferDraft)
		may    bool
	}{
		{contract.RoleCoordinator, available, true}, {contract.RoleAgencyLead, available, true},
		{contract.RoleIntegrator, available, true}, {contract.RolePublic, available, false},
		{contract.RoleCoordinator, vouched, true}, {contract.RoleAgencyLead, vouched, false},
		{contract.RoleIntegrator, vouched, false}, {contract.RolePublic, vouched, false},
		{contract.RoleAuditor, func(*contract.OfferDraft) {}, false},
	} {
		path := xian
		if c.role == contract.RolePublic {
			path = ""
		}
		if _, err := b.Submit(as(t, c.role, path), fresh(draft(c.change))); (err == nil) != c.may || err != nil && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", c.role, err)
		}
	}
}

func TestVouchedCredentialsAreVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	forged := contract.Credential{Kind: "medical", VerifiedBy: "me", VerifiedAt: &now, N: 9}
	answer := b.available(t, func(d *contract.OfferDraft) { d.Vouched, d.Credentials = true, []contract.Credential{forged} })
	c := b.see(t, answer.ID).Credentials[0]
	if c.N != 1 || c.VerifiedBy != "Coordinator Demo" || c.VerifiedAt == nil || !c.VerifiedAt.Equal(b.clock.Now()) {
		t.Errorf("vouched for is %+v", c)
	}
	answer = b.available(t, func(d *contract.OfferDraft) { d.Credentials = []contract.Credential{forged} })
	if c := b.see(t, answer.ID).Credentials[0]; c.VerifiedBy != "" || c.VerifiedAt != nil {
		t.Errorf("somebody verified their own credential: %+v", c)
	}
}

func TestEveryWrongFieldIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.Submit(asPublic(t), fresh(contract.OfferDraft{
		Title: "\x00", Mode: "by air", RegionCode: "999999", ServiceRegions: []string{"610100", "1"},
		OfferLines: []contract.OfferLine{{
			Category: "magic", Item: "wand", Capacity: contract.Capacity{Quantity: amount(0), Unit: "spell", Per: "moon"},
		}},
		RadiusM: amount(-1), Credentials: []contract.Credential{{}}, Safeguards: []string{"dragon"},
		HelperID: "me", State: "exhausted", Sharing: "all", TimeZone: "Mars/Base", Contact: contract.Contact{Phone: "1"},
	}))
	wantFault(t, err, fault.Invalid, "")
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Location)
	}
	want := []string{
		"title", "helper_id", "offer_lines[0].category", "offer_lines[0].item", "offer_lines[0].capacity.quantity",
		"offer_lines[0].capacity.unit", "offer_lines[0].capacity.per", "mode", "region_code", "radius_m",
		"service_regions[1]", "safeguards[0]", "credentials[0].kind", "time_zone", "sharing", "state",
		"contact.name", "contact.phone", "consent.version",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRepeatGivesTheFirstAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := fresh(draft())
	q.Key, q.BodyHash = "web:key-1", "hash"
	first, err := b.Submit(asPublic(t), q)
	must(t, err)
	again := fresh(draft())
	again.Key, again.BodyHash = q.Key, q.BodyHash
	for name, repeat := range map[string]contract.SubmitOffer{
		"same key": again, "same id": {ID: q.ID, Code: contract.NewCode(), Draft: q.Draft},
	} {
		got, err := b.Submit(asPublic(t), repeat)
		must(t, err)
		if !got.Repeated {
			t.Errorf("%s is no repeat", name)
		}
		got.Repeated = false
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	again.BodyHash = "other"
	_, err = b.Submit(asPublic(t), again)
	wantFault(t, err, fault.Conflict, "idempotency_key_reused")
	if n := b.count(t, `SELECT count(*) FROM offer.offers`); n != 1 {
		t.Errorf("%d offers, want 1", n)
	}
}

func TestSourceIsImportedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	from := func(d *contract.OfferDraft) { d.Source, d.SourceID = "factory", "factory/1" }
	first := b.available(t, from)
	second := b.available(t, from)
	if second.ID != first.ID || !second.Repeated || second.OfferLines[0].ID != first.OfferLines[0].ID {
		t.Errorf("imported again as %+v, first %+v", second, first)
	}
	elsewhere, err := b.Submit(as(t, contract.RoleCoordinator, hubei), fresh(draft(from)))
	must(t, err)
	if elsewhere.Repeated || elsewhere.ID == first.ID {
		t.Error("another organisation got a foreign row")
	}
}

// TestConcurrentRepeats sends the same submission many times at once.
func TestConcurrentRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sending sync.WaitGroup
	answers := make([]contract.SubmittedOffer, 24)
	for i := range answers {
		q := fresh(draft(func(d *contract.OfferDraft) { d.Source, d.SourceID = "list", "1" }))
		if i%2 == 0 { // half of them by key, all of them by source
			q.Key, q.BodyHash = "web:key", "hash"
		}
		sending.Go(func() {
			answer, err := b.Submit(asPublic(t), q)
			if err != nil {
				t.Errorf("submission %d: %v", i, err)
			}
			answers[i] = answer
		})
	}
	sending.Wait()
	firsts := 0
	for _, a := range answers {
		if a.ID != answers[0].ID || a.OfferLines[0].ID != answers[0].OfferLines[0].ID {
			t.Errorf("answered %s and %s", a.ID, answers[0].ID)
		}
		if !a.Repeated {
			firsts++
		}
	}
	if n := b.count(t, `SELECT count(*) FROM offer.offers`); n != 1 || firsts != 1 {
		t.Errorf("%d offers and %d first answers, want 1 of each", n, firsts)
	}
}

func TestTakenCodeIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.offered(t)
	q := fresh(draft())
	q.Code = first.Code
	second, err := b.Submit(asPublic(t), q)
	must(t, err)
	if second.ID != q.ID || second.Code == first.Code || second.Repeated {
		t.Errorf("stored as %+v", second)
	}
	found, err := b.Find(asPublic(t), contract.FindByCode{Code: second.Code})
	must(t, err)
	if found.ID != string(q.ID) {
		t.Errorf("found %s", found.ID)
	}
}

func TestHelperIsKnownByThePhoneWithinTheOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	helper := func(answer contract.SubmittedOffer) contract.HelperID { return b.see(t, answer.ID).HelperID }
	first := helper(b.available(t))
	same := helper(b.available(t, func(d *contract.OfferDraft) { d.Contact.Phone = "8610000001234" }))
	other := helper(b.available(t, func(d *contract.OfferDraft) { d.Contact.Phone = "+861000000 9999" }))
	none := helper(b.available(t, func(d *contract.OfferDraft) { d.Contact = contract.Contact{} }))
	if first == "" || first == other || none != "" {
		t.Errorf("helpers are %q, %q, %q", first, other, none)
	}
	if same != first {
		t.Errorf("the same phone is %q and %q", first, same)
	}
	named := helper(b.available(t, func(d *contract.OfferDraft) { d.HelperID, d.Contact = first, contract.Contact{} }))
	if named != first {
		t.Errorf("the helper named is %q", named)
	}
	_, err := b.Submit(as(t, contract.RoleCoordinator, hubei), fresh(draft(func(d *contract.OfferDraft) { d.HelperID = first })))
	wantFault(t, err, fault.Invalid, "")
}

// TestNobodyUnder18Offers by their own word; who is not asked is taken.
func TestNobodyUnder18Offers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for adult, refused := range map[*bool]bool{nil: false, new(true): false, new(false): true} {
		_, err := b.Submit(asPublic(t), fresh(draft(func(d *contract.OfferDraft) { d.Adult = adult })))
		if fault.Is(err, fault.Invalid) != refused {
			t.Errorf("adult %v: %v", adult, err)
		}
	}
}
