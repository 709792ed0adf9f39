package matcher

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/contract"
)

// An announcement that a nearer one has overtaken is left out.
const dueAppointmentsSQL = `SELECT m.*, a.start_at AS moment
	FROM appointments a JOIN (SELECT ` + matchColumns + ` FROM matches) m ON m.id = a.match_id
	WHERE NOT a.cancelled AND a.start_at > $2 AND a.start_at <= $3
		AND m.state IN ('accepted', 'contact_released', 'in_progress')
		AND NOT EXISTS (SELECT FROM reminders r WHERE r.subject_id = m.id AND r.moment = a.start_at
			AND (r.kind = $1 OR r.kind = 'appointment_soon'))
	ORDER BY a.start_at LIMIT $4`

// dueAppointments returns those that begin by a time and were not announced so.
func (s store) dueAppointments(ctx context.Context, kind contract.ReminderKind, now, until time.Time, limit int) (rows []dueRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, dueAppointmentsSQL, kind, now, until, limit); err != nil {
		return nil, fmt.Errorf("list appointments to announce: %w", err)
	}
	return rows, nil
}

const overdueDisputesSQL = `SELECT m.*, m.updated_at AS moment
	FROM (SELECT ` + matchColumns + ` FROM matches) m
	WHERE m.state = 'disputed' AND m.urgency = $1 AND m.updated_at <= $2
		AND NOT EXISTS (SELECT FROM reminders r WHERE r.subject_id = m.id AND r.moment = m.updated_at AND r.kind = 'dispute_overdue')
	ORDER BY m.updated_at LIMIT $3`

// overdueDisputes returns those of an urgency that nobody decided since a time.
func (s store) overdueDisputes(ctx context.Context, urgency contract.Urgency, since time.Time, limit int) (rows []dueRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, overdueDisputesSQL, urgency, since, limit); err != nil {
		return nil, fmt.Errorf("list overdue disputes: %w", err)
	}
	return rows, nil
}

// A hold is told of in its last quarter.
const endingHoldsSQL = `SELECT m.*, m.hold_until AS moment
	FROM (SELECT ` + matchColumns + ` FROM matches) m
	WHERE m.state = 'proposed' AND m.hold_until > $1 AND (m.hold_until - $1) * 4 <= m.hold_until - m.created_at
		AND NOT EXISTS (SELECT FROM reminders r WHERE r.subject_id = m.id AND r.moment = m.hold_until AND r.kind = 'hold_ending')
	ORDER BY m.hold_until LIMIT $2`

// endingHolds returns the proposals whose hold ends soon and was not told of so.
func (s store) endingHolds(ctx context.Context, now time.Time, limit int) (rows []dueRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, endingHoldsSQL, now, limit); err != nil {
		return nil, fmt.Errorf("list holds that end: %w", err)
	}
	return rows, nil
}
