package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/testkit"
)

// TestTheDemoIsLoadedOnce starts with the demo, and again as after a load that was
// broken off at its end, so long ago that no key is known: what is there stays as it
// is, and there is a match in every state that people reach.
func TestTheDemoIsLoadedOnce(t *testing.T) {
	t.Parallel()
	data := testkit.DataDir(t)
	first := startHeli(t, data, "--demo")
	before := demoRows(first)
	for _, state := range []string{"proposed", "accepted", "in_progress", "reported_done", "confirmed", "disputed", "declined"} {
		if before[state] == 0 {
			t.Errorf("no match of the demo is %s", state)
		}
	}
	checkInvariants(t, first)
	for _, q := range []string{`DELETE FROM platform.mark WHERE name = 'demo'`, `DELETE FROM matcher.idempotency`} {
		if _, err := first.database().ExecContext(t.Context(), q); err != nil {
			t.Fatalf("forget that the demo is loaded: %v", err)
		}
	}
	first.stop()
	second := startHeli(t, data, "--demo")
	if after := demoRows(second); !cmp.Equal(before, after) {
		t.Error(cmp.Diff(before, after))
	}
}

// demoRows counts what the demo is made of, and its matches by state.
func demoRows(i *instance) map[string]int {
	i.t.Helper()
	var rows []struct {
		Name string `db:"name"`
		N    int    `db:"n"`
	}
	const q = `
		SELECT 'requests' AS name, count(*) AS n FROM request.requests UNION ALL SELECT 'offers', count(*) FROM offer.offers
		UNION ALL SELECT 'sessions', count(*) FROM offer.sessions UNION ALL SELECT 'organisations', count(*) FROM directory.organisation
		UNION ALL SELECT state, count(*) FROM matcher.matches GROUP BY state`
	if err := i.database().SelectContext(i.t.Context(), &rows, q); err != nil {
		i.t.Fatalf("count what the demo is made of: %v", err)
	}
	counts := make(map[string]int, len(rows))
	for _, row := range rows {
		counts[row.Name] = row.N
	}
	return counts
}
