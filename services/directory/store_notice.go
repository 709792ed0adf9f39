package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/reach"
)

func noticeStatements() []string {
	return []string{selectNoticeSQL, putNoticeSQL, endNoticeSQL, listListenersSQL, noteBounceSQL}
}

// noticeRow is whether, where and when somebody of the staff hears by mail.
type noticeRow struct {
	PersonID string `db:"person_id"`
	Mail     bool   `db:"mail"`
	Address  []byte `db:"address"` // sealed
	Bounced  string `db:"bounced"`
	reach.Times
}

const selectNoticeSQL = `
	SELECT person_id, mail, address, bounced, digest, quiet_from, quiet_to, time_zone FROM notice WHERE person_id = $1`

// selectNotice returns what somebody has chosen; who has not hears nothing.
func (s store) selectNotice(ctx context.Context, q sqlx.QueryerContext, person string) (noticeRow, error) {
	row := noticeRow{PersonID: person}
	err := sqlx.GetContext(ctx, q, &row, selectNoticeSQL, person)
	if errors.Is(err, sql.ErrNoRows) {
		row.Digest = contract.DigestDaily
		return row, nil
	}
	if err != nil {
		return row, fmt.Errorf("select notice: %w", err)
	}
	return row, nil
}

const putNoticeSQL = `
	INSERT INTO notice (person_id, mail, address, bounced, digest, quiet_from, quiet_to, time_zone)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT (person_id) DO UPDATE SET mail = $2, address = $3, bounced = $4, digest = $5, quiet_from = $6, quiet_to = $7, time_zone = $8`

func (s store) putNotice(ctx context.Context, tx *sqlx.Tx, r noticeRow) error {
	_, err := tx.ExecContext(ctx, putNoticeSQL, r.PersonID, r.Mail, r.Address, r.Bounced, r.Digest, r.QuietFrom, r.QuietTo, r.TimeZone)
	if err != nil {
		return fmt.Errorf("put notice: %w", err)
	}
	return nil
}

const endNoticeSQL = `UPDATE notice SET mail = false WHERE person_id = $1`

func (s store) endNotice(ctx context.Context, person contract.PersonID) error {
	if _, err := s.db.ExecContext(ctx, endNoticeSQL, person); err != nil {
		return fmt.Errorf("end notice: %w", err)
	}
	return nil
}

const listListenersSQL = `
	SELECT DISTINCT n.person_id
	FROM organisation o JOIN person_role r ON r.organisation_id = o.id JOIN person p ON p.id = r.person_id JOIN notice n ON n.person_id = p.id
	WHERE o.path = $1 AND r.role = ANY ($2) AND r.withdrawn_at IS NULL AND p.revoked_at IS NULL AND n.mail
	ORDER BY n.person_id`

func (s store) listListeners(ctx context.Context, path string, roles []string) ([]contract.PersonID, error) {
	var people []contract.PersonID
	if err := s.db.SelectContext(ctx, &people, listListenersSQL, path, pq.Array(roles)); err != nil {
		return nil, fmt.Errorf("list listeners: %w", err)
	}
	return people, nil
}

const noteBounceSQL = `UPDATE notice SET bounced = $2 WHERE person_id = $1 RETURNING person_id`

// noteBounce keeps the digest of an address; sql.ErrNoRows for nobody.
func (s store) noteBounce(ctx context.Context, person, address string) error {
	var id string
	if err := s.db.GetContext(ctx, &id, noteBounceSQL, person, address); err != nil {
		return fmt.Errorf("note bounce: %w", err)
	}
	return nil
}
