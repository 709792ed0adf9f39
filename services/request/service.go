package request

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/outbox"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// Service holds the use cases. Who acts comes with the context; an id that the
// actor may not see is NotFound, as an unknown one.
//
// No field changes after New: the service's own work goes over copies, beside what
// answers callers.
type Service struct {
	store     *store // behind the wall of who acts
	worker    *store // sees all, for the service's own work
	bus       *bus.Bus
	keys      *seal.Keys
	reference *app.Reference
	clock     func() time.Time
	claims    Claims
	silence   Silence
	drawing   chan struct{} // held by who works on a picture
	relay     *outbox.Relay
	recent    *recent
	figures   *figures
	intake    *intake
}

// New returns a service whose intake is running; Close ends it.
func New(d app.Deps, c Config) *Service {
	s := &Service{
		store: &store{db: d.DB}, worker: &store{db: d.Worker}, bus: d.Bus, keys: d.Keys, reference: d.Reference,
		clock: d.Clock, claims: c.Claims, silence: c.Silence, drawing: make(chan struct{}, 1), relay: outbox.NewRelay(d.Worker, d.Bus, d.Log), recent: newRecent(), figures: newFigures(),
	}
	// One transaction stores submissions of many actors, each checked before.
	s.intake = newIntake(s.worker, s.recent, s.relay.Wake)
	return s
}

// Close waits until every submission that was taken is stored. Safe to call twice.
func (s *Service) Close() { s.intake.close() }

// unwalled is the same service for its own work: it sees all, whoever acts.
func (s *Service) unwalled() *Service {
	own := *s
	own.store = s.worker
	return &own
}

// now is the time as PostgreSQL keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

var errUnknown = fault.NewNotFound("request")

// missing turns "no rows" into what an unknown request is.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errUnknown
	}
	return err
}

// sees reports whether the actor may read the request as its owner does: staff
// by role and path, the requester by token.
func sees(a contract.Actor, r requestRow) bool {
	switch a.Role {
	case contract.RoleSystem:
		return true
	case contract.RoleRequester:
		return a.SpeaksFor(string(r.ID))
	default:
		return a.Staff() && access.May(a.Role, access.ReadRequests) && a.Sees(r.OrgPath)
	}
}

// read returns a request that the actor sees.
func (s *Service) read(ctx context.Context, id string) (fullRow, error) {
	if !contract.ValidID(id) {
		return fullRow{}, errUnknown
	}
	row, err := s.store.selectRequest(ctx, s.store.db, contract.RequestID(id))
	if err != nil {
		return fullRow{}, pg.MapContext(ctx, missing(err))
	}
	if !sees(contract.ActorFrom(ctx), row.requestRow) {
		return fullRow{}, errUnknown
	}
	return row, nil
}

// change locks a request that the actor sees, lets fn change it, and stores it
// with its history and facts in the same transaction. A version that is given
// must be the current one. Under a key that was answered it does nothing but
// return the first answer.
func (s *Service) change(ctx context.Context, m contract.Move, fn func(tx *sqlx.Tx, row *fullRow, r *record) error) (contract.Moved, error) {
	if !contract.ValidID(m.ID) {
		return contract.Moved{}, errUnknown
	}
	key := m.Key
	m.Key = ""
	hash, err := idempotency.Hash(m)
	if err != nil {
		return contract.Moved{}, err
	}
	command := idempotency.Command{Key: key, BodyHash: hash, Now: s.now()}
	moved, _, err := idempotency.Once(ctx, s.store.db, command, func(tx *sqlx.Tx) (contract.Moved, error) {
		return s.changeLocked(ctx, tx, m, fn)
	})
	if err != nil {
		return contract.Moved{}, err
	}
	s.relay.Wake()
	return moved, nil
}

func (s *Service) changeLocked(ctx context.Context, tx *sqlx.Tx, m contract.Move, fn func(*sqlx.Tx, *fullRow, *record) error) (contract.Moved, error) {
	row, err := s.store.lockRequest(ctx, tx, contract.RequestID(m.ID))
	if err != nil {
		return contract.Moved{}, missing(err)
	}
	if !sees(contract.ActorFrom(ctx), row.requestRow) {
		return contract.Moved{}, errUnknown
	}
	if row.ErasedAt != nil {
		return afterErasure(m, row)
	}
	if m.Version != nil && *m.Version != row.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "the request has changed; read it again")
	}
	r := row.record()
	if err := fn(tx, &row, r); err != nil {
		return contract.Moved{}, err
	}
	if err := s.save(ctx, tx, r); err != nil {
		return contract.Moved{}, err
	}
	return contract.Moved{ID: string(r.row.ID), State: string(r.row.State), Version: r.row.Version}, nil
}

func (s *Service) save(ctx context.Context, tx *sqlx.Tx, r *record) error {
	s.recent.forget(r.row.ID)
	if err := s.store.updateRequest(ctx, tx, r.row); err != nil {
		return err
	}
	if err := s.store.insertHistory(ctx, tx, r.history); err != nil {
		return err
	}
	if err := s.store.followNews(ctx, tx, r); err != nil {
		return err
	}
	if err := followPublication(ctx, tx, r); err != nil {
		return err
	}
	if err := outbox.Add(ctx, tx, r.events...); err != nil || !r.handedOver {
		return err
	}
	return s.store.handOver(ctx, tx, r.row)
}

