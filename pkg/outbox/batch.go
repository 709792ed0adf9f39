package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/bus"
	"heli/pkg/crash"
	"heli/pkg/fault"
)

const (
	batchSize = 256
	// batchTime lets a batch end after the relay was told to stop; publishing
	// takes five seconds of it at most.
	batchTime = 15 * time.Second
	// maxTries at doubling waits is about a quarter of an hour.
	maxTries      = 10
	maxReasonText = 300
)

var errStreamReplaced = errors.New("the stream was replaced while events were published to it")

// relayBatch publishes and marks one batch, and reports whether it was full.
// When the process dies in between, the rows are published again, with the same
// ids.
func (r *Relay) relayBatch(ctx context.Context) (full bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTime)
	defer cancel()
	exist, err := existWaiting(ctx, r.db)
	if err != nil || !exist {
		return false, err
	}
	var result outcome
	err = r.db.InTx(ctx, func(tx *sqlx.Tx) error {
		rows, err := lockWaiting(ctx, tx, batchSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		full = len(rows) == batchSize
		crash.Point("outbox.before_publish")
		result = r.publish(ctx, rows)
		crash.Point("outbox.published")
		return r.record(ctx, tx, result)
	})
	if err != nil {
		return false, fmt.Errorf("relay events: %w", err)
	}
	crash.Point("outbox.marked")
	return full, result.interrupted
}

// outcome is what became of a batch. Rows in none of the lists stay as they were.
type outcome struct {
	published []int64
	seqs      []int64
	delayed   failing
	dead      failing
	// interrupted is a trouble that is not the rows' own.
	interrupted error
}

type failing struct {
	ids     []int64
	reasons []string
}

func (f *failing) add(id int64, reason error) {
	f.ids = append(f.ids, id)
	f.reasons = append(f.reasons, truncate(reason.Error()))
}

// truncate keeps a reason short enough for a list on a screen.
func truncate(reason string) string {
	clean := []rune(reason)
	if len(clean) > maxReasonText {
		clean = clean[:maxReasonText]
	}
	return string(clean)
}

func (r *Relay) publish(ctx context.Context, rows []waiting) outcome {
	o := outcome{published: make([]int64, 0, len(rows)), seqs: make([]int64, 0, len(rows))}
	facts := make([]bus.Fact, len(rows))
	for i, row := range rows {
		facts[i] = bus.Fact{ID: row.EventID, Subject: row.Subject, Data: row.Payload}
	}
	var suspects []suspect
	for i, receipt := range r.publisher.PublishBatch(ctx, facts) {
		switch {
		case receipt.Err == nil:
			o.published, o.seqs = append(o.published, rows[i].ID), append(o.seqs, int64(receipt.Seq))
		case fault.Is(receipt.Err, fault.Invalid):
			o.dead.add(rows[i].ID, receipt.Err)
		case unanswered(receipt.Err) || refused(receipt.Err) != nil:
			suspects = append(suspects, suspect{rows[i], receipt.Err})
		default:
			o.interrupted = receipt.Err
		}
	}
	r.judge(ctx, &o, suspects)
	return o
}

// suspect is a row that was not stored, perhaps for a reason of its own.
type suspect struct {
	waiting
	err error
}

// judge decides about rows without an answer or with a refusal. A denied subject
// shows as silence alone, but so does a server that is gone; a refusal may come
// from a full disk. So either speaks against the rows only when others were
// stored in the meantime, silence also when a look at the stream is answered.
func (r *Relay) judge(ctx context.Context, o *outcome, suspects []suspect) {
	if len(suspects) == 0 {
		return
	}
	alone := len(o.published) == 0
	reachable := !alone || r.answered(ctx)
	for _, s := range suspects {
		refusal := refused(s.err)
		if !reachable || alone && refusal != nil {
			o.interrupted = s.err
			continue
		}
		reason := refusal
		if reason == nil {
			reason = errors.New("no answer from the stream: the subject may be denied")
		}
		if s.Tries+1 >= maxTries {
			o.dead.add(s.ID, reason)
			continue
		}
		o.delayed.add(s.ID, reason)
	}
}

// answered reports whether the stream can be looked at.
func (r *Relay) answered(ctx context.Context) bool {
	_, err := r.publisher.StreamState(ctx)
	return err == nil
}

// refused returns what the stream answered when it did not store an event.
func refused(err error) error {
	if refusal, ok := errors.AsType[*jetstream.APIError](err); ok {
		return refusal
	}
	return nil
}

// unanswered reports that a publish got no answer in time, as opposed to a
// refusal or a lost connection.
func unanswered(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, jetstream.ErrAsyncPublishTimeout)
}

// record writes the outcome, each part in one statement.
func (r *Relay) record(ctx context.Context, tx *sqlx.Tx, o outcome) error {
	if len(o.published) > 0 {
		same, err := markPublished(ctx, tx, r.watch.created, o.published, o.seqs)
		if err != nil {
			return err
		}
		if !same {
			return errStreamReplaced
		}
	}
	if len(o.delayed.ids) > 0 {
		if err := delayWaiting(ctx, tx, o.delayed.ids, o.delayed.reasons); err != nil {
			return err
		}
	}
	if len(o.dead.ids) > 0 {
		r.log.Error("events cannot be published and are put aside", "events", len(o.dead.ids))
		return buryWaiting(ctx, tx, o.dead.ids, o.dead.reasons)
	}
	return nil
}

var _ publisher = (*bus.Bus)(nil)
