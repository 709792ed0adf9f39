package matcher

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/rank"
	"heli/services/matcher/replay"
)

// past is what the tables hold of it, within one path's sight and what others
// held of the offers there. It is read past the wall: sums alone are told of it.
type past struct {
	requests []pastRequest
	offers   []pastOffer
	matches  []matchRow // the oldest first
	refused  []pair
}

// readPast reads what happened within a path's sight. A past with more requests
// or offers than can be played in one call is Unavailable.
func (s *Service) readPast(ctx context.Context, path string, within span) (p past, err error) {
	if p.requests, err = s.worker.pastRequests(ctx, path, within, mostPast+1); err != nil {
		return p, err
	}
	if p.offers, err = s.worker.pastOffers(ctx, path, mostPast+1); err != nil {
		return p, err
	}
	if len(p.requests) > mostPast || len(p.offers) > mostPast {
		return p, pastTooLong()
	}
	if p.matches, err = s.worker.pastMatches(ctx, path); err != nil {
		return p, err
	}
	p.refused, err = s.worker.pastRefusals(ctx, path)
	return p, err
}

// mostPast bounds the memory of a replay: so many requests, and so many offers.
const mostPast = 100_000

// span is from when and until when needs arrived; a zero since is the beginning.
type span struct{ since, until time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.since) && t.Before(s.until) }

// recorder turns rows into a record, and counts what it can and cannot tell.
type recorder struct {
	board    *board
	ref      *reference.Snapshot
	span     span
	byNeed   map[contract.NeedLineID][]matchRow
	byLine   map[contract.OfferLineID][]matchRow
	isPlayed map[contract.NeedLineID]bool
	record   replay.Record
	counts   contract.ReplayRecord
}

// recordOf returns what is to be played: the needs that arrived within the span,
// and the offers that were there until a day after, when playing ends.
func (s *Service) recordOf(ref *reference.Snapshot, p past, within span) (replay.Record, contract.ReplayRecord, error) {
	r := &recorder{
		board: s.board, ref: ref, span: within, byNeed: map[contract.NeedLineID][]matchRow{}, byLine: map[contract.OfferLineID][]matchRow{},
		isPlayed: map[contract.NeedLineID]bool{}, record: replay.Record{Until: within.until.Add(replay.ManualEvery), Refused: map[replay.Pair]bool{}},
	}
	for _, m := range p.matches {
		r.byNeed[m.NeedLineID] = append(r.byNeed[m.NeedLineID], m)
		r.byLine[m.OfferLineID] = append(r.byLine[m.OfferLineID], m)
	}
	for _, row := range p.requests {
		if err := r.request(row); err != nil {
			return r.record, r.counts, err
		}
	}
	for _, row := range p.offers {
		if err := r.offer(row); err != nil {
			return r.record, r.counts, err
		}
	}
	for _, f := range p.refused {
		r.record.Refused[replay.Pair{Request: f.Request, Offer: f.Offer}] = true
	}
	r.counts.Needs, r.counts.Offers, r.counts.Refused = len(r.record.Needs), len(r.record.Offers), len(r.record.Refused)
	return r.record, r.counts, nil
}

// request takes the need lines of a request that is still known, else what its
// matches tell of them.
func (r *recorder) request(row pastRequest) error {
	var lines []pastLine
	if err := json.Unmarshal(row.Lines, &lines); err != nil {
		return fmt.Errorf("decode past need lines: %w", err)
	}
	if row.Document == nil {
		r.endedRequest(row, lines)
		return nil
	}
	var p contract.ProjectedRequest
	if err := json.Unmarshal(row.Document, &p); err != nil {
		return fmt.Errorf("decode request projection: %w", err)
	}
	if !r.span.holds(p.WaitingSince) {
		return nil
	}
	matched := slices.ContainsFunc(lines, func(l pastLine) bool { return len(r.byNeed[contract.NeedLineID(l.ID)]) > 0 })
	if !p.Open && !matched {
		r.counts.NeedsUnopened += len(lines)
		return nil
	}
	_, schedule := r.board.schedule(p.Windows, p.TimeZone)
	for _, l := range p.Lines {
		r.need(replay.Need{Need: needOf(p, l, 0, schedule)})
	}
	return nil
}

func (r *recorder) need(n replay.Need) {
	r.record.Needs = append(r.record.Needs, n)
	r.isPlayed[n.ID] = true
}

func (r *recorder) endedRequest(row pastRequest, lines []pastLine) {
	for _, l := range lines {
		matches := r.byNeed[contract.NeedLineID(l.ID)]
		since := began(row.ID, row.ChangedAt, matches)
		switch {
		case !r.span.holds(since):
		case len(matches) == 0:
			r.counts.NeedsErased++
		default:
			r.counts.NeedsRebuilt++
			r.need(rebuiltNeed(row, l, since, matches))
		}
	}
}

