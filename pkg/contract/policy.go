package contract

import (
	"encoding/json"
	"time"
)

// Policy is one version of a matching policy and where it is in force: from its
// organisation downwards, for its category and those below. Empty means the
// whole installation, and every category. Document is rank's; null where the
// scope follows what is above it.
type Policy struct {
	Version   int64           `json:"version"`
	Path      string          `json:"path,omitempty"` // of the organisation
	Category  string          `json:"category,omitempty"`
	CreatedAt time.Time       `json:"created_at"`
	CreatedBy string          `json:"created_by,omitempty"`
	Document  json.RawMessage `json:"document"`
}

// SetPolicy asks to put a policy in force for an organisation, for a category of
// it, or for the whole installation. A null document makes the scope follow what
// is above it again. Key makes a repeat harmless.
type SetPolicy struct {
	Organisation string          `json:"organisation,omitempty"` // code; empty: the whole installation
	Category     string          `json:"category,omitempty"`
	Document     json.RawMessage `json:"document"`
	Reason       string          `json:"reason"`
	Key          string          `json:"key,omitempty"`
	BodyHash     string          `json:"body_hash,omitempty"`
}

// The calls about policies that the matcher answers.
var (
	MatcherPolicy    = Endpoint[Empty, Policy]{"svc.matcher.policy"}
	MatcherPolicies  = Endpoint[Empty, Listing[Policy]]{"svc.matcher.policies"}
	MatcherSetPolicy = Endpoint[SetPolicy, Policy]{"svc.matcher.set_policy"}
)
