package matcher

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/inbox"
)

// changes names what an instance changed, for the others to read again.
type changes struct {
	From     string               `json:"from,omitempty"` // the instance that has read them already
	Requests []contract.RequestID `json:"requests,omitempty"`
	Offers   []contract.OfferID   `json:"offers,omitempty"`
}

func (c changes) empty() bool { return len(c.Requests)+len(c.Offers) == 0 }

// hearRequest takes a fact about a request: it fetches the projection, stores
// it once, and looks what follows.
func (s *Service) hearRequest(ctx context.Context, e contract.Event, once inbox.Once) error {
	id := contract.RequestID(e.AggregateID)
	if held, ok := s.board.request(id); ok && held.Version >= e.Version {
		return nil // read before with a later fact: there is no effect to note
	}
	ended := e.Data.Erased || e.State == "closed" || e.State == "confirmed"
	p, err := s.projectedRequest(ctx, id)
	gone := fault.Is(err, fault.NotFound)
	if err != nil && !gone {
		return err
	}
	err = once(func(tx *sqlx.Tx) error {
		if gone || (ended && p.Version <= e.Version) {
			return s.store.forgetRequest(ctx, tx, id, e.Version, s.clock())
		}
		return s.store.upsertRequest(ctx, tx, p, s.clock())
	})
	if err != nil {
		return err
	}
	if gone || ended {
		if err := s.endMatches(ctx, id, "", "request_closed"); err != nil {
			return err
		}
	}
	return s.afterRequest(ctx, id)
}

// hearOffer takes a fact about an offer.
func (s *Service) hearOffer(ctx context.Context, e contract.Event, once inbox.Once) error {
	id := contract.OfferID(e.AggregateID)
	if held, ok := s.board.offer(id); ok && held.Version >= e.Version {
		return nil // read before with a later fact: there is no effect to note
	}
	ended := e.Data.Erased || slices.Contains([]string{"expired", "withdrawn", "blocked"}, e.State)
	p, err := s.projectedOffer(ctx, id)
	gone := fault.Is(err, fault.NotFound)
	if err != nil && !gone {
		return err
	}
	err = once(func(tx *sqlx.Tx) error {
		if gone || (ended && p.Version <= e.Version) {
			return s.store.forgetOffer(ctx, tx, id, e.Version, s.clock())
		}
		return s.store.upsertOffer(ctx, tx, p, s.clock())
	})
	if err != nil {
		return err
	}
	if gone || ended {
		if err := s.endMatches(ctx, "", id, "offer_ended"); err != nil {
			return err
		}
	}
	return s.afterOffer(ctx, id)
}

// afterRequest shows a changed request to every instance and proposes for it
// where the policy lets the matcher act by itself.
func (s *Service) afterRequest(ctx context.Context, id contract.RequestID) error {
	if err := s.publishChanges(ctx, changes{Requests: []contract.RequestID{id}}); err != nil {
		return err
	}
	return s.proposeByItself(ctx, id)
}

// afterOffer shows a changed offer to every instance, frees what it can no
// longer give, and finds the needs that wait for it.
func (s *Service) afterOffer(ctx context.Context, id contract.OfferID) error {
	if err := s.freeExcess(ctx, id); err != nil {
		return err
	}
	if err := s.publishChanges(ctx, changes{Offers: []contract.OfferID{id}}); err != nil {
		return err
	}
	return s.findWaiting(ctx, id)
}

func (s *Service) projectedRequest(ctx context.Context, id contract.RequestID) (contract.ProjectedRequest, error) {
	ctx = contract.WithActor(ctx, contract.System())
	p, err := bus.Call(ctx, s.bus, contract.RequestProjection, contract.GetByID{ID: string(id)})
	if err != nil {
		return p, fmt.Errorf("fetch request projection: %w", err)
	}
	return p, nil
}

func (s *Service) projectedOffer(ctx context.Context, id contract.OfferID) (contract.ProjectedOffer, error) {
	ctx = contract.WithActor(ctx, contract.System())
	p, err := bus.Call(ctx, s.bus, contract.OfferProjection, contract.GetByID{ID: string(id)})
	if err != nil {
		return p, fmt.Errorf("fetch offer projection: %w", err)
	}
	return p, nil
}

// refreshRequest fetches a request now instead of waiting for its event.
func (s *Service) refreshRequest(ctx context.Context, id contract.RequestID) error {
	p, err := s.projectedRequest(ctx, id)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error { return s.store.upsertRequest(ctx, tx, p, s.clock()) })
	if err != nil {
		return err
	}
	return s.publishChanges(ctx, changes{Requests: []contract.RequestID{id}})
}

// refreshOffer fetches an offer now instead of waiting for its event.
func (s *Service) refreshOffer(ctx context.Context, id contract.OfferID) error {
	p, err := s.projectedOffer(ctx, id)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error { return s.store.upsertOffer(ctx, tx, p, s.clock()) })
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
	c.From = s.instance
	if err := s.bus.Broadcast(changedSubject, c); err != nil {
		s.log.DebugContext(ctx, "tell of changes", "err", err) // the others look by themselves every second
	}
	return nil
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
	rows, err := s.store.loadRequests(ctx, ids)
	if err != nil {
		return err
	}
	missing := slices.Clone(ids)
	for _, row := range rows {
		if err := s.board.putRequest(row); err != nil {
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
	now := s.clock()
	rows, err := s.store.loadOffers(ctx, ids, thisWeek(now))
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

// load fills the board from the tables.
func (s *Service) load(ctx context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	requests, err := s.store.loadRequests(ctx, nil)
	if err != nil {
		return err
	}
	for _, row := range requests {
		if err := s.board.putRequest(row); err != nil {
			return err
		}
	}
	now := s.clock()
	offers, err := s.store.loadOffers(ctx, nil, thisWeek(now))
	if err != nil {
		return err
	}
	for _, row := range offers {
		if err := s.board.putOffer(row, now); err != nil {
			return err
		}
	}
	s.board.announce()
	return nil
}
