package matcher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

const maxPlace = 300

// SetAppointment makes or moves the appointment of a match. Its start becomes the
// time of the match, so the reservation moves with it in one transaction. A
// Conflict: capacity is gone then, or the helper has another appointment, which is
// named where the actor may see it. Repeating it with its key gives the first answer.
func (s *Service) SetAppointment(ctx context.Context, q contract.SetAppointment) (contract.Appointment, error) {
	actor := contract.ActorFrom(ctx)
	before, err := s.visibleMatch(ctx, q.MatchID)
	if err != nil {
		return contract.Appointment{}, err
	}
	when, err := s.checkAppointment(q)
	if err != nil {
		return contract.Appointment{}, err
	}
	m := contract.Move{
		ID: string(q.MatchID), Move: "reschedule", At: &when.start, Minutes: new(int64(when.end.Sub(when.start).Minutes())),
		Version: q.Version, OnBehalfOf: q.OnBehalfOf,
	}
	party, err := partyOf(actor, m, before)
	if err != nil {
		return contract.Appointment{}, err
	}
	// What may not be moved keeps its place.
	if _, err := Moves.Apply(m.Move, before.State, party.role, ""); err != nil {
		return contract.Appointment{}, err
	}
	place, err := s.keepPlace(ctx, q, before)
	if err != nil {
		return contract.Appointment{}, err
	}
	after, err := s.storeAppointment(ctx, q, appointing{before, m, party, actor, when, place})
	if err != nil {
		return contract.Appointment{}, err
	}
	if err := s.afterMatch(ctx, after); err != nil {
		return contract.Appointment{}, err
	}
	return s.Appointment(ctx, contract.GetByID{ID: string(q.MatchID)})
}

func (s *Service) checkAppointment(q contract.SetAppointment) (slot, error) {
	c := check.New(nil)
	c.Text("place", strings.TrimSpace(q.Place), 0, maxPlace)
	if q.Fold != "" {
		check.OneOf(c, "fold", q.Fold, []string{contract.FoldEarlier, contract.FoldLater})
	}
	if err := c.Err(); err != nil {
		return slot{}, err
	}
	return slotOf(q, s.clock())
}

// keepPlace has the request service store where it is, before anything names it:
// what a failure leaves there is shown to nobody, and goes with the next one.
func (s *Service) keepPlace(ctx context.Context, q contract.SetAppointment, m matchRow) (venue, error) {
	text := strings.TrimSpace(q.Place)
	former, err := s.appointmentOrNone(ctx, s.db, m.ID)
	if err != nil {
		return venue{}, err
	}
	if text == "" {
		return s.unseenPlace(ctx, former), nil
	}
	keep := contract.KeepPlace{ID: contract.NewID[contract.PlaceID](), RequestID: m.RequestID, MatchID: m.ID, Text: text}
	if former.PlaceID != nil {
		keep.InForce = *former.PlaceID
	}
	kept, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.RequestKeepPlace, keep)
	if err != nil {
		return venue{}, fmt.Errorf("keep the place of an appointment: %w", err)
	}
	return venue{&keep.ID, kept.Digest}, nil
}

// unseenPlace returns the place that somebody who names none has not been shown:
// moving the time must not take it away. It is none where they have seen it.
func (s *Service) unseenPlace(ctx context.Context, former appointmentRow) venue {
	if former.PlaceID == nil || former.Cancelled {
		return venue{}
	}
	if shown := s.appointmentViews(ctx, contract.ActorFrom(ctx).Role, []appointmentRow{former})[0]; shown.Place != "" {
		return venue{}
	}
	return former.venue
}

// appointing is an appointment on its way into the tables.
type appointing struct {
	before matchRow
	move   contract.Move
	party  party
	actor  contract.Actor
	when   slot
	venue  venue
}

