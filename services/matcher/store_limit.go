package matcher

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

const dropLimitsSQL = `DELETE FROM helper_limits WHERE offer_id = ANY($1)`

const putLimitsSQL = `INSERT INTO helper_limits (offer_id, helper_key, weekly_asks, weekly_hours, rest_days, heavy_hours)
	SELECT o.offer_id, o.document ->> 'helper_key', (o.document ->> 'weekly_budget')::bigint, (o.document ->> 'weekly_hours')::bigint,
		coalesce((o.document ->> 'rest_days')::bigint, 0), coalesce((o.document ->> 'heavy_hours')::bigint, 0)
	FROM offers o WHERE o.offer_id = ANY($1) AND o.document ->> 'helper_key' <> ''
		AND (o.document ->> 'weekly_budget' IS NOT NULL OR o.document ->> 'weekly_hours' IS NOT NULL OR (o.document ->> 'rest_days')::bigint > 0)
	ON CONFLICT (offer_id) DO UPDATE SET helper_key = EXCLUDED.helper_key, weekly_asks = EXCLUDED.weekly_asks,
		weekly_hours = EXCLUDED.weekly_hours, rest_days = EXCLUDED.rest_days, heavy_hours = EXCLUDED.heavy_hours`

// settleLimits has the limits of helpers follow the projections of their offers.
func (s store) settleLimits(ctx context.Context, q sqlx.ExecerContext, ids []contract.OfferID) error {
	for _, query := range []string{dropLimitsSQL, putLimitsSQL} {
		if _, err := q.ExecContext(ctx, query, idArray(ids)); err != nil {
			return fmt.Errorf("settle helpers' limits: %w", err)
		}
	}
	return nil
}

const lockHelperWeekSQL = `SELECT pg_advisory_xact_lock(hashtextextended('hours of ' || $1, 0))
	FROM helper_limit($1) WHERE limited`

// lockHelperWeek has one transaction at a time decide about the hours of a helper.
// It reports false for one who set no limit: there is nothing to decide then.
func (s store) lockHelperWeek(ctx context.Context, tx *sqlx.Tx, key string) (bool, error) {
	if key == "" {
		return false, nil
	}
	result, err := tx.ExecContext(ctx, lockHelperWeekSQL, key)
	if err != nil {
		return false, fmt.Errorf("lock a helper's hours: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

const helperWeekSQL = `SELECT most_asks, most_minutes, minutes, rests_until FROM helper_week($1, $2, $3)`

// helperWeek returns a helper's limits and what is used of them in the week that
// begins at a moment, without one match; none where no limit is set.
func (s store) helperWeek(ctx context.Context, q sqlx.QueryerContext, key string, without contract.MatchID, week time.Time) (helperWeek, error) {
	var w helperWeek
	if key == "" {
		return w, nil
	}
	if err := sqlx.GetContext(ctx, q, &w, helperWeekSQL, key, nullID(without), week); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return w, fmt.Errorf("sum a helper's hours: %w", err)
	}
	return w, nil
}

const allHelperWeeksSQL = `SELECT k.helper_key, w.most_asks, w.most_minutes, w.minutes, w.rests_until
	FROM (SELECT DISTINCT helper_key FROM helper_limits) k CROSS JOIN LATERAL helper_week(k.helper_key, NULL, $1) w`

// allHelperWeeks returns those of all helpers who set any limit.
func (s store) allHelperWeeks(ctx context.Context, week time.Time) (map[string]helperWeek, error) {
	weeks := map[string]helperWeek{}
	type row struct {
		Key string `db:"helper_key"`
		helperWeek
	}
	err := stream(ctx, s.db, func(rows []row) error {
		for _, r := range rows {
			weeks[r.Key] = r.helperWeek
		}
		return nil
	}, allHelperWeeksSQL, week)
	if err != nil {
		return nil, fmt.Errorf("sum the hours of helpers: %w", err)
	}
	return weeks, nil
}

const sameHelpersSQL = `SELECT DISTINCT o.offer_id FROM helper_limits l JOIN offers o ON o.document ->> 'helper_key' = l.helper_key
	WHERE l.helper_key IN (SELECT document ->> 'helper_key' FROM offers WHERE offer_id = ANY($1)) AND o.offer_id <> ALL ($1)`

// sameHelpers returns the other offers of the helpers of offers, of those who set
// limits: what is asked for one is used up for all.
func (s store) sameHelpers(ctx context.Context, ids []contract.OfferID) ([]contract.OfferID, error) {
	var others []contract.OfferID
	if err := s.db.SelectContext(ctx, &others, sameHelpersSQL, idArray(ids)); err != nil {
		return nil, fmt.Errorf("list the other offers of helpers: %w", err)
	}
	return others, nil
}

const limitedOffersSQL = `SELECT DISTINCT o.offer_id FROM helper_limits l JOIN offers o ON o.document ->> 'helper_key' = l.helper_key`

// limitedOffers returns the offers of helpers who set limits.
func (s store) limitedOffers(ctx context.Context) ([]contract.OfferID, error) {
	var ids []contract.OfferID
	if err := s.db.SelectContext(ctx, &ids, limitedOffersSQL); err != nil {
		return nil, fmt.Errorf("list the offers of helpers with limits: %w", err)
	}
	return ids, nil
}

var limitStatements = []string{
	dropLimitsSQL, putLimitsSQL, lockHelperWeekSQL, helperWeekSQL, allHelperWeeksSQL, sameHelpersSQL, limitedOffersSQL,
}
