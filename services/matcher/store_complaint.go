package matcher

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// complaintRow is a row of complaints.
type complaintRow struct {
	ID            contract.ComplaintID   `db:"id"`
	MatchID       contract.MatchID       `db:"match_id"`
	MatchCode     string                 `db:"match_code"`
	RequestID     contract.RequestID     `db:"request_id"`
	OfferID       contract.OfferID       `db:"offer_id"`
	Kind          contract.ComplaintKind `db:"kind"`
	By            contract.Role          `db:"by_role"`
	About         contract.Side          `db:"about"`
	Path          string                 `db:"org_path"`
	Keeper        contract.Thing         `db:"keeper"`
	State         ComplaintState         `db:"state"`
	Outcome       string                 `db:"outcome"`
	Version       int64                  `db:"version"`
	Apart         bool                   `db:"apart"`
	Pausing       bool                   `db:"pausing"`
	Paused        bool                   `db:"paused"`
	RequesterKey  string                 `db:"requester_key"`
	HelperKey     string                 `db:"helper_key"`
	ResponsibleID contract.PersonID      `db:"responsible_id"`
	Responsible   string                 `db:"responsible"`
	HeldByID      string                 `db:"held_by_id"`
	HeldBy        string                 `db:"held_by"`
	Due           bool                   `db:"due"`
	CreatedAt     time.Time              `db:"created_at"`
	UpdatedAt     time.Time              `db:"updated_at"`
}

const complaintColumns = `id, match_id, match_code, request_id, offer_id, kind, by_role, about, org_path, keeper, state, outcome,
	version, apart, pausing, paused, requester_key, helper_key, responsible_id, responsible, held_by_id, held_by, due,
	created_at, updated_at`

const insertComplaintSQL = `INSERT INTO complaints (` + complaintColumns + `) VALUES (
	:id, :match_id, :match_code, :request_id, :offer_id, :kind, :by_role, :about, :org_path, :keeper, :state, :outcome,
	:version, :apart, :pausing, :paused, :requester_key, :helper_key, :responsible_id, :responsible, :held_by_id, :held_by, :due,
	:created_at, :updated_at)`

func (s store) insertComplaint(ctx context.Context, tx *sqlx.Tx, c complaintRow) error {
	if _, err := tx.NamedExecContext(ctx, insertComplaintSQL, c); err != nil {
		return fmt.Errorf("insert complaint: %w", err)
	}
	return nil
}

const updateComplaintSQL = `UPDATE complaints SET state = :state, outcome = :outcome, version = :version, apart = :apart,
	pausing = :pausing, held_by_id = :held_by_id, held_by = :held_by, due = :due, updated_at = :updated_at WHERE id = :id`

// updateComplaint stores what a decision changed.
func (s store) updateComplaint(ctx context.Context, tx *sqlx.Tx, c complaintRow) error {
	if _, err := tx.NamedExecContext(ctx, updateComplaintSQL, c); err != nil {
		return fmt.Errorf("update complaint: %w", err)
	}
	return nil
}

const (
	selectComplaintSQL = `SELECT ` + complaintColumns + ` FROM complaints WHERE id = $1`
	lockComplaintSQL   = selectComplaintSQL + ` FOR UPDATE`
)

// getComplaint reads a complaint; NotFound when there is none.
func (s store) getComplaint(ctx context.Context, q sqlx.QueryerContext, query string, id contract.ComplaintID) (complaintRow, error) {
	var c complaintRow
	if !contract.ValidID(id) {
		return c, fault.NewNotFound("complaint")
	}
	err := sqlx.GetContext(ctx, q, &c, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.NewNotFound("complaint")
	}
	if err != nil {
		return c, fmt.Errorf("read complaint: %w", err)
	}
	return c, nil
}

const countOfMatchSQL = `SELECT count(*) FROM complaints WHERE match_id = $1`

// requireFew is a conflict once so much was said about a match that more of it
// would bury the rest.
func (s store) requireFew(ctx context.Context, id contract.MatchID) error {
	var n int
	if err := s.db.GetContext(ctx, &n, countOfMatchSQL, id); err != nil {
		return fmt.Errorf("count complaints of a match: %w", err)
	}
	if n >= mostOfMatch {
		return fault.NewConflict("complaints_many", "there are many complaints about this match already")
	}
	return nil
}

const (
	mostComplaints = 200 // in a list
	mostOfMatch    = 20
)

