package contract

import "time"

// Region is an administrative division. Codes are opaque; the tree is in Parent.
type Region struct {
	Code   string            `json:"code"`
	Parent string            `json:"parent,omitempty"`
	Level  string            `json:"level"` // country, province, city, county
	Names  map[string]string `json:"names"` // by language: zh-Hans always
	Point  *Point            `json:"point,omitempty"`
}

// Category is a kind of help. Codes are dotted paths: "labour.disinfection".
type Category struct {
	Code       string            `json:"code"`
	Parent     string            `json:"parent,omitempty"`
	Names      map[string]string `json:"names"` // en, zh-Hans, zh-Hant
	Units      []Unit            `json:"units"` // usual ones, the first is the default
	Modes      []Mode            `json:"modes"`
	Credential bool              `json:"credential"` // a verified credential is required
	Sensitive  bool              `json:"sensitive"`
	Matching   string            `json:"matching"`        // manual, assisted, wave, automatic
	HSDS       string            `json:"hsds,omitempty"`  // taxonomy term
	Order      int               `json:"order,omitempty"` // in lists
	// Retired ones are offered to nobody any more; what has one keeps it.
	Retired bool `json:"retired,omitempty"`
}

// Item is a thing of the catalogue, sold by several names.
type Item struct {
	Code     string            `json:"code"`
	Category string            `json:"category"`
	Names    map[string]string `json:"names"`
	Aliases  []string          `json:"aliases,omitempty"` // folded names people use
	Unit     Unit              `json:"unit"`
	// Per gives how many of Unit one of another unit holds, such as {"box": 50}.
	Per map[Unit]int64 `json:"per,omitempty"`
}

// OrganisationRef is where rows of an organisation belong.
type OrganisationRef struct {
	ID   OrganisationID `json:"id"`
	Code string         `json:"code"`
	Path string         `json:"path"`
	Name string         `json:"name"`
}

// Reference is the slowly changing data that every service works with.
type Reference struct {
	Version    int64      `json:"version"`
	Regions    []Region   `json:"regions"`
	Categories []Category `json:"categories"`
	Items      []Item     `json:"items"`
	// Coordinators are the organisations that take public submissions, by region.
	Coordinators map[string]OrganisationRef `json:"coordinators"`
	// Root is the top organisation.
	Root OrganisationRef `json:"root"`
}

// AskReference asks for the reference data unless the caller has this version.
type AskReference struct {
	Have int64 `json:"have,omitempty"`
	// Unnamed leaves the names of regions out: thousands, in three languages, for a
	// service that speaks codes.
	Unnamed bool `json:"unnamed,omitempty"`
}

// ReferenceAnswer holds no Reference when the caller's version is current.
type ReferenceAnswer struct {
	Reference *Reference `json:"reference,omitempty"`
}

