package offer

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/pg"
	"heli/pkg/reference"
)

// A session holds no more than this, whoever confirms it.
const (
	mostMinutes = 7 * 24 * 60
	mostPeople  = 1_000_000
	mostHelpers = 10_000
	maxRecorder = 200
)

// Beyond these a session is more likely a slip of the pen: whoever enters it is
// asked, and what they confirm is marked.
const (
	usualMinutes = 12 * 60
	usualPeople  = 1000
	usualAlone   = 5 // people in a session that is no group's
	usualAge     = 400 * 24 * time.Hour
)

// codeUnusual asks whether an unusual value is right: a key below "invalid." in
// the catalogues.
const codeUnusual = "unusual"

// codeFuture says that a session lies too far ahead to be more than a slip.
const codeFuture = "in_the_future"

// farthestSession is how far ahead a session may be entered. It counts from its day
// on.
const farthestSession = 366 * 24 * time.Hour

// easternmost is how far ahead of UTC a clock may be.
const easternmost = 14 * time.Hour

// codeNumber says that a value is no number from 1 to a limit.
const codeNumber = "number"

var errNoSession = fault.NewNotFound("session")

// RecordSession stores a session of the actor's organisation or of one below it.
// What is unusual is Invalid with the code "unusual" until it is confirmed; then
// the session is marked. A repeat with the same id or source changes nothing, and a
// try stores nothing.
func (s *Service) RecordSession(ctx context.Context, q contract.RecordSession) (contract.ServiceSession, error) {
	a, d := contract.ActorFrom(ctx), q.Draft
	d.Helpers = max(d.Helpers, 1)
	ref, err := s.reference.Get()
	if err != nil {
		return contract.ServiceSession{}, err
	}
	if err := checkSession(ref, d, s.now()); err != nil {
		return contract.ServiceSession{}, err
	}
	flags := unusual(d, s.now())
	if len(flags) > 0 && !d.Confirmed {
		return contract.ServiceSession{}, fault.NewInvalid(flags...)
	}
	owner, err := s.owner(ctx, a, contract.OfferDraft{Organisation: d.Organisation})
	if err != nil {
		return contract.ServiceSession{}, err
	}
	row := newSession(d, owner, flags, a, s.now())
	if q.Try {
		return row.view(), nil
	}
	return s.storeSession(ctx, q, row)
}

// storeSession stores a session, or returns that of the same key, id or source.
func (s *Service) storeSession(ctx context.Context, q contract.RecordSession, row sessionRow) (contract.ServiceSession, error) {
	command := idempotency.Command{Key: q.Key, BodyHash: q.BodyHash, Now: s.now()}
	answer, repeated, err := idempotency.Once(ctx, s.store.db, command, func(tx *sqlx.Tx) (contract.ServiceSession, error) {
		return s.insertSession(ctx, tx, row)
	})
	answer.Repeated = answer.Repeated || repeated
	return answer, err
}

func (s *Service) insertSession(ctx context.Context, tx *sqlx.Tx, row sessionRow) (contract.ServiceSession, error) {
	stored, err := s.store.insertSession(ctx, tx, row)
	if err != nil || stored {
		return row.view(), err
	}
	first, err := s.store.selectRecorded(ctx, tx, row)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.ServiceSession{}, fault.NewConflict("id_taken", "this id is taken by another session")
	}
	view := first.view()
	view.Repeated = true
	return view, err
}

