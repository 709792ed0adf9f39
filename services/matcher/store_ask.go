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
	"heli/services/matcher/wave"
)

// askRow is a row of asks.
type askRow struct {
	ID           contract.AskID       `db:"id"`
	Code         string               `db:"code"`
	State        AskState             `db:"state"`
	Version      int64                `db:"version"`
	RequestID    contract.RequestID   `db:"request_id"`
	NeedLineID   contract.NeedLineID  `db:"need_line_id"`
	OfferID      contract.OfferID     `db:"offer_id"`
	OfferLineID  contract.OfferLineID `db:"offer_line_id"`
	MatchID      *contract.MatchID    `db:"match_id"`
	RequestOrg   string               `db:"request_org"`
	RequestPath  string               `db:"request_path"`
	OfferOrg     string               `db:"offer_org"`
	OfferPath    string               `db:"offer_path"`
	HelperKey    string               `db:"helper_key"`
	RequesterKey string               `db:"requester_key"`
	Category     string               `db:"category"`
	RegionCode   string               `db:"region_code"`
	Urgency      contract.Urgency     `db:"urgency"`
	Quantity     int64                `db:"quantity"`
	Unit         contract.Unit        `db:"unit"`
	Score        float64              `db:"score"`
	Wave         int                  `db:"wave"`
	StandsBy     bool                 `db:"stands_by"`
	OtherTime    *time.Time           `db:"other_time"`
	Reason       string               `db:"reason"`
	Until        time.Time            `db:"until"`
	AnsweredAt   *time.Time           `db:"answered_at"`
	Generation   int                  `db:"generation"`
	CreatedAt    time.Time            `db:"created_at"`
	UpdatedAt    time.Time            `db:"updated_at"`

	history wave.History // of the helper, while it is weighed
}

// helper is who was asked: by the key of a phone, else by the offer.
func (a askRow) helper() string { return helperOf(a.HelperKey, a.OfferID) }

func helperOf(key string, offer contract.OfferID) string {
	if key == "" {
		return string(offer)
	}
	return key
}

const askColumns = `id, code, state, version, request_id, need_line_id, offer_id, offer_line_id, match_id, request_org, request_path,
	offer_org, offer_path, helper_key, requester_key, category, region_code, urgency, quantity, unit, score, wave, stands_by,
	other_time, reason, until, answered_at, generation, created_at, updated_at`

const insertAskSQL = `INSERT INTO asks (` + askColumns + `) VALUES (
	:id, :code, :state, :version, :request_id, :need_line_id, :offer_id, :offer_line_id, :match_id, :request_org, :request_path,
	:offer_org, :offer_path, :helper_key, :requester_key, :category, :region_code, :urgency, :quantity, :unit, :score, :wave, :stands_by,
	:other_time, :reason, :until, :answered_at, :generation, :created_at, :updated_at)`

func (s store) insertAsk(ctx context.Context, tx *sqlx.Tx, a askRow) error {
	if _, err := tx.NamedExecContext(ctx, insertAskSQL, a); err != nil {
		return fmt.Errorf("insert ask: %w", err)
	}
	return nil
}

const updateAskSQL = `UPDATE asks SET state = :state, version = :version, match_id = :match_id, stands_by = :stands_by,
	other_time = :other_time, reason = :reason, answered_at = :answered_at, updated_at = :updated_at
	WHERE id = :id AND version = :version - 1`

// updateAsk stores what a move changed; the version fences off who read before.
func (s store) updateAsk(ctx context.Context, tx *sqlx.Tx, a askRow) error {
	result, err := tx.NamedExecContext(ctx, updateAskSQL, a)
	if err != nil {
		return fmt.Errorf("update ask: %w", err)
	}
	return requireRow(result, fault.NewConflict("stale_version", "the ask changed meanwhile"))
}

const (
	selectAskSQL = `SELECT ` + askColumns + ` FROM asks WHERE id = $1`
	lockAskSQL   = selectAskSQL + ` FOR UPDATE`
)

// getAsk reads an ask; NotFound when there is none.
func (s store) getAsk(ctx context.Context, q sqlx.QueryerContext, query string, id contract.AskID) (askRow, error) {
	var a askRow
	if !contract.ValidID(id) {
		return a, fault.NewNotFound("ask")
	}
	err := sqlx.GetContext(ctx, q, &a, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.NewNotFound("ask")
	}
	if err != nil {
		return a, fmt.Errorf("read ask: %w", err)
	}
	return a, nil
}

