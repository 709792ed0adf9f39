// Package session owns who is signed in to the console and who a key belongs
// to: how somebody proves who they are, step by step, and which sessions there
// are. A session holds a person's id and the role that they have chosen; what
// that person may do is asked from the directory. It never decides what an actor
// may do.
package session

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/go-webauthn/webauthn/webauthn"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

const (
	// lifetime is how long somebody stays signed in.
	lifetime = 12 * time.Hour
	// freshFor is how long after a proof factors and roles may be changed.
	freshFor = 10 * time.Minute
	// stepTime is how long the way from one step to the next may take: codes and
	// challenges are good for no longer.
	stepTime = 10 * time.Minute
	// enrolTime is how long somebody may take to enrol.
	enrolTime = 2 * time.Hour
	// seenEvery is how exactly the list of sessions says when one was used.
	seenEvery = time.Minute
)

// What a session holds.
const (
	personKey  = "person"
	roleKey    = "role"    // id of the one chosen
	stageKey   = "stage"   // a Stage
	idKey      = "id"      // of the row in the list of sessions
	sinceKey   = "since"   // when the stage was reached
	provedKey  = "proved"  // when the person last proved to be themselves
	demoKey    = "demo"    // somebody of the demo, who has nothing to prove
	accountKey = "account" // digest of what was typed, under which tries are counted
	paidKey    = "paid"    // names the try that counts for password and code together
	// passwordKey says that one was set: the next step of enrolling.
	passwordKey = "password_set"
)

// Stage is how far somebody has come.
type Stage string

// The stages.
const (
	// StageNone is a stranger.
	StageNone Stage = ""
	// StageCode has sent a password, right or not, or an account: the second
	// factor is asked for.
	StageCode Stage = "code"
	// StageEnrol has followed a link and sets a password and a second factor.
	StageEnrol Stage = "enrol"
	// StageFull is signed in.
	StageFull Stage = "full"
)

// Sessions are the signed-in people of the console. It is safe for concurrent use.
type Sessions struct {
	scs        *scs.SessionManager
	store      store
	bus        *bus.Bus
	keys       *seal.Keys
	identities *Identities
	passkeys   *webauthn.WebAuthn // nil where browsers have none
	provider   *provider          // nil without one
	now        func() time.Time
}

// Options are what Sessions need.
type Options struct {
	DB         *pg.DB
	Bus        *bus.Bus
	Keys       *seal.Keys
	Identities *Identities
	// PublicURL is where readers reach the pages: passkeys belong to its host.
	PublicURL string
	// HTTPS makes the cookie Secure, with the __Host- prefix.
	HTTPS bool
	// OIDC is the identity provider; none without an issuer.
	OIDC  OIDC
	Clock func() time.Time
	// Fail shows an error as a page.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
}

// New returns sessions kept in the table of schema web.
func New(o Options) *Sessions {
	manager := scs.New()
	manager.Store = postgresstore.NewWithConfig(o.DB.DB.DB, postgresstore.Config{})
	manager.Lifetime = lifetime
	manager.HashTokenInStore = true
	manager.Cookie = scs.SessionCookie{
		Name: CookieName("heli_session", o.HTTPS), Path: "/", HttpOnly: true, Secure: o.HTTPS, SameSite: http.SameSiteLaxMode,
	}
	manager.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { o.Fail(w, r, pg.MapContext(r.Context(), err)) }
	return &Sessions{
		scs: manager, store: store{o.DB}, bus: o.Bus, keys: o.Keys, identities: o.Identities,
		passkeys: newPasskeys(o.PublicURL), provider: newProvider(o.OIDC, o.PublicURL), now: o.Clock,
	}
}

// CookieName returns the name of a cookie that holds a secret: browsers accept
// the __Host- prefix over https alone, and from this host alone.
func CookieName(name string, https bool) string {
	if https {
		return "__Host-" + name
	}
	return name
}

// Load is the middleware that reads the session; every route that uses one of
// the other methods stands below it.
func (s *Sessions) Load(next http.Handler) http.Handler { return s.scs.LoadAndSave(next) }

// Require is the middleware that lets signed-in people through, with the actor
// in the context (contract.ActorFrom), and sends everybody else to where their
// stage goes on.
func (s *Sessions) Require(at func(Stage) string, fail func(w http.ResponseWriter, r *http.Request, err error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			actor, err := s.Actor(r.Context())
			switch {
			case fault.Is(err, fault.NotFound):
				http.Redirect(w, r, at(s.waiting(r.Context())), http.StatusSeeOther)
			case err != nil:
				fail(w, r, err)
			default:
				next.ServeHTTP(w, r.WithContext(contract.WithActor(r.Context(), actor)))
			}
		})
	}
}

// waiting returns the stage of somebody who is not signed in.
func (s *Sessions) waiting(ctx context.Context) Stage {
	if stage := s.Stage(ctx); stage != StageFull {
		return stage
	}
	return StageNone
}

// Stage returns how far the reader has come; StageNone when it took too long.
// A full session may have been ended since: Actor knows.
func (s *Sessions) Stage(ctx context.Context) Stage {
	stage, since := Stage(s.scs.GetString(ctx, stageKey)), s.moment(ctx, sinceKey)
	if stage == StageCode && !s.now().Before(since.Add(stepTime)) || stage == StageEnrol && !s.now().Before(since.Add(enrolTime)) {
		return StageNone
	}
	return stage
}

