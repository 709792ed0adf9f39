package offer

import (
	"regexp"
	"strings"
	"testing"

	"heli/pkg/publication"
)

func TestEveryStatementPrepares(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, q := range append(statements(), publication.Statements()...) {
		stmt, err := b.db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("prepare %s: %v", q, err)
			continue
		}
		must(t, stmt.Close())
	}
}

// TestNoContactInClear reads every column of every table as text.
func TestNoContactInClear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.available(t)
	var tables []string
	must(t, b.admin.SelectContext(t.Context(), &tables, `SELECT tablename FROM pg_tables WHERE schemaname = 'offer'`))
	digits := regexp.MustCompile(`100\s?0000\s?1234`)
	for _, table := range tables {
		var rows []string
		must(t, b.admin.SelectContext(t.Context(), &rows, `SELECT x::text FROM offer.`+table+` x`))
		for _, row := range rows {
			if digits.MatchString(row) || strings.Contains(row, "演示乙") || strings.Contains(row, "demo@example.org") {
				t.Errorf("%s holds a contact in clear", table)
			}
			if table == "outbox" && (strings.Contains(row, "口罩") || strings.Contains(row, "shop")) {
				t.Errorf("a fact holds the text of an offer")
			}
		}
	}
	if n := b.count(t, `SELECT count(*) FROM offer.contacts WHERE phone IS NOT NULL AND phone_index IS NOT NULL`); n != 1 {
		t.Errorf("%d sealed contacts, want 1", n)
	}
}
