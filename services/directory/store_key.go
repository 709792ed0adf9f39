package directory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

func apiKeyStatements() []string {
	return []string{insertAPIKeySQL, selectAPIKeySQL, revokeAPIKeySQL, listAPIKeysSQL, noteAPIKeySQL}
}

type apiKeyRow struct {
	ID               string        `db:"id"`
	OrganisationID   string        `db:"organisation_id"`
	OrganisationCode string        `db:"organisation_code"`
	OrganisationName string        `db:"organisation_name"`
	Path             string        `db:"path"`
	Name             string        `db:"name"`
	Role             contract.Role `db:"role"`
	Scope            string        `db:"scope"`
	Hash             []byte        `db:"hash"`
	CreatedAt        time.Time     `db:"created_at"`
	ExpiresAt        time.Time     `db:"expires_at"`
	LastUsedAt       *time.Time    `db:"last_used_at"`
	RevokedAt        *time.Time    `db:"revoked_at"`
}

func (r apiKeyRow) message() contract.APIKey {
	actions := strings.Fields(r.Scope)
	if actions == nil {
		actions = []string{}
	}
	return contract.APIKey{
		ID: contract.APIKeyID(r.ID), Name: r.Name, Role: r.Role, Organisation: r.OrganisationCode, OrganisationName: r.OrganisationName,
		Actions: actions, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, LastUsedAt: r.LastUsedAt, RevokedAt: r.RevokedAt,
	}
}

const insertAPIKeySQL = `
	INSERT INTO api_key (id, organisation_id, name, role, scope, hash, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func (s store) insertAPIKey(ctx context.Context, tx *sqlx.Tx, k apiKeyRow) error {
	_, err := tx.ExecContext(ctx, insertAPIKeySQL, k.ID, k.OrganisationID, k.Name, k.Role, k.Scope, k.Hash, k.CreatedAt, k.ExpiresAt)
	if pg.Constraint(err) == "api_key_pkey" {
		return errKeyMade.Because(err)
	}
	if err != nil {
		return fmt.Errorf("insert api key: %w", err)
	}
	return nil
}

const apiKeyColumns = `
	SELECT k.id, k.organisation_id, o.code AS organisation_code, o.name AS organisation_name, o.path, k.name, k.role, k.scope,
		k.hash, k.created_at, k.expires_at, k.last_used_at, k.revoked_at
	FROM api_key k JOIN organisation o ON o.id = k.organisation_id`

const selectAPIKeySQL = apiKeyColumns + ` WHERE k.id = $1`

func (s store) selectAPIKey(ctx context.Context, q sqlx.QueryerContext, id contract.APIKeyID) (apiKeyRow, error) {
	var row apiKeyRow
	err := sqlx.GetContext(ctx, q, &row, selectAPIKeySQL, id)
	return row, found("api key", err)
}

const listAPIKeysSQL = apiKeyColumns + `
	WHERE o.path >= $1 AND o.path < $2 AND k.revoked_at IS NULL AND ($3 = '' OR k.id < nullif($3, '')::uuid)
	ORDER BY k.id DESC LIMIT $4`

// listAPIKeys returns the keys in a range of paths, the newest first, also those
// that have expired.
func (s store) listAPIKeys(ctx context.Context, path, after string, limit int) ([]apiKeyRow, error) {
	rows := []apiKeyRow{}
	if err := s.db.SelectContext(ctx, &rows, listAPIKeysSQL, path, contract.PathEnd(path), after, limit); err != nil {
		return nil, fmt.Errorf("list api keys: %w", err)
	}
	return rows, nil
}

const noteAPIKeySQL = `UPDATE api_key SET last_used_at = $2 WHERE id = $1`

func (s store) noteAPIKey(ctx context.Context, id string, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, noteAPIKeySQL, id, now); err != nil {
		return fmt.Errorf("note use of api key: %w", err)
	}
	return nil
}

const revokeAPIKeySQL = `UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`

// revokeAPIKey reports whether the key was good until now.
func (s store) revokeAPIKey(ctx context.Context, tx *sqlx.Tx, id contract.APIKeyID, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, revokeAPIKeySQL, id, now)
	return changed("revoke api key", result, err)
}
