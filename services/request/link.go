package request

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// Moves of history about links; they change no state.
const (
	moveLink   = "link"
	moveUnlink = "unlink"
)

const (
	aroundSpan  = 30 * 24 * time.Hour // before and after, in which candidates lie
	manyAlike   = 100                 // candidates of each kind that are compared
	shownAlike  = 10                  // candidates that are shown
	shownCaller = 20                  // earlier requests of a caller
)

// Alike returns the requests that are linked to one, and those the actor sees that
// may ask for the same, by phone, text, place, category and time.
func (s *Service) Alike(ctx context.Context, q contract.GetByID) (contract.Listing[contract.Alike], error) {
	listing := contract.Listing[contract.Alike]{Items: []contract.Alike{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return listing, err
	}
	row, err := s.read(ctx, q.ID)
	if err != nil {
		return listing, err
	}
	linked, err := s.store.listLinked(ctx, row.ID)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	ids := linked
	if row.ErasedAt == nil {
		if ids, err = s.store.listAlike(ctx, a.Sight(), row, manyAlike); err != nil {
			return listing, pg.MapContext(ctx, err)
		}
	}
	others, err := s.store.selectRequests(ctx, append(ids, linked...))
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	listing.Items, err = s.compare(a, row, others, linked)
	return listing, err
}

// compare scores the others that the actor sees.
func (s *Service) compare(a contract.Actor, row fullRow, others []fullRow, linked []string) ([]contract.Alike, error) {
	all := []contract.Alike{}
	for _, other := range others {
		if other.ID == row.ID || !sees(a, other.requestRow) {
			continue
		}
		like := likeness(row, other)
		like.Linked = slices.Contains(linked, string(other.ID))
		if !like.Linked && (like.Score < alikeLeast || other.ErasedAt != nil) {
			continue
		}
		view, err := s.view(a, other)
		if err != nil {
			return nil, err
		}
		like.Request = view
		all = append(all, like)
	}
	all = ranked(all)
	return all[:min(len(all), len(linked)+shownAlike)], nil
}

// Link says that two requests ask for the same, or that they do not after all, in
// the history of both. It may raise the urgency of the first with it. A repeat
// changes nothing.
func (s *Service) Link(ctx context.Context, q contract.LinkRequests) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Moved{}, err
	}
	if !contract.ValidID(q.ID) || !contract.ValidID(q.OtherID) {
		return contract.Moved{}, errUnknown
	}
	var moved contract.Moved
	err := s.store.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		moved, err = s.link(ctx, tx, newHand(a, s.now()), q)
		return err
	})
	s.relay.Wake()
	return moved, err
}

func (s *Service) link(ctx context.Context, tx *sqlx.Tx, h hand, q contract.LinkRequests) (contract.Moved, error) {
	both, err := s.lockBoth(ctx, tx, h.actor, q.ID, q.OtherID)
	if err != nil {
		return contract.Moved{}, err
	}
	if err := checkLink(q); err != nil {
		return contract.Moved{}, err
	}
	one, other := both[q.ID], both[q.OtherID]
	changed, err := s.store.putLink(ctx, tx, q, h)
	if err != nil {
		return contract.Moved{}, err
	}
	if changed {
		one.link(h, q.Linked, other.row.Code)
		other.link(h, q.Linked, one.row.Code)
	}
	if q.Linked {
		one.raise(h, q.Urgency)
	}
	for _, r := range []*record{one, other} {
		if err := s.save(ctx, tx, r); err != nil {
			return contract.Moved{}, err
		}
	}
	return contract.Moved{ID: string(q.ID), State: string(one.row.State), Version: one.row.Version}, nil
}

func checkLink(q contract.LinkRequests) error {
	c := check.New(nil)
	if q.ID == q.OtherID {
		c.Add("other_id", check.Malformed)
	}
	if q.Urgency != "" {
		c.Urgency("urgency", q.Urgency)
	}
	return c.Err()
}

// lockBoth locks two requests that the actor sees, in one order for everybody.
func (s *Service) lockBoth(ctx context.Context, tx *sqlx.Tx, a contract.Actor, ids ...contract.RequestID) (map[contract.RequestID]*record, error) {
	slices.Sort(ids)
	both := map[contract.RequestID]*record{}
	for _, id := range ids {
		row, err := s.store.lockRequest(ctx, tx, id)
		switch {
		case err != nil:
			return nil, missing(err)
		case !sees(a, row.requestRow):
			return nil, errUnknown
		case row.ErasedAt != nil:
			return nil, errErased
		}
		both[id] = row.record()
	}
	return both, nil
}

// link notes on one side that there is a link to the other, or none any more.
func (r *record) link(h hand, linked bool, code string) {
	move := moveLink
	if linked {
		r.row.Repeats++
	} else {
		move, r.row.Repeats = moveUnlink, r.row.Repeats-1
	}
	r.touch(h)
	r.note(h, move, r.row.State, code)
}

// raise makes a live request more urgent; it never makes one less so.
func (r *record) raise(h hand, u contract.Urgency) {
	if u == "" || rankOf(u) >= rankOf(r.row.Urgency) || !slices.Contains(live, r.row.Stage) {
		return
	}
	r.row.Urgency = u
	r.rank()
	r.settle(h, moveEdit, editedUrgency)
}

// LookUp returns the requests of a caller's phone that the actor sees, the newest
// first, once the directory has kept that they were looked up.
func (s *Service) LookUp(ctx context.Context, q contract.LookUpCaller) (contract.Listing[contract.Request], error) {
	listing := contract.Listing[contract.Request]{Items: []contract.Request{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return listing, err
	}
	phone, ok := check.NormalPhone(strings.TrimSpace(q.Phone))
	if !ok || !a.Staff() {
		return listing, fault.NewInvalid(fault.Field{Location: "phone", Code: check.NotAPhone})
	}
	entry := contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActLookUpPhone, SubjectID: a.ID(), Path: a.Path,
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return listing, fmt.Errorf("record look-up of a caller: %w", err)
	}
	rows, err := s.store.listCaller(ctx, contact.PhoneIndex(s.keys, phone), shownCaller)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		if !sees(a, row.requestRow) {
			continue
		}
		view, err := s.view(a, row)
		if err != nil {
			return listing, err
		}
		listing.Items = append(listing.Items, view)
	}
	return listing, nil
}
