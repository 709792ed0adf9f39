package request

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// wrapped adds what was done to an error; nil stays nil.
func wrapped(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// changedRow reports whether a statement changed a row.
func changedRow(doing string, result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, wrapped(doing, err)
	}
	n, err := result.RowsAffected()
	return n > 0, wrapped(doing, err)
}

const updateLineSQL = `UPDATE need_lines SET specification = $2, quantity = $3 WHERE id = $1`

func (s *store) updateLine(ctx context.Context, tx *sqlx.Tx, l lineRow) error {
	_, err := tx.ExecContext(ctx, updateLineSQL, l.ID, l.Specification, l.Quantity)
	return wrapped("update need line", err)
}

const insertLineSQL = `
	INSERT INTO need_lines (id, request_id, position, category, item, specification, source_text, quantity, unit)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

const findByLineSQL = `
	UPDATE requests SET facets = ARRAY(SELECT DISTINCT f FROM unnest(facets || $2::text[]) f ORDER BY f) WHERE id = $1`

// insertLine adds a line to a request, which is found by its category from now on.
func (s *store) insertLine(ctx context.Context, tx *sqlx.Tx, l lineRow) error {
	_, err := tx.ExecContext(ctx, insertLineSQL, l.ID, l.RequestID, l.Position, l.Category, l.Item, l.Specification,
		l.SourceText, l.Quantity, l.Unit)
	if err != nil {
		return wrapped("insert need line", err)
	}
	_, err = tx.ExecContext(ctx, findByLineSQL, l.RequestID, array(facets(facetCategory, l.Category)))
	return wrapped("find request by its line", err)
}

const deleteLineSQL = `DELETE FROM need_lines WHERE id = $1`

const forgetFacetsSQL = `
	UPDATE requests r SET facets = ARRAY(
		SELECT f FROM unnest(facets) f WHERE f <> ALL ($2::text[]) OR f IN (
			SELECT $3 || n.category FROM need_lines n WHERE n.request_id = r.id) ORDER BY f)
	WHERE id = $1`

// deleteLine removes a line with what its ended matches said; the request is not
// found by its category any more, unless another line has it.
func (s *store) deleteLine(ctx context.Context, tx *sqlx.Tx, l lineRow) error {
	if _, err := tx.ExecContext(ctx, deleteLineSQL, l.ID); err != nil {
		return wrapped("delete need line", err)
	}
	_, err := tx.ExecContext(ctx, forgetFacetsSQL, l.RequestID, array(facets(facetCategory, l.Category)), facetCategory)
	return wrapped("find request without its line", err)
}

const listLinkedSQL = `SELECT other_id FROM duplicates WHERE request_id = $1 ORDER BY at, other_id`

func (s *store) listLinked(ctx context.Context, id contract.RequestID) ([]string, error) {
	ids := []string{}
	err := s.db.SelectContext(ctx, &ids, listLinkedSQL, id)
	return ids, wrapped("list linked requests", err)
}

const listAlikeSQL = `SELECT alike($1, $2, $3, $4, $5, $6, $7, $8)`

// listAlike returns ids in the range of a path, whoever sees them.
func (s *store) listAlike(ctx context.Context, path string, r fullRow, limit int) ([]string, error) {
	phone := ""
	if r.Contact.PhoneIndex != nil {
		phone = *r.Contact.PhoneIndex
	}
	var ids pq.StringArray
	err := s.db.GetContext(ctx, &ids, listAlikeSQL, path, contract.PathEnd(path), phone, r.Title, r.RegionCode,
		r.CreatedAt.Add(-aroundSpan), r.CreatedAt.Add(aroundSpan), limit)
	return ids, wrapped("list requests that are alike", err)
}

const insertLinkSQL = `
	INSERT INTO duplicates (request_id, other_id, at, actor_id, actor_name)
	VALUES ($1, $2, $3, $4, $5), ($2, $1, $3, $4, $5)
	ON CONFLICT DO NOTHING`

const deleteLinkSQL = `DELETE FROM duplicates WHERE (request_id, other_id) IN (($1, $2), ($2, $1))`

// putLink makes or ends a link and reports whether that changed anything.
func (s *store) putLink(ctx context.Context, tx *sqlx.Tx, q contract.LinkRequests, h hand) (bool, error) {
	if !q.Linked {
		result, err := tx.ExecContext(ctx, deleteLinkSQL, q.ID, q.OtherID)
		return changedRow("delete link", result, err)
	}
	result, err := tx.ExecContext(ctx, insertLinkSQL, q.ID, q.OtherID, h.now, h.actor.ID(), h.actor.Name)
	return changedRow("insert link", result, err)
}

const listCallerSQL = `SELECT ` + fullColumns + `
	FROM contacts c JOIN requests r ON r.id = c.request_id
	WHERE c.phone_index = $1 ORDER BY r.created_at DESC, r.id LIMIT $2`

func (s *store) listCaller(ctx context.Context, phoneIndex string, limit int) ([]fullRow, error) {
	rows := []fullRow{}
	err := s.db.SelectContext(ctx, &rows, listCallerSQL, phoneIndex, limit)
	return rows, wrapped("list requests of a caller", err)
}

const insertMentionsSQL = `
	INSERT INTO mentions (note_id, person_id, request_id, at)
	SELECT $1, person, $2, $3 FROM unnest($4::uuid[]) AS person
	ON CONFLICT DO NOTHING RETURNING person_id`

// insertMentions returns who was not mentioned in the note before.
func (s *store) insertMentions(ctx context.Context, tx *sqlx.Tx, id contract.RequestID, n contract.Note, people []contract.PersonID) ([]contract.PersonID, error) {
	var fresh []contract.PersonID
	err := tx.SelectContext(ctx, &fresh, insertMentionsSQL, n.ID, id, n.At, pq.Array(distinct(people)))
	return fresh, wrapped("insert mentions", err)
}

const countMentionsSQL = `SELECT count(*) FROM mentions WHERE person_id = $1 AND seen_at IS NULL`

func (s *store) countMentions(ctx context.Context, person contract.PersonID) (n int, err error) {
	err = s.db.GetContext(ctx, &n, countMentionsSQL, person)
	return n, wrapped("count mentions", err)
}

const listMentionsSQL = `
	SELECT m.kind, m.note_id, m.request_id, r.code, r.title, coalesce(n.text, '') AS text, coalesce(n.author_name, '') AS author_name, m.at, m.seen_at
	FROM mentions m LEFT JOIN notes n ON n.id = m.note_id JOIN requests r ON r.id = m.request_id
	WHERE m.person_id = $1 AND (n.id IS NOT NULL OR m.kind <> 'note') ORDER BY m.seen_at IS NOT NULL, m.at DESC, m.note_id LIMIT $2`

func (s *store) listMentions(ctx context.Context, person contract.PersonID, limit int) ([]contract.Mention, error) {
	var rows []struct {
		Kind       contract.MentionKind `db:"kind"`
		NoteID     contract.NoteID      `db:"note_id"`
		RequestID  contract.RequestID   `db:"request_id"`
		Code       string               `db:"code"`
		Title      string               `db:"title"`
		Text       string               `db:"text"`
		AuthorName string               `db:"author_name"`
		At         time.Time            `db:"at"`
		SeenAt     *time.Time           `db:"seen_at"`
	}
	if err := s.db.SelectContext(ctx, &rows, listMentionsSQL, person, limit); err != nil {
		return nil, wrapped("list mentions", err)
	}
	mentions := make([]contract.Mention, len(rows))
	for i, row := range rows {
		mentions[i] = contract.Mention(row)
	}
	return mentions, nil
}

const seeMentionSQL = `UPDATE mentions SET seen_at = $3 WHERE note_id = $1 AND person_id = $2 AND seen_at IS NULL`

func (s *store) seeMention(ctx context.Context, note contract.NoteID, person contract.PersonID, now time.Time) error {
	_, err := s.db.ExecContext(ctx, seeMentionSQL, note, person, now)
	return wrapped("see mention", err)
}

const eraseMentionsSQL = `DELETE FROM mentions WHERE request_id = $1`

// deskStatements are those on what stands beside a request.
func deskStatements() []string {
	return []string{
		updateLineSQL, insertLineSQL, findByLineSQL, deleteLineSQL, forgetFacetsSQL, listLinkedSQL, listAlikeSQL, insertLinkSQL, deleteLinkSQL, listCallerSQL,
		insertMentionsSQL, tellClaimOverSQL, countMentionsSQL, listMentionsSQL, seeMentionSQL, eraseMentionsSQL,
		countAttachmentsSQL, insertAttachmentSQL, listAttachmentsSQL, selectAttachmentSQL, lockAttachmentSQL,
		deleteAttachmentSQL, eraseAttachmentKeysSQL, eraseAttachmentsSQL,
	}
}
