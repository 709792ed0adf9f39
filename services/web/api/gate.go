package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/httprate"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
)

// audience is who may send a call at all; the services decide what the role may
// do there. Keys may send every call.
type audience int

const (
	keys audience = 0
	// holders of the tracking token of one request or offer.
	holders audience = 1 << iota
	// anybody, without a credential.
	anybody
)

// Names of the security schemes in the document.
const (
	schemeKey   = "key"
	schemeToken = "tracking_token"
)

func (who audience) security() []map[string][]string {
	list := []map[string][]string{{schemeKey: {}}}
	if who&holders != 0 {
		list = append(list, map[string][]string{schemeToken: {}})
	}
	if who&anybody != 0 {
		list = append(list, map[string][]string{}) // OpenAPI's way to say "or none"
	}
	return list
}

var (
	errNoCredential = newProblem(http.StatusUnauthorized, "unauthorised", "send Authorization: Bearer with an API key")
	// errCredential is the same for unknown, wrong, ended and foreign ones.
	errCredential = newProblem(http.StatusUnauthorized, "unauthorised", "this key or token is not valid")
	errGuessing   = newProblem(http.StatusTooManyRequests, "too_many", "too many wrong keys or tokens; wait as Retry-After says")
	// errScope is what a key gets that was narrowed to other actions.
	errScope      = newProblem(http.StatusForbidden, "scope", "this key was made for other actions")
	errNotByToken = newProblem(http.StatusForbidden, "forbidden", "a tracking token may not send this call")
)

// admit is the middleware that finds out who calls and turns away who may not:
// everybody, where pkg/access says nothing of the route.
func (a *api) admit(o operation) func(huma.Context, func(huma.Context)) {
	rule, _ := access.OfRoute(o.method, Prefix+o.path)
	return func(hc huma.Context, next func(huma.Context)) {
		c := callFrom(hc.Context())
		c.operation = o.id
		r, w := humachi.Unwrap(hc)
		actor, err := a.identify(hc.Context(), hc.Header("Authorization"), o.audience, a.guesses(r))
		switch {
		case errors.Is(err, errCredential):
			a.wrong.OnLimit(w, r, addressOf(r))
		case err == nil && !rule.InScope(actor):
			err = errScope
		case err == nil:
			err = rule.Permit(actor)
		}
		if err != nil {
			write(w, a.problemOf(hc.Context(), o, err))
			return
		}
		c.credential = scopeOf(actor)
		next(huma.WithContext(hc, contract.WithActor(hc.Context(), actor)))
	}
}

// scopeOf names the credential that an Idempotency-Key belongs to.
func scopeOf(a contract.Actor) string {
	if a.Subject != "" {
		return "track:" + a.Subject
	}
	return string(a.Role) + ":" + a.ID()
}

// An address that sends wrong credentials is told to wait, without looking at
// further ones; keys that were right within the last hour still pass.
const (
	wrongWindow    = time.Minute
	wrongPerWindow = 300
)

func addressOf(r *http.Request) string { return httprate.CanonicalizeIP(site.ClientAddress(r)) }

// guesses reports whether an address has sent too many wrong credentials.
func (a *api) guesses(r *http.Request) bool {
	_, rate, err := a.wrong.Status(addressOf(r))
	return err == nil && math.Round(rate) >= wrongPerWindow // counting in memory does not fail
}

func (a *api) identify(ctx context.Context, header string, who audience, guesses bool) (contract.Actor, error) {
	if header == "" {
		if who&anybody == 0 {
			return contract.Actor{}, errNoCredential
		}
		return contract.Actor{Role: contract.RolePublic}, nil
	}
	scheme, credential, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return contract.Actor{}, errCredential
	}
	credential = strings.TrimSpace(credential)
	if guesses {
		if _, err := a.remembered(credential, errGuessing); err != nil {
			return contract.Actor{}, err
		}
	}
	actor, err := a.actor(ctx, credential)
	if fault.Is(err, fault.Unavailable) && who&anybody != 0 {
		actor, err = a.remembered(credential, err)
	}
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		return contract.Actor{}, errCredential
	case err != nil:
		return contract.Actor{}, err
	case actor.Subject != "" && who&holders == 0:
		return contract.Actor{}, errNotByToken
	default:
		return actor, nil
	}
}

// actor returns who a credential speaks for; NotFound when it is not valid.
func (a *api) actor(ctx context.Context, credential string) (contract.Actor, error) {
	if strings.HasPrefix(credential, string(site.Track)+"_") {
		return a.holder(ctx, credential)
	}
	return a.Identities.Actor(ctx, contract.Authenticate{Key: credential})
}

// remembered returns who a key spoke for a while ago, or the error that it was
// given: what anybody may send is taken from staff also during an outage, for
// then a submission waits here under its sender's name.
func (a *api) remembered(key string, unavailable error) (contract.Actor, error) {
	actor, ok := a.Identities.Remembered(contract.Authenticate{Key: key})
	if !ok {
		return contract.Actor{}, unavailable
	}
	return actor, nil
}

// holder returns the actor of a tracking token. Its generation is asked from
// the service that owns the thing, so that a replaced token ends at once.
func (a *api) holder(ctx context.Context, credential string) (contract.Actor, error) {
	bearer, ok := site.ParseToken(site.Track, credential)
	if !ok {
		return contract.Actor{}, fault.NewNotFound("token")
	}
	role, generation, err := a.generation(contract.WithActor(ctx, contract.System()), bearer.ID)
	if fault.Is(err, fault.NotFound) {
		err = a.waiting(ctx, bearer.ID, err)
	} else if err != nil {
		return contract.Actor{}, err
	}
	if !bearer.Check(a.Keys, generation) {
		return contract.Actor{}, fault.NewNotFound("token")
	}
	return contract.Actor{Role: role, Subject: bearer.ID}, err
}

// generation returns what the token of a request or offer is made from, and the
// role of its holder; NotFound when no service knows the id.
func (a *api) generation(ctx context.Context, id string) (contract.Role, int, error) {
	request, err := bus.Call(ctx, a.Bus, contract.RequestGet, contract.GetByID{ID: id})
	if !fault.Is(err, fault.NotFound) {
		return contract.RoleRequester, request.Generation, err
	}
	offer, err := bus.Call(ctx, a.Bus, contract.OfferGet, contract.GetByID{ID: id})
	return contract.RoleOfferer, offer.Generation, err
}

// waiting returns Unavailable when the submission is known but has not reached
// its service yet, else the error that it was given.
func (a *api) waiting(ctx context.Context, id string, unknown error) error {
	if _, err := a.Intake.Spooled(ctx, id); err != nil {
		return unknown
	}
	return fault.New(fault.Unavailable, "unavailable", "the submission waits to be processed")
}