func (s *Service) storeAppointment(ctx context.Context, q contract.SetAppointment, a appointing) (matchRow, error) {
	hash, err := idempotency.Hash(q)
	if err != nil {
		return matchRow{}, err
	}
	command := idempotency.Command{Key: q.Key, BodyHash: hash, Now: s.clock()}
	after := a.before
	_, _, err = idempotency.Once(ctx, s.db, command, func(tx *sqlx.Tx) (_ contract.MatchID, err error) {
		if after, err = s.moveLocked(ctx, tx, a.move, a.before, a.party, a.actor); err != nil {
			return "", err
		}
		former, err := s.appointmentOrNone(ctx, tx, after.ID)
		if err != nil {
			return "", err
		}
		row := appointmentRow{
			MatchID: after.ID, Start: a.when.start, End: a.when.end, Zone: q.Zone, venue: a.venue, ChangedAt: after.UpdatedAt,
		}
		if err := s.store.putAppointment(ctx, tx, row); err != nil {
			return "", err
		}
		if err := s.recordAppointment(ctx, tx, after, former); err != nil {
			return "", err
		}
		return after.ID, s.requireNoOverlap(ctx, tx, after, a.when)
	})
	return after, err
}

// requireNoOverlap is a Conflict when the helper has another appointment at the
// time, whoever made it. One transaction of a helper looks at a time, so that of
// two at once the second sees the first.
func (s *Service) requireNoOverlap(ctx context.Context, tx *sqlx.Tx, m matchRow, when slot) error {
	other, err := s.store.overlapping(ctx, tx, m, when)
	if err != nil || other == "" {
		return err
	}
	seen, err := s.store.getMatch(ctx, tx, other)
	if fault.Is(err, fault.NotFound) { // another organisation's: no more than "busy"
		return fault.NewConflict("helper_busy_then", "the helper has another appointment at this time")
	}
	if err != nil {
		return err
	}
	f := fault.NewConflict("appointment_overlap", "the helper has the appointment of match "+seen.Code+" at this time")
	f.Fields = []fault.Field{{Location: "start", Code: "appointment_overlap", Args: map[string]any{"code": seen.Code}}}
	return f
}

// followAppointment has the appointment of a match follow a move in the same
// transaction: another time moves it, an end or calling it off cancels it. Both sides
// hear of it.
func (s *Service) followAppointment(ctx context.Context, tx *sqlx.Tx, move string, after matchRow) error {
	if after.State.Holds() && move != moveUnschedule && move != "reschedule" {
		return nil
	}
	former, err := s.appointmentOrNone(ctx, tx, after.ID)
	if err != nil {
		return err
	}
	if err := s.changeAppointment(ctx, tx, move, after); err != nil {
		return err
	}
	return s.recordAppointment(ctx, tx, after, former)
}

func (s *Service) changeAppointment(ctx context.Context, tx *sqlx.Tx, move string, after matchRow) error {
	if !after.State.Holds() || move == moveUnschedule {
		there, err := s.store.cancelAppointment(ctx, tx, after.ID, after.UpdatedAt)
		if err == nil && !there && move == moveUnschedule {
			err = fault.NewConflict("no_appointment", "the match has no appointment to call off")
		}
		return err
	}
	if move != "reschedule" || after.At == nil {
		return nil
	}
	row, err := s.store.shiftAppointment(ctx, tx, after.ID, *after.At, after.UpdatedAt)
	if err != nil || row.MatchID == "" {
		return err
	}
	return s.requireNoOverlap(ctx, tx, after, slot{row.Start, row.End})
}

// Appointment returns the appointment of a match, with its place where the actor
// may see it; NotFound where there is none.
func (s *Service) Appointment(ctx context.Context, q contract.GetByID) (contract.Appointment, error) {
	m, err := s.visibleMatch(ctx, contract.MatchID(q.ID))
	if err != nil {
		return contract.Appointment{}, err
	}
	a, err := s.appointmentOf(ctx, m.ID)
	if err == nil && a == nil {
		err = fault.NewNotFound("appointment")
	}
	if err != nil {
		return contract.Appointment{}, err
	}
	return *a, nil
}

// appointmentOf returns nil for a match that has none.
func (s *Service) appointmentOf(ctx context.Context, id contract.MatchID) (*contract.Appointment, error) {
	row, err := s.store.getAppointment(ctx, s.db, id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, err
	}
	return &s.appointmentViews(ctx, contract.ActorFrom(ctx).Role, []appointmentRow{row})[0], nil
}

