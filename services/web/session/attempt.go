package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"heli/pkg/fault"
)

// limit is how many tries are free, how long the wait then grows at most,
// doubling from a second, and after which time without one they are forgotten.
// Nothing is ever locked for good.
type limit struct {
	free   int
	most   time.Duration
	forget time.Duration
}

// Limits of failed tries, of one account and from one address, which a whole
// shelter may share.
func accountLimit() limit { return limit{free: 10, most: 15 * time.Minute, forget: forgetAfter} }
func addressLimit() limit { return limit{free: 50, most: time.Minute, forget: time.Hour} }

// forgetAfter is how long a failed try counts at most.
const forgetAfter = 24 * time.Hour

// SlowDown says that too many tries have failed: the next one counts after Wait.
type SlowDown struct{ Wait time.Duration }

// Error says how long to wait.
func (s SlowDown) Error() string { return fmt.Sprintf("too many failed tries: wait %s", s.Wait) }

// account is what tries are counted under: a keyed digest, so that the table
// tells no names, alike for names that nobody has.
func (s *Sessions) account(name string) string {
	return s.keys.BlindIndex("sign_in", strings.ToLower(norm.NFKC.String(strings.TrimSpace(name))))
}

// subjects of a try: the address, and the account. A browser that has signed in
// to the account before is counted by itself, so that strangers who try cannot
// keep its owner out.
func (s *Sessions) subjects(account string, v Visit) []subject {
	all := []subject{{s.keys.BlindIndex("sign_in_address", v.Address), addressLimit()}}
	if account == "" {
		return all
	}
	if s.keys.CheckToken(v.Device, "device", account, 0) {
		account = s.keys.BlindIndex("sign_in_device", account)
	}
	return append(all, subject{account, accountLimit()})
}

type subject struct {
	digest string
	limit  limit
}

// attempt makes a try that may fail. It is counted beforehand; one that
// succeeds is forgotten with all before it. try tells failure by NotFound.
func (s *Sessions) attempt(ctx context.Context, account string, v Visit, try func() error) error {
	if err := s.take(ctx, account, v); err != nil {
		return err
	}
	return s.settle(ctx, account, v, try())
}

// take counts a try as failed; SlowDown while one has to wait.
func (s *Sessions) take(ctx context.Context, account string, v Visit) error {
	now := s.now()
	for _, sub := range s.subjects(account, v) {
		taken, err := s.store.takeAttempt(ctx, sub.digest, sub.limit, now)
		if err != nil {
			return err
		}
		if !taken {
			next, err := s.store.selectAttempt(ctx, sub.digest)
			if err != nil {
				return err
			}
			return SlowDown{Wait: max(next.Sub(now).Round(time.Second), time.Second)}
		}
	}
	return nil
}

// settle returns how a try that was taken ended, and takes it back unless it
// has failed; a right one is forgotten with all of the account before it.
func (s *Sessions) settle(ctx context.Context, account string, v Visit, outcome error) error {
	if fault.Is(outcome, fault.NotFound) {
		return outcome
	}
	for i, sub := range s.subjects(account, v) {
		undo := s.store.returnAttempt
		if outcome == nil && i > 0 {
			undo = s.store.clearAttempt
		}
		if err := undo(ctx, sub.digest); err != nil {
			return err
		}
	}
	return outcome
}

// takeCode counts the try of a code. The first one after a password is counted
// with it, whoever sends several at once.
func (s *Sessions) takeCode(ctx context.Context, account string, v Visit) error {
	if paid := s.scs.PopString(ctx, paidKey); paid != "" {
		first, err := s.store.claimAttempt(ctx, "paid:"+paid, s.now())
		if err != nil || first {
			return err
		}
	}
	return s.take(ctx, account, v)
}
