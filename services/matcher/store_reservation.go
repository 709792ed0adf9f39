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

// Locks are taken in one order everywhere: need line, capacity, match. So two
// transactions never wait for each other.

const reserveNeedSQL = `UPDATE needs SET reserved = reserved + $2
	WHERE need_line_id = $1 AND (quantity IS NULL OR reserved + $2 <= quantity)`

// reserveNeed takes an amount of what a need line lacks; conflict when that is less.
func (s store) reserveNeed(ctx context.Context, tx *sqlx.Tx, id contract.NeedLineID, n int64) error {
	result, err := tx.ExecContext(ctx, reserveNeedSQL, id, n)
	if err != nil {
		return fmt.Errorf("reserve need: %w", err)
	}
	return requireRow(result, fault.NewConflict("need_met", "the need lacks less than this amount"))
}

const reserveCapacitySQL = `INSERT INTO capacity AS c (offer_line_id, period_start, capacity, reserved)
	SELECT offer_line_id, $2, capacity, $3 FROM offer_lines
	WHERE offer_line_id = $1 AND (capacity IS NULL OR $3 <= capacity)
	ON CONFLICT (offer_line_id, period_start) DO UPDATE SET reserved = c.reserved + $3
	WHERE c.capacity IS NULL OR c.reserved + $3 <= c.capacity`

// reserveCapacity takes an amount of an offer line in a period, making the
// period's row when it is the first; conflict when less is free.
func (s store) reserveCapacity(ctx context.Context, tx *sqlx.Tx, id contract.OfferLineID, period time.Time, n int64) error {
	result, err := tx.ExecContext(ctx, reserveCapacitySQL, id, period, n)
	if err != nil {
		return fmt.Errorf("reserve capacity: %w", err)
	}
	return requireRow(result, fault.NewConflict("capacity_gone", "the offer has less than this amount left"))
}

const freeNeedSQL = `UPDATE needs SET reserved = reserved - $2 WHERE need_line_id = $1`

const freeCapacitySQL = `UPDATE capacity SET reserved = reserved - $3 WHERE offer_line_id = $1 AND period_start = $2`

// free gives back amounts of a match on both sides; zero amounts do nothing.
func (s store) free(ctx context.Context, tx *sqlx.Tx, m matchRow, need, offer int64) error {
	if _, err := tx.ExecContext(ctx, freeNeedSQL, m.NeedLineID, need); err != nil {
		return fmt.Errorf("free need: %w", err)
	}
	if _, err := tx.ExecContext(ctx, freeCapacitySQL, m.OfferLineID, m.PeriodStart, offer); err != nil {
		return fmt.Errorf("free capacity: %w", err)
	}
	return nil
}

const lockNeedSQL = `SELECT need_line_id FROM needs WHERE need_line_id = $1 FOR UPDATE`

const lockCapacitySQL = `SELECT offer_line_id FROM capacity WHERE offer_line_id = $1 AND period_start = $2 FOR UPDATE`

// lockReservation locks the need line and the capacity of a match, in the order
// that keeps transactions from waiting for each other.
func (s store) lockReservation(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	if _, err := tx.ExecContext(ctx, lockNeedSQL, m.NeedLineID); err != nil {
		return fmt.Errorf("lock need: %w", err)
	}
	if _, err := tx.ExecContext(ctx, lockCapacitySQL, m.OfferLineID, m.PeriodStart); err != nil {
		return fmt.Errorf("lock capacity: %w", err)
	}
	return nil
}

const lockOpenRequestSQL = `SELECT open FROM requests WHERE request_id = $1 FOR SHARE`

// requireOpen holds the request open for the transaction; conflict when it is not.
func (s store) requireOpen(ctx context.Context, tx *sqlx.Tx, id contract.RequestID) error {
	return requireTrue(ctx, tx, lockOpenRequestSQL, string(id), fault.NewConflict("request_not_open", "the request is not open for matching"))
}

const lockAvailableOfferSQL = `SELECT available FROM offers WHERE offer_id = $1 FOR SHARE`

// requireAvailable holds the offer available for the transaction; conflict when it is not.
func (s store) requireAvailable(ctx context.Context, tx *sqlx.Tx, id contract.OfferID) error {
	return requireTrue(ctx, tx, lockAvailableOfferSQL, string(id), fault.NewConflict("offer_not_available", "the offer is not available"))
}

