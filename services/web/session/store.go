package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

type store struct{ db *pg.DB }

// statements lists the SQL of this file, for the test that prepares all of it.
func statements() []string {
	return []string{
		deleteExpiredSQL, purgeSignedInSQL, purgeAttemptSQL,
		insertSignedInSQL, selectSignedInSQL, touchSignedInSQL, listSignedInSQL, endSignedInSQL, endOthersSQL,
		takeAttemptSQL, claimAttemptSQL, selectAttemptSQL, clearAttemptSQL, returnAttemptSQL,
	}
}

const (
	deleteExpiredSQL = `DELETE FROM sessions WHERE expiry < $1`
	purgeSignedInSQL = `DELETE FROM signed_in WHERE expires_at < $1`
	purgeAttemptSQL  = `DELETE FROM attempt WHERE at < $1`
)

// purge deletes what is over: sessions at once, their list and tries that count
// no more after a while.
func (s store) purge(ctx context.Context, now time.Time) error {
	for _, old := range []struct {
		statement string
		before    time.Time
	}{{deleteExpiredSQL, now}, {purgeSignedInSQL, now}, {purgeAttemptSQL, now.Add(-forgetAfter)}} {
		if _, err := s.db.ExecContext(ctx, old.statement, old.before); err != nil {
			return fmt.Errorf("purge sessions: %w", pg.MapContext(ctx, err))
		}
	}
	return nil
}

// Signed is one session as its person sees it.
type Signed struct {
	ID        string    `db:"id"`
	Device    string    `db:"device"`
	Network   string    `db:"network"`
	StartedAt time.Time `db:"started_at"`
	SeenAt    time.Time `db:"seen_at"`
	// Current says that it is the one that asks.
	Current bool `db:"-"`
}

const insertSignedInSQL = `
	INSERT INTO signed_in (id, person_id, device, network, started_at, seen_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $5, $6)`

func (s store) insertSignedIn(ctx context.Context, person contract.PersonID, signed Signed) error {
	_, err := s.db.ExecContext(ctx, insertSignedInSQL, signed.ID, person, signed.Device, signed.Network,
		signed.StartedAt, signed.StartedAt.Add(lifetime))
	if err != nil {
		return fmt.Errorf("insert session: %w", pg.MapContext(ctx, err))
	}
	return nil
}

const selectSignedInSQL = `
	SELECT seen_at FROM signed_in
	WHERE id = nullif($1, '')::uuid AND person_id = nullif($2, '')::uuid AND ended_at IS NULL AND expires_at > $3`

// selectSignedIn returns when a session was seen last; NotFound when it has ended.
func (s store) selectSignedIn(ctx context.Context, id string, person contract.PersonID, now time.Time) (time.Time, error) {
	var seen time.Time
	err := s.db.GetContext(ctx, &seen, selectSignedInSQL, id, person, now)
	if errors.Is(err, sql.ErrNoRows) {
		return seen, fault.NewNotFound("session")
	}
	if err != nil {
		return seen, fmt.Errorf("select session: %w", pg.MapContext(ctx, err))
	}
	return seen, nil
}

const touchSignedInSQL = `UPDATE signed_in SET seen_at = $2 WHERE id = $1`

func (s store) touchSignedIn(ctx context.Context, id string, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, touchSignedInSQL, id, now); err != nil {
		return fmt.Errorf("note session: %w", pg.MapContext(ctx, err))
	}
	return nil
}

const listSignedInSQL = `
	SELECT id, device, network, started_at, seen_at FROM signed_in
	WHERE person_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY seen_at DESC, id LIMIT 100`

func (s store) listSignedIn(ctx context.Context, person contract.PersonID, now time.Time) ([]Signed, error) {
	rows := []Signed{}
	if err := s.db.SelectContext(ctx, &rows, listSignedInSQL, person, now); err != nil {
		return nil, fmt.Errorf("list sessions: %w", pg.MapContext(ctx, err))
	}
	return rows, nil
}

