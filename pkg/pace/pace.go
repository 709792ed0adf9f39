// Package pace lets what comes alone go at once, and gathers what comes fast:
// a batch costs about the same for many as for one. It never holds anything
// back for longer than it is told to, and never drops anything.
package pace

import "time"

// Pace is the time from the beginning of one batch to that of the next, unless
// the next is full: the more a batch held, the longer. So batches stay small while
// little comes and grow to what the limit allows once they begin to cost more
// than they are worth. It belongs to one goroutine at a time.
type Pace struct {
	each, most time.Duration
	next       time.Time // when the next batch may begin
}

// New returns a pace whose first batch begins at once, and each other one after
// a while for each that the batch before held, at most the longest.
func New(each, longest time.Duration) *Pace { return &Pace{each: each, most: longest} }

// Gather returns first and what else comes until the next batch may begin, at
// most limit in all: nothing is waited for when the last batch began long ago. It
// returns early when more is closed.
func Gather[T any](p *Pace, first T, more <-chan T, limit int) []T {
	batch := gather(first, more, limit, time.Until(p.next))
	p.next = time.Now().Add(min(time.Duration(len(batch))*p.each, p.most))
	return batch
}

func gather[T any](first T, more <-chan T, limit int, wait time.Duration) []T {
	batch := []T{first}
	rest := time.NewTimer(wait)
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