// checkSession returns an Invalid fault with every field that cannot be.
func checkSession(ref *reference.Snapshot, d contract.SessionDraft, now time.Time) error {
	c := check.New(ref)
	check.ID(c, "id", d.ID)
	if day, err := time.Parse(time.DateOnly, d.HeldOn); err != nil {
		c.Add("held_on", check.Malformed)
	} else if day.Sub(now) > farthestSession {
		c.Add("held_on", codeFuture)
	}
	for _, n := range []struct {
		location    string
		value, most int64
	}{{"minutes", d.Minutes, mostMinutes}, {"people", d.People, mostPeople}, {"helpers", d.Helpers, mostHelpers}} {
		if n.value < 1 || n.value > n.most {
			c.Add(n.location, codeNumber, "max", n.most)
		}
	}
	check.OneOf(c, "mode", d.Mode, []contract.Mode{contract.ModeRemote, contract.ModeOnsite})
	c.Category("category", d.Category)
	if d.RegionCode != "" {
		c.Region("region_code", d.RegionCode)
	}
	if d.MatchID != "" {
		check.ID(c, "match_id", d.MatchID)
	}
	c.Token("campaign", d.Campaign)
	c.Token("source", d.Source)
	c.Token("source_id", d.SourceID)
	return c.Err()
}

// latestDay is the last day that has begun somewhere: in the east, where a session of
// today is not in the future.
func latestDay(now time.Time) string { return now.Add(easternmost).Format(time.DateOnly) }

// unusual returns the fields whose values are possible but seldom meant.
func unusual(d contract.SessionDraft, now time.Time) []fault.Field {
	day, err := time.Parse(time.DateOnly, d.HeldOn)
	if err != nil {
		return nil // refused before
	}
	var fields []fault.Field
	for _, one := range []struct {
		location string
		so       bool
	}{
		{"held_on", now.Sub(day) > usualAge || d.HeldOn > latestDay(now)},
		{"minutes", d.Minutes > usualMinutes},
		{"people", d.People > usualPeople || !d.Group && d.People > usualAlone},
	} {
		if one.so {
			fields = append(fields, fault.Field{Location: one.location, Code: codeUnusual})
		}
	}
	return fields
}

func newSession(d contract.SessionDraft, owner ownership, flags []fault.Field, a contract.Actor, now time.Time) sessionRow {
	row := sessionRow{
		ID: d.ID, OrgCode: owner.code, OrgPath: owner.path, HeldOn: d.HeldOn, Minutes: d.Minutes, People: d.People,
		Helpers: d.Helpers, Mode: d.Mode, Group: d.Group, Category: d.Category, RegionCode: d.RegionCode, Campaign: d.Campaign,
		Source: d.Source, SourceID: d.SourceID, Flags: []string{}, RecordedBy: a.Name, RecordedAt: now,
	}
	if len(row.RecordedBy) > maxRecorder || row.RecordedBy == "" {
		row.RecordedBy = a.ID()
	}
	if d.MatchID != "" {
		row.MatchID = &d.MatchID
	}
	for _, f := range flags {
		row.Flags = append(row.Flags, f.Location)
	}
	return row
}

// sessionPlace is where a page of sessions ended.
type sessionPlace struct {
	HeldOn string             `json:"d"`
	ID     contract.SessionID `json:"i"`
}

// Sessions returns a page of sessions, the latest first.
func (s *Service) Sessions(ctx context.Context, q contract.ListSessions) (contract.Listing[contract.ServiceSession], error) {
	listing := contract.Listing[contract.ServiceSession]{Items: []contract.ServiceSession{}}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return listing, err
	}
	var after sessionPlace
	if found, err := cursor.Decode(q.Cursor, &after); err != nil || found && !contract.ValidID(after.ID) {
		return listing, errors.Join(err, fault.NewInvalid(fault.Field{Location: "cursor", Code: check.Malformed}))
	}
	f, err := s.sessionFilter(ctx, q.SessionFilter)
	if err != nil {
		return listing, err
	}
	rows, err := s.store.listSessions(ctx, f, after, limit+1)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		listing.NextCursor = cursor.Encode(sessionPlace{rows[limit-1].HeldOn, rows[limit-1].ID})
	}
	for _, row := range rows {
		listing.Items = append(listing.Items, row.view())
	}
	return listing, nil
}

