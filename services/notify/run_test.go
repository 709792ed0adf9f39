package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// start runs the service until the test ends.
func start(t *testing.T, d app.Deps) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, d, loopback) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	must(t, d.Health.Await(t.Context()))
}

// TestTheWholeWay registers over the bus, says each fact three times and counts
// what two processes of the service make of it.
func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	world := testkit.NewWorld(t, "notify")
	start(t, world.Deps(t, "notify"))
	start(t, world.Deps(t, "notify"))
	web := testkit.Bus(t, world.Server, "web")
	arrived := make(chan string, 16)
	r := newReceiver(t, func(_ http.ResponseWriter, q *http.Request) { arrived <- q.Header.Get("webhook-id") })

	ctx := as(t, contract.RoleIntegrator, xian)
	w, err := bus.Call(ctx, web, contract.NotifyRegister, contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), URL: r.URL, Events: []string{"match.accepted"},
	})
	must(t, err)
	_, err = bus.Call(as(t, contract.RoleIntegrator, hubei), web, contract.NotifyWebhook, contract.WebhookByID{ID: w.ID})
	wantFault(t, err, fault.NotFound, "")

	e := fact("accepted")
	say(t, world, e, 3)
	if id := <-arrived; id != string(e.ID) {
		t.Errorf("webhook id %s, want %s", id, e.ID)
	}
	last := fact("accepted")
	say(t, world, last, 1)
	if id := <-arrived; id != string(last.ID) {
		t.Errorf("webhook id %s came again", id)
	}
	if q := r.got()[0]; !q.verifies(t, w.Secret) {
		t.Error("the signature does not verify")
	}
	for {
		pulled, err := bus.Call(ctx, web, contract.NotifyEvents, contract.PullEvents{})
		must(t, err)
		if len(pulled.Items) == 2 {
			break
		}
		if len(pulled.Items) > 2 {
			t.Fatalf("%d events in the feed", len(pulled.Items))
		}
	}
	list, err := bus.Call(ctx, web, contract.NotifyDeliveries, contract.ListDeliveries{EndpointID: w.ID})
	must(t, err)
	if len(list.Items) != 2 {
		t.Errorf("%d deliveries", len(list.Items))
	}
}

// say publishes a fact as matcher, so many times; without message ids the stream
// keeps them all.
func say(t *testing.T, world *testkit.World, e contract.Event, times int) {
	t.Helper()
	stream, err := jetstream.New(world.Server.Conn(t, "matcher"))
	must(t, err)
	data, err := json.Marshal(e)
	must(t, err)
	for range times {
		_, err := stream.Publish(t.Context(), e.Subject(), data)
		must(t, err)
	}
}
