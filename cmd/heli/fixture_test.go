package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/pg"
	"heli/pkg/testkit"
)

// asProgram makes the test binary behave as heli: what the tests start is the
// real main, built once, with the race detector when the tests have it.
const asProgram = "HELI_TEST_AS_PROGRAM"

// waitLimit bounds every wait. It is reached only when something is broken.
const waitLimit = time.Minute

// readyLimit bounds a start, which may load the demo.
const readyLimit = 5 * waitLimit

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	code := m.Run()
	if err := os.RemoveAll(fresh.folder); err != nil {
		fmt.Fprintln(os.Stderr, "remove installation:", err)
	}
	os.Exit(code)
}

// fresh is an installation as its first start leaves it, which tests copy.
var fresh struct {
	sync.Mutex
	folder string // empty until a test has made it
}

// installed returns a data folder as a first start leaves it, for tests that look
// at something else than a first start. It is removed after the test.
func installed(t *testing.T) string {
	t.Helper()
	data := testkit.DataDir(t)
	fresh.Lock()
	defer fresh.Unlock()
	if fresh.folder == "" {
		startHeli(t, data).stop()
		folder, err := os.MkdirTemp("", "heli-fresh-")
		if err != nil {
			t.Fatalf("make folder: %v", err)
		}
		copyFolder(t, data, folder)
		fresh.folder = folder
		return data
	}
	copyFolder(t, fresh.folder, data)
	return data
}

// copyFolder copies all that is in a folder, with its owners and rights.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", from+"/.", to).CombinedOutput(); err != nil {
		t.Fatalf("copy %s: %v\n%s", from, err, out)
	}
}

// heliCommand is a command line of heli, not started yet, free of the settings
// of whoever runs the tests.
func heliCommand(ctx context.Context, args ...string) *exec.Cmd {
	return programCommand(ctx, os.Args[0], args...)
}

// programCommand is heliCommand of another build.
func programCommand(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{asProgram + "=1"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "PG_BIN"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd
}

// heli runs a command to its end and returns what it printed.
func heli(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	cmd := heliCommand(ctx, args...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("heli %s: %v\n%s", strings.Join(args, " "), err, &failure)
	}
	return strings.TrimSpace(string(out))
}

// instance is a running heli up.
type instance struct {
	t     *testing.T
	data  string
	url   string
	log   string // path of what it says on standard error
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	err   error         // of its end; to be read after ended
	took  time.Duration // from its start until it was ready
	first chan string   // the link for the first administrator, when one is printed
}

// startHeli runs heli up on the data folder until it says ready. It is told to
// stop at the end of the test, and must do so without an error.
func startHeli(t *testing.T, data string, args ...string) *instance {
	t.Helper()
	return startProgram(t, os.Args[0], nil, data, args...)
}

// startProgram is startHeli of another build, with more in its environment.
func startProgram(t *testing.T, program string, environment []string, data string, args ...string) *instance {
	t.Helper()
	all := append([]string{"up", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)
	cmd := programCommand(context.WithoutCancel(t.Context()), program, all...)
	cmd.Env = append(cmd.Env, environment...)
	i := &instance{t: t, data: data, cmd: cmd, ended: make(chan struct{}), first: make(chan string, 1)}
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatalf("make log: %v", err)
	}
	i.log = stderr.Name()
	i.cmd.Stderr = stderr // a file: a pipe could be held open by a child
	stdout, err := i.cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("make pipe: %v", err)
	}
	began := time.Now()
	if err := i.cmd.Start(); err != nil {
		t.Fatalf("start heli: %v", err)
	}
	t.Cleanup(func() { i.finish(stderr) })
	ready := make(chan string, 1)
	go i.watch(stdout, ready)
	select {
	case i.url = <-ready:
		i.took = time.Since(began)
	case <-i.ended:
		t.Fatalf("heli up ended before it was ready: %v", i.err)
	case <-time.After(readyLimit):
		t.Fatal("heli up is not ready")
	}
	return i
}

