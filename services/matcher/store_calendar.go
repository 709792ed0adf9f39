package matcher

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const calendarColumns = `id, org_code, org_path, name, digest, made_by, made_at, revoked_at`

const insertCalendarSQL = `INSERT INTO calendars (` + calendarColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL) ON CONFLICT (id) DO NOTHING`

// insertCalendar reports whether there was none of the id.
func (s store) insertCalendar(ctx context.Context, r calendarRow) (bool, error) {
	result, err := s.db.ExecContext(ctx, insertCalendarSQL, r.ID, r.OrgCode, r.OrgPath, r.Name, r.Digest, r.MadeBy, r.MadeAt)
	if err != nil {
		return false, fmt.Errorf("insert calendar: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

const listCalendarsSQL = `SELECT ` + calendarColumns + ` FROM calendars ORDER BY made_at DESC, id`

func (s store) listCalendars(ctx context.Context) (rows []calendarRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, listCalendarsSQL); err != nil {
		return nil, fmt.Errorf("list calendars: %w", err)
	}
	return rows, nil
}

const revokeCalendarSQL = `UPDATE calendars SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING ` + calendarColumns

func (s store) revokeCalendar(ctx context.Context, id contract.CalendarID, now time.Time) (calendarRow, error) {
	return s.calendar(ctx, revokeCalendarSQL, id, now)
}

const openCalendarSQL = `SELECT ` + calendarColumns + ` FROM calendars WHERE digest = $1 AND revoked_at IS NULL`

// openCalendar returns the calendar that a secret opens; NotFound for an unknown
// secret and for one that was revoked.
func (s store) openCalendar(ctx context.Context, digest []byte) (calendarRow, error) {
	return s.calendar(ctx, openCalendarSQL, digest)
}

func (s store) calendar(ctx context.Context, query string, args ...any) (calendarRow, error) {
	var row calendarRow
	err := s.db.GetContext(ctx, &row, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.NewNotFound("calendar")
	}
	if err != nil {
		return row, fmt.Errorf("read calendar: %w", err)
	}
	return row, nil
}
