package matcher

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// changes names what an instance changed, for the others to read again.
type changes struct {
	From     string               `json:"from,omitempty"` // the instance that has read them already
	Requests []contract.RequestID `json:"requests,omitempty"`
	Offers   []contract.OfferID   `json:"offers,omitempty"`
	Blocks   bool                 `json:"blocks,omitempty"` // who is kept apart
}

func (c changes) empty() bool { return len(c.Requests)+len(c.Offers) == 0 }

// refreshRequest fetches a request now instead of waiting for its event.
func (s *Service) refreshRequest(ctx context.Context, id contract.RequestID) error {
	found, err := s.projectedRequests(ctx, []contract.RequestID{id}, nil)
	if err != nil {
		return err
	}
	p, there := found[id]
	if !there {
		return fault.NewNotFound("request")
	}
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		_, err := s.store.upsertRequests(ctx, tx, []contract.ProjectedRequest{p}, s.clock())
		return err
	})
	if err != nil {
		return err
	}
	return s.publishChanges(ctx, changes{Requests: []contract.RequestID{id}})
}

// refreshOffer fetches an offer now instead of waiting for its event.
func (s *Service) refreshOffer(ctx context.Context, id contract.OfferID) error {
	found, err := s.projectedOffers(ctx, []contract.OfferID{id}, nil)
	if err != nil {
		return err
	}
	p, there := found[id]
	if !there {
		return fault.NewNotFound("offer")
	}
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		return s.store.upsertOffers(ctx, tx, []contract.ProjectedOffer{p}, s.clock())
	})
	if err != nil {
		return err
	}
	return s.publishChanges(ctx, changes{Offers: []contract.OfferID{id}})
}

// publishChanges reads rows again into this instance's board and tells the others.
func (s *Service) publishChanges(ctx context.Context, c changes) error {
	if err := s.reload(ctx, c); err != nil {
		return err
	}
	s.tell(ctx, c)
	return nil
}

// tell names changed rows to the other instances.
func (s *Service) tell(ctx context.Context, c changes) {
	c.From = s.instance
	if err := s.bus.Broadcast(changedSubject, c); err != nil {
		s.log.DebugContext(ctx, "tell of changes", "error", err) // they look by themselves every second
	}
}

// reload reads the rows named into the board. Reading and taking over happen
// under one lock, so that an older reading never overwrites a newer one.
func (s *Service) reload(ctx context.Context, c changes) error {
	if c.empty() {
		return nil
	}
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if err := s.reloadRequests(ctx, c.Requests); err != nil {
		return err
	}
	if err := s.reloadOffers(ctx, c.Offers); err != nil {
		return err
	}
	s.board.announce()
	return nil
}

func (s *Service) reloadRequests(ctx context.Context, ids []contract.RequestID) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := s.worker.loadRequests(ctx, ids)
	if err != nil {
		return err
	}
	missing := slices.Clone(ids)
	for _, row := range rows {
		if err := s.board.putRequestRow(row); err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, func(id contract.RequestID) bool { return id == row.ID })
	}
	for _, id := range missing {
		s.board.removeRequest(id)
	}
	return nil
}

func (s *Service) reloadOffers(ctx context.Context, ids []contract.OfferID) error {
	if len(ids) == 0 {
		return nil
	}
	others, err := s.worker.sameHelpers(ctx, ids)
	if err != nil {
		return err
	}
	ids = append(slices.Clone(ids), others...)
	now := s.clock()
	rows, err := s.worker.loadOffers(ctx, ids, thisWeek(now))
	if err != nil {
		return err
	}
	missing := slices.Clone(ids)
	for _, row := range rows {
		if err := s.board.putOffer(row, now); err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, func(id contract.OfferID) bool { return id == row.ID })
	}
	for _, id := range missing {
		s.board.removeOffer(id)
	}
	return nil
}

// thisWeek returns the Monday that a helper's asks are counted from, in UTC:
// one week for all organisations.
func thisWeek(now time.Time) time.Time { return periodStart(contract.PerWeek, now, time.UTC) }
