//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"heli/cmd/heli/platform"
	"heli/pkg/contract"
	"heli/pkg/testkit"
)

// attempt is a submission that was sent; its id is empty until it is answered.
type attempt struct {
	key, id string
	staff   bool // by staff, who open it at once; else by the public
	cut     bool // its connection broke while it was under way
}

// draft is what the attempt submits.
func (a attempt) draft() map[string]any {
	if a.staff {
		return requestDraft(a.title(), "open", 10)
	}
	draft := requestDraft(a.title(), "", 10)
	delete(draft, "state")
	return draft
}

// title tells the attempt's row from all others.
func (a attempt) title() string { return "masks " + a.key }

// TestAcknowledgedSubmissionsSurviveKill ends everything in the middle of
// submissions, several times over on one data folder.
func TestAcknowledgedSubmissionsSurviveKill(t *testing.T) {
	t.Parallel()
	const rounds, acknowledged = 3, 120
	data := installed(t)
	i := startHeli(t, data)
	key := i.coordinator().key
	var all []attempt
	for range rounds {
		all = append(all, submitUntilKilled(t, i, key, acknowledged)...)
		awaitNoPostgres(t, data)
		i = startHeli(t, data)
		t.Logf("ready %v after the restart", i.took)
	}
	callers := map[bool]client{true: caller(i, true, key), false: caller(i, false, key)}
	var repeating sync.WaitGroup
	for part := range slices.Chunk(all, len(all)/4+1) {
		repeating.Go(func() {
			for _, a := range part {
				again := callers[a.staff].call(http.StatusCreated, http.MethodPost, "/requests", a.key, a.draft())
				if a.id != "" && again.ID != a.id {
					t.Errorf("the key %s gave %s before the kill and %s after", a.key, a.id, again.ID)
				}
			}
		})
	}
	repeating.Wait()
	db := i.database()
	for _, a := range all {
		if n := count(t, db, `SELECT count(*) FROM request.requests WHERE title = $1`, a.title()); n != 1 {
			t.Errorf("the submission %s is there %d times", a.key, n)
		}
	}
	checkInvariants(t, i)
}

// submitUntilKilled submits from several callers and kills heli when enough
// were acknowledged and others are still under way. It returns every attempt.
func submitUntilKilled(t *testing.T, i *instance, key string, enough int) []attempt {
	t.Helper()
	const callers = 8
	acknowledged := make(chan struct{}, callers)
	attempts := make([][]attempt, callers)
	var running sync.WaitGroup
	for n := range callers {
		running.Go(func() { attempts[n] = submitUntilGone(t.Context(), caller(i, n%2 == 0, key), acknowledged) })
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		running.Wait()
	}()
	for n := 0; n < enough; n++ {
		select {
		case <-acknowledged:
		case <-ended:
			t.Fatalf("only %d submissions were acknowledged", n)
		}
	}
	go func() {
		for range acknowledged { // until the callers have ended
		}
	}()
	i.kill()
	<-ended
	close(acknowledged)
	return checkCut(t, slices.Concat(attempts...))
}

// checkCut asserts that the kill met submissions under way.
func checkCut(t *testing.T, all []attempt) []attempt {
	t.Helper()
	if !slices.ContainsFunc(all, func(a attempt) bool { return a.cut }) {
		t.Error("no submission was under way when heli was killed")
	}
	return all
}

// caller returns a client of the public, or of staff with the key.
func caller(i *instance, staff bool, key string) client {
	c := i.public()
	if staff {
		c.key = key
	}
	return c
}

// submitUntilGone submits until nobody answers.
func submitUntilGone(ctx context.Context, by client, acknowledged chan<- struct{}) []attempt {
	var attempts []attempt
	for {
		a := attempt{key: string(contract.NewID[contract.RequestID]()), staff: by.key != ""}
		sent := false // a refused connection is no submission under way
		traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }})
		status, content, err := by.do(traced, http.MethodPost, "/requests", a.key, a.draft())
		if err == nil && (status == http.StatusCreated || status == http.StatusAccepted) {
			var submitted answer
			if err := json.Unmarshal(content, &submitted); err != nil {
				by.t.Errorf("read answer: %v", err)
			}
			a.id = submitted.ID
		}
		a.cut = err != nil && sent
		attempts = append(attempts, a)
		if err != nil {
			return attempts
		}
		if a.id != "" {
			acknowledged <- struct{}{}
		}
	}
}

