package offer

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

const recodeTries = 5

// submission is an offer ready to be stored.
type submission struct {
	key      string
	bodyHash string
	record   *record
	contact  contact.Row
}

// Submit stores an offer under the id and code that web made and returns its
// answer; Invalid lists every wrong field. A repeat under the same key, id or
// source gives the first answer, another body under the key is a Conflict.
//
// A public submission belongs to the organisation that coordinates its region;
// one of staff to their own or to the one they name at or below it. Staff who
// ask for the state "available" make each move on the way at once.
func (s *Service) Submit(ctx context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.SubmitOffer); err != nil {
		return contract.SubmittedOffer{}, err
	}
	q.Draft = normal(q.Draft, a)
	if err := s.checkSubmission(q, a); err != nil {
		return contract.SubmittedOffer{}, err
	}
	owner, err := s.owner(ctx, a, q.Draft)
	if err != nil {
		return contract.SubmittedOffer{}, err
	}
	r := newRecord(q, owner, a, s.now())
	if err := r.submit(newHand(a, s.now()), q.Draft, owner.note); err != nil {
		return contract.SubmittedOffer{}, err
	}
	return s.storeSubmission(ctx, submission{
		key: q.Key, bodyHash: q.BodyHash, record: r, contact: contact.Seal(s.keys, string(q.ID), q.Draft.Contact),
	})
}

func (s *Service) checkSubmission(q contract.SubmitOffer, a contract.Actor) error {
	ref, err := s.reference.Get()
	if err != nil {
		return err
	}
	c := check.New(ref)
	check.ID(c, "id", q.ID)
	if canonical, ok := contract.ParseCode(q.Code); !ok || canonical != q.Code {
		c.Add("code", check.Malformed)
	}
	if err := c.Err(); err != nil {
		return err
	}
	if err := checkDraft(ref, q.Draft, a, s.now()); err != nil {
		return err
	}
	if q.Draft.State == string(Available) {
		if err := access.Require(a, access.OpenAtOnce); err != nil {
			return err
		}
	}
	if q.Draft.Vouched {
		return access.Require(a, access.Vouch)
	}
	return nil
}

// ownership is an organisation's code and path.
type ownership struct {
	code, path string
	note       string // code, for the history: why it is not the nearest one
}

// noteFromBelow tells who takes a submission that their region has nobody nearer.
const noteFromBelow = "region_uncoordinated"

// owner never believes the public which agency fields an offer: that would put
// strangers into the agency's pool.
func (s *Service) owner(ctx context.Context, a contract.Actor, d contract.OfferDraft) (ownership, error) {
	own := ownership{code: path.Base(a.Path), path: a.Path}
	switch {
	case a.Role == contract.RolePublic:
		ref, err := s.reference.Get()
		if err != nil {
			return ownership{}, err
		}
		o := ref.Coordinator(d.RegionCode)
		own = ownership{code: o.Code, path: o.Path}
		if !ref.Coordinated(d.RegionCode) {
			own.note = noteFromBelow
		}
		return own, nil
	case d.Organisation == "" || d.Organisation == own.code:
		return own, nil
	}
	o, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.DirectoryOrganisation,
		contract.OrganisationByCode{Code: d.Organisation})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) || err == nil && (!a.Sees(o.Path) || o.EndedAt != nil) {
		return ownership{}, fault.NewInvalid(fault.Field{Location: "organisation", Code: check.Unknown})
	}
	return ownership{code: o.Code, path: o.Path}, err
}

// newRecord returns the record of a checked draft, before its first move.
func newRecord(q contract.SubmitOffer, owner ownership, a contract.Actor, now time.Time) *record {
	d := q.Draft
	created := q.SubmittedAt.UTC().Truncate(time.Microsecond)
	if created.IsZero() || created.After(now) {
		created = now
	}
	row := offerRow{
		ID: q.ID, Code: q.Code, OrgCode: owner.code, OrgPath: owner.path, Stage: Submitted, CreatedAt: created,
		Title: d.Title, Description: d.Description, Mode: d.Mode, RegionCode: d.RegionCode, RadiusM: d.RadiusM,
		ServiceRegions: notNil(d.ServiceRegions), Languages: notNil(d.Languages), Skills: notNil(d.Skills),
		Safeguards: notNil(d.Safeguards), Credentials: document[credentials]{notNil(d.Credentials)},
		Windows: document[windows]{notNil(d.Windows)}, TimeZone: d.TimeZone, Language: d.Language, ValidUntil: d.ValidUntil,
		Sharing: d.Sharing, ConsentVersion: d.Consent.Version, ConsentPurposes: notNil(d.Consent.Purposes),
		Source: d.Source, SourceID: d.SourceID, SubmittedBy: a.Role, SuspendedBy: []string{},
	}
	if d.HelperID != "" {
		row.HelperID = &d.HelperID
	}
	if d.Point != nil {
		row.Lat, row.Lon = &d.Point.Lat, &d.Point.Lon
	}
	r := &record{row: row, phone: contact.Normal(d.Contact).Phone != ""}
	for i, l := range d.OfferLines {
		r.lines = append(r.lines, lineRow{
			ID: l.ID, OfferID: q.ID, Position: i, Category: l.Category, Item: l.Item, Specification: l.Specification,
			SourceText: l.SourceText, Quantity: l.Capacity.Quantity, Unit: l.Capacity.Unit, Per: l.Capacity.Per,
		})
	}
	return r
}

