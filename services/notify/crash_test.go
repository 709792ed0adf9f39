//go:build unix

package notify

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

const (
	crashSeeds = 20
	crashFacts = 24
	// The victim's leases are short, so that what a dead one had taken comes back soon.
	victimLease = time.Second
	victimTime  = 2 * time.Minute
	// forever are states that there always is something in: the robot's first message.
	forever = "delivered"
)

// TestMain runs the tests, or in a process that they start a service to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("NOTIFY_VICTIM") == "" {
		os.Exit(m.Run())
	}
	if err := runVictim(context.Background()); err != nil {
		slog.Error("victim failed", "error", err)
		os.Exit(1)
	}
}

// runVictim is a process of the service, whose clock is ahead by NOTIFY_AHEAD. It
// ends by itself once all facts were heard and nothing waits that NOTIFY_VICTIM
// names, a list of states.
func runVictim(ctx context.Context) error {
	db, err := pg.Open(ctx, os.Getenv("NOTIFY_DATABASE"))
	if err != nil {
		return err
	}
	keys, err := seal.Load(os.Getenv("NOTIFY_KEYS"))
	if err != nil {
		return err
	}
	b, err := bus.Connect(ctx, bus.Options{URL: os.Getenv("NOTIFY_NATS"), Name: "notify", Seed: os.Getenv("NOTIFY_SEED")})
	if err != nil {
		return err
	}
	ahead, err := time.ParseDuration(os.Getenv("NOTIFY_AHEAD"))
	if err != nil {
		return err
	}
	d := app.Deps{
		Name: "notify", DB: db, Worker: db, Bus: b, Keys: keys, Clock: func() time.Time { return time.Now().Add(ahead) },
		Log: slog.Default(), Registry: prometheus.NewRegistry(), Ready: func() {},
	}
	tuned := steady()
	tuned.lease = victimLease
	s, err := newService(d, loopback, tuned)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, d) }()
	err = awaitNothing(ctx, db, os.Getenv("NOTIFY_VICTIM"))
	stop()
	return errors.Join(err, <-ended)
}

// awaitNothing returns when all facts were heard and no delivery is in the states.
func awaitNothing(ctx context.Context, db *pg.DB, states string) error {
	const q = `SELECT (SELECT count(*) FROM events WHERE type LIKE 'heli.match.%') = $1
		AND NOT EXISTS (SELECT FROM deliveries WHERE state = ANY (string_to_array($2, ',')))`
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for done := false; !done; <-ticker.C {
		if err := db.GetContext(ctx, &done, q, crashFacts, states); err != nil {
			return err
		}
	}
	return nil
}

// victims are the processes of one seed, one after another.
type victims struct {
	*bench
	server *testkit.Server
	mu     sync.Mutex
	cmd    *exec.Cmd
}

func newVictims(t *testing.T) *victims {
	t.Helper()
	v := &victims{bench: setup(t, loopback), server: testkit.NATS(t)}
	v.clock.Set(time.Now())
	js, err := jetstream.New(v.server.Conn(t, embedded.Administrator))
	must(t, err)
	durable, err := js.Consumer(t.Context(), contract.StreamName, contract.NotifyHearsAll.Name)
	must(t, err)
	config := durable.CachedInfo().Config
	config.AckWait = time.Second // what a dead process held comes back soon
	_, err = js.UpdateConsumer(t.Context(), contract.StreamName, config)
	must(t, err)
	return v
}

// start starts a process and returns what waits until it ends, by itself or by a
// kill, and tells how.
func (v *victims) start(t *testing.T, ahead time.Duration, states string) func() error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), victimTime)
	cmd := exec.CommandContext(ctx, os.Args[0]) //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), "NOTIFY_VICTIM="+states, "NOTIFY_DATABASE="+v.world.URL("notify"), "NOTIFY_KEYS="+testkit.KeyFile(t),
		"NOTIFY_NATS="+v.server.URL(), "NOTIFY_SEED="+v.server.Seed("notify"), "NOTIFY_AHEAD="+ahead.String())
	cmd.Stderr = t.Output()
	v.mu.Lock()
	v.cmd = cmd
	err := cmd.Start()
	v.mu.Unlock()
	must(t, err)
	return func() error {
		defer cancel()
		return cmd.Wait()
	}
}

