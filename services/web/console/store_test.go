package console

import (
	"testing"

	"heli/pkg/testkit"
)

func TestEveryStatementIsValid(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, "web").Open(t, "web")
	for _, q := range statements() {
		statement, err := db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if err := statement.Close(); err != nil {
			t.Error(err)
		}
	}
}
