package request

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// waitBatch is how many matches are completed before others have their turn.
const waitBatch = 100

// waits reports since when the longest proposal waits for its answer, and until when
// the first of the accepted ones should begin; nil without any. Time alone makes an
// accepted match stuck, so that is compared when somebody looks.
func waits(matches []matchRow) (awaitingSince, startBy *time.Time) {
	for _, m := range matches {
		switch m.State {
		case matchProposed:
			awaitingSince = earlier(awaitingSince, &m.StateAt)
		case matchAccepted, matchContactReleased:
			startBy = earlier(startBy, m.StartBy)
		}
	}
	return awaitingSince, startBy
}

// earlier takes nil for never.
func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

// wait takes over what waits among all matches of the request, and reports whether
// that changed.
func (r *record) wait(matches []matchRow) bool {
	awaitingSince, startBy := waits(matches)
	changed := !sameDate(r.row.AwaitingSince, awaitingSince) || !sameDate(r.row.StartBy, startBy)
	r.row.AwaitingSince, r.row.StartBy = awaitingSince, startBy
	return changed
}

// waitRow is a match that has not begun, as it is read with its request.
type waitRow struct {
	MatchID  contract.MatchID `json:"match_id"`
	State    string           `json:"state"`
	StateAt  time.Time        `json:"state_at"`
	StartBy  *time.Time       `json:"start_by"`
	OfferOrg *string          `json:"offer_org"`
}

// waitViews returns those that wait for their helper now, the longest first.
func (f fullRow) waitViews(now time.Time) []contract.Wait {
	var views []contract.Wait
	if f.Stage == Closed {
		return nil
	}
	for _, w := range f.Waits.value {
		view := contract.Wait{MatchID: w.MatchID}
		switch {
		case w.State == matchProposed:
			view.Queue, view.Since = contract.QueueAwaiting, w.StateAt.UTC()
		case w.StartBy != nil && w.StartBy.Before(now):
			view.Queue, view.Since = contract.QueueStuck, w.StartBy.UTC()
		default:
			continue
		}
		if w.OfferOrg != nil {
			view.Organisation = *w.OfferOrg
		}
		views = append(views, view)
	}
	slices.SortStableFunc(views, func(a, b contract.Wait) int { return a.Since.Compare(b.Since) })
	return views
}

// touched tells open pages of requests that changed without a fact of their own.
func (s *Service) touched(rows []touchedRow) {
	for _, row := range rows {
		_ = s.bus.Broadcast(contract.TouchedSubject("request"), contract.Touched{ // best effort
			Thing: contract.ThingRequest, ID: string(row.ID), Path: row.OrgPath,
		})
	}
}

// touchedRow is a request of which open pages are told.
type touchedRow struct {
	ID      contract.RequestID `db:"id"`
	OrgPath string             `db:"org_path"`
}

// tellStuck has open pages look at requests that became stuck since it was called
// last: nothing but time has changed.
func (s *Service) tellStuck(ctx context.Context) error {
	now := s.now()
	rows, err := s.worker.listStuckSince(ctx, s.stuckTold, now)
	if err != nil {
		return err
	}
	s.stuckTold = now
	s.touched(rows)
	return nil
}

// completeWaits asks the matcher for what facts of before this was told did not say,
// until nothing is missing. What changed meanwhile is told by its own fact. It may be
// broken off at any time and run by several at once.
func (s *Service) completeWaits(ctx context.Context) error {
	ctx = contract.WithActor(ctx, contract.System())
	for after := contract.MatchID(""); ; {
		rows, err := s.worker.listUntold(ctx, after, waitBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			if err := s.completeWait(ctx, row); err != nil {
				return err
			}
			after = row.MatchID
		}
	}
}

func (s *Service) completeWait(ctx context.Context, row untoldRow) error {
	m, err := bus.Call(ctx, s.bus, contract.MatcherGet, contract.GetByID{ID: string(row.MatchID)})
	if fault.Is(err, fault.NotFound) {
		m, err = contract.Match{Version: row.Version}, nil // nobody knows any more
	}
	if err != nil {
		return err
	}
	var waiting bool
	var locked fullRow
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if locked, err = s.worker.lockRequest(ctx, tx, row.RequestID); err != nil {
			return err
		}
		if err := s.worker.completeMatch(ctx, tx, row.MatchID, m); err != nil {
			return err
		}
		r := locked.record()
		matches, err := s.worker.selectMatches(ctx, tx, r.lines)
		if err != nil {
			return err
		}
		if waiting = r.wait(matches); !waiting {
			return nil
		}
		r.touch(newHand(contract.System(), s.now()))
		return s.worker.updateRequest(ctx, tx, r.row)
	})
	if err == nil && waiting {
		s.touched([]touchedRow{{locked.ID, locked.OrgPath}})
	}
	return err
}
