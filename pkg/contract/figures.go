package contract

import "time"

// MaxFigureDays is the longest span that figures are counted over.
const MaxFigureDays = 366

// AskFigures asks for counts of what the actor sees: no row, no name, no text. Path
// is that of an organisation within the actor's sight; empty means the actor's own.
type AskFigures struct {
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"`
	TimeZone   string    `json:"time_zone"` // IANA; whose days are counted
	Path       string    `json:"path,omitempty"`
	RegionCode string    `json:"region_code,omitempty"` // with what lies in it; the country when empty
	Category   string    `json:"category,omitempty"`    // with those below it; every one when empty
	Campaign   string    `json:"campaign,omitempty"`    // of requests and their matches; offers have none
	// CellDegrees asks for points, gathered in cells of this size; 0 for none.
	CellDegrees float64 `json:"cell_degrees,omitempty"`
}

// DayCount is how many came on one day of the asked zone.
type DayCount struct {
	Day   string `json:"day" db:"day"` // YYYY-MM-DD
	Count int64  `json:"count" db:"count"`
}

// AgeCount is how many of an urgency are open; Age is how many of AgeBounds they have
// reached.
type AgeCount struct {
	Urgency Urgency `json:"urgency" db:"urgency"`
	Age     int     `json:"age" db:"age"`
	Count   int64   `json:"count" db:"count"`
}

// AgeBounds are the ages that open requests are counted by.
func AgeBounds() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Hour, 6 * time.Hour, day, 3 * day, 7 * day, 30 * day}
}

// KeyCount is how many have a code, such as a closing reason or a rule.
type KeyCount struct {
	Key   string `json:"key" db:"key"`
	Count int64  `json:"count" db:"count"`
}

// RegionCount is how many are in a region directly below the one asked for, with
// what lies in it; or in that one itself, under its own code.
type RegionCount struct {
	RegionCode string `json:"region_code" db:"region_code"`
	Count      int64  `json:"count" db:"count"`
	// Unserved is how many of them got nothing yet; of requests alone.
	Unserved int64 `json:"unserved,omitempty" db:"unserved"`
}

// CellCount is how many have a point within a cell, around its middle.
type CellCount struct {
	Lat   float64 `json:"lat" db:"lat"`
	Lon   float64 `json:"lon" db:"lon"`
	Count int64   `json:"count" db:"count"`
}

// RequestFigures counts requests.
type RequestFigures struct {
	Days    []DayCount    `json:"days"`    // came in the span
	Open    []AgeCount    `json:"open"`    // now
	Closed  []KeyCount    `json:"closed"`  // in the span, by reason
	Regions []RegionCount `json:"regions"` // open now
	Cells   []CellCount   `json:"cells"`   // open now
}

// CapacityCount is what offers of a category can give in a unit. Unstated offers
// are counted, and add nothing to the amounts.
type CapacityCount struct {
	Category string `json:"category" db:"category"`
	Unit     Unit   `json:"unit" db:"unit"`
	Offers   int64  `json:"offers" db:"offers"`
	Capacity int64  `json:"capacity" db:"capacity"`
	Free     int64  `json:"free" db:"free"`
	Unstated int64  `json:"unstated" db:"unstated"`
}

// PlaceCapacity is what is free of a category in a region directly below the one
// asked for, of offers that state an amount.
type PlaceCapacity struct {
	RegionCode string `json:"region_code" db:"region_code"`
	Category   string `json:"category" db:"category"`
	Unit       Unit   `json:"unit" db:"unit"`
	Free       int64  `json:"free" db:"free"`
}

// OfferFigures counts available offers, as they are now.
type OfferFigures struct {
	Capacities []CapacityCount `json:"capacities"`
	Regions    []RegionCount   `json:"regions"`
	Places     []PlaceCapacity `json:"places"` // by region, what there is most of first
	Cells      []CellCount     `json:"cells"`
}

// WaitCount tells how long requests of an urgency that came in the span waited
// until their first proposal, and until help was first confirmed.
type WaitCount struct {
	Urgency         Urgency `json:"urgency" db:"urgency"`
	Proposed        int64   `json:"proposed" db:"proposed"`
	ProposedMedianS *int64  `json:"proposed_median_s" db:"proposed_median_s"` // null for none
	ProposedP90S    *int64  `json:"proposed_p90_s" db:"proposed_p90_s"`
	Confirmed       int64   `json:"confirmed" db:"confirmed"`
	ConfirmedMedian *int64  `json:"confirmed_median_s" db:"confirmed_median_s"`
	ConfirmedP90S   *int64  `json:"confirmed_p90_s" db:"confirmed_p90_s"`
}

// LoadCount is how many helpers were asked as often in the last seven days; Asked is
// how many of LoadBounds that exceeds.
type LoadCount struct {
	Asked   int   `json:"asked" db:"asked"`
	Helpers int64 `json:"helpers" db:"helpers"`
}

// LoadBounds are the numbers of asks that helpers are counted by.
func LoadBounds() []int64 { return []int64{1, 2, 3, 5, 10} }

// MatchFigures counts matches.
type MatchFigures struct {
	Proposed  []DayCount  `json:"proposed"`
	Confirmed []DayCount  `json:"confirmed"`
	Waits     []WaitCount `json:"waits"`
	Load      []LoadCount `json:"load"`
	// Missing says by which rule need lines have no offer, of the Looked that wait
	// longest.
	Missing []KeyCount `json:"missing"`
	Looked  int64      `json:"looked"`
}

// The calls that count.
var (
	RequestFigure = Endpoint[AskFigures, RequestFigures]{"svc.request.figures"}
	OfferFigure   = Endpoint[AskFigures, OfferFigures]{"svc.offer.figures"}
	MatcherFigure = Endpoint[AskFigures, MatchFigures]{"svc.matcher.figures"}
)
