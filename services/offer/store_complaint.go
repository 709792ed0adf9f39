package offer

import (
	"context"
	"fmt"
	"time"

	"heli/pkg/contract"
)

const insertComplaintSQL = `INSERT INTO complaints (id, offer_id, at, text) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

// insertComplaint does nothing when there is a complaint of the id.
func (s *store) insertComplaint(ctx context.Context, id contract.ComplaintID, subject contract.OfferID, text string, now time.Time) error {
	if _, err := s.db.ExecContext(ctx, insertComplaintSQL, id, subject, now, text); err != nil {
		return fmt.Errorf("insert complaint: %w", err)
	}
	return nil
}

const selectComplaintSQL = `SELECT text FROM complaints WHERE id = $1 AND offer_id = $2`

// selectComplaint fails with "no rows" for a complaint that is not of the offer.
func (s *store) selectComplaint(ctx context.Context, id contract.ComplaintID, subject contract.OfferID) (string, error) {
	var text string
	if err := s.db.GetContext(ctx, &text, selectComplaintSQL, id, subject); err != nil {
		return "", fmt.Errorf("select complaint: %w", err)
	}
	return text, nil
}

const eraseComplaintsSQL = `DELETE FROM complaints WHERE offer_id = $1`

const answeredOfferSQL = `SELECT answered_offer($1) IS NOT DISTINCT FROM $2`

// answers reports whether a match is of the offer.
func (s *store) answers(ctx context.Context, match contract.MatchID, id contract.OfferID) (ok bool, err error) {
	if err := s.db.GetContext(ctx, &ok, answeredOfferSQL, match, id); err != nil {
		return false, fmt.Errorf("select answered offer: %w", err)
	}
	return ok, nil
}
