//go:build linux

package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// crashAll names the variable that makes the test of crashes go through every
// place, not through those alone that tell the most.
const crashAll = "HELI_TEST_CRASH_ALL"

// The places to die at: before a commit nothing has happened, after one its
// caller has no answer, around a publish and an acknowledgement the other side
// may or may not know.
var (
	crashPlaces = []string{"pg.after_commit:400", "outbox.published:50", "inbox.before_commit:80", "inbox.committed:90"}
	crashOthers = []string{
		"pg.before_commit:40", "pg.before_commit:300", "pg.after_commit:60", "outbox.before_publish:2", "outbox.before_publish:40",
		"outbox.published:3", "outbox.marked:3", "outbox.marked:25", "inbox.before_commit:1", "inbox.before_commit:9",
		"inbox.committed:1", "inbox.committed:20",
	}
)

// TestCrashPoints lets the whole platform die at places around commit, publish
// and acknowledgement, in the middle of submissions and of matches, and
// recover. The places go at once: most of their time is the wait for what the
// dead process had in hand, which the stream gives back after 30 seconds.
func TestCrashPoints(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "heli")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "crash", "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	places, atOnce := crashPlaces, make(chan struct{}, len(crashPlaces))
	if os.Getenv(crashAll) != "" {
		places = append(places, crashOthers...)
	}
	var running sync.WaitGroup
	for _, place := range places {
		running.Go(func() {
			atOnce <- struct{}{}
			defer func() { <-atOnce }()
			t.Run(place, func(t *testing.T) { crashAt(t, program, place) })
		})
	}
	running.Wait()
}

func crashAt(t *testing.T, program, place string) {
	data := installed(t)
	i := startProgram(t, program, nil, data)
	key := i.coordinator().key
	before := newCrowd(i, key).start(pairUp, pairUp)
	before.await(4, http.StatusOK)
	calls := before.stop()
	i.stop()
	awaitNoPostgres(t, data)

	i = startProgram(t, program, []string{"HELI_CRASH=" + place}, data)
	pace := time.NewTicker(gap)
	defer pace.Stop()
	c := newCrowd(i, key)
	c.mortal, c.pace = true, pace.C
	calls = append(calls, c.start(askInPublic, askInPublic, askAsStaff, offerAsStaff, pairUp, pairUp, pairUp).gone()...)
	<-i.ended
	if !killed(i.err) {
		t.Fatalf("heli was not killed at %s: %v", place, i.err)
	}
	awaitNoPostgres(t, data)

	i = startProgram(t, program, nil, data)
	t.Logf("died after %d calls with 201, %d with 202, %d with 200; ready %v after the restart",
		c.count(http.StatusCreated), c.count(http.StatusAccepted), c.count(http.StatusOK), i.took)
	checkInvariants(t, i)
	repeatAll(t, i, key, calls)
	checkInvariants(t, i)
}

// killed reports that a process ended by SIGKILL, which only the crash sends.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}
