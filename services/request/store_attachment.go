package request

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/vault"
)

// attachmentRow is a row of attachments, with its key as it is stored apart.
type attachmentRow struct {
	ID         contract.AttachmentID `db:"id"`
	RequestID  contract.RequestID    `db:"request_id"`
	At         time.Time             `db:"at"`
	AuthorID   string                `db:"author_id"`
	AuthorName string                `db:"author_name"`
	MediaType  string                `db:"media_type"`
	Bytes      int                   `db:"bytes"`
	Name       []byte                `db:"name"`
	Content    []byte                `db:"content"`
	Wrapped    []byte                `db:"wrapped"`
}

const countAttachmentsSQL = `SELECT count(*) FROM attachments WHERE request_id = $1`

func (s *store) countAttachments(ctx context.Context, tx *sqlx.Tx, id contract.RequestID) (n int, err error) {
	if err := tx.GetContext(ctx, &n, countAttachmentsSQL, id); err != nil {
		return 0, fmt.Errorf("count attachments: %w", err)
	}
	return n, nil
}

const insertAttachmentSQL = `
	INSERT INTO attachments (id, request_id, at, author_id, author_name, media_type, bytes, name, content)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
	ON CONFLICT (id) DO NOTHING`

// insertAttachment reports whether there was none of the id.
func (s *store) insertAttachment(ctx context.Context, tx *sqlx.Tx, r attachmentRow) (bool, error) {
	result, err := tx.ExecContext(ctx, insertAttachmentSQL, r.ID, r.RequestID, r.At, r.AuthorID, r.AuthorName, r.MediaType,
		r.Bytes, r.Name, r.Content)
	return changedRow("insert attachment", result, err)
}

const listAttachmentsSQL = `
	SELECT a.id, a.request_id, a.at, a.author_id, a.author_name, a.media_type, a.bytes, a.name, k.wrapped
	FROM attachments a JOIN person_keys k ON k.subject_id = a.id WHERE a.request_id = $1 ORDER BY a.at, a.id`

// listAttachments returns the rows without their content.
func (s *store) listAttachments(ctx context.Context, id contract.RequestID) ([]attachmentRow, error) {
	rows := []attachmentRow{}
	if err := s.db.SelectContext(ctx, &rows, listAttachmentsSQL, id); err != nil {
		return nil, fmt.Errorf("list attachments: %w", err)
	}
	return rows, nil
}

const selectAttachmentSQL = `
	SELECT a.id, a.request_id, a.at, a.author_id, a.author_name, a.media_type, a.bytes, a.name, a.content, k.wrapped
	FROM attachments a JOIN person_keys k ON k.subject_id = a.id WHERE a.id = $1 AND a.request_id = $2`

func (s *store) selectAttachment(ctx context.Context, q contract.AttachmentByID) (attachmentRow, error) {
	var row attachmentRow
	if err := s.db.GetContext(ctx, &row, selectAttachmentSQL, q.ID, q.RequestID); err != nil {
		return row, fmt.Errorf("select attachment: %w", err)
	}
	return row, nil
}

const lockAttachmentSQL = `SELECT id FROM attachments WHERE id = $1 AND request_id = $2 FOR UPDATE`

const deleteAttachmentSQL = `DELETE FROM attachments WHERE id = $1`

// deleteAttachment reports whether it was there. The key goes first: the wall
// shows it together with the attachment alone.
func (s *store) deleteAttachment(ctx context.Context, tx *sqlx.Tx, q contract.AttachmentByID) (bool, error) {
	var ids []string
	if err := tx.SelectContext(ctx, &ids, lockAttachmentSQL, q.ID, q.RequestID); err != nil || len(ids) == 0 {
		return false, wrapped("lock attachment", err)
	}
	if err := vault.DestroyKey(ctx, tx, string(q.ID)); err != nil {
		return false, err
	}
	_, err := tx.ExecContext(ctx, deleteAttachmentSQL, q.ID)
	return true, wrapped("delete attachment", err)
}

const eraseAttachmentKeysSQL = `DELETE FROM person_keys WHERE subject_id IN (SELECT id FROM attachments WHERE request_id = $1)`

const eraseAttachmentsSQL = `DELETE FROM attachments WHERE request_id = $1`
