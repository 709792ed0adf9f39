package request

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestTryingSaysWhatMovingDoes tries every move on requests of several stages,
// makes it, and compares; trying leaves nothing behind.
func TestTryingSaysWhatMovingDoes(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	ctx := as(t, contract.RoleCoordinator, shaanxi)
	for _, begin := range [][]string{nil, {"hold"}, {"close"}} {
		for _, move := range []string{"claim", "unclaim", "triage", "open", "hold", "resume", "close", "reopen", "refer"} {
			m := contract.Move{ID: string(b.opened(t).ID), Reason: "expired", To: "hubei"}
			for _, m.Move = range begin {
				_, err := b.Move(ctx, m)
				must(t, err)
			}
			m.Move = move
			facts, notes := len(b.facts(t, contract.RequestID(m.ID))), b.count(t, `SELECT count(*) FROM request.history`)
			tried, trying := b.Try(ctx, m)
			if n := b.count(t, `SELECT count(*) FROM request.history`); n != notes || len(b.facts(t, contract.RequestID(m.ID))) != facts {
				t.Errorf("trying %s after %v left something", move, begin)
			}
			moved, moving := b.Move(ctx, m)
			if tried != moved || fault.KindOf(trying) != fault.KindOf(moving) {
				t.Errorf("%s after %v: tried %v %v, moved %v %v", move, begin, tried, trying, moved, moving)
			}
		}
	}
	for _, move := range []string{"verify_phone", "erase"} {
		_, err := b.Try(ctx, contract.Move{ID: string(b.opened(t).ID), Move: move})
		wantFault(t, err, fault.Invalid, "")
	}
	_, err := b.Try(as(t, contract.RoleCoordinator, hubei), contract.Move{ID: string(b.opened(t).ID), Move: "hold", Reason: "expired"})
	wantFault(t, err, fault.NotFound, "")
}

// TestCountsAreWhatIsThere compares the sums with the rows after moves,
// referrals and joining.
func TestCountsAreWhatIsThere(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	ctx := as(t, contract.RoleCoordinator, shaanxi)
	for i := range 12 {
		m := contract.Move{ID: string(b.opened(t).ID), Reason: "expired", To: "hubei"}
		m.Move = []string{"hold", "close", "refer", "claim"}[i%4]
		_, err := b.Move(ctx, m)
		must(t, err)
		if i%5 == 4 {
			must(t, b.worker.joinTally(t.Context()))
		}
		for _, path := range []string{contract.RootPath, shaanxi, xian, hubei} {
			b.checkCounts(t, path)
		}
	}
	must(t, b.worker.joinTally(t.Context()))
	b.checkCounts(t, contract.RootPath)
	if n := b.count(t, `SELECT count(*) FROM (SELECT FROM request.tally GROUP BY org_path, state HAVING count(*) > 1) AS many`); n != 0 {
		t.Errorf("%d counts are still sums", n)
	}
}

func (b *bench) checkCounts(t *testing.T, path string) {
	t.Helper()
	counted, err := b.Count(as(t, contract.RoleCoordinator, path), contract.Empty{})
	must(t, err)
	var rows []struct {
		State string `db:"state"`
		N     int64  `db:"n"`
	}
	must(t, b.admin.SelectContext(t.Context(), &rows,
		`SELECT state, count(*) AS n FROM request.requests WHERE org_path >= $1 AND org_path < $2 GROUP BY state`, path, contract.PathEnd(path)))
	if len(rows) != len(counted.ByState) {
		t.Errorf("%s: counted %v, there are %v", path, counted.ByState, rows)
	}
	for _, row := range rows {
		if counted.ByState[row.State] != row.N {
			t.Errorf("%s: counted %d in %s, there are %d", path, counted.ByState[row.State], row.State, row.N)
		}
	}
}
