package request

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

const (
	// followInterval is how often the census reads what changed, when nobody asks.
	followInterval = 10 * time.Second
	// keepChanged is how long it is kept which requests changed. A census that was
	// read longer ago than half of that is read whole.
	keepChanged = time.Hour
)

// figures is the census with how far it has been read.
type figures struct {
	*census
	reading chan struct{} // held by who reads; guards until
	until   instant
}

func newFigures() *figures { return &figures{census: newCensus(), reading: make(chan struct{}, 1)} }

// Figures counts the requests that staff see: no row, no text. It counts all that was
// committed before it was asked. It is Unavailable in the seconds after a start in
// which a million requests are read.
func (s *Service) Figures(ctx context.Context, q contract.AskFigures) (contract.RequestFigures, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadFigures); err != nil {
		return contract.RequestFigures{}, err
	}
	ref, err := s.reference.Get()
	if err != nil {
		return contract.RequestFigures{}, err
	}
	scope, err := check.Figures(ref, actor, q)
	if err != nil {
		return contract.RequestFigures{}, err
	}
	zone, err := time.LoadLocation(q.TimeZone)
	if err != nil {
		return contract.RequestFigures{}, fmt.Errorf("load zone: %w", err) // it was checked
	}
	// The wall behind the check: what the policies would show, of whatever was asked.
	wall, err := s.store.selectSight(ctx)
	if err != nil {
		return contract.RequestFigures{}, err
	}
	if err := s.follow(ctx); err != nil {
		return contract.RequestFigures{}, pg.MapContext(ctx, err)
	}
	counted := s.figures.figures(scope, q, s.now(), zone, wall, sight{scope.Path, contract.PathEnd(scope.Path)})
	counted.Regions = scope.Gather(ref, counted.Regions)
	return counted, nil
}

// follow brings the census to what is committed: by what changed, or whole when it
// has not been read for long. Several may ask at once; one reads, the others wait.
func (s *Service) follow(ctx context.Context) error {
	f := s.figures
	select {
	case f.reading <- struct{}{}:
		defer func() { <-f.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.until.Snapshot != "" {
		m, err := s.worker.readChanged(ctx, f.until, f.change)
		if err != nil {
			return err
		}
		recent := m.At.Sub(f.until.At) < keepChanged/2
		f.until = m
		if recent {
			return nil
		}
	}
	whole := newCensus()
	m, err := s.worker.readCensus(ctx, whole.put)
	if err != nil {
		return err
	}
	f.replace(whole)
	f.until = m
	return nil
}

// watchFigures keeps the census near what is committed until ctx ends, so that who
// asks waits for little.
func (s *Service) watchFigures(ctx context.Context, log *slog.Logger) error {
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		if err := s.follow(ctx); err != nil && ctx.Err() == nil {
			log.Warn("could not read what changed, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
