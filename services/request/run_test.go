package request

import (
	"context"
	"sync"
	"testing"
	"time"

	"heli/pkg/vault"
)

// The service's own work goes over copies of it: the race detector sees here whatever
// writes into the original meanwhile.
func TestOwnWorkChangesNoFieldOfTheService(t *testing.T) {
	b, _ := setupBus(t)
	for range 3 {
		b.reported(t, b.opened(t))
	}
	b.clock.Advance(30 * 24 * time.Hour)
	working, worked := context.WithCancel(t.Context())
	var copying sync.WaitGroup
	copying.Go(func() {
		for working.Err() == nil {
			b.unwalled()
		}
	})
	tasks := append(b.dueTasks(), b.releaseClaims, b.worker.joinTally, b.journal().Follow,
		func(ctx context.Context) error { return b.retire(ctx, vault.Retention{}) })
	for _, task := range tasks {
		if err := task(t.Context()); err != nil {
			t.Error(err)
		}
	}
	worked()
	copying.Wait()
}
