package matcher

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// waveState is how asking for a need line stands.
type waveState string

const (
	waveAsking  waveState = "asking"
	waveFilled  waveState = "filled"
	waveStopped waveState = "stopped"
)

// waveRow is a row of waves.
type waveRow struct {
	NeedLineID contract.NeedLineID `db:"need_line_id"`
	RequestID  contract.RequestID  `db:"request_id"`
	Path       string              `db:"org_path"`
	State      waveState           `db:"state"`
	Version    int64               `db:"version"`
	Sent       int                 `db:"sent"`
	LookAt     time.Time           `db:"look_at"`
	Automatic  bool                `db:"automatic"`
	StartedBy  string              `db:"started_by"`
	StartedAt  time.Time           `db:"started_at"`
	UpdatedAt  time.Time           `db:"updated_at"`
}

const waveColumns = `need_line_id, request_id, org_path, state, version, sent, look_at, automatic, started_by, started_at, updated_at`

// What somebody stopped, somebody starts again; the policy does not.
const startWaveSQL = `INSERT INTO waves AS w (` + waveColumns + `) VALUES (
	:need_line_id, :request_id, :org_path, :state, :version, :sent, :look_at, :automatic, :started_by, :started_at, :updated_at)
	ON CONFLICT (need_line_id) DO UPDATE SET state = EXCLUDED.state, version = w.version + 1, look_at = EXCLUDED.look_at,
		automatic = false, started_by = EXCLUDED.started_by, updated_at = EXCLUDED.updated_at
	WHERE w.state = 'stopped' AND NOT EXCLUDED.automatic`

// startWave begins to ask for a need line, unless that goes on already.
func (s store) startWave(ctx context.Context, tx *sqlx.Tx, w waveRow) error {
	if _, err := tx.NamedExecContext(ctx, startWaveSQL, w); err != nil {
		return fmt.Errorf("start a wave: %w", err)
	}
	return nil
}

const updateWaveSQL = `UPDATE waves SET state = :state, version = :version, sent = :sent, look_at = :look_at, updated_at = :updated_at
	WHERE need_line_id = :need_line_id AND version = :version - 1`

// updateWave stores how asking stands; the version fences off who looked before.
func (s store) updateWave(ctx context.Context, tx *sqlx.Tx, w waveRow) error {
	result, err := tx.NamedExecContext(ctx, updateWaveSQL, w)
	if err != nil {
		return fmt.Errorf("update wave: %w", err)
	}
	return requireRow(result, errWaveMoved)
}

// errWaveMoved says that somebody else decided or answered meanwhile.
var errWaveMoved = fault.NewConflict("stale_version", "asking for the need went on meanwhile")

const (
	selectWaveSQL = `SELECT ` + waveColumns + ` FROM waves WHERE need_line_id = $1`
	lockWaveSQL   = selectWaveSQL + ` FOR UPDATE`
)

// getWave reads how asking for a need line stands; with lockWaveSQL, after the need
// line, it stays so. NotFound where nobody asks.
func (s store) getWave(ctx context.Context, q sqlx.QueryerContext, query string, id contract.NeedLineID) (waveRow, error) {
	var w waveRow
	err := sqlx.GetContext(ctx, q, &w, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return w, fault.NewNotFound("wave")
	}
	if err != nil {
		return w, fmt.Errorf("read wave: %w", err)
	}
	return w, nil
}

// lacking is what a need line wants and has.
type lacking struct {
	Quantity *int64 `db:"quantity"`
	Reserved int64  `db:"reserved"`
}

// missing is what still has to come, one where no quantity was stated and nobody
// serves the need.
func (l lacking) missing() int64 {
	if l.Quantity == nil {
		return max(1-l.Reserved, 0)
	}
	return max(*l.Quantity-l.Reserved, 0)
}

const (
	selectLackingSQL = `SELECT quantity, reserved FROM needs WHERE need_line_id = $1`
	lockLackingSQL   = selectLackingSQL + ` FOR UPDATE`
)

// getLacking reads what a need line lacks; with lockLackingSQL it stays so. NotFound
// for an unknown line.
func (s store) getLacking(ctx context.Context, q sqlx.QueryerContext, query string, id contract.NeedLineID) (lacking, error) {
	var l lacking
	err := sqlx.GetContext(ctx, q, &l, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.NewNotFound("need line")
	}
	if err != nil {
		return l, fmt.Errorf("read what a need lacks: %w", err)
	}
	return l, nil
}

// Asking is due when it is time to look, when nothing is missing any more, and
// when something is again.
const dueWavesSQL = `SELECT w.need_line_id FROM waves w JOIN requests r USING (request_id) JOIN needs n USING (need_line_id)
	CROSS JOIN LATERAL (SELECT n.reserved >= coalesce(n.quantity, 1) AS met) m
	WHERE r.open AND (w.state = 'asking' AND (w.look_at <= $1 OR m.met) OR w.state = 'filled' AND NOT m.met)
	ORDER BY w.look_at LIMIT $2`

// dueWaves returns the need lines for which something is to be done.
func (s store) dueWaves(ctx context.Context, now time.Time, limit int) ([]contract.NeedLineID, error) {
	var ids []contract.NeedLineID
	if err := s.db.SelectContext(ctx, &ids, dueWavesSQL, now, limit); err != nil {
		return nil, fmt.Errorf("list due waves: %w", err)
	}
	return ids, nil
}

const endedWavesSQL = `SELECT w.need_line_id FROM waves w JOIN requests r USING (request_id)
	WHERE w.state <> 'stopped' AND r.document IS NULL LIMIT $1`

// endedWaves returns the need lines that are asked for while their request has ended.
func (s store) endedWaves(ctx context.Context, limit int) ([]contract.NeedLineID, error) {
	var ids []contract.NeedLineID
	if err := s.db.SelectContext(ctx, &ids, endedWavesSQL, limit); err != nil {
		return nil, fmt.Errorf("list waves of ended requests: %w", err)
	}
	return ids, nil
}

// Rows are locked in the order of their ids: others do the same at the same time.
const wakeWavesSQL = `UPDATE waves SET look_at = $2, version = version + 1 WHERE need_line_id IN (
	SELECT need_line_id FROM waves WHERE request_id = ANY($1) AND state = 'asking' ORDER BY need_line_id FOR UPDATE)`

// wakeWaves has the need lines of requests looked at again: somebody new may help.
// A look that is under way without them is let past by the version.
func (s store) wakeWaves(ctx context.Context, ids []contract.RequestID, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, wakeWavesSQL, idArray(ids), now); err != nil {
		return fmt.Errorf("wake waves: %w", err)
	}
	return nil
}

var waveStatements = []string{selectWaveSQL, lockWaveSQL, selectLackingSQL, lockLackingSQL, dueWavesSQL, endedWavesSQL, wakeWavesSQL}
