package bus_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestPublishOnce(t *testing.T) {
	t.Parallel()
	_, b := streaming(t)
	event := fact(1)
	first, again, other := publish(t, b, event), publish(t, b, event), publish(t, b, fact(2))
	if first != 1 || again != 1 || other != 2 {
		t.Errorf("sequences %d, %d, %d", first, again, other)
	}
}

func TestStreamState(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "request")
	if _, err := b.StreamState(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("without a stream: %v", err)
	}
	if _, err := b.Publish(t.Context(), fact(1)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("published without a stream: %v", err)
	}
	ensureStream(t, b.Conn())
	publish(t, b, fact(1))
	first, err := b.StreamState(t.Context())
	if err != nil || first.LastSeq != 1 || first.Created.IsZero() {
		t.Fatalf("state %+v, %v", first, err)
	}
	js, err := jetstream.New(b.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), contract.StreamName); err != nil {
		t.Fatal(err)
	}
	ensureStream(t, b.Conn())
	second, err := b.StreamState(t.Context())
	if err != nil || second.LastSeq != 0 || second.Created.Equal(first.Created) {
		t.Errorf("the new stream looks like the old one: %+v, %v", second, err)
	}
}

func TestEnsureStreamKeepsWhatOperatorsSet(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "admin")
	js, err := jetstream.New(b.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: contract.StreamName, Subjects: []string{"evt.request.>"}, MaxBytes: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := bus.EnsureStream(t.Context(), b.Conn()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	stream, err := js.Stream(t.Context(), contract.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	config, state := stream.CachedInfo().Config, stream.CachedInfo().State
	if config.MaxBytes != 1<<30 || config.Subjects[0] != "evt.>" || state.Consumers != len(contract.Consumers()) {
		t.Errorf("config %+v, %d consumers", config, state.Consumers)
	}
}

// limited is a server on which a key has only the rights that a service has.
func limited(t *testing.T) (s *natsServer, adminSeed, matcherSeed string) {
	t.Helper()
	adminKey, adminSeed := newKey(t)
	matcherKey, matcherSeed := newKey(t)
	durable := contract.MatcherHearsRequest.Name
	s = startNATS(t, func(o *server.Options) {
		o.Nkeys = []*server.NkeyUser{
			{Nkey: adminKey},
			{Nkey: matcherKey, Permissions: &server.Permissions{
				Publish: &server.SubjectPermission{Allow: []string{
					"evt.match.>", "$JS.API.STREAM.INFO.EVT", "$JS.API.CONSUMER.INFO.EVT." + durable,
					"$JS.API.CONSUMER.MSG.NEXT.EVT." + durable, "$JS.ACK.EVT." + durable + ".>",
				}},
				Subscribe: &server.SubjectPermission{Allow: []string{
					"svc.matcher.*", "_INBOX_matcher.>", "$SRV.PING", "$SRV.INFO", "$SRV.STATS",
					"$SRV.PING.matcher", "$SRV.INFO.matcher", "$SRV.STATS.matcher",
					"$SRV.PING.matcher.*", "$SRV.INFO.matcher.*", "$SRV.STATS.matcher.*",
				}},
				Response: &server.ResponsePermission{MaxMsgs: 1, Expires: patienceOfTests},
			}},
		}
	})
	return s, adminSeed, matcherSeed
}

func newKey(t *testing.T) (public, seed string) {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = pair.PublicKey(); err != nil {
		t.Fatal(err)
	}
	secret, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	return public, string(secret)
}

func withSeed(seed string) func(*bus.Options) {
	return func(o *bus.Options) { o.Seed = seed }
}

func TestServiceRightsAreEnough(t *testing.T) {
	t.Parallel()
	s, adminSeed, matcherSeed := limited(t)
	admin := s.connect(t, "admin", withSeed(adminSeed))
	matcher := s.connect(t, "matcher", withSeed(matcherSeed))

	h := newHearing()
	consume(t, matcher, contract.MatcherHearsRequest, h.handler(fine)) // waits for the administrator
	endpoint := contract.Endpoint[question, answer]{Subject: "svc.matcher.suggest"}
	handle(t, serve(t, matcher, "matcher"), endpoint, func(_ context.Context, q question) (answer, error) { return answer{Text: q.Text}, nil })
	if got, err := bus.Call(t.Context(), admin, endpoint, question{Text: "a"}); err != nil || got.Text != "a" {
		t.Errorf("answered %+v, %v", got, err)
	}

	ensureStream(t, admin.Conn())
	publish(t, admin, fact(1))
	receive(t, h.events, "a fact over the limited connection")
	mine := fact(2)
	mine.Thing = contract.ThingMatch
	publish(t, matcher, mine)
	if state, err := matcher.StreamState(t.Context()); err != nil || state.LastSeq != 2 {
		t.Errorf("state %+v, %v", state, err)
	}
	settled(t, admin, contract.MatcherHearsRequest.Name)
}

func TestServiceWaitsForTheAdministrator(t *testing.T) {
	t.Parallel()
	s, adminSeed, matcherSeed := limited(t)
	admin := s.connect(t, "admin", withSeed(adminSeed))
	var log syncBuffer
	matcher := s.connect(t, "matcher", withSeed(matcherSeed), func(o *bus.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	keeper, stop := context.WithCancel(context.Background())
	var kept sync.WaitGroup
	kept.Go(func() {
		if err := admin.KeepStream(keeper); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); kept.Wait() })
	kept.Go(func() {
		if err := matcher.KeepStream(keeper); err != nil {
			t.Error(err)
		}
	})
	h := newHearing()
	consume(t, matcher, contract.MatcherHearsRequest, h.handler(fine))
	publishWhenUp(t, admin, fact(1))
	receive(t, h.events, "the first fact")

	js, err := jetstream.New(admin.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), contract.StreamName); err != nil {
		t.Fatal(err)
	}
	publishWhenUp(t, admin, fact(2))
	if got := receive(t, h.events, "the fact in the new stream"); got.AggregateID != "2" {
		t.Errorf("got %+v", got)
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("waiting looked like an error:\n%s", log.String())
	}
}

func TestViolationsAreLogged(t *testing.T) {
	t.Parallel()
	s, _, matcherSeed := limited(t)
	var log syncBuffer
	matcher := s.connect(t, "matcher", withSeed(matcherSeed), func(o *bus.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	if err := matcher.Broadcast("svc.request.submit", "forged"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the refusal is logged", func() bool {
		return strings.Contains(log.String(), "level=ERROR") && strings.Contains(log.String(), "svc.request.submit")
	})
}

func TestListen(t *testing.T) {
	t.Parallel()
	b := startNATS(t).connect(t, "web")
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan string, 100), make(chan error, 1)
	go func() {
		ended <- b.Listen(ctx, "live.>", func(subject string, data []byte) {
			var text string
			if err := json.Unmarshal(data, &text); err != nil {
				t.Error(err)
			}
			if text == "bad" {
				panic("one listener's defect")
			}
			heard <- subject + " " + text
		})
	}()
	eventually(t, "a broadcast is heard", func() bool {
		if err := b.Broadcast("live.directory", "bad"); err != nil {
			t.Error(err)
		}
		if err := b.Broadcast("live.directory", "changed"); err != nil {
			t.Error(err)
		}
		return len(heard) > 0
	})
	if got := receive(t, heard, "a broadcast"); got != "live.directory changed" {
		t.Errorf("heard %q", got)
	}
	cancel()
	if err := receive(t, ended, "the end"); err != nil {
		t.Error(err)
	}
}
