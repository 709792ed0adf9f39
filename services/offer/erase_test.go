package offer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// planted is in every text of an offer that may be personal.
const planted = "planted-7f3a"

// plantedOffer submits an available offer whose every text is planted, under an
// idempotency key, with a note and a move with a reason.
func (b *bench) plantedOffer(t *testing.T) contract.SubmittedOffer {
	t.Helper()
	q := fresh(draft(func(d *contract.OfferDraft) {
		d.Title, d.Description = planted, planted
		d.OfferLines[0].Specification, d.OfferLines[0].SourceText = planted, planted
		d.Credentials = []contract.Credential{{Kind: "physician", Number: planted, Issuer: planted}}
		d.Contact = contract.Contact{Name: planted, Phone: "+86 100 0000 1234", Email: planted + "@example.org", Wechat: planted, SafeHours: planted}
		d.State = string(Available)
	}))
	q.Key, q.BodyHash = "key-1", "hash-1"
	coordinator := as(t, contract.RoleCoordinator, xian)
	answer, err := b.Submit(coordinator, q)
	must(t, err)
	_, err = b.Note(coordinator, contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: string(answer.ID), Text: planted})
	must(t, err)
	_, err = b.Move(coordinator, contract.Move{ID: string(answer.ID), Move: "pause", Reason: planted})
	must(t, err)
	return answer
}

// holding returns the tables of the schema in which a row holds the text.
func holding(t *testing.T, db *sqlx.DB, schema, text string) []string {
	t.Helper()
	var tables, found []string
	must(t, db.SelectContext(t.Context(), &tables, `SELECT table_name FROM information_schema.tables WHERE table_schema = $1`, schema))
	for _, table := range tables {
		var n int
		q := fmt.Sprintf(`SELECT count(*) FROM %s.%s t WHERE t::text LIKE '%%' || $1 || '%%'`, schema, table)
		must(t, db.GetContext(t.Context(), &n, q, text))
		if n > 0 {
			found = append(found, table)
		}
	}
	return found
}

func TestErasureLeavesNoText(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.plantedOffer(t)
	before := holding(t, b.admin.DB, "offer", planted)
	for _, table := range []string{"offers", "offer_lines", "notes", "history", "idempotency"} {
		if !strings.Contains(strings.Join(before, " "), table) {
			t.Errorf("nothing was planted in %s, only in %v", table, before)
		}
	}
	moved, err := b.Erase(asOfferer(t, r.ID), contract.Move{ID: string(r.ID)})
	must(t, err)
	if moved.State != string(Withdrawn) {
		t.Errorf("state %s", moved.State)
	}
	if left := holding(t, b.admin.DB, "offer", planted); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	if n := b.count(t, `SELECT count(*) FROM offer.person_keys`); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	if n := b.count(t, `SELECT count(*) FROM offer.contacts WHERE num_nonnulls(name, phone, email, wechat, safe_hours, phone_index) > 0`); n != 0 {
		t.Error("a contact is left")
	}
	if len(d.journal) != 1 || d.journal[0].SubjectID != string(r.ID) {
		t.Errorf("journal %v", d.journal)
	}
	if facts := b.facts(t, r.ID); facts[len(facts)-1] != "withdrawn" {
		t.Errorf("facts %v", facts)
	}
	if n := b.count(t, `SELECT count(*) FROM offer.helpers`); n != 0 {
		t.Error("the helper is left")
	}
	if n := b.count(t, `SELECT count(*) FROM offer.outbox WHERE (payload::json -> 'data' ->> 'erased')::boolean`); n != 1 {
		t.Errorf("%d facts say that it is erased", n)
	}
}