// awaitNoPostgres waits until no process works in the folder any more. The
// kernel tells PostgreSQL of the end of heli; it then needs a moment.
func awaitNoPostgres(t *testing.T, data string) {
	t.Helper()
	eventually(t, func() string {
		links, err := filepath.Glob("/proc/[0-9]*/cwd")
		if err != nil {
			t.Fatalf("list processes: %v", err)
		}
		for _, link := range links {
			folder, err := os.Readlink(link)
			if err == nil && strings.HasPrefix(folder, data+"/") { // an error: it has ended
				return link + " is in " + folder
			}
		}
		return ""
	})
}

// TestLosingTheStreamLosesNothing removes all that NATS stores between two
// starts, with events that nobody has consumed yet.
func TestLosingTheStreamLosesNothing(t *testing.T) {
	t.Parallel()
	data := installed(t)
	i := startHeli(t, data)
	staff := i.coordinator()
	request := staff.post(http.StatusCreated, "/requests", requestDraft("masks wanted", "open", 10))
	offer := staff.post(http.StatusCreated, "/offers", offerDraft("masks", "available", 10))
	i.kill()
	awaitNoPostgres(t, data)
	if err := os.RemoveAll(filepath.Join(data, "nats")); err != nil {
		t.Fatalf("remove stream: %v", err)
	}

	i = startHeli(t, data)
	staff.base = i.public().base // the key was kept
	awaitSuggestion(t, staff, request.ID, offer.ID)
	match := staff.post(http.StatusCreated, "/matches", proposal(request, offer, 10))
	staff.post(http.StatusOK, "/matches/"+match.ID+"/accept", map[string]any{"on_behalf_of": "helper"})
	awaitState(t, staff, "/requests/"+request.ID, "matched")
	checkInvariants(t, i)
}

func TestSecondStartKeepsTheData(t *testing.T) {
	t.Parallel()
	data := testkit.DataDir(t)
	first := startHeli(t, data)
	staff := first.coordinator()
	request := staff.post(http.StatusCreated, "/requests", requestDraft("masks wanted", "open", 10))
	first.stop()
	awaitNoPostgres(t, data)

	second := startHeli(t, data)
	staff.base = second.public().base
	if got := staff.get(http.StatusOK, "/requests/"+request.ID); got.Code != request.Code || got.State != "open" {
		t.Errorf("after a restart the request is %s, %s; before it was %s, open", got.Code, got.State, request.Code)
	}
}

// TestUpRefusesInOneSentence starts heli where it cannot run.
func TestUpRefusesInOneSentence(t *testing.T) {
	t.Parallel()
	running := startHeli(t, installed(t))
	address := strings.TrimPrefix(running.url, "http://")
	cases := []struct {
		name, data, listen, want string
	}{
		{"port in use", testkit.DataDir(t), address, "--listen"},
		{"data folder in use", running.data, "127.0.0.1:0", running.data},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, said := refused(t, "up", "--data", c.data, "--listen", c.listen, "--admin-listen", "127.0.0.1:0")
			if status != 1 {
				t.Errorf("status %d, want 1", status)
			}
			if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "heli: ") || !strings.Contains(said, c.want) {
				t.Errorf("it says %q, want one sentence with %s", said, c.want)
			}
		})
	}
}

// refused runs a command that must fail, and returns its status and what it
// says on standard error.
func refused(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	cmd := heliCommand(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("heli %s: %v, want a failure", strings.Join(args, " "), err)
	}
	if stdout.Len() > 0 {
		t.Errorf("a refused command prints %q", &stdout)
	}
	return exit.ExitCode(), stderr.String()
}

// TestRunFileNamesTheProcess: commands beside a running heli find it by the file.
func TestRunFileNamesTheProcess(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	running, err := platform.FindRunning(i.data)
	if err != nil || running == nil {
		t.Fatalf("find the running heli: %v, %v", running, err)
	}
	if running.PID != i.cmd.Process.Pid || running.URL != i.url {
		t.Errorf("the run file says %+v, want process %d at %s", *running, i.cmd.Process.Pid, i.url)
	}
}
