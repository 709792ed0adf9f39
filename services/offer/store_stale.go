package offer

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/contract"
)

const quietSQL = `
	SELECT o.id, o.org_code, o.org_path, o.region_code, o.updated_at AS moment
	FROM offers o
		LEFT JOIN reminders first ON first.subject_id = o.id AND first.moment = o.updated_at AND first.kind = 'availability_asked'
		LEFT JOIN reminders again ON again.subject_id = o.id AND again.moment = o.updated_at AND again.kind = 'availability_asked_again'
	WHERE o.stage = 'available' AND o.state = 'available' AND o.erased_at IS NULL AND o.suspended_by = '{}'`

const listQuietSQL = quietSQL + `
		AND o.updated_at <= $2
		AND CASE WHEN $1 = 'availability_asked' THEN first.told_at IS NULL ELSE first.told_at <= $2 AND again.told_at IS NULL END
	ORDER BY o.updated_at LIMIT $3`

// listQuiet returns offers that are to be asked whether they still stand.
func (s *store) listQuiet(ctx context.Context, kind contract.ReminderKind, before time.Time, limit int) ([]quietRow, error) {
	return s.selectQuiet(ctx, listQuietSQL, kind, before, limit)
}

const listSilentSQL = quietSQL + ` AND again.told_at <= $1 ORDER BY o.updated_at LIMIT $2`

// listSilent returns offers that were asked twice, the second time before a time.
func (s *store) listSilent(ctx context.Context, before time.Time, limit int) ([]quietRow, error) {
	return s.selectQuiet(ctx, listSilentSQL, before, limit)
}

const listEndingSQL = `
	SELECT DISTINCT ON (o.id, moment) o.id, o.org_code, o.org_path, o.region_code, (c ->> 'valid_until')::timestamptz AS moment
	FROM offers o, jsonb_array_elements(o.credentials) c
	WHERE o.credentials <> '[]' AND o.stage IN ('available', 'paused') AND o.erased_at IS NULL
		AND (c ->> 'valid_until')::timestamptz > $1 AND (c ->> 'valid_until')::timestamptz <= $2
		AND NOT EXISTS (SELECT FROM reminders d
			WHERE d.subject_id = o.id AND d.kind = 'credential_ending' AND d.moment = (c ->> 'valid_until')::timestamptz)
	LIMIT $3`

// listEnding returns offers with a credential that ends within a span and was not
// told of.
func (s *store) listEnding(ctx context.Context, from, until time.Time, limit int) ([]quietRow, error) {
	return s.selectQuiet(ctx, listEndingSQL, from, until, limit)
}

func (s *store) selectQuiet(ctx context.Context, query string, args ...any) (rows []quietRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("list offers to ask: %w", err)
	}
	return rows, nil
}

var staleStatements = []string{listQuietSQL, listSilentSQL, listEndingSQL}
