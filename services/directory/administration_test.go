package directory

import (
	"context"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.As(err).Code
}

func TestAnOrganisationIsRevisedByWhoSawItLast(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	xian := b.organisation(t, "xian", "shaanxi", "610100")
	q := contract.ReviseOrganisation{
		Code: "xian", Version: xian.Version, Name: "示例·西安", Kind: "charity", Level: "city", RegionCode: "610100",
		Coordinates: true, Verified: true, Specialties: []string{"legal"}, ContactPerson: "示例·李四",
	}
	if _, err := b.Revise(as(t, contract.RoleAdministrator, xian), q); codeOf(err) != "own_organisation" {
		t.Errorf("an organisation verifies itself: %v", err)
	}
	above := as(t, contract.RoleAdministrator, shaanxi)
	revised, err := b.Revise(above, q)
	if err != nil || revised.Version != xian.Version+1 || !revised.Coordinates || !revised.Verified || revised.ContactPerson != "示例·李四" {
		t.Fatalf("revised = %+v %v", revised, err)
	}
	if _, err := b.Revise(above, q); codeOf(err) != "stale_version" {
		t.Errorf("a second save of the old version: %v", err)
	}
	q.Version, q.ContactPerson, q.Verified = revised.Version, "", false
	if revised, err = b.Revise(above, q); err != nil || revised.ContactPerson != "" || revised.Verified {
		t.Errorf("what is emptied stays: %+v %v", revised, err)
	}
	gansu := b.organisation(t, "gansu", "", "620000")
	if _, err := b.Revise(as(t, contract.RoleAdministrator, gansu), q); !fault.Is(err, fault.NotFound) {
		t.Errorf("a neighbour revises: %v", err)
	}
	if _, err := b.Revise(as(t, contract.RoleCoordinator, shaanxi), q); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a coordinator revises: %v", err)
	}
}

func TestAnOrganisationEndsOnceNothingIsOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	xian := b.organisation(t, "xian", "shaanxi", "610100")
	lianhu := b.organisation(t, "lianhu", "xian", "610104")
	coordinator := b.person(t, "xian", contract.RoleCoordinator)
	above := as(t, contract.RoleAdministrator, shaanxi)
	q := contract.EndOrganisation{Code: "xian", Version: xian.Version, Reason: "任务完成"}
	b.open[xian.Path] = 1
	if _, err := b.End(above, q); codeOf(err) != "open_work" {
		t.Errorf("with open work: %v", err)
	}
	b.open[xian.Path] = 0
	if _, err := b.End(above, q); codeOf(err) != "open_below" {
		t.Errorf("with an organisation below: %v", err)
	}
	if _, err := b.End(as(t, contract.RoleAdministrator, xian), q); codeOf(err) != "own_organisation" {
		t.Errorf("by itself: %v", err)
	}
	if _, err := b.End(above, contract.EndOrganisation{Code: "lianhu", Version: lianhu.Version}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := b.End(above, contract.EndOrganisation{Code: "lianhu", Version: lianhu.Version, Reason: "合并"}); err != nil {
		t.Fatal(err)
	}
	b.heard()
	ended, err := b.End(above, q)
	if err != nil || ended.EndedAt == nil {
		t.Fatalf("ended = %+v %v", ended, err)
	}
	if told := b.heard(); len(told) == 0 || told[0] != contract.IdentityChanged {
		t.Errorf("told %v", told)
	}
	if _, err := b.Authenticate(b.ctx, contract.Authenticate{PersonID: coordinator.ID}); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody acts in it: %v", err)
	}
	if _, err := b.End(above, q); codeOf(err) != "organisation_ended" {
		t.Errorf("a second end: %v", err)
	}
	_, err = b.Register(above, contract.OrganisationDraft{
		Code: "beilin", Name: "示例", Kind: "charity", Level: "county", RegionCode: "610103", ParentCode: "xian",
	})
	if codeOf(err) != "organisation_ended" {
		t.Errorf("one is registered below it: %v", err)
	}
}

func TestCategoriesThatPeopleEditStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	ref, err := b.Reference(b.ctx, contract.AskReference{})
	if err != nil {
		t.Fatal(err)
	}
	var ppe contract.Category
	for _, c := range ref.Reference.Categories {
		if c.Code == "ppe" {
			ppe = c
		}
	}
	ppe.Names["en"], ppe.Retired = "Masks and gowns", true
	if _, err := b.PutCategory(as(t, contract.RoleAdministrator, shaanxi), contract.PutCategory{Category: ppe}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a province changes what is everybody's: %v", err)
	}
	if _, err := b.PutCategory(b.ctx, contract.PutCategory{Category: ppe, Reason: "示例"}); err != nil {
		t.Fatal(err)
	}
	added := ppe
	added.Code, added.Parent, added.Retired = "ppe.oxygen", "ppe", false
	if _, err := b.PutCategory(b.ctx, contract.PutCategory{Category: added}); err != nil {
		t.Fatal(err)
	}
	added.Code = "goods.oxygen"
	if _, err := b.PutCategory(b.ctx, contract.PutCategory{Category: added}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a code under another parent: %v", err)
	}
	if _, err := b.admin.ExecContext(t.Context(), `UPDATE directory.reference SET seed = ''`); err != nil {
		t.Fatal(err)
	}
	if err := b.Seed(b.ctx); err != nil {
		t.Fatal(err)
	}
	e, err := b.edition(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := e.snapshot.Category("ppe"); !got.Retired || got.Names["en"] != "Masks and gowns" {
		t.Errorf("the embedded data overwrote it: %+v", got)
	}
	if got, ok := e.snapshot.Category("ppe.oxygen"); !ok || got.Parent != "ppe" {
		t.Errorf("added = %+v", got)
	}
}

