// Package pace lets what comes alone go at once, and gathers what comes fast:
// a batch costs about the same for many as for one. It never holds anything
// back for longer than its least time, and never drops anything.
package pace

import "time"

// Pace is the least time from the beginning of one batch to that of the next,
// unless the next is full. It belongs to one goroutine at a time.
type Pace struct {
	least time.Duration
	begun time.Time
}

// New returns a pace whose first batch begins at once.
func New(least time.Duration) *Pace { return &Pace{least: least} }

// Gather returns first and what else comes until the next batch may begin, at
// most limit in all: nothing is waited for when the last batch began long ago. It
// returns early when more is closed.
func Gather[T any](p *Pace, first T, more <-chan T, limit int) []T {
	batch := []T{first}
	defer func() { p.begun = time.Now() }()
	rest := time.NewTimer(p.least - time.Since(p.begun))
	defer rest.Stop()
	for over := false; len(batch) < limit; {
		select {
		case next, open := <-more:
			if !open {
				return batch
			}
			batch = append(batch, next)
			continue
		default:
		}
		if over {
			return batch
		}
		select {
		case next, open := <-more:
			if !open {
				return batch
			}
			batch = append(batch, next)
		case <-rest.C:
			over = true // what is here by now still goes along
		}
	}
	return batch
}
