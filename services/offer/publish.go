package offer

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/publication"
)

// Moves that change what everybody sees of an offer, and no stage.
const (
	movePublish   = "publish"
	moveUnpublish = "unpublish"
)

var errNotPublishable = fault.NewConflict("not_publishable", "what has ended cannot be on the public board")

// Publish puts an offer on the public board in the words of staff, or changes
// them; the audit chain knows of it before anybody sees it. It leaves the board by
// itself when it ends or is erased, and is hidden while it is not available.
func (s *Service) Publish(ctx context.Context, q contract.Publish) (contract.Moved, error) {
	q.Title, q.Summary = strings.TrimSpace(q.Title), strings.TrimSpace(q.Summary)
	row, err := s.readToPublish(ctx, q.ID)
	if err != nil {
		return contract.Moved{}, err
	}
	person, err := contact.Open(s.keys, string(row.ID), row.Contact)
	if err != nil {
		return contract.Moved{}, fmt.Errorf("publish offer: %w", err)
	}
	if err := publication.Check(q, person); err != nil {
		return contract.Moved{}, err
	}
	if err := s.recordPublishing(ctx, row, contract.ActPublishOffer); err != nil {
		return contract.Moved{}, err
	}
	m := contract.Move{ID: q.ID, Move: movePublish, Version: q.Version}
	return s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		if !r.situation().Live() {
			return errNotPublishable
		}
		r.published = true
		r.settle(newHand(contract.ActorFrom(ctx), s.now()), movePublish, "")
		return publication.Put(ctx, tx, s.published(q, r))
	})
}

// Unpublish takes an offer off the board. A repeat changes nothing.
func (s *Service) Unpublish(ctx context.Context, m contract.Move) (contract.Moved, error) {
	row, err := s.readToPublish(ctx, m.ID)
	if err != nil {
		return contract.Moved{}, err
	}
	if err := s.recordPublishing(ctx, row, contract.ActUnpublishOffer); err != nil {
		return contract.Moved{}, err
	}
	m = contract.Move{ID: m.ID, Move: moveUnpublish, Version: m.Version}
	return s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		if !r.published {
			return nil
		}
		r.published = false
		r.settle(newHand(contract.ActorFrom(ctx), s.now()), moveUnpublish, "")
		return publication.Remove(ctx, tx, string(r.row.ID))
	})
}

func (s *Service) readToPublish(ctx context.Context, id string) (fullRow, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.Publish); err != nil {
		return fullRow{}, err
	}
	return s.read(ctx, id)
}

// recordPublishing notes in the audit chain that somebody is about to show a
// request to everybody, or not any more; once for each version of it.
func (s *Service) recordPublishing(ctx context.Context, row fullRow, act contract.Act) error {
	entry := contract.AuditEntry{
		Key:    act.Code() + ":" + string(row.ID) + ":" + strconv.FormatInt(row.Version, 10),
		Action: act, SubjectID: string(row.ID), Path: row.OrgPath,
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return fmt.Errorf("record publishing: %w", err)
	}
	return nil
}

// published is what everybody may read of the record.
func (s *Service) published(q contract.Publish, r *record) contract.Published {
	p := contract.Published{
		ID: string(r.row.ID), Code: r.row.Code, At: s.now(), Title: q.Title, Summary: q.Summary,
		Mode: r.row.Mode, RegionCode: r.row.RegionCode, Shown: r.row.State == State(Available),
	}
	for _, l := range r.lines {
		p.Lines = append(p.Lines, publication.Line(l.Category, l.Unit, l.Quantity))
	}
	if q.NearPoint {
		p.Point = publication.Near(s.keys, string(r.row.ID), r.row.point())
	}
	return p
}

// followPublication keeps the board in step with an offer that is on it.
func followPublication(ctx context.Context, tx *sqlx.Tx, r *record) error {
	switch {
	case !r.published:
		return nil
	case !r.situation().Live():
		return publication.Remove(ctx, tx, string(r.row.ID))
	default:
		return publication.Follow(ctx, tx, string(r.row.ID), r.row.State == State(Available), "")
	}
}

// Board returns the offers on the public board, for everybody.
func (s *Service) Board(ctx context.Context, q contract.AskBoard) (contract.Listing[contract.Published], error) {
	ref, err := s.reference.Get()
	if err != nil {
		return contract.Listing[contract.Published]{}, err
	}
	return publication.List(ctx, s.store.db, ref, contract.ThingOffer, q)
}