// appointmentViews shows appointments as a role may see them. Without the request
// service their places are left out: the time matters more.
func (s *Service) appointmentViews(ctx context.Context, reader contract.Role, rows []appointmentRow) []contract.Appointment {
	places, err := s.placesOf(ctx, rows)
	if err != nil {
		s.log.WarnContext(ctx, "read places of appointments", "error", err)
	}
	views := make([]contract.Appointment, len(rows))
	for i, r := range rows {
		views[i] = contract.Appointment{
			MatchID: r.MatchID, Code: r.Code, Category: r.Category, State: string(r.State), Start: r.Start.UTC(), End: r.End.UTC(),
			Zone: r.Zone, Sequence: r.Sequence, Cancelled: r.Cancelled, ChangedAt: r.ChangedAt.UTC(),
		}
		if r.PlaceID == nil {
			continue
		}
		if text := places.Texts[*r.PlaceID]; mayKnowPlace(reader, r.State, r.Released, text) {
			views[i].Place = text
		}
	}
	return views
}

func (s *Service) placesOf(ctx context.Context, rows []appointmentRow) (contract.Places, error) {
	var q contract.AskPlaces
	for _, r := range rows {
		if r.PlaceID != nil && !r.Cancelled {
			q.IDs = append(q.IDs, *r.PlaceID)
		}
	}
	if len(q.IDs) == 0 {
		return contract.Places{}, nil
	}
	return bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.RequestPlaces, q)
}

// calendarBack is how long a calendar shows what is over.
const calendarBack = 90 * 24 * time.Hour

// Appointments returns what a calendar shows: those of the helper whose token
// asks, over all organisations, or those of the organisation whose calendar the
// secret opens; others see that of the match alone. The organisation's names no place: whoever has the address may read it.
func (s *Service) Appointments(ctx context.Context, q contract.ListAppointments) (contract.Listing[contract.Appointment], error) {
	answer := contract.Listing[contract.Appointment]{Items: []contract.Appointment{}}
	since := s.clock().Add(-calendarBack)
	if q.Secret != "" {
		calendar, err := s.worker.openCalendar(ctx, digestOf(q.Secret))
		if err != nil {
			return answer, err
		}
		rows, err := s.worker.appointmentsBelow(ctx, calendar.OrgPath, since)
		if err != nil {
			return answer, err
		}
		for i := range rows {
			rows[i].PlaceID = nil
		}
		answer.Items = s.appointmentViews(ctx, contract.RolePublic, rows)
		return answer, nil
	}
	role := contract.ActorFrom(ctx).Role
	if !access.May(role, access.ReadMatches) {
		return answer, fault.NewNotFound("match")
	}
	if q.MatchID == "" && contract.ActorFrom(ctx).Staff() {
		return s.appointmentsSeen(ctx, q)
	}
	m, err := s.visibleMatch(ctx, q.MatchID)
	if err != nil {
		return answer, err
	}
	if role != contract.RoleAnswerer {
		m.HelperKey = "" // whose calendar is nobody else's
	}
	// A token sees its own match alone; a helper's calendar is all of them.
	rows, err := s.worker.appointmentsOf(ctx, m, since)
	if err != nil {
		return answer, err
	}
	answer.Items = s.appointmentViews(ctx, role, rows)
	return answer, nil
}

// appointmentPlace is where a list of appointments goes on.
type appointmentPlace struct {
	Start   time.Time        `json:"s"`
	MatchID contract.MatchID `json:"m"`
}

// appointmentsSeen returns a page of the appointments that staff see. It names no
// places: those are told one by one.
func (s *Service) appointmentsSeen(ctx context.Context, q contract.ListAppointments) (contract.Listing[contract.Appointment], error) {
	var answer contract.Listing[contract.Appointment]
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return answer, err
	}
	after := appointmentPlace{MatchID: contract.MatchID(uuid.Nil.String())}
	if found, err := cursor.Decode(q.Cursor, &after); err != nil || found && !contract.ValidID(after.MatchID) {
		return answer, errors.Join(err, fault.NewInvalid(fault.Field{Location: "cursor", Code: check.Malformed}))
	}
	since := s.clock()
	if q.Since != nil {
		since = *q.Since
	}
	actor := contract.ActorFrom(ctx)
	rows, err := s.store.appointmentsSeen(ctx, scopeOf(actor), since, q.Until, after, limit+1)
	if err != nil {
		return answer, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		answer.NextCursor = cursor.Encode(appointmentPlace{rows[limit-1].Start, rows[limit-1].MatchID})
	}
	for i := range rows {
		rows[i].PlaceID = nil
	}
	answer.Items = s.appointmentViews(ctx, actor.Role, rows)
	return answer, nil
}
