package templates

import (
	"time"

	"heli/pkg/contract"
)

// Offers is a page of the list of offers.
type Offers struct {
	Tabs    []Tab
	Filters Filters
	Rows    []contract.Offer
	Next    string
}

// OfferView is everything that the page of an offer shows.
type OfferView struct {
	Asks        []AskView
	Standing    *contract.Standing // nil for who may not know
	Offer       contract.Offer
	Moves       MoveSet
	Contact     ContactCard
	Notes       NotesCard
	Publication PublicationCard
	Matches     []MatchView
	// MatchesProblem says why the matches could not be loaded.
	MatchesProblem string
	Now            time.Time
	// MayVerify says that the reader may verify credentials now.
	MayVerify bool
}

func offerColumns(d Desk) []Column {
	return []Column{
		{Label: d.T("thing.offer")}, {Label: d.T("console.column.gives")}, {Label: d.T("console.column.place")},
		{Label: d.T("console.column.owner")}, {Label: d.T("console.column.since")}, {Label: d.T("console.column.state")},
	}
}

func firstOfferLines(lines []contract.OfferLineView) []contract.OfferLineView {
	return lines[:min(len(lines), shownLines)]
}

func offerFacts(d Desk, o contract.Offer) []Fact {
	radius := ""
	if o.RadiusM != nil {
		radius = d.Distance(float64(*o.RadiusM))
	}
	return []Fact{
		{d.T("console.column.place"), d.Region(o.RegionCode)},
		{d.T("console.fact.point"), pointOf(o.Point)},
		{d.T("console.fact.radius"), radius},
		{d.T("console.fact.service_regions"), joined(d, o.ServiceRegions, d.Region)},
		{d.T("console.fact.mode"), d.Mode(o.Mode)},
		{d.T("console.fact.windows"), windowsOf(d, o.Windows)},
		{d.T("console.fact.time_zone"), o.TimeZone},
		{d.T("console.fact.valid_until"), dateTimeOf(d, o.ValidUntil)},
		{d.T("console.fact.languages"), joined(d, o.Languages, d.Tongue)},
		{d.T("console.fact.skills"), d.List(o.Skills)},
		{d.T("console.fact.safeguards_met"), joined(d, o.Safeguards, d.Safeguard)},
		{d.T("console.column.owner"), d.NameOf(o.Organisation)},
		{d.T("console.fact.sharing"), d.Sharing(o.Sharing)},
		{d.T("console.fact.submitted_by"), d.Role(o.SubmittedBy)},
		{d.T("console.fact.source"), sourceOf(o.Source, o.SourceID)},
	}
}

// capacityOf is what a progress bar of reserved capacity ends at: where nothing
// is stated, what is reserved.
func capacityOf(line contract.OfferLineView) int64 {
	if line.Capacity.Quantity == nil {
		return line.Reserved
	}
	return *line.Capacity.Quantity
}

// credentialSoon is how long before its end a credential is pointed out.
const credentialSoon = 30 * 24 * time.Hour

// credentialEnd says whether a credential has ended or ends soon.
func credentialEnd(c contract.Credential, now time.Time) Tone {
	switch {
	case c.ValidUntil == nil || c.ValidUntil.Sub(now) > credentialSoon:
		return ToneInfo
	case c.ValidUntil.After(now):
		return ToneWarning
	default:
		return ToneError
	}
}
