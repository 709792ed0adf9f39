package matcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// storedRow is a projection as it is stored.
type storedRow struct {
	Document []byte `db:"document"`
}

const (
	allRequestsSQL = `SELECT document FROM requests WHERE document IS NOT NULL AND suggestable`
	allOffersSQL   = `SELECT document FROM offers WHERE document IS NOT NULL`
)

// allRequests hands over the projections of all requests that may have
// suggestions, in batches.
func (s store) allRequests(ctx context.Context, take func([]storedRow) error) error {
	return stream(ctx, s.db, take, allRequestsSQL)
}

// allOffers hands over the projections of all offers that have not ended, in
// batches.
func (s store) allOffers(ctx context.Context, take func([]storedRow) error) error {
	return stream(ctx, s.db, take, allOffersSQL)
}

// streamedRows are handed over at once.
const streamedRows = 1000

// stream hands over the rows of a query in batches, as they come from the
// server: no more than the batches on their way are in memory.
func stream[R any](ctx context.Context, db *pg.DB, take func([]R) error, query string, args ...any) (err error) {
	rows, err := db.QueryxContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	batch := make([]R, 0, streamedRows)
	for rows.Next() {
		var row R
		if err := rows.StructScan(&row); err != nil {
			return fmt.Errorf("scan row: %w", err)
		}
		if batch = append(batch, row); len(batch) < streamedRows {
			continue
		}
		if err := take(batch); err != nil {
			return err
		}
		batch = make([]R, 0, streamedRows)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	return take(batch)
}

const reservedNeedsSQL = `SELECT n.need_line_id AS line, n.reserved FROM needs n JOIN requests r USING (request_id)
	WHERE n.reserved > 0 AND r.suggestable AND r.document IS NOT NULL`

// reservedNeeds returns what is reserved of the need lines of those requests.
func (s store) reservedNeeds(ctx context.Context) (map[contract.NeedLineID]int64, error) {
	reserved := map[contract.NeedLineID]int64{}
	type row struct {
		Line     contract.NeedLineID `db:"line"`
		Reserved int64               `db:"reserved"`
	}
	err := stream(ctx, s.db, func(rows []row) error {
		for _, r := range rows {
			reserved[r.Line] = r.Reserved
		}
		return nil
	}, reservedNeedsSQL)
	if err != nil {
		return nil, fmt.Errorf("list reserved needs: %w", err)
	}
	return reserved, nil
}

const allExcludedSQL = `SELECT f.request_id, f.offer_id FROM refused f JOIN requests r USING (request_id) WHERE r.suggestable AND r.document IS NOT NULL
	UNION SELECT m.request_id, m.offer_id FROM matches m JOIN requests r USING (request_id) WHERE r.suggestable AND r.document IS NOT NULL
	AND m.state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed')`

// allExcluded returns the pairs of those requests that must not be suggested.
func (s store) allExcluded(ctx context.Context) (map[contract.RequestID]map[pair]bool, error) {
	excluded := map[contract.RequestID]map[pair]bool{}
	err := stream(ctx, s.db, func(pairs []pair) error {
		for _, p := range pairs {
			if excluded[p.Request] == nil {
				excluded[p.Request] = map[pair]bool{}
			}
			excluded[p.Request][p] = true
		}
		return nil
	}, allExcludedSQL)
	if err != nil {
		return nil, fmt.Errorf("list excluded pairs: %w", err)
	}
	return excluded, nil
}

// uses are what matches and asks make of all offers. Those of which there is
// nothing to say are not in it.
type uses struct {
	periods map[contract.OfferLineID][]periodRow
	answers map[contract.OfferID]use // without load
	live    map[string]int64         // matches by the offers' organisation
	asked   map[string]int64         // this week, by helper
	weeks   map[string]helperWeek    // of helpers who set limits
}

// of returns what they make of one offer, with the periods of its lines.
func (u uses) of(p contract.ProjectedOffer) (use, []periodRow) {
	one := u.answers[p.OfferID]
	one.OrgLoad, one.Used, one.helperWeek = u.live[p.Path], u.asked[p.HelperKey], u.weeks[p.HelperKey]
	var periods []periodRow
	for _, l := range p.Lines {
		periods = append(periods, u.periods[contract.OfferLineID(l.ID)]...)
	}
	return one, periods
}

const (
	reservedPeriodsSQL = `SELECT offer_line_id AS line, period_start::text AS period, reserved FROM capacity
		WHERE reserved > 0 AND (period_start = '1970-01-01' OR period_start >= $1)`
	allAnswersSQL = `SELECT offer_id, count(*) FILTER (WHERE reason NOT IN ('not_now', 'handed_on')) AS asked,
		count(*) FILTER (WHERE state NOT IN ('proposed', 'declined', 'hold_expired', 'cancelled')) AS accepted,
		count(*) FILTER (WHERE state IN ('reported_done', 'confirmed')) AS done
		FROM matches GROUP BY offer_id`
	liveMatchesSQL = `SELECT offer_path AS key, count(*) AS n FROM matches
		WHERE state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed') GROUP BY offer_path`
	askedHelpersSQL = `SELECT helper_key AS key, asked AS n FROM helper_load WHERE week = $1`
)

// allUses reads them in one go each: asking offer by offer would take as many
// looks into matches as there are offers, times those of its organisation. since
// is before every period that now falls in.
func (s store) allUses(ctx context.Context, since, week time.Time) (uses, error) {
	u := uses{
		periods: map[contract.OfferLineID][]periodRow{}, answers: map[contract.OfferID]use{}, live: map[string]int64{}, asked: map[string]int64{},
	}
	err := stream(ctx, s.db, func(rows []periodRow) error {
		for _, r := range rows {
			u.periods[r.Line] = append(u.periods[r.Line], r)
		}
		return nil
	}, reservedPeriodsSQL, since)
	if err != nil {
		return u, fmt.Errorf("list reserved periods: %w", err)
	}
	type answersOf struct {
		ID contract.OfferID `db:"offer_id"`
		use
	}
	err = stream(ctx, s.db, func(rows []answersOf) error {
		for _, r := range rows {
			u.answers[r.ID] = r.use
		}
		return nil
	}, allAnswersSQL)
	if err != nil {
		return u, fmt.Errorf("count answers: %w", err)
	}
	if err := s.countInto(ctx, u.live, liveMatchesSQL); err != nil {
		return u, err
	}
	if u.weeks, err = s.allHelperWeeks(ctx, week); err != nil {
		return u, err
	}
	return u, s.countInto(ctx, u.asked, askedHelpersSQL, week)
}

func (s store) countInto(ctx context.Context, counts map[string]int64, query string, args ...any) error {
	type row struct {
		Key string `db:"key"`
		N   int64  `db:"n"`
	}
	err := stream(ctx, s.db, func(rows []row) error {
		for _, r := range rows {
			counts[r.Key] = r.N
		}
		return nil
	}, query, args...)
	if err != nil {
		return fmt.Errorf("count the load: %w", err)
	}
	return nil
}

var loadStatements = []string{
	allRequestsSQL, allOffersSQL, reservedNeedsSQL, allExcludedSQL, reservedPeriodsSQL, allAnswersSQL, liveMatchesSQL, askedHelpersSQL,
}
