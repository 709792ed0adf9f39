package vault

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// catchUpInterval is how often a directory that is away is asked again.
const catchUpInterval = time.Second

// Journal follows the directory's journal of erasures in one service.
type Journal struct {
	DB    *pg.DB // of the service's own work
	Bus   *bus.Bus
	Thing contract.Thing
	// Erase erases a thing that the journal names; NotFound and what was erased before
	// are no failures.
	Erase func(ctx context.Context, id string) error
}

// Follow erases what the journal names and is still here: after a crash between the
// two, or when an older backup was restored. It notes how far it came, and may be
// repeated.
func (j Journal) Follow(ctx context.Context) error {
	ctx = contract.WithActor(ctx, contract.System())
	for {
		after, err := selectCursor(ctx, j.DB)
		if err != nil {
			return pg.MapContext(ctx, err)
		}
		journal, err := bus.Call(ctx, j.Bus, contract.DirectoryErasures, contract.ListErasures{Thing: j.Thing, After: after})
		if err != nil {
			return fmt.Errorf("follow the journal of erasures: %w", err)
		}
		for _, e := range journal.Items {
			if err := j.Erase(ctx, e.SubjectID); err != nil && !fault.Is(err, fault.NotFound) {
				return fmt.Errorf("erase %s %s: %w", j.Thing, e.SubjectID, err)
			}
		}
		if journal.Last == after {
			return nil
		}
		if err := updateCursor(ctx, j.DB, journal.Last); err != nil {
			return pg.MapContext(ctx, err)
		}
	}
}

// CatchUp follows the journal before anything is shown: what an older backup brought
// back is never seen. It waits for the directory until ctx ends, which is no failure.
func (j Journal) CatchUp(ctx context.Context, log *slog.Logger) error {
	ticker := time.NewTicker(catchUpInterval)
	defer ticker.Stop()
	for {
		err := j.Follow(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if !fault.Is(err, fault.Unavailable) {
			return err
		}
		log.Info("waiting for the journal of erasures", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
