package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

const editEndpointSQL = `
	UPDATE endpoints SET url = $2, patterns = $3, description = $4, exempt = $5, moved = $6, version = $7,
		state = $8, reason = $9, failing_since = $10, slow_until = $11 WHERE id = $1`

// editEndpoint writes what people may change of an endpoint, and how it stands then.
func (s *store) editEndpoint(ctx context.Context, tx *sqlx.Tx, e endpointRecord) error {
	_, err := tx.ExecContext(ctx, editEndpointSQL, e.ID, e.URL, e.Patterns, e.Description, e.Exempt, e.Moved, e.Version,
		e.State, e.Reason, e.FailingSince, e.SlowUntil)
	if err != nil {
		return fmt.Errorf("edit endpoint: %w", err)
	}
	return nil
}

const dropProofsSQL = `
	UPDATE deliveries SET state = 'dead', reason = '` + reasonMoved + `', next_at = NULL, taken_until = NULL
	WHERE endpoint_id = $1 AND state = 'pending' AND type = '` + typeVerify + `' AND (taken_until IS NULL OR taken_until <= $2)`

const proofUnderWaySQL = `
	SELECT EXISTS (SELECT FROM deliveries WHERE endpoint_id = $1 AND state = 'pending' AND type = '` + typeVerify + `')`

// dropProofs ends the proofs that wait for an endpoint, and reports whether one is
// under way. The endpoint must be locked.
func (s *store) dropProofs(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, now time.Time) (underWay bool, err error) {
	if _, err := tx.ExecContext(ctx, dropProofsSQL, id, now); err != nil {
		return false, fmt.Errorf("end former proofs: %w", err)
	}
	if err := tx.GetContext(ctx, &underWay, proofUnderWaySQL, id); err != nil {
		return false, fmt.Errorf("look for a proof under way: %w", err)
	}
	return underWay, nil
}

var editStatements = []string{editEndpointSQL, dropProofsSQL, proofUnderWaySQL}
