package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// store holds all statements of the schema: here those on endpoints, in
// store_delivery.go those on deliveries, in store_log.go the log of them, in
// store_feed.go events and feeds.
type store struct{ db *pg.DB }

// endpointRecord is a row of endpoints.
type endpointRecord struct {
	ID          contract.EndpointID `db:"id"`
	OrgPath     string              `db:"org_path"`
	URL         string              `db:"url"`
	Patterns    pq.StringArray      `db:"patterns"`
	Description string              `db:"description"`
	Exempt      bool                `db:"exempt"`
	Moved       bool                `db:"moved"` // its address was changed after it had proven another
	Version     int64               `db:"version"`
	CreatedAt   time.Time           `db:"created_at"`
	health
	notices
}

const endpointColumns = `id, org_path, url, patterns, description, exempt, moved, version, created_at,
	state, reason, failing_since, slow_until, kind, language, digest, quiet_from, quiet_to, time_zone`

const insertEndpointSQL = `
	INSERT INTO endpoints (id, org_path, url, patterns, description, exempt, version, created_at, state,
		kind, language, digest, quiet_from, quiet_to, time_zone)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
	ON CONFLICT (id) DO NOTHING`

// insertEndpoint reports whether the id was free.
func (s *store) insertEndpoint(ctx context.Context, tx *sqlx.Tx, e endpointRecord) (bool, error) {
	result, err := tx.ExecContext(ctx, insertEndpointSQL, e.ID, e.OrgPath, e.URL, e.Patterns, e.Description, e.Exempt,
		e.Version, e.CreatedAt, e.State, e.Kind, e.Language, e.Digest, e.QuietFrom, e.QuietTo, e.TimeZone)
	if err != nil {
		return false, fmt.Errorf("insert endpoint: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count endpoints: %w", err)
	}
	return n == 1, nil
}

const selectEndpointSQL = `SELECT ` + endpointColumns + ` FROM endpoints WHERE id = $1`

func (s *store) selectEndpoint(ctx context.Context, q sqlx.QueryerContext, id contract.EndpointID) (endpointRecord, error) {
	var e endpointRecord
	if err := sqlx.GetContext(ctx, q, &e, selectEndpointSQL, id); err != nil {
		return e, fmt.Errorf("select endpoint: %w", err)
	}
	return e, nil
}

// The weaker lock lets facts that refer to the endpoint pass.
const lockEndpointSQL = selectEndpointSQL + ` FOR NO KEY UPDATE`

func (s *store) lockEndpoint(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID) (endpointRecord, error) {
	var e endpointRecord
	if err := tx.GetContext(ctx, &e, lockEndpointSQL, id); err != nil {
		return e, fmt.Errorf("lock endpoint: %w", err)
	}
	return e, nil
}

const updateEndpointSQL = `
	UPDATE endpoints SET state = $2, reason = $3, failing_since = $4, slow_until = $5, version = $6 WHERE id = $1`

// updateEndpoint writes what may change of an endpoint.
func (s *store) updateEndpoint(ctx context.Context, tx *sqlx.Tx, e endpointRecord) error {
	_, err := tx.ExecContext(ctx, updateEndpointSQL, e.ID, e.State, e.Reason, e.FailingSince, e.SlowUntil, e.Version)
	if err != nil {
		return fmt.Errorf("update endpoint: %w", err)
	}
	return nil
}

// moment is where a page of a list by time ended.
type moment struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

// bounds returns the moment as parameters: nulls for the first page.
func (m *moment) bounds() (at *time.Time, id *string) {
	if m == nil {
		return nil, nil
	}
	return &m.At, &m.ID
}

const listEndpointsSQL = `SELECT ` + endpointColumns + ` FROM endpoints
	WHERE state <> 'removed' AND org_path >= $1 AND org_path < $2
		AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid))
	ORDER BY created_at, id LIMIT $5`

