package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// administrator opens the stream with the rights of the one who keeps it.
func (i *instance) administrator() jetstream.JetStream {
	i.t.Helper()
	running, err := platform.FindRunning(i.data)
	if err != nil || running == nil {
		i.t.Fatalf("find the running heli: %v, %v", running, err)
	}
	keys, err := seal.Load(platform.KeyFile(i.data))
	if err != nil {
		i.t.Fatalf("read keys: %v", err)
	}
	b, err := bus.Connect(i.t.Context(), bus.Options{
		URL: running.NATSURL, Name: embedded.Administrator, Seed: keys.NKeySeed(embedded.Administrator), Log: testkit.Log(i.t),
	})
	if err != nil {
		i.t.Fatalf("connect: %v", err)
	}
	i.t.Cleanup(b.Close)
	js, err := jetstream.New(b.Conn())
	if err != nil {
		i.t.Fatalf("open JetStream: %v", err)
	}
	return js
}

// TestThreefoldShuffledDelivery gives every fact of a busy run to the real
// consumers three times more, in any order and under new message ids, which no
// window of the stream takes out, while others work.
func TestThreefoldShuffledDelivery(t *testing.T) {
	t.Parallel()
	const times, enough = 3, 12
	i := startHeli(t, installed(t), "--webhook-allow", "127.0.0.0/8")
	hooks := startReceiver(t)
	key := i.coordinator().key
	first, second := newCrowd(i, key), newCrowd(i, key)
	first.staff.post(http.StatusCreated, "/webhooks", map[string]any{"url": hooks.URL, "events": []string{"*"}})
	first.start(pairUp, pairUp, pairUp).await(enough, http.StatusOK)
	calls := first.stop()
	checkInvariants(t, i)
	before, js := outcomes(t, i), i.administrator()
	said := storedFacts(t, js)

	second.start(pairUp, pairUp)
	sayAgain(t, js, said, times)
	second.await(enough, http.StatusOK)
	calls = append(calls, second.stop()...)
	awaitHeard(t, js)
	checkInvariants(t, i)

	t.Logf("said %d facts again, %d times each", len(said), times)
	checkSaidAgain(t, said, storedFacts(t, js), times)
	after := outcomes(t, i)
	for subject, outcome := range before {
		if after[subject] != outcome {
			t.Errorf("%s was %s and is %s", subject, outcome, after[subject])
		}
	}
	checkToldOnce(t, i, hooks)
	repeatAll(t, i, key, calls)
}

// storedFacts returns the messages of the stream.
func storedFacts(t *testing.T, js jetstream.JetStream) []*jetstream.RawStreamMsg {
	t.Helper()
	stream, err := js.Stream(t.Context(), contract.StreamName)
	if err != nil {
		t.Fatalf("look up stream: %v", err)
	}
	state := stream.CachedInfo().State
	var facts []*jetstream.RawStreamMsg
	for seq := state.FirstSeq; seq <= state.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatalf("read message %d: %v", seq, err)
		}
		facts = append(facts, msg)
	}
	return facts
}

// sayAgain publishes the facts so many times, all shuffled.
func sayAgain(t *testing.T, js jetstream.JetStream, facts []*jetstream.RawStreamMsg, times int) {
	t.Helper()
	copies := slices.Repeat(facts, times)
	rand.Shuffle(len(copies), func(a, b int) { copies[a], copies[b] = copies[b], copies[a] })
	for _, fact := range copies {
		msg := &nats.Msg{Subject: fact.Subject, Data: fact.Data}
		if _, err := js.PublishMsg(t.Context(), msg, jetstream.WithMsgID(newKey())); err != nil {
			t.Fatalf("publish again: %v", err)
		}
	}
}

