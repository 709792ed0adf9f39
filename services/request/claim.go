package request

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reminder"
)

// Claims says how much one person may take responsibility for, and for how long.
type Claims struct {
	MaxClaims  int `name:"max-claims" env:"HELI_MAX_CLAIMS" default:"20" placeholder:"NUMBER" help:"How many requests one person may have claimed at a time."`
	ClaimHours int `name:"claim-hours" env:"HELI_CLAIM_HOURS" default:"24" placeholder:"HOURS" help:"After how many hours a claim ends by itself."`
}

// What a value left at 0 means.
const (
	defaultMaxClaims  = 20
	defaultClaimHours = 24
)

func (c Claims) most() int { return cmp.Or(c.MaxClaims, defaultMaxClaims) }

func (c Claims) span() time.Duration {
	return time.Duration(cmp.Or(c.ClaimHours, defaultClaimHours)) * time.Hour
}

const (
	claimsInterval = time.Minute // how often claims that are over are looked for
	claimsBatch    = 100
	claimOver      = "claim_over" // why the system releases a request
)

var (
	errClaimed   = fault.NewConflict("claimed_by_other", "somebody else has claimed the request")
	errMaxClaims = fault.NewConflict("max_claims", "too many requests are claimed already: release one first")
)

// claim is who has taken responsibility for a request.
type claim struct {
	by    string
	until time.Time
	path  string // of the organisation that the person acted in
}

// claimed returns the claim that runs at a time; false for none, and for one that
// is over.
func (r requestRow) claimed(now time.Time) (claim, bool) {
	if r.ClaimedBy == nil || r.ClaimedUntil == nil || !r.ClaimedUntil.After(now) {
		return claim{}, false
	}
	return claim{by: *r.ClaimedBy, until: r.ClaimedUntil.UTC(), path: r.ClaimedPath}, true
}

// releasableBy reports whether somebody may end the claim: whose it is, who works
// above that organisation, and its administrators.
func (c claim) releasableBy(a contract.Actor) bool {
	above := strings.HasPrefix(c.path, a.Path) && (c.path != a.Path || a.Role == contract.RoleAdministrator)
	return a.ID() == c.by || above || a.Role == contract.RoleSystem
}

// claim notes which colleague takes responsibility and until when; a repeat by
// the same one begins the time anew. What a colleague has claimed is a Conflict,
// and so is more than the limit. It changes no state, so it has no fact and no
// version.
func (s *Service) claim(ctx context.Context, m contract.Move, change changer) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Moved{}, err
	}
	if !contract.ValidID(a.ID()) { // of nobody that one could ask
		return contract.Moved{}, fault.NewForbidden(moveClaim)
	}
	return change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		if r.row.Stage == Closed {
			return fault.NewConflict("illegal_move", "cannot claim while closed")
		}
		h := newHand(a, s.now())
		running, is := r.row.claimed(h.now)
		if is && running.by != a.ID() {
			return errClaimed
		}
		if !is {
			n, err := s.store.countClaims(ctx, tx, a.ID(), h.now)
			if err != nil {
				return err
			}
			if n >= s.claims.most() {
				return errMaxClaims
			}
		}
		r.claim(h, m.Reason, s.claims.span())
		return nil
	})
}

// unclaim ends a claim: one's own, one of those below, or as the system one that
// is over, of which the one whose it was is told. Where there is none it does nothing.
func (s *Service) unclaim(ctx context.Context, m contract.Move, change changer) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Moved{}, err
	}
	return change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		h := newHand(a, s.now())
		running, is := r.row.claimed(h.now)
		switch {
		case r.row.ClaimedBy == nil, is && a.Role == contract.RoleSystem:
			return nil
		case is && !running.releasableBy(a):
			return errClaimed
		}
		if m.Reason == claimOver && a.Role == contract.RoleSystem {
			if err := s.tellClaimOver(ctx, tx, r.row, h.now); err != nil {
				return err
			}
		}
		r.unclaim()
		r.touch(h)
		r.note(h, moveUnclaim, r.row.State, m.Reason)
		return nil
	})
}

// tellClaimOver tells the person whose claim has ended by time: where mentions are,
// and by a fact for whoever wants mail.
func (s *Service) tellClaimOver(ctx context.Context, tx *sqlx.Tx, r requestRow, now time.Time) error {
	if err := s.store.tellClaimOver(ctx, tx, r, now); err != nil {
		return err
	}
	return reminder.Add(ctx, tx, now, r.personal(contract.ReminderClaimOver, contract.PersonID(*r.ClaimedBy), *r.ClaimedUntil))
}

// personal is a reminder about the request to somebody of the staff.
func (r requestRow) personal(kind contract.ReminderKind, person contract.PersonID, moment time.Time) reminder.Reminder {
	return reminder.Reminder{
		Kind: kind, SubjectID: string(r.ID), Moment: moment, Organisation: r.OrgCode, Paths: []string{r.OrgPath},
		Data: contract.EventData{RequestID: r.ID, RegionCode: r.RegionCode, Urgency: string(r.Urgency), PersonID: person},
	}
}

func (r *record) claim(h hand, reason string, span time.Duration) {
	by, until := h.actor.ID(), h.now.Add(span)
	r.row.ClaimedBy, r.row.ClaimedUntil = &by, &until
	r.row.ClaimedName, r.row.ClaimedPath = h.actor.Name, h.actor.Path
	r.touch(h)
	r.note(h, moveClaim, r.row.State, reason)
}

func (r *record) unclaim() {
	r.row.ClaimedBy, r.row.ClaimedUntil, r.row.ClaimedName, r.row.ClaimedPath = nil, nil, "", ""
}

// releaseClaims ends the claims that are over. It may be ended at any time and run
// by several at once.
func (s *Service) releaseClaims(ctx context.Context) error {
	ctx = contract.WithActor(ctx, contract.System())
	own := s.unwalled()
	for {
		ids, err := s.worker.listOverdue(ctx, s.now(), claimsBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			_, err := own.unclaim(ctx, contract.Move{ID: id, Move: moveUnclaim, Reason: claimOver}, own.change)
			if err != nil {
				return err
			}
		}
	}
}
