package matcher

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/matcher/rank"
)

// helperWeek is what a helper takes in one week, of the strictest limits that they
// set in any organisation, and what is used of that over all organisations.
type helperWeek struct {
	MostAsks    *int64     `db:"most_asks"`
	MostMinutes *int64     `db:"most_minutes"`
	Minutes     int64      `db:"minutes"` // of matches in holding states: agreed, or as reported
	RestsUntil  *time.Time `db:"rests_until"`
}

var (
	errBusy  = fault.NewConflict("helper_busy", "the helper has been asked enough this week")
	errHours = fault.NewConflict("helper_hours", "the helper would help more hours in this week than they want")
)

// admits is a Conflict when help of so many minutes is more than the helper gives
// in the week.
func (w helperWeek) admits(minutes int64) error {
	if w.MostMinutes != nil && w.Minutes+minutes > *w.MostMinutes {
		return errHours
	}
	return nil
}

// awake is a Conflict while the helper rests.
func (w helperWeek) awake(now time.Time) error {
	if w.RestsUntil != nil && now.Before(*w.RestsUntil) {
		return errBusy
	}
	return nil
}

// requireHours is a Conflict when a match takes more of its helper's week than they
// give, over all organisations. It is called after every other lock of a
// reservation is taken, and has others who decide about the same helper wait.
func (s *Service) requireHours(ctx context.Context, tx *sqlx.Tx, m matchRow) (helperWeek, error) {
	limited, err := s.store.lockHelperWeek(ctx, tx, m.HelperKey)
	if err != nil || !limited {
		return helperWeek{}, err
	}
	w, err := s.store.helperWeek(ctx, tx, m.HelperKey, m.ID, thisWeek(m.takesPlace()))
	if err != nil {
		return w, err
	}
	return w, w.admits(m.Minutes)
}

// requireRoom is a Conflict when a helper to whom a match is proposed rests, or their
// week has no room for it. Which of the two others do not learn.
func (s *Service) requireRoom(ctx context.Context, tx *sqlx.Tx, m matchRow) error {
	w, err := s.requireHours(ctx, tx, m)
	if errors.Is(err, errHours) {
		return errBusy
	}
	if err != nil {
		return err
	}
	return w.awake(m.CreatedAt)
}

// requireAskable is a Conflict while the helper rests or their week has no room for
// any help. An ask reserves no hours: the yes does, and is guarded then.
func (s *Service) requireAskable(ctx context.Context, tx *sqlx.Tx, key string, now time.Time) error {
	w, err := s.store.helperWeek(ctx, tx, key, "", thisWeek(now))
	if err != nil {
		return err
	}
	if w.awake(now) != nil || w.admits(rank.UsualMinutes) != nil {
		return errBusy
	}
	return nil
}

// longestTook bounds what somebody may report.
const longestTook = 7 * 24 * 60

// tookOf returns how long reported help took, in minutes: as reported, else as what
// was done of hours and sessions says; nil where that was what was agreed.
func tookOf(m matchRow, q contract.Move) (*int64, error) {
	switch {
	case q.Minutes != nil && (*q.Minutes < 0 || *q.Minutes > longestTook):
		return nil, fault.NewInvalid(fault.Field{Location: "minutes", Code: check.OutOfRange, Args: map[string]any{"min": 0, "max": longestTook}})
	case q.Minutes != nil:
		return q.Minutes, nil
	case q.Quantity != nil && *q.Quantity < m.Quantity && rank.Timed(m.Unit):
		return new(rank.Minutes(m.Unit, *q.Quantity)), nil
	default:
		return nil, nil //nolint:nilnil // as agreed
	}
}

// minutesOf returns how long the help of a match takes at another time.
func minutesOf(m matchRow, q contract.Move) int64 {
	if q.Minutes == nil {
		return m.Minutes
	}
	return min(max(*q.Minutes, 1), longestTook)
}

// strictest returns the lower of two limits; nil is none.
func strictest(a, b *int64) *int64 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

func minutesOfHours(hours *int64) *int64 {
	if hours == nil {
		return nil
	}
	return new(*hours * 60)
}

// turnWeek reads the offers of helpers with limits again once a week has begun:
// what was asked of them in the last one is behind them.
func (s *Service) turnWeek(ctx context.Context) error {
	week := thisWeek(s.clock())
	if s.week.Load() == week.Unix() {
		return nil
	}
	ids, err := s.worker.limitedOffers(ctx)
	if err != nil {
		return err
	}
	if err := s.reload(ctx, changes{Offers: ids}); err != nil {
		return err
	}
	s.week.Store(week.Unix())
	return nil
}