const findAskSQL = `SELECT id, generation FROM asks WHERE code = $1`

// findAsk returns the id and token generation behind a short code.
func (s store) findAsk(ctx context.Context, code string) (contract.Found, error) {
	var found contract.Found
	err := s.db.QueryRowxContext(ctx, findAskSQL, code).Scan(&found.ID, &found.Generation)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.Found{}, fault.NewNotFound("ask")
	}
	if err != nil {
		return contract.Found{}, fmt.Errorf("find ask: %w", err)
	}
	return found, nil
}

const askScopeSQL = `((request_path >= $1 AND request_path < $2) OR (offer_path >= $1 AND offer_path < $2)
	OR offer_id::text = $3 OR id::text = $4)`

const listAsksSQL = `SELECT ` + askColumns + ` FROM asks WHERE ` + askScopeSQL + `
	AND ($5 = '' OR request_id::text = $5) AND ($6 = '' OR offer_id::text = $6)
	AND (cardinality($7::text[]) = 0 OR state = ANY($7))
	AND ($8 = '' OR id < NULLIF($8, '')::uuid) ORDER BY id DESC LIMIT $9`

// listAsks returns up to limit asks below the id, newest first.
func (s store) listAsks(ctx context.Context, c scope, q contract.ListAsks, below contract.AskID, limit int) ([]askRow, error) {
	var rows []askRow
	err := s.db.SelectContext(ctx, &rows, listAsksSQL, c.Path, c.PathEnd, c.Offer, c.Match,
		q.RequestID, q.OfferID, pq.Array(orEmpty(q.States)), below, limit)
	if err != nil {
		return nil, fmt.Errorf("list asks: %w", err)
	}
	return rows, nil
}

const openAsksSQL = `SELECT ` + askColumns + ` FROM asks WHERE need_line_id = $1 AND state = 'asked' ORDER BY id`

// openAsks returns the asks of a need line without an answer, the oldest first.
func (s store) openAsks(ctx context.Context, q sqlx.QueryerContext, id contract.NeedLineID) ([]askRow, error) {
	var rows []askRow
	if err := sqlx.SelectContext(ctx, q, &rows, openAsksSQL, id); err != nil {
		return nil, fmt.Errorf("list open asks: %w", err)
	}
	return rows, nil
}

// Whoever was asked and not told that it is filled, and whoever was matched with
// the request and let go of it, is not asked for the line again.
const spentSQL = `SELECT helper_key, offer_id, bool_and(again) AS again, bool_or(stands_by) AS stands_by FROM (
	SELECT DISTINCT ON (offer_id) helper_key, offer_id, state = 'filled' AS again, stands_by FROM asks WHERE need_line_id = $1 ORDER BY offer_id, id DESC) a
	GROUP BY helper_key, offer_id
	UNION ALL SELECT helper_key, offer_id, false, false FROM matches
	WHERE need_line_id = $1 AND state IN ('withdrawn', 'no_show', 'hold_expired', 'failed')`

// spent is somebody who was asked before.
type spent struct {
	HelperKey string           `db:"helper_key"`
	OfferID   contract.OfferID `db:"offer_id"`
	Again     bool             `db:"again"`     // they may be asked again
	StandsBy  bool             `db:"stands_by"` // they said yes when nothing was missing
}

// listSpent returns who was asked for a need line before.
func (s store) listSpent(ctx context.Context, id contract.NeedLineID) ([]spent, error) {
	var rows []spent
	if err := s.db.SelectContext(ctx, &rows, spentSQL, id); err != nil {
		return nil, fmt.Errorf("list who was asked: %w", err)
	}
	return rows, nil
}

// An answer counts half after so many days.
const historyHalfDays = 90

const askHistorySQL = `SELECT helper_key, offer_id, coalesce(sum(w) FILTER (WHERE yes), 0) AS accepted,
		coalesce(sum(w) FILTER (WHERE state = 'declined'), 0) AS declined,
		coalesce(sum(w) FILTER (WHERE yes OR state IN ('declined', 'expired')), 0) AS asked,
		coalesce(sum(w * ln(greatest(minutes, 1))) FILTER (WHERE yes OR state = 'declined'), 0) AS log_minutes,
		coalesce(sum(w), 0) AS sent
	FROM (SELECT helper_key, CASE WHEN helper_key = '' THEN offer_id END AS offer_id, state, state = 'accepted' OR stands_by AS yes,
			power(0.5, extract(epoch FROM $3 - created_at) / 86400 / $4) AS w,
			coalesce(extract(epoch FROM answered_at - created_at) / 60, 1) AS minutes
		FROM asks WHERE helper_key = ANY($1) OR (helper_key = '' AND offer_id = ANY($2))) a
	GROUP BY 1, 2`

