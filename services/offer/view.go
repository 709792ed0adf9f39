package offer

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

// view returns an offer as the actor may see it, the contact masked.
func (s *Service) view(a contract.Actor, f fullRow) (contract.Offer, error) {
	clear, err := contact.Open(s.keys, string(f.ID), f.Contact)
	if err != nil {
		return contract.Offer{}, fmt.Errorf("show offer: %w", err)
	}
	v := shown(f)
	v.Contact, v.Moves = contact.Mask(clear), available(a, f)
	if a.Role == contract.RoleOfferer {
		v.Credentials = withoutVerifier(v.Credentials)
	}
	return v, nil
}

func shown(f fullRow) contract.Offer {
	v := contract.Offer{
		ID: f.ID, Code: f.Code, Organisation: f.OrgCode, Path: f.OrgPath, State: string(f.State), Stage: string(f.Stage),
		Version: f.Version, CreatedAt: f.CreatedAt.UTC(), UpdatedAt: f.UpdatedAt.UTC(), Title: f.Title,
		Description: f.Description, OfferLines: lineViews(f.Lines.value), Mode: f.Mode, RegionCode: f.RegionCode,
		Point: f.point(), RadiusM: f.RadiusM, ServiceRegions: f.ServiceRegions, Languages: f.Languages, Skills: f.Skills,
		Safeguards: f.Safeguards, Credentials: f.Credentials.value, Windows: f.Windows.value, TimeZone: f.TimeZone,
		ValidUntil: f.ValidUntil, Sharing: f.Sharing, PhoneVerified: f.PhoneVerified, Source: f.Source,
		SourceID: f.SourceID, SubmittedBy: f.SubmittedBy, Generation: f.Generation, Consent: f.consent(), Digest: f.Digest, ErasedAt: f.ErasedAt, Moves: []string{},
		MailBounces: f.Bounces, Suspended: len(f.SuspendedBy) > 0,
	}
	v.WeeklyBudget, v.WeeklyHours, v.RestDays, v.HeavyHours = f.WeeklyBudget, f.WeeklyHours, f.RestDays, f.HeavyHours
	if f.AskedAt != nil && f.Stage == Available {
		v.AskedAt = new(f.AskedAt.UTC())
	}
	if f.HelperID != nil {
		v.HelperID = *f.HelperID
	}
	return v
}

func (r offerRow) consent() contract.Consent {
	return contract.Consent{Version: r.ConsentVersion, Purposes: r.ConsentPurposes}
}

func (r offerRow) point() *contract.Point {
	if r.Lat == nil || r.Lon == nil {
		return nil
	}
	return &contract.Point{Lat: *r.Lat, Lon: *r.Lon}
}

