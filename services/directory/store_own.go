package directory

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"heli/pkg/contract"
)

func ownStatements() []string { return []string{listOwnReadingsSQL} }

const listOwnReadingsSQL = `SELECT at, action, role FROM audit 
	WHERE subject_id = $1 AND (action IN ('request.contact.read', 'offer.contact.read')
		OR action IN ('request.complaint.read', 'offer.complaint.read') AND reason = ANY ($2))
	ORDER BY at, seq`

// listOwnReadings returns readings of a contact and of the complaints named: their
// entries say which one in the reason.
func (s store) listOwnReadings(ctx context.Context, subject string, made []contract.ComplaintID) ([]contract.OwnReading, error) {
	var rows []contract.OwnReading
	if err := s.db.SelectContext(ctx, &rows, listOwnReadingsSQL, subject, pq.Array(made)); err != nil {
		return nil, fmt.Errorf("list own readings: %w", err)
	}
	return rows, nil
}