// Organisation is a member of the platform.
type Organisation struct {
	ID          OrganisationID `json:"id"`
	Code        string         `json:"code"`
	Name        string         `json:"name"`
	Kind        string         `json:"kind"`  // government, charity, agency, company, hospital, community
	Level       string         `json:"level"` // province, city, county, community
	RegionCode  string         `json:"region_code"`
	ParentCode  string         `json:"parent_code,omitempty"`
	Path        string         `json:"path"`
	Coordinates bool           `json:"coordinates"` // takes public submissions of its region
	Verified    bool           `json:"verified"`
	// Specialties are codes of categories.
	Specialties []string `json:"specialties"`
	// ContactPerson is a member of staff, by name.
	ContactPerson string `json:"contact_person,omitempty"`
	// Safeguard is the member of staff whom complaints land with, by name.
	Safeguard string    `json:"safeguard,omitempty"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
	// EndedAt is set once nobody acts in it any more; nothing new goes to it.
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

// OrganisationDraft registers an organisation or, under a known code, changes it.
type OrganisationDraft struct {
	ID          OrganisationID `json:"id"`
	Code        string         `json:"code"`
	Name        string         `json:"name"`
	Kind        string         `json:"kind"`
	Level       string         `json:"level"`
	RegionCode  string         `json:"region_code"`
	ParentCode  string         `json:"parent_code"` // empty means root
	Coordinates bool           `json:"coordinates,omitempty"`
	Verified    bool           `json:"verified,omitempty"`
	// Of a known organisation these stay as they are when they are left out.
	Specialties   []string `json:"specialties,omitempty"`
	ContactPerson string   `json:"contact_person,omitempty"`
}

// RegisteredOrganisation is the answer; Outcome is created, changed or unchanged.
type RegisteredOrganisation struct {
	Organisation Organisation `json:"organisation"`
	Outcome      string       `json:"outcome"`
}

// ListOrganisations asks for organisations at or below the actor's own.
type ListOrganisations struct {
	Page
	Text       string `json:"text,omitempty"`
	RegionCode string `json:"region_code,omitempty"`
	Level      string `json:"level,omitempty"`
	Specialty  string `json:"specialty,omitempty"` // with the categories below
	Campaign   string `json:"campaign,omitempty"`
	Verified   *bool  `json:"verified,omitempty"`
}

// AskRollUp asks how many organisations at or below the actor's own there are
// in a region, by what lies directly below it; the country when empty.
type AskRollUp struct {
	RegionCode string `json:"region_code,omitempty"`
}

// RollUp counts organisations by place and level. Items are ordered by region
// and level; the asked region's own stand under its code.
type RollUp struct {
	RegionCode string      `json:"region_code"`
	Items      []RollUpRow `json:"items"`
}

// RollUpRow counts the organisations of one level in one region and below it.
type RollUpRow struct {
	RegionCode  string `json:"region_code" db:"region_code"`
	Level       string `json:"level" db:"level"`
	Count       int64  `json:"count" db:"count"`
	Verified    int64  `json:"verified" db:"verified"`
	Coordinates int64  `json:"coordinates" db:"coordinates"`
}

// AskHonours asks for the honour roll: those of the codes that are organisations,
// from the highest level, by name.
type AskHonours struct {
	Page
	Codes []string `json:"codes"`
}

// Honour is an organisation on the honour roll, as the public may see it.
type Honour struct {
	Name        string   `json:"name"`
	Level       string   `json:"level"`
	RegionCode  string   `json:"region_code"`
	Specialties []string `json:"specialties"`
}

// OrganisationByCode asks for one organisation by its code.
type OrganisationByCode struct {
	Code string `json:"code"`
	// Seen asks for one at or below the actor's own alone.
	Seen bool `json:"seen,omitempty"`
}

// Person is somebody who works in an organisation.
type Person struct {
	ID           PersonID `json:"id"`
	Name         string   `json:"name"`
	Role         Role     `json:"role"`
	Organisation string   `json:"organisation"`
	Path         string   `json:"path"`
	Language     string   `json:"language,omitempty"`
	// Demo people sign in by a link alone; everybody else enrols by it.
	Demo bool `json:"demo,omitempty"`
	// Enrolled people have a second factor, so that a link sets a new password only.
	Enrolled bool `json:"enrolled,omitempty"`
}

// PersonDraft adds somebody to an organisation in a first role; repeatable by id.
type PersonDraft struct {
	ID           PersonID `json:"id"`
	Name         string   `json:"name"`
	Role         Role     `json:"role"`
	Organisation string   `json:"organisation"` // code
	Language     string   `json:"language,omitempty"`
	Demo         bool     `json:"demo,omitempty"` // taken from the system alone
}

// ListPeople asks for people at or below the actor's organisation.
type ListPeople struct {
	Page
}

// MakeLogin makes a one-time secret for a person: to sign in, for people of the
// demo, else to enrol or to set a new password. It is good for 10 minutes, for
// 3 days to somebody who has not enrolled yet.
type MakeLogin struct {
	PersonID PersonID `json:"person_id"`
	// Resets takes the second factors away when the secret is redeemed: they were lost.
	Resets bool `json:"resets,omitempty"`
}

// Login is a one-time secret; only its hash is stored.
type Login struct {
	Secret    string    `json:"secret"`
	ExpiresAt time.Time `json:"expires_at"`
}

// RedeemLogin trades a one-time secret for the person's identity, once.
type RedeemLogin struct {
	Secret string `json:"secret"`
}

// MakeAPIKey makes a key in an organisation and a role.
type MakeAPIKey struct {
	ID           APIKeyID `json:"id"`
	Organisation string   `json:"organisation"` // code
	Role         Role     `json:"role"`
	Name         string   `json:"name"`
	// Actions narrow what the role may do; empty means all of it.
	Actions []string `json:"actions,omitempty"`
	// ExpiresAt is a year from now when it is not said.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// MadeAPIKey shows the key, once.
type MadeAPIKey struct {
	ID        APIKeyID  `json:"id"`
	Key       string    `json:"key"`
	ExpiresAt time.Time `json:"expires_at"`
}

// RevokeIdentity ends a person's or a key's right to act, for good: exactly one
// of the fields is set.
type RevokeIdentity struct {
	PersonID PersonID `json:"person_id,omitempty"`
	APIKeyID APIKeyID `json:"api_key_id,omitempty"`
}

// Authenticate asks who acts: exactly one of the fields is set. An unknown,
// ended or revoked identity is NotFound.
type Authenticate struct {
	Key      string   `json:"key,omitempty"`       // an API key
	PersonID PersonID `json:"person_id,omitempty"` // a session's person
	// RoleID is the role that the person has chosen to act in; the first one held
	// when empty or not held any more.
	RoleID RoleID `json:"role_id,omitempty"`
}

// Campaign is a joint action of several organisations (联合行动).
type Campaign struct {
	Code          string            `json:"code"`
	Name          map[string]string `json:"names"`
	Organisations int64             `json:"organisations"` // how many take part
}

// CampaignDraft starts a campaign or, under a known code, renames it and adds
// organisations to it.
type CampaignDraft struct {
	Code          string            `json:"code"`
	Name          map[string]string `json:"names"`
	Organisations []string          `json:"organisations,omitempty"` // codes
}

// AuditEntry is one row of the audit chain: who did what to which id, and why.
type AuditEntry struct {
	Key       string `json:"key"` // makes a repeat harmless
	Action    Act    `json:"action"`
	SubjectID string `json:"subject_id"`
	Path      string `json:"path"` // of the organisation whose chain it joins
	Reason    string `json:"reason,omitempty"`
}

// RecordErasure puts a request or offer into the journal of erasures, before
// anything of it is erased, and into the audit chain of the organisation at the
// path. A repeat for the same subject changes nothing.
type RecordErasure struct {
	Thing     Thing  `json:"thing"`
	SubjectID string `json:"subject_id"`
	Path      string `json:"path"`
	Reason    string `json:"reason,omitempty"` // of staff; kept in the audit chain alone
}

// Erasure is one entry of the journal: what is to be gone for good, whatever an
// older backup holds.
type Erasure struct {
	Seq       int64     `json:"seq"` // from 1, without gaps
	Thing     Thing     `json:"thing"`
	SubjectID string    `json:"subject_id"`
	At        time.Time `json:"at"`
	// Hash covers the entry and the one before.
	Hash []byte `json:"hash"`
}

// MaxErasures bounds one answer of the journal.
const MaxErasures = 1000

// ListErasures asks for the entries of one thing after a number, in order, at
// most MaxErasures.
type ListErasures struct {
	Thing Thing `json:"thing"`
	After int64 `json:"after"`
}

// Erasures is a part of the journal. Last is the number up to which nothing of
// the thing is left out.
type Erasures struct {
	Items []Erasure `json:"items"`
	Last  int64     `json:"last"`
}

// Alert is something that somebody ought to look at: an account that read
// unusually many contacts within an hour.
type Alert struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"` // "readings"
	ActorID   string    `json:"actor_id"`
	ActorName string    `json:"actor_name"`
	Path      string    `json:"path"`  // of the actor's organisation
	Since     time.Time `json:"since"` // the hour
	At        time.Time `json:"at"`    // of the last reading
	Count     int64     `json:"count"`
}