func requireTrue(ctx context.Context, tx *sqlx.Tx, query, id string, otherwise *fault.Error) error {
	var ok bool
	err := tx.GetContext(ctx, &ok, query, id)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && !ok) {
		return otherwise
	}
	if err != nil {
		return fmt.Errorf("look at a precondition: %w", err)
	}
	return nil
}

const askHelperSQL = `INSERT INTO helper_load AS h (helper_key, week, asked, budget)
	SELECT $1, $2, 1, l.most_asks FROM helper_limit($1) l WHERE l.most_asks IS NULL OR l.most_asks >= 1
	ON CONFLICT (helper_key, week) DO UPDATE SET asked = h.asked + 1, budget = EXCLUDED.budget
	WHERE EXCLUDED.budget IS NULL OR h.asked + 1 <= EXCLUDED.budget`

// askHelper counts one more ask of a helper in a week; conflict when the strictest
// budget that the helper set is used up. Others learn no more than "busy".
func (s store) askHelper(ctx context.Context, tx *sqlx.Tx, key string, week time.Time) error {
	if key == "" {
		return nil
	}
	result, err := tx.ExecContext(ctx, askHelperSQL, key, week)
	if err != nil {
		return fmt.Errorf("count an ask: %w", err)
	}
	return requireRow(result, errBusy)
}

const refuseSQL = `INSERT INTO refused (request_id, offer_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`

// refuse notes that a pair never returns.
func (s store) refuse(ctx context.Context, tx *sqlx.Tx, m matchRow, now time.Time) error {
	if _, err := tx.ExecContext(ctx, refuseSQL, m.RequestID, m.OfferID, now); err != nil {
		return fmt.Errorf("note a refusal: %w", err)
	}
	return nil
}

const wasRefusedSQL = `SELECT EXISTS (SELECT FROM refused WHERE request_id = $1 AND offer_id = $2)
	OR EXISTS (SELECT FROM blocks WHERE helper_key = $3 AND requester_key IN ('', $4) AND NOT lifted)`

// requireUnrefused returns a conflict for a pair that was declined before, and for
// people who are kept apart.
func (s store) requireUnrefused(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	var refused bool
	if err := tx.GetContext(ctx, &refused, wasRefusedSQL, m.RequestID, m.OfferID, m.HelperKey, m.RequesterKey); err != nil {
		return fmt.Errorf("look for a refusal: %w", err)
	}
	if refused {
		return fault.NewConflict("pair_refused", "the two are not to be matched")
	}
	return nil
}

const excludedSQL = `SELECT request_id, offer_id FROM refused WHERE offer_id = $1
	UNION SELECT request_id, offer_id FROM matches WHERE offer_id = $1
	AND state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed')`

// pair is a request and an offer.
type pair struct {
	Request contract.RequestID `db:"request_id"`
	Offer   contract.OfferID   `db:"offer_id"`
}

// excludedPairs returns the pairs of an offer that must not be suggested: declined
// before, or matched now. Those of a request are on the board.
func (s store) excludedPairs(ctx context.Context, offer contract.OfferID) (map[pair]bool, error) {
	var pairs []pair
	if err := s.db.SelectContext(ctx, &pairs, excludedSQL, offer); err != nil {
		return nil, fmt.Errorf("list excluded pairs: %w", err)
	}
	set := make(map[pair]bool, len(pairs))
	for _, p := range pairs {
		set[p] = true
	}
	return set, nil
}

func nullID[T ~string](id T) sql.NullString {
	return sql.NullString{String: string(id), Valid: id != ""}
}

const overbookedSQL = `SELECT id FROM matches WHERE offer_line_id = $1 AND period_start = $2
	AND state IN ('proposed', 'accepted') ORDER BY state DESC, created_at DESC, id DESC`

// overbooked returns the matches of a period that may be freed when a line's
// capacity shrinks: proposals before acceptances, the newest first.
func (s store) overbooked(ctx context.Context, id contract.OfferLineID, period time.Time) ([]contract.MatchID, error) {
	var ids []contract.MatchID
	if err := s.db.SelectContext(ctx, &ids, overbookedSQL, id, period); err != nil {
		return nil, fmt.Errorf("list overbooked matches: %w", err)
	}
	return ids, nil
}

