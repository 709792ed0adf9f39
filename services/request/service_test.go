package request

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestOwners(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	for name, c := range map[string]struct {
		role   contract.Role
		path   string
		change func(*contract.RequestDraft)
		want   string
	}{
		"public, coordinated region": {contract.RolePublic, "", func(*contract.RequestDraft) {}, xian},
		"public, nobody coordinates": {contract.RolePublic, "", func(d *contract.RequestDraft) { d.RegionCode = "420000" }, contract.RootPath},
		"public, named organisation": {contract.RolePublic, "", func(d *contract.RequestDraft) { d.AtOrganisation = "hubei" }, hubei},
		"staff":                      {contract.RoleCoordinator, shaanxi, func(*contract.RequestDraft) {}, shaanxi},
		"staff, one below":           {contract.RoleCoordinator, shaanxi, func(d *contract.RequestDraft) { d.AtOrganisation = "xian" }, xian},
		"staff, elsewhere":           {contract.RoleCoordinator, shaanxi, func(d *contract.RequestDraft) { d.AtOrganisation = "hubei" }, ""},
		"unknown organisation":       {contract.RolePublic, "", func(d *contract.RequestDraft) { d.AtOrganisation = "nowhere" }, ""},
	} {
		answer, err := b.Submit(as(t, c.role, c.path), submission1(draft(c.change)))
		if c.want == "" {
			wantFault(t, err, fault.Invalid, "")
			continue
		}
		must(t, err)
		got, err := b.Get(asSystem(t), contract.GetByID{ID: string(answer.ID)})
		must(t, err)
		if got.Path != c.want {
			t.Errorf("%s: %s, want %s", name, got.Path, c.want)
		}
	}
}

func TestOpenAtOnceRecordsEachMove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.opened(t)
	if answer.State != "open" || answer.Version != 4 {
		t.Errorf("got %s in version %d", answer.State, answer.Version)
	}
	want := []string{"submitted", "triaged", "triaged", "open"}
	if got := b.facts(t, answer.ID); !slices.Equal(got, want) {
		t.Errorf("said %v, want %v", got, want)
	}
	got, err := b.Get(as(t, contract.RoleCoordinator, shaanxi), contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	moves := make([]string, len(got.History))
	for i, h := range got.History {
		moves[i] = h.Move
	}
	if want := []string{"submit", "triage", "verify_phone", "open"}; !slices.Equal(moves, want) {
		t.Errorf("recorded %v, want %v", moves, want)
	}
	if !got.PhoneVerified {
		t.Error("the phone that staff entered is not verified")
	}
	d := draft()
	d.State = "open"
	_, err = b.Submit(as(t, contract.RolePublic, ""), submission1(d))
	wantFault(t, err, fault.Forbidden, "")
}

func TestEveryWrongFieldAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	past := b.clock.Now().AddDate(-1, 0, 0)
	d := draft(func(d *contract.RequestDraft) {
		d.Title, d.Urgency, d.Mode, d.RegionCode = "", "now", "", "nowhere"
		d.NeedLines[0] = contract.NeedLine{Category: "magic", Item: "wand", Unit: "spell", Quantity: amount(0)}
		d.Windows = []contract.Window{{Weekday: 8, From: "25:00", To: "24:00"}}
		d.Languages, d.TimeZone, d.NeededBy = []string{"no such tongue"}, "Mars/Olympus", &past
		d.Contact = contract.Contact{Name: "!!!", Phone: "12"}
		d.Consent = contract.Consent{}
	})
	_, err := b.Submit(as(t, contract.RolePublic, ""), submission1(d))
	wantFault(t, err, fault.Invalid, "")
	var got []string
	for _, f := range fault.As(err).Fields {
		got = append(got, f.Location)
	}
	want := []string{
		"consent.version", "contact.name", "contact.phone", "languages[0]", "mode", "need_lines[0].category",
		"need_lines[0].item", "need_lines[0].quantity", "need_lines[0].unit", "needed_by", "region_code", "time_zone",
		"title", "urgency", "windows[0].from", "windows[0].weekday",
	}
	if diff := cmp.Diff(want, sorted(got)); diff != "" {
		t.Error(diff)
	}
}

