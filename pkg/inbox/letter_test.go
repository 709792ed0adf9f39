package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/nats-io/nats.go"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

// send publishes bytes below the contract, as a defect elsewhere would.
func send(t *testing.T, nc *nats.Conn, id string, payload []byte) {
	t.Helper()
	msg := &nats.Msg{Subject: "evt.match.accepted.root", Data: payload, Header: nats.Header{nats.MsgIdHdr: {id}}}
	js, err := nc.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.PublishMsg(msg); err != nil {
		t.Fatal(err)
	}
}

func encode(t *testing.T, e contract.Event) []byte {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func listAll(t *testing.T, db *pg.DB) []DeadLetter {
	t.Helper()
	letters, err := List(t.Context(), db, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	count, err := Count(t.Context(), db)
	if err != nil || int(count) != len(letters) {
		t.Errorf("counted %d of %d letters: %v", count, len(letters), err)
	}
	return letters
}

func TestPoisonBecomesDeadLettersAndOthersGoOn(t *testing.T) {
	t.Parallel()
	db, server := newDB(t), testkit.NATS(t)
	garbage := []byte("\xff\x00 no JSON")
	future, poison, good := newEvent(), newEvent(), newEvent()
	future.SchemaVersion = 99
	nc := server.Conn(t, embedded.Administrator)
	send(t, nc, "no id", garbage)
	send(t, nc, string(future.ID), encode(t, future))
	send(t, nc, string(poison.ID), encode(t, poison))
	send(t, nc, string(good.ID), encode(t, good))
	done := make(chan struct{})
	hear(t, db, server, each(func(ctx context.Context, e contract.Event, once func(func(*sqlx.Tx) error) error) error {
		if e.ID == poison.ID {
			panic("defect")
		}
		defer close(done)
		return once(effect(ctx, e))
	}))
	await(t, "the good event", done)
	letters := listAll(t, db)
	want := []struct {
		id      contract.EventID
		reason  string
		payload []byte
	}{
		{poison.ID, bus.ReasonPanic, encode(t, poison)},
		{future.ID, bus.ReasonUnknownVersion, encode(t, future)},
		{"", bus.ReasonUndecodable, garbage},
	}
	if len(letters) != len(want) {
		t.Fatalf("%d letters: %+v", len(letters), letters)
	}
	for i, w := range want { // newest first
		l := letters[i]
		if l.EventID != w.id || l.Reason != w.reason || !bytes.Equal(l.Payload, w.payload) || l.Consumer != contract.RequestHearsMatch.Name {
			t.Errorf("letter %d is %+v", i, l)
		}
	}
	older, err := List(t.Context(), db, letters[0].ID, 1)
	if err != nil || len(older) != 1 || older[0].ID != letters[1].ID {
		t.Errorf("the second page is %+v: %v", older, err)
	}
}

// bury puts an event aside as bus.Consume does.
func bury(t *testing.T, db *pg.DB, id contract.EventID, payload []byte) DeadLetter {
	t.Helper()
	letter := bus.DeadLetter{Consumer: "request_match", EventID: id, Subject: "evt.match.accepted.root", Payload: payload, Reason: bus.ReasonPanic, Tries: 1}
	if err := keepLetter(t.Context(), db, letter); err != nil {
		t.Fatal(err)
	}
	return listAll(t, db)[0]
}

func TestReplayHasTheEffectOnce(t *testing.T) {
	t.Parallel()
	db, e := newDB(t), newEvent()
	letter := bury(t, db, e.ID, encode(t, e))
	refusal := fault.NewConflict("conflict", "not yet")
	refuse := func(context.Context, []contract.Event, Once) error { return refusal }
	if err := Replay(t.Context(), db, letter.ID, refuse); !fault.Is(err, fault.Conflict) {
		t.Errorf("a failed replay gave %v", err)
	}
	if n := len(listAll(t, db)); n != 1 {
		t.Errorf("%d letters are left after a failed replay", n)
	}
	for range 2 {
		if err := Replay(t.Context(), db, letter.ID, handleOnce); err != nil {
			t.Fatal(err)
		}
	}
	if n := effectsOf(t, db, e); n != 1 || len(listAll(t, db)) != 0 {
		t.Errorf("%d effects, %d letters left", n, len(listAll(t, db)))
	}
	// It fails again: the same letter is open again.
	if again := bury(t, db, e.ID, encode(t, e)); again.ID != letter.ID {
		t.Errorf("the event has the letters %d and %d", letter.ID, again.ID)
	}
}

func TestReplayRefusesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	db, future := newDB(t), newEvent()
	future.SchemaVersion = 99
	for _, payload := range [][]byte{[]byte("{"), encode(t, future)} {
		letter := bury(t, db, contract.NewID[contract.EventID](), payload)
		if err := Replay(t.Context(), db, letter.ID, handleOnce); !fault.Is(err, fault.Invalid) {
			t.Errorf("replaying %q gave %v", payload, err)
		}
	}
	if err := Replay(t.Context(), db, 4711, handleOnce); !fault.Is(err, fault.NotFound) {
		t.Errorf("replaying an unknown letter gave %v", err)
	}
	db.MustExec(`UPDATE dead_letters SET consumer = 'outbox'`)
	if err := Replay(t.Context(), db, listAll(t, db)[0].ID, handleOnce); !fault.Is(err, fault.NotFound) {
		t.Errorf("replaying a letter of the outbox gave %v", err)
	}
}
