package notify

import (
	"context"
	"errors"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// news is how a message that tells how something stands compares with what its person
// has heard of that before.
type news struct {
	Overtaken bool       `db:"overtaken"` // a newer one is there
	Busy      bool       `db:"busy"`      // an older one is on its way just now
	Known     string     `db:"known"`     // how it stands as far as the person knows
	HeardBy   *time.Time `db:"heard_by"`  // the first moment at which not knowing it harms
}

// stillNews returns why a message about how something stands is not sent: it is not
// the newest, or says what its person knows. While an older one is on its way that
// cannot be said, and it is Unavailable.
func (s *Service) stillNews(ctx context.Context, t messageTask) (heardBy *time.Time, reason string, err error) {
	if t.Revision == nil {
		return nil, "", nil
	}
	n, err := s.worker.selectNews(ctx, t, s.now())
	switch {
	case err != nil:
		return nil, "", err
	case n.Overtaken:
		return nil, reasonOutdated, nil
	case n.Busy:
		return nil, "", fault.NewUnavailable(errors.New("an older message about the same is on its way"))
	case n.Known == t.Stands:
		return nil, reasonOutdated, nil
	}
	return n.HeardBy, "", nil
}

// heardBy returns by when a fact must be heard: before what it changes would have
// begun, or begins now, whatever comes first. Nil where nothing lies ahead.
func heardBy(e contract.Event, r rule) *time.Time {
	if r.inTime == "" {
		return nil
	}
	var first *time.Time
	for _, at := range []*time.Time{e.Data.Was, e.Data.At} {
		if at != nil && at.After(e.Time) && (first == nil || at.Before(*first)) {
			first = at
		}
	}
	return first
}
