package request

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestSubmitIsRepeatable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RolePublic, "")
	q := submission1(draft())
	q.Key, q.BodyHash = "form key", "hash"
	first, err := b.Submit(ctx, q)
	must(t, err)

	again := submission1(draft())
	again.Key, again.BodyHash = q.Key, q.BodyHash
	second, err := b.Submit(ctx, again)
	must(t, err)
	if second.ID != first.ID || second.Code != first.Code || !second.Repeated || first.Repeated {
		t.Errorf("the repeat got %+v after %+v", second, first)
	}
	if second.NeedLines[0].ID != first.NeedLines[0].ID {
		t.Error("the repeat names other lines")
	}
	again.BodyHash = "another"
	_, err = b.Submit(ctx, again)
	wantFault(t, err, fault.Conflict, "idempotency_key_reused")

	byID, err := b.Submit(ctx, contract.SubmitRequest{ID: q.ID, Code: q.Code, Draft: draft()})
	must(t, err)
	if byID.ID != first.ID || !byID.Repeated {
		t.Errorf("the repeat of the id got %+v", byID)
	}
	if n := b.count(t, `SELECT count(*) FROM request.requests`); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// TestSubmitThreefold sends each submission three times at once over two
// services on one database, as after lost answers.
func TestSubmitThreefold(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t, "request")
	services := []*bench{setupWith(t, database, nil), setupWith(t, database, nil)}
	ctx := as(t, contract.RolePublic, "")
	const keys, times = 40, 3
	ids := make([][times]contract.RequestID, keys)
	var work sync.WaitGroup
	for k := range keys {
		for n := range times {
			work.Go(func() {
				q := submission1(draft())
				q.Key, q.BodyHash = fmt.Sprintf("key %d", k), "hash"
				answer, err := services[n%len(services)].Submit(ctx, q)
				if err != nil {
					t.Errorf("submit: %v", err)
				}
				ids[k][n] = answer.ID
			})
		}
	}
	work.Wait()
	for k, answers := range ids {
		if answers[0] != answers[1] || answers[1] != answers[2] {
			t.Errorf("key %d got the ids %v", k, answers)
		}
	}
	for table, want := range map[string]int{"requests": keys, "need_lines": keys, "contacts": keys, "history": keys, "outbox": keys, "idempotency": keys} {
		if n := services[0].count(t, `SELECT count(*) FROM request.`+table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
}

func TestImportIsRepeatable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	from := func(d *contract.RequestDraft) { d.Source, d.SourceID = "relief-2020", "hospital/1" }
	first := b.opened(t, from)
	second := b.opened(t, from)
	if second.ID != first.ID || !second.Repeated || second.State != string(Open) {
		t.Errorf("got %+v after %+v", second, first)
	}
	d := draft(from)
	q := submission1(d)
	q.Key, q.BodyHash = "another key", "hash"
	third, err := b.Submit(as(t, contract.RoleCoordinator, xian), q)
	must(t, err)
	fourth, err := b.Submit(as(t, contract.RoleCoordinator, xian), q)
	must(t, err)
	if third.ID != first.ID || fourth.ID != first.ID {
		t.Errorf("a key over a known source got %s, then %s, want %s", third.ID, fourth.ID, first.ID)
	}
	elsewhere, err := b.Submit(as(t, contract.RoleCoordinator, hubei), submission1(d))
	must(t, err)
	if elsewhere.ID == first.ID {
		t.Error("another organisation's source got the request of the first")
	}
}

func TestTakenCodeIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.opened(t)
	q := submission1(draft())
	q.Code, q.Key, q.BodyHash = first.Code, "key", "hash"
	second, err := b.Submit(as(t, contract.RolePublic, ""), q)
	must(t, err)
	again, err := b.Submit(as(t, contract.RolePublic, ""), q)
	must(t, err)
	if second.ID != q.ID || second.Code == first.Code || again.Code != second.Code {
		t.Errorf("got %+v, then %+v", second, again)
	}
}

// waiting returns submissions as the intake takes them, past the checks.
func (b *bench) waiting(t *testing.T, n int) []*submission {
	t.Helper()
	list := make([]*submission, n)
	for i := range list {
		q := submission1(normal(draft()))
		a := contract.Actor{Role: contract.RolePublic}
		r := newRecord(q, ownership{code: "xian", path: xian}, a, b.now())
		must(t, r.submit(newHand(a, b.now()), q.Draft, ""))
		list[i] = &submission{
			ctx: t.Context(), key: fmt.Sprintf("key %d", i), bodyHash: "hash", record: r,
			contact: contact.Seal(b.keys, string(q.ID), q.Draft.Contact), done: make(chan outcome, 1),
		}
	}
	return list
}

