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

// venue is where an appointment is: kept by the request service, which tells the same
// place again by a digest. The zero one is none.
type venue struct {
	PlaceID     *contract.PlaceID `db:"place_id"`
	PlaceDigest string            `db:"place_digest"`
}

// appointmentRow is a row of appointments with what is shown of its match.
type appointmentRow struct {
	MatchID contract.MatchID `db:"match_id"`
	Start   time.Time        `db:"start_at"`
	End     time.Time        `db:"end_at"`
	Zone    string           `db:"zone"`
	venue
	Sequence  int       `db:"sequence"`
	Cancelled bool      `db:"cancelled"`
	ChangedAt time.Time `db:"changed_at"`
	Code      string    `db:"code"`
	Category  string    `db:"category"`
	State     State     `db:"state"`
	Released  bool      `db:"released"` // the requester's contact was
}

const putAppointmentSQL = `
	INSERT INTO appointments AS a (match_id, start_at, end_at, zone, place_id, place_digest, sequence, cancelled, changed_at)
	VALUES ($1, $2, $3, $4, $5, $6, 0, false, $7)
	ON CONFLICT (match_id) DO UPDATE SET start_at = excluded.start_at, end_at = excluded.end_at, zone = excluded.zone,
		place_id = excluded.place_id, place_digest = excluded.place_digest, sequence = a.sequence + 1, cancelled = false, changed_at = excluded.changed_at`

// putAppointment makes the appointment of a match, or changes it.
func (s store) putAppointment(ctx context.Context, tx *sqlx.Tx, r appointmentRow) error {
	if _, err := tx.ExecContext(ctx, putAppointmentSQL, r.MatchID, r.Start, r.End, r.Zone, r.PlaceID, r.PlaceDigest, r.ChangedAt); err != nil {
		return fmt.Errorf("put appointment: %w", err)
	}
	return nil
}

const cancelAppointmentSQL = `UPDATE appointments SET cancelled = true, sequence = sequence + 1, changed_at = $2
	WHERE match_id = $1 AND NOT cancelled`

