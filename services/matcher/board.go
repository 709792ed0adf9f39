package matcher

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	fastjson "github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"heli/pkg/contract"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// board is what one instance holds in memory: the index of lines, and what is
// not in it of the requests and offers that they belong to. It is a copy of the
// tables and may lag behind them; reservations are guarded there.
type board struct {
	index *index.Fast

	mu       sync.RWMutex
	requests map[contract.RequestID]contract.ProjectedRequest // without words and windows
	excluded map[contract.RequestID]map[pair]bool             // declined, or matched now; of those that have any
	offers   map[uuid.UUID]heldOffer
	apart    atomic.Pointer[apart]
	zones    sync.Map      // name → *time.Location: one for each name, since reading one takes long
	changed  chan struct{} // closed and replaced whenever something arrives
}

// heldOffer is what its lines in the index do not say of an offer. There are
// millions: all else is there, packed.
type heldOffer struct {
	version       int64
	phoneVerified bool
	lines         []uuid.UUID
}

func newBoard(i *index.Fast) *board {
	b := &board{
		index: i, requests: map[contract.RequestID]contract.ProjectedRequest{}, excluded: map[contract.RequestID]map[pair]bool{},
		offers: map[uuid.UUID]heldOffer{}, changed: make(chan struct{}),
	}
	b.apart.Store(newApart(nil))
	return b
}

func (b *board) request(id contract.RequestID) (contract.ProjectedRequest, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r, ok := b.requests[id]
	return r, ok
}

// excludedOf returns the pairs of a request that must not be suggested. The caller
// must not change them.
func (b *board) excludedOf(id contract.RequestID) map[pair]bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.excluded[id]
}

func (b *board) offer(id contract.OfferID) (heldOffer, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, ok := b.offers[binary(id)]
	return o, ok
}

// linesOf returns the lines of an offer; none for an unknown one.
func (b *board) linesOf(id contract.OfferID) []rank.Offer {
	held, _ := b.offer(id)
	var lines []rank.Offer
	for _, line := range held.lines {
		if o, ok := b.index.Offer(contract.OfferLineID(line.String())); ok {
			lines = append(lines, o)
		}
	}
	return lines
}

// binary returns an id as the tables have it, in less than half the room; all
// zeros for what is no id.
func binary[ID ~string](id ID) uuid.UUID {
	if !contract.ValidID(id) {
		return uuid.Nil
	}
	return uuid.MustParse(string(id))
}

// requestVersion returns the version held of a request; 0 for an unknown one.
func (b *board) requestVersion(id contract.RequestID) int64 {
	r, _ := b.request(id)
	return r.Version
}

// offerVersion returns the version held of an offer; 0 for an unknown one.
func (b *board) offerVersion(id contract.OfferID) int64 {
	o, _ := b.offer(id)
	return o.version
}

// arrival returns a channel that closes when the board next changes.
func (b *board) arrival() <-chan struct{} {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.changed
}

func (b *board) announce() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.changed)
	b.changed = make(chan struct{})
}

// decode reads a stored projection. A start reads millions, which takes
// encoding/json three times as long.
func decode[P any](document []byte) (p P, err error) {
	if err := fastjson.Unmarshal(document, &p); err != nil {
		return p, fmt.Errorf("decode projection: %w", err)
	}
	return p, nil
}

// putRequestRow takes a request as the tables have it.
func (b *board) putRequestRow(row requestRow) error {
	p, err := decode[contract.ProjectedRequest](row.Document)
	if err != nil {
		return err
	}
	reserved := map[contract.NeedLineID]int64{}
	if err := json.Unmarshal(row.Reserved, &reserved); err != nil {
		return fmt.Errorf("decode reserved amounts: %w", err)
	}
	excluded := make(map[pair]bool, len(row.Excluded))
	for _, offer := range row.Excluded {
		excluded[pair{p.RequestID, contract.OfferID(offer)}] = true
	}
	b.putRequest(p, reserved, excluded)
	return nil
}

