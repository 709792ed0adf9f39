package matcher

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/inbox"
)

// news is what a batch of facts says about one request or offer.
type news[ID ~string] struct {
	id      ID
	version int64 // the newest told
	ended   int64 // the newest told that ended it; 0 when none did
	erased  bool  // everything personal of it is gone
}

// newsOf sorts facts by what they are about and leaves out what was read before
// with a later fact: there is no effect to note.
func newsOf[ID ~string](events []contract.Event, held func(ID) int64, ends ...string) []news[ID] {
	latest := map[ID]news[ID]{}
	for _, e := range events {
		id := ID(e.AggregateID)
		if held(id) >= e.Version {
			continue
		}
		n := latest[id]
		n.id, n.version, n.erased = id, max(n.version, e.Version), n.erased || e.Data.Erased
		if e.Data.Erased || slices.Contains(ends, e.State) {
			n.ended = max(n.ended, e.Version)
		}
		latest[id] = n
	}
	return slices.SortedFunc(maps.Values(latest), func(a, b news[ID]) int { return cmp.Compare(a.id, b.id) })
}

func versionsOf[ID ~string](all []news[ID]) []int64 {
	versions := make([]int64, len(all))
	for i, n := range all {
		versions[i] = n.version
	}
	return versions
}

func idsOf[ID ~string](all []news[ID]) []ID {
	ids := make([]ID, len(all))
	for i, n := range all {
		ids[i] = n.id
	}
	return ids
}

// hearRequests takes facts about requests: it fetches their projections in one
// call, stores them once, and looks what follows.
func (s *Service) hearRequests(ctx context.Context, events []contract.Event, once inbox.Once) error {
	told := newsOf(events, s.board.requestVersion, "closed", "confirmed")
	if len(told) == 0 {
		return nil
	}
	projected, err := s.projectedRequests(ctx, idsOf(told), versionsOf(told))
	if err != nil {
		return err
	}
	var first []contract.RequestID
	err = once(func(tx *sqlx.Tx, _ []contract.Event) (err error) {
		first, err = s.storeRequests(ctx, tx, told, projected)
		return err
	})
	if err != nil {
		return err
	}
	s.adopt(first, projected)
	for _, n := range told {
		if _, there := projected[n.id]; there && n.ended == 0 {
			continue
		}
		if err := s.endMatches(ctx, n.id, "", "request_closed", n.erased); err != nil {
			return err
		}
	}
	if err := s.endRemoved(ctx, projected, first); err != nil {
		return err
	}
	ids := idsOf(told)
	known := slices.DeleteFunc(slices.Clone(ids), func(id contract.RequestID) bool { return slices.Contains(first, id) })
	if err := s.reload(ctx, changes{Requests: known}); err != nil {
		return err
	}
	s.tell(ctx, changes{Requests: ids})
	return s.proposeByThemselves(ctx, ids)
}