// watch passes the address on and waits for the end of the process.
func (i *instance) watch(stdout io.Reader, ready chan<- string) {
	defer close(i.ended)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			ready <- url
		}
		if link, ok := strings.CutPrefix(lines.Text(), "login administrator "); ok && len(i.first) == 0 {
			i.first <- strings.TrimSpace(link)
		}
	}
	i.err = i.cmd.Wait()
}

// finish stops the process where the test has not, and shows its log when the
// test failed.
func (i *instance) finish(stderr *os.File) {
	select {
	case <-i.ended:
	default:
		i.stop()
	}
	if err := stderr.Close(); err != nil {
		i.t.Errorf("close log: %v", err)
	}
	if !i.t.Failed() {
		return
	}
	content, err := os.ReadFile(stderr.Name())
	if err != nil {
		i.t.Errorf("read log: %v", err)
	}
	i.t.Logf("heli up said:\n%s", content[max(0, len(content)-8000):])
}

// stop ends heli as an operator does; it must end without an error.
func (i *instance) stop() {
	i.t.Helper()
	i.signal(syscall.SIGTERM)
	if i.err != nil {
		i.t.Errorf("heli up ended with %v", i.err)
	}
}

// kill ends heli as a power loss does.
func (i *instance) kill() {
	i.t.Helper()
	i.signal(syscall.SIGKILL)
	if i.err == nil {
		i.t.Error("heli up ended by itself, not by the signal")
	}
}

func (i *instance) signal(s syscall.Signal) {
	i.t.Helper()
	if err := i.cmd.Process.Signal(s); err != nil {
		i.t.Errorf("send %v: %v", s, err)
	}
	select {
	case <-i.ended:
	case <-time.After(waitLimit):
		_ = i.cmd.Process.Kill() // it fails only when the process has ended
		<-i.ended
		i.t.Errorf("heli up did not end after %v", s)
	}
}

// database connects to the PostgreSQL of the instance as its superuser.
func (i *instance) database() *pg.DB {
	i.t.Helper()
	url, err := embedded.RunningURL(platform.PostgresFolder(i.data), platform.DatabaseName)
	if err != nil {
		i.t.Fatalf("find database: %v", err)
	}
	ctx, cancel := context.WithTimeout(i.t.Context(), waitLimit)
	defer cancel()
	db, err := pg.Open(ctx, url, pg.WithConnections(2))
	if err != nil {
		i.t.Fatalf("open database: %v", err)
	}
	i.t.Cleanup(func() { _ = db.Close() }) // its server may have ended before it
	return db
}

// eventually waits until check says nothing is missing any more.
func eventually(t *testing.T, check func() (missing string)) {
	t.Helper()
	eventuallyWithin(t, waitLimit, check)
}

func eventuallyWithin(t *testing.T, limit time.Duration, check func() (missing string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		missing := check()
		if missing == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %v still: %s", limit, missing)
		case <-ticker.C:
		}
	}
}

// The drafts that tests submit: masks wanted and masks offered in one place.

func requestDraft(title, state string, pieces int) map[string]any {
	draft := commonDraft(title, state)
	draft["urgency"] = contract.Urgent
	draft["need_lines"] = []any{map[string]any{
		"category": "ppe", "item": "mask_surgical", "quantity": pieces, "unit": "piece",
	}}
	return draft
}

func offerDraft(title, state string, pieces int) map[string]any {
	draft := commonDraft(title, state)
	draft["offer_lines"] = []any{map[string]any{
		"category": "ppe", "item": "mask_surgical",
		"capacity": map[string]any{"quantity": pieces, "unit": "piece", "per": "total"},
	}}
	return draft
}

func commonDraft(title, state string) map[string]any {
	return map[string]any{
		"title": title, "state": state, "mode": "delivery", "region_code": "610100",
		"contact": map[string]any{"name": "Demo", "phone": "+861000000123"},
		"consent": map[string]any{"version": "1", "purposes": []string{"matching"}},
	}
}
