package request

import (
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

func TestProbeFixed(t *testing.T) {
	b := probe(t)
	for _, n := range []int{1, 4, 16, 64} {
		var stmt, enc, total time.Duration
		const rounds = 60
		for round := range rounds {
			list := b.waiting(t, n)
			for i := range list { list[i].key = fmt.Sprint(n, "-", round, "-", i) }
			t0 := time.Now()
			must(t, b.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
				t1 := time.Now()
				bb := batchOf(list)
				_, err := bb.parameters()
				enc += time.Since(t1)
				t1 = time.Now()
				_, err = b.store.insertBatch(t.Context(), tx, bb)
				stmt += time.Since(t1)
				return err
			}))
			total += time.Since(t0)
		}
		fmt.Println(n, "encode", enc/rounds, "stmt incl encode", stmt/rounds, "total", total/rounds)
	}
}