func TestMoves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	answer, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft()))
	must(t, err)
	id := string(answer.ID)
	for _, step := range []struct{ move, reason, want string }{
		{"ask_info", "which size?", "needs_info"}, {"answer_info", "", "submitted"}, {"triage", "", "triaged"},
		{"open", "", "open"}, {"hold", "road is closed", "on_hold"}, {"resume", "", "open"},
		{"close", "done_by_others", "closed"}, {"reopen", "it did not come", "open"},
	} {
		moved, err := b.Move(ctx, contract.Move{ID: id, Move: step.move, Reason: step.reason})
		must(t, err)
		if moved.State != step.want {
			t.Errorf("%s led to %s, want %s", step.move, moved.State, step.want)
		}
	}
	want := []string{"submitted", "needs_info", "submitted", "triaged", "open", "on_hold", "open", "closed", "reopened", "open"}
	if got := b.facts(t, answer.ID); !slices.Equal(got, want) {
		t.Errorf("said %v, want %v", got, want)
	}
	_, err = b.Move(ctx, contract.Move{ID: id, Move: "triage"})
	wantFault(t, err, fault.Conflict, "illegal_move")
	_, err = b.Move(ctx, contract.Move{ID: id, Move: "fly"})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Move(as(t, contract.RoleAuditor, xian), contract.Move{ID: id, Move: "hold", Reason: "x"})
	wantFault(t, err, fault.Forbidden, "")
	_, err = b.Move(ctx, contract.Move{ID: id, Move: "hold", Reason: "x", Version: amount(1)})
	wantFault(t, err, fault.Conflict, "stale_version")
}

func TestMoveIsRepeatable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	answer := b.opened(t)
	m := contract.Move{ID: string(answer.ID), Move: "hold", Reason: "wait", Key: "key"}
	first, err := b.Move(ctx, m)
	must(t, err)
	second, err := b.Move(ctx, m)
	must(t, err)
	if first != second {
		t.Errorf("got %v, then %v", first, second)
	}
	m.Reason = "another"
	_, err = b.Move(ctx, m)
	wantFault(t, err, fault.Conflict, "idempotency_key_reused")
}

func TestRequesterByToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft()))
	must(t, err)
	other := b.opened(t)
	ctx := asRequester(t, answer.ID)
	_, err = b.Get(ctx, contract.GetByID{ID: string(other.ID)})
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Move(ctx, contract.Move{ID: string(other.ID), Move: "withdraw"})
	wantFault(t, err, fault.NotFound, "")
	_, err = b.List(ctx, contract.ListRequests{})
	wantFault(t, err, fault.Forbidden, "")

	own, err := b.Get(ctx, contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if want := []string{"withdraw", "correct", "erase"}; !slices.Equal(own.Moves, want) {
		t.Errorf("may %v, want %v", own.Moves, want)
	}
	if own.Contact.Name != "演＊＊" || strings.Contains(own.Contact.Phone, "1000000") || strings.Contains(own.Contact.Email, "demo") {
		t.Errorf("contact is not masked: %v", own.Contact)
	}
	_, err = b.Move(ctx, contract.Move{ID: string(answer.ID), Move: "triage"})
	wantFault(t, err, fault.Forbidden, "")
	moved, err := b.Move(ctx, contract.Move{ID: string(answer.ID), Move: "withdraw"})
	must(t, err)
	if moved.State != "closed" {
		t.Errorf("withdrawn is %s", moved.State)
	}
}

