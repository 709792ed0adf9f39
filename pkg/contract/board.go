package contract

import "time"

// Publish puts a request or an offer on the public board, in the words that
// staff wrote or confirmed for it, or changes those of one that is there. The
// version must be the current one.
type Publish struct {
	ID      string `json:"id"`
	Version *int64 `json:"version,omitempty"`
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
	// NearPoint shows a place within about a kilometre of the point, where there
	// is one; else the region alone is shown.
	NearPoint bool `json:"near_point,omitempty"`
}

// Published is what everybody may read of a request or an offer on the board: no
// name, no contact, nothing that its author wrote.
type Published struct {
	Thing      Thing           `json:"thing"`
	ID         string          `json:"id"` // its place among those of one moment
	Code       string          `json:"code"`
	At         time.Time       `json:"at"` // of publication
	Title      string          `json:"title"`
	Summary    string          `json:"summary,omitempty"`
	Lines      []PublishedLine `json:"lines"`
	Urgency    Urgency         `json:"urgency,omitempty"` // requests
	Mode       Mode            `json:"mode"`
	RegionCode string          `json:"region_code"`
	Point      *Point          `json:"point,omitempty"` // within about a kilometre
	// Shown is false while it is not on the board, such as a need that is met.
	Shown bool `json:"shown"`
}

// PublishedLine is a line of what is published. Quantity is nil where it is not
// stated, or Few: so little that it would tell who asks.
type PublishedLine struct {
	Category string `json:"category"`
	Unit     Unit   `json:"unit"`
	Quantity *int64 `json:"quantity,omitempty"`
	Few      bool   `json:"few,omitempty"`
}

// AskBoard asks for what is on the board, the newest first. Empty filters match all.
type AskBoard struct {
	Limit      int         `json:"limit,omitempty"` // 1 to 100; 0 means 50
	Code       string      `json:"code,omitempty"`
	Categories []string    `json:"categories,omitempty"` // with what lies below them
	RegionCode string      `json:"region_code,omitempty"`
	Urgencies  []Urgency   `json:"urgencies,omitempty"`
	Before     *BoardPlace `json:"before,omitempty"`
}

// BoardPlace is a place in the order of the board, the same for both things.
type BoardPlace struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

// The calls about the board, answered by the owner of what is on it.
var (
	RequestPublish   = Endpoint[Publish, Moved]{"svc.request.publish"}
	RequestUnpublish = Endpoint[Move, Moved]{"svc.request.unpublish"}
	RequestBoard     = Endpoint[AskBoard, Listing[Published]]{"svc.request.board"}
	OfferPublish     = Endpoint[Publish, Moved]{"svc.offer.publish"}
	OfferUnpublish   = Endpoint[Move, Moved]{"svc.offer.unpublish"}
	OfferBoard       = Endpoint[AskBoard, Listing[Published]]{"svc.offer.board"}
)