const endSignedInSQL = `
	UPDATE signed_in SET ended_at = $3 WHERE id = nullif($1, '')::uuid AND person_id = nullif($2, '')::uuid AND ended_at IS NULL`

func (s store) endSignedIn(ctx context.Context, id string, person contract.PersonID, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, endSignedInSQL, id, person, now); err != nil {
		return fmt.Errorf("end session: %w", pg.MapContext(ctx, err))
	}
	return nil
}

const endOthersSQL = `
	UPDATE signed_in SET ended_at = $3
	WHERE person_id = $1 AND ended_at IS NULL AND ($2 = '' OR id <> nullif($2, '')::uuid)`

// endOthers ends all sessions of a person except one; all when it is empty.
func (s store) endOthers(ctx context.Context, person contract.PersonID, except string, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, endOthersSQL, person, except, now); err != nil {
		return fmt.Errorf("end sessions: %w", pg.MapContext(ctx, err))
	}
	return nil
}

const takeAttemptSQL = `
	INSERT INTO attempt AS a (subject, failures, at, next_at) VALUES ($1, 1, $2::timestamptz, $2::timestamptz)
	ON CONFLICT (subject) DO UPDATE SET
		failures = CASE WHEN a.at < $3 THEN 1 ELSE a.failures + 1 END,
		at = $2::timestamptz,
		next_at = CASE WHEN a.at < $3 OR a.failures < $4 THEN $2::timestamptz
			ELSE $2::timestamptz + least(power(2, least(a.failures - $4::int, 20)), $5::float8) * interval '1 second' END
	WHERE a.next_at <= $2::timestamptz`

// takeAttempt counts a try as failed before it is made, so that many at once
// are not more than one after the other. It reports false while the subject has
// to wait.
func (s store) takeAttempt(ctx context.Context, subject string, l limit, now time.Time) (bool, error) {
	result, err := s.db.ExecContext(ctx, takeAttemptSQL, subject, now, now.Add(-l.forget), l.free, l.most.Seconds())
	if err != nil {
		return false, fmt.Errorf("take attempt: %w", pg.MapContext(ctx, err))
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("take attempt: count rows: %w", err)
	}
	return n > 0, nil
}

const claimAttemptSQL = `
	INSERT INTO attempt (subject, failures, at, next_at) VALUES ($1, 0, $2, $2) ON CONFLICT (subject) DO NOTHING`

// claimAttempt reports whether nobody has claimed the subject before.
func (s store) claimAttempt(ctx context.Context, subject string, now time.Time) (bool, error) {
	result, err := s.db.ExecContext(ctx, claimAttemptSQL, subject, now)
	if err != nil {
		return false, fmt.Errorf("claim attempt: %w", pg.MapContext(ctx, err))
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("claim attempt: count rows: %w", err)
	}
	return n > 0, nil
}

const selectAttemptSQL = `SELECT next_at FROM attempt WHERE subject = $1`

// selectAttempt returns from when on a subject may try again.
func (s store) selectAttempt(ctx context.Context, subject string) (time.Time, error) {
	var next time.Time
	err := s.db.GetContext(ctx, &next, selectAttemptSQL, subject)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return next, fmt.Errorf("select attempt: %w", pg.MapContext(ctx, err))
	}
	return next, nil
}

const clearAttemptSQL = `DELETE FROM attempt WHERE subject = $1`

func (s store) clearAttempt(ctx context.Context, subject string) error {
	if _, err := s.db.ExecContext(ctx, clearAttemptSQL, subject); err != nil {
		return fmt.Errorf("clear attempts: %w", pg.MapContext(ctx, err))
	}
	return nil
}

const returnAttemptSQL = `UPDATE attempt SET failures = failures - 1 WHERE subject = $1 AND failures > 0`

// returnAttempt takes back a try that has not failed.
func (s store) returnAttempt(ctx context.Context, subject string) error {
	if _, err := s.db.ExecContext(ctx, returnAttemptSQL, subject); err != nil {
		return fmt.Errorf("return attempt: %w", pg.MapContext(ctx, err))
	}
	return nil
}
