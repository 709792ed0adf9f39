package request

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/vault"
)

// TestRetentionLetsGoWhatHasEnded goes through the times of one that has ended and
// of one that has not.
func TestRetentionLetsGoWhatHasEnded(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.plantedRequest(t)
	_, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(r.ID), Move: "close", Reason: "unreachable"})
	must(t, err)
	live := draft()
	kept := vault.Retention{KeepContactsDays: 10, KeepClosedDays: 30}
	other, err := b.Submit(as(t, contract.RoleCoordinator, xian), submission1(live))
	must(t, err)
	for _, step := range []struct{ days, keys, erased int }{{9, 2, 0}, {2, 1, 0}, {18, 1, 0}, {2, 1, 1}, {400, 1, 1}} {
		b.clock.Set(b.clock.Now().AddDate(0, 0, step.days))
		for range 2 {
			must(t, b.retire(t.Context(), kept))
			must(t, b.retire(t.Context(), vault.Retention{}))
		}
		if n := b.count(t, `SELECT count(*) FROM request.person_keys`); n != step.keys {
			t.Errorf("after %d days more there are %d contacts, want %d", step.days, n, step.keys)
		}
		if n := b.count(t, `SELECT count(*) FROM request.requests WHERE erased_at IS NOT NULL`); n != step.erased {
			t.Errorf("after %d days more %d are erased, want %d", step.days, n, step.erased)
		}
	}
	if left := holding(t, b.admin.DB, "request", planted); len(left) > 0 || len(d.journal) != 1 || d.journal[0].SubjectID != string(r.ID) {
		t.Errorf("left in %v, journal %v", left, d.journal)
	}
	if _, err := b.Get(asRequester(t, other.ID), contract.GetByID{ID: string(other.ID)}); err != nil {
		t.Error(err)
	}
}