// Actor returns who is signed in, as of the last few seconds; NotFound when
// nobody is, the session was ended, or the person has lost every role.
func (s *Sessions) Actor(ctx context.Context) (contract.Actor, error) {
	person := s.person(ctx)
	if person == "" || s.Stage(ctx) != StageFull {
		return contract.Actor{}, fault.NewNotFound("session")
	}
	id, now := s.scs.GetString(ctx, idKey), s.now()
	seen, err := s.store.selectSignedIn(ctx, id, person, now)
	if err != nil {
		return contract.Actor{}, err
	}
	if now.Sub(seen) >= seenEvery {
		if err := s.store.touchSignedIn(ctx, id, now); err != nil {
			return contract.Actor{}, err
		}
	}
	role := contract.RoleID(s.scs.GetString(ctx, roleKey))
	return s.identities.Actor(ctx, contract.Authenticate{PersonID: person, RoleID: role})
}

func (s *Sessions) person(ctx context.Context) contract.PersonID {
	return contract.PersonID(s.scs.GetString(ctx, personKey))
}

// Self returns a context in which somebody acts for themselves who is enrolling
// or signed in; NotFound for others.
func (s *Sessions) Self(ctx context.Context) (context.Context, contract.PersonID, error) {
	person := s.person(ctx)
	var actor contract.Actor
	var err error
	switch stage := s.Stage(ctx); {
	case stage == StageFull:
		actor, err = s.Actor(ctx)
	case stage == StageEnrol && person != "":
		actor, err = s.identities.Actor(ctx, contract.Authenticate{PersonID: person})
	default:
		err = fault.NewNotFound("session")
	}
	return contract.WithActor(ctx, actor), person, err
}

// reach begins a stage under a new token, as somebody or, after a wrong
// password, as nobody.
func (s *Sessions) reach(ctx context.Context, stage Stage, person contract.PersonID, account string) error {
	if err := s.scs.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew session: %w", pg.MapContext(ctx, err))
	}
	for _, key := range s.scs.Keys(ctx) {
		s.scs.Remove(ctx, key)
	}
	s.scs.Put(ctx, stageKey, string(stage))
	s.scs.Put(ctx, personKey, string(person))
	s.scs.Put(ctx, accountKey, account)
	s.scs.Put(ctx, sinceKey, s.now().Unix())
	return nil
}

// open signs somebody in, under a new token and with a row in their list.
func (s *Sessions) open(ctx context.Context, person contract.PersonID, demo bool, v Visit) error {
	signed := Signed{ID: contract.NewID[string](), Device: v.Describe(), Network: v.network(), StartedAt: s.now()}
	if err := s.store.insertSignedIn(ctx, person, signed); err != nil {
		return err
	}
	if err := s.reach(ctx, StageFull, person, ""); err != nil {
		return err
	}
	s.scs.Put(ctx, idKey, signed.ID)
	s.scs.Put(ctx, demoKey, demo)
	s.prove(ctx)
	return nil
}

func (s *Sessions) prove(ctx context.Context) { s.scs.Put(ctx, provedKey, s.now().Unix()) }

// moment returns a time that the session holds, to the second.
func (s *Sessions) moment(ctx context.Context, key string) time.Time {
	return time.Unix(s.scs.GetInt64(ctx, key), 0)
}

// Fresh reports whether the person has proved who they are a short while ago.
// People of the demo have nothing to prove it by.
func (s *Sessions) Fresh(ctx context.Context) bool {
	return s.scs.GetBool(ctx, demoKey) || s.now().Before(s.moment(ctx, provedKey).Add(freshFor))
}

// Demo reports whether it is somebody of the demo who is signed in.
func (s *Sessions) Demo(ctx context.Context) bool { return s.scs.GetBool(ctx, demoKey) }

// ChooseRole makes the person act in another role that they hold; in the first
// one when they do not.
func (s *Sessions) ChooseRole(ctx context.Context, role contract.RoleID) {
	s.scs.Put(ctx, roleKey, string(role))
}

// Role returns the id of the role that was chosen; empty for the first one.
func (s *Sessions) Role(ctx context.Context) contract.RoleID {
	return contract.RoleID(s.scs.GetString(ctx, roleKey))
}

// SignOut ends the session; repeating it is harmless.
func (s *Sessions) SignOut(ctx context.Context) error {
	if id := s.scs.GetString(ctx, idKey); id != "" {
		if err := s.store.endSignedIn(ctx, id, s.person(ctx), s.now()); err != nil {
			return err
		}
	}
	if err := s.scs.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// List returns the person's sessions, the one last used first.
func (s *Sessions) List(ctx context.Context) ([]Signed, error) {
	all, err := s.store.listSignedIn(ctx, s.person(ctx), s.now())
	for i := range all {
		all[i].Current = all[i].ID == s.scs.GetString(ctx, idKey)
	}
	return all, err
}

// End ends one of the person's sessions, from its next request on. One that is
// unknown, over or another's is left alone.
func (s *Sessions) End(ctx context.Context, id string) error {
	if !contract.ValidID(id) {
		return nil
	}
	return s.store.endSignedIn(ctx, id, s.person(ctx), s.now())
}

// EndOthers ends all of the person's sessions but this one.
func (s *Sessions) EndOthers(ctx context.Context) error {
	return s.store.endOthers(ctx, s.person(ctx), s.scs.GetString(ctx, idKey), s.now())
}

// Purge deletes the sessions that are over, and tries that count no more.
func (s *Sessions) Purge(ctx context.Context) error { return s.store.purge(ctx, s.now()) }
