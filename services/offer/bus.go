package offer

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
		func() error { return bus.Handle(server, contract.OfferSubmit, s.Submit) },
		func() error { return bus.Handle(server, contract.OfferGet, s.Get) },
		func() error { return bus.Handle(server, contract.OfferFind, s.Find) },
		func() error { return bus.Handle(server, contract.OfferList, s.List) },
		func() error { return bus.Handle(server, contract.OfferMove, s.Move) },
		func() error { return bus.Handle(server, contract.OfferCorrect, s.Correct) },
		func() error { return bus.Handle(server, contract.OfferVerifyPhone, s.VerifyPhone) },
		func() error { return bus.Handle(server, contract.OfferVerifyCredential, s.VerifyCredential) },
		func() error { return bus.Handle(server, contract.OfferErase, s.Erase) },
		func() error { return bus.Handle(server, contract.OfferConsent, s.ChangeConsent) },
		func() error { return bus.Handle(server, contract.OfferDigest, s.ChooseDigest) },
		func() error { return bus.Handle(server, contract.OfferNote, s.Note) },
		func() error { return bus.Handle(server, contract.OfferContact, s.Contact) },
		func() error { return bus.Handle(server, contract.OfferReach, s.Reach) },
		func() error { return bus.Handle(server, contract.OfferBounced, s.Bounced) },
		func() error { return bus.Handle(server, contract.OfferProjections, s.Projections) },
		func() error { return bus.Handle(server, contract.OfferCount, s.Count) },
		func() error { return bus.Handle(server, contract.OfferRecordSession, s.RecordSession) },
		func() error { return bus.Handle(server, contract.OfferSessions, s.Sessions) },
		func() error { return bus.Handle(server, contract.OfferVoidSession, s.VoidSession) },
		func() error { return bus.Handle(server, contract.OfferSession, s.Session) },
		func() error { return bus.Handle(server, contract.OfferKeepRoster, s.KeepRoster) },
		func() error { return bus.Handle(server, contract.OfferRoster, s.Roster) },
		func() error { return bus.Handle(server, contract.OfferSessionTotals, s.SessionTotals) },
		func() error { return bus.Handle(server, contract.OfferKeepComplaint, s.KeepComplaint) },
		func() error { return bus.Handle(server, contract.OfferReadComplaint, s.ReadComplaint) },
		func() error { return bus.Handle(server, contract.OfferSuspend, s.Suspend) },
		func() error { return bus.Handle(server, contract.OfferPublish, s.Publish) },
		func() error { return bus.Handle(server, contract.OfferUnpublish, s.Unpublish) },
		func() error { return bus.Handle(server, contract.OfferBoard, s.Board) },
		func() error { return bus.Handle(server, contract.OfferFigure, s.Figures) },
		func() error { return bus.Handle(server, contract.OfferOwn, s.Own) },
		func() error { return bus.Handle(server, contract.OfferSetTerms, s.SetTerms) },
		func() error { return letter.Answer(server, s.letters()) },
	} {
		if err := register(); err != nil {
			return err
		}
	}
	return nil
}

// Projections returns what the matcher may know of offers. Only a service on
// its own account may ask.
func (s *Service) Projections(ctx context.Context, q contract.GetProjections) (contract.Projections[contract.ProjectedOffer], error) {
	found := contract.Projections[contract.ProjectedOffer]{Items: []contract.ProjectedOffer{}}
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return found, errUnknown
	}
	c := check.New(nil)
	c.Size("ids", len(q.IDs), 1, contract.MaxProjections)
	if err := c.Err(); err != nil {
		return found, err
	}
	known := slices.DeleteFunc(q.IDs, func(id string) bool { return !contract.ValidID(id) })
	rows, err := s.worker.selectOffers(ctx, known)
	if err != nil {
		return found, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		found.Items = append(found.Items, s.projection(row))
	}
	return found, nil
}

// HearMatches follows facts about matches: it keeps the newest state of each
// match, and the totals and the shown state of the offer follow. Facts may
// come in any order and any number of times. One about an offer or line that
// is not here changes nothing.
func (s *Service) HearMatches(ctx context.Context, events []contract.Event, once inbox.Once) error {
	for _, e := range events {
		if err := checkMatch(e.Data); err != nil {
			return err
		}
	}
	err := once(func(tx *sqlx.Tx, fresh []contract.Event) error {
		for _, e := range fresh {
			if err := s.hearMatch(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.relay.Wake()
	return nil
}

func checkMatch(d contract.EventData) error {
	if !contract.ValidID(d.MatchID) || !contract.ValidID(d.OfferID) || !contract.ValidID(d.OfferLineID) ||
		!contract.ValidID(d.RequestID) {
		return fault.NewInvalid(fault.Field{Location: "data", Code: "malformed"})
	}
	return nil
}

func (s *Service) hearMatch(ctx context.Context, tx *sqlx.Tx, e contract.Event) error {
	row, err := s.store.lockOffer(ctx, tx, e.Data.OfferID)
	if fault.Is(pg.Map(err), fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.followMatch(ctx, tx, row.record(), e)
}

func (s *Service) followMatch(ctx context.Context, tx *sqlx.Tx, r *record, e contract.Event) error {
	n := slices.IndexFunc(r.lines, func(l lineRow) bool { return l.ID == e.Data.OfferLineID })
	if n < 0 {
		return nil
	}
	if err := s.store.upsertMatch(ctx, tx, matchOf(e)); err != nil {
		return err
	}
	held, used, err := s.store.selectTotals(ctx, tx, e.Data.OfferLineID)
	if err != nil {
		return err
	}
	line := &r.lines[n]
	if line.Reserved == held && line.Used == used {
		return nil
	}
	line.Reserved, line.Used = held, used
	if err := s.store.updateLine(ctx, tx, *line); err != nil {
		return err
	}
	r.hearMatches(newHand(contract.System(), s.now()))
	return s.save(ctx, tx, r)
}

// matchOf returns what is kept of a fact. Where the match counts in another
// unit than the line, the matcher says what it holds in the line's.
func matchOf(e contract.Event) matchRow {
	d := e.Data
	view := MatchView{State: e.State, Quantity: d.Quantity, Fulfilled: d.Fulfilled}
	if d.Held != nil {
		view.Quantity, view.Fulfilled = d.Held, nil
	}
	at := e.Time
	if d.At != nil {
		at = *d.At
	}
	return matchRow{
		MatchID: d.MatchID, OfferLineID: d.OfferLineID, RequestID: d.RequestID, State: e.State, Version: e.Version,
		At: at.UTC(), Held: view.Held(), Used: view.Used(), Released: e.State == matchContactReleased, StateAt: e.Time,
	}
}

// letters says how what was put aside here is handled again.
func (s *Service) letters() letter.Desk {
	return letter.Desk{
		Service: "offer", DB: s.worker.db, Bus: s.bus,
		Handlers:  map[string]inbox.Handler{contract.OfferHearsMatch.Name: s.HearMatches},
		Republish: s.republish,
	}
}

// republish puts a fact back among those that wait to be told.
func (s *Service) republish(ctx context.Context, id int64) error {
	defer s.relay.Wake()
	return outbox.Replay(ctx, s.worker.db, id)
}
