package offer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/publication"
	"heli/pkg/reference"
)

// Get returns an offer with its history, and for staff its notes; the contact
// is masked. Staff of other organisations who may suggest get one that is
// available to the network, without contact and history.
func (s *Service) Get(ctx context.Context, q contract.GetByID) (contract.Offer, error) {
	if !contract.ValidID(q.ID) {
		return contract.Offer{}, errUnknown
	}
	row, err := s.store.selectOffer(ctx, s.store.db, contract.OfferID(q.ID))
	if err != nil {
		return contract.Offer{}, pg.MapContext(ctx, missing(err))
	}
	rows := []fullRow{row}
	if err := s.reserveByPeriod(ctx, rows); err != nil {
		return contract.Offer{}, err
	}
	a := contract.ActorFrom(ctx)
	switch {
	case sees(a, row.offerRow):
		return s.whole(ctx, a, rows[0])
	case foreignSight(a, row.offerRow):
		return foreignView(rows[0]), nil
	default:
		return contract.Offer{}, errUnknown
	}
}

func (s *Service) whole(ctx context.Context, a contract.Actor, row fullRow) (contract.Offer, error) {
	view, err := s.view(a, row)
	if err != nil {
		return view, err
	}
	history, err := s.store.selectHistory(ctx, row.ID)
	if err != nil {
		return view, pg.MapContext(ctx, err)
	}
	view.History = historyView(a, history)
	if !a.Staff() {
		return view, nil
	}
	if view.Published, err = publication.Get(ctx, s.store.db, contract.ThingOffer, string(row.ID)); err != nil {
		return view, pg.MapContext(ctx, err)
	}
	if view.Notes, err = s.store.selectNotes(ctx, row.ID); err != nil {
		return view, pg.MapContext(ctx, err)
	}
	return view, nil
}

// Find returns the id behind a code, for the form that then takes the PIN.
func (s *Service) Find(ctx context.Context, q contract.FindByCode) (contract.Found, error) {
	code, ok := contract.ParseCode(q.Code)
	if !ok {
		return contract.Found{}, errUnknown
	}
	found, err := s.worker.selectCode(ctx, code) // by the public, who see nothing yet
	if err != nil {
		return contract.Found{}, pg.MapContext(ctx, missing(err))
	}
	return found, nil
}

// List returns a page of the offers that staff see, newest first, contacts
// masked.
func (s *Service) List(ctx context.Context, q contract.ListOffers) (contract.Listing[contract.Offer], error) {
	listing := contract.Listing[contract.Offer]{Items: []contract.Offer{}}
	a := contract.ActorFrom(ctx)
	f, err := s.filter(a, q)
	if err != nil {
		return listing, err
	}
	rows, err := s.store.listOffers(ctx, f)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	if len(rows) > f.limit {
		rows = rows[:f.limit]
		last := rows[f.limit-1]
		listing.NextCursor = cursor.Encode(place{CreatedAt: last.CreatedAt, ID: string(last.ID)})
	}
	if err := s.reserveByPeriod(ctx, rows); err != nil {
		return listing, err
	}
	for _, row := range rows {
		view, err := s.view(a, row)
		if err != nil {
			return listing, err
		}
		listing.Items = append(listing.Items, view)
	}
	return listing, nil
}

// reserveByPeriod puts what is reserved in the current period in the place of
// the sum over all, for lines whose capacity renews.
func (s *Service) reserveByPeriod(ctx context.Context, rows []fullRow) error {
	var spans []span
	for _, row := range rows {
		spans = append(spans, row.spans(s.now())...)
	}
	if len(spans) == 0 {
		return nil
	}
	held, err := s.store.selectReserved(ctx, spans)
	if err != nil {
		return pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		for i, l := range row.Lines.value {
			if l.Per != contract.PerTotal {
				row.Lines.value[i].Reserved = held[l.ID]
			}
		}
	}
	return nil
}

// filter turns a question into what the store lists, within the actor's sight.
func (s *Service) filter(a contract.Actor, q contract.ListOffers) (listFilter, error) {
	f := listFilter{path: a.Sight(), states: q.States, organisation: q.Organisation, source: q.Source}
	if err := requireSight(a); err != nil {
		return f, err
	}
	ref, err := s.reference.Get()
	if err != nil {
		return f, err
	}
	if err := checkFilter(ref, q); err != nil {
		return f, err
	}
	if f.limit, err = cursor.Limit(q.Limit); err != nil {
		return f, err
	}
	var after place
	more, err := cursor.Decode(q.Cursor, &after)
	if err != nil {
		return f, err
	}
	if more {
		if !contract.ValidID(after.ID) {
			return f, fault.NewInvalid(fault.Field{Location: "cursor", Code: check.Malformed})
		}
		f.after = &after
	}
	f.categories, f.regions = below(ref, q)
	if q.Queue == contract.QueueEnding {
		f.endingBefore = new(s.now().Add(credentialAhead))
	}
	f.text = strings.TrimSpace(q.Text)
	f.code, _ = contract.ParseCode(f.text)
	f.includeEnded = q.IncludeEnded || slices.ContainsFunc(q.States, func(state string) bool {
		return slices.Contains(ends, Stage(state))
	})
	return f, nil
}

