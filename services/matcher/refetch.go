package matcher

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// refetchPause is how long a service that is away is left alone.
const refetchPause = time.Second

// refetch fetches anew every projection that was made under former keys, whose
// words and helper can be compared with no new one, and returns when there is
// none left or ctx ends.
func (s *Service) refetch(ctx context.Context) error {
	for ctx.Err() == nil {
		again, err := s.refetchSome(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "fetch projections anew", "error", err)
			wait(ctx, refetchPause)
			continue
		}
		if !again {
			return nil
		}
	}
	return nil
}

// wait waits for a time, or until ctx ends.
func wait(ctx context.Context, span time.Duration) {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// refetchSome fetches some and reports whether there were any. What its service
// does not know any more is forgotten.
func (s *Service) refetchSome(ctx context.Context) (bool, error) {
	requests, err := selectStale[contract.RequestID](ctx, s.worker, staleRequestsSQL)
	if err != nil {
		return false, err
	}
	offers, err := selectStale[contract.OfferID](ctx, s.worker, staleOffersSQL)
	if err != nil || len(requests)+len(offers) == 0 {
		return false, err
	}
	if err := s.refetchRequests(ctx, requests); err != nil {
		return false, err
	}
	return true, s.refetchOffers(ctx, offers)
}

func (s *Service) refetchRequests(ctx context.Context, ids []contract.RequestID) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := s.projectedRequests(ctx, ids, nil)
	if err != nil {
		return err
	}
	told := make([]news[contract.RequestID], len(ids))
	for i, id := range ids {
		told[i] = news[contract.RequestID]{id: id, version: 1}
	}
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		_, err := s.storeRequests(ctx, tx, told, found)
		return err
	})
	if err != nil {
		return err
	}
	return s.publishChanges(ctx, changes{Requests: ids})
}

func (s *Service) refetchOffers(ctx context.Context, ids []contract.OfferID) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := s.projectedOffers(ctx, ids, nil)
	if err != nil {
		return err
	}
	told := make([]news[contract.OfferID], len(ids))
	for i, id := range ids {
		told[i] = news[contract.OfferID]{id: id, version: 1}
	}
	if err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error { return s.storeOffers(ctx, tx, told, found) }); err != nil {
		return err
	}
	return s.publishChanges(ctx, changes{Offers: ids})
}
