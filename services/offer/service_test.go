package offer

import (
	"slices"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestTheWayOfAPublicOffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	answer := b.offered(t)
	id := string(answer.ID)
	b.move(t, answer.ID, "vet")
	_, err := b.Move(ctx, contract.Move{ID: id, Move: "approve"})
	wantFault(t, err, fault.Conflict, "phone_unverified")
	if got, err := b.Get(ctx, contract.GetByID{ID: id}); err != nil || !slices.Contains(got.Moves, "verify_phone") || slices.Contains(got.Moves, "approve") {
		t.Errorf("before the call-back one may %v, %v", got.Moves, err)
	}
	moved, err := b.VerifyPhone(ctx, contract.Move{ID: id, Move: "verify_phone", Reason: "called back"})
	must(t, err)
	again, err := b.VerifyPhone(ctx, contract.Move{ID: id, Move: "verify_phone"})
	must(t, err)
	if moved != again || moved.State != "vetting" {
		t.Errorf("verified twice: %+v, %+v", moved, again)
	}
	b.move(t, answer.ID, "approve", "pause", "resume")
	want := []string{"submitted", "vetting", "vetting", "available", "paused", "available"}
	if got := b.facts(t, answer.ID); !slices.Equal(got, want) {
		t.Errorf("said %v, want %v", got, want)
	}
	if _, err := b.Move(asOfferer(t, answer.ID), contract.Move{ID: id, Move: "withdraw"}); err != nil {
		t.Error(err)
	}
	_, err = b.Move(asOfferer(t, answer.ID), contract.Move{ID: id, Move: "resume"})
	wantFault(t, err, fault.Conflict, "illegal_move")
	_, err = b.VerifyPhone(ctx, contract.Move{ID: id})
	wantFault(t, err, fault.Conflict, "not_correctable")
}

func TestOfferWithoutAPhone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mail := func(d *contract.OfferDraft) { d.Contact.Phone = "" }
	if got := b.available(t, mail); got.State != "available" {
		t.Errorf("of staff it is %s", got.State)
	}
	answer := b.offered(t, mail)
	_, err := b.VerifyPhone(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(answer.ID)})
	wantFault(t, err, fault.Conflict, "no_phone")
	b.move(t, answer.ID, "vet")
	_, err = b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(answer.ID), Move: "approve"})
	wantFault(t, err, fault.Conflict, "phone_unverified")
}

func TestMoveIsRepeatableAndGuardedByVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	m := contract.Move{ID: string(answer.ID), Move: "pause", Key: "web:move-1", Version: &answer.Version}
	first, err := b.Move(ctx, m)
	must(t, err)
	again, err := b.Move(ctx, m)
	must(t, err)
	if first != again || first.State != "paused" || first.Version != answer.Version+1 {
		t.Errorf("moved to %+v, then %+v", first, again)
	}
	m.Move = "withdraw"
	_, err = b.Move(ctx, m)
	wantFault(t, err, fault.Conflict, "idempotency_key_reused")
	m.Key = ""
	_, err = b.Move(ctx, m)
	wantFault(t, err, fault.Conflict, "stale_version")
}

// TestOneOfManyMovesWins lets many pause the same offer at once.
func TestOneOfManyMovesWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	results := make(chan error, 12)
	var moving sync.WaitGroup
	for range cap(results) {
		moving.Go(func() {
			_, err := b.Move(ctx, contract.Move{ID: string(answer.ID), Move: "pause"})
			results <- err
		})
	}
	moving.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else {
			wantFault(t, err, fault.Conflict, "illegal_move")
		}
	}
	if got := b.see(t, answer.ID); won != 1 || got.Version != answer.Version+1 {
		t.Errorf("%d moves were made, version %d", won, got.Version)
	}
}

func TestSightEndsAtTheOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.available(t)
	id := string(own.ID)
	other := b.available(t)
	for name, ctx := range map[string]struct {
		role    contract.Role
		path    string
		subject contract.OfferID
	}{
		"another branch": {role: contract.RoleCoordinator, path: hubei}, "below": {role: contract.RoleAdministrator, path: xian + "yanta/"},
		"public": {role: contract.RolePublic}, "helper staff": {role: contract.RoleHelper, path: xian},
		"another offerer": {role: contract.RoleOfferer, subject: other.ID}, "requester": {role: contract.RoleRequester, subject: own.ID},
	} {
		c := contract.WithActor(t.Context(), contract.Actor{Role: ctx.role, Path: ctx.path, Subject: string(ctx.subject)})
		_, get := b.Get(c, contract.GetByID{ID: id})
		_, move := b.Move(c, contract.Move{ID: id, Move: "withdraw"})
		_, project := b.Projections(c, contract.GetProjections{IDs: []string{id}})
		_, read := b.Contact(c, contract.ContactReading{ID: id, Reason: "why"})
		for call, err := range map[string]error{"get": get, "move": move, "projection": project, "contact": read} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s may %s: %v", name, call, err)
			}
		}
	}
	for _, path := range []string{contract.RootPath, shaanxi, xian} {
		if _, err := b.Get(as(t, contract.RoleAuditor, path), contract.GetByID{ID: id}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err := b.Move(as(t, contract.RoleAuditor, xian), contract.Move{ID: id, Move: "withdraw"})
	wantFault(t, err, fault.Forbidden, "")
	_, err = b.Get(as(t, contract.RoleCoordinator, xian), contract.GetByID{ID: "1 OR 1=1"})
	wantFault(t, err, fault.NotFound, "")
}

func TestNetworkSeesAnAvailableOfferWithoutThePerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	foreign := as(t, contract.RoleCoordinator, hubei)
	answer := b.offered(t)
	_, err := b.Get(foreign, contract.GetByID{ID: string(answer.ID)})
	wantFault(t, err, fault.NotFound, "")
	_, err = b.VerifyPhone(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(answer.ID)})
	must(t, err)
	b.move(t, answer.ID, "vet", "approve")
	got, err := b.Get(foreign, contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if got.Contact != (contract.Contact{}) || got.Point != nil || got.History != nil || got.HelperID != "" || got.Credentials[0].Number != "" || len(got.Moves) > 0 {
		t.Errorf("the network sees %+v", got)
	}
	_, err = b.Move(foreign, contract.Move{ID: string(answer.ID), Move: "pause"})
	wantFault(t, err, fault.NotFound, "")
}

func TestIntegratorMovesWhatCameByKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleIntegrator, xian)
	byHand := b.available(t)
	_, err := b.Move(ctx, contract.Move{ID: string(byHand.ID), Move: "pause"})
	wantFault(t, err, fault.Forbidden, "")
	byKey, err := b.Submit(ctx, fresh(draft(func(d *contract.OfferDraft) { d.State = "available" })))
	must(t, err)
	if _, err := b.Move(ctx, contract.Move{ID: string(byKey.ID), Move: "pause"}); err != nil {
		t.Error(err)
	}
}

func TestStaffRecordAHelpersDecision(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	m := contract.Move{ID: string(answer.ID), Move: "pause", OnBehalfOf: "requester"}
	_, err := b.Move(as(t, contract.RoleCoordinator, xian), m)
	wantFault(t, err, fault.Invalid, "")
	m.OnBehalfOf = "helper"
	_, err = b.Move(as(t, contract.RoleIntegrator, xian), m)
	wantFault(t, err, fault.Forbidden, "")
	_, err = b.Move(as(t, contract.RoleCoordinator, xian), m)
	must(t, err)
	history := b.see(t, answer.ID).History
	if h := history[len(history)-1]; h.Role != contract.RoleOfferer || h.OnBehalfOf != "helper" || h.ActorName != "Coordinator Demo" {
		t.Errorf("recorded %+v", h)
	}
}

func TestCorrectTakesANewPhoneBackToVetting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	title := " Better masks "
	person := contract.Contact{Name: "演示丙", Phone: "+8610000004321"}
	moved, err := b.Correct(asOfferer(t, answer.ID), contract.CorrectOffer{
		ID: answer.ID, Version: answer.Version, Title: &title, Contact: &person,
		Capacities: map[contract.OfferLineID]*int64{answer.OfferLines[0].ID: amount(4)},
	})
	must(t, err)
	got := b.see(t, answer.ID)
	if moved.State != "vetting" || got.PhoneVerified || got.Title != "Better masks" || *got.OfferLines[0].Capacity.Quantity != 4 {
		t.Errorf("moved to %+v, shows %+v", moved, got)
	}
	if got.Contact.Phone != "************21" {
		t.Errorf("the phone shows as %s", got.Contact.Phone)
	}
	if h := got.History[len(got.History)-1]; h.Move != "recheck" || h.Role != contract.RoleSystem {
		t.Errorf("recorded %+v", h)
	}
	facts := b.facts(t, answer.ID)
	if !slices.Equal(facts[len(facts)-2:], []string{"available", "vetting"}) {
		t.Errorf("said %v", facts)
	}
	_, err = b.Correct(asOfferer(t, answer.ID), contract.CorrectOffer{ID: answer.ID, Version: answer.Version, Title: &title})
	wantFault(t, err, fault.Conflict, "stale_version")
}

func TestCorrectRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	empty := ""
	for name, q := range map[string]contract.CorrectOffer{
		"title":    {Title: &empty},
		"contact":  {Contact: &contract.Contact{Name: "演示"}},
		"capacity": {Capacities: map[contract.OfferLineID]*int64{answer.OfferLines[0].ID: amount(0)}},
		"line":     {Capacities: map[contract.OfferLineID]*int64{"none": nil}},
	} {
		q.ID, q.Version = answer.ID, answer.Version
		if _, err := b.Correct(asOfferer(t, answer.ID), q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	q := contract.CorrectOffer{ID: answer.ID, Version: answer.Version}
	_, err := b.Correct(as(t, contract.RoleAuditor, xian), q)
	wantFault(t, err, fault.Forbidden, "")
	b.move(t, answer.ID, "withdraw")
	q.Version++
	_, err = b.Correct(asOfferer(t, answer.ID), q)
	wantFault(t, err, fault.Conflict, "not_correctable")
}

func TestSamePhoneTypedAnewStaysVerified(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	person := contract.Contact{Name: "演示乙", Phone: "+86-100-0000-1234"}
	moved, err := b.Correct(asOfferer(t, answer.ID), contract.CorrectOffer{ID: answer.ID, Version: answer.Version, Contact: &person})
	must(t, err)
	if moved.State != "available" || !b.see(t, answer.ID).PhoneVerified {
		t.Errorf("moved to %+v", moved)
	}
}

func TestVerifyCredential(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	q := contract.VerifyCredential{ID: answer.ID, N: 2}
	_, err := b.VerifyCredential(as(t, contract.RoleAgencyLead, xian), q)
	wantFault(t, err, fault.Forbidden, "")
	moved, err := b.VerifyCredential(as(t, contract.RoleCoordinator, shaanxi), q)
	must(t, err)
	b.clock.Advance(time.Hour)
	again, err := b.VerifyCredential(as(t, contract.RoleAdministrator, shaanxi), q)
	must(t, err)
	got := b.see(t, answer.ID)
	if moved != again || got.Credentials[1].VerifiedBy != "Coordinator Demo" || got.Credentials[0].VerifiedAt != nil {
		t.Errorf("verified %+v, then %+v: %+v", moved, again, got.Credentials)
	}
	if h := got.History[len(got.History)-1]; h.Move != "verify_credential" || h.Reason != "2" {
		t.Errorf("recorded %+v", h)
	}
	own, err := b.Get(asOfferer(t, answer.ID), contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if own.Credentials[1].VerifiedBy != "" || own.Credentials[1].VerifiedAt == nil {
		t.Errorf("the helper sees %+v", own.Credentials[1])
	}
	q.N = 3
	_, err = b.VerifyCredential(as(t, contract.RoleCoordinator, shaanxi), q)
	wantFault(t, err, fault.NotFound, "")
}

func TestNotesAreForStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.available(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	note := contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: string(answer.ID), Text: " calls back at six "}
	for range 2 {
		_, err := b.Note(ctx, note)
		must(t, err)
	}
	got, err := b.Get(ctx, contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if len(got.Notes) != 1 || got.Notes[0].Text != "calls back at six" {
		t.Errorf("notes %+v", got.Notes)
	}
	own, err := b.Get(asOfferer(t, answer.ID), contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if own.Notes != nil || own.History[0].ActorName != "" || own.History[0].ActorID != "coordinator" {
		t.Errorf("the helper sees %+v and %+v", own.Notes, own.History[0])
	}
	_, err = b.Note(as(t, contract.RoleCoordinator, hubei), note)
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Note(as(t, contract.RoleAuditor, xian), note)
	wantFault(t, err, fault.Forbidden, "")
}

// TestExpiry sets the clock forward, more offers than one transaction takes,
// with two expiring at once.
func TestExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	until := b.clock.Now().Add(time.Hour)
	for range expireBatch + 5 {
		b.offered(t, func(d *contract.OfferDraft) { d.ValidUntil = &until })
	}
	last := b.available(t, func(d *contract.OfferDraft) { d.ValidUntil = &until })
	forever := b.available(t)
	n, err := b.expireDue(t.Context())
	must(t, err)
	b.clock.Set(until)
	var expiring sync.WaitGroup
	counts := make([]int, 2)
	for i := range counts {
		expiring.Go(func() {
			var err error
			if counts[i], err = b.expireDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	expiring.Wait()
	rest, err := b.expireDue(t.Context())
	must(t, err)
	if total := counts[0] + counts[1] + rest; n != 0 || total != expireBatch+6 {
		t.Errorf("%d expired early, %d in time", n, total)
	}
	facts := b.facts(t, last.ID)
	if got := b.see(t, last.ID); got.State != "expired" || facts[len(facts)-1] != "expired" || b.see(t, forever.ID).State != "available" {
		t.Errorf("at its end it is %s, said %v", got.State, facts)
	}
}
