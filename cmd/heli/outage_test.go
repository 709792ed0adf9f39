package main

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/cmd/heli/platform"
	"heli/pkg/embedded"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// outageLength names the variable with the shortest time that NATS is away. The
// default makes the outage as long as it takes to see what the test is about.
const outageLength = "HELI_TEST_OUTAGE"

// outsideNATS is a server with the users of an installation, apart from it.
type outsideNATS struct {
	*embedded.NATS
	options embedded.NATSOptions
}

// startOutsideNATS starts a server for the installation that will live in the
// folder. It is stopped after the test.
func startOutsideNATS(t *testing.T, data string) *outsideNATS {
	t.Helper()
	keys, err := seal.Load(platform.KeyFile(data))
	if err != nil {
		t.Fatalf("make keys: %v", err)
	}
	users, err := embedded.ServiceUsers(keys.NKeySeed)
	if err != nil {
		t.Fatalf("make users: %v", err)
	}
	n := &outsideNATS{options: embedded.NATSOptions{Dir: t.TempDir(), Users: users, Log: testkit.Log(t)}}
	n.start(t)
	n.options.Port = n.Port()
	t.Cleanup(func() { n.stop(t) })
	return n
}

// start starts the server, again at the same address.
func (n *outsideNATS) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	var err error
	if n.NATS, err = embedded.StartNATS(ctx, n.options); err != nil {
		t.Fatalf("start NATS: %v", err)
	}
}

func (n *outsideNATS) stop(t *testing.T) {
	t.Helper()
	if err := n.Stop(); err != nil {
		t.Errorf("stop NATS: %v", err)
	}
}

// TestSubmissionsGoOnWithoutNATS stops NATS under submissions by the public and
// by staff. None is turned away, none is lost or doubled, and all can be matched
// after.
func TestSubmissionsGoOnWithoutNATS(t *testing.T) {
	t.Parallel()
	const each = 60 // submissions before, in and after the outage, at least
	length, data := configuredOutage(t), testkit.DataDir(t)
	nats := startOutsideNATS(t, data)
	i := startHeli(t, data, "--nats-url", nats.URL(), "--nats-keys")
	pace := time.NewTicker(gap)
	defer pace.Stop()
	c := newCrowd(i, i.coordinator().key)
	c.pace = pace.C
	c.start(askInPublic, askInPublic, askInPublic, askAsStaff, askAsStaff, offerAsStaff)

	c.await(each, http.StatusCreated)
	began := time.Now()
	nats.stop(t)
	<-time.After(length)
	c.await(each, http.StatusAccepted)
	away := time.Since(began)
	nats.start(t)
	began = time.Now()
	c.await(c.count(http.StatusCreated)+each, http.StatusCreated)
	calls := c.stop()
	t.Logf("NATS was away for %v, in which %d of %d submissions were answered with 202", away, c.count(http.StatusAccepted), len(calls))
	checkTracked(t, calls)
	awaitDrained(t, i, waitLimit+3*length)
	t.Logf("all had reached the matcher %v after its return", time.Since(began))
	matchAll(t, c, calls)
	awaitDrained(t, i, waitLimit+3*length)
	t.Logf("all were matched %v after its return", time.Since(began))
	if n := count(t, i.database(), `SELECT count(*) FROM request.requests WHERE state <> 'matched'`); n != 0 {
		t.Errorf("%d requests are not matched", n)
	}
	repeatAll(t, i, c.staff.key, c.gone())
	checkInvariants(t, i)
}

func configuredOutage(t *testing.T) time.Duration {
	t.Helper()
	text, ok := os.LookupEnv(outageLength)
	if !ok {
		return 0
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("read %s: %v", outageLength, err)
	}
	return length
}

// checkTracked checks that everybody was told how to find their submission.
func checkTracked(t *testing.T, calls []sent) {
	t.Helper()
	for _, s := range calls {
		if s.answer.Code == "" || s.answer.TrackingToken == "" {
			t.Errorf("POST %s was answered %d without a code or a token", s.path, s.status)
		}
	}
}

// matchAll opens every request and matches it with one large offer, as a
// coordinator does.
func matchAll(t *testing.T, c *crowd, calls []sent) {
	t.Helper()
	offer, done := c.post(true, "/offers", newKey(), offerDraft("masks for all", "available", 10*len(calls)))
	if !done {
		return
	}
	var matching errgroup.Group
	matching.SetLimit(8)
	for _, s := range calls {
		if s.path == "/requests" {
			matching.Go(func() error { matchOne(c, s, offer); return nil })
		}
	}
	if err := matching.Wait(); err != nil {
		t.Fatal(err)
	}
}

func matchOne(c *crowd, s sent, offer answer) {
	if !s.staff {
		for _, move := range []string{"/triage", "/open"} {
			if _, done := c.post(true, "/requests/"+s.answer.ID+move, newKey(), map[string]any{}); !done {
				return
			}
		}
	}
	if match, done := c.propose(s.answer, offer); done {
		c.post(true, "/matches/"+match.ID+"/accept", newKey(), map[string]any{"on_behalf_of": "helper"})
	}
}