// trail returns three entries of one organisation, in the eyes of an auditor above it
// and of one beside it.
func trail(t *testing.T) (b *bundle, auditor, neighbour context.Context) {
	t.Helper()
	b = setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	xian := b.organisation(t, "xian", "shaanxi", "610100")
	for n, key := range []string{"a", "b", "c"} {
		b.clock.Advance(time.Minute)
		if err := b.audit(t, xian.Path, key); err != nil {
			t.Fatal(n, err)
		}
	}
	return b, as(t, contract.RoleAuditor, shaanxi), as(t, contract.RoleAuditor, b.organisation(t, "gansu", "", "620000"))
}

func TestTheTrailIsReadInSight(t *testing.T) {
	t.Parallel()
	b, auditor, gansu := trail(t)
	var seen []string
	q := contract.ListAudit{Page: contract.Page{Limit: 1}, Action: "request.contact."}
	for {
		page, err := b.AuditTrail(auditor, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Items {
			seen = append(seen, row.SubjectID+"@"+row.Organisation)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if len(seen) != 3 || seen[0] != "s-c@xian" || seen[2] != "s-a@xian" {
		t.Errorf("seen = %v", seen)
	}
	until := b.clock.Now()
	for _, tt := range []struct {
		q    contract.ListAudit
		rows int
	}{
		{contract.ListAudit{SubjectID: "s-b"}, 1}, {contract.ListAudit{SubjectID: "s-none"}, 0},
		{contract.ListAudit{Actor: "system", Action: "request.contact."}, 3}, {contract.ListAudit{Action: "request.contact.", Until: &until}, 2},
		{contract.ListAudit{Action: "request.contact.", From: &until}, 1},
	} {
		if page, err := b.AuditTrail(auditor, tt.q); err != nil || len(page.Items) != tt.rows {
			t.Errorf("%+v: %d rows, %v", tt.q, len(page.Items), err)
		}
	}
	if page, err := b.AuditTrail(gansu, contract.ListAudit{Action: "request.contact."}); err != nil || len(page.Items) != 0 {
		t.Errorf("a neighbour reads %+v %v", page, err)
	}
}

func TestTheTrailIsVerified(t *testing.T) {
	t.Parallel()
	b, auditor, gansu := trail(t)
	verdict, err := b.VerifySeen(auditor, contract.Empty{})
	if err != nil || len(verdict.Breaks) != 0 || verdict.Chains != 2 || verdict.Rows < 5 {
		t.Errorf("verdict = %+v %v", verdict, err)
	}
	for _, statement := range []string{
		`ALTER TABLE directory.audit DISABLE TRIGGER audit_append_only`,
		`UPDATE directory.audit SET reason = 'x' WHERE subject_id = 's-b'`,
	} {
		if _, err := b.admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	verdict, err = b.VerifySeen(auditor, contract.Empty{})
	if err != nil || len(verdict.Breaks) != 1 || verdict.Breaks[0].Organisation != "xian" {
		t.Errorf("after an edit: %+v %v", verdict, err)
	}
	if verdict, err = b.VerifySeen(gansu, contract.Empty{}); err != nil || len(verdict.Breaks) != 0 {
		t.Errorf("a neighbour is told %+v %v", verdict, err)
	}
}

func TestOrganisationsAreSeenFromAboveAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shaanxi := b.organisation(t, "shaanxi", "", "610000")
	xian := b.organisation(t, "xian", "shaanxi", "610100")
	q := contract.OrganisationByCode{Code: "shaanxi", Seen: true}
	if _, err := b.Organisation(as(t, contract.RoleCoordinator, xian), q); !fault.Is(err, fault.NotFound) {
		t.Errorf("one below sees it: %v", err)
	}
	if o, err := b.Organisation(as(t, contract.RoleCoordinator, shaanxi), q); err != nil || o.ID != shaanxi.ID {
		t.Errorf("its own: %+v %v", o, err)
	}
	q.Seen = false
	if o, err := b.Organisation(as(t, contract.RoleCoordinator, xian), q); err != nil || o.ID != shaanxi.ID {
		t.Errorf("to refer to: %+v %v", o, err)
	}
}