func checkFilter(ref *reference.Snapshot, q contract.ListOffers) error {
	c := check.New(ref)
	check.EachOf(c, "states", q.States, States())
	if c.Size("categories", len(q.Categories), 0, maxLines) {
		for i, code := range q.Categories {
			c.Category(check.At("categories", i, ""), code)
		}
	}
	if q.RegionCode != "" {
		c.Region("region_code", q.RegionCode)
	}
	c.Text("text", q.Text, 0, maxTitle)
	if q.Queue != "" {
		check.OneOf(c, "queue", q.Queue, []string{contract.QueueEnding})
	}
	c.Token("source", q.Source)
	c.Token("organisation", q.Organisation)
	return c.Err()
}

// below widens categories and the region to what lies below them.
func below(ref *reference.Snapshot, q contract.ListOffers) (categories, regions []string) {
	if len(q.Categories) > 0 {
		for _, c := range ref.Categories() {
			if slices.ContainsFunc(q.Categories, func(asked string) bool { return ref.Covers(asked, c.Code) }) {
				categories = append(categories, c.Code)
			}
		}
	}
	if q.RegionCode != "" {
		for _, r := range ref.Regions() {
			if ref.Within(r.Code, q.RegionCode) {
				regions = append(regions, r.Code)
			}
		}
	}
	return categories, regions
}

// requireSight lets staff and the system through, whose sight is a path.
func requireSight(a contract.Actor) error {
	if a.Sight() == "" {
		return fault.NewForbidden(string(access.ReadOffers))
	}
	return access.Require(a, access.ReadOffers)
}

// Count returns how many offers staff see, by shown state.
func (s *Service) Count(ctx context.Context, _ contract.Empty) (contract.Counts, error) {
	a := contract.ActorFrom(ctx)
	if err := requireSight(a); err != nil {
		return contract.Counts{}, err
	}
	counts, err := s.store.countOffers(ctx, a.Sight())
	if err != nil {
		return contract.Counts{}, pg.MapContext(ctx, err)
	}
	ending, err := s.store.countEnding(ctx, a.Sight(), s.now().Add(credentialAhead))
	if err != nil {
		return contract.Counts{}, pg.MapContext(ctx, err)
	}
	return contract.Counts{ByState: counts, Queues: map[string]int64{contract.QueueEnding: ending}}, nil
}

// Contact returns a contact in clear, once the directory has kept who read it
// and why: without its acknowledgement there is no reading.
//
// Staff need a reason; who offers reads their own; a requester that of an offer
// with which their request has a match whose contact was released.
func (s *Service) Contact(ctx context.Context, q contract.ContactReading) (contract.Contact, error) {
	a := contract.ActorFrom(ctx)
	if !contract.ValidID(q.ID) {
		return contract.Contact{}, errUnknown
	}
	row, err := s.store.selectOffer(ctx, s.store.db, contract.OfferID(q.ID))
	if err != nil {
		return contract.Contact{}, pg.MapContext(ctx, missing(err))
	}
	if err := s.mayReadContact(ctx, a, row, q.Reason); err != nil {
		return contract.Contact{}, err
	}
	entry := contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActReadOfferContact, SubjectID: q.ID, Path: row.OrgPath, Reason: q.Reason,
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return contract.Contact{}, fmt.Errorf("record reading of a contact: %w", err)
	}
	return contact.Open(s.keys, q.ID, row.Contact)
}

func (s *Service) mayReadContact(ctx context.Context, a contract.Actor, row fullRow, reason string) error {
	switch {
	case a.Role == contract.RoleRequester:
		return s.released(ctx, a, row)
	case !sees(a, row.offerRow):
		return errUnknown
	case a.Role == contract.RoleOfferer:
		return nil
	}
	if err := access.Require(a, access.ReadContact); err != nil {
		return err
	}
	c := check.New(nil)
	c.Text("reason", reason, 1, maxTitle)
	return c.Err()
}

// released lets a requester through who has a match at or after the release of
// the contact, and only to a phone that was verified: a false one would send
// the requester to a stranger.
func (s *Service) released(ctx context.Context, a contract.Actor, row fullRow) error {
	if !contract.ValidID(a.Subject) {
		return errUnknown
	}
	matches, err := s.store.selectReleases(ctx, contract.RequestID(a.Subject), row.ID)
	if err != nil {
		return pg.MapContext(ctx, err)
	}
	matches = slices.DeleteFunc(matches, func(m matchRow) bool { return !Released(m.Released, m.State) })
	if len(matches) == 0 {
		return errUnknown
	}
	over := func(m matchRow) bool {
		return m.State == matchConfirmed && s.now().After(m.StateAt.Add(contract.ReleasedFor))
	}
	if !slices.ContainsFunc(matches, func(m matchRow) bool { return !over(m) }) {
		return fault.NewConflict("release_ended", "the contact was released for a time that is over")
	}
	if !row.consent().Allows(contract.PurposeContact) {
		return errNoConsent
	}
	if row.Contact.Phone != nil && !row.PhoneVerified {
		return errPhoneUnverified
	}
	return nil
}
