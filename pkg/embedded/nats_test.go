package embedded_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// violation publishes or subscribes on a connection of its own and returns what
// the server refused. The answer to the flush comes after the refusal.
func violation(t *testing.T, server *testkit.Server, name, verb, subject string) error {
	t.Helper()
	nc := server.Conn(t, name, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	defer nc.Close()
	var err error
	if verb == "publish" {
		err = nc.Publish(subject, nil)
	} else {
		_, err = nc.SubscribeSync(subject)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return nc.LastError()
}

func TestRights(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	cases := []struct {
		name, verb string
		allowed    string
		denied     string
	}{
		{"web", "publish",
			"svc.request.submit svc.matcher.suggest svc.directory.reference svc.notify.register live.web.page $SRV.PING $SRV.PING.request",
			"evt.request.open.root evt.match.proposed.root live.request.x _INBOX_request.x $JS.API.STREAM.INFO.EVT $JS.API.CONSUMER.INFO.EVT.notify_all svc.request.a.b"},
		{"web", "subscribe",
			"evt.> live.> _INBOX_web.> svc.web.* $SRV.PING.web",
			"> svc.request.* _INBOX_request.> _INBOX.> $JS.> $SYS.>"},
		{"directory", "publish",
			"live.directory.reference svc.request.count svc.offer.count svc.matcher.count",
			"svc.request.get svc.directory.reference evt.request.open.root $JS.API.STREAM.INFO.EVT"},
		{"directory", "subscribe", "svc.directory.* _INBOX_directory.> live.>", "evt.> svc.offer.*"},
		{"request", "publish",
			"evt.request.open.root svc.directory.reference svc.matcher.get live.request.x $JS.API.STREAM.INFO.EVT $JS.API.CONSUMER.INFO.EVT.request_match $JS.API.CONSUMER.MSG.NEXT.EVT.request_match $JS.ACK.EVT.request_match.1.1.1.1.1",
			"evt.offer.open.root evt.match.open.root evt.ask.asked.root svc.offer.get svc.matcher.propose svc.request.get $JS.API.STREAM.DELETE.EVT $JS.API.STREAM.PURGE.EVT $JS.API.STREAM.MSG.GET.EVT $JS.API.CONSUMER.CREATE.EVT.x $JS.API.CONSUMER.DELETE.EVT.request_match $JS.API.CONSUMER.MSG.NEXT.EVT.offer_match $JS.ACK.EVT.offer_match.1.1.1.1.1 $JS.API.INFO $SRV.PING _INBOX_web.x"},
		{"request", "subscribe",
			"svc.request.* _INBOX_request.> live.> $SRV.PING $SRV.INFO.request $SRV.STATS.request.id",
			"evt.> evt.match.> svc.offer.* $SRV.PING.offer _INBOX_web.> >"},
		{"offer", "publish", "evt.offer.available.root svc.directory.reference", "evt.request.open.root svc.request.get"},
		{"matcher", "publish",
			"evt.match.proposed.root evt.ask.asked.root evt.appointment.moved.root svc.request.projection svc.offer.projection svc.request.projections svc.directory.reference $JS.API.CONSUMER.MSG.NEXT.EVT.matcher_request $JS.API.CONSUMER.MSG.NEXT.EVT.matcher_offer",
			"svc.request.contact svc.offer.contact svc.request.get evt.request.open.root $JS.API.CONSUMER.MSG.NEXT.EVT.notify_all"},
		{"notify", "publish",
			"svc.matcher.get svc.request.get svc.offer.get svc.directory.organisation $JS.API.CONSUMER.MSG.NEXT.EVT.notify_all",
			"evt.match.proposed.root evt.request.open.root svc.web.x"},
		{embedded.Administrator, "publish", "evt.request.open.root $JS.API.STREAM.INFO.EVT $SRV.PING", ""},
		{embedded.Administrator, "subscribe", ">", ""},
	}
	for _, c := range cases {
		t.Run(c.name+" "+c.verb, func(t *testing.T) {
			t.Parallel()
			for _, subject := range strings.Fields(c.allowed) {
				if err := violation(t, server, c.name, c.verb, subject); err != nil {
					t.Errorf("%s: %v", subject, err)
				}
			}
			for _, subject := range strings.Fields(c.denied) {
				if err := violation(t, server, c.name, c.verb, subject); !errors.Is(err, nats.ErrPermissionViolation) {
					t.Errorf("%s is allowed: %v", subject, err)
				}
			}
		})
	}
}

func TestWhoIsCalledMayAnswerOnce(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	callee, caller := server.Conn(t, "request"), server.Conn(t, "web")
	var inbox string
	_, err := callee.Subscribe("svc.request.get", func(msg *nats.Msg) {
		inbox = msg.Reply
		if err := msg.Respond([]byte("answer")); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := callee.Flush(); err != nil {
		t.Fatal(err)
	}
	answer, err := caller.RequestWithContext(t.Context(), "svc.request.get", nil)
	if err != nil || string(answer.Data) != "answer" {
		t.Fatalf("answer %v, %v", answer, err)
	}
	if err := callee.Publish(inbox, []byte("again")); err != nil {
		t.Fatal(err)
	}
	if err := callee.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := callee.LastError(); !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("a second answer was allowed: %v", err)
	}
}

func TestServicePublishesAndReadsItsOwnConsumer(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	speaker, err := jetstream.New(server.Conn(t, "request"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := speaker.Publish(t.Context(), "evt.request.open.root", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	hearer, err := jetstream.New(server.Conn(t, "matcher"))
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := hearer.Consumer(t.Context(), contract.StreamName, contract.MatcherHearsRequest.Name)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := consumer.Next(jetstream.FetchMaxWait(30 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := msg.DoubleAck(t.Context()); err != nil {
		t.Errorf("acknowledge: %v", err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	server := testkit.NATS(t)
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string][]nats.Option{
		"nobody":      nil,
		"unknown key": {nats.Nkey(public, pair.Sign)},
		"in process":  {nats.InProcessServer(server)},
	} {
		if nc, err := nats.Connect(server.URL(), options...); err == nil {
			nc.Close()
			t.Errorf("%s gets in", name)
		}
	}
	if got := embedded.PermissionsOf("stranger"); len(got.Publish)+len(got.Subscribe) != 0 || got.Respond {
		t.Errorf("a stranger may %v", got)
	}
}

func TestInProcessServerHasNoSocket(t *testing.T) {
	t.Parallel()
	provisioned := testkit.NATS(t)
	users, err := embedded.ServiceUsers(provisioned.Seed)
	if err != nil {
		t.Fatal(err)
	}
	server, err := embedded.StartNATS(t.Context(), embedded.NATSOptions{Dir: t.TempDir(), Port: embedded.InProcessOnly, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if server.Port() != 0 {
		t.Errorf("it listens on %d", server.Port())
	}
	nc := provisioned.Conn(t, "web", nats.InProcessServer(server))
	if err := nc.Flush(); err != nil {
		t.Error(err)
	}
	if nc.MaxPayload() != 8<<20 {
		t.Errorf("max payload %d", nc.MaxPayload())
	}
}

func TestNATSRefusals(t *testing.T) {
	t.Parallel()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	users, err := embedded.ServiceUsers(keys.NKeySeed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = embedded.StartNATS(t.Context(), embedded.NATSOptions{Dir: t.TempDir(), Port: port, Users: users})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("127.0.0.1:%d", port)) {
		t.Errorf("a port in use: %v", err)
	}

	if _, err := embedded.StartNATS(t.Context(), embedded.NATSOptions{Dir: t.TempDir()}); err == nil {
		t.Error("a server without users lets everybody in")
	}

	dir := t.TempDir()
	first, err := embedded.StartNATS(t.Context(), embedded.NATSOptions{Dir: dir, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.StartNATS(t.Context(), embedded.NATSOptions{Dir: dir, Users: users}); !errors.Is(err, embedded.ErrInUse) {
		t.Errorf("a folder in use: %v", err)
	}
	if err := errors.Join(first.Stop(), first.Stop()); err != nil {
		t.Error(err)
	}
}