// began returns when something arrived whose own record of it is gone: when its
// id was made, at the latest with its first match or its end.
func began[ID ~string](id ID, ended time.Time, matches []matchRow) time.Time {
	first := ended
	if len(matches) > 0 && matches[0].CreatedAt.Before(first) {
		first = matches[0].CreatedAt
	}
	if made, ok := contract.IDTime(id); ok && made.Before(first) {
		first = made
	}
	return first
}

// rebuiltNeed asks for what its matches were made for. It went away by itself
// when none of them was begun.
func rebuiltNeed(row pastRequest, l pastLine, since time.Time, matches []matchRow) replay.Need {
	m := matches[0]
	n := replay.Need{Need: rank.Need{
		ID: contract.NeedLineID(l.ID), RequestID: row.ID, Path: row.Path, Sharing: contract.SharingOwn,
		Category: m.Category, Remaining: l.Quantity, Unit: m.Unit, Urgency: m.Urgency, Since: since,
		Mode: contract.ModeAny, Region: m.RegionCode,
	}}
	if !slices.ContainsFunc(matches, func(m matchRow) bool { return m.State.begun() }) {
		n.Until = &row.ChangedAt
	}
	return n
}

// begun reports whether help was on its way.
func (s State) begun() bool {
	return s == InProgress || s == ReportedDone || s == Confirmed || s == Disputed
}

// offer takes the lines of an offer that is still known, else what its matches
// tell of them.
func (r *recorder) offer(row pastOffer) error {
	var lines []pastLine
	if err := json.Unmarshal(row.Lines, &lines); err != nil {
		return fmt.Errorf("decode past offer lines: %w", err)
	}
	if row.Document == nil {
		r.endedOffer(row, lines)
		return nil
	}
	var p contract.ProjectedOffer
	if err := json.Unmarshal(row.Document, &p); err != nil {
		return fmt.Errorf("decode offer projection: %w", err)
	}
	zone, schedule := r.board.schedule(p.Windows, p.TimeZone)
	for _, l := range p.Lines {
		o := replay.Offer{Offer: offerOf(p, l, use{}, schedule), Zone: zone}
		o.Free = l.Quantity
		matches := r.byLine[o.ID]
		o.From = began(p.OfferID, row.ChangedAt, matches)
		if !p.Available {
			o.Until = &row.ChangedAt
		}
		switch {
		case o.From.After(r.record.Until):
		case !p.Available && len(matches) == 0:
			r.counts.OffersIdle++
		default:
			r.put(o, matches)
		}
	}
	return nil
}

// put adds an offer line with what matches hold of it that are not played.
func (r *recorder) put(o replay.Offer, matches []matchRow) {
	o.Taken = map[time.Time]int64{}
	for _, m := range matches {
		if m.State.Holds() && !r.isPlayed[m.NeedLineID] {
			o.Taken[m.PeriodStart.UTC()] += m.OfferQuantity
		}
	}
	r.record.Offers = append(r.record.Offers, o)
}

func (r *recorder) endedOffer(row pastOffer, lines []pastLine) {
	for _, l := range lines {
		matches := r.byLine[contract.OfferLineID(l.ID)]
		from := began(row.ID, row.ChangedAt, matches)
		if from.After(r.record.Until) || !row.ChangedAt.After(r.span.since) {
			continue // it was not there meanwhile
		}
		if len(matches) == 0 || !sameUnit(matches) {
			r.counts.OffersErased++
			continue
		}
		r.counts.OffersRebuilt++
		o := r.rebuiltOffer(row, l, matches)
		o.From = from
		r.put(o, matches)
	}
}

// sameUnit reports whether the offer counted as the needs did: else its unit is
// not known any more.
func sameUnit(matches []matchRow) bool {
	return !slices.ContainsFunc(matches, func(m matchRow) bool { return m.Quantity != m.OfferQuantity || m.Unit != matches[0].Unit })
}

// rebuiltOffer gives what its matches were made of, where they were made, and no
// more: it may have reached further and known more than they tell.
func (r *recorder) rebuiltOffer(row pastOffer, l pastLine, matches []matchRow) replay.Offer {
	m := matches[0]
	o := replay.Offer{Until: &row.ChangedAt, Zone: time.UTC, Offer: rank.Offer{
		ID: contract.OfferLineID(l.ID), OfferID: row.ID, Path: m.OfferPath, Sharing: contract.SharingOwn, Available: true,
		Category: m.Category, Free: l.Quantity, Unit: m.Unit, Per: l.Per, Mode: contract.ModeAny, Helper: contract.HelperID(m.HelperKey),
	}}
	for _, m := range matches {
		if !strings.HasPrefix(m.OfferPath, m.RequestPath) {
			o.Sharing = contract.SharingNetwork
		}
		if !slices.Contains(o.ServiceRegions, m.RegionCode) {
			o.ServiceRegions = append(o.ServiceRegions, m.RegionCode)
		}
	}
	if c, known := r.ref.Category(m.Category); known && c.Credential {
		o.Credentials = []contract.Credential{{Kind: m.Category, VerifiedAt: &m.CreatedAt}} // a rule that no match breaks
	}
	return o
}