// MaxAlerts is how many alerts are listed, the newest first.
const MaxAlerts = 100

// The calls that the directory answers.
var (
	DirectoryReference     = Endpoint[AskReference, ReferenceAnswer]{"svc.directory.reference"}
	DirectoryRegister      = Endpoint[OrganisationDraft, RegisteredOrganisation]{"svc.directory.register"}
	DirectoryOrganisation  = Endpoint[OrganisationByCode, Organisation]{"svc.directory.organisation"}
	DirectoryOrganisations = Endpoint[ListOrganisations, Listing[Organisation]]{"svc.directory.organisations"}
	DirectoryRollUp        = Endpoint[AskRollUp, RollUp]{"svc.directory.roll_up"}
	DirectoryHonours       = Endpoint[AskHonours, Listing[Honour]]{"svc.directory.honours"}
	DirectoryCampaign      = Endpoint[CampaignDraft, Campaign]{"svc.directory.campaign"}
	DirectoryAddPerson     = Endpoint[PersonDraft, Person]{"svc.directory.add_person"}
	DirectoryPeople        = Endpoint[ListPeople, Listing[PersonRecord]]{"svc.directory.people"}
	DirectoryMakeLogin     = Endpoint[MakeLogin, Login]{"svc.directory.make_login"}
	DirectoryRedeemLogin   = Endpoint[RedeemLogin, Person]{"svc.directory.redeem_login"}
	DirectoryMakeAPIKey    = Endpoint[MakeAPIKey, MadeAPIKey]{"svc.directory.make_api_key"}
	DirectoryAuthenticate  = Endpoint[Authenticate, Actor]{"svc.directory.authenticate"}
	DirectoryAudit         = Endpoint[AuditEntry, Empty]{"svc.directory.audit"}
	DirectoryRecordErasure = Endpoint[RecordErasure, Empty]{"svc.directory.record_erasure"}
	DirectoryAlerts        = Endpoint[Empty, Listing[Alert]]{"svc.directory.alerts"}
	DirectoryErasures      = Endpoint[ListErasures, Erasures]{"svc.directory.erasures"}
	DirectoryRevoke        = Endpoint[RevokeIdentity, Empty]{"svc.directory.revoke"}
	DirectoryCampaigns     = Endpoint[Empty, Listing[Campaign]]{"svc.directory.campaigns"}
)

// ReferenceChanged is the core NATS subject that tells of a new reference version.
const ReferenceChanged = "live.directory.reference"

// IdentityChanged is the core NATS subject that tells caches to forget whom
// they authenticated: a role or key changed.
const IdentityChanged = "live.directory.identity"
