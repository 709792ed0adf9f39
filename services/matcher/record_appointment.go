package matcher

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/outbox"
)

// The facts of an appointment.
const (
	appointmentMoved     = "moved"
	appointmentCancelled = "cancelled"
)

// appointmentOrNone returns the appointment of a match; the zero row where it has none.
func (s *Service) appointmentOrNone(ctx context.Context, q sqlx.QueryerContext, id contract.MatchID) (appointmentRow, error) {
	row, err := s.store.getAppointment(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return appointmentRow{}, nil
	}
	return row, err
}

// recordAppointment tells in the transaction of a change that an appointment is not
// any more what both sides count on. Before the yes nobody does, and one that is made
// for the first time is announced when it is near.
func (s *Service) recordAppointment(ctx context.Context, tx *sqlx.Tx, m matchRow, before appointmentRow) error {
	after, err := s.appointmentOrNone(ctx, tx, m.ID)
	if err != nil || before.MatchID == "" || m.StartBy == nil || before.digest() == after.digest() {
		return err
	}
	if after.Cancelled && !before.Start.After(m.UpdatedAt) {
		return nil // it has begun: nobody sets out for it any more
	}
	return outbox.Add(ctx, tx, eventOfAppointment(m, before, after))
}

// digest is the same for appointments that say the same to people; empty for none.
func (r appointmentRow) digest() string {
	if r.MatchID == "" || r.Cancelled {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %s", r.MatchID, r.Start.UnixMicro(), r.End.UnixMicro(), r.PlaceDigest))
	return hex.EncodeToString(sum[:16])
}

// eventOfAppointment returns the fact that an appointment was moved or cancelled; its
// reason is the state of the match where that ended.
func eventOfAppointment(m matchRow, before, after appointmentRow) contract.Event {
	e := contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingAppointment,
		State: appointmentMoved, AggregateID: appointmentID(m.ID), Version: int64(after.Sequence), Time: m.UpdatedAt,
		Organisation: m.RequestOrg, Paths: paths(m.RequestPath, m.OfferPath),
		Data: contract.EventData{
			RequestID: m.RequestID, OfferID: m.OfferID, MatchID: m.ID, NeedLineID: m.NeedLineID, OfferLineID: m.OfferLineID,
			Category: m.Category, RegionCode: m.RegionCode, Urgency: string(m.Urgency), OfferOrganisation: m.OfferOrg,
			Was: begins(before), At: begins(after), Stood: before.digest(), Stands: after.digest(),
		},
	}
	if after.Cancelled {
		e.State = appointmentCancelled
	}
	if !m.State.Holds() {
		e.Data.Reason = string(m.State)
	}
	return e
}

// appointmentID returns the id of a match's appointment, always the same: an appointment
// has facts and versions of its own.
func appointmentID(id contract.MatchID) string {
	return uuid.NewSHA1(uuid.MustParse(string(id)), []byte(contract.ThingAppointment)).String()
}

// begins returns when an appointment begins; nil for one that was called off.
func begins(r appointmentRow) *time.Time {
	if r.Cancelled {
		return nil
	}
	return new(r.Start.UTC())
}
