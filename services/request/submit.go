package request

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// Submit stores a request under the id and code that web made and returns its
// answer; Invalid lists every wrong field. A repeat under the same key, id or
// source gives the first answer, another body under the key is a Conflict.
//
// A public submission belongs to the organisation that it names, else to the
// one that coordinates its region; one of staff to their own or one below it.
// Staff who ask for the state "open" make each move on the way at once.
func (s *Service) Submit(ctx context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.SubmitRequest); err != nil {
		return contract.SubmittedRequest{}, err
	}
	q.Draft = normal(q.Draft)
	if err := s.checkSubmission(q, a); err != nil {
		return contract.SubmittedRequest{}, err
	}
	owner, err := s.owner(ctx, a, q.Draft)
	if err != nil {
		return contract.SubmittedRequest{}, err
	}
	r := newRecord(q, owner, a, s.now())
	if err := r.submit(newHand(a, s.now()), q.Draft, owner.note); err != nil {
		return contract.SubmittedRequest{}, err
	}
	return s.intake.submit(ctx, &submission{
		key: q.Key, bodyHash: q.BodyHash, record: r, contact: contact.Seal(s.keys, string(q.ID), q.Draft.Contact),
	})
}

func (s *Service) checkSubmission(q contract.SubmitRequest, a contract.Actor) error {
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
	if q.Draft.State == string(Open) {
		return access.Require(a, access.OpenAtOnce)
	}
	return nil
}

// place of ownership: an organisation's code and path.
type ownership struct {
	code, path string
	note       string // code, for the history: why it is not the nearest one
}

// noteFromBelow tells who takes a submission that their region has nobody nearer.
const noteFromBelow = "region_uncoordinated"

func (s *Service) owner(ctx context.Context, a contract.Actor, d contract.RequestDraft) (ownership, error) {
	if d.AtOrganisation != "" {
		o, err := s.organisation(ctx, d.AtOrganisation, "at_organisation")
		if err != nil {
			return ownership{}, err
		}
		if a.Staff() && !a.Sees(o.Path) {
			return ownership{}, fault.NewInvalid(fault.Field{Location: "at_organisation", Code: check.Unknown})
		}
		return ownership{code: o.Code, path: o.Path}, nil
	}
	if a.Staff() {
		return ownership{code: path.Base(a.Path), path: a.Path}, nil
	}
	ref, err := s.reference.Get()
	if err != nil {
		return ownership{}, err
	}
	o := ref.Coordinator(d.RegionCode)
	own := ownership{code: o.Code, path: o.Path}
	if !ref.Coordinated(d.RegionCode) {
		own.note = noteFromBelow
	}
	return own, nil
}

// newRecord returns the record of a checked draft, before its first move.
func newRecord(q contract.SubmitRequest, owner ownership, a contract.Actor, now time.Time) *record {
	d := q.Draft
	created := q.SubmittedAt.UTC().Truncate(time.Microsecond)
	if created.IsZero() || created.After(now) {
		created = now
	}
	row := requestRow{
		ID: q.ID, Code: q.Code, OrgCode: owner.code, OrgPath: owner.path, Stage: Submitted, CreatedAt: created,
		Title: d.Title, Description: d.Description, Urgency: d.Urgency, Mode: d.Mode,
		RegionCode: d.RegionCode, Languages: notNil(d.Languages), Skills: notNil(d.Skills),
		Safeguards: notNil(d.Safeguards), Windows: document[windows]{notNil(d.Windows)}, NeededBy: d.NeededBy,
		Vulnerability: notNil(d.Vulnerability), AtOrganisation: d.AtOrganisation, Campaign: d.Campaign,
		Incident: d.Incident, TimeZone: d.TimeZone, Language: d.Language, OnBehalfOf: d.OnBehalfOf, Sharing: d.Sharing,
		ConsentVersion: d.Consent.Version, ConsentPurposes: notNil(d.Consent.Purposes),
		ConsentEmergency: d.Consent.Emergency, ConsentGuardian: d.Consent.Guardian,
		Source: d.Source, SourceID: d.SourceID, SourcePath: owner.path, SubmittedBy: a.Role,
	}
	if d.Point != nil {
		row.Lat, row.Lon = &d.Point.Lat, &d.Point.Lon
	}
	r := &record{row: row}
	r.row.Facets = facets(facetLanguage, d.Languages...)
	for i, l := range d.NeedLines {
		r.lines = append(r.lines, lineRow{
			ID: l.ID, RequestID: q.ID, Position: i, Category: l.Category, Item: l.Item, Specification: l.Specification,
			SourceText: l.SourceText, Quantity: l.Quantity, Unit: l.Unit,
		})
		r.row.Facets = append(r.row.Facets, facets(facetCategory, l.Category)...)
	}
	slices.Sort(r.row.Facets)
	r.row.Facets = slices.Compact(r.row.Facets)
	r.rank()
	return r
}

// submit makes the first move and, where the draft asks to be open, those that
// lead there, each recorded. Staff who enter a phone vouch for it.
func (r *record) submit(h hand, d contract.RequestDraft, note string) error {
	r.settle(h, moveSubmit, note)
	if d.State != string(Open) {
		return nil
	}
	if err := r.move(h, moveTriage, ""); err != nil {
		return err
	}
	if d.Contact.Phone != "" && access.May(h.role, access.VerifyPhone) {
		r.row.PhoneVerified = true
		r.settle(h, moveVerifyPhone, "")
	}
	return r.move(h, moveOpen, "")
}

// refer hands the request to another organisation.
func (r *record) refer(h hand, to contract.Organisation, reason string) error {
	if to.Path == r.row.OrgPath {
		return fault.NewConflict("same_organisation", "the request belongs to that organisation already")
	}
	from, formerPath := r.row.OrgCode, r.row.OrgPath
	r.row.OrgCode, r.row.OrgPath, r.handedOver = to.Code, to.Path, true
	r.unclaim()
	if err := r.move(h, moveRefer, reason); err != nil {
		return err
	}
	last := &r.history[len(r.history)-1]
	last.ReferredFrom, last.ReferredTo = from, to.Code
	// The former owner hears of the referral itself, and of nothing after it.
	fact := &r.events[len(r.events)-1]
	fact.Paths = append(fact.Paths, formerPath)
	return nil
}

// correct takes over what the correction names.
func (r *record) correct(q contract.CorrectRequest) {
	if q.Title != nil {
		r.row.Title = strings.TrimSpace(*q.Title)
	}
	if q.Description != nil {
		r.row.Description = strings.TrimSpace(*q.Description)
	}
	if q.Urgency != nil {
		r.row.Urgency = *q.Urgency
	}
	r.rank()
}
