package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

func alertStatements() []string { return []string{countReadingsSQL, upsertAlertSQL, listAlertsSQL} }

const countReadingsSQL = `
	SELECT count(*) FROM audit
	WHERE actor_id = $1 AND at > $2 AND action IN ('request.contact.read', 'offer.contact.read', 'request.complaint.read', 'offer.complaint.read')`

// countReadings counts an account's readings since a time, over all organisations.
func (s store) countReadings(ctx context.Context, tx *sqlx.Tx, actor string, since time.Time) (n int64, err error) {
	if err := tx.GetContext(ctx, &n, countReadingsSQL, actor, since); err != nil {
		return 0, fmt.Errorf("count readings: %w", err)
	}
	return n, nil
}

type alertRow struct {
	ID        string    `db:"id"`
	Kind      string    `db:"kind"`
	ActorID   string    `db:"actor_id"`
	ActorName string    `db:"actor_name"`
	Path      string    `db:"org_path"`
	Since     time.Time `db:"since"`
	At        time.Time `db:"at"`
	Count     int64     `db:"count"`
}

const upsertAlertSQL = `
	INSERT INTO alert AS a (id, kind, actor_id, actor_name, org_path, since, at, count)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT (kind, actor_id, since) DO UPDATE SET at = excluded.at, count = greatest(a.count, excluded.count)
	RETURNING xmax = 0`

// upsertAlert reports whether it is the first of its account and hour.
func (s store) upsertAlert(ctx context.Context, tx *sqlx.Tx, a alertRow) (fresh bool, err error) {
	err = tx.GetContext(ctx, &fresh, upsertAlertSQL, a.ID, a.Kind, a.ActorID, a.ActorName, a.Path, a.Since, a.At, a.Count)
	if err != nil {
		return false, fmt.Errorf("upsert alert: %w", err)
	}
	return fresh, nil
}

const listAlertsSQL = `
	SELECT id, kind, actor_id, actor_name, org_path, since, at, count FROM alert
	WHERE org_path >= $1 AND org_path < $2 ORDER BY at DESC, id DESC LIMIT $3`

func (s store) listAlerts(ctx context.Context, path string, limit int) ([]alertRow, error) {
	rows := []alertRow{}
	if err := s.db.SelectContext(ctx, &rows, listAlertsSQL, path, contract.PathEnd(path), limit); err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return rows, nil
}