// putRequest takes a request with what is reserved of its lines and the pairs that
// it must not be in.
func (b *board) putRequest(p contract.ProjectedRequest, reserved map[contract.NeedLineID]int64, excluded map[pair]bool) {
	_, schedule := b.schedule(p.Windows, p.TimeZone)
	needs := make([]rank.Need, len(p.Lines))
	for i, l := range p.Lines {
		needs[i] = needOf(p, l, reserved[contract.NeedLineID(l.ID)], schedule)
		p.Lines[i].Words = nil // the index has them
	}
	p.Words, p.Windows = nil, nil
	b.mu.Lock()
	before := b.requests[p.RequestID].Lines
	b.requests[p.RequestID] = p
	delete(b.excluded, p.RequestID)
	if len(excluded) > 0 {
		b.excluded[p.RequestID] = excluded
	}
	b.mu.Unlock()
	for _, n := range needs {
		b.index.PutNeed(n)
	}
	for _, l := range before {
		if !slices.ContainsFunc(p.Lines, func(now contract.LineWords) bool { return now.ID == l.ID }) {
			b.index.RemoveNeed(contract.NeedLineID(l.ID))
		}
	}
}

func (b *board) removeRequest(id contract.RequestID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.requests[id].Lines {
		b.index.RemoveNeed(contract.NeedLineID(l.ID))
	}
	delete(b.requests, id)
	delete(b.excluded, id)
}

// putOffer takes an offer's row as it stands at a moment.
func (b *board) putOffer(row offerRow, now time.Time) error {
	p, err := decode[contract.ProjectedOffer](row.Document)
	if err != nil {
		return err
	}
	var periods []periodRow
	if err := json.Unmarshal(row.Periods, &periods); err != nil {
		return fmt.Errorf("decode periods: %w", err)
	}
	held, lines := b.read(p, row.use, periods, now)
	b.mu.Lock()
	before := b.offers[binary(p.OfferID)].lines
	b.offers[binary(p.OfferID)] = held
	b.mu.Unlock()
	for _, o := range lines {
		b.index.Put(o)
	}
	for _, id := range before {
		if !slices.Contains(held.lines, id) {
			b.index.Remove(contract.OfferLineID(id.String()))
		}
	}
	return nil
}

// read turns an offer into what is held of it and its lines.
func (b *board) read(p contract.ProjectedOffer, u use, periods []periodRow, now time.Time) (heldOffer, []rank.Offer) {
	held := heldOffer{version: p.Version, phoneVerified: p.PhoneVerified, lines: make([]uuid.UUID, len(p.Lines))}
	lines := make([]rank.Offer, len(p.Lines))
	zone, schedule := b.schedule(p.Windows, p.TimeZone)
	p.Available = p.Available && !b.apart.Load().suspended[p.HelperKey]
	for i, l := range p.Lines {
		held.lines[i] = binary(contract.OfferLineID(l.ID))
		lines[i] = offerOf(p, l, u, schedule)
		lines[i].Free = free(l, periods, periodStart(l.Per, now, zone).Format(time.DateOnly))
	}
	return held, lines
}

func (b *board) removeOffer(id contract.OfferID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.offers[binary(id)].lines {
		b.index.Remove(contract.OfferLineID(line.String()))
	}
	delete(b.offers, binary(id))
}

// free returns what a line has left in a period; nil when not stated.
func free(l contract.LineWords, periods []periodRow, period string) *int64 {
	if l.Quantity == nil {
		return nil
	}
	left := *l.Quantity
	for _, p := range periods {
		if p.Line == contract.OfferLineID(l.ID) && p.Period == period {
			left -= p.Reserved
		}
	}
	return new(max(left, 0))
}

// schedule reads the weekly windows. The owning service has checked them; what
// cannot be read counts as any time, so that nobody is hidden by a defect.
func (b *board) schedule(windows []contract.Window, zoneName string) (*time.Location, rank.Schedule) {
	zone := b.zone(zoneName)
	s, err := rank.NewSchedule(windows, zone)
	if err != nil {
		return zone, rank.NewPackedSchedule(nil, zone)
	}
	return zone, s
}

