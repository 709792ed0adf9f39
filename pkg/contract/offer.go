package contract

import "time"

// Credential is a proof of a profession that somebody with the right verifies.
type Credential struct {
	N          int        `json:"n,omitempty"` // number within the offer, from 1
	Kind       string     `json:"kind"`        // such as psych, medical, legal
	Number     string     `json:"number,omitempty"`
	Issuer     string     `json:"issuer,omitempty"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
	VerifiedBy string     `json:"verified_by,omitempty"`
	VerifiedAt *time.Time `json:"verified_at,omitempty"`
}

// OfferDraft is what somebody can give, as entered.
type OfferDraft struct {
	Title          string       `json:"title"`
	Description    string       `json:"description,omitempty"`
	Organisation   string       `json:"organisation,omitempty"` // code of the agency that fields it
	HelperID       HelperID     `json:"helper_id,omitempty"`
	OfferLines     []OfferLine  `json:"offer_lines"`
	Mode           Mode         `json:"mode"`
	RegionCode     string       `json:"region_code"`
	Point          *Point       `json:"point,omitempty"`
	RadiusM        *int64       `json:"radius_m,omitempty"` // metres around the point
	ServiceRegions []string     `json:"service_regions,omitempty"`
	Languages      []string     `json:"languages,omitempty"`
	Skills         []string     `json:"skills,omitempty"`
	Safeguards     []string     `json:"safeguards,omitempty"` // that the offer satisfies
	Credentials    []Credential `json:"credentials,omitempty"`
	Windows        []Window     `json:"windows,omitempty"`
	Language       string       `json:"language,omitempty"` // in which messages are written (BCP 47)
	TimeZone       string       `json:"time_zone,omitempty"`
	ValidUntil     *time.Time   `json:"valid_until,omitempty"`
	Sharing        Sharing      `json:"sharing,omitempty"`
	State          string       `json:"state,omitempty"` // staff: "submitted" or "available"
	Contact        Contact      `json:"contact"`
	Consent        Consent      `json:"consent"`
	// Adult is what the one who offers says of being 18 or older; nil when not asked.
	// It is looked at and not kept.
	Adult    *bool  `json:"adult,omitempty"`
	Source   string `json:"source,omitempty"`
	SourceID string `json:"source_id,omitempty"`
	// Vouched says that a verified organisation vouches for the credentials
	// and the phone of what it imports; only staff may say so.
	Vouched bool `json:"vouched,omitempty"`
}

// SubmitOffer stores an offer; repeats as for SubmitRequest.
type SubmitOffer struct {
	Key         string     `json:"key,omitempty"`
	BodyHash    string     `json:"body_hash,omitempty"`
	ID          OfferID    `json:"id"`
	Code        string     `json:"code"`
	Draft       OfferDraft `json:"draft"`
	SubmittedAt time.Time  `json:"submitted_at"`
}

// SubmittedOffer is the answer to a submission.
type SubmittedOffer struct {
	ID          OfferID      `json:"id"`
	Code        string       `json:"code"`
	State       string       `json:"state"`
	Version     int64        `json:"version"`
	OfferLines  []OfferLine  `json:"offer_lines"`
	Credentials []Credential `json:"credentials"`
	Generation  int          `json:"generation"`
	Repeated    bool         `json:"repeated,omitempty"`
}

// OfferLineView is an offer line with what its live matches reserve and have used.
type OfferLineView struct {
	OfferLine
	Reserved int64 `json:"reserved"` // in the current period
	Used     int64 `json:"used"`     // really delivered, ever
}

// Offer is an offer as shown. Contact is masked unless it was read with a record.
type Offer struct {
	ID             OfferID         `json:"id"`
	Code           string          `json:"code"`
	Organisation   string          `json:"organisation"`
	Path           string          `json:"path"`
	State          string          `json:"state"`
	Stage          string          `json:"stage"`
	Version        int64           `json:"version"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
	AskedAt        *time.Time      `json:"asked_at,omitempty"` // whether it still stands, and nobody has answered
	Title          string          `json:"title"`
	Description    string          `json:"description,omitempty"`
	HelperID       HelperID        `json:"helper_id,omitempty"`
	OfferLines     []OfferLineView `json:"offer_lines"`
	Mode           Mode            `json:"mode"`
	RegionCode     string          `json:"region_code"`
	Point          *Point          `json:"point,omitempty"`
	RadiusM        *int64          `json:"radius_m,omitempty"`
	ServiceRegions []string        `json:"service_regions"`
	Languages      []string        `json:"languages"`
	Skills         []string        `json:"skills"`
	Safeguards     []string        `json:"safeguards"`
	Credentials    []Credential    `json:"credentials"`
	Windows        []Window        `json:"windows"`
	TimeZone       string          `json:"time_zone"`
	ValidUntil     *time.Time      `json:"valid_until,omitempty"`
	// WeeklyBudget is how many asks a week the helper takes, of all their offers; nil
	// is no limit of their own.
	WeeklyBudget  *int64  `json:"weekly_budget,omitempty"`
	WeeklyHours   *int64  `json:"weekly_hours,omitempty"` // that the helper gives at most a week, of all their offers
	RestDays      int64   `json:"rest_days,omitempty"`    // that the helper rests after help, of all their offers
	HeavyHours    int64   `json:"heavy_hours,omitempty"`  // from which help is followed by that rest; 0: any
	Sharing       Sharing `json:"sharing"`
	Contact       Contact `json:"contact"`
	PhoneVerified bool    `json:"phone_verified"`
	MailBounces   bool    `json:"mail_bounces,omitempty"` // mail does not arrive
	Digest        Digest  `json:"digest,omitempty"`       // of messages to its person
	// Suspended says that it rests while a complaint is looked into, whatever its stage.
	Suspended   bool   `json:"suspended,omitempty"`
	Source      string `json:"source,omitempty"`
	SourceID    string `json:"source_id,omitempty"`
	SubmittedBy Role   `json:"submitted_by"`
	Generation  int    `json:"generation"`
	// Consent is what the person agreed to and has not withdrawn.
	Consent Consent `json:"consent"`
	// ErasedAt is set once everything personal is gone for good.
	ErasedAt *time.Time     `json:"erased_at,omitempty"`
	Moves    []string       `json:"moves"`
	History  []HistoryEntry `json:"history,omitempty"`
	Notes    []Note         `json:"notes,omitempty"`
	// Published is what is on the public board; on get only, staff only.
	Published *Published `json:"published,omitempty"`
}