// proposeByThemselves proposes for requests where the policy lets the matcher
// act by itself.
func (s *Service) proposeByThemselves(ctx context.Context, ids []contract.RequestID) error {
	for _, id := range ids {
		if err := s.proposeByItself(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// storeRequests stores what is there and forgets what is gone or ended. It
// returns those that are there for the first time.
func (s *Service) storeRequests(ctx context.Context, tx *sqlx.Tx, told []news[contract.RequestID], projected map[contract.RequestID]contract.ProjectedRequest) ([]contract.RequestID, error) {
	var stay []contract.ProjectedRequest
	for _, n := range told {
		p, there := projected[n.id]
		if there && p.Version > n.ended {
			stay = append(stay, p)
			continue
		}
		if err := s.store.forgetRequest(ctx, tx, n.id, n.version, s.clock()); err != nil {
			return nil, err
		}
		if n.erased {
			if err := s.store.eraseReasons(ctx, tx, n.id, ""); err != nil {
				return nil, err
			}
			if err := s.store.erasePlaces(ctx, tx, n.id); err != nil {
				return nil, err
			}
		}
	}
	first, err := s.store.upsertRequests(ctx, tx, stay, s.clock())
	if err != nil {
		return nil, err
	}
	return first, s.store.dropLines(ctx, tx, withoutFirst(stay, first))
}

// withoutFirst leaves out requests that were not there before: none of their lines
// can be gone.
func withoutFirst(all []contract.ProjectedRequest, first []contract.RequestID) []contract.ProjectedRequest {
	return slices.DeleteFunc(slices.Clone(all), func(p contract.ProjectedRequest) bool { return slices.Contains(first, p.RequestID) })
}

// lineRemoved is the reason of a match whose need line is gone.
const lineRemoved = "line_removed"

// endRemoved cancels what was proposed for a need line while it was being removed,
// after its amount was closed to everybody else.
func (s *Service) endRemoved(ctx context.Context, projected map[contract.RequestID]contract.ProjectedRequest, first []contract.RequestID) error {
	known := withoutFirst(slices.Collect(maps.Values(projected)), first)
	ids, err := s.worker.matchesWithoutLine(ctx, known)
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		if err := s.moveBySystem(ctx, id, "cancel", lineRemoved); err != nil {
			return err
		}
	}
	return s.worker.dropLines(ctx, s.worker.db, known)
}

// adopt takes requests that were stored for the first time onto the board, unless
// somebody was faster: nothing can be reserved of them yet that would have to be
// read back.
func (s *Service) adopt(first []contract.RequestID, projected map[contract.RequestID]contract.ProjectedRequest) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	for _, id := range first {
		if p := projected[id]; p.Suggestable && s.board.requestVersion(id) == 0 {
			s.board.putRequest(p, nil, nil)
		}
	}
	s.board.announce()
}

// hearOffers takes facts about offers.
func (s *Service) hearOffers(ctx context.Context, events []contract.Event, once inbox.Once) error {
	told := newsOf(events, s.board.offerVersion, "expired", "withdrawn", "blocked")
	if len(told) == 0 {
		return nil
	}
	projected, err := s.projectedOffers(ctx, idsOf(told), versionsOf(told))
	if err != nil {
		return err
	}
	err = once(func(tx *sqlx.Tx, _ []contract.Event) error { return s.storeOffers(ctx, tx, told, projected) })
	if err != nil {
		return err
	}
	for _, n := range told {
		if _, there := projected[n.id]; there && n.ended == 0 {
			continue
		}
		if err := s.endMatches(ctx, "", n.id, "offer_ended", n.erased); err != nil {
			return err
		}
	}
	return s.afterOffers(ctx, idsOf(told))
}

func (s *Service) storeOffers(ctx context.Context, tx *sqlx.Tx, told []news[contract.OfferID], projected map[contract.OfferID]contract.ProjectedOffer) error {
	var stay []contract.ProjectedOffer
	for _, n := range told {
		p, there := projected[n.id]
		if there && p.Version > n.ended {
			stay = append(stay, p)
			continue
		}
		if err := s.store.forgetOffer(ctx, tx, n.id, n.version, s.clock()); err != nil {
			return err
		}
		if n.erased {
			if err := s.store.eraseReasons(ctx, tx, "", n.id); err != nil {
				return err
			}
		}
	}
	return s.store.upsertOffers(ctx, tx, stay, s.clock())
}

// afterOffers shows changed offers to every instance, frees what they can no
// longer give, and finds the needs that wait for them.
func (s *Service) afterOffers(ctx context.Context, ids []contract.OfferID) error {
	for _, id := range ids {
		if err := s.freeExcess(ctx, id); err != nil {
			return err
		}
	}
	if err := s.publishChanges(ctx, changes{Offers: ids}); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.findWaiting(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// projectedRequests fetches what may be known of requests, each in the version
// told or a newer one; the newest when none is told. Those that are gone are left
// out.
func (s *Service) projectedRequests(ctx context.Context, ids []contract.RequestID, told []int64) (map[contract.RequestID]contract.ProjectedRequest, error) {
	found, err := fetch(ctx, s, contract.RequestProjections, ids, told)
	if err != nil {
		return nil, fmt.Errorf("fetch request projections: %w", err)
	}
	byID := make(map[contract.RequestID]contract.ProjectedRequest, len(found))
	for _, p := range found {
		byID[p.RequestID] = p
	}
	return byID, nil
}

func (s *Service) projectedOffers(ctx context.Context, ids []contract.OfferID, told []int64) (map[contract.OfferID]contract.ProjectedOffer, error) {
	found, err := fetch(ctx, s, contract.OfferProjections, ids, told)
	if err != nil {
		return nil, fmt.Errorf("fetch offer projections: %w", err)
	}
	byID := make(map[contract.OfferID]contract.ProjectedOffer, len(found))
	for _, p := range found {
		byID[p.OfferID] = p
	}
	return byID, nil
}

func fetch[ID ~string, P any](ctx context.Context, s *Service, from contract.Endpoint[contract.GetProjections, contract.Projections[P]], ids []ID, told []int64) ([]P, error) {
	q := contract.GetProjections{IDs: make([]string, len(ids)), Versions: told}
	for i, id := range ids {
		q.IDs[i] = string(id)
	}
	found, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, from, q)
	return found.Items, err
}
