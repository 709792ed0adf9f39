package notify

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

// TestHangingEndpointSlowsNobody holds one receiver and sees another served.
func TestHangingEndpointSlowsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	release, held := make(chan struct{}), make(chan struct{}, 64)
	slow := newReceiver(t, func(http.ResponseWriter, *http.Request) { held <- struct{}{}; <-release })
	fast := newReceiver(t, status(http.StatusOK))
	hanging := b.register(t, xian, slow.URL)
	served := b.register(t, xian, fast.URL)
	for range 3 * perEndpoint {
		b.hear(t, fact("accepted"))
	}
	for range 3 {
		_, err := b.webhooks.dispatch(t.Context(), t.Context())
		must(t, err)
		awaitIdle(t, b, served)
	}
	for range perEndpoint {
		<-held
	}
	if n, got := len(slow.got()), len(fast.got()); n != perEndpoint || got != 3*perEndpoint {
		t.Errorf("%d on their way to the hanging endpoint, %d delivered to the other", n, got)
	}
	close(release)
	b.webhooks.sending.Wait()
	b.run(t)
	if n := len(slow.got()); n != 3*perEndpoint {
		t.Errorf("%d deliveries of %s in the end", n, hanging.ID)
	}
}

// awaitIdle waits until nothing is on its way to the endpoint.
func awaitIdle(t *testing.T, b *bench, w contract.Webhook) {
	t.Helper()
	for {
		var n int
		must(t, b.admin.GetContext(t.Context(), &n,
			`SELECT count(*) FROM notify.deliveries WHERE endpoint_id = $1 AND taken_until IS NOT NULL`, w.ID))
		if n == 0 {
			return
		}
	}
}

// TestTwoProcessesShareTheWork counts, over both, what is on its way at once.
func TestTwoProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	other := b.another(t, loopback)
	var mu sync.Mutex
	now, most, twice := map[string]int{}, 0, false
	r := newReceiver(t, func(_ http.ResponseWriter, q *http.Request) {
		id := q.Header.Get("webhook-id")
		mu.Lock()
		now[id]++
		twice = twice || now[id] > 1
		most = max(most, len(now))
		mu.Unlock()
		_, _ = io.Copy(io.Discard, q.Body)
		mu.Lock()
		delete(now, id)
		mu.Unlock()
	})
	w := b.register(t, xian, r.URL)
	for range 60 {
		b.hear(t, fact("accepted"))
	}
	var both sync.WaitGroup
	for _, s := range []*Service{b.Service, other} {
		both.Go(func() {
			for len(r.got()) < 60 {
				if _, err := s.webhooks.dispatch(t.Context(), t.Context()); err != nil {
					t.Errorf("dispatch: %v", err)
					return
				}
			}
			s.webhooks.sending.Wait()
		})
	}
	both.Wait()
	ids := map[string]bool{}
	for _, q := range r.got() {
		ids[q.header.Get("webhook-id")] = true
	}
	if twice || most > perEndpoint || len(ids) != 60 || len(r.got()) != 60 {
		t.Errorf("twice at once: %v, %d at once, %d ids in %d requests", twice, most, len(ids), len(r.got()))
	}
	for _, d := range b.deliveries(t, w) {
		if d.State != stateDelivered || len(d.Attempts) != 1 {
			t.Errorf("delivery %+v", d)
		}
	}
}

// TestCrashBetweenSendAndMark sends as a process that dies before it books.
func TestCrashBetweenSendAndMark(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newReceiver(t, status(http.StatusOK))
	w := b.register(t, xian, r.URL)
	b.hear(t, fact("accepted"))
	tasks, err := b.worker.takeDeliveries(t.Context(), b.now(), b.now().Add(leaseTime), 10)
	must(t, err)
	if len(tasks) != 1 {
		t.Fatalf("%d tasks", len(tasks))
	}
	lost := b.attempt(t.Context(), tasks[0])
	b.run(t)
	if len(r.got()) != 1 {
		t.Fatal("it was sent again while the lease holds")
	}
	b.clock.Advance(leaseTime)
	b.run(t)
	got := r.got()
	if len(got) != 2 || got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") || got[0].body != got[1].body {
		t.Fatalf("%d requests", len(got))
	}
	must(t, b.book(t.Context(), tasks[0], lost)) // the dead come late
	d := b.only(t, w)
	if d.State != stateDelivered || len(d.Attempts) != 2 {
		t.Errorf("delivery %+v", d)
	}
}

func TestInterruptedAttemptDoesNotCount(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	held := make(chan struct{})
	r := newReceiver(t, func(_ http.ResponseWriter, q *http.Request) { close(held); <-q.Context().Done() })
	w := b.register(t, xian, r.URL)
	b.hear(t, fact("accepted"))
	sending, stop := contextOf(t)
	_, err := b.webhooks.dispatch(t.Context(), sending)
	must(t, err)
	<-held
	stop()
	b.webhooks.sending.Wait()
	d := b.only(t, w)
	if d.State != statePending || len(d.Attempts) != 0 || d.NextAt.After(b.now()) {
		t.Errorf("delivery %+v", d)
	}
}

// TestTakingIsCountedOverProcesses takes while another process is in the middle
// of taking, and again after it.
func TestTakingIsCountedOverProcesses(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	b.register(t, xian, newReceiver(t, status(http.StatusOK)).URL)
	for range 3 * perEndpoint {
		b.hear(t, fact("accepted"))
	}
	now := b.now()
	taken := func() int {
		tasks, err := b.worker.takeDeliveries(t.Context(), now, now.Add(leaseTime), 10)
		must(t, err)
		return len(tasks)
	}
	must(t, b.worker.db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		var ids pq.StringArray
		var tasks []task
		must(t, tx.SelectContext(t.Context(), &ids, lockReadySQL, now, perEndpoint, 10))
		must(t, tx.SelectContext(t.Context(), &tasks, takeDeliveriesSQL, ids, now, now.Add(leaseTime), perEndpoint))
		if len(tasks) != perEndpoint {
			t.Errorf("%d taken, want %d", len(tasks), perEndpoint)
		}
		if n := taken(); n != 0 {
			t.Errorf("%d more taken while another process takes", n)
		}
		return nil
	}))
	if n := taken(); n != 0 {
		t.Errorf("%d more taken after another process took", n)
	}
	now = b.clock.Advance(leaseTime)
	if n := taken(); n != perEndpoint {
		t.Errorf("%d taken after the leases ran out", n)
	}
}

// Where there is room for one endpoint alone, one that answers is taken before all
// that fail.
func TestWhoAnswersIsTakenBeforeWhoFails(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	url := newReceiver(t, status(http.StatusOK)).URL
	for n := range 20 {
		b.register(t, xian, url+"/fails/"+strconv.Itoa(n))
	}
	_, err := b.admin.ExecContext(t.Context(), `UPDATE notify.endpoints SET failing_since = $1`, b.now().Add(-time.Hour))
	must(t, err)
	well := b.register(t, xian, url+"/answers")
	b.hear(t, fact("accepted"))
	tasks, err := b.worker.takeDeliveries(t.Context(), b.now(), b.now().Add(leaseTime), 1)
	must(t, err)
	if len(tasks) != 1 || tasks[0].EndpointID != well.ID {
		t.Errorf("%d taken: %+v", len(tasks), tasks)
	}
}
