package matcher

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// store reads and writes the matcher's schema. Matches are here; projections
// are in store_projection.go, reservations in store_reservation.go.
type store struct {
	db *pg.DB
}

// matchRow is a row of matches.
type matchRow struct {
	ID            contract.MatchID     `db:"id"`
	Code          string               `db:"code"`
	State         State                `db:"state"`
	Version       int64                `db:"version"`
	RequestID     contract.RequestID   `db:"request_id"`
	NeedLineID    contract.NeedLineID  `db:"need_line_id"`
	OfferID       contract.OfferID     `db:"offer_id"`
	OfferLineID   contract.OfferLineID `db:"offer_line_id"`
	RequestOrg    string               `db:"request_org"`
	RequestPath   string               `db:"request_path"`
	OfferOrg      string               `db:"offer_org"`
	OfferPath     string               `db:"offer_path"`
	HelperKey     string               `db:"helper_key"`
	RequesterKey  string               `db:"requester_key"`
	Category      string               `db:"category"`
	RegionCode    string               `db:"region_code"`
	Urgency       contract.Urgency     `db:"urgency"`
	Quantity      int64                `db:"quantity"`
	Unit          contract.Unit        `db:"unit"`
	OfferQuantity int64                `db:"offer_quantity"`
	PeriodStart   time.Time            `db:"period_start"`
	At            *time.Time           `db:"at"`
	HoldUntil     *time.Time           `db:"hold_until"`
	StartBy       *time.Time           `db:"start_by"`
	Reason        string               `db:"reason"`
	Reported      *int64               `db:"reported"`
	Confirmed     *int64               `db:"confirmed"`
	PolicyVersion int64                `db:"policy_version"`
	Score         float64              `db:"score"`
	Factors       json.RawMessage      `db:"factors"`
	Generation    int                  `db:"generation"`
	CreatedAt     time.Time            `db:"created_at"`
	UpdatedAt     time.Time            `db:"updated_at"`
	AskedAt       *time.Time           `db:"asked_at"` // since when the request waits; null for older matches
	Campaign      string               `db:"campaign"` // of the request
	Minutes       int64                `db:"minutes"`  // of the helper's time, as agreed
	Took          *int64               `db:"took"`     // as reported
}

const matchColumns = `id, code, state, version, request_id, need_line_id, offer_id, offer_line_id,
	request_org, request_path, offer_org, offer_path, helper_key, requester_key, category, region_code, urgency,
	quantity, unit, offer_quantity, period_start, at, hold_until, start_by, reason, reported, confirmed,
	policy_version, score, factors, generation, created_at, updated_at, asked_at, campaign, minutes, took`

const insertMatchSQL = `INSERT INTO matches (` + matchColumns + `) VALUES (
	:id, :code, :state, :version, :request_id, :need_line_id, :offer_id, :offer_line_id,
	:request_org, :request_path, :offer_org, :offer_path, :helper_key, :requester_key, :category, :region_code, :urgency,
	:quantity, :unit, :offer_quantity, :period_start, :at, :hold_until, :start_by, :reason, :reported, :confirmed,
	:policy_version, :score, :factors, :generation, :created_at, :updated_at, :asked_at, :campaign, :minutes, :took)`

// insertMatch stores a new match. A live match of the same request and offer
// is a conflict.
func (s store) insertMatch(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	_, err := tx.NamedExecContext(ctx, insertMatchSQL, m)
	if pg.Constraint(err) == "matches_one_live_per_pair" {
		return fault.NewConflict("pair_live", "this request and this offer are already matched").Because(err)
	}
	if err != nil {
		return fmt.Errorf("insert match: %w", err)
	}
	return nil
}

const updateMatchSQL = `UPDATE matches SET state = :state, version = :version, quantity = :quantity,
	offer_quantity = :offer_quantity, period_start = :period_start, at = :at, hold_until = :hold_until,
	start_by = :start_by, reason = :reason, reported = :reported, confirmed = :confirmed, minutes = :minutes, took = :took, updated_at = :updated_at
	WHERE id = :id AND version = :version - 1`

// updateMatch stores what a move changed; the version fences off a writer that
// read an older row.
func (s store) updateMatch(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	result, err := tx.NamedExecContext(ctx, updateMatchSQL, m)
	if err != nil {
		return fmt.Errorf("update match: %w", err)
	}
	return requireRow(result, fault.NewConflict("stale_version", "the match changed meanwhile"))
}

