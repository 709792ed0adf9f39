package request

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"heli/pkg/contract"
)

const (
	listOwnWordsSQL  = `SELECT id, at, text FROM complaints WHERE request_id = $1 AND id = ANY ($2::uuid[]) ORDER BY at, id`
	countOwnNotesSQL = `SELECT count(*) FROM notes WHERE request_id = $1`
	ownFollowUpSQL   = `SELECT (SELECT due_at FROM follow_ups WHERE request_id = $1)`
)

// selectOwn fills in what its requester wrote of others, and what staff noted.
func (s *store) selectOwn(ctx context.Context, id contract.RequestID, made []contract.ComplaintID, own *contract.OwnRequest) error {
	if err := s.db.SelectContext(ctx, &own.Complaints, listOwnWordsSQL, id, pq.Array(made)); err != nil {
		return fmt.Errorf("list own complaints: %w", err)
	}
	if err := s.db.GetContext(ctx, &own.Notes, countOwnNotesSQL, id); err != nil {
		return fmt.Errorf("count notes: %w", err)
	}
	if err := s.db.GetContext(ctx, &own.FollowUpAt, ownFollowUpSQL, id); err != nil {
		return fmt.Errorf("select follow-up: %w", err)
	}
	return nil
}

func ownStatements() []string { return []string{listOwnWordsSQL, countOwnNotesSQL, ownFollowUpSQL} }