func TestWithdrawOnBehalf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.opened(t)
	m := contract.Move{ID: string(answer.ID), Move: "withdraw", OnBehalfOf: "requester"}
	_, err := b.Move(as(t, contract.RoleIntegrator, xian), m)
	wantFault(t, err, fault.Forbidden, "")
	ctx := as(t, contract.RoleCoordinator, xian)
	_, err = b.Move(ctx, m)
	must(t, err)
	got, err := b.Get(ctx, contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	last := got.History[len(got.History)-1]
	if last.OnBehalfOf != "requester" || last.ActorID != contract.ActorFrom(ctx).ID() || got.ClosedReason != "withdrawn" {
		t.Errorf("recorded %+v, closed because %s", last, got.ClosedReason)
	}
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.opened(t)
	ctx := asRequester(t, answer.ID)
	title, urgency := "需要更多口罩", contract.Critical
	phone := contract.Contact{Name: "演示甲", Phone: "+86 100 0000 9999"}
	q := contract.CorrectRequest{ID: answer.ID, Version: answer.Version, Title: &title, Urgency: &urgency, Contact: &phone}
	moved, err := b.Correct(ctx, q)
	must(t, err)
	if moved.State != "open" || moved.Version != answer.Version+1 {
		t.Errorf("got %+v", moved)
	}
	got, err := b.Get(ctx, contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if got.Title != title || got.Urgency != urgency || got.PhoneVerified || !strings.HasSuffix(got.Contact.Phone, "99") {
		t.Errorf("got %+v", got)
	}
	_, err = b.Correct(ctx, q)
	wantFault(t, err, fault.Conflict, "stale_version")
	bad := ""
	_, err = b.Correct(ctx, contract.CorrectRequest{ID: answer.ID, Version: moved.Version, Title: &bad})
	wantFault(t, err, fault.Invalid, "")
}

func TestNotesAndClaims(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.opened(t)
	ctx := as(t, contract.RoleCoordinator, shaanxi)
	note := contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: string(answer.ID), Text: "rang twice\nno answer"}
	for range 2 {
		_, err := b.Note(ctx, note)
		must(t, err)
	}
	_, err := b.Note(as(t, contract.RoleCoordinator, hubei), note)
	wantFault(t, err, fault.NotFound, "")
	moved, err := b.Move(ctx, contract.Move{ID: string(answer.ID), Move: "claim"})
	must(t, err)
	if moved.Version != answer.Version {
		t.Error("a claim has a version but no fact")
	}
	got, err := b.Get(ctx, contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if len(got.Notes) != 1 || got.Notes[0].Text != note.Text || got.ClaimedBy != "Coordinator Demo" {
		t.Errorf("notes %v, claimed by %q", got.Notes, got.ClaimedBy)
	}
	own, err := b.Get(asRequester(t, answer.ID), contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if len(own.Notes) > 0 || own.ClaimedBy != "" || own.History[0].ActorName != "" {
		t.Error("the requester sees what staff keep among themselves")
	}
}

func TestSightAcrossOrganisations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.opened(t)
	shared := b.opened(t, func(d *contract.RequestDraft) { d.Sharing = contract.SharingNetwork })
	foreign := as(t, contract.RoleCoordinator, hubei)
	for _, id := range []string{string(own.ID), contract.NewID[string](), "", "1'"} {
		_, err := b.Get(foreign, contract.GetByID{ID: id})
		wantFault(t, err, fault.NotFound, "not_found")
		_, err = b.Move(foreign, contract.Move{ID: id, Move: "hold", Reason: "x"})
		wantFault(t, err, fault.NotFound, "not_found")
		_, err = b.Contact(foreign, contract.ContactReading{ID: id, Reason: "x"})
		wantFault(t, err, fault.NotFound, "not_found")
	}
	got, err := b.Get(foreign, contract.GetByID{ID: string(shared.ID)})
	must(t, err)
	if got.Description != "" || got.Contact != (contract.Contact{}) || got.History != nil || got.Point != nil || len(got.Moves) > 0 {
		t.Errorf("shared shows %+v", got)
	}
	_, err = b.Move(foreign, contract.Move{ID: string(shared.ID), Move: "hold", Reason: "x"})
	wantFault(t, err, fault.NotFound, "")
	list, err := b.List(foreign, contract.ListRequests{})
	must(t, err)
	counts, err := b.Count(foreign, contract.Empty{})
	must(t, err)
	if len(list.Items) > 0 || len(counts.ByState) > 0 {
		t.Errorf("listed %d, counted %v", len(list.Items), counts.ByState)
	}
	for _, role := range []contract.Role{contract.RoleHelper, contract.RolePublic, contract.RoleOfferer} {
		_, err := b.Get(as(t, role, ""), contract.GetByID{ID: string(own.ID)})
		wantFault(t, err, fault.NotFound, "")
	}
}

func TestFindByCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.opened(t)
	found, err := b.Find(t.Context(), contract.FindByCode{Code: " " + strings.ToLower(answer.Code)})
	must(t, err)
	if found.ID != string(answer.ID) {
		t.Errorf("found %s, want %s", found.ID, answer.ID)
	}
	for _, code := range []string{"", "????", contract.NewCode()} {
		_, err := b.Find(t.Context(), contract.FindByCode{Code: code})
		wantFault(t, err, fault.NotFound, "")
	}
}