// kill ends the process that runs as a power cut would.
func (v *victims) kill(t *testing.T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("kill: %v", err)
	}
}

// deadly is a receiver that kills who calls it: at the nth request, before it
// answers or just after.
type deadly struct {
	*receiver
	mu     sync.Mutex
	nth    int // 0: it is harmless
	before bool
}

func newDeadly(t *testing.T, v *victims, answer string) *deadly {
	t.Helper()
	d := &deadly{}
	d.receiver = newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		d.mu.Lock()
		d.nth--
		now, before := d.nth == 0, d.before
		d.mu.Unlock()
		if now && before {
			v.kill(t)
			return
		}
		_, _ = w.Write([]byte(answer))
		if now {
			_ = http.NewResponseController(w).Flush() // the caller may be gone
			v.kill(t)
		}
	})
	return d
}

func (d *deadly) arm(nth int, before bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nth, d.before = nth, before
}

// bodies returns what was received under each id, and how much of it twice.
func (d *deadly) bodies(t *testing.T) (byID map[string]string, doubled int) {
	t.Helper()
	byID = map[string]string{}
	for _, q := range d.got() {
		id := q.header.Get("webhook-id")
		if former, again := byID[id]; again {
			doubled++
			if former != q.body {
				t.Errorf("%s came as %s and as %s", id, former, q.body)
			}
		}
		byID[id] = q.body
	}
	return byID, doubled
}

// TestAKilledServiceLosesNothing kills the service in the middle of webhooks, and
// again in the middle of a robot's digest, and counts what arrives in the end.
func TestAKilledServiceLosesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(crashSeeds) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			killTwice(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func killTwice(t *testing.T, rng *rand.Rand) {
	v := newVictims(t)
	hook, chat := newDeadly(t, v, ""), newDeadly(t, v, "ok")
	v.register(t, xian, hook.URL)
	v.robot(t, contract.KindSlack, chat.URL+"/services/abcdefgh", func(d *contract.WebhookDraft) {
		d.Language, d.Digest = "en", contract.DigestDaily
	})
	hook.arm(1+rng.IntN(crashFacts), rng.IntN(2) == 0)
	ended := v.start(t, 0, forever)
	facts := sayAll(t, v.server)
	if err := ended(); !killed(err) {
		t.Fatalf("the first was not killed: %v", err)
	}
	chat.arm(1, rng.IntN(2) == 0)
	if err := v.start(t, 48*time.Hour, forever)(); !killed(err) {
		t.Fatalf("the second was not killed: %v", err)
	}
	for _, ahead := range []time.Duration{49 * time.Hour, 99 * time.Hour} { // what was heard late is told the day after
		if err := v.start(t, ahead, map[bool]string{false: "pending", true: "pending,gathered"}[ahead > 50*time.Hour])(); err != nil {
			t.Fatalf("it did not recover: %v", err)
		}
	}
	arrived, doubled := hook.bodies(t)
	for _, e := range facts {
		if _, ok := arrived[string(e.ID)]; !ok {
			t.Errorf("%s is lost", e.ID)
		}
	}
	messages, again := chat.bodies(t)
	if told := countTold(t, messages); len(arrived) != crashFacts || told != crashFacts {
		t.Errorf("%d facts arrived, %d were told of, want %d", len(arrived), told, crashFacts)
	}
	t.Logf("%d webhooks and %d messages came twice", doubled, again)
}

// sayAll publishes facts as the matcher does.
func sayAll(t *testing.T, server *testkit.Server) []contract.Event {
	t.Helper()
	facts := make([]contract.Event, crashFacts)
	for i := range facts {
		facts[i] = fact("accepted")
		say(t, &testkit.World{Server: server}, facts[i], 1)
	}
	return facts
}

var toldOf = regexp.MustCompile(`Matches: (\d+) accepted`)

// countTold returns of how many facts a robot told.
func countTold(t *testing.T, messages map[string]string) (n int) {
	t.Helper()
	for _, body := range messages {
		if found := toldOf.FindStringSubmatch(body); found != nil {
			count, err := strconv.Atoi(found[1])
			must(t, err)
			n += count
		} else if regexp.MustCompile(`A match in`).MatchString(body) {
			n++
		}
	}
	return n
}

func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
