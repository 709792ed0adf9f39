package request

import (
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
)

func TestProbeExplain(t *testing.T) {
	b := setup(t)
	for round := range 12 {
		list := b.waiting(t, 1)
		for i := range list { list[i].key = fmt.Sprint(round, "-", i) }
		params, err := batchOf(list).parameters()
		must(t, err)
		var lines []string
		must(t, b.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
			return tx.SelectContext(t.Context(), &lines, `EXPLAIN (ANALYZE, BUFFERS OFF) `+insertBatchSQL, params...)
		}))
		if round == 11 {
			for _, l := range lines { fmt.Println(l) }
		}
	}
}
