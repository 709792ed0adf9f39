package matcher

import (
	"context"
	"fmt"

	"heli/pkg/contract"
)

// A rotation of keys leaves projections in place with version 0: they serve until
// they are fetched anew.
const (
	staleRequestsSQL = `SELECT request_id FROM requests WHERE version = 0 AND document IS NOT NULL LIMIT $1`
	staleOffersSQL   = `SELECT offer_id FROM offers WHERE version = 0 AND document IS NOT NULL LIMIT $1`
)

var refetchStatements = []string{staleRequestsSQL, staleOffersSQL}

func selectStale[ID ~string](ctx context.Context, s store, q string) ([]ID, error) {
	var ids []ID
	if err := s.db.SelectContext(ctx, &ids, q, contract.MaxProjections); err != nil {
		return nil, fmt.Errorf("select stale projections: %w", err)
	}
	return ids, nil
}
