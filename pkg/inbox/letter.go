package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// DeadLetter is a message that was put aside.
type DeadLetter struct {
	ID       int64  `db:"id"`
	Consumer string `db:"consumer"`
	// EventID is empty for a message that could not be read.
	EventID contract.EventID `db:"event_id"`
	Subject string           `db:"subject"`
	// Payload is the message as it came, not necessarily JSON.
	Payload []byte `db:"payload"`
	// Reason holds no text of the message.
	Reason     string     `db:"reason"`
	Tries      int        `db:"tries"`
	CreatedAt  time.Time  `db:"created_at"`
	ReplayedAt *time.Time `db:"replayed_at"`
}

// List returns up to limit dead letters that were not replayed, newest first,
// with ids below before; 0 begins at the newest. Those of the outbox are among
// them.
func List(ctx context.Context, db *pg.DB, before int64, limit int) ([]DeadLetter, error) {
	letters, err := selectLetters(ctx, db, before, limit)
	return letters, pg.MapContext(ctx, err)
}

// Count returns how many dead letters were not replayed.
func Count(ctx context.Context, db *pg.DB) (int64, error) {
	n, err := countLetters(ctx, db)
	return n, pg.MapContext(ctx, err)
}

// Replay hands the event of a dead letter to h again and notes when it was
// handled. Repeating it has no further effect. It is NotFound for an unknown id
// and for a letter of the outbox, which outbox.Replay takes, Invalid for what
// still cannot be read, else h's error; the letter then stays as it was.
func Replay(ctx context.Context, db *pg.DB, id int64, h Handler) error {
	letter, err := selectLetter(ctx, db, id)
	if err != nil {
		return pg.MapContext(ctx, err)
	}
	var e contract.Event
	if err := json.Unmarshal(letter.Payload, &e); err != nil {
		return fault.NewInvalid(fault.Field{Location: "payload", Code: "malformed"})
	}
	if e.SchemaVersion != contract.EventVersion {
		return fault.NewInvalid(fault.Field{Location: "schema_version", Code: "unknown"})
	}
	if err := handle(ctx, db, letter.Consumer, []contract.Event{e}, h); err != nil {
		return fmt.Errorf("replay dead letter %d: %w", id, err)
	}
	return pg.MapContext(ctx, updateReplayed(ctx, db, id))
}

// Consumers returns whose the dead letters are, by id, of those that were not
// replayed.
func Consumers(ctx context.Context, db *pg.DB, ids []int64) (map[int64]string, error) {
	consumers, err := selectConsumers(ctx, db, ids)
	return consumers, pg.MapContext(ctx, err)
}

// Drop forgets dead letters that were not replayed, those of the outbox too: their
// events are never handled. Unknown ids are nothing to forget.
func Drop(ctx context.Context, db *pg.DB, ids []int64) error {
	return pg.MapContext(ctx, deleteLetters(ctx, db, ids))
}

// keepLetter stores a dead letter. The same message put aside again, after a
// failed replay or because the stream brought it twice, is one letter.
func keepLetter(ctx context.Context, db *pg.DB, letter bus.DeadLetter) error {
	return pg.MapContext(ctx, upsertLetter(ctx, db, letter))
}