// SessionTotals sums the sessions that count: not those taken back, nor those whose
// day is still to come.
func (s *Service) SessionTotals(ctx context.Context, q contract.AskSessionTotals) (contract.SessionTotals, error) {
	if q.By == "" {
		q.By = contract.ByCategory
	}
	totals := contract.SessionTotals{By: q.By, Items: []contract.SessionTotal{}}
	if !slices.Contains(contract.SessionGroupings(), q.By) {
		return totals, fault.NewInvalid(fault.Field{Location: "by", Code: check.Unknown})
	}
	f, err := s.sessionFilter(ctx, q.SessionFilter)
	if err != nil {
		return totals, err
	}
	rows, err := s.store.sumSessions(ctx, f, q.By, latestDay(s.now()))
	if err != nil {
		return totals, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		t := &totals.Total
		t.Sessions, t.PersonTimes, t.Minutes, t.Helpers = t.Sessions+row.Sessions, t.PersonTimes+row.PersonTimes, t.Minutes+row.Minutes, t.Helpers+row.Helpers
	}
	totals.Items = append(totals.Items, rows...)
	return totals, nil
}

// sessionFilter reads a filter; an organisation that is not at or below the
// actor's is unknown.
func (s *Service) sessionFilter(ctx context.Context, q contract.SessionFilter) (sessionFilter, error) {
	a := contract.ActorFrom(ctx)
	ref, err := s.reference.Get()
	if err != nil {
		return sessionFilter{}, err
	}
	c := check.New(ref)
	for _, day := range []struct{ location, text string }{{"from", q.From}, {"to", q.To}} {
		if _, err := time.Parse(time.DateOnly, day.text); day.text != "" && err != nil {
			c.Add(day.location, check.Malformed)
		}
	}
	if q.RegionCode != "" {
		c.Region("region_code", q.RegionCode)
	}
	if err := c.Err(); err != nil {
		return sessionFilter{}, err
	}
	f := sessionFilter{path: a.Path, category: q.Category, campaign: q.Campaign, from: q.From, to: q.To}
	if a.Role == contract.RoleSystem {
		f.path = contract.RootPath
	}
	if q.Organisation != "" {
		o, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.DirectoryOrganisation,
			contract.OrganisationByCode{Code: q.Organisation})
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) || err == nil && !a.Sees(o.Path) {
			return f, fault.NewInvalid(fault.Field{Location: "organisation", Code: check.Unknown})
		}
		if err != nil {
			return f, err
		}
		f.path = o.Path
	}
	if q.RegionCode != "" {
		f.regions = []string{}
		for _, r := range ref.Regions() {
			if ref.Within(r.Code, q.RegionCode) {
				f.regions = append(f.regions, r.Code)
			}
		}
	}
	return f, nil
}

// VoidSession takes a session out of the counts and keeps it with the reason.
// Repeating it keeps the first reason. To take one back that has a roster, or that
// went for another reason, is a Conflict.
func (s *Service) VoidSession(ctx context.Context, q contract.VoidSession) (contract.ServiceSession, error) {
	c := check.New(nil)
	reason := strings.TrimSpace(q.Reason)
	c.Text("reason", reason, 1, maxReason)
	if err := c.Err(); err != nil {
		return contract.ServiceSession{}, err
	}
	if !contract.ValidID(q.ID) {
		return contract.ServiceSession{}, errNoSession
	}
	var row sessionRow
	err := s.store.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		if row, err = s.store.lockSession(ctx, tx, q.ID); err != nil {
			return err
		}
		if q.TakeBack && (row.Roster > 0 || row.VoidReason != nil && *row.VoidReason != reason) {
			return fault.NewConflict("session_touched", "somebody has worked on the session since")
		}
		if row, err = s.store.voidSession(ctx, tx, q.ID, reason, q.TakeBack); err != nil {
			return err
		}
		row.Roster = 0 // nobody is to be known of who was not there
		return s.store.dropRoster(ctx, tx, q.ID)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return contract.ServiceSession{}, errNoSession
	}
	return row.view(), pg.MapContext(ctx, err)
}
