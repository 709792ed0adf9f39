package public

import (
	"context"
	"time"
)

// tryWindow is the time in which failed tries of code and PIN are counted.
const tryWindow = time.Hour

// Limits of failed tries within tryWindow: of one code, and from one address,
// which a whole shelter may share.
const (
	triesPerCode    = 5
	triesPerAddress = 20
)

// tooOften reports whether a code or an address has failed too often. The
// subjects are kept as keyed digests.
func (p pages) tooOften(ctx context.Context, code, address string) (bool, error) {
	after := p.Clock().Add(-tryWindow)
	for _, limit := range []struct {
		kind, value string
		most        int
	}{{"try_code", code, triesPerCode}, {"try_address", address, triesPerAddress}} {
		n, err := p.tries.countTries(ctx, p.Keys.BlindIndex(limit.kind, limit.value), after)
		if err != nil {
			return false, err
		}
		if n >= limit.most {
			return true, nil
		}
	}
	return false, nil
}

// noteFailure counts a failed try of a code from an address.
func (p pages) noteFailure(ctx context.Context, code, address string) error {
	if err := p.tries.insertTry(ctx, p.Keys.BlindIndex("try_code", code), p.Clock()); err != nil {
		return err
	}
	return p.tries.insertTry(ctx, p.Keys.BlindIndex("try_address", address), p.Clock())
}