// requireRow returns the fault when a guarded statement changed nothing.
func requireRow(result sql.Result, otherwise *fault.Error) error {
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("count changed rows: %w", err)
	}
	if n == 0 {
		return otherwise
	}
	return nil
}

const selectMatchSQL = `SELECT ` + matchColumns + ` FROM matches WHERE id = $1`

// getMatch reads a match without a lock; NotFound when there is none.
func (s store) getMatch(ctx context.Context, q sqlx.QueryerContext, id contract.MatchID) (matchRow, error) {
	return scanMatch(ctx, q, selectMatchSQL, id)
}

const lockMatchSQL = selectMatchSQL + ` FOR UPDATE`

// lockMatch reads a match and locks its row. The need line's and the capacity's
// rows must have been locked before: see lockReservation.
func (s store) lockMatch(ctx context.Context, tx *sqlx.Tx, id contract.MatchID) (matchRow, error) {
	return scanMatch(ctx, tx, lockMatchSQL, id)
}

func scanMatch(ctx context.Context, q sqlx.QueryerContext, query string, id contract.MatchID) (matchRow, error) {
	if !contract.ValidID(id) {
		return matchRow{}, fault.NewNotFound("match")
	}
	var m matchRow
	err := sqlx.GetContext(ctx, q, &m, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return matchRow{}, fault.NewNotFound("match")
	}
	if err != nil {
		return matchRow{}, fmt.Errorf("read match: %w", err)
	}
	return m, nil
}

const findMatchSQL = `SELECT id, generation FROM matches WHERE code = $1`

// findMatch returns the id and token generation behind a short code.
func (s store) findMatch(ctx context.Context, code string) (contract.Found, error) {
	var found contract.Found
	err := s.db.QueryRowxContext(ctx, findMatchSQL, code).Scan(&found.ID, &found.Generation)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.Found{}, fault.NewNotFound("match")
	}
	if err != nil {
		return contract.Found{}, fmt.Errorf("find match: %w", err)
	}
	return found, nil
}

// scope limits what an actor sees: a path range for staff, else one subject.
type scope struct {
	Path, PathEnd string
	Request       string
	Offer         string
	Match         string
}

// scopeOf returns what the actor sees of matches.
func scopeOf(a contract.Actor) scope {
	c := scope{Path: a.Sight(), PathEnd: contract.PathEnd(a.Sight())}
	switch a.Role {
	case contract.RoleRequester:
		c.Request = a.Subject
	case contract.RoleOfferer:
		c.Offer = a.Subject
	case contract.RoleAnswerer:
		c.Match = a.Subject
	}
	return c
}

// sees reports whether the scope holds the match.
func (c scope) sees(m matchRow) bool {
	in := func(path string) bool { return path >= c.Path && path < c.PathEnd }
	return in(m.RequestPath) || in(m.OfferPath) ||
		c.Request == string(m.RequestID) || c.Offer == string(m.OfferID) || c.Match == string(m.ID)
}

// scopeSQL is the scope as a condition with the parameters $1 to $5.
const scopeSQL = `((request_path >= $1 AND request_path < $2) OR (offer_path >= $1 AND offer_path < $2)
	OR request_id::text = $3 OR offer_id::text = $4 OR id::text = $5)`

// queueSQL names the coordinator's queues: $9 is the queue, $10 the moment.
const queueSQL = `($9 = '' OR ($9 = 'awaiting' AND state = 'proposed') OR ($9 = 'disputed' AND state = 'disputed')
	OR ($9 = 'stuck' AND state IN ('accepted', 'contact_released') AND start_by < $10))`

const listMatchesSQL = `SELECT ` + matchColumns + ` FROM matches WHERE ` + scopeSQL + `
	AND ($6 = '' OR request_id::text = $6) AND ($7 = '' OR offer_id::text = $7)
	AND (cardinality($8::text[]) = 0 OR state = ANY($8)) AND ` + queueSQL + `
	AND ($11 = '' OR id < NULLIF($11, '')::uuid) ORDER BY id DESC LIMIT $12`

