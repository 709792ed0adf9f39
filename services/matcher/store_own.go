package matcher

import (
	"context"
	"fmt"

	"heli/pkg/contract"
)

const (
	// The policy shows what the holder of the token made.
	listOwnComplaintsSQL = `SELECT id, match_code, kind, about, state, apart, created_at FROM complaints
		WHERE (request_id = $1 AND by_role = 'requester' OR offer_id = $1 AND by_role IN ('offerer', 'answerer')) ORDER BY created_at, id`
	listOwnStepsSQL = `SELECT subject_id, at, move, from_state, to_state, role, on_behalf_of FROM history
		WHERE subject_id IN (SELECT id FROM matches WHERE request_id = $1 OR offer_id = $1 UNION ALL SELECT id FROM asks WHERE offer_id = $1)
		ORDER BY id`
	listOwnWeeksSQL = `SELECT to_char(week, 'YYYY-MM-DD') AS week, asked FROM helper_load
		WHERE helper_key <> '' AND helper_key IN (SELECT helper_key FROM matches WHERE offer_id = $1 UNION SELECT helper_key FROM asks WHERE offer_id = $1)
		ORDER BY week`
	complaintsAboutSQL    = `SELECT people, open, closed FROM complaints_about()`
	listOwnAppointmentSQL = `SELECT ` + appointmentColumns + ` WHERE m.request_id = $1 OR m.offer_id = $1 ORDER BY a.start_at`
)

// selectOwn fills in what the person reported, what happened, and how often they
// were asked.
func (s store) selectOwn(ctx context.Context, id string, own *contract.OwnMatches) error {
	for q, into := range map[string]any{
		listOwnComplaintsSQL: &own.Complaints, listOwnStepsSQL: &own.Steps, listOwnWeeksSQL: &own.Weeks,
	} {
		if err := s.db.SelectContext(ctx, into, q, id); err != nil {
			return fmt.Errorf("list own data: %w", err)
		}
	}
	return nil
}

// aboutRow counts complaints about one person, and with how many they were matched.
type aboutRow struct {
	People int `db:"people"`
	Open   int `db:"open"`
	Closed int `db:"closed"`
}

// complaintsAbout counts for the person whose token acts.
func (s store) complaintsAbout(ctx context.Context) (row aboutRow, err error) {
	if err := s.db.GetContext(ctx, &row, complaintsAboutSQL); err != nil {
		return row, fmt.Errorf("count complaints about oneself: %w", err)
	}
	return row, nil
}

func (s store) ownAppointments(ctx context.Context, id string) (rows []appointmentRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, listOwnAppointmentSQL, id); err != nil {
		return nil, fmt.Errorf("list own appointments: %w", err)
	}
	return rows, nil
}

var ownStatements = []string{listOwnComplaintsSQL, listOwnStepsSQL, listOwnWeeksSQL, complaintsAboutSQL, listOwnAppointmentSQL}
