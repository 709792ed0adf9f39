package contract

import (
	"encoding/json"
	"time"
)

// ReplayPast asks how the recorded past would have gone under policies. Nothing is
// stored and nothing is reserved.
type ReplayPast struct {
	Policies []ReplayPolicy `json:"policies"`
	// Needs that arrived from Since on and before Until are played; nil means
	// from the first on, and until now.
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// ReplayPolicy names what is played: the policies in force, each in its scope, as
// they are, or with one of them replaced by a stored version, in that one's scope,
// or by a document. Exactly one of InForce, Version and Document is given.
type ReplayPolicy struct {
	InForce  bool            `json:"in_force,omitempty"`
	Version  int64           `json:"version,omitempty"`
	Document json.RawMessage `json:"document,omitempty"`
	// Organisation (a code) and Category are the scope of a document; empty means
	// the whole installation, and every category.
	Organisation string `json:"organisation,omitempty"`
	Category     string `json:"category,omitempty"`
}

// ReplayedPast answers ReplayPast: what was played, and a result for each policy in the
// order of the question.
type ReplayedPast struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// PlayedUntil is a day after Until, so that under every mode the last needs
	// live to see a plan.
	PlayedUntil time.Time      `json:"played_until"`
	Record      ReplayRecord   `json:"record"`
	Policies    []ReplayResult `json:"policies"`
}

// ReplayRecord counts the lines within the actor's sight by what is still known
// of them. What ended has its details erased; what its matches tell brings some
// of it back.
type ReplayRecord struct {
	Needs         int `json:"needs"`          // played, the rebuilt ones among them
	NeedsRebuilt  int `json:"needs_rebuilt"`  // from their matches: no point, words, skills, languages or hours
	NeedsErased   int `json:"needs_erased"`   // left out: ended without a match
	NeedsUnopened int `json:"needs_unopened"` // left out: never open to matches, as far as known
	Offers        int `json:"offers"`
	OffersRebuilt int `json:"offers_rebuilt"`
	OffersErased  int `json:"offers_erased"`
	// OffersIdle were left out: not available now and never matched.
	OffersIdle int `json:"offers_idle"`
	Refused    int `json:"refused"` // pairs that were declined and are never made
}

// ReplayResult is how the past would have gone with one policy in its scope and
// those in force elsewhere. Units are each
// need's own; a need that states no amount counts as one. A need is a need line.
type ReplayResult struct {
	InForce       bool            `json:"in_force,omitempty"` // nothing was replaced
	Version       int64           `json:"version,omitempty"`  // 0 for a document
	Path          string          `json:"path,omitempty"`     // scope of the policy: organisation
	Category      string          `json:"category,omitempty"`
	Mode          string          `json:"mode"` // of the policy named; in force: of the installation's
	Needs         int             `json:"needs"`
	Served        int             `json:"served"`  // got anything
	Covered       int             `json:"covered"` // got all
	Matches       int             `json:"matches"`
	Units         int64           `json:"units"` // asked for
	UnitsMatched  int64           `json:"units_matched"`
	Share         float64         `json:"share"`      // of the units, 0 to 1
	MeanShare     float64         `json:"mean_share"` // mean of the needs' own shares, so that all weigh the same
	Urgencies     []ReplayUrgency `json:"urgencies"`
	MeanKM        *float64        `json:"mean_km"`  // of the matches measured; null for none
	Measured      int             `json:"measured"` // matches over ground between two known points
	Helpers       LoadSpread      `json:"helpers"`
	Organisations LoadSpread      `json:"organisations"`
}

// ReplayUrgency tells of the needs of one urgency. They wait from arrival until
// their first match; quantiles are over those served, by nearest rank, and null
// for none.
type ReplayUrgency struct {
	Urgency   Urgency `json:"urgency"`
	Needs     int     `json:"needs"`
	Served    int     `json:"served"`
	Unmatched int     `json:"unmatched"` // got nothing
	MedianS   *int64  `json:"median_s"`
	P90S      *int64  `json:"p90_s"`
}

// LoadSpread is how matches spread over those who offer something in a category
// that was asked for. Gini is the coefficient of concentration (Gini,
// "Variabilità e mutabilità", 1912) of their numbers of matches: 0 when all have
// the same, towards 1 when one has all.
type LoadSpread struct {
	Able int     `json:"able"` // helpers or organisations counted
	Used int     `json:"used"` // with a match
	Most int64   `json:"most"` // matches of one
	Gini float64 `json:"gini"`
}

// MatcherReplay plays the past again.
var MatcherReplay = Endpoint[ReplayPast, ReplayedPast]{"svc.matcher.replay"}
