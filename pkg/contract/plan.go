package contract

import "time"

// PlanID identifies a plan.
type PlanID string

// PlanScope says which open needs are planned together. Empty fields leave it open.
type PlanScope struct {
	Organisation string `json:"organisation,omitempty"` // code: its requests and those below it
	Region       string `json:"region,omitempty"`       // code: it and what lies in it
	Category     string `json:"category,omitempty"`     // code: it and what is below it
	Campaign     string `json:"campaign,omitempty"`
}

// AskPlan asks for the optimal plan of a scope within the actor's sight.
type AskPlan struct {
	Scope PlanScope `json:"scope"`
	// Limit bounds the pairs in the answer, the most urgent first; 0 means 200.
	Limit int `json:"limit,omitempty"`
}

// Plan is the best assignment of a scope's need lines to offers, as it was at a
// moment: nothing is reserved until pairs are confirmed. Costs are in millionths:
// a pair's is one less its score, that of an unmatched unit grows with urgency
// and waiting.
type Plan struct {
	ID            PlanID        `json:"plan_id"`
	Scope         PlanScope     `json:"scope"`
	PolicyVersion int64         `json:"policy_version"`
	SnapshotAt    time.Time     `json:"snapshot_at"`
	ExpiresAt     time.Time     `json:"expires_at"`
	Needs         int           `json:"needs"`     // lines planned
	Unmatched     int           `json:"unmatched"` // lines that get nothing
	Units         int64         `json:"units"`     // matched
	GreedyUnits   int64         `json:"greedy_units"`
	Objective     int64         `json:"objective"`
	Bound         int64         `json:"bound"`  // no assignment costs less
	Greedy        int64         `json:"greedy"` // what taking the best for each in turn costs
	Certified     bool          `json:"certified"`
	PairsInAll    int           `json:"pairs_in_all"`
	Pairs         []PlannedPair `json:"pairs"`
}

// Gap returns how far the objective may be from the best, as a share of the bound.
func (p Plan) Gap() float64 {
	if p.Bound <= 0 {
		return 0
	}
	return float64(p.Objective-p.Bound) / float64(p.Bound)
}

// PlannedPair is a need line, an offer line, and how much.
type PlannedPair struct {
	RequestID   RequestID   `json:"request_id"`
	NeedLineID  NeedLineID  `json:"need_line_id"`
	OfferID     OfferID     `json:"offer_id"`
	OfferLineID OfferLineID `json:"offer_line_id"`
	Quantity    int64       `json:"quantity"` // in the need's unit
	Unit        Unit        `json:"unit"`
	Category    string      `json:"category"`
	Urgency     Urgency     `json:"urgency"`
	Score       float64     `json:"score"`
	Factors     []Factor    `json:"factors"`
	// Instead is set where the need's own best offer serves somebody else.
	Instead *Instead `json:"instead,omitempty"`
}

// Instead says whom a need's own best offer serves in the plan, and how much
// worse, in millionths a unit, everybody together would fare if it served the need.
type Instead struct {
	OfferID     OfferID      `json:"offer_id"`
	OfferLineID OfferLineID  `json:"offer_line_id"`
	Serves      []NeedLineID `json:"serves"`
	Loss        int64        `json:"loss"`
}

// PairRef names a pair of a plan.
type PairRef struct {
	NeedLineID  NeedLineID  `json:"need_line_id"`
	OfferLineID OfferLineID `json:"offer_line_id"`
}

// ConfirmPlan asks to propose pairs of a plan; none named means all. A repeat
// under the same plan makes no match twice.
type ConfirmPlan struct {
	PlanID PlanID    `json:"plan_id"`
	Pairs  []PairRef `json:"pairs,omitempty"`
}

// ConfirmedPlan answers, pair by pair: a conflict of one stops no other.
type ConfirmedPlan struct {
	Items []ConfirmedPair `json:"items"`
}

// ConfirmedPair is a match, or why there is none.
type ConfirmedPair struct {
	PairRef
	RequestID RequestID `json:"request_id,omitempty"`
	MatchID   MatchID   `json:"match_id,omitempty"`
	State     string    `json:"state,omitempty"`
	Problem   string    `json:"problem,omitempty"` // a fault's code
}

// The calls about plans that the matcher answers.
var (
	MatcherPlan        = Endpoint[AskPlan, Plan]{"svc.matcher.plan"}
	MatcherConfirmPlan = Endpoint[ConfirmPlan, ConfirmedPlan]{"svc.matcher.confirm_plan"}
)
