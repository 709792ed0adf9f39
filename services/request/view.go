package request

import (
	"fmt"
	"math"
	"slices"
	"time"

	"heli/pkg/access"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/word"
)

// view returns a request as the actor may see it, the contact masked.
func (s *Service) view(a contract.Actor, f fullRow) (contract.Request, error) {
	plain, err := contact.Open(s.keys, string(f.ID), f.Contact)
	if err != nil {
		return contract.Request{}, fmt.Errorf("show request: %w", err)
	}
	v := shown(f)
	v.Contact, v.Moves, v.Risks = contact.Mask(plain), available(a, f, s.claims, s.now()), f.riskNames()
	if running, is := f.claimed(s.now()); is && a.Role != contract.RoleRequester {
		v.ClaimedBy, v.ClaimedByID, v.ClaimedUntil = f.ClaimedName, running.by, &running.until
	}
	if f.FollowUpAt != nil && a.Role != contract.RoleRequester {
		v.FollowUpAt = new(f.FollowUpAt.UTC())
	}
	if a.Role != contract.RoleRequester {
		v.Waits = f.waiting(s.now())
	}
	return v, nil
}

func shown(f fullRow) contract.Request {
	return contract.Request{
		ID: f.ID, Code: f.Code, Organisation: f.OrgCode, Path: f.OrgPath, State: string(f.State), Stage: string(f.Stage),
		ClosedReason: string(f.ClosedReason), Version: f.Version, CreatedAt: f.CreatedAt.UTC(), UpdatedAt: f.UpdatedAt.UTC(),
		Title: f.Title, Description: f.Description, Urgency: f.Urgency, Mode: f.Mode, RegionCode: f.RegionCode,
		Point: f.point(), NeedLines: lineViews(f.Lines.value), Languages: f.Languages, Skills: f.Skills,
		Safeguards: f.Safeguards, Windows: f.Windows.value, NeededBy: f.NeededBy, Vulnerability: f.Vulnerability,
		AtOrganisation: f.AtOrganisation, Campaign: f.Campaign, Incident: f.Incident, TimeZone: f.TimeZone,
		PhoneVerified: f.PhoneVerified, OnBehalfOf: f.OnBehalfOf, Sharing: f.Sharing, Source: f.Source,
		SourceID: f.SourceID, SubmittedBy: f.SubmittedBy, Generation: f.Generation,
		MailBounces: f.Bounces, Repeats: f.Repeats, Consent: f.consent(), Digest: f.Digest, ErasedAt: f.ErasedAt, Moves: []string{},
	}
}

func (r requestRow) consent() contract.Consent {
	return contract.Consent{Version: r.ConsentVersion, Purposes: r.ConsentPurposes, Emergency: r.ConsentEmergency, Guardian: r.ConsentGuardian}
}

func (r requestRow) point() *contract.Point {
	if r.Lat == nil || r.Lon == nil {
		return nil
	}
	return &contract.Point{Lat: *r.Lat, Lon: *r.Lon}
}

func lineViews(rows []lineRow) []contract.NeedLineView {
	views := make([]contract.NeedLineView, len(rows))
	for i, l := range rows {
		views[i] = contract.NeedLineView{
			NeedLine: l.plain(), Proposed: l.Proposed, Matched: l.Matched, InProgress: l.InProgress,
			Reported: l.Reported, Confirmed: l.Confirmed,
		}
	}
	return views
}

func (l lineRow) plain() contract.NeedLine {
	return contract.NeedLine{
		ID: l.ID, Category: l.Category, Item: l.Item, Specification: l.Specification, SourceText: l.SourceText,
		Quantity: l.Quantity, Unit: l.Unit,
	}
}

func plainLines(rows []lineRow) []contract.NeedLine {
	lines := make([]contract.NeedLine, len(rows))
	for i, l := range rows {
		lines[i] = l.plain()
	}
	return lines
}

