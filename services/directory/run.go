package directory

import (
	"context"
	"fmt"

	"heli/pkg/app"
	"heli/pkg/bus"
)

// Run loads the reference data, answers calls until ctx ends, and returns when
// the last call is answered.
func Run(ctx context.Context, deps app.Deps) error {
	service := New(deps.DB, deps.Keys, deps.Clock, broadcaster(deps.Bus, deps.Log))
	if err := service.Seed(ctx); err != nil {
		return err
	}
	server, err := bus.NewServer(deps.Bus, deps.Name)
	if err != nil {
		return fmt.Errorf("start directory: %w", err)
	}
	defer server.Stop()
	if err := answer(server, service); err != nil {
		return fmt.Errorf("start directory: %w", err)
	}
	deps.Ready()
	<-ctx.Done()
	return nil
}