// ListOffers asks for offers that the actor sees. Order: newest first, then id.
type ListOffers struct {
	Page
	States       []string `json:"states,omitempty"`
	Categories   []string `json:"categories,omitempty"`
	RegionCode   string   `json:"region_code,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Source       string   `json:"source,omitempty"`
	Text         string   `json:"text,omitempty"`
	IncludeEnded bool     `json:"include_ended,omitempty"`
	// Queue is QueueEnding for offers on offer with a credential that ends within a
	// month or has ended; empty for all.
	Queue string `json:"queue,omitempty"`
}

// QueueEnding names the offers whose credentials somebody has to renew.
const QueueEnding = "ending"

// CorrectOffer is what the one who offers may change from the tracking page. Nil fields stay.
type CorrectOffer struct {
	ID          OfferID  `json:"id"`
	Version     int64    `json:"version"`
	Title       *string  `json:"title,omitempty"`
	Description *string  `json:"description,omitempty"`
	Contact     *Contact `json:"contact,omitempty"`
	// Capacities are new totals by line; a nil quantity is "not stated".
	Capacities map[OfferLineID]*int64 `json:"capacities,omitempty"`
}

// HelperTerms are when one who helps may be asked for an offer, and how often a week
// for all that they offer in its organisation: nil is no limit of their own, 0 is
// never. The limit is a hard rule of matching once the phone is verified.
type HelperTerms struct {
	Windows      []Window `json:"windows"` // none is any time
	WeeklyBudget *int64   `json:"weekly_budget"`
	// WeeklyHours is how many hours of help they give a week, Monday to Sunday in
	// UTC, over all organisations; nil is no limit of their own.
	WeeklyHours *int64 `json:"weekly_hours,omitempty"`
	// RestDays is for how many days after they reported help nothing is asked of
	// them; 0 is not at all.
	RestDays int64 `json:"rest_days,omitempty"`
	// HeavyHours is how long help must have taken for that rest; 0 is any help.
	HeavyHours int64 `json:"heavy_hours,omitempty"`
}

// SetTerms sets the terms as whoever looked at the version wants them.
type SetTerms struct {
	ID      OfferID     `json:"id"`
	Version int64       `json:"version"`
	Terms   HelperTerms `json:"terms"`
}

// VerifyCredential marks the n-th credential of an offer as verified by the actor.
type VerifyCredential struct {
	ID      OfferID `json:"id"`
	N       int     `json:"n"`
	Version *int64  `json:"version,omitempty"`
}

// ProjectedOffer is what the matcher may know of an offer.
type ProjectedOffer struct {
	OfferID      OfferID  `json:"offer_id"`
	Version      int64    `json:"version"`
	Available    bool     `json:"available"`
	Organisation string   `json:"organisation"`
	Path         string   `json:"path"`
	Sharing      Sharing  `json:"sharing"`
	HelperID     HelperID `json:"helper_id,omitempty"`
	// HelperKey recognises a helper across organisations: the blind index of a
	// verified phone; empty when no phone is verified.
	HelperKey      string       `json:"helper_key,omitempty"`
	WeeklyBudget   *int64       `json:"weekly_budget,omitempty"` // asks a week; nil is the policy's default
	WeeklyHours    *int64       `json:"weekly_hours,omitempty"`
	RestDays       int64        `json:"rest_days,omitempty"`   // after help
	HeavyHours     int64        `json:"heavy_hours,omitempty"` // from which on; 0 is any
	Mode           Mode         `json:"mode"`
	RegionCode     string       `json:"region_code"`
	Point          *Point       `json:"point,omitempty"`
	RadiusM        *int64       `json:"radius_m,omitempty"`
	ServiceRegions []string     `json:"service_regions"`
	Languages      []string     `json:"languages"`
	Skills         []string     `json:"skills"`
	Safeguards     []string     `json:"safeguards"`
	Credentials    []Credential `json:"credentials"` // kind, validity and verification only
	Windows        []Window     `json:"windows"`
	TimeZone       string       `json:"time_zone"`
	ValidUntil     *time.Time   `json:"valid_until,omitempty"`
	PhoneVerified  bool         `json:"phone_verified"`
	Words          Words        `json:"words,omitempty"` // of what all lines share
	Lines          []LineWords  `json:"lines"`
}

// The calls that the offer service answers.
var (
	OfferSubmit           = Endpoint[SubmitOffer, SubmittedOffer]{"svc.offer.submit"}
	OfferGet              = Endpoint[GetByID, Offer]{"svc.offer.get"}
	OfferFind             = Endpoint[FindByCode, Found]{"svc.offer.find"}
	OfferList             = Endpoint[ListOffers, Listing[Offer]]{"svc.offer.list"}
	OfferMove             = Endpoint[Move, Moved]{"svc.offer.move"}
	OfferCorrect          = Endpoint[CorrectOffer, Moved]{"svc.offer.correct"}
	OfferVerifyPhone      = Endpoint[Move, Moved]{"svc.offer.verify_phone"}
	OfferVerifyCredential = Endpoint[VerifyCredential, Moved]{"svc.offer.verify_credential"}
	OfferSetTerms         = Endpoint[SetTerms, Moved]{"svc.offer.set_terms"}
	OfferErase            = Endpoint[Move, Moved]{"svc.offer.erase"}
	OfferConsent          = Endpoint[ChangeConsent, Moved]{"svc.offer.consent"}
	OfferNote             = Endpoint[AddNote, Empty]{"svc.offer.note"}
	OfferContact          = Endpoint[ContactReading, Contact]{"svc.offer.contact"}
	OfferProjections      = Endpoint[GetProjections, Projections[ProjectedOffer]]{"svc.offer.projection"}
	OfferCount            = Endpoint[Empty, Counts]{"svc.offer.count"}
)
