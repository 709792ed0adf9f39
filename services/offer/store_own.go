package offer

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"heli/pkg/contract"
)

const (
	listOwnWordsSQL    = `SELECT id, at, text FROM complaints WHERE offer_id = $1 AND id = ANY ($2::uuid[]) ORDER BY at, id`
	countOwnNotesSQL   = `SELECT count(*) FROM notes WHERE offer_id = $1`
	listOwnSessionsSQL = `
		SELECT s.match_id, to_char(s.held_on, 'YYYY-MM-DD') AS held_on, s.minutes, s.category, s.void_reason IS NOT NULL AS void
		FROM sessions s JOIN line_matches m ON m.match_id = s.match_id JOIN offer_lines l ON l.id = m.offer_line_id
		WHERE l.offer_id = $1 ORDER BY s.held_on, s.id`
	listOwnRemindersSQL = `SELECT kind, told_at AS at FROM reminders WHERE subject_id = $1 ORDER BY told_at`
)

// selectOwn fills in what its helper wrote of others, and what was recorded of
// their help.
func (s *store) selectOwn(ctx context.Context, id contract.OfferID, made []contract.ComplaintID, own *contract.OwnOffer) error {
	if err := s.db.SelectContext(ctx, &own.Complaints, listOwnWordsSQL, id, pq.Array(made)); err != nil {
		return fmt.Errorf("list own complaints: %w", err)
	}
	if err := s.db.GetContext(ctx, &own.Notes, countOwnNotesSQL, id); err != nil {
		return fmt.Errorf("count notes: %w", err)
	}
	if err := s.db.SelectContext(ctx, &own.Sessions, listOwnSessionsSQL, id); err != nil {
		return fmt.Errorf("list own sessions: %w", err)
	}
	if err := s.db.SelectContext(ctx, &own.Reminders, listOwnRemindersSQL, id); err != nil {
		return fmt.Errorf("list own reminders: %w", err)
	}
	return nil
}

func ownStatements() []string {
	return []string{listOwnWordsSQL, countOwnNotesSQL, listOwnSessionsSQL, listOwnRemindersSQL}
}