func TestVerifyPhone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft()))
	must(t, err)
	ctx := as(t, contract.RoleCoordinator, xian)
	first, err := b.VerifyPhone(ctx, contract.Move{ID: string(answer.ID)})
	must(t, err)
	again, err := b.Move(ctx, contract.Move{ID: string(answer.ID), Move: "verify_phone"})
	must(t, err)
	if first.Version != answer.Version+1 || again != first {
		t.Errorf("got %+v, then %+v", first, again)
	}
	p := b.projected(t, answer.ID)
	if !p.PhoneVerified || p.OpenedByStaff || p.Open || !p.Suggestable {
		t.Errorf("projected %+v", p)
	}
	_, err = b.VerifyPhone(asRequester(t, answer.ID), contract.Move{ID: string(answer.ID)})
	wantFault(t, err, fault.Forbidden, "")
	mute := b.opened(t, func(d *contract.RequestDraft) { d.Contact = contract.Contact{} })
	_, err = b.VerifyPhone(ctx, contract.Move{ID: string(mute.ID)})
	wantFault(t, err, fault.Conflict, "no_phone")
}

func TestProjectionHoldsNoText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.opened(t)
	_, err := b.Projections(as(t, contract.RoleCoordinator, xian), contract.GetProjections{IDs: []string{string(answer.ID)}})
	wantFault(t, err, fault.NotFound, "")
	p := b.projected(t, answer.ID)
	if *p.Point != (contract.Point{Lat: 34.346, Lon: 108.935}) || !p.Open || !p.OpenedByStaff || p.Version != answer.Version {
		t.Errorf("projected %+v", p)
	}
	if len(p.Lines) != 1 || len(p.Words) == 0 || *p.Lines[0].Quantity != 10 {
		t.Errorf("lines %+v", p.Lines)
	}
	_, err = b.Move(asRequester(t, answer.ID), contract.Move{ID: string(answer.ID), Move: "withdraw"})
	must(t, err)
	p = b.projected(t, answer.ID)
	if p.Open || p.Suggestable || p.Point != nil || len(p.Words)+len(p.Lines[0].Words) > 0 {
		t.Errorf("closed projects %+v", p)
	}
}

func TestSpooledKeepsItsTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := submission1(draft())
	q.SubmittedAt = b.clock.Now().Add(-time.Hour)
	answer, err := b.Submit(as(t, contract.RolePublic, ""), q)
	must(t, err)
	got, err := b.Get(asSystem(t), contract.GetByID{ID: string(answer.ID)})
	must(t, err)
	if !got.CreatedAt.Equal(q.SubmittedAt) {
		t.Errorf("created at %s, want %s", got.CreatedAt, q.SubmittedAt)
	}
}