// TestOneBadSpoilsNoOther puts a row that the database refuses among others.
func TestOneBadSpoilsNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := b.waiting(t, 8)
	const bad = 3
	list[bad].record.lines[0].Quantity = amount(-1)
	b.intake.storeAll(list, func() {})
	for i, s := range list {
		o := <-s.done
		if (o.err != nil) != (i == bad) {
			t.Errorf("submission %d: %v", i, o.err)
		}
	}
	if n := b.count(t, `SELECT count(*) FROM request.idempotency`); n != len(list)-1 {
		t.Errorf("%d keys kept, want %d", n, len(list)-1)
	}
}

func TestRepeatsInOneBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := b.waiting(t, 3)
	list[1].key, list[2].key = list[0].key, list[0].key
	list[2].bodyHash = "another"
	b.intake.storeAll(list, func() {})
	first, second, third := <-list[0].done, <-list[1].done, <-list[2].done
	must(t, first.err)
	must(t, second.err)
	if second.answer.ID != first.answer.ID {
		t.Errorf("one key got %s and %s", first.answer.ID, second.answer.ID)
	}
	wantFault(t, third.err, fault.Conflict, "idempotency_key_reused")
}

// TestGoneCallerLosesNothing cancels callers at random moments: whatever
// happened, the repeat finds or makes exactly one.
func TestGoneCallerLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 30
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() {
			q := submission1(draft())
			q.Key, q.BodyHash = fmt.Sprintf("key %d", i), "hash"
			ctx, cancel := context.WithCancel(as(t, contract.RolePublic, ""))
			if i%2 == 0 {
				cancel()
			}
			gone := make(chan struct{})
			go func() { defer close(gone); _, _ = b.Submit(ctx, q) }() // its answer is lost on purpose
			cancel()
			<-gone
			if _, err := b.Submit(as(t, contract.RolePublic, ""), q); err != nil {
				t.Errorf("repeat: %v", err)
			}
		})
	}
	work.Wait()
	if got := b.count(t, `SELECT count(*) FROM request.requests`); got != n {
		t.Errorf("%d requests, want %d", got, n)
	}
}

// cutUntil ends all sessions of the service a few times, and waits for the end.
func (b *bench) cutUntil(t *testing.T, ended <-chan struct{}) {
	t.Helper()
	for cuts := 0; cuts < 5; {
		select {
		case <-ended:
			return
		default:
		}
		if b.count(t, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE usename = 'request_worker' AND datname = current_database() AND state <> 'idle'`) > 0 {
			cuts++
		}
	}
	<-ended
}

// TestLostConnections ends the service's sessions while submissions are under
// way: every caller repeats until there is an answer, and each is there once.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 40
	var work sync.WaitGroup
	lost, ended := make(chan struct{}, 1), make(chan struct{})
	for i := range n {
		work.Go(func() {
			q := submission1(draft())
			q.Key, q.BodyHash = fmt.Sprintf("key %d", i), "hash"
			for range 5 { // a key is used again and again, as by an impatient client
				for _, err := b.Submit(as(t, contract.RolePublic, ""), q); err != nil; _, err = b.Submit(as(t, contract.RolePublic, ""), q) {
					if !fault.Is(err, fault.Unavailable) {
						t.Errorf("submit: %v", err)
						return
					}
					select {
					case lost <- struct{}{}:
					default:
					}
				}
			}
		})
	}
	go func() { defer close(ended); work.Wait() }()
	b.cutUntil(t, ended)
	if len(lost) == 0 {
		t.Error("no submission met a lost connection")
	}
	b.db.SetMaxIdleConns(-1) // sessions that were cut cannot be closed in order
	for _, table := range []string{"requests", "contacts", "outbox", "idempotency"} {
		if got := b.count(t, `SELECT count(*) FROM request.`+table); got != n {
			t.Errorf("%d rows in %s, want %d", got, table, n)
		}
	}
}

func TestClosedIntakeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Close()
	b.Close()
	_, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft()))
	wantFault(t, err, fault.Unavailable, "")
}
