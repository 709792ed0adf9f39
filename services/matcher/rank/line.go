package rank

import (
	"time"

	"heli/pkg/contract"
)

// Need is a need line with what its request says. Empty lists and nil pointers
// mean "not stated".
type Need struct {
	ID        contract.NeedLineID
	RequestID contract.RequestID
	Requester string // key of the person, recognised across organisations; empty when unknown
	Path      string // of the owning organisation
	Sharing   contract.Sharing

	Category  string
	Item      string // of the catalogue
	Words     []contract.WordHash
	Remaining *int64 // not yet matched, in Unit
	Unit      contract.Unit

	Urgency       contract.Urgency
	Since         time.Time // waiting since
	NeededBy      *time.Time
	Vulnerability []string

	Mode       contract.Mode
	Region     string
	Point      *contract.Point
	Languages  []string // BCP 47, the preferred first; one is enough
	Skills     []string // all required
	Safeguards []string // all required
	Schedule   Schedule
	Continuity []contract.HelperID // who helped before and is wished again
}

// Offer is an offer line with what its offer says and what the matcher knows
// of its use. Empty lists and nil pointers mean "not stated".
type Offer struct {
	ID        contract.OfferLineID
	OfferID   contract.OfferID
	Path      string // of the owning organisation
	Sharing   contract.Sharing
	Available bool

	Category string
	Item     string // of the catalogue
	Words    []contract.WordHash
	Free     *int64 // capacity not reserved in the current period, in Unit
	Unit     contract.Unit
	Per      contract.Period

	Mode           contract.Mode
	Region         string
	Point          *contract.Point
	RadiusM        *int64 // metres around the point
	ServiceRegions []string
	Languages      []string // BCP 47
	Skills         []string
	Safeguards     []string // satisfied
	Credentials    []contract.Credential
	Schedule       Schedule
	ValidUntil     *time.Time

	// Helper is the person, recognised across organisations; empty for goods
	// and places, which have no load.
	Helper           contract.HelperID
	Load             Load
	OrganisationLoad int64 // live matches of the owning organisation
	Response         Response
}

// Response is how an offer's helper or organisation answered so far.
type Response struct {
	Asked, Accepted, Done int64
}
