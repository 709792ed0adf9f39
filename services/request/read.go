package request

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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

// Get returns a request with its history, and for staff its notes; the contact
// is masked. Staff of other organisations who may suggest get one that is
// shared with the network, without contact, text and history.
func (s *Service) Get(ctx context.Context, q contract.GetByID) (contract.Request, error) {
	if !contract.ValidID(q.ID) {
		return contract.Request{}, errUnknown
	}
	row, err := s.store.selectRequest(ctx, s.store.db, contract.RequestID(q.ID))
	if err != nil {
		return contract.Request{}, pg.MapContext(ctx, missing(err))
	}
	a := contract.ActorFrom(ctx)
	switch {
	case sees(a, row.requestRow):
		return s.whole(ctx, a, row)
	case foreignSight(a, row.requestRow):
		return foreignView(row), nil
	default:
		return contract.Request{}, errUnknown
	}
}

func (s *Service) whole(ctx context.Context, a contract.Actor, row fullRow) (contract.Request, error) {
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
	if view.Published, err = publication.Get(ctx, s.store.db, contract.ThingRequest, string(row.ID)); err != nil {
		return view, pg.MapContext(ctx, err)
	}
	if view.Notes, err = s.store.selectNotes(ctx, row.ID); err != nil {
		return view, pg.MapContext(ctx, err)
	}
	view.Attachments, err = s.attachments(ctx, row.ID)
	return view, err
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

// List returns a page of the requests that staff see, most urgent first, then
// longest waiting, contacts masked.
func (s *Service) List(ctx context.Context, q contract.ListRequests) (contract.Listing[contract.Request], error) {
	listing := contract.Listing[contract.Request]{Items: []contract.Request{}}
	a := contract.ActorFrom(ctx)
	f, err := s.filter(a, q)
	if err != nil {
		return listing, err
	}
	if err := s.within(ctx, &f, q.Organisation); err != nil {
		return listing, err
	}
	rows, err := s.store.listRequests(ctx, f)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	if len(rows) > f.limit {
		rows = rows[:f.limit]
		last := rows[f.limit-1]
		listing.NextCursor = cursor.Encode(place{Rank: last.UrgencyRank, CreatedAt: last.CreatedAt, ID: string(last.ID)})
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

// filter turns a question into what the store lists, within the actor's sight.
func (s *Service) filter(a contract.Actor, q contract.ListRequests) (listFilter, error) {
	f := listFilter{
		path: a.Sight(), states: q.States, campaign: q.Campaign, source: q.Source, language: q.Language, claimedBy: q.ClaimedBy,
		text: strings.TrimSpace(q.Text), updatedAfter: moment(q.UpdatedAfter), createdAfter: moment(q.CreatedAfter),
		createdBefore: moment(q.CreatedBefore),
	}
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
	switch q.Queue {
	case contract.QueueDue:
		f.due = moment(s.now())
	case contract.QueueAwaiting:
		f.awaiting = true
	case contract.QueueStuck:
		f.late = moment(s.now())
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
	for _, u := range q.Urgencies {
		f.urgencies = append(f.urgencies, int64(rankOf(u)))
		if u == contract.Critical { // who may be in danger is
			f.urgencies = append(f.urgencies, riskRank)
		}
	}
	f.categories, f.regions = below(ref, q)
	f.code, _ = contract.ParseCode(f.text)
	f.includeClosed = q.Queue == "" && (q.IncludeClosed || slices.ContainsFunc(q.States, func(state string) bool {
		return state == string(Closed) || state == string(Confirmed)
	}))
	return f, nil
}

// moment is nil for no time.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// within narrows the actor's sight to an organisation and what lies below it;
// one out of sight has nothing to show, whether it is there or not.
func (s *Service) within(ctx context.Context, f *listFilter, code string) error {
	if code == "" {
		return nil
	}
	o, err := s.organisation(ctx, code, "organisation")
	switch {
	case fault.Is(err, fault.Invalid):
		f.path = nowhere
	case err != nil:
		return err
	case strings.HasPrefix(o.Path, f.path):
		f.path = o.Path
	case !strings.HasPrefix(f.path, o.Path):
		f.path = nowhere
	}
	return nil
}

// nowhere is a path that no organisation has.
const nowhere = "-/"

func checkFilter(ref *reference.Snapshot, q contract.ListRequests) error {
	c := check.New(ref)
	check.EachOf(c, "urgencies", q.Urgencies, contract.Urgencies())
	check.EachOf(c, "states", q.States, States())
	c.Size("categories", len(q.Categories), 0, maxLines)
	for i, code := range q.Categories {
		c.Category(check.At("categories", i, ""), code)
	}
	if q.RegionCode != "" {
		c.Region("region_code", q.RegionCode)
	}
	c.Text("text", q.Text, 0, maxTitle)
	c.Token("campaign", q.Campaign)
	c.Token("source", q.Source)
	c.Token("organisation", q.Organisation)
	if q.Queue != "" {
		check.OneOf(c, "queue", q.Queue, contract.RequestQueues())
	}
	if q.Language != "" {
		c.Language("language", q.Language)
	}
	if q.ClaimedBy != nil && *q.ClaimedBy != "" {
		check.ID(c, "claimed_by", *q.ClaimedBy)
	}
	return c.Err()
}

// below widens categories and the region to what lies below them.
func below(ref *reference.Snapshot, q contract.ListRequests) (categories, regions []string) {
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
		return fault.NewForbidden(string(access.ReadRequests))
	}
	return access.Require(a, access.ReadRequests)
}

// Count returns how many requests staff see, by shown state, and how many of them
// are in each queue now.
func (s *Service) Count(ctx context.Context, _ contract.Empty) (contract.Counts, error) {
	a := contract.ActorFrom(ctx)
	if err := requireSight(a); err != nil {
		return contract.Counts{}, err
	}
	counts, awaiting, err := s.store.countRequests(ctx, a.Sight())
	if err != nil {
		return contract.Counts{}, pg.MapContext(ctx, err)
	}
	due, err := s.store.countDue(ctx, a.Sight(), s.now())
	if err != nil {
		return contract.Counts{}, pg.MapContext(ctx, err)
	}
	stuck, err := s.store.countStuck(ctx, a.Sight(), s.now())
	if err != nil {
		return contract.Counts{}, pg.MapContext(ctx, err)
	}
	return contract.Counts{ByState: counts, Queues: map[string]int64{
		contract.QueueDue: due, contract.QueueAwaiting: awaiting, contract.QueueStuck: stuck,
	}}, nil
}

// Contact returns a contact in clear, once the directory has kept who read it
// and why: without its acknowledgement there is no reading.
//
// Staff need a reason; a requester reads their own; a helper that of a match
// whose contact was released.
func (s *Service) Contact(ctx context.Context, q contract.ContactReading) (contract.Contact, error) {
	a := contract.ActorFrom(ctx)
	if !contract.ValidID(q.ID) {
		return contract.Contact{}, errUnknown
	}
	row, err := s.store.selectRequest(ctx, s.store.db, contract.RequestID(q.ID))
	if err != nil {
		return contract.Contact{}, pg.MapContext(ctx, missing(err))
	}
	if err := s.mayReadContact(ctx, a, row, q.Reason); err != nil {
		return contract.Contact{}, err
	}
	entry := contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActReadRequestContact, SubjectID: q.ID, Path: row.OrgPath, Reason: q.Reason,
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return contract.Contact{}, fmt.Errorf("record reading of a contact: %w", err)
	}
	clear, err := contact.Open(s.keys, q.ID, row.Contact)
	if a.Role == contract.RoleAnswerer {
		clear.Guardian = "" // a helper has no need to know
	}
	return clear, err
}

func (s *Service) mayReadContact(ctx context.Context, a contract.Actor, row fullRow, reason string) error {
	switch {
	case a.Role == contract.RoleAnswerer:
		return s.released(ctx, a, row)
	case !sees(a, row.requestRow):
		return errUnknown
	case a.Role == contract.RoleRequester:
		return nil
	}
	if err := access.Require(a, access.ReadContact); err != nil {
		return err
	}
	c := check.New(nil)
	c.Text("reason", reason, 1, maxTitle)
	return c.Err()
}

// released lets a helper through whose match is at or after the release of the
// contact, and only to a phone that was verified: a false one would send the
// helper to a stranger.
func (s *Service) released(ctx context.Context, a contract.Actor, row fullRow) error {
	if !contract.ValidID(a.Subject) {
		return errUnknown
	}
	m, err := s.store.selectRelease(ctx, contract.MatchID(a.Subject), row.ID)
	if err != nil {
		return pg.MapContext(ctx, missing(err))
	}
	// In a dispute somebody looks at it who stands between the two.
	after := []string{matchContactReleased, matchInProgress, matchReportedDone, matchConfirmed}
	if !m.Released || !slices.Contains(after, m.State) {
		return errUnknown
	}
	if m.State == matchConfirmed && s.now().After(m.StateAt.Add(contract.ReleasedFor)) {
		return fault.NewConflict("release_ended", "the contact was released for a time that is over")
	}
	if !row.consent().Allows(contract.PurposeContact) {
		return errNoConsent
	}
	if row.Contact.Phone != nil && !row.PhoneVerified {
		return fault.NewConflict("phone_unverified", "the phone has not been verified yet")
	}
	return nil
}