const listComplaintsSQL = `SELECT ` + complaintColumns + ` FROM complaints
	WHERE org_path >= $1 AND org_path < $2 AND ($3 = '' OR state = $3)
	ORDER BY state = 'closed', pausing AND state <> 'closed' DESC, CASE WHEN state = 'closed' THEN updated_at END DESC, id LIMIT $4`

// listComplaints returns those below a path: what pauses a helper first, then the
// oldest; closed ones last, the newest first.
func (s store) listComplaints(ctx context.Context, path, state string) ([]complaintRow, error) {
	rows := []complaintRow{}
	err := s.db.SelectContext(ctx, &rows, listComplaintsSQL, path, contract.PathEnd(path), state, mostComplaints)
	if err != nil {
		return nil, fmt.Errorf("list complaints: %w", err)
	}
	return rows, nil
}

const countComplaintsSQL = `SELECT state, count(*) FROM complaints WHERE org_path >= $1 AND org_path < $2 GROUP BY state`

const countMineSQL = `SELECT count(*) FROM complaints
	WHERE org_path >= $1 AND org_path < $2 AND state <> 'closed' AND $3 IN (responsible_id, held_by_id)`

// countComplaints counts those below a path by state, and as "mine" those that
// somebody has or that landed with them.
func (s store) countComplaints(ctx context.Context, path, person string) (map[string]int64, error) {
	rows, err := s.db.QueryxContext(ctx, countComplaintsSQL, path, contract.PathEnd(path))
	if err != nil {
		return nil, fmt.Errorf("count complaints: %w", err)
	}
	counts, err := scanCounts(rows)
	if err != nil {
		return nil, err
	}
	var mine int64
	if err := s.db.GetContext(ctx, &mine, countMineSQL, path, contract.PathEnd(path), person); err != nil {
		return nil, fmt.Errorf("count complaints of one person: %w", err)
	}
	counts["mine"] = mine
	return counts, nil
}

// Asking nothing of the helper waits for whoever is asking them something, so
// that they see the block or were before it.
const lockHelperSQL = `INSERT INTO helper_load AS h (helper_key, week, asked) VALUES ($1, $2, 0)
	ON CONFLICT (helper_key, week) DO UPDATE SET asked = h.asked`

const blockSQL = `INSERT INTO blocks (complaint_id, helper_key, requester_key, lifted, changed_at)
	SELECT c.id, c.helper_key, k.requester_key, NOT k.held, c.updated_at
	FROM complaints c CROSS JOIN LATERAL (VALUES (c.requester_key, c.apart AND c.requester_key <> ''), ('', c.pausing)) AS k (requester_key, held)
	WHERE c.id = $1 AND c.helper_key <> ''
		AND (k.held OR EXISTS (SELECT FROM blocks b WHERE b.complaint_id = c.id AND b.requester_key = k.requester_key))
	ON CONFLICT (helper_key, requester_key, complaint_id) DO UPDATE SET lifted = EXCLUDED.lifted, changed_at = EXCLUDED.changed_at
	WHERE blocks.lifted <> EXCLUDED.lifted`

const keepApartSQL = `INSERT INTO refused (request_id, offer_id, at)
	SELECT request_id, offer_id, updated_at FROM complaints WHERE id = $1 AND apart ON CONFLICT DO NOTHING`

// block has the blocks of a complaint follow what it says: the two apart, the
// helper suspended, or neither any more. People without phones are kept apart in
// this request and offer alone.
func (s store) block(ctx context.Context, tx *sqlx.Tx, c complaintRow, week time.Time) error {
	if err := s.lockHelper(ctx, tx, c.HelperKey, week); err != nil {
		return err
	}
	for _, q := range []string{blockSQL, keepApartSQL} {
		if _, err := tx.ExecContext(ctx, q, c.ID); err != nil {
			return fmt.Errorf("keep two apart: %w", err)
		}
	}
	return nil
}

// lockHelper waits for whoever asks a helper something, and keeps others waiting.
func (s store) lockHelper(ctx context.Context, tx *sqlx.Tx, key string, week time.Time) error {
	if key == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, lockHelperSQL, key, week); err != nil {
		return fmt.Errorf("wait for proposals to a helper: %w", err)
	}
	return nil
}

const blocksChangedSQL = `SELECT EXISTS (SELECT FROM blocks WHERE changed_at >= $1)`