// cancelAppointment reports false, and does nothing, where there is none.
func (s store) cancelAppointment(ctx context.Context, tx *sqlx.Tx, id contract.MatchID, now time.Time) (bool, error) {
	result, err := tx.ExecContext(ctx, cancelAppointmentSQL, id, now)
	if err != nil {
		return false, fmt.Errorf("cancel appointment: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

const shiftAppointmentSQL = `UPDATE appointments SET start_at = $2, end_at = $2 + (end_at - start_at), sequence = sequence + 1, changed_at = $3
	WHERE match_id = $1 AND NOT cancelled AND start_at <> $2 RETURNING match_id, start_at, end_at`

// shiftAppointment moves an appointment to another start; the zero row where
// nothing was to move.
func (s store) shiftAppointment(ctx context.Context, tx *sqlx.Tx, id contract.MatchID, start, now time.Time) (appointmentRow, error) {
	var row appointmentRow
	err := tx.GetContext(ctx, &row, shiftAppointmentSQL, id, start, now)
	if errors.Is(err, sql.ErrNoRows) {
		return row, nil
	}
	if err != nil {
		return row, fmt.Errorf("shift appointment: %w", err)
	}
	return row, nil
}

const erasePlacesSQL = `UPDATE appointments SET place_digest = ''
	WHERE place_digest <> '' AND match_id IN (SELECT id FROM matches WHERE request_id = $1)`

// erasePlaces forgets what tells the places of a request's appointments again.
func (s store) erasePlaces(ctx context.Context, tx *sqlx.Tx, id contract.RequestID) error {
	if _, err := tx.ExecContext(ctx, erasePlacesSQL, id); err != nil {
		return fmt.Errorf("erase digests of places: %w", err)
	}
	return nil
}

const lockCalendarSQL = `SELECT pg_advisory_xact_lock(hashtextextended('appointments of ' || $1, 0))`

const overlappingSQL = `SELECT overlapping($1, $2, $3, $4)`

// overlapping returns the match of a helper's other appointment within a span;
// empty for none, and where nobody knows who the helper is.
func (s store) overlapping(ctx context.Context, tx *sqlx.Tx, m matchRow, when slot) (contract.MatchID, error) {
	if _, err := tx.ExecContext(ctx, lockCalendarSQL, m.HelperKey); err != nil {
		return "", fmt.Errorf("lock a helper's appointments: %w", err)
	}
	var other sql.NullString
	if err := tx.GetContext(ctx, &other, overlappingSQL, m.HelperKey, m.ID, when.start, when.end); err != nil {
		return "", fmt.Errorf("look for another appointment: %w", err)
	}
	return contract.MatchID(other.String), nil
}

const appointmentColumns = `a.match_id, a.start_at, a.end_at, a.zone, a.place_id, a.place_digest, a.sequence, a.cancelled, a.changed_at, m.code, m.category, m.state,
	EXISTS (SELECT FROM history h WHERE h.subject_id = m.id AND h.move = 'release_contact') AS released
	FROM appointments a JOIN matches m ON m.id = a.match_id`

const getAppointmentSQL = `SELECT ` + appointmentColumns + ` WHERE a.match_id = $1`

// getAppointment is NotFound where a match has none.
func (s store) getAppointment(ctx context.Context, q sqlx.QueryerContext, id contract.MatchID) (appointmentRow, error) {
	var row appointmentRow
	err := sqlx.GetContext(ctx, q, &row, getAppointmentSQL, id)
	if errors.Is(err, sql.ErrNoRows) {
		return appointmentRow{}, fault.NewNotFound("appointment") // sqlx has put something into its pointers
	}
	if err != nil {
		return row, fmt.Errorf("get appointment: %w", err)
	}
	return row, nil
}

// maxAppointments bounds a calendar.
const maxAppointments = 5000

const appointmentsOfSQL = `SELECT ` + appointmentColumns + `
	WHERE (m.id = $1 OR $2 <> '' AND m.helper_key = $2) AND a.end_at > $3 ORDER BY a.start_at LIMIT $4`

// appointmentsOf returns those of the helper of a match; where nobody knows who
// that is, of the match alone.
func (s store) appointmentsOf(ctx context.Context, m matchRow, since time.Time) (rows []appointmentRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, appointmentsOfSQL, m.ID, m.HelperKey, since, maxAppointments); err != nil {
		return nil, fmt.Errorf("list appointments of a helper: %w", err)
	}
	return rows, nil
}

const appointmentsBelowSQL = `SELECT ` + appointmentColumns + `
	WHERE (m.offer_path >= $1 AND m.offer_path < $2 OR m.request_path >= $1 AND m.request_path < $2)
		AND a.end_at > $3 ORDER BY a.start_at LIMIT $4`

// appointmentsBelow returns those of matches that an organisation, or one below
// it, has a side of.
func (s store) appointmentsBelow(ctx context.Context, path string, since time.Time) (rows []appointmentRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, appointmentsBelowSQL, path, contract.PathEnd(path), since, maxAppointments); err != nil {
		return nil, fmt.Errorf("list appointments of an organisation: %w", err)
	}
	return rows, nil
}

const appointmentsSeenSQL = `SELECT ` + appointmentColumns + `
	WHERE (m.offer_path >= $1 AND m.offer_path < $2 OR m.request_path >= $1 AND m.request_path < $2)
		AND a.end_at > $3 AND ($4::timestamptz IS NULL OR a.start_at < $4) AND (a.start_at, a.match_id) > ($5, $6)
	ORDER BY a.start_at, a.match_id LIMIT $7`

// appointmentsSeen returns up to limit appointments of matches that the scope has a
// side of, after one place, the earliest first.
func (s store) appointmentsSeen(ctx context.Context, c scope, since time.Time, until *time.Time, after appointmentPlace, limit int) (rows []appointmentRow, err error) {
	err = s.db.SelectContext(ctx, &rows, appointmentsSeenSQL, c.Path, c.PathEnd, since, until, after.Start, after.MatchID, limit)
	if err != nil {
		return nil, fmt.Errorf("list appointments: %w", err)
	}
	return rows, nil
}

var appointmentStatements = []string{
	appointmentsSeenSQL, erasePlacesSQL,
	putAppointmentSQL, cancelAppointmentSQL, shiftAppointmentSQL, lockCalendarSQL, overlappingSQL, getAppointmentSQL,
	appointmentsOfSQL, appointmentsBelowSQL, insertCalendarSQL, listCalendarsSQL, revokeCalendarSQL, openCalendarSQL,
	dueAppointmentsSQL, overdueDisputesSQL, endingHoldsSQL,
}
