package offer

import (
	"slices"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/vault"
)

// groupSession stores a session of a group of ten.
func (b *bench) groupSession(t *testing.T) contract.SessionID {
	t.Helper()
	q := b.heldSession(people(10), func(d *contract.SessionDraft) { d.Group = true })
	return b.record(t, as(t, contract.RoleAgencyLead, xian), q).ID
}

func TestARosterIsSealedAndItsReadingRecorded(t *testing.T) {
	t.Parallel()
	b, audited := setupBus(t)
	id, lead := b.groupSession(t), as(t, contract.RoleAgencyLead, xian)
	kept, err := b.KeepRoster(lead, contract.KeepRoster{ID: id, Names: []string{" 演示甲 ", "", "演示乙\r"}})
	must(t, err)
	if kept.Roster != 2 {
		t.Errorf("%d names kept", kept.Roster)
	}
	var rows []string
	must(t, b.admin.SelectContext(t.Context(), &rows, `SELECT r::text FROM offer.rosters r UNION ALL SELECT o::text FROM offer.outbox o`))
	if slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, "演示甲") }) {
		t.Error("a name is stored in clear")
	}
	_, err = b.Roster(as(t, contract.RoleAgencyLead, hubei), contract.ReadRoster{ID: id, Reason: "demo"})
	wantFault(t, err, fault.NotFound, "not_found")
	_, err = b.Roster(lead, contract.ReadRoster{ID: id})
	wantFault(t, err, fault.Invalid, "invalid")
	roster, err := b.Roster(lead, contract.ReadRoster{ID: id, Reason: "demo"})
	must(t, err)
	if !slices.Equal(roster.Names, []string{"演示甲", "演示乙"}) {
		t.Errorf("read back %q", roster.Names)
	}
	if entry := <-audited.entries; entry.Action != contract.ActReadRoster || entry.SubjectID != string(id) {
		t.Errorf("recorded %+v", entry)
	}
	_, err = b.VoidSession(lead, contract.VoidSession{ID: id, Reason: "demo"})
	must(t, err)
	b.wantNoRoster(t)
}

func (b *bench) wantNoRoster(t *testing.T) {
	t.Helper()
	var n int
	must(t, b.admin.GetContext(t.Context(), &n, `SELECT (SELECT count(*) FROM offer.rosters) + (SELECT count(*) FROM offer.person_keys)`))
	if n != 0 {
		t.Errorf("%d rosters and keys are left", n)
	}
}

func TestWhatARosterRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lead, id := as(t, contract.RoleAgencyLead, xian), b.groupSession(t)
	_, err := b.KeepRoster(lead, contract.KeepRoster{ID: id, Names: slices.Repeat([]string{"演示"}, 11)})
	wantFault(t, err, fault.Invalid, "invalid")
	_, err = b.KeepRoster(as(t, contract.RoleAgencyLead, hubei), contract.KeepRoster{ID: id, Names: []string{"演示"}})
	wantFault(t, err, fault.NotFound, "not_found")
	single := b.record(t, lead, b.heldSession(func(d *contract.SessionDraft) { d.Group = false }))
	_, err = b.KeepRoster(lead, contract.KeepRoster{ID: single.ID, Names: []string{"演示"}})
	wantFault(t, err, fault.Conflict, "no_group")
}

func TestRostersGoAfterTheirTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.KeepRoster(as(t, contract.RoleAgencyLead, xian), contract.KeepRoster{ID: b.groupSession(t), Names: []string{"演示甲"}})
	must(t, err)
	must(t, b.retireRosters(t.Context(), vault.Retention{KeepContactsDays: 180}))
	b.clock.Advance(200 * 24 * 3600 * 1e9)
	must(t, b.retireRosters(t.Context(), vault.Retention{KeepContactsDays: 180}))
	b.wantNoRoster(t)
}