// listMatches returns up to limit matches below the id, newest first.
func (s store) listMatches(
	ctx context.Context, c scope, q contract.ListMatches, now time.Time, below contract.MatchID, limit int,
) ([]matchRow, error) {
	var rows []matchRow
	err := s.db.SelectContext(ctx, &rows, listMatchesSQL, c.Path, c.PathEnd, c.Request, c.Offer, c.Match,
		q.RequestID, q.OfferID, pq.Array(orEmpty(q.States)), q.Queue, now, below, limit)
	if err != nil {
		return nil, fmt.Errorf("list matches: %w", err)
	}
	return rows, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

const countMatchesSQL = `SELECT state, count(*) FROM matches WHERE ` + scopeSQL + ` GROUP BY state`

const countStuckSQL = `SELECT count(*) FROM matches WHERE ` + scopeSQL + `
	AND state IN ('accepted', 'contact_released') AND start_by < $6`

// countMatches returns how many matches the scope sees by state, and as
// "stuck" those that were accepted and did not start in time.
func (s store) countMatches(ctx context.Context, c scope, now time.Time) (map[string]int64, error) {
	args := []any{c.Path, c.PathEnd, c.Request, c.Offer, c.Match}
	rows, err := s.db.QueryxContext(ctx, countMatchesSQL, args...)
	if err != nil {
		return nil, fmt.Errorf("count matches: %w", err)
	}
	counts, err := scanCounts(rows)
	if err != nil {
		return nil, err
	}
	var stuck int64
	if err := s.db.GetContext(ctx, &stuck, countStuckSQL, append(args, now)...); err != nil {
		return nil, fmt.Errorf("count stuck matches: %w", err)
	}
	counts["stuck"] = stuck
	return counts, nil
}

func scanCounts(rows *sqlx.Rows) (map[string]int64, error) {
	counts := map[string]int64{}
	for rows.Next() {
		var state string
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, errors.Join(fmt.Errorf("scan count: %w", err), rows.Close())
		}
		counts[state] = n
	}
	return counts, errors.Join(rows.Err(), rows.Close())
}

// historyRow is a row of history.
type historyRow struct {
	SubjectID  string        `db:"subject_id"`
	At         time.Time     `db:"at"`
	Move       string        `db:"move"`
	From       State         `db:"from_state"`
	To         State         `db:"to_state"`
	Role       contract.Role `db:"role"`
	ActorID    string        `db:"actor_id"`
	ActorName  string        `db:"actor_name"`
	OnBehalfOf string        `db:"on_behalf_of"`
	Reason     string        `db:"reason"`
}

const insertHistorySQL = `INSERT INTO history
	(subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason)
	VALUES (:subject_id, :at, :move, :from_state, :to_state, :role, :actor_id, :actor_name, :on_behalf_of, :reason)`

func (s store) insertHistory(ctx context.Context, tx *sqlx.Tx, h historyRow) error {
	if _, err := tx.NamedExecContext(ctx, insertHistorySQL, h); err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

const listHistorySQL = `SELECT subject_id, at, move, from_state, to_state, role, actor_id, actor_name, on_behalf_of, reason
	FROM history WHERE subject_id = $1 ORDER BY id`

func (s store) listHistory(ctx context.Context, id string) ([]historyRow, error) {
	var rows []historyRow
	if err := s.db.SelectContext(ctx, &rows, listHistorySQL, id); err != nil {
		return nil, fmt.Errorf("list history: %w", err)
	}
	return rows, nil
}

const overdueHoldsSQL = `SELECT id FROM matches WHERE state = 'proposed' AND hold_until <= $1 ORDER BY hold_until LIMIT $2`

// overdueHolds returns proposals whose hold has ended.
func (s store) overdueHolds(ctx context.Context, now time.Time, limit int) ([]contract.MatchID, error) {
	var ids []contract.MatchID
	if err := s.db.SelectContext(ctx, &ids, overdueHoldsSQL, now, limit); err != nil {
		return nil, fmt.Errorf("list overdue holds: %w", err)
	}
	return ids, nil
}

// statements returns every statement of the schema, for the test that prepares them.
func statements() []string {
	return slices.Concat([]string{
		selectMatchSQL, lockMatchSQL, findMatchSQL, listMatchesSQL, countMatchesSQL, countStuckSQL,
		listHistorySQL, overdueHoldsSQL,
	}, projectionStatements, reservationStatements, planStatements, policyStatements, replayStatements, honourStatements,
		loadStatements, appointmentStatements, refetchStatements, sightStatements, complaintStatements, figureStatements, askStatements, waveStatements, ownStatements, limitStatements)
}

// namedStatements returns the statements with named parameters.
func namedStatements() []string {
	return []string{insertMatchSQL, updateMatchSQL, insertHistorySQL, insertComplaintSQL, updateComplaintSQL, insertAskSQL, updateAskSQL, startWaveSQL, updateWaveSQL}
}