// zone returns the time zone of a name, UTC for a name that is none. The index
// tells zones apart by their pointer.
func (b *board) zone(name string) *time.Location {
	if known, ok := b.zones.Load(name); ok {
		return known.(*time.Location) //nolint:errcheck // nothing else is in it
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	known, _ := b.zones.LoadOrStore(name, zone)
	return known.(*time.Location) //nolint:errcheck // nothing else is in it
}

func needOf(p contract.ProjectedRequest, l contract.LineWords, reserved int64, s rank.Schedule) rank.Need {
	n := rank.Need{
		ID: contract.NeedLineID(l.ID), RequestID: p.RequestID, Requester: p.RequesterKey, Path: p.Path, Sharing: p.Sharing,
		Category: l.Category, Item: l.Item, Words: l.Words.Join(p.Words), Unit: l.Unit,
		Urgency: p.Urgency, Since: p.WaitingSince, NeededBy: p.NeededBy, Vulnerability: p.Vulnerability,
		Mode: p.Mode, Region: p.RegionCode, Point: p.Point,
		Languages: p.Languages, Skills: p.Skills, Safeguards: p.Safeguards, Schedule: s,
	}
	if l.Quantity != nil {
		n.Remaining = new(max(*l.Quantity-reserved, 0))
	}
	return n
}

func offerOf(p contract.ProjectedOffer, l contract.LineWords, u use, s rank.Schedule) rank.Offer {
	return rank.Offer{
		ID: contract.OfferLineID(l.ID), OfferID: p.OfferID, Path: p.Path, Sharing: p.Sharing, Available: p.Available,
		Category: l.Category, Item: l.Item, Words: l.Words.Join(p.Words), Unit: l.Unit, Per: l.Per,
		Mode: p.Mode, Region: p.RegionCode, Point: p.Point, RadiusM: p.RadiusM, ServiceRegions: p.ServiceRegions,
		Languages: p.Languages, Skills: p.Skills, Safeguards: p.Safeguards, Credentials: p.Credentials,
		Schedule: s, ValidUntil: p.ValidUntil,
		Helper: contract.HelperID(p.HelperKey),
		Load: rank.Load{
			Used: u.Used, Budget: strictest(p.WeeklyBudget, u.MostAsks), Minutes: u.Minutes, MostMinutes: strictest(minutesOfHours(p.WeeklyHours), u.MostMinutes), RestsUntil: u.RestsUntil,
		},
		OrganisationLoad: u.OrgLoad,
		Response:         rank.Response{Asked: u.Asked, Accepted: u.Accepted, Done: u.Done},
	}
}

// requestsIn returns the requests that are wanted.
func (b *board) requestsIn(wanted func(contract.ProjectedRequest) bool) []contract.ProjectedRequest {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var found []contract.ProjectedRequest
	for _, r := range b.requests {
		if wanted(r) {
			found = append(found, r)
		}
	}
	return found
}

// openRequests returns the requests that automatics may look at.
func (b *board) openRequests() []contract.RequestID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids := []contract.RequestID{}
	for id, r := range b.requests {
		if automaticAllowed(r) {
			ids = append(ids, id)
		}
	}
	return ids
}

// outdated returns those of the changed rows that the board holds in an older
// version or not at all.
func (b *board) outdated(requests, offers []changedRow) changes {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var c changes
	for _, r := range requests {
		if b.requests[contract.RequestID(r.ID)].Version < r.Version {
			c.Requests = append(c.Requests, contract.RequestID(r.ID))
		}
	}
	for _, o := range offers {
		if b.offers[binary(contract.OfferID(o.ID))].version < o.Version {
			c.Offers = append(c.Offers, contract.OfferID(o.ID))
		}
	}
	return c
}