// available returns the moves that the actor may make now, also those that
// change no stage; none of what was erased.
func available(a contract.Actor, f fullRow, claims Claims, now time.Time) []string {
	if f.ErasedAt != nil {
		return []string{}
	}
	moves := Moves.Available(f.Stage, a.Role)
	requester := a.Role == contract.RoleRequester
	if slices.Contains(staff, a.Role) {
		for _, move := range Moves.Available(f.Stage, contract.RoleRequester) {
			if !slices.Contains(moves, move) {
				moves = append(moves, move)
			}
		}
	}
	if f.Stage != Closed && access.May(a.Role, access.WriteNotes) {
		moves = append(moves, moveEdit)
	}
	if (requester || access.May(a.Role, access.WriteNotes)) && f.record().situation().Correctable() {
		moves = append(moves, moveCorrect)
	}
	if access.May(a.Role, access.Erase) {
		moves = append(moves, moveErase)
	}
	if !f.PhoneVerified && f.Contact.Phone != nil && access.May(a.Role, access.VerifyPhone) {
		moves = append(moves, moveVerifyPhone)
	}
	if f.Stage == Closed || !access.May(a.Role, access.WriteNotes) {
		return moves
	}
	running, is := f.claimed(now)
	// Within the first half of its time nobody needs to begin it anew.
	if !is || running.by == a.ID() && running.until.Sub(now) < claims.span()/2 {
		moves = append(moves, moveClaim)
	}
	if is && running.releasableBy(a) {
		moves = append(moves, moveUnclaim)
	}
	return moves
}

// historyView shows requesters what happened, and what they are asked, but not
// which colleague did it or what staff noted for each other.
func historyView(a contract.Actor, rows []historyRow) []contract.HistoryEntry {
	entries := make([]contract.HistoryEntry, len(rows))
	for i, r := range rows {
		entries[i] = contract.HistoryEntry{
			At: r.At.UTC(), Move: r.Move, From: r.From, To: r.To, Role: r.Role, ActorID: r.ActorID, ActorName: r.ActorName,
			OnBehalfOf: r.OnBehalfOf, Reason: r.Reason, Line: r.Line.value,
		}
		if a.Staff() || a.Role == contract.RoleSystem {
			continue
		}
		entries[i].ActorID, entries[i].ActorName, entries[i].Line = string(r.Role), "", nil
		if r.To != string(NeedsInfo) && r.Role != contract.RoleRequester && r.Move != moveClose {
			entries[i].Reason = ""
		}
	}
	return entries
}

// foreignSight lets staff of any organisation who may suggest see what its
// owner shares with the network.
func foreignSight(a contract.Actor, r requestRow) bool {
	return a.Staff() && access.May(a.Role, access.Suggest) && r.Sharing == contract.SharingNetwork && r.Stage != Closed
}

// foreignView leaves out what tells who needs help, or where exactly.
func foreignView(f fullRow) contract.Request {
	v := shown(f)
	v.Description, v.Point, v.OnBehalfOf = "", nil, ""
	v.Vulnerability, v.Source, v.SourceID, v.Digest = []string{}, "", "", ""
	for i := range v.NeedLines {
		v.NeedLines[i].SourceText = ""
	}
	return v
}

// Bounds of the words of one projection, however many lines it has.
const (
	wordsShared   = 256 // of title and description
	wordsOfLines  = 2048
	wordsPerLine  = 16 // at least
	pointDecimals = 1e3
)

// projection returns what the matcher may know of a request: after its end no
// words and no place.
func (s *Service) projection(f fullRow) contract.ProjectedRequest {
	p := contract.ProjectedRequest{
		RequestID: f.ID, Version: f.Version, Open: f.Stage == Open, Suggestable: f.Stage != Closed,
		Organisation: f.OrgCode, Path: f.OrgPath, Sharing: f.Sharing, Urgency: f.Urgency, WaitingSince: f.CreatedAt.UTC(),
		NeededBy: f.NeededBy, Mode: f.Mode, RegionCode: f.RegionCode, Languages: f.Languages, Skills: f.Skills,
		Safeguards: f.Safeguards, Windows: f.Windows.value, TimeZone: f.TimeZone, Vulnerability: f.Vulnerability,
		Campaign: f.Campaign, OpenedByStaff: f.OpenedByStaff, PhoneVerified: f.PhoneVerified,
	}
	if point := f.point(); point != nil && p.Suggestable {
		p.Point = &contract.Point{Lat: rounded(point.Lat), Lon: rounded(point.Lon)}
	}
	if f.Contact.PhoneIndex != nil && p.Suggestable {
		p.RequesterKey = *f.Contact.PhoneIndex
	}
	if p.Suggestable {
		p.Words = word.Hashes(f.Title+"\n"+f.Description, wordsShared, s.keys.WordHash)
	}
	limit := max(wordsPerLine, wordsOfLines/max(1, len(f.Lines.value)))
	for _, l := range f.Lines.value {
		line := contract.LineWords{ID: string(l.ID), Category: l.Category, Item: l.Item, Quantity: l.Quantity, Unit: l.Unit}
		if p.Suggestable {
			line.Words = word.Hashes(l.SourceText+"\n"+l.Specification, limit, s.keys.WordHash)
		}
		p.Lines = append(p.Lines, line)
	}
	return p
}

func rounded(degrees float64) float64 { return math.Round(degrees*pointDecimals) / pointDecimals }