// Move makes one move of the life cycle, or claims or releases a request, and
// returns the state reached. Staff who record a requester's decision name it in
// OnBehalfOf. A repeat under the same key gives the first answer.
func (s *Service) Move(ctx context.Context, m contract.Move) (contract.Moved, error) {
	switch m.Move {
	case moveVerifyPhone:
		return s.VerifyPhone(ctx, m)
	case moveErase:
		return s.Erase(ctx, m)
	default:
		return s.moveBy(ctx, m, s.change)
	}
}

// changer makes a change as Service.change does, or as if.
type changer func(ctx context.Context, m contract.Move, fn func(tx *sqlx.Tx, row *fullRow, r *record) error) (contract.Moved, error)

func (s *Service) moveBy(ctx context.Context, m contract.Move, change changer) (contract.Moved, error) {
	switch m.Move {
	case moveClaim:
		return s.claim(ctx, m, change)
	case moveUnclaim:
		return s.unclaim(ctx, m, change)
	}
	h, err := newHand(contract.ActorFrom(ctx), s.now()).forRequester(m.OnBehalfOf)
	if err != nil {
		return contract.Moved{}, err
	}
	var to contract.Organisation
	if m.Move == moveRefer {
		if to, err = s.organisation(ctx, m.To, "to"); err != nil {
			return contract.Moved{}, err
		}
	}
	return change(ctx, m, func(_ *sqlx.Tx, _ *fullRow, r *record) error {
		if m.Move == moveRefer {
			return r.refer(h, to, m.Reason)
		}
		return r.move(h, m.Move, m.Reason)
	})
}

// organisation returns the organisation of a code, whether the actor sees it or
// not: a referral goes anywhere. An unknown one is Invalid at the location.
func (s *Service) organisation(ctx context.Context, code, location string) (contract.Organisation, error) {
	if code == "" {
		return contract.Organisation{}, fault.NewInvalid(fault.Field{Location: location, Code: check.Required})
	}
	ctx = contract.WithActor(ctx, contract.System())
	o, err := bus.Call(ctx, s.bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: code})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) || err == nil && o.EndedAt != nil {
		return o, fault.NewInvalid(fault.Field{Location: location, Code: check.Unknown})
	}
	return o, err
}

// VerifyPhone notes that staff called the requester back on the phone given.
// Repeating it changes nothing; without a phone it is a Conflict.
func (s *Service) VerifyPhone(ctx context.Context, m contract.Move) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.VerifyPhone); err != nil {
		return contract.Moved{}, err
	}
	return s.change(ctx, m, func(_ *sqlx.Tx, row *fullRow, r *record) error {
		switch {
		case row.Contact.Phone == nil:
			return fault.NewConflict("no_phone", "the request has no phone")
		case r.row.PhoneVerified:
			return nil
		}
		r.row.PhoneVerified = true
		r.settle(newHand(a, s.now()), moveVerifyPhone, m.Reason)
		return nil
	})
}

// Correct changes what the requester may change while nothing is matched: the
// requester by token, and staff for them. A new phone has to be verified anew.
func (s *Service) Correct(ctx context.Context, q contract.CorrectRequest) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if a.Role != contract.RoleRequester {
		if err := access.Require(a, access.WriteNotes); err != nil {
			return contract.Moved{}, err
		}
	}
	if err := s.checkCorrection(q); err != nil {
		return contract.Moved{}, err
	}
	m := contract.Move{ID: string(q.ID), Move: moveCorrect, Version: &q.Version}
	return s.change(ctx, m, func(tx *sqlx.Tx, row *fullRow, r *record) error {
		if !r.situation().Correctable() {
			return fault.NewConflict("not_correctable", "help is already arranged, or the request is closed")
		}
		if q.Contact != nil {
			if err := s.correctContact(ctx, tx, row, r, *q.Contact); err != nil {
				return err
			}
		}
		r.correct(q)
		r.settle(newHand(a, s.now()), moveCorrect, "")
		return nil
	})
}

func (s *Service) checkCorrection(q contract.CorrectRequest) error {
	ref, err := s.reference.Get()
	if err != nil {
		return err
	}
	c := check.New(ref)
	if q.Title != nil {
		c.Text("title", *q.Title, 1, maxTitle)
	}
	if q.Description != nil {
		c.Paragraph("description", *q.Description, 0, maxDescription)
	}
	if q.Urgency != nil {
		c.Urgency("urgency", *q.Urgency)
	}
	if q.Contact != nil {
		c.Contact("contact", *q.Contact)
	}
	return c.Err()
}

func (s *Service) correctContact(ctx context.Context, tx *sqlx.Tx, row *fullRow, r *record, c contract.Contact) error {
	sealed := contact.Seal(s.keys, string(row.ID), c)
	before, after := row.Contact.PhoneIndex, sealed.PhoneIndex
	if before == nil || after == nil || *before != *after {
		r.row.PhoneVerified = false
	}
	return s.store.updateContact(ctx, tx, row.ID, sealed)
}
