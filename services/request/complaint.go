package request

import (
	"context"
	"fmt"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// KeepComplaint stores the words of a complaint with the request of who complains:
// by its token, or by staff who see it. They are in no fact. A repeat of its id
// changes nothing.
func (s *Service) KeepComplaint(ctx context.Context, q contract.KeepComplaint) (contract.Empty, error) {
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	c.Paragraph("text", q.Text, 1, maxNote)
	if err := c.Err(); err != nil {
		return contract.Empty{}, err
	}
	row, err := s.read(ctx, q.SubjectID)
	if err != nil {
		return contract.Empty{}, err
	}
	if row.ErasedAt != nil {
		return contract.Empty{}, errErased
	}
	err = s.store.insertComplaint(ctx, q.ID, row.ID, strings.TrimSpace(q.Text), s.now())
	return contract.Empty{}, pg.MapContext(ctx, err)
}

// ReadComplaint returns the words of a complaint, once the directory has kept who
// read them: without its acknowledgement there is no reading.
func (s *Service) ReadComplaint(ctx context.Context, q contract.ReadComplaint) (contract.ComplaintText, error) {
	row, err := s.read(ctx, q.SubjectID)
	if err != nil {
		return contract.ComplaintText{}, err
	}
	if !contract.ValidID(q.ID) {
		return contract.ComplaintText{}, errUnknown
	}
	text, err := s.store.selectComplaint(ctx, q.ID, row.ID)
	if err != nil {
		return contract.ComplaintText{}, pg.MapContext(ctx, missing(err))
	}
	entry := contract.AuditEntry{Key: contract.NewID[string](), Action: contract.ActReadRequestComplaint, SubjectID: q.SubjectID, Path: row.OrgPath, Reason: string(q.ID)}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return contract.ComplaintText{}, fmt.Errorf("record reading of a complaint: %w", err)
	}
	return contract.ComplaintText{Text: text}, nil
}
