package notify

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// courier sends what is due of one kind, webhooks or messages: it takes rows that
// then belong to this process for the time of a lease, and sends each in a
// goroutine of its own, which books what came of it. When a process dies, its
// leases run out and another takes the rows again, under the same ids.
type courier[T any] struct {
	what string
	// take takes what is due, as far as there is room for it beside what is in flight.
	take func(ctx context.Context, inFlight int) ([]T, error)
	send func(ctx context.Context, row T)

	woken    chan struct{}
	sending  sync.WaitGroup
	inFlight atomic.Int64
}

// run sends what is due until ctx ends, then lets what is on its way finish for a
// moment; what is cut off gives its rows back.
func (c *courier[T]) run(ctx context.Context, s *Service, interval time.Duration) error {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer c.sending.Wait()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, stop) })()
	return s.repeat(ctx, c.what, interval, c.woken, func(ctx context.Context) (bool, error) {
		n, err := c.dispatch(ctx, sending)
		return n > 0, err
	})
}

// dispatch takes what is due, as far as there is room, and begins to send it
// under the second context. It returns how many rows it took.
func (c *courier[T]) dispatch(ctx, sending context.Context) (int, error) {
	rows, err := c.take(ctx, int(c.inFlight.Load()))
	if err != nil {
		return 0, err
	}
	c.inFlight.Add(int64(len(rows)))
	for _, row := range rows {
		c.sending.Go(func() {
			c.send(sending, row)
			c.inFlight.Add(-1)
			wake(c.woken) // there is room again
		})
	}
	return len(rows), nil
}
