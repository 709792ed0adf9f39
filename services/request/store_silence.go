package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

// unansweredSQL joins a report with the reminders of it.
const unansweredSQL = `
	FROM line_matches m JOIN need_lines n ON n.id = m.need_line_id JOIN requests r ON r.id = n.request_id
		LEFT JOIN reminders first ON first.subject_id = m.match_id AND first.moment = m.state_at AND first.kind = 'confirmation_asked'
		LEFT JOIN reminders again ON again.subject_id = m.match_id AND again.moment = m.state_at AND again.kind = 'confirmation_asked_again'
	WHERE m.state = 'reported_done' AND r.stage <> 'closed' AND r.erased_at IS NULL`

const listUnansweredSQL = `
	SELECT m.match_id, r.id AS request_id, m.state_at, r.org_code, r.org_path, n.category, r.region_code, r.urgency` + unansweredSQL + `
		AND CASE WHEN $1 = 'confirmation_asked' THEN first.told_at IS NULL AND m.state_at <= $2
			ELSE first.told_at <= $2 AND again.told_at IS NULL END
	ORDER BY m.state_at LIMIT $3`

// listUnanswered returns reports of which the requester is to be reminded.
func (s *store) listUnanswered(ctx context.Context, kind contract.ReminderKind, before time.Time, limit int) (rows []unansweredRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, listUnansweredSQL, kind, before, limit); err != nil {
		return nil, fmt.Errorf("list reports without an answer: %w", err)
	}
	return rows, nil
}

// silentSQL holds for requests of which all was reported and every report that is
// not confirmed was asked about twice, the second time long enough ago. Whoever
// reopens one, or works on it, has as long again.
const silentSQL = `r.stage = 'open' AND r.state = 'reported_fulfilled' AND r.erased_at IS NULL AND r.updated_at <= $1
	AND NOT EXISTS (
		SELECT FROM need_lines n JOIN line_matches m ON m.need_line_id = n.id
			LEFT JOIN reminders again ON again.subject_id = m.match_id AND again.moment = m.state_at AND again.kind = 'confirmation_asked_again'
		WHERE n.request_id = r.id AND m.state = 'reported_done' AND (again.told_at IS NULL OR again.told_at > $1))`

const listSilentSQL = `SELECT r.id FROM requests r WHERE ` + silentSQL + ` ORDER BY r.updated_at LIMIT $2`

func (s *store) listSilent(ctx context.Context, before time.Time, limit int) (ids []string, err error) {
	if err := s.db.SelectContext(ctx, &ids, listSilentSQL, before, limit); err != nil {
		return nil, fmt.Errorf("list requests without an answer: %w", err)
	}
	return ids, nil
}

const isSilentSQL = `SELECT EXISTS (SELECT FROM requests r WHERE r.id = $2 AND ` + silentSQL + `)`

// isSilent looks again, once the request is locked.
func (s *store) isSilent(ctx context.Context, tx *sqlx.Tx, id string, before time.Time) (silent bool, err error) {
	if err := tx.GetContext(ctx, &silent, isSilentSQL, before, id); err != nil {
		return false, fmt.Errorf("look for an answer: %w", err)
	}
	return silent, nil
}

func silenceStatements() []string {
	return append(placeStatements(), listUnansweredSQL, listSilentSQL, isSilentSQL, setFollowUpSQL, endFollowUpSQL, followNewsSQL, countDueSQL, listDueSQL, raiseSQL)
}
