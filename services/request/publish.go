package request

import (
	"context"
	"fmt"
	"slices"
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

// Moves that change what everybody sees of a request, and no stage.
const (
	movePublish   = "publish"
	moveUnpublish = "unpublish"
)

var errNotPublishable = fault.NewConflict("not_publishable", "only what is open to help may be on the public board")

// wanted are the shown states in which a request is on the board: somebody has
// looked at it, and help is still missing.
var wanted = []State{State(Triaged), State(Open), PartiallyMatched}

// Publish puts a request on the public board in the words of staff, or changes
// them; the audit chain knows of it before anybody sees it. It leaves the board by
// itself when it is closed, handed over or erased, and is hidden while nothing is
// missing.
func (s *Service) Publish(ctx context.Context, q contract.Publish) (contract.Moved, error) {
	q.Title, q.Summary = strings.TrimSpace(q.Title), strings.TrimSpace(q.Summary)
	row, err := s.readToPublish(ctx, q.ID)
	if err != nil {
		return contract.Moved{}, err
	}
	person, err := contact.Open(s.keys, string(row.ID), row.Contact)
	if err != nil {
		return contract.Moved{}, fmt.Errorf("publish request: %w", err)
	}
	if err := publication.Check(q, person); err != nil {
		return contract.Moved{}, err
	}
	if err := s.recordPublishing(ctx, row, contract.ActPublishRequest); err != nil {
		return contract.Moved{}, err
	}
	m := contract.Move{ID: q.ID, Move: movePublish, Version: q.Version}
	return s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		if !slices.Contains(live, r.row.Stage) {
			return errNotPublishable
		}
		r.published = true
		r.settle(newHand(contract.ActorFrom(ctx), s.now()), movePublish, "")
		return publication.Put(ctx, tx, s.published(q, r))
	})
}

// Unpublish takes a request off the board. A repeat changes nothing.
func (s *Service) Unpublish(ctx context.Context, m contract.Move) (contract.Moved, error) {
	row, err := s.readToPublish(ctx, m.ID)
	if err != nil {
		return contract.Moved{}, err
	}
	if err := s.recordPublishing(ctx, row, contract.ActUnpublishRequest); err != nil {
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
		ID: string(r.row.ID), Code: r.row.Code, At: s.now(), Title: q.Title, Summary: q.Summary, Urgency: r.row.Urgency,
		Mode: r.row.Mode, RegionCode: r.row.RegionCode, Shown: slices.Contains(wanted, r.row.State),
	}
	for _, l := range r.lines {
		p.Lines = append(p.Lines, publication.Line(l.Category, l.Unit, l.Quantity))
	}
	if q.NearPoint {
		p.Point = publication.Near(s.keys, string(r.row.ID), r.row.point())
	}
	return p
}

// followPublication keeps the board in step with a request that is on it.
func followPublication(ctx context.Context, tx *sqlx.Tx, r *record) error {
	switch {
	case !r.published:
		return nil
	case r.row.Stage == Closed || r.handedOver:
		return publication.Remove(ctx, tx, string(r.row.ID))
	default:
		return publication.Follow(ctx, tx, string(r.row.ID), slices.Contains(wanted, r.row.State), r.row.Urgency)
	}
}

// Board returns the requests on the public board, for everybody.
func (s *Service) Board(ctx context.Context, q contract.AskBoard) (contract.Listing[contract.Published], error) {
	ref, err := s.reference.Get()
	if err != nil {
		return contract.Listing[contract.Published]{}, err
	}
	return publication.List(ctx, s.store.db, ref, contract.ThingRequest, q)
}
