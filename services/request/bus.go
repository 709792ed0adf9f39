package request

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/inbox"
	"heli/pkg/letter"
	"heli/pkg/outbox"
	"heli/pkg/pg"
)

// answer registers every call that the service answers.
func (s *Service) answer(server *bus.Server) error {
	for _, register := range []func() error{
		func() error { return bus.Handle(server, contract.RequestSubmit, s.Submit) },
		func() error { return bus.Handle(server, contract.RequestGet, s.Get) },
		func() error { return bus.Handle(server, contract.RequestFind, s.Find) },
		func() error { return bus.Handle(server, contract.RequestList, s.List) },
		func() error { return bus.Handle(server, contract.RequestMove, s.Move) },
		func() error { return bus.Handle(server, contract.RequestTry, s.Try) },
		func() error { return bus.Handle(server, contract.RequestCorrect, s.Correct) },
		func() error { return bus.Handle(server, contract.RequestVerifyPhone, s.VerifyPhone) },
		func() error { return bus.Handle(server, contract.RequestErase, s.Erase) },
		func() error { return bus.Handle(server, contract.RequestConsent, s.ChangeConsent) },
		func() error { return bus.Handle(server, contract.RequestDigest, s.ChooseDigest) },
		func() error { return bus.Handle(server, contract.RequestNote, s.Note) },
		func() error { return bus.Handle(server, contract.RequestContact, s.Contact) },
		func() error { return bus.Handle(server, contract.RequestReach, s.Reach) },
		func() error { return bus.Handle(server, contract.RequestBounced, s.Bounced) },
		func() error { return bus.Handle(server, contract.RequestProjections, s.Projections) },
		func() error { return bus.Handle(server, contract.RequestCount, s.Count) },
		func() error { return bus.Handle(server, contract.RequestKeepComplaint, s.KeepComplaint) },
		func() error { return bus.Handle(server, contract.RequestReadComplaint, s.ReadComplaint) },
		func() error { return bus.Handle(server, contract.RequestEdit, s.Edit) },
		func() error { return bus.Handle(server, contract.RequestAttach, s.Attach) },
		func() error { return bus.Handle(server, contract.RequestAttachment, s.Attachment) },
		func() error { return bus.Handle(server, contract.RequestDetach, s.Detach) },
		func() error { return bus.Handle(server, contract.RequestAlike, s.Alike) },
		func() error { return bus.Handle(server, contract.RequestLink, s.Link) },
		func() error { return bus.Handle(server, contract.RequestLookUp, s.LookUp) },
		func() error { return bus.Handle(server, contract.RequestMentions, s.Mentions) },
		func() error { return bus.Handle(server, contract.RequestSeeMention, s.SeeMention) },
		func() error { return bus.Handle(server, contract.RequestPublish, s.Publish) },
		func() error { return bus.Handle(server, contract.RequestUnpublish, s.Unpublish) },
		func() error { return bus.Handle(server, contract.RequestBoard, s.Board) },
		func() error { return bus.Handle(server, contract.RequestFollowUp, s.FollowUp) },
		func() error { return bus.Handle(server, contract.RequestKeepPlace, s.KeepPlace) },
		func() error { return bus.Handle(server, contract.RequestPlaces, s.Places) },
		func() error { return bus.Handle(server, contract.RequestFigure, s.Figures) },
		func() error { return bus.Handle(server, contract.RequestOwn, s.Own) },
		func() error { return letter.Answer(server, s.letters()) },
	} {
		if err := register(); err != nil {
			return err
		}
	}
	return nil
}

// Projections returns what the matcher may know of requests. Only a service on
// its own account may ask.
func (s *Service) Projections(ctx context.Context, q contract.GetProjections) (contract.Projections[contract.ProjectedRequest], error) {
	found := contract.Projections[contract.ProjectedRequest]{Items: []contract.ProjectedRequest{}}
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return found, errUnknown
	}
	c := check.New(nil)
	c.Size("ids", len(q.IDs), 1, contract.MaxProjections)
	if err := c.Err(); err != nil {
		return found, err
	}
	rows, unread := make([]fullRow, 0, len(q.IDs)), make([]string, 0, len(q.IDs))
	for n, id := range q.IDs {
		if row, ok := s.recent.take(contract.RequestID(id), q.Least(n)); ok {
			rows = append(rows, row)
		} else if contract.ValidID(id) {
			unread = append(unread, id)
		}
	}
	if len(unread) > 0 {
		read, err := s.worker.selectRequests(ctx, unread)
		if err != nil {
			return found, pg.MapContext(ctx, err)
		}
		rows = append(rows, read...)
	}
	found.Items = make([]contract.ProjectedRequest, len(rows))
	for n, row := range rows {
		found.Items[n] = s.projection(row)
	}
	return found, nil
}

