package contract

import "time"

// ReviseOrganisation sets all that may change of an organisation, as whoever
// looked at the version wants it; its code and parent stay.
type ReviseOrganisation struct {
	Code          string   `json:"code"`
	Version       int64    `json:"version"`
	Name          string   `json:"name"`
	Kind          string   `json:"kind"`
	Level         string   `json:"level"`
	RegionCode    string   `json:"region_code"`
	Coordinates   bool     `json:"coordinates,omitempty"`
	Verified      bool     `json:"verified,omitempty"`
	Specialties   []string `json:"specialties,omitempty"`
	ContactPerson string   `json:"contact_person,omitempty"`
}

// EndOrganisation ends an organisation for good: nobody acts in it any more and
// nothing new goes to it. It is refused while anything at or below it is open.
type EndOrganisation struct {
	Code    string `json:"code"`
	Version int64  `json:"version"`
	Reason  string `json:"reason"`
}

// PutCategory adds a category or, under a known code, changes it. A retired one
// is offered to nobody any more; what has it keeps it.
type PutCategory struct {
	Category Category `json:"category"`
	Reason   string   `json:"reason,omitempty"`
}

// AuditRecord is one row of the audit chain of an organisation.
type AuditRecord struct {
	Organisation string    `json:"organisation"` // code
	Seq          int64     `json:"seq"`          // from 1, without gaps
	At           time.Time `json:"at"`
	Action       string    `json:"action"`
	SubjectID    string    `json:"subject_id"`
	Role         Role      `json:"role"`
	ActorID      string    `json:"actor_id"`
	ActorName    string    `json:"actor_name"`
	Reason       string    `json:"reason,omitempty"`
}

// ListAudit asks for rows of the chains of the actor's organisation and those
// below, the newest first. Empty filters match all.
type ListAudit struct {
	Page
	Actor     string     `json:"actor,omitempty"`      // id, or the whole name
	Action    string     `json:"action,omitempty"`     // or how it begins
	SubjectID string     `json:"subject_id,omitempty"` // of the thing
	From      *time.Time `json:"from,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
}

// AuditBreak is a place where an organisation's chain does not hold.
type AuditBreak struct {
	Organisation string `json:"organisation"` // code
	Seq          int64  `json:"seq"`
	Reason       string `json:"reason"`
}

// AuditVerdict says whether the chains that the actor sees hold.
type AuditVerdict struct {
	At     time.Time    `json:"at"`
	Chains int          `json:"chains"`
	Rows   int64        `json:"rows"`
	Breaks []AuditBreak `json:"breaks"`
}

// The administrator's calls that the directory answers.
var (
	DirectoryRevise      = Endpoint[ReviseOrganisation, Organisation]{"svc.directory.revise"}
	DirectoryEnd         = Endpoint[EndOrganisation, Organisation]{"svc.directory.end"}
	DirectoryPutCategory = Endpoint[PutCategory, Category]{"svc.directory.put_category"}
	DirectoryAuditTrail  = Endpoint[ListAudit, Listing[AuditRecord]]{"svc.directory.audit_trail"}
	DirectoryVerifyAudit = Endpoint[Empty, AuditVerdict]{"svc.directory.verify_audit"}
)

// ListPolicyVersions asks for every version of the policies of the scopes that
// concern the actor, or of one of them, the newest first.
type ListPolicyVersions struct {
	Page
	Version int64 `json:"version,omitempty"` // this one alone
	// Path and Category are a scope; OneScope says that empty ones mean the whole
	// installation and every category.
	OneScope bool   `json:"one_scope,omitempty"`
	Path     string `json:"path,omitempty"`
	Category string `json:"category,omitempty"`
}

// MatcherPolicyVersions lists the versions of policies.
var MatcherPolicyVersions = Endpoint[ListPolicyVersions, Listing[Policy]]{"svc.matcher.policy_versions"}

// DeadLetter is a message that a service put aside. Its payload stays there.
type DeadLetter struct {
	ID        int64     `json:"id"`
	Consumer  string    `json:"consumer"`
	EventID   EventID   `json:"event_id,omitempty"` // empty: the message could not be read
	Subject   string    `json:"subject"`
	Reason    string    `json:"reason"` // holds no text of the message
	Tries     int       `json:"tries"`
	CreatedAt time.Time `json:"created_at"`
}

// DeadLetters are those that wait in one service, the newest first.
type DeadLetters struct {
	Items []DeadLetter `json:"items"`
	Count int64        `json:"count"` // in all
}

// ListDeadLetters asks for those with ids below Before; 0 begins at the newest.
type ListDeadLetters struct {
	Before int64 `json:"before,omitempty"`
}

// MaxDeadLetters is how many are listed, replayed or dropped in one call.
const MaxDeadLetters = 100

// ReplayDeadLetters asks to handle letters again. A repeat has no further effect.
type ReplayDeadLetters struct {
	IDs []int64 `json:"ids"`
}

// ReplayedLetter is what became of one: Problem is a fault's code, empty when it
// was handled.
type ReplayedLetter struct {
	ID      int64  `json:"id"`
	Problem string `json:"problem,omitempty"`
}

// ReplayedLetters answers, letter by letter: one that fails stops no other.
type ReplayedLetters struct {
	Items []ReplayedLetter `json:"items"`
}

// DropDeadLetters asks to forget letters: their facts are never handled.
type DropDeadLetters struct {
	IDs    []int64 `json:"ids"`
	Reason string  `json:"reason"`
}

// DeadLetterCalls are the calls about the dead letters of one service.
type DeadLetterCalls struct {
	List   Endpoint[ListDeadLetters, DeadLetters]
	Replay Endpoint[ReplayDeadLetters, ReplayedLetters]
	Drop   Endpoint[DropDeadLetters, Empty]
}

// DeadLettersOf returns the calls of a service.
func DeadLettersOf(service string) DeadLetterCalls {
	return DeadLetterCalls{
		List:   Endpoint[ListDeadLetters, DeadLetters]{"svc." + service + ".dead_letters"},
		Replay: Endpoint[ReplayDeadLetters, ReplayedLetters]{"svc." + service + ".replay_letters"},
		Drop:   Endpoint[DropDeadLetters, Empty]{"svc." + service + ".drop_letters"},
	}
}

// LetterKeepers are the services that hear facts and so keep dead letters.
func LetterKeepers() []string { return []string{"request", "offer", "matcher", "notify"} }
