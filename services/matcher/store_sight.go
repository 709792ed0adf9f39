package matcher

import (
	"context"
	"fmt"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// What is read from memory has no wall before it: these ask the tables, in the
// sight of who acts.

const seesRequestSQL = `SELECT EXISTS (SELECT FROM requests WHERE request_id = $1)`

// requireRequest is NotFound for a request that who acts may not see.
func (s store) requireRequest(ctx context.Context, id contract.RequestID) error {
	return s.requireSight(ctx, seesRequestSQL, string(id), fault.NewNotFound("request"))
}

const seesOfferSQL = `SELECT EXISTS (SELECT FROM offers WHERE offer_id = $1)`

// requireOffer is NotFound for an offer that who acts may not see.
func (s store) requireOffer(ctx context.Context, id contract.OfferID) error {
	return s.requireSight(ctx, seesOfferSQL, string(id), fault.NewNotFound("offer"))
}

func (s store) requireSight(ctx context.Context, query, id string, otherwise *fault.Error) error {
	var seen bool
	if err := s.db.GetContext(ctx, &seen, query, id); err != nil {
		return fmt.Errorf("look who may see: %w", err)
	}
	if !seen {
		return otherwise
	}
	return nil
}

const openSeenSQL = `SELECT request_id FROM requests WHERE open`

// openRequestsSeen returns the open requests that who acts may see.
func (s store) openRequestsSeen(ctx context.Context) (map[contract.RequestID]bool, error) {
	var ids []contract.RequestID
	if err := s.db.SelectContext(ctx, &ids, openSeenSQL); err != nil {
		return nil, fmt.Errorf("list open requests: %w", err)
	}
	seen := make(map[contract.RequestID]bool, len(ids))
	for _, id := range ids {
		seen[id] = true
	}
	return seen, nil
}

var sightStatements = []string{seesRequestSQL, seesOfferSQL, openSeenSQL}
