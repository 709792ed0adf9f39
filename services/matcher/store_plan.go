package matcher

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// keptPlans is how long a plan may be confirmed.
const keptPlans = 24 * time.Hour

const lockScopeSQL = `SELECT pg_advisory_xact_lock(hashtextextended('heli.matcher.plan ' || $1 || $2, 0))`

const latestPlanSQL = `SELECT document FROM plans
	WHERE org_path = $1 AND scope = $2 AND snapshot_at >= $3 ORDER BY snapshot_at DESC LIMIT 1`

// latestPlan waits for whoever plans the same scope now, and returns the newest
// plan that is not older than since; false when there is none. Until tx ends
// nobody else plans that scope.
func (s store) latestPlan(ctx context.Context, tx *sqlx.Tx, path string, scope contract.PlanScope, since time.Time) (contract.Plan, bool, error) {
	var p contract.Plan
	key, err := json.Marshal(scope)
	if err != nil {
		return p, false, fmt.Errorf("encode scope: %w", err)
	}
	if _, err := tx.ExecContext(ctx, lockScopeSQL, path, string(key)); err != nil {
		return p, false, fmt.Errorf("lock scope: %w", err)
	}
	var document []byte
	err = tx.GetContext(ctx, &document, latestPlanSQL, path, key, since)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("read latest plan: %w", err)
	}
	if err := json.Unmarshal(document, &p); err != nil {
		return p, false, fmt.Errorf("decode plan: %w", err)
	}
	return p, true, nil
}

const insertPlanSQL = `INSERT INTO plans (id, org_path, scope, policy_version, snapshot_at, objective, bound, certified, document)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

func (s store) insertPlan(ctx context.Context, tx *sqlx.Tx, path string, p contract.Plan) error {
	scope, err := json.Marshal(p.Scope)
	if err != nil {
		return fmt.Errorf("encode scope: %w", err)
	}
	document, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode plan: %w", err)
	}
	_, err = tx.ExecContext(ctx, insertPlanSQL, p.ID, path, scope, p.PolicyVersion, p.SnapshotAt, p.Objective, p.Bound, p.Certified, document)
	if err != nil {
		return fmt.Errorf("insert plan: %w", err)
	}
	return nil
}

const getPlanSQL = `SELECT org_path, document FROM plans WHERE id = $1 AND snapshot_at > $2`

// getPlan returns a plan that may still be confirmed and the path in whose sight
// it was made; else it is NotFound.
func (s store) getPlan(ctx context.Context, id contract.PlanID, now time.Time) (contract.Plan, string, error) {
	var row struct {
		Path     string `db:"org_path"`
		Document []byte `db:"document"`
	}
	var p contract.Plan
	err := s.db.GetContext(ctx, &row, getPlanSQL, id, now.Add(-keptPlans))
	if errors.Is(err, sql.ErrNoRows) {
		return p, "", fault.NewNotFound("plan")
	}
	if err != nil {
		return p, "", fmt.Errorf("read plan: %w", err)
	}
	if err := json.Unmarshal(row.Document, &p); err != nil {
		return p, "", fmt.Errorf("decode plan: %w", err)
	}
	return p, row.Path, nil
}

const purgePlansSQL = `DELETE FROM plans WHERE snapshot_at <= $1`

func (s store) purgePlans(ctx context.Context, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, purgePlansSQL, now.Add(-keptPlans)); err != nil {
		return fmt.Errorf("purge plans: %w", err)
	}
	return nil
}

const excludedOfSQL = `SELECT request_id, offer_id FROM refused WHERE request_id = ANY($1)
	UNION SELECT request_id, offer_id FROM matches WHERE request_id = ANY($1)
	AND state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed')`

// excludedOf is excludedPairs for many requests.
func (s store) excludedOf(ctx context.Context, ids []contract.RequestID) (map[pair]bool, error) {
	var pairs []pair
	if err := s.db.SelectContext(ctx, &pairs, excludedOfSQL, idArray(ids)); err != nil {
		return nil, fmt.Errorf("list excluded pairs: %w", err)
	}
	set := make(map[pair]bool, len(pairs))
	for _, p := range pairs {
		set[p] = true
	}
	return set, nil
}

const servedNeedsSQL = `SELECT need_line_id FROM needs WHERE request_id = ANY($1) AND quantity IS NULL AND reserved > 0`

// servedNeeds returns the need lines of requests that state no amount and have
// somebody already: how much they still lack nobody knows.
func (s store) servedNeeds(ctx context.Context, ids []contract.RequestID) (map[contract.NeedLineID]bool, error) {
	var lines []contract.NeedLineID
	if err := s.db.SelectContext(ctx, &lines, servedNeedsSQL, idArray(ids)); err != nil {
		return nil, fmt.Errorf("list served needs: %w", err)
	}
	served := make(map[contract.NeedLineID]bool, len(lines))
	for _, id := range lines {
		served[id] = true
	}
	return served, nil
}

var planStatements = []string{lockScopeSQL, latestPlanSQL, insertPlanSQL, getPlanSQL, purgePlansSQL, excludedOfSQL, servedNeedsSQL}