// HearMatches follows facts about matches: it keeps the newest state of each
// match, and the totals and the shown state of the request follow. Facts may
// come in any order and any number of times. One about a request or line that
// is not here changes nothing.
func (s *Service) HearMatches(ctx context.Context, events []contract.Event, once inbox.Once) error {
	for _, e := range events {
		if err := checkMatch(e.Data); err != nil {
			return err
		}
	}
	var waiting []touchedRow // that wait otherwise than before
	err := once(func(tx *sqlx.Tx, fresh []contract.Event) error {
		waiting = nil
		for _, e := range fresh {
			some, err := s.hearMatch(ctx, tx, e)
			if err != nil {
				return err
			}
			waiting = append(waiting, some...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.relay.Wake()
	s.touched(waiting)
	return nil
}

func checkMatch(d contract.EventData) error {
	if !contract.ValidID(d.MatchID) || !contract.ValidID(d.RequestID) || !contract.ValidID(d.NeedLineID) {
		return fault.NewInvalid(fault.Field{Location: "data", Code: "malformed"})
	}
	return nil
}

// hearMatch returns the request when it waits otherwise than before.
func (s *Service) hearMatch(ctx context.Context, tx *sqlx.Tx, e contract.Event) ([]touchedRow, error) {
	row, err := s.store.lockRequest(ctx, tx, e.Data.RequestID)
	if fault.Is(pg.Map(err), fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	waiting, err := s.followMatch(ctx, tx, row.record(), e)
	if err != nil || !waiting {
		return nil, err
	}
	return []touchedRow{{row.ID, row.OrgPath}}, nil
}

// followMatch reports whether the request waits otherwise than before.
func (s *Service) followMatch(ctx context.Context, tx *sqlx.Tx, r *record, e contract.Event) (waiting bool, err error) {
	n := slices.IndexFunc(r.lines, func(l lineRow) bool { return l.ID == e.Data.NeedLineID })
	if n < 0 {
		return false, nil
	}
	if err := s.store.upsertMatch(ctx, tx, matchOf(e)); err != nil {
		return false, err
	}
	matches, err := s.store.selectMatches(ctx, tx, r.lines)
	if err != nil {
		return false, err
	}
	waiting = r.wait(matches)
	h := newHand(contract.System(), s.now())
	switch {
	case r.lines[n].follow(matches):
		if err := s.store.updateTotals(ctx, tx, r.lines[n]); err != nil {
			return false, err
		}
		if err := r.hearMatches(h); err != nil {
			return false, err
		}
	case waiting:
		r.touch(h)
	default:
		return false, nil
	}
	return waiting, s.save(ctx, tx, r)
}

// matchOf is what a fact tells of a match.
func matchOf(e contract.Event) matchRow {
	m := matchRow{
		MatchID: e.Data.MatchID, NeedLineID: e.Data.NeedLineID, State: e.State, Version: e.Version, Quantity: e.Data.Quantity,
		Fulfilled: e.Data.Fulfilled, Released: e.State == matchContactReleased, StateAt: e.Time, StartBy: e.Data.StartBy,
	}
	if e.Data.OfferOrganisation != "" {
		m.OfferOrg = &e.Data.OfferOrganisation
	}
	return m
}

// follow takes over the totals of the line's matches, which are among the request's,
// and reports whether they changed.
func (l *lineRow) follow(matches []matchRow) bool {
	var views []MatchView
	for _, m := range matches {
		if m.NeedLineID == l.ID {
			views = append(views, m.view())
		}
	}
	before, t := l.totals(), TotalsOf(l.Quantity, views)
	l.Proposed, l.Matched, l.InProgress = t.Proposed, t.Matched, t.InProgress
	l.Reported, l.Confirmed, l.Disputed = t.Reported, t.Confirmed, t.Disputed
	return t != before
}

// letters says how what was put aside here is handled again.
func (s *Service) letters() letter.Desk {
	return letter.Desk{
		Service: "request", DB: s.worker.db, Bus: s.bus,
		Handlers:  map[string]inbox.Handler{contract.RequestHearsMatch.Name: s.HearMatches},
		Republish: s.republish,
	}
}

// republish puts a fact back among those that wait to be told.
func (s *Service) republish(ctx context.Context, id int64) error {
	defer s.relay.Wake()
	return outbox.Replay(ctx, s.worker.db, id)
}