// awaitHeard waits until every consumer has acknowledged every message.
func awaitHeard(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	for _, c := range contract.Consumers() {
		eventually(t, func() string {
			consumer, err := js.Consumer(t.Context(), contract.StreamName, c.Name)
			if err != nil {
				t.Fatalf("look up consumer: %v", err)
			}
			info := consumer.CachedInfo()
			if waiting := info.NumPending + uint64(info.NumAckPending); waiting > 0 {
				return fmt.Sprintf("%s has not heard %d messages", c.Name, waiting)
			}
			return ""
		})
	}
}

// checkSaidAgain checks that each fact went out as often as it should: awaitHeard
// has seen all of them delivered.
func checkSaidAgain(t *testing.T, before, after []*jetstream.RawStreamMsg, times int) {
	t.Helper()
	said := map[contract.EventID]int{}
	for _, msg := range after {
		said[eventOf(t, msg)]++
	}
	if len(before) == 0 {
		t.Error("there was no fact to say again")
	}
	for _, msg := range before {
		if n := said[eventOf(t, msg)]; n != 1+times {
			t.Errorf("the fact %s was said %d times", msg.Subject, n)
		}
	}
}

func eventOf(t *testing.T, msg *jetstream.RawStreamMsg) contract.EventID {
	t.Helper()
	var e contract.Event
	if err := json.Unmarshal(msg.Data, &e); err != nil {
		t.Fatalf("read fact: %v", err)
	}
	return e.ID
}

// outcomes returns all that facts lead to, by what it is about.
func outcomes(t *testing.T, i *instance) map[string]string {
	t.Helper()
	const q = `
		SELECT 'request ' || id AS subject, concat_ws(' ', state, version) AS outcome FROM request.requests
		UNION ALL SELECT 'offer ' || id, concat_ws(' ', state, version) FROM offer.offers
		UNION ALL SELECT 'match ' || id, concat_ws(' ', state, version, quantity) FROM matcher.matches
		UNION ALL SELECT 'need line ' || id, concat_ws(' ', proposed, matched, in_progress, reported, confirmed, disputed)
			FROM request.need_lines
		UNION ALL SELECT 'offer line ' || id, concat_ws(' ', reserved, used) FROM offer.offer_lines
		UNION ALL SELECT 'need ' || need_line_id, concat_ws(' ', quantity, reserved) FROM matcher.needs
		UNION ALL SELECT 'capacity ' || offer_line_id || ' ' || period_start, concat_ws(' ', capacity, reserved) FROM matcher.capacity
		UNION ALL SELECT 'projected request ' || request_id, concat_ws(' ', version, open) FROM matcher.requests
		UNION ALL SELECT 'projected offer ' || offer_id, concat_ws(' ', version, available) FROM matcher.offers
		UNION ALL SELECT 'refused ' || request_id || ' ' || offer_id, '' FROM matcher.refused
		UNION ALL SELECT 'fact ' || event_id, concat_ws(' ', arrival, type, document) FROM notify.events
		UNION ALL SELECT 'place ' || org_path || ' ' || feed_seq, event_id::text FROM notify.feed
		UNION ALL SELECT 'delivery ' || id, concat_ws(' ', event_id, state, attempt) FROM notify.deliveries`
	var rows []struct {
		Subject string `db:"subject"`
		Outcome string `db:"outcome"`
	}
	if err := i.database().SelectContext(t.Context(), &rows, q); err != nil {
		t.Fatalf("read outcomes: %v", err)
	}
	all := make(map[string]string, len(rows))
	for _, r := range rows {
		all[r.Subject] = r.Outcome
	}
	return all
}

// checkToldOnce checks that the receiver heard of each fact once, and of all.
func checkToldOnce(t *testing.T, i *instance, hooks *receiver) {
	t.Helper()
	told := map[string]int{}
	for _, d := range hooks.deliveries() {
		told[d.header.Get("Webhook-Id")]++
	}
	for id, n := range told {
		if n != 1 {
			t.Errorf("the webhook %s came %d times", id, n)
		}
	}
	if n := count(t, i.database(), `SELECT count(*) FROM notify.events`); int64(len(told)) != n {
		t.Errorf("the receiver heard of %d facts of %d", len(told), n)
	}
}
