package demo

import (
	"fmt"
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
)

// Source under which the scenario's entries are known again.
const scenarioSource = "demo-s1"

// Sizes of the scenario: over 800 items, as the platform of the article had.
const (
	requestCount = 460
	offerCount   = 400
	// publicShare of the entries came in by the public forms and wait.
	publicShare = 0.3
)

// Request is a request of the scenario and who enters it.
type Request struct {
	Actor  contract.Actor
	Submit contract.SubmitRequest
}

// Offer is an offer of the scenario and who enters it.
type Offer struct {
	Actor  contract.Actor
	Submit contract.SubmitOffer
}

// Scenario is what one seed makes. Loading it twice changes nothing: all ids
// follow from the seed, and what was stored under an id is not stored again.
// Organisations come before those below them.
type Scenario struct {
	Organisations []contract.OrganisationDraft
	Campaign      contract.CampaignDraft
	People        []contract.PersonDraft
	Requests      []Request
	Offers        []Offer
	Matches       []Match
	Sessions      []contract.SessionDraft
}

// Generate makes the scenario S1 of the domain: resource sharing over volunteer
// work, medical help, customs clearance, legal advice and everyday errands, in
// the real districts of Shaanxi; with the registry of S9, the psychological-aid
// group of S2, the joint campaign of S3 and the county team of S6. The same seed and places give the same
// entries; they were submitted in the days before now.
func Generate(ref *reference.Snapshot, seed uint64, now time.Time) (Scenario, error) {
	g, err := newGenerator(ref, seed, now)
	if err != nil {
		return Scenario{}, err
	}
	s := Scenario{Organisations: registered(ref, seed), People: people(seed)}
	s.Campaign = joined(s.Organisations)
	all := kinds()
	for n := range requestCount {
		s.Requests = append(s.Requests, g.request(n, all[n%len(all)]))
	}
	for n := range offerCount {
		s.Offers = append(s.Offers, g.offer(n, all[n%len(all)]))
	}
	for n := range expertCount {
		s.Offers = append(s.Offers, g.expert(n))
	}
	s.Matches = g.matches(s.Requests)
	s.Sessions = sessions(s.Campaign, s.Organisations, seed, now)
	return s, nil
}

// kind is one of the five kinds of the article. Words fill the braces of its
// texts.
type kind struct {
	requests []pattern
	offers   []pattern
	words    map[string][]string
}

// pattern is what entries of one sort have in common. A range of amounts from 0
// is not stated.
type pattern struct {
	title, text string
	category    string
	unit        contract.Unit
	from, to    int64
	per         contract.Period // of an offer; total when empty
	mode        contract.Mode
	urgencies   []contract.Urgency
	skills      []string
	safeguards  []string
	languages   []string // Mandarin when empty
	vulnerable  []string
	windows     []contract.Window
	credential  string // kind, of an offer
	agency      string // code of the agency that fields an offer
	radiusKM    int64  // of an offer on the spot
	staff       bool   // never comes in by the public form
}

func kinds() []kind {
	return []kind{volunteer(), medical(), customs(), legal(), convenience()}
}

// hours returns the same window on each weekday from first to last.
func hours(first, last int, from, to string) []contract.Window {
	var windows []contract.Window
	for weekday := first; weekday <= last; weekday++ {
		windows = append(windows, contract.Window{Weekday: weekday, From: from, To: to})
	}
	return windows
}

func sourceID(thing string, seed uint64, n int) string {
	return fmt.Sprintf("%s/%d/%04d", thing, seed, n)
}
