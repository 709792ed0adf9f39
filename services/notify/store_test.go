package notify

import "testing"

func TestEveryStatementPrepares(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	for _, q := range statements() {
		stmt, err := b.worker.db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("prepare %s: %v", q, err)
			continue
		}
		must(t, stmt.Close())
	}
}