// submit makes the first move and, where the draft asks to be available, those
// that lead there, each recorded. The agency that the public names is kept in
// the history, for those who vet.
func (r *record) submit(h hand, d contract.OfferDraft, note string) error {
	hint := note
	if h.role == contract.RolePublic && d.Organisation != "" {
		hint = d.Organisation
	}
	if d.Vouched {
		r.vouch(h)
	}
	r.settle(h, moveSubmit, hint)
	if d.Vouched {
		r.verifyPhone(h, "")
	}
	if d.State != string(Available) {
		return nil
	}
	return r.makeAvailable(h)
}

// vouch marks every credential as verified by who enters the offer.
func (r *record) vouch(h hand) {
	for i := range r.row.Credentials.value {
		c := &r.row.Credentials.value[i]
		c.VerifiedAt, c.VerifiedBy = &h.now, cmp.Or(h.actor.Name, h.actor.ID())
	}
}

// storeSubmission stores an offer, or returns the answer to the first one of
// the same key, id or source.
func (s *Service) storeSubmission(ctx context.Context, sub submission) (contract.SubmittedOffer, error) {
	prepared := *sub.record
	command := idempotency.Command{Key: sub.key, BodyHash: sub.bodyHash, Now: s.now()}
	// Who submits was checked before and may see nothing of it afterwards: storing
	// is the service's own work, as the intake of requests is.
	answer, repeated, err := idempotency.Once(ctx, s.worker.db, command, func(tx *sqlx.Tx) (contract.SubmittedOffer, error) {
		fresh := prepared // the transaction may run again
		sub.record = &fresh
		if err := s.assignHelper(ctx, tx, &fresh.row, sub.contact); err != nil {
			return contract.SubmittedOffer{}, err
		}
		if err := s.restLikeOthers(ctx, tx, &fresh, sub.contact.PhoneIndex); err != nil {
			return contract.SubmittedOffer{}, err
		}
		return s.insert(ctx, tx, sub)
	})
	if err != nil {
		return contract.SubmittedOffer{}, err
	}
	answer.Repeated = answer.Repeated || repeated
	s.relay.Wake()
	return answer, nil
}

// insert stores the offer unless its id or source is there. A code that belongs
// to another offer, which happens once in a hundred thousand times, is replaced.
func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, sub submission) (contract.SubmittedOffer, error) {
	for range recodeTries {
		stored, err := s.store.insertOffer(ctx, tx, sub.record, sub.contact)
		if err != nil {
			return contract.SubmittedOffer{}, err
		}
		if stored {
			return sub.record.answer(), nil
		}
		first, err := s.store.selectSubmitted(ctx, tx, sub.record.row)
		if !errors.Is(err, sql.ErrNoRows) {
			first.Repeated = true
			return first, err
		}
		sub.record.row.Code = contract.NewCode()
	}
	return contract.SubmittedOffer{}, fmt.Errorf("find a free code for offer %s", sub.record.row.ID)
}

// answer is what the one who submitted is told.
func (r *record) answer() contract.SubmittedOffer {
	return contract.SubmittedOffer{
		ID: r.row.ID, Code: r.row.Code, State: string(r.row.State), Version: r.row.Version, Generation: r.row.Generation,
		OfferLines: plainLines(r.lines), Credentials: r.row.Credentials.value,
	}
}

// assignHelper settles who helps: the helper that is named, whom the
// organisation must know, else the one with the contact's phone.
func (s *Service) assignHelper(ctx context.Context, tx *sqlx.Tx, row *offerRow, c contact.Row) error {
	if row.HelperID != nil {
		err := s.store.selectHelper(ctx, tx, *row.HelperID, row.OrgPath)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.NewInvalid(fault.Field{Location: "helper_id", Code: check.Unknown})
		}
		return err
	}
	return s.recogniseHelper(ctx, tx, row, c)
}

// recogniseHelper takes the helper of the contact's phone, if it has one.
func (s *Service) recogniseHelper(ctx context.Context, tx *sqlx.Tx, row *offerRow, c contact.Row) error {
	if c.PhoneIndex == nil {
		return nil
	}
	id, err := s.store.upsertHelper(ctx, tx, row.OrgPath, *c.PhoneIndex, s.now())
	if err != nil {
		return err
	}
	row.HelperID = &id
	return nil
}
