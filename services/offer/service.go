package offer

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
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
	relay     *outbox.Relay
	staleness Staleness
}

// New returns a service. It does nothing by itself: Run does.
func New(d app.Deps, c Config) *Service {
	return &Service{
		store: &store{db: d.DB}, worker: &store{db: d.Worker}, bus: d.Bus, keys: d.Keys, reference: d.Reference,
		clock: d.Clock, relay: outbox.NewRelay(d.Worker, d.Bus, d.Log), staleness: c.Staleness,
	}
}

// unwalled is the same service for its own work: it sees all, whoever acts.
func (s *Service) unwalled() *Service {
	own := *s
	own.store = s.worker
	return &own
}

// now is the time as PostgreSQL keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

var (
	errUnknown = fault.NewNotFound("offer")
	errEnded   = fault.NewConflict("not_correctable", "the offer has ended")
	errNoPhone = fault.NewConflict("no_phone", "the offer has no phone")
)

// missing turns "no rows" into what an unknown offer is.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errUnknown
	}
	return err
}

// sees reports whether the actor may read the offer as its owner does: staff by
// role and path, the offerer by token.
func sees(a contract.Actor, r offerRow) bool {
	switch a.Role {
	case contract.RoleSystem:
		return true
	case contract.RoleOfferer:
		return a.SpeaksFor(string(r.ID))
	default:
		return a.Staff() && access.May(a.Role, access.ReadOffers) && a.Sees(r.OrgPath)
	}
}

// read returns an offer that the actor sees.
func (s *Service) read(ctx context.Context, id string) (fullRow, error) {
	if !contract.ValidID(id) {
		return fullRow{}, errUnknown
	}
	row, err := s.store.selectOffer(ctx, s.store.db, contract.OfferID(id))
	if err != nil {
		return fullRow{}, pg.MapContext(ctx, missing(err))
	}
	if !sees(contract.ActorFrom(ctx), row.offerRow) {
		return fullRow{}, errUnknown
	}
	return row, nil
}

// change locks an offer that the actor sees, lets fn change it, and stores it
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
	row, err := s.store.lockOffer(ctx, tx, contract.OfferID(m.ID))
	if err != nil {
		return contract.Moved{}, missing(err)
	}
	if !sees(contract.ActorFrom(ctx), row.offerRow) {
		return contract.Moved{}, errUnknown
	}
	if row.ErasedAt != nil {
		return afterErasure(m, row)
	}
	if m.Version != nil && *m.Version != row.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "the offer has changed; read it again")
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
	if err := s.store.updateOffer(ctx, tx, r.row); err != nil {
		return err
	}
	if err := s.store.insertHistory(ctx, tx, r.history); err != nil {
		return err
	}
	if err := followPublication(ctx, tx, r); err != nil {
		return err
	}
	return outbox.Add(ctx, tx, r.events...)
}

// mayMove keeps an integrator to what came in by a key: that is theirs.
func mayMove(a contract.Actor, r offerRow) bool {
	return a.Role != contract.RoleIntegrator || r.SubmittedBy == contract.RoleIntegrator
}

// Move makes one move of the life cycle and returns the state reached. Staff
// who record a helper's decision name it in OnBehalfOf. A repeat under the same
// key gives the first answer.
func (s *Service) Move(ctx context.Context, m contract.Move) (contract.Moved, error) {
	switch m.Move {
	case moveVerifyPhone:
		return s.VerifyPhone(ctx, m)
	case moveErase:
		return s.Erase(ctx, m)
	}
	h, err := newHand(contract.ActorFrom(ctx), s.now()).forOfferer(m.OnBehalfOf)
	if err != nil {
		return contract.Moved{}, err
	}
	c := check.New(nil)
	c.Paragraph("reason", m.Reason, 0, maxReason)
	if err := c.Err(); err != nil {
		return contract.Moved{}, err
	}
	return s.change(ctx, m, func(_ *sqlx.Tx, _ *fullRow, r *record) error {
		if !mayMove(h.actor, r.row) {
			return fault.NewForbidden(m.Move)
		}
		return r.move(h, m.Move, strings.TrimSpace(m.Reason))
	})
}

// VerifyPhone notes that staff called the helper back on the phone given.
// Repeating it changes nothing; without a phone it is a Conflict.
func (s *Service) VerifyPhone(ctx context.Context, m contract.Move) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.VerifyPhone); err != nil {
		return contract.Moved{}, err
	}
	return s.change(ctx, m, func(_ *sqlx.Tx, _ *fullRow, r *record) error {
		switch {
		case !r.situation().Live():
			return errEnded
		case !r.phone:
			return errNoPhone
		}
		r.verifyPhone(newHand(a, s.now()), m.Reason)
		return nil
	})
}

