package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
)

const (
	// checkInterval bounds how long the loss of a stream goes unnoticed while
	// the connection holds.
	checkInterval = 5 * time.Second
	// syncWindow covers what a server may lose in a power cut: JetStream
	// acknowledges before it syncs, by default every two minutes.
	syncWindow = 150 * time.Second
	// rewindMargin covers what others published to an older stream between its
	// return and our look: that hides as many of our own lost rows.
	rewindMargin = 10_000
)

// watch is what a relay remembers of the stream between two looks.
type watch struct {
	created    time.Time
	reconnects uint64
	checked    time.Time
	// doubt is set at the start and whenever the stream was out of reach: the
	// server may have lost what it had acknowledged.
	doubt bool
}

// followStream looks whether the stream still holds what was published to it,
// when it is time to. Publishing again is harmless: the stream drops repeated
// ids for two minutes, the inboxes for good.
func (r *Relay) followStream(ctx context.Context) error {
	reconnects := r.reconnects()
	if reconnects != r.watch.reconnects {
		r.watch.doubt = true
	}
	if !r.watch.doubt && time.Since(r.watch.checked) < checkInterval {
		return nil
	}
	state, err := r.publisher.StreamState(ctx)
	if err != nil {
		r.watch.doubt = true
		return fmt.Errorf("look at the stream: %w", err)
	}
	// PostgreSQL keeps microseconds.
	state.Created = state.Created.UTC().Truncate(time.Microsecond)
	if err := r.db.InTx(ctx, func(tx *sqlx.Tx) error { return r.compare(ctx, tx, state) }); err != nil {
		return err
	}
	r.watch = watch{created: state.Created, reconnects: reconnects, checked: time.Now()}
	return nil
}

// compare makes rows wait again that the stream has lost or may have lost.
func (r *Relay) compare(ctx context.Context, tx *sqlx.Tx, state bus.StreamState) error {
	seen, err := lockStream(ctx, tx)
	if err != nil {
		return err
	}
	var count int64
	loss := "the stream may have lost the latest events"
	switch {
	case !seen.Created.Valid: // nothing was ever published
	case !seen.Created.Time.Equal(state.Created):
		loss = "the stream is another one"
		count, err = republishAfter(ctx, tx, -1)
	case state.LastSeq < seen.LastSeq:
		loss = "the stream is older than it was"
		count, err = republishAfter(ctx, tx, max(-1, int64(state.LastSeq)-rewindMargin))
	case r.watch.doubt:
		count, err = republishRecent(ctx, tx, syncWindow.Seconds())
	}
	if err != nil {
		return err
	}
	if count > 0 {
		r.log.Info("publishing events again", "because", loss, "events", count)
	}
	return updateStream(ctx, tx, state.Created, state.LastSeq)
}