// listEndpoints returns at most limit endpoints below a path, the oldest first.
func (s *store) listEndpoints(ctx context.Context, path string, after *moment, limit int) ([]endpointRecord, error) {
	at, id := after.bounds()
	var rows []endpointRecord
	err := s.db.SelectContext(ctx, &rows, listEndpointsSQL, path, contract.PathEnd(path), at, id, limit)
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	return rows, nil
}

const expireSecretSQL = `UPDATE endpoint_secrets SET valid_until = $2 WHERE endpoint_id = $1 AND valid_until IS NULL`

//nolint:gosec // a statement about secrets holds none
const insertSecretSQL = `
	INSERT INTO endpoint_secrets (endpoint_id, generation, sealed)
	SELECT $1, coalesce(max(generation) + 1, 0), $2 FROM endpoint_secrets WHERE endpoint_id = $1`

// insertSecret makes a sealed secret the current one; the former stays valid
// until the time given.
func (s *store) insertSecret(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID, sealed []byte, formerUntil time.Time) error {
	if _, err := tx.ExecContext(ctx, expireSecretSQL, id, formerUntil); err != nil {
		return fmt.Errorf("expire secret: %w", err)
	}
	if _, err := tx.ExecContext(ctx, insertSecretSQL, id, sealed); err != nil {
		return fmt.Errorf("insert secret: %w", err)
	}
	return nil
}

//nolint:gosec // a statement about secrets holds none
const firstSecretSQL = `SELECT sealed FROM endpoint_secrets WHERE endpoint_id = $1 AND generation = 0 AND valid_until IS NULL`

// firstSecret returns the secret of an endpoint that was never rotated; nil for
// another.
func (s *store) firstSecret(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID) ([]byte, error) {
	var sealed [][]byte
	if err := tx.SelectContext(ctx, &sealed, firstSecretSQL, id); err != nil {
		return nil, fmt.Errorf("select secret: %w", err)
	}
	if len(sealed) == 0 {
		return nil, nil
	}
	return sealed[0], nil
}

const deleteSecretsSQL = `DELETE FROM endpoint_secrets WHERE endpoint_id = $1`

func (s *store) deleteSecrets(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID) error {
	if _, err := tx.ExecContext(ctx, deleteSecretsSQL, id); err != nil {
		return fmt.Errorf("delete secrets: %w", err)
	}
	return nil
}

// What is purged, in this order: what is over for long, then what nothing refers to.
const (
	purgeDeliveriesSQL = `DELETE FROM deliveries WHERE created_at < $1 AND state NOT IN ('pending', 'gathered')`
	purgeEventsSQL     = `DELETE FROM events e WHERE created_at < $1 AND numbered
		AND NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = e.event_id)`
	purgeSecretsSQL   = `DELETE FROM endpoint_secrets WHERE valid_until < $1`
	purgeEndpointsSQL = `DELETE FROM endpoints e WHERE state = 'removed'
		AND NOT EXISTS (SELECT FROM deliveries d WHERE d.endpoint_id = e.id)
		AND NOT EXISTS (SELECT FROM endpoint_secrets s WHERE s.endpoint_id = e.id) AND created_at < $1`
)

// purge forgets what ended before a time. Places in a feed go with their events.
func (s *store) purge(ctx context.Context, before time.Time) error {
	var failed error
	for _, q := range []string{purgeDeliveriesSQL, purgeEventsSQL, purgeSecretsSQL, purgeEndpointsSQL, purgeMessagesSQL} {
		if _, err := s.db.ExecContext(ctx, q, before); err != nil {
			failed = errors.Join(failed, fmt.Errorf("purge log: %w", err))
		}
	}
	return failed
}

// statements returns every statement of the schema, for the test that prepares them.
func statements() []string {
	return slices.Concat([]string{
		insertEndpointSQL, selectEndpointSQL, lockEndpointSQL, updateEndpointSQL, listEndpointsSQL,
		expireSecretSQL, insertSecretSQL, firstSecretSQL, deleteSecretsSQL,
		purgeDeliveriesSQL, purgeEventsSQL, purgeSecretsSQL, purgeEndpointsSQL,
	}, deliveryStatements, digestStatements, logStatements, feedStatements, messageStatements, staffStatements, editStatements)
}