// VerifyCredential marks a credential as verified by the actor and publishes
// the offer anew. Repeating it changes nothing.
func (s *Service) VerifyCredential(ctx context.Context, q contract.VerifyCredential) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.VerifyCredential); err != nil {
		return contract.Moved{}, err
	}
	m := contract.Move{ID: string(q.ID), Move: moveVerifyCredential, Version: q.Version}
	return s.change(ctx, m, func(_ *sqlx.Tx, _ *fullRow, r *record) error {
		if !r.situation().Live() {
			return errEnded
		}
		return r.verifyCredential(newHand(a, s.now()), q.N)
	})
}

// Correct changes what the one who offers may change, by token, and staff for
// them. A new phone has to be verified anew, and the offer goes back to vetting
// until it is. A capacity below what is reserved is taken: the matcher frees
// what is too much.
func (s *Service) Correct(ctx context.Context, q contract.CorrectOffer) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if a.Role != contract.RoleOfferer {
		if err := access.Require(a, access.WriteNotes); err != nil {
			return contract.Moved{}, err
		}
	}
	if err := checkCorrection(q); err != nil {
		return contract.Moved{}, err
	}
	m := contract.Move{ID: string(q.ID), Move: moveCorrect, Version: &q.Version}
	return s.change(ctx, m, func(tx *sqlx.Tx, row *fullRow, r *record) error {
		if !r.situation().Live() {
			return errEnded
		}
		if q.Contact != nil {
			if err := s.correctContact(ctx, tx, row, r, *q.Contact); err != nil {
				return err
			}
		}
		if err := s.correctCapacities(ctx, tx, r, q.Capacities); err != nil {
			return err
		}
		return r.correct(newHand(a, s.now()), q)
	})
}

func checkCorrection(q contract.CorrectOffer) error {
	c := check.New(nil)
	if q.Title != nil {
		c.Text("title", *q.Title, 1, maxTitle)
	}
	if q.Description != nil {
		c.Paragraph("description", *q.Description, 0, maxDescription)
	}
	if q.Contact != nil {
		c.Contact("contact", *q.Contact)
	}
	for line, quantity := range q.Capacities {
		c.Quantity("capacities."+string(line), quantity)
	}
	return c.Err()
}

func (s *Service) correctContact(ctx context.Context, tx *sqlx.Tx, row *fullRow, r *record, c contract.Contact) error {
	sealed := contact.Seal(s.keys, string(row.ID), c)
	before, after := row.Contact.PhoneIndex, sealed.PhoneIndex
	if before == nil || after == nil || *before != *after {
		r.row.PhoneVerified = false
		if err := s.recogniseHelper(ctx, tx, &r.row, sealed); err != nil {
			return err
		}
		if err := s.restLikeOthers(ctx, tx, r, after); err != nil {
			return err
		}
	}
	r.phone = sealed.Phone != nil
	return s.store.updateContact(ctx, tx, row.ID, sealed)
}

func (s *Service) correctCapacities(ctx context.Context, tx *sqlx.Tx, r *record, capacities map[contract.OfferLineID]*int64) error {
	for id, quantity := range capacities {
		n := slices.IndexFunc(r.lines, func(l lineRow) bool { return l.ID == id })
		if n < 0 {
			return fault.NewInvalid(fault.Field{Location: "capacities." + string(id), Code: check.Unknown})
		}
		r.lines[n].Quantity = quantity
		if err := s.store.updateLine(ctx, tx, r.lines[n]); err != nil {
			return err
		}
	}
	return nil
}

// Note stores a remark of staff. A repeat of its id changes nothing.
func (s *Service) Note(ctx context.Context, q contract.AddNote) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Empty{}, err
	}
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
	note := contract.Note{ID: q.ID, At: s.now(), AuthorID: a.ID(), AuthorName: a.Name, Text: strings.TrimSpace(q.Text)}
	return contract.Empty{}, pg.MapContext(ctx, s.store.insertNote(ctx, row.ID, note))
}

// expireBatch bounds one transaction of expiries.
const expireBatch = 50

// expireDue ends the offers whose time is over and returns how many. Several
// may run at once: each offer expires once.
func (s *Service) expireDue(ctx context.Context) (int, error) {
	total := 0
	for {
		var n int
		err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
			n, err = s.expireSome(ctx, tx)
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
		if n > 0 {
			s.relay.Wake()
		}
		if n < expireBatch {
			return total, nil
		}
	}
}

func (s *Service) expireSome(ctx context.Context, tx *sqlx.Tx) (int, error) {
	h := newHand(contract.System(), s.now())
	ids, err := s.store.lockDue(ctx, tx, h.now, expireBatch)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		row, err := s.store.selectOffer(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		r := row.record()
		if err := r.move(h, moveExpire, ""); err != nil {
			return 0, err
		}
		if err := s.save(ctx, tx, r); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