// blocksChanged reports whether any block came or went since a time.
func (s store) blocksChanged(ctx context.Context, since time.Time) (changed bool, err error) {
	if err := s.db.GetContext(ctx, &changed, blocksChangedSQL, since); err != nil {
		return false, fmt.Errorf("look for changed blocks: %w", err)
	}
	return changed, nil
}

const listBlocksSQL = `SELECT DISTINCT requester_key, helper_key FROM blocks WHERE NOT lifted`

// blockRow keeps a helper and a requester apart; the helper and everybody when
// the requester is empty.
type blockRow struct {
	Requester string `db:"requester_key"`
	Helper    string `db:"helper_key"`
}

func (s store) listBlocks(ctx context.Context) ([]blockRow, error) {
	var rows []blockRow
	if err := s.db.SelectContext(ctx, &rows, listBlocksSQL); err != nil {
		return nil, fmt.Errorf("list blocks: %w", err)
	}
	return rows, nil
}

const offersOfSQL = `SELECT offer_id FROM offers WHERE document ->> 'helper_key' = ANY($1)`

// offersOf returns the offers of helpers, in all organisations.
func (s store) offersOf(ctx context.Context, helpers []string) ([]contract.OfferID, error) {
	ids := []contract.OfferID{}
	if err := s.db.SelectContext(ctx, &ids, offersOfSQL, pq.Array(helpers)); err != nil {
		return nil, fmt.Errorf("list offers of helpers: %w", err)
	}
	return ids, nil
}

const matchesApartSQL = `SELECT id, state, bool_or(suspended) AS suspended FROM (
		SELECT m.id, m.state, b.requester_key = '' AS suspended FROM blocks b JOIN matches m ON m.helper_key = b.helper_key
		WHERE NOT b.lifted AND b.requester_key IN ('', m.requester_key)
		UNION ALL SELECT m.id, m.state, c.pausing FROM complaints c JOIN matches m ON m.id = c.match_id
		WHERE c.due AND (c.apart OR c.pausing)
		UNION ALL SELECT m.id, m.state, true FROM complaints c JOIN matches m ON m.offer_id = c.offer_id
		WHERE c.due AND c.pausing) AS apart
	WHERE state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done') GROUP BY id, state`

// apartMatch is a live match of two who are kept apart.
type apartMatch struct {
	ID        contract.MatchID `db:"id"`
	State     State            `db:"state"`
	Suspended bool             `db:"suspended"`
}

// matchesApart returns the live matches that may not go on as they are.
func (s store) matchesApart(ctx context.Context) ([]apartMatch, error) {
	var rows []apartMatch
	if err := s.db.SelectContext(ctx, &rows, matchesApartSQL); err != nil {
		return nil, fmt.Errorf("list matches of who are kept apart: %w", err)
	}
	return rows, nil
}

const dueComplaintsSQL = `SELECT ` + complaintColumns + ` FROM complaints WHERE due ORDER BY id LIMIT 100`

// dueComplaints returns complaints from which something follows that is not done.
func (s store) dueComplaints(ctx context.Context) ([]complaintRow, error) {
	var rows []complaintRow
	if err := s.db.SelectContext(ctx, &rows, dueComplaintsSQL); err != nil {
		return nil, fmt.Errorf("list due complaints: %w", err)
	}
	return rows, nil
}

const (
	pausedSQL      = `UPDATE complaints SET paused = $2 WHERE id = $1`
	responsibleSQL = `UPDATE complaints SET responsible_id = $2, responsible = $3 WHERE id = $1`
	// A decision made meanwhile has consequences of its own.
	settledSQL = `UPDATE complaints SET due = false WHERE id = $1 AND version = $2`
	// Somebody may have been named since.
	unansweredSQL = `UPDATE complaints SET due = true WHERE responsible_id = '' AND state <> 'closed' AND NOT due`
)

// note stores what one step of a complaint's consequences came to.
func (s store) note(ctx context.Context, q string, args ...any) error {
	if _, err := s.db.ExecContext(ctx, q, args...); err != nil {
		return fmt.Errorf("note what followed from a complaint: %w", err)
	}
	return nil
}

var complaintStatements = []string{
	selectComplaintSQL, lockComplaintSQL, listComplaintsSQL, countComplaintsSQL, countMineSQL, lockHelperSQL, blockSQL, keepApartSQL,
	countOfMatchSQL,
	blocksChangedSQL, listBlocksSQL, offersOfSQL, matchesApartSQL, dueComplaintsSQL, pausedSQL, responsibleSQL, settledSQL, unansweredSQL,
}
