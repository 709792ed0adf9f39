// Package session owns who is signed in to the console and who a key belongs
// to. A session holds a person's id alone; what that person may do is asked
// from the directory. It never decides what an actor may do.
package session

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// lifetime is how long somebody stays signed in.
const lifetime = 12 * time.Hour

const personKey = "person"

// Sessions are the signed-in people of the console. It is safe for concurrent use.
type Sessions struct {
	scs        *scs.SessionManager
	store      store
	bus        *bus.Bus
	identities *Identities
	now        func() time.Time
}

// Options are what Sessions need.
type Options struct {
	DB         *pg.DB
	Bus        *bus.Bus
	Identities *Identities
	// HTTPS makes the cookie Secure, with the __Host- prefix.
	HTTPS bool
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
	return &Sessions{scs: manager, store: store{o.DB}, bus: o.Bus, identities: o.Identities, now: o.Clock}
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
// in the context (contract.ActorFrom), and sends everybody else to login.
func (s *Sessions) Require(login string, fail func(w http.ResponseWriter, r *http.Request, err error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			actor, err := s.Actor(r.Context())
			switch {
			case fault.Is(err, fault.NotFound):
				http.Redirect(w, r, login, http.StatusSeeOther)
			case err != nil:
				fail(w, r, err)
			default:
				next.ServeHTTP(w, r.WithContext(contract.WithActor(r.Context(), actor)))
			}
		})
	}
}

// Actor returns who is signed in, as of the last few seconds; NotFound when
// nobody is, or the person has lost the role.
func (s *Sessions) Actor(ctx context.Context) (contract.Actor, error) {
	person := s.scs.GetString(ctx, personKey)
	if person == "" {
		return contract.Actor{}, fault.NewNotFound("session")
	}
	return s.identities.Actor(ctx, contract.Authenticate{PersonID: contract.PersonID(person)})
}

// SignIn trades a one-time secret for a session under a new token and returns
// who it is. A wrong, used or ended secret is a fault of the directory.
func (s *Sessions) SignIn(ctx context.Context, secret string) (contract.Person, error) {
	person, err := bus.Call(ctx, s.bus, contract.DirectoryRedeemLogin, contract.RedeemLogin{Secret: secret})
	if err != nil {
		return contract.Person{}, err
	}
	if err := s.scs.RenewToken(ctx); err != nil {
		return contract.Person{}, fmt.Errorf("renew session: %w", pg.MapContext(ctx, err))
	}
	s.scs.Put(ctx, personKey, string(person.ID))
	return person, nil
}

// SignOut ends the session; repeating it is harmless.
func (s *Sessions) SignOut(ctx context.Context) error {
	if err := s.scs.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", pg.MapContext(ctx, err))
	}
	return nil
}

// Purge deletes the sessions that are over.
func (s *Sessions) Purge(ctx context.Context) error { return s.store.deleteExpired(ctx, s.now()) }
