package templates

import (
	"strconv"

	"heli/pkg/contract"
)

// RequestView is everything that the page of a request shows.
type RequestView struct {
	Request     contract.Request
	Moves       MoveSet
	Contact     ContactCard
	Notes       NotesCard
	Publication PublicationCard
	Matches     []MatchView
	Suggestions Suggestions
	Waves       Waves
	Verdict     Verdict
	MaySuggest  bool
	Edit        EditCard
	Attach      AttachCard
	Map         NearbyMap
	Timeline    []Step
	Present     []string // names of who else looks at the page
	Own         bool     // the reader sees it as its owner does
	FollowUp    FollowUpCard
	// MatchesProblem says why the matches could not be loaded.
	MatchesProblem string
}

// MatchView is a match with what the reader may know of its offer and request.
type MatchView struct {
	Match contract.Match
	Offer *contract.Offer // nil when the reader may not see it
	// RequestTitle and RequestCode are empty when the reader may not see it.
	RequestTitle, RequestCode string
	Moves                     MoveSet
	Answer                    *AnswerSecrets
	Complaint                 *ComplaintForm // nil for who may not complain
	Appointment               AppointmentCard
}

// AnswerSecrets are what the helper answers with: for staff of the offer's owner alone.
type AnswerSecrets struct {
	Code, Pin, Link string
}

// Suggestions are the offers that fit each need line.
type Suggestions struct {
	Lines  []SuggestedLine
	Action string // where a proposal is sent
	May    bool   // propose
	Open   bool   // reservations are allowed in the request's state
	Kept   Kept
	// Problem says why they could not be computed.
	Problem string
	// More is the address with more of them; empty when these are all.
	More string
}

// SuggestedLine is a need line with the offers that fit it, or what is missing.
type SuggestedLine struct {
	Line    contract.NeedLineView
	Offers  []SuggestedOffer
	Missing []contract.Missing
}

// SuggestedOffer is one offer line that fits.
type SuggestedOffer struct {
	contract.Suggestion
	Offer    *contract.Offer
	Unit     contract.Unit
	Quantity string // prefilled
	// MatchID and MatchCode are the new match's, so that sending the form twice
	// makes one.
	MatchID, MatchCode string
}

func (s SuggestedOffer) form() string {
	return ProposeForm(s.NeedLineID, s.OfferLineID)
}

// Verdict answers why an offer fits a request or not.
type Verdict struct {
	Asked   string           // what was typed
	Found   []contract.Offer // that hold what was typed, where that is no code
	Error   string
	Offer   *contract.Offer
	Verdict *contract.Verdict
}

func factorsOf(d Desk, factors []contract.Factor) []Factor {
	shown := make([]Factor, 0, len(factors))
	for _, f := range factors {
		shown = append(shown, Factor{Name: d.T("factor_name." + f.Name), Text: d.Sentence(f.Key, f.Args), Value: f.Value, Weight: f.Weight})
	}
	return shown
}

// progressOf is how much of a need line is done; what is not stated counts 1.
func progressOf(line contract.NeedLineView) int64 {
	if line.Quantity == nil {
		return 1
	}
	return *line.Quantity
}

func requestFacts(d Desk, r contract.Request) []Fact {
	return []Fact{
		{d.T("console.column.place"), d.Region(r.RegionCode)},
		{d.T("console.fact.point"), pointOf(r.Point)},
		{d.T("console.fact.mode"), d.Mode(r.Mode)},
		{d.T("console.fact.needed_by"), dateTimeOf(d, r.NeededBy)},
		{d.T("console.fact.windows"), windowsOf(d, r.Windows)},
		{d.T("console.fact.time_zone"), r.TimeZone},
		{d.T("console.fact.languages"), joined(d, r.Languages, d.Tongue)},
		{d.T("console.fact.skills"), d.List(r.Skills)},
		{d.T("console.fact.safeguards"), joined(d, r.Safeguards, d.Safeguard)},
		{d.T("console.fact.vulnerability"), joined(d, r.Vulnerability, d.Vulnerability)},
		{d.T("console.fact.at_organisation"), r.AtOrganisation},
		{d.T("console.fact.campaign"), r.Campaign},
		{d.T("console.fact.incident"), r.Incident},
		{d.T("console.fact.for"), r.OnBehalfOf},
		{d.T("console.column.owner"), d.NameOf(r.Organisation)},
		{d.T("console.fact.claimed_by"), claimOf(d, r)},
		{d.T("console.fact.sharing"), d.Sharing(r.Sharing)},
		{d.T("console.fact.submitted_by"), d.Role(r.SubmittedBy)},
		{d.T("console.fact.source"), sourceOf(r.Source, r.SourceID)},
		{d.T("console.fact.closed_reason"), d.Reason(r.ClosedReason)},
	}
}

func claimOf(d Desk, r contract.Request) string {
	if r.ClaimedUntil == nil {
		return r.ClaimedBy
	}
	return d.T("desk.claimed_until", "name", r.ClaimedBy, "time", d.DateTime(*r.ClaimedUntil))
}

func sourceOf(source, id string) string {
	if id == "" {
		return source
	}
	return source + " / " + id
}

func score(value float64) string { return strconv.FormatFloat(value, 'f', 2, 64) }

// ProposeForm names the form that proposes a pair of lines.
func ProposeForm(need contract.NeedLineID, offer contract.OfferLineID) string {
	return "propose-" + string(need) + "-" + string(offer)
}

// Has reports whether the form of a name is among the suggestions.
func (s Suggestions) Has(form string) bool {
	for _, line := range s.Lines {
		for _, offer := range line.Offers {
			if offer.form() == form {
				return true
			}
		}
	}
	return false
}
