// Package guard owns what keeps programs from flooding the public pages: quotas
// per address and per phone, and the challenge of a form, which only a browser
// with our script answers. It slows down, and refuses only what is provably
// wrong; it never decides whether a need is real.
package guard

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/app"
	"heli/pkg/fault"
	"heli/pkg/seal"
)

// Guard is safe for concurrent use.
type Guard struct {
	keys    *seal.Keys
	clock   func() time.Time
	store   store
	tooMany http.HandlerFunc
	quotas  quotas
	waiting chan struct{} // holds those that are held back
}

// Options are what the guard is told.
type Options struct {
	// WritesPerMinute is how many public writes an address may send before
	// further ones are slowed down; 0 or less sets no quota.
	WritesPerMinute int
	// TooMany answers who is told to come back later.
	TooMany http.HandlerFunc
}

// New returns a guard over the deps of web.
func New(d app.Deps, o Options) *Guard {
	return &Guard{
		keys: d.Keys, clock: d.Clock, store: store{d.Worker}, tooMany: o.TooMany,
		quotas: newQuotas(o.WritesPerMinute), waiting: make(chan struct{}, heldBack),
	}
}

// Evidence is what a public form brings beside its content.
type Evidence struct {
	Challenge string // as Challenge made it; empty when the form had none
	Proof     string // the script's answers; empty without script
	Trap      string // of a field that no person sees
	Phone     string
	Form      string // the form's idempotency key
}

// errHeld says that too many are held back at once.
var errHeld = fault.New(fault.Unavailable, "busy", "too many at once; try again in a moment")

// Admit judges the evidence of a form that somebody sent. Invalid names the
// field "trap" or "proof" when it is wrong, or when another form has used the
// challenge: the form is to be shown again with a new one, nothing is lost. It
// holds back, for some seconds at most, what comes faster than a person types,
// without the script's proof too often from one address, or for one phone too
// often; Unavailable when too many are held back already. A repeat of the same
// form is judged the same.
func (g *Guard) Admit(ctx context.Context, e Evidence) error {
	if e.Trap != "" {
		return fault.NewInvalid(fault.Field{Location: "trap", Code: "leave_empty"})
	}
	age := fastest
	if e.Challenge != "" {
		var err error
		if age, err = g.spend(ctx, e); err != nil {
			return err
		}
	}
	if err := g.pause(ctx, g.due(ctx, e, age)); err != nil {
		return err
	}
	return g.SlowPhone(ctx, e.Phone)
}

// due counts the form and returns how long it is held back.
func (g *Guard) due(ctx context.Context, e Evidence, age time.Duration) time.Duration {
	if e.Proof == "" && g.quotas.scriptless.over(ctx, address(ctx)) {
		return slowTime + max(0, fastest-age)
	}
	return max(0, fastest-age)
}

// spend uses the form's challenge up and returns its age.
func (g *Guard) spend(ctx context.Context, e Evidence) (time.Duration, error) {
	c, ok := parseChallenge(g.keys, e.Challenge)
	if !ok || e.Proof != "" && !c.solvedBy(e.Proof) {
		return 0, wrongProof("proof")
	}
	now := g.clock()
	if now.Sub(c.issued) > challengeLife {
		return 0, wrongProof("proof_ended")
	}
	form := g.keys.BlindIndex("form", e.Form)
	first, err := g.store.spend(ctx, c.nonce, form, c.issued.Add(challengeLife))
	if err != nil {
		return 0, err
	}
	if first != form {
		return 0, wrongProof("proof_used")
	}
	return now.Sub(c.issued), nil
}

func wrongProof(code string) error {
	return fault.NewInvalid(fault.Field{Location: "proof", Code: code})
}

// Purge forgets used challenges that have ended.
func (g *Guard) Purge(ctx context.Context) error { return g.store.purge(ctx, g.clock()) }