func TestErasureIsFinal(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r, coordinator := b.plantedOffer(t), as(t, contract.RoleCoordinator, xian)
	first, err := b.Erase(coordinator, contract.Move{ID: string(r.ID), Reason: "asked by phone"})
	must(t, err)
	second, err := b.Move(coordinator, contract.Move{ID: string(r.ID), Move: moveErase, Reason: "again"})
	must(t, err)
	if first != second || len(d.journal) != 1 {
		t.Errorf("%v, then %v; journal %v", first, second, d.journal)
	}
	_, err = b.Move(coordinator, contract.Move{ID: string(r.ID), Move: "resume"})
	wantFault(t, err, fault.Conflict, "erased")
	_, err = b.Note(coordinator, contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: string(r.ID), Text: planted})
	wantFault(t, err, fault.Conflict, "erased")
	view, err := b.Get(coordinator, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if view.ErasedAt == nil || len(view.Moves) > 0 || view.Generation != r.Generation+1 || view.Contact != (contract.Contact{}) {
		t.Errorf("shown %+v", view)
	}
}

func TestErasureIsRefused(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.plantedOffer(t)
	move := contract.Move{ID: string(r.ID)}
	_, err := b.Erase(as(t, contract.RoleCoordinator, xian), move)
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Erase(as(t, contract.RoleAgencyLead, xian), move)
	if err == nil {
		t.Error("an agency lead may erase")
	}
	_, err = b.Erase(as(t, contract.RoleCoordinator, hubei), contract.Move{ID: string(r.ID), Reason: "foreign"})
	wantFault(t, err, fault.NotFound, "")
	if len(d.journal) > 0 {
		t.Error("what was refused is in the journal")
	}
	d.refuse = true
	_, err = b.Erase(asOfferer(t, r.ID), move)
	wantFault(t, err, fault.Unavailable, "")
	if n := b.count(t, `SELECT count(*) FROM offer.offers WHERE erased_at IS NOT NULL`); n != 0 {
		t.Error("erased without an entry in the journal")
	}
}

// TestJournalIsFollowed erases what the journal names and an older backup holds.
func TestJournalIsFollowed(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.plantedOffer(t)
	d.journal = []contract.Erasure{
		{Seq: 1, Thing: contract.ThingRequest, SubjectID: contract.NewID[string]()},
		{Seq: 2, Thing: contract.ThingOffer, SubjectID: contract.NewID[string]()}, // never came here
		{Seq: 3, Thing: contract.ThingOffer, SubjectID: string(r.ID)},
	}
	for range 2 {
		must(t, b.journal().Follow(t.Context()))
	}
	if left := holding(t, b.admin.DB, "offer", planted); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	if n := b.count(t, `SELECT seq FROM offer.erasure_cursor`); n != 3 {
		t.Errorf("followed up to %d", n)
	}
}

// TestConsentIsTakenBackAndGivenAgain withdraws the consent to give the contact
// away as easily as it is given.
func TestConsentIsTakenBackAndGivenAgain(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r := b.plantedOffer(t)
	q := contract.ChangeConsent{ID: string(r.ID), Purpose: contract.PurposeContact}
	allowed := func() bool {
		t.Helper()
		view, err := b.Get(asOfferer(t, r.ID), contract.GetByID{ID: string(r.ID)})
		must(t, err)
		return view.Consent.Allows(contract.PurposeContact)
	}
	for _, given := range []bool{false, false, true, true} {
		q.Given = given
		_, err := b.ChangeConsent(asOfferer(t, r.ID), q)
		must(t, err)
		if allowed() != given {
			t.Errorf("given %v is not kept", given)
		}
	}
	if n := b.count(t, `SELECT count(*) FROM offer.history WHERE move = 'consent'`); n != 2 {
		t.Errorf("%d changes are recorded", n)
	}
	_, err := b.ChangeConsent(as(t, contract.RoleCoordinator, xian), q)
	wantFault(t, err, fault.Forbidden, "")
	q.Purpose = "matching"
	_, err = b.ChangeConsent(asOfferer(t, r.ID), q)
	wantFault(t, err, fault.Invalid, "")
}
