package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
)

const (
	// One of those that wait may have been to tell of others, and failed.
	gatherMessagesSQL = `
		WITH waiting AS (
			SELECT id FROM messages
			WHERE thing = $4 AND id <> $1 AND state = 'pending' AND waits AND coalesce(due_at, created_at) <= $3
				AND (taken_until IS NULL OR taken_until <= $3)
				AND (subject_id = $2 OR subject_id IN (
					SELECT subject_id FROM messages WHERE person = $6 AND person <> '' AND thing = $4 AND state = 'pending' AND waits))
			FOR NO KEY UPDATE SKIP LOCKED)
		UPDATE messages SET state = 'digested', digest_id = $1, next_at = NULL, taken_until = NULL,
			code = CASE WHEN subject_id = $2 THEN $5 ELSE code END
		WHERE id IN (SELECT id FROM waiting) OR state = 'digested' AND digest_id IN (SELECT id FROM waiting)`
	listGatheredSQL = `SELECT ` + taskColumns + ` FROM messages WHERE id = $1 OR digest_id = $1 AND state = 'digested' ORDER BY created_at, id`
)

// gatherMessages has a message tell of all others that wait for the same person, and
// of those that wait for the same address, where one is given; it returns what it tells
// of, the oldest first. What is critical goes alone. They end as it does; a repeat adds
// what came meanwhile. The code is that of what the message is about.
func (s *store) gatherMessages(ctx context.Context, t messageTask, code, address string, now time.Time) ([]messageTask, error) {
	if !t.Critical {
		if _, err := s.db.ExecContext(ctx, gatherMessagesSQL, t.ID, t.SubjectID, now, t.Thing, code, address); err != nil {
			return nil, fmt.Errorf("gather messages: %w", err)
		}
	}
	var lines []messageTask
	if err := s.db.SelectContext(ctx, &lines, listGatheredSQL, t.ID); err != nil {
		return nil, fmt.Errorf("list gathered messages: %w", err)
	}
	return lines, nil
}

const (
	endGatheredSQL = `UPDATE messages SET state = 'dead', reason = $2 WHERE digest_id = $1 AND state = 'digested'`
	passOnSQL      = `UPDATE messages SET state = 'pending', digest_id = NULL, next_at = $2 WHERE digest_id = $1 AND state = 'digested'`
	codeLinesSQL   = `UPDATE messages SET code = $3 WHERE digest_id = $1 AND subject_id = $2 AND state = 'digested'`
	partLinesSQL   = `
		UPDATE messages SET state = 'pending', digest_id = NULL, next_at = $3, person = ''
		WHERE digest_id = $1 AND subject_id = $2 AND state = 'digested'`
	endLineSQL = `UPDATE messages SET state = 'dead', reason = $2 WHERE id = $1 AND state = 'digested'`
)

// endGathered ends with a message what it should have told of. Where the message alone
// was settled meanwhile, the others are due without it.
func (s *store) endGathered(ctx context.Context, tx *sqlx.Tx, id contract.MessageID, reason string, now time.Time) error {
	query, argument := endGatheredSQL, any(reason)
	if reason == reasonOutdated || reason == reasonNotTold {
		query, argument = passOnSQL, now
	}
	if _, err := tx.ExecContext(ctx, query, id, argument); err != nil {
		return fmt.Errorf("end gathered messages: %w", err)
	}
	return nil
}

// codeLines writes the code of what lines of a summary are about.
func (s *store) codeLines(ctx context.Context, id contract.MessageID, subject, code string) error {
	if _, err := s.db.ExecContext(ctx, codeLinesSQL, id, subject, code); err != nil {
		return fmt.Errorf("write the code of lines: %w", err)
	}
	return nil
}

// partLines takes all of one thing out of a summary: it goes by itself.
func (s *store) partLines(ctx context.Context, id contract.MessageID, subject string, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, partLinesSQL, id, subject, now); err != nil {
		return fmt.Errorf("part lines of a summary: %w", err)
	}
	return nil
}

// endLine takes out of a summary what was settled before it was sent.
func (s *store) endLine(ctx context.Context, id contract.MessageID, reason string) error {
	if _, err := s.db.ExecContext(ctx, endLineSQL, id, reason); err != nil {
		return fmt.Errorf("end a line of a summary: %w", err)
	}
	return nil
}

const (
	selectSentSQL = `
		SELECT id, kind, thing, subject_id, org_path, person, state, reason FROM messages WHERE id = $1 FOR NO KEY UPDATE`
	returnMessageSQL = `
		UPDATE messages SET state = 'dead', reason = $2, next_at = NULL, taken_until = NULL, attempt = attempt + 1 WHERE id = $1`
	noteReturnSQL = `
		INSERT INTO message_attempts (message_id, n, at, status_code, reason, duration_ms)
		SELECT id, attempt, $2, $3, $4, 0 FROM messages WHERE id = $1`
)

// sentMessage is a message that a mail server took.
type sentMessage struct {
	ID        contract.MessageID `db:"id"`
	Kind      string             `db:"kind"`
	Thing     contract.Thing     `db:"thing"`
	SubjectID string             `db:"subject_id"`
	OrgPath   string             `db:"org_path"`
	Person    string             `db:"person"` // digest of the address
	State     string             `db:"state"`
	Reason    string             `db:"reason"`
}

// selectSent returns a message and locks it where that is a transaction; sql.ErrNoRows
// for none.
func (s *store) selectSent(ctx context.Context, q sqlx.QueryerContext, id contract.MessageID) (sentMessage, error) {
	var sent sentMessage
	if err := sqlx.GetContext(ctx, q, &sent, selectSentSQL, id); err != nil {
		return sent, fmt.Errorf("select message: %w", err)
	}
	return sent, nil
}

// returnMessage ends a message that came back, and what it told of.
func (s *store) returnMessage(ctx context.Context, tx *sqlx.Tx, id contract.MessageID, reason string, status int, now time.Time) error {
	if _, err := tx.ExecContext(ctx, returnMessageSQL, id, reason); err != nil {
		return fmt.Errorf("return message: %w", err)
	}
	if _, err := tx.ExecContext(ctx, noteReturnSQL, id, now, status, reason); err != nil {
		return fmt.Errorf("note return: %w", err)
	}
	return s.endGathered(ctx, tx, id, reason, now)
}

var staffStatements = []string{gatherMessagesSQL, listGatheredSQL, endGatheredSQL, passOnSQL, codeLinesSQL, partLinesSQL, endLineSQL, selectSentSQL, returnMessageSQL, noteReturnSQL}
