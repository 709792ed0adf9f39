// Package site owns what all parts of web share: the dependencies that public
// pages, console and API are handed, and the form of the links and tokens that
// they give to people. It serves no page.
package site

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5/middleware"

	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/seal"
	"heli/services/web/guard"
	"heli/services/web/inbound"
	"heli/services/web/intake"
	"heli/services/web/live"
	"heli/services/web/page"
	"heli/services/web/session"
	"heli/services/web/upload"
)

// Deps are what every part of web is handed.
type Deps struct {
	app.Deps
	Pages      *page.Site
	Sessions   *session.Sessions
	Identities *session.Identities
	Intake     *intake.Intake
	Guard      *guard.Guard
	Live       *live.Hub
	Uploads    *upload.Uploads
	Forms      *inbound.Forms
	// PublicURL is where readers reach the pages, without a slash at the end.
	PublicURL string
	// BounceSecret is what mail that comes back is posted with; empty: it is not taken.
	BounceSecret string
	// HTTPS says that readers come over https.
	HTTPS bool
	// MaxBodyBytes bounds what a form or a document may hold.
	MaxBodyBytes int64
}

// ClientAddress returns the address that a request comes from, as the trusted
// proxies tell it.
func ClientAddress(r *http.Request) string { return middleware.GetClientIP(r.Context()) }

// Purpose is what a token speaks for.
type Purpose string

// The purposes.
const (
	// Track speaks for one request or offer.
	Track Purpose = "track"
	// Answer speaks for one match, on the helper's side.
	Answer Purpose = "answer"
	// Calendar speaks for reading the appointments of the helper of one match.
	Calendar Purpose = "calendar"
	// Unsubscribe ends the messages about one request or offer, and can do nothing
	// else: mail programs follow its link by themselves (RFC 8058).
	Unsubscribe Purpose = "unsubscribe"
	// Notices ends mail to somebody of the staff, and can do nothing else.
	Notices Purpose = "notices"
)

// Token returns the text of a token, such as "track_<id>.<secret>". The same
// arguments give the same text; a higher generation makes former ones worthless.
func Token(keys *seal.Keys, purpose Purpose, id string, generation int) string {
	return keys.Bearer(string(purpose), id, generation)
}

// Bearer is a token as somebody sent it: nothing is known of it yet.
type Bearer struct {
	Purpose Purpose
	ID      string
	Secret  string
}

// ParseToken reads the text of a token for a purpose, and says whether it has
// the form of one.
func ParseToken(purpose Purpose, text string) (Bearer, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), string(purpose)+"_")
	if !ok {
		return Bearer{}, false
	}
	id, secret, ok := strings.Cut(rest, ".")
	if !ok || !contract.ValidID(id) || secret == "" {
		return Bearer{}, false
	}
	return Bearer{purpose, id, secret}, true
}

// Check reports whether the bearer's secret is right for the generation.
func (b Bearer) Check(keys *seal.Keys, generation int) bool {
	return keys.CheckToken(b.Secret, string(b.Purpose), b.ID, generation)
}

// Pin returns the secret to type beside a code.
func Pin(keys *seal.Keys, purpose Purpose, id string, generation int) string {
	return keys.Pin(string(purpose), id, generation)
}

// CodeWord returns the word by which the two sides of a match know each other on
// the phone; empty before there is a yes, and once the match is over or disputed.
func CodeWord(keys *seal.Keys, m contract.Match) string {
	switch m.State {
	case "accepted", "contact_released", "in_progress", "reported_done":
		return keys.CodeWord(string(m.ID))
	default:
		return ""
	}
}

// Link returns the private link that speaks for a thing; its secret is after #,
// so that it is in no log.
func (d Deps) Link(purpose Purpose, id string, generation int) string {
	return d.PublicURL + "/" + string(purpose) + "#" + Token(d.Keys, purpose, id, generation)
}

// As returns a context in which the role acts for one thing.
func As(ctx context.Context, role contract.Role, subject string) context.Context {
	return contract.WithActor(ctx, contract.Actor{Role: role, Subject: subject})
}
