package matcher

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// load fills an empty board from the tables.
func (s *Service) load(ctx context.Context) error {
	began := s.clock()
	if err := s.loadAll(ctx, began); err != nil {
		return err
	}
	// What was changed while it was read may have been read before.
	return s.followSince(ctx, began.Add(-followBack))
}

func (s *Service) loadAll(ctx context.Context, now time.Time) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	blocks, err := s.worker.listBlocks(ctx)
	if err != nil {
		return err
	}
	s.board.apart.Store(newApart(blocks))
	if err := s.loadAllOffers(ctx, now); err != nil {
		return fmt.Errorf("load offers: %w", err)
	}
	if err := s.loadAllRequests(ctx); err != nil {
		return fmt.Errorf("load requests: %w", err)
	}
	s.board.announce()
	return nil
}

func (s *Service) loadAllOffers(ctx context.Context, now time.Time) error {
	all, err := s.worker.allUses(ctx, now.AddDate(0, 0, -8), thisWeek(now))
	if err != nil {
		return err
	}
	loading := s.board.index.Loading()
	err = pipe(ctx, s.worker.allOffers, func(batch []storedRow) error { return s.board.loadOffers(loading, batch, all, now) })
	if err != nil {
		return err
	}
	loading.End()
	return nil
}

func (s *Service) loadAllRequests(ctx context.Context) error {
	reserved, err := s.worker.reservedNeeds(ctx)
	if err != nil {
		return err
	}
	excluded, err := s.worker.allExcluded(ctx)
	if err != nil {
		return err
	}
	return pipe(ctx, s.worker.allRequests, func(batch []storedRow) error {
		for _, row := range batch {
			p, err := decode[contract.ProjectedRequest](row.Document)
			if err != nil {
				return err
			}
			s.board.putRequest(p, reserved, excluded[p.RequestID])
		}
		return nil
	})
}

// pipe has one read what others, as many as there are processors, work on.
func pipe[R any](ctx context.Context, read func(context.Context, func([]R) error) error, work func([]R) error) error {
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []R)
	group.Go(func() error {
		defer close(batches)
		return read(ctx, func(batch []R) error {
			select {
			case batches <- batch:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for batch := range batches {
				if err := work(batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// loadOffers takes offers that the board does not hold yet.
func (b *board) loadOffers(loading *index.Loading, batch []storedRow, all uses, now time.Time) error {
	held, lines := make(map[uuid.UUID]heldOffer, len(batch)), make([]rank.Offer, 0, len(batch))
	for _, row := range batch {
		p, err := decode[contract.ProjectedOffer](row.Document)
		if err != nil {
			return err
		}
		use, periods := all.of(p)
		one, its := b.read(p, use, periods, now)
		held[binary(p.OfferID)] = one
		lines = append(lines, its...)
	}
	loading.Add(lines)
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, one := range held {
		b.offers[id] = one
	}
	return nil
}
