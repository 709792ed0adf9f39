package request

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/pg"
)

const countedColumns = `SELECT r.id, r.org_path, r.region_code, r.campaign, r.closed_reason, array_to_string(r.facets, ' '), r.urgency_rank,
	r.stage = 'closed', r.state IN ('submitted', 'triaged', 'open', 'reopened'),
	(extract(epoch FROM r.created_at) * 1000000)::bigint, (extract(epoch FROM r.updated_at) * 1000000)::bigint, r.lat, r.lon
	FROM requests r`

const (
	selectAllCountedSQL = countedColumns
	selectCountedSQL    = countedColumns + ` WHERE r.id = ANY ($1)`
	selectMomentSQL     = `SELECT pg_current_snapshot()::text AS snapshot, now() AS at`
	// selectChangedSQL returns what was committed since a snapshot, in whatever order.
	selectChangedSQL = `SELECT DISTINCT request_id FROM changed
		WHERE at >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(at, $1::pg_snapshot)`
	forgetChangedSQL = `DELETE FROM changed WHERE noted_at < now() - make_interval(secs => $1)`
	selectSightSQL   = `SELECT coalesce(current_setting('heli.path', true), '') AS path, coalesce(current_setting('heli.path_end', true), '') AS path_end`
)

// instant is when the census was read: all that the snapshot sees is in it.
type instant struct {
	Snapshot string    `db:"snapshot"`
	At       time.Time `db:"at"`
}

// atOneMoment lets fn read what was committed when it began, and returns when.
func (s *store) atOneMoment(ctx context.Context, fn func(tx *sqlx.Tx) error) (m instant, err error) {
	tx, err := s.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return m, fmt.Errorf("begin reading: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }() // nothing to keep
	if err := tx.GetContext(ctx, &m, selectMomentSQL); err != nil {
		return m, fmt.Errorf("read instant: %w", err)
	}
	return m, fn(tx)
}

// readCensus hands over all requests of one instant, and returns it.
func (s *store) readCensus(ctx context.Context, put func(countedRow)) (instant, error) {
	return s.atOneMoment(ctx, func(tx *sqlx.Tx) error { return selectCounted(ctx, tx, put, selectAllCountedSQL) })
}

// readChanged hands over the requests that changed since an instant with what they are
// now, and returns when that is; one without a row is there no more.
func (s *store) readChanged(ctx context.Context, since instant, change func([]uuid.UUID, []countedRow)) (instant, error) {
	var ids []uuid.UUID
	var rows []countedRow
	m, err := s.atOneMoment(ctx, func(tx *sqlx.Tx) error {
		if err := tx.SelectContext(ctx, &ids, selectChangedSQL, since.Snapshot); err != nil {
			return fmt.Errorf("list changed requests: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		return selectCounted(ctx, tx, func(r countedRow) { rows = append(rows, r) }, selectCountedSQL, pq.Array(ids))
	})
	if err != nil {
		return since, err
	}
	change(ids, rows)
	return m, nil
}

func selectCounted(ctx context.Context, tx *sqlx.Tx, put func(countedRow), query string, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read requests: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r countedRow
		if err := rows.Scan(&r.ID, &r.Path, &r.Region, &r.Campaign, &r.Reason, &r.Facets, &r.UrgencyRank, &r.Closed, &r.Unserved,
			&r.CreatedMicros, &r.UpdateMicros, &r.Lat, &r.Lon); err != nil {
			return fmt.Errorf("scan request: %w", err)
		}
		put(r)
	}
	return rows.Err()
}

// forgetChanged deletes what every reader has long read. A reader that has not reads
// all anew.
func (s *store) forgetChanged(ctx context.Context, after time.Duration) error {
	if _, err := s.db.ExecContext(ctx, forgetChangedSQL, after.Seconds()); err != nil {
		return fmt.Errorf("forget changes: %w", err)
	}
	return nil
}

// selectSight returns the paths that the policies show to who acts.
func (s *store) selectSight(ctx context.Context) (seen sight, err error) {
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error { return tx.GetContext(ctx, &seen, selectSightSQL) })
	if err != nil {
		return seen, fmt.Errorf("read sight: %w", pg.MapContext(ctx, err))
	}
	return seen, nil
}
