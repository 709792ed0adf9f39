// Package inbound owns the forms of other programs that post to Heli: an address
// and a secret for each, how what they send becomes a request or an offer, and every
// post, sealed until it is taken in, so that nothing is lost that did not fit. It
// never decides what a service accepts, and reads no post without a record of it.
package inbound

import (
	"slices"
	"strings"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
)

// Limits of forms and their posts.
const (
	MaxBytes    = 256 << 10 // of a post
	maxForms    = 100       // of one organisation
	maxName     = 100
	maxConsent  = 2000
	maxPath     = 300
	maxKeys     = 200
	mostPerMin  = 6000
	usualPerMin = 120
	secretBytes = 24
	formerKept  = 24 * time.Hour // how long a replaced secret is still taken
	// WaitingKept is how long a post waits for somebody to look at it.
	WaitingKept  = 30 * 24 * time.Hour
	receiptsKept = 90 * 24 * time.Hour
)

// Kinds lists what a form can collect.
func Kinds() []importer.Kind { return []importer.Kind{importer.Needs, importer.Offers} }

// Proof is how a post shows that it is genuine.
type Proof string

// The proofs: a signature of the body (HMAC-SHA256 in hex or base64) in a header, or
// the secret itself in a header, the password of Basic, or the query.
const (
	Signature Proof = "signature"
	Secret    Proof = "secret"
)

// Proofs lists the proofs.
func Proofs() []Proof { return []Proof{Secret, Signature} }

// Settings are what people say of a form.
type Settings struct {
	Name    string           `json:"name"`
	Mapping importer.Mapping `json:"mapping"`
	Proof   Proof            `json:"proof"`
	Header  string           `json:"header,omitempty"` // that holds the proof; the usual one when empty
	// SubmissionID is the path of what names a submission; the whole body does when
	// it is empty. The same submission is one request, however often it is posted.
	SubmissionID string `json:"submission_id,omitempty"`
	PerMinute    int    `json:"per_minute"`
	// Consent is what the form tells people before they send it, word for word;
	// empty when it asks for none.
	Consent string `json:"consent,omitempty"`
}

// document is what is stored of settings: with the keys that posts had, and what
// former forms told people, by version.
type document struct {
	Settings
	Keys     []string          `json:"keys,omitempty"`
	Consents map[string]string `json:"consents,omitempty"`
}

// Form is an address to which another program posts.
type Form struct {
	ID           string
	Organisation string // code
	Kind         importer.Kind
	Settings
	Version   int64
	Keys      []string // that its posts had
	Disabled  bool
	CreatedAt time.Time
	Waiting   int // posts that somebody has to look at
	LastAt    *time.Time
}

// Header of a proof when the settings name none.
func (s Settings) header() string {
	switch {
	case s.Header != "":
		return s.Header
	case s.Proof == Signature:
		return "X-Heli-Signature"
	default:
		return "X-Heli-Secret"
	}
}

// normal returns the settings as they are kept, or everything that is wrong.
func (s Settings) normal(kind importer.Kind) (Settings, error) {
	s.Name, s.Header, s.SubmissionID = strings.TrimSpace(s.Name), strings.TrimSpace(s.Header), strings.TrimSpace(s.SubmissionID)
	s.Consent = strings.TrimSpace(strings.ReplaceAll(s.Consent, "\r\n", "\n"))
	s.Mapping = s.Mapping.Of(kind, nil)
	delete(s.Mapping.Columns, "source_id") // a submission has a name of its own
	if s.Proof == "" {
		s.Proof = Secret
	}
	if s.PerMinute == 0 {
		s.PerMinute = usualPerMin
	}
	c := check.New(nil)
	c.Text("name", s.Name, 1, maxName)
	check.OneOf(c, "proof", s.Proof, Proofs())
	if strings.ContainsFunc(s.Header, notOfHeader) || len(s.Header) > maxName {
		c.Add("header", check.Malformed)
	}
	c.Text("submission_id", s.SubmissionID, 0, maxPath)
	c.Paragraph("consent", s.Consent, 0, maxConsent)
	if s.PerMinute < 1 || s.PerMinute > mostPerMin {
		c.Add("per_minute", check.OutOfRange, "min", 1, "max", mostPerMin)
	}
	for field, path := range s.Mapping.Columns {
		c.Text("column."+field, path, 0, maxPath)
	}
	for field, value := range s.Mapping.Values {
		c.Text("value."+field, value, 0, maxPath)
	}
	return s, c.Err()
}

// notOfHeader reports characters that a header's name does not have (RFC 9110).
func notOfHeader(r rune) bool {
	ofHeader := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	return !ofHeader
}

// remember returns the keys with those that are new, as many as are kept.
func remember(known, seen []string) []string {
	for _, key := range seen {
		if len(known) < maxKeys && len(key) <= maxPath && !slices.Contains(known, key) {
			known = append(known, key)
		}
	}
	return known
}

// actor is who submits what a form brings: a program of its organisation.
func (f Form) actor(path string) contract.Actor {
	return contract.Actor{Role: contract.RoleIntegrator, Name: f.Name, Path: path}
}

var (
	errUnknownForm = fault.NewNotFound("form")
	errUnknownPost = fault.NewNotFound("post")
	errSettled     = fault.NewConflict("inbound_settled", "the post was taken in or dropped already")
	errForms       = fault.NewConflict("inbound_forms", "disable a form first")
)
