package request

import (
	"cmp"
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

// waits are the matches that have not begun, those that wait longest first: a proposal
// since it was made, an accepted one since when it should begin, which may lie ahead.
func waits(matches []matchRow) []contract.Wait {
	all := []contract.Wait{}
	for _, m := range matches {
		w := contract.Wait{MatchID: m.MatchID}
		switch {
		case m.State == matchProposed:
			w.Queue, w.Since = contract.QueueAwaiting, m.StateAt.UTC()
		case (m.State == matchAccepted || m.State == matchContactReleased) && m.StartBy != nil:
			w.Queue, w.Since = contract.QueueStuck, m.StartBy.UTC()
		default:
			continue
		}
		if m.OfferOrg != nil {
			w.Organisation = *m.OfferOrg
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b contract.Wait) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.MatchID, b.MatchID))
	})
	return all
}

// firstOf returns since when the longest of a queue waits; nil for none.
func firstOf(queue string, waits []contract.Wait) *time.Time {
	for _, w := range waits {
		if w.Queue == queue {
			return &w.Since
		}
	}
	return nil
}

// wait takes over what waits among all matches of the request, and reports whether
// that changed.
func (r *record) wait(matches []matchRow) bool {
	before, now := r.row.Waits.value, waits(matches)
	r.row.Waits.value = now
	r.row.AwaitingSince, r.row.StartBy = firstOf(contract.QueueAwaiting, now), firstOf(contract.QueueStuck, now)
	return !slices.Equal(before, now)
}

// waiting returns the matches that wait for their helper at a time. That an accepted
// one is stuck only time says, so it is compared when somebody looks.
func (r requestRow) waiting(now time.Time) []contract.Wait {
	var all []contract.Wait
	for _, w := range r.Waits.value {
		if r.Stage != Closed && (w.Queue == contract.QueueAwaiting || w.Since.Before(now)) {
			all = append(all, w)
		}
	}
	return all
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

// stuckTeller returns what has open pages look at requests that became stuck since it
// was called last, at first since it was made: nothing but time has changed.
func (s *Service) stuckTeller() func(context.Context) error {
	told := s.now()
	return func(ctx context.Context) error {
		now := s.now()
		rows, err := s.worker.listStuckSince(ctx, told, now)
		if err != nil {
			return err
		}
		told = now
		s.touched(rows)
		return nil
	}
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
