package request

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/contract"
)

const insertComplaintSQL = `INSERT INTO complaints (id, request_id, at, text) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

// insertComplaint does nothing when there is a complaint of the id.
func (s *store) insertComplaint(ctx context.Context, id contract.ComplaintID, subject contract.RequestID, text string, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, insertComplaintSQL, id, subject, now, text); err != nil {
		return fmt.Errorf("insert complaint: %w", err)
	}
	return nil
}

const selectComplaintSQL = `SELECT text FROM complaints WHERE id = $1 AND request_id = $2`

// selectComplaint fails with "no rows" for a complaint that is not of the request.
func (s *store) selectComplaint(ctx context.Context, id contract.ComplaintID, subject contract.RequestID) (string, error) {
	var text string
	if err := s.db.GetContext(ctx, &text, selectComplaintSQL, id, subject); err != nil {
		return "", fmt.Errorf("select complaint: %w", err)
	}
	return text, nil
}

const eraseComplaintsSQL = `DELETE FROM complaints WHERE request_id = $1`