// askHistories returns how helpers answered before, by helper: asks that were
// filled, withdrawn or put off count for nothing but having been sent.
func (s store) askHistories(ctx context.Context, keys []string, offers []contract.OfferID, now time.Time) (map[string]wave.History, error) {
	var rows []struct {
		HelperKey  string            `db:"helper_key"`
		OfferID    *contract.OfferID `db:"offer_id"`
		Asked      float64           `db:"asked"`
		Accepted   float64           `db:"accepted"`
		Declined   float64           `db:"declined"`
		LogMinutes float64           `db:"log_minutes"`
		Sent       float64           `db:"sent"`
	}
	err := s.db.SelectContext(ctx, &rows, askHistorySQL, pq.Array(keys), idArray(offers), now, historyHalfDays)
	if err != nil {
		return nil, fmt.Errorf("sum answers: %w", err)
	}
	histories := make(map[string]wave.History, len(rows))
	for _, r := range rows {
		helper := r.HelperKey
		if r.OfferID != nil {
			helper = string(*r.OfferID)
		}
		histories[helper] = wave.History{Sent: r.Sent, Asked: r.Asked, Accepted: r.Accepted, Declined: r.Declined, LogMinutes: r.LogMinutes}
	}
	return histories, nil
}

const overdueAsksSQL = `SELECT id FROM asks WHERE state = 'asked' AND until <= $1 ORDER BY until LIMIT $2`

// overdueAsks returns open asks whose time is over.
func (s store) overdueAsks(ctx context.Context, now time.Time, limit int) ([]contract.AskID, error) {
	var ids []contract.AskID
	if err := s.db.SelectContext(ctx, &ids, overdueAsksSQL, now, limit); err != nil {
		return nil, fmt.Errorf("list overdue asks: %w", err)
	}
	return ids, nil
}

const asksToEndSQL = `SELECT a.id, CASE WHEN r.document IS NULL THEN 'request_closed' ELSE 'offer_ended' END AS reason
	FROM asks a JOIN requests r USING (request_id) JOIN offers o USING (offer_id)
	WHERE a.state = 'asked' AND (r.document IS NULL OR o.document IS NULL OR EXISTS (SELECT FROM blocks b
		WHERE b.helper_key = a.helper_key AND b.requester_key IN ('', a.requester_key) AND NOT b.lifted)) LIMIT $1`

// askToEnd is an open ask that nobody needs an answer to, and why.
type askToEnd struct {
	ID     contract.AskID `db:"id"`
	Reason string         `db:"reason"`
}

// asksToEnd returns open asks whose request or offer has ended, or whose two sides
// are kept apart.
func (s store) asksToEnd(ctx context.Context, limit int) ([]askToEnd, error) {
	var rows []askToEnd
	if err := s.db.SelectContext(ctx, &rows, asksToEndSQL, limit); err != nil {
		return nil, fmt.Errorf("list asks to end: %w", err)
	}
	return rows, nil
}

const standingSQL = `SELECT count(*) AS agreed, count(*) FILTER (WHERE state = 'no_show') AS no_shows,
		count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn
	FROM matches WHERE created_at >= $2 AND state NOT IN ('proposed', 'declined', 'hold_expired', 'cancelled')
		AND (offer_id = $1 OR helper_key <> '' AND helper_key = (SELECT document ->> 'helper_key' FROM offers WHERE offer_id = $1))`

// standing counts how a helper kept what was agreed since a time, as far as who
// acts may see it.
func (s store) standing(ctx context.Context, id contract.OfferID, since time.Time) (contract.Standing, error) {
	var counted contract.Standing
	err := s.db.QueryRowxContext(ctx, standingSQL, id, since).Scan(&counted.Agreed, &counted.NoShows, &counted.Withdrawn)
	if err != nil {
		return counted, fmt.Errorf("count what was agreed: %w", err)
	}
	return counted, nil
}

var askStatements = []string{
	selectAskSQL, lockAskSQL, findAskSQL, listAsksSQL, openAsksSQL, spentSQL, askHistorySQL, overdueAsksSQL, asksToEndSQL, standingSQL,
}
