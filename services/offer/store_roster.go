package offer

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/vault"
)

const selectSessionSQL = `SELECT ` + sessionColumns + ` FROM sessions WHERE id = $1`

func (s *store) selectSession(ctx context.Context, id contract.SessionID) (row sessionRow, err error) {
	if err := s.db.GetContext(ctx, &row, selectSessionSQL, id); err != nil {
		return row, fmt.Errorf("select session: %w", err)
	}
	return row, nil
}

const lockSessionSQL = selectSessionSQL + ` FOR UPDATE OF sessions`

func (s *store) lockSession(ctx context.Context, tx *sqlx.Tx, id contract.SessionID) (row sessionRow, err error) {
	if err := tx.GetContext(ctx, &row, lockSessionSQL, id); err != nil {
		return row, fmt.Errorf("lock session: %w", err)
	}
	return row, nil
}

const putRosterSQL = `
	INSERT INTO rosters (session_id, names, count, kept_by, kept_at) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (session_id) DO UPDATE SET names = excluded.names, count = excluded.count, kept_by = excluded.kept_by, kept_at = excluded.kept_at`

func (s *store) putRoster(ctx context.Context, tx *sqlx.Tx, r rosterRow) error {
	if _, err := tx.ExecContext(ctx, putRosterSQL, r.SessionID, r.Names, r.Count, r.KeptBy, r.KeptAt); err != nil {
		return fmt.Errorf("put roster: %w", err)
	}
	return nil
}

const deleteRosterSQL = `DELETE FROM rosters WHERE session_id = $1`

// dropRoster deletes a roster and its key; none is no error. The key goes first:
// the wall shows it together with the roster alone.
func (s *store) dropRoster(ctx context.Context, tx *sqlx.Tx, id contract.SessionID) error {
	if err := vault.DestroyKey(ctx, tx, string(id)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, deleteRosterSQL, id); err != nil {
		return fmt.Errorf("delete roster: %w", err)
	}
	return nil
}

const selectRosterSQL = `
	SELECT r.session_id, s.org_path, r.names, r.count, r.kept_by, r.kept_at, k.wrapped
	FROM rosters r JOIN sessions s ON s.id = r.session_id JOIN person_keys k ON k.subject_id = r.session_id
	WHERE r.session_id = $1`

func (s *store) selectRoster(ctx context.Context, id contract.SessionID) (row rosterRow, err error) {
	if err := s.db.GetContext(ctx, &row, selectRosterSQL, id); err != nil {
		return row, fmt.Errorf("select roster: %w", err)
	}
	return row, nil
}

const retireRostersSQL = `
	WITH gone AS (
		DELETE FROM rosters WHERE session_id IN (
			SELECT r.session_id FROM rosters r JOIN sessions s ON s.id = r.session_id
			WHERE s.held_on < $1::date LIMIT $2 FOR UPDATE OF r SKIP LOCKED)
		RETURNING session_id), keys AS (
		DELETE FROM person_keys WHERE subject_id IN (SELECT session_id FROM gone))
	SELECT count(*) FROM gone`

// retireRosters deletes rosters of sessions before a day, keys and all, and
// returns how many.
func (s *store) retireRosters(ctx context.Context, before time.Time, limit int) (n int, err error) {
	if err := s.db.GetContext(ctx, &n, retireRostersSQL, before, limit); err != nil {
		return 0, fmt.Errorf("retire rosters: %w", err)
	}
	return n, nil
}

var rosterStatements = []string{selectSessionSQL, lockSessionSQL, putRosterSQL, deleteRosterSQL, selectRosterSQL, retireRostersSQL}
