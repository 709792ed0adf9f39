package offer

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// maxBudget bounds how many asks a week somebody takes.
const maxBudget = 1000

// maxRestDays bounds how long somebody rests after help; longer they pause.
const maxRestDays = 60

// A week has no more hours than maxWeeklyHours, and help of a day is heavy enough
// for any rest.
const (
	maxWeeklyHours = 7 * 24
	maxHeavyHours  = 24
)

var errNoHelper = fault.NewConflict("no_helper", "without a phone the helper is not known, so no limit can be kept")

// SetTerms sets when the helper of an offer may be asked, how often and for how many
// hours a week, and how long they rest after help. The limits are the helper's, so that every offer of theirs in the organisation is told
// of it, in one transaction. A version that is not the newest is a conflict.
func (s *Service) SetTerms(ctx context.Context, q contract.SetTerms) (contract.Moved, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.SetHelperTerms); err != nil {
		return contract.Moved{}, err
	}
	if !contract.ValidID(q.ID) {
		return contract.Moved{}, errUnknown
	}
	if err := checkTerms(q.Terms); err != nil {
		return contract.Moved{}, err
	}
	// Who acts must see this offer; the helper's others are theirs, seen or not.
	seen, err := s.store.selectOffer(ctx, s.store.db, q.ID)
	if err != nil {
		return contract.Moved{}, pg.MapContext(ctx, missing(err))
	}
	if !sees(actor, seen.offerRow) {
		return contract.Moved{}, errUnknown
	}
	var moved contract.Moved
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		moved, err = s.setTerms(ctx, tx, newHand(actor, s.now()), q)
		return err
	})
	if err != nil {
		return contract.Moved{}, err
	}
	s.relay.Wake()
	return moved, nil
}

func checkTerms(t contract.HelperTerms) error {
	c := check.New(nil)
	c.Windows("windows", t.Windows)
	if t.WeeklyBudget != nil && (*t.WeeklyBudget < 0 || *t.WeeklyBudget > maxBudget) {
		c.Add("weekly_budget", check.OutOfRange, "min", 0, "max", maxBudget)
	}
	if t.WeeklyHours != nil && (*t.WeeklyHours < 0 || *t.WeeklyHours > maxWeeklyHours) {
		c.Add("weekly_hours", check.OutOfRange, "min", 0, "max", maxWeeklyHours)
	}
	if t.RestDays < 0 || t.RestDays > maxRestDays {
		c.Add("rest_days", check.OutOfRange, "min", 0, "max", maxRestDays)
	}
	if t.HeavyHours < 0 || t.HeavyHours > maxHeavyHours {
		c.Add("heavy_hours", check.OutOfRange, "min", 0, "max", maxHeavyHours)
	}
	return c.Err()
}

// limited reports whether terms limit the helper, not this offer alone.
func limited(t contract.HelperTerms) bool {
	return t.WeeklyBudget != nil || t.WeeklyHours != nil || t.RestDays > 0
}

func (s *Service) setTerms(ctx context.Context, tx *sqlx.Tx, h hand, q contract.SetTerms) (contract.Moved, error) {
	rows, err := s.worker.lockHelped(ctx, tx, q.ID)
	if err != nil {
		return contract.Moved{}, err
	}
	n := slices.IndexFunc(rows, func(row fullRow) bool { return row.ID == q.ID })
	switch {
	case n < 0:
		return contract.Moved{}, errEnded
	case rows[n].Version != q.Version:
		return contract.Moved{}, fault.NewConflict("stale_version", "the offer has changed; read it again")
	case rows[n].HelperID == nil && limited(q.Terms):
		return contract.Moved{}, errNoHelper
	}
	if rows[n].HelperID != nil {
		if err := s.worker.updateLimits(ctx, tx, *rows[n].HelperID, q.Terms); err != nil {
			return contract.Moved{}, err
		}
	}
	var moved contract.Moved
	for _, row := range rows {
		r := row.record()
		if row.ID == q.ID {
			r.row.Windows.value = append(windows{}, q.Terms.Windows...)
		}
		r.settle(h, moveCorrect, "")
		if err := s.save(ctx, tx, r); err != nil {
			return contract.Moved{}, err
		}
		if row.ID == q.ID {
			moved = contract.Moved{ID: string(row.ID), State: string(r.row.State), Version: r.row.Version}
		}
	}
	return moved, nil
}
