package console

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// figuresKept is how long figures are shown before they are counted anew: several
// screens look at the same ones.
const figuresKept = 10 * time.Second

// figures are what the three services counted, each with why it could not.
type figures struct {
	requests contract.RequestFigures
	offers   contract.OfferFigures
	matches  contract.MatchFigures
	errs     [3]error
}

// figureKey is whose sight a question is asked in, and the question, its moment
// rounded. The role decides nothing besides: whoever may not ask gets no page.
type figureKey struct {
	path string
	q    contract.AskFigures
}

// figureCache keeps figures for a moment and counts each only once at a time.
type figureCache struct {
	flights singleflight.Group
	mu      sync.Mutex
	kept    map[figureKey]keptFigures
}

type keptFigures struct {
	figures
	until time.Time
}

func newFigureCache() *figureCache { return &figureCache{kept: map[figureKey]keptFigures{}} }

// get returns kept figures or counts them. Those of which a part is missing are
// kept for nobody.
func (f *figureCache) get(key figureKey, now time.Time, count func() figures) figures {
	f.mu.Lock()
	found, ok := f.kept[key]
	f.mu.Unlock()
	if ok && now.Before(found.until) {
		return found.figures
	}
	flight := key.path + "\x00" + key.q.From.String() + "\x00" + key.q.TimeZone + "\x00" + key.q.Path + "\x00" + key.q.RegionCode + "\x00" +
		key.q.Category + "\x00" + key.q.Campaign + "\x00" + key.q.Until.String() + "\x00" + time.Duration(key.q.CellDegrees*float64(time.Second)).String()
	counted, _, _ := f.flights.Do(flight, func() (any, error) { return count(), nil })
	answer, ok := counted.(figures)
	if ok && answer.errs == [3]error{} {
		f.keep(key, answer, now)
	}
	return answer
}

func (f *figureCache) keep(key figureKey, answer figures, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for old, kept := range f.kept {
		if !now.Before(kept.until) {
			delete(f.kept, old)
		}
	}
	f.kept[key] = keptFigures{answer, now.Add(figuresKept)}
}

// countAll asks the three services at once.
func (c console) countAll(ctx context.Context, q contract.AskFigures) figures {
	// Several readers may wait for one count: it does not end with the first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), figureTime)
	defer cancel()
	var f figures
	var group errgroup.Group
	group.Go(func() error { f.requests, f.errs[0] = bus.Call(ctx, c.Bus, contract.RequestFigure, q); return nil })
	group.Go(func() error { f.offers, f.errs[1] = bus.Call(ctx, c.Bus, contract.OfferFigure, q); return nil })
	group.Go(func() error { f.matches, f.errs[2] = bus.Call(ctx, c.Bus, contract.MatcherFigure, q); return nil })
	_ = group.Wait() // no task returns an error
	return f
}