// zone falls back to UTC when this machine knows fewer zones than the one that
// took the offer in.
func (r offerRow) zone() *time.Location {
	zone, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// spans returns the current period of every line whose capacity renews.
func (f fullRow) spans(now time.Time) []span {
	var spans []span
	for _, l := range f.Lines.value {
		if from, to, renews := PeriodOf(l.Per, f.zone(), now); renews {
			spans = append(spans, span{LineID: l.ID, Begins: from, Ends: to})
		}
	}
	return spans
}

func lineViews(rows []lineRow) []contract.OfferLineView {
	views := make([]contract.OfferLineView, len(rows))
	for i, l := range rows {
		views[i] = contract.OfferLineView{OfferLine: l.plain(), Reserved: l.Reserved, Used: l.Used}
	}
	return views
}

func (l lineRow) plain() contract.OfferLine {
	return contract.OfferLine{
		ID: l.ID, Category: l.Category, Item: l.Item, Specification: l.Specification, SourceText: l.SourceText,
		Capacity: contract.Capacity{Quantity: l.Quantity, Unit: l.Unit, Per: l.Per},
	}
}

func plainLines(rows []lineRow) []contract.OfferLine {
	lines := make([]contract.OfferLine, len(rows))
	for i, l := range rows {
		lines[i] = l.plain()
	}
	return lines
}

// available returns the moves that the actor may make now, also those that
// change no stage.
func available(a contract.Actor, f fullRow) []string {
	if f.ErasedAt != nil || !mayMove(a, f.offerRow) {
		return []string{}
	}
	situation := f.record().situation()
	moves := slices.DeleteFunc(Moves.Available(f.Stage, a.Role), func(move string) bool {
		_, err := situation.Make(move, a.Role, "asked for later")
		return err != nil
	})
	if access.May(a.Role, access.Erase) {
		moves = append(moves, moveErase)
	}
	if !situation.Live() {
		return moves
	}
	if a.Role == contract.RoleOfferer || access.May(a.Role, access.WriteNotes) {
		moves = append(moves, moveCorrect)
	}
	if !f.PhoneVerified && situation.Phone && access.May(a.Role, access.VerifyPhone) {
		moves = append(moves, moveVerifyPhone)
	}
	unverified := func(c contract.Credential) bool { return c.VerifiedAt == nil }
	if access.May(a.Role, access.VerifyCredential) && slices.ContainsFunc(f.Credentials.value, unverified) {
		moves = append(moves, moveVerifyCredential)
	}
	return moves
}

// historyView shows offerers what happened, and why they were rejected, but not
// which colleague did it or what staff noted for each other.
func historyView(a contract.Actor, rows []historyRow) []contract.HistoryEntry {
	entries := make([]contract.HistoryEntry, len(rows))
	for i, r := range rows {
		entries[i] = contract.HistoryEntry{
			At: r.At.UTC(), Move: r.Move, From: r.From, To: r.To, Role: r.Role, ActorID: r.ActorID, ActorName: r.ActorName,
			OnBehalfOf: r.OnBehalfOf, Reason: r.Reason,
		}
		if a.Staff() || a.Role == contract.RoleSystem {
			continue
		}
		entries[i].ActorID, entries[i].ActorName = string(r.Role), ""
		if r.Role != contract.RoleOfferer && r.Move != moveReject {
			entries[i].Reason = ""
		}
	}
	return entries
}

// withoutVerifier leaves out which colleague verified a credential.
func withoutVerifier(held []contract.Credential) []contract.Credential {
	held = slices.Clone(held)
	for i := range held {
		held[i].VerifiedBy = ""
	}
	return held
}

// foreignSight lets staff of any organisation who may suggest see what its
// owner makes available to the network.
func foreignSight(a contract.Actor, r offerRow) bool {
	return a.Staff() && access.May(a.Role, access.Suggest) && r.Sharing == contract.SharingNetwork && r.onOffer()
}

// onOffer reports that reservations are allowed.
func (r offerRow) onOffer() bool { return r.Stage == Available && len(r.SuspendedBy) == 0 }

// foreignView leaves out what tells who helps, or where exactly.
func foreignView(f fullRow) contract.Offer {
	v := shown(f)
	v.Description, v.Point, v.HelperID, v.Source, v.SourceID, v.Digest = "", nil, "", "", "", ""
	v.Credentials = provenCredentials(v.Credentials)
	for i := range v.OfferLines {
		v.OfferLines[i].SourceText = ""
	}
	return v
}

// provenCredentials keeps what proves a profession and not whose it is.
func provenCredentials(held []contract.Credential) []contract.Credential {
	proven := make([]contract.Credential, len(held))
	for i, c := range held {
		proven[i] = contract.Credential{N: c.N, Kind: c.Kind, ValidUntil: c.ValidUntil, VerifiedAt: c.VerifiedAt}
	}
	return proven
}

// Bounds of the words of one projection, however many lines it has.
const (
	wordsShared   = 256 // of title and description
	wordsOfLines  = 2048
	wordsPerLine  = 16 // at least
	pointDecimals = 1e3
)

// projection returns what the matcher may know of an offer: after its end no
// words, no place and no helper.
func (s *Service) projection(f fullRow) contract.ProjectedOffer {
	p := contract.ProjectedOffer{
		OfferID: f.ID, Version: f.Version, Available: f.onOffer(), Organisation: f.OrgCode, Path: f.OrgPath,
		Sharing: f.Sharing, WeeklyBudget: f.WeeklyBudget, WeeklyHours: f.WeeklyHours, RestDays: f.RestDays, HeavyHours: f.HeavyHours,
		Mode: f.Mode, RegionCode: f.RegionCode, RadiusM: f.RadiusM,
		ServiceRegions: f.ServiceRegions, Languages: f.Languages, Skills: f.Skills, Safeguards: f.Safeguards,
		Credentials: provenCredentials(f.Credentials.value), Windows: f.Windows.value, TimeZone: f.TimeZone,
		ValidUntil: f.ValidUntil, PhoneVerified: f.PhoneVerified,
	}
	live := f.record().situation().Live()
	if live {
		s.identify(&p, f)
		p.Words = word.Hashes(f.Title+"\n"+f.Description, wordsShared, s.keys.WordHash)
	}
	limit := max(wordsPerLine, wordsOfLines/max(1, len(f.Lines.value)))
	for _, l := range f.Lines.value {
		line := contract.LineWords{
			ID: string(l.ID), Category: l.Category, Item: l.Item, Quantity: l.Quantity, Unit: l.Unit, Per: l.Per,
		}
		if live {
			line.Words = word.Hashes(l.SourceText+"\n"+l.Specification, limit, s.keys.WordHash)
		}
		p.Lines = append(p.Lines, line)
	}
	return p
}

// identify adds where the helper is and by what other organisations would
// recognise them: the index of a phone that somebody answered.
func (s *Service) identify(p *contract.ProjectedOffer, f fullRow) {
	if point := f.point(); point != nil {
		p.Point = &contract.Point{Lat: rounded(point.Lat), Lon: rounded(point.Lon)}
	}
	if f.HelperID != nil {
		p.HelperID = *f.HelperID
	}
	if f.PhoneVerified && f.Contact.PhoneIndex != nil {
		p.HelperKey = *f.Contact.PhoneIndex
	}
}

func rounded(degrees float64) float64 { return math.Round(degrees*pointDecimals) / pointDecimals }