const excessSQL = `SELECT c.offer_line_id, c.period_start, c.reserved - l.capacity AS excess
	FROM capacity c JOIN offer_lines l USING (offer_line_id)
	WHERE l.offer_id = $1 AND l.capacity IS NOT NULL AND c.reserved > l.capacity`

// excess is a period in which more is reserved than the line can still give.
type excess struct {
	OfferLineID contract.OfferLineID `db:"offer_line_id"`
	PeriodStart time.Time            `db:"period_start"`
	Excess      int64                `db:"excess"`
}

// listExcess returns the periods of an offer that shrank below what is reserved.
func (s store) listExcess(ctx context.Context, id contract.OfferID) ([]excess, error) {
	var rows []excess
	if err := s.db.SelectContext(ctx, &rows, excessSQL, id); err != nil {
		return nil, fmt.Errorf("list excess: %w", err)
	}
	return rows, nil
}

const settleCapacitySQL = `UPDATE capacity c SET capacity = CASE WHEN l.capacity IS NULL THEN NULL
		ELSE GREATEST(l.capacity, c.reserved) END
	FROM offer_lines l WHERE l.offer_line_id = c.offer_line_id AND l.offer_id = ANY($1)
	AND c.capacity IS DISTINCT FROM CASE WHEN l.capacity IS NULL THEN NULL ELSE GREATEST(l.capacity, c.reserved) END`

// settleCapacity sets every period of offers to the line's capacity, or to what
// is already reserved where that is more.
func (s store) settleCapacity(ctx context.Context, q sqlx.ExecerContext, ids []contract.OfferID) error {
	if _, err := q.ExecContext(ctx, settleCapacitySQL, idArray(ids)); err != nil {
		return fmt.Errorf("settle capacity: %w", err)
	}
	return nil
}

const matchesToEndSQL = `SELECT id FROM matches
	WHERE (request_id = $1 OR offer_id = $2)
		AND (state IN ('proposed', 'accepted', 'contact_released') OR $3 AND state IN ('in_progress', 'disputed'))`

// matchesToEnd returns the matches that end with their request or offer: those
// whose help has not begun, and where begun is set those that are under way.
func (s store) matchesToEnd(ctx context.Context, request contract.RequestID, offer contract.OfferID, begun bool) ([]contract.MatchID, error) {
	var ids []contract.MatchID
	if err := s.db.SelectContext(ctx, &ids, matchesToEndSQL, nullID(request), nullID(offer), begun); err != nil {
		return nil, fmt.Errorf("list matches to end: %w", err)
	}
	return ids, nil
}

// What the matcher itself gave as a reason is a code and stays.
const eraseReasonsSQL = `WITH ours AS (SELECT id FROM matches WHERE request_id = $1 OR offer_id = $2),
	texts AS (UPDATE history SET reason = '' WHERE subject_id IN (SELECT id FROM ours) AND role <> 'system' AND reason <> '')
	UPDATE matches SET reason = '' WHERE id IN (SELECT id FROM ours)
		AND reason NOT IN ('', 'request_closed', 'offer_ended', 'hold_expired', 'not_now', 'handed_on')`

// eraseReasons deletes what people wrote about the matches of a request or offer.
func (s store) eraseReasons(ctx context.Context, tx *sqlx.Tx, request contract.RequestID, offer contract.OfferID) error {
	if _, err := tx.ExecContext(ctx, eraseReasonsSQL, nullID(request), nullID(offer)); err != nil {
		return fmt.Errorf("erase reasons: %w", err)
	}
	return nil
}

var reservationStatements = []string{
	reserveNeedSQL, reserveCapacitySQL, freeNeedSQL, freeCapacitySQL, lockNeedSQL, lockCapacitySQL,
	lockOpenRequestSQL, lockAvailableOfferSQL, askHelperSQL, refuseSQL, wasRefusedSQL, excludedSQL,
	overbookedSQL, excessSQL, settleCapacitySQL, matchesToEndSQL, eraseReasonsSQL,
}
