package matcher

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// policyRow is a version of a matching policy.
type policyRow struct {
	Version   int64     `db:"version"`
	Path      string    `db:"org_path"`
	Category  string    `db:"category"`
	CreatedAt time.Time `db:"created_at"`
	CreatedBy string    `db:"created_by"`
	Document  []byte    `db:"document"` // null: follow what is above
}

func (r policyRow) view() contract.Policy {
	return contract.Policy{
		Version: r.Version, Path: r.Path, Category: r.Category, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, Document: r.Document,
	}
}

const policiesInForceSQL = `SELECT DISTINCT ON (org_path, category) version, org_path, category, created_at, created_by, document
	FROM policies ORDER BY org_path, category, version DESC`

// policiesInForce returns the newest policy of each scope.
func (s store) policiesInForce(ctx context.Context) ([]policyRow, error) {
	var rows []policyRow
	if err := s.db.SelectContext(ctx, &rows, policiesInForceSQL); err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	return rows, nil
}

// versionFilter asks for versions below before; 0 begins at the newest.
type versionFilter struct {
	q      contract.ListPolicyVersions
	before int64
	limit  int
}

const policyVersionsSQL = `SELECT version, org_path, category, created_at, created_by, document FROM policies
	WHERE ($1::bigint = 0 OR version < $1) AND ($2::bigint = 0 OR version = $2)
		AND (NOT $3::boolean OR (org_path = $4 AND category = $5))
	ORDER BY version DESC LIMIT $6`

// policyVersions returns the versions that concern who acts, the newest first.
func (s store) policyVersions(ctx context.Context, f versionFilter) ([]policyRow, error) {
	rows := []policyRow{}
	err := s.db.SelectContext(ctx, &rows, policyVersionsSQL, f.before, f.q.Version, f.q.OneScope, f.q.Path, f.q.Category, f.limit)
	if err != nil {
		return nil, fmt.Errorf("list versions of policies: %w", err)
	}
	return rows, nil
}

const insertPolicySQL = `INSERT INTO policies (org_path, category, document, created_at, created_by)
	VALUES ($1, $2, $3, $4, $5) RETURNING version`

// insertPolicy puts a policy in force and gives it its version.
func (s store) insertPolicy(ctx context.Context, tx *sqlx.Tx, r *policyRow) error {
	var document any // an empty message is no JSON
	if len(r.Document) > 0 {
		document = r.Document
	}
	if err := tx.GetContext(ctx, &r.Version, insertPolicySQL, r.Path, r.Category, document, r.CreatedAt, r.CreatedBy); err != nil {
		return fmt.Errorf("insert policy: %w", err)
	}
	return nil
}

const seedPolicySQL = `INSERT INTO policies (document, created_at)
	SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM policies)`

const lockPoliciesSQL = `LOCK TABLE policies IN SHARE ROW EXCLUSIVE MODE`

// seedPolicy stores the first policy of an installation, once.
func (s store) seedPolicy(ctx context.Context, policy rank.Policy, now time.Time) error {
	document, err := json.Marshal(policy)
	if err != nil {
		return fmt.Errorf("encode policy: %w", err)
	}
	return s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockPoliciesSQL); err != nil {
			return fmt.Errorf("lock policies: %w", err)
		}
		if _, err := tx.ExecContext(ctx, seedPolicySQL, document, now); err != nil {
			return fmt.Errorf("seed policy: %w", err)
		}
		return nil
	})
}

var policyStatements = []string{policiesInForceSQL, policyVersionsSQL, insertPolicySQL, seedPolicySQL}
