package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/pg"
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
	os.Exit(m.Run())
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

// public returns a client without a key, coordinator one with a key of root.
func (i *instance) public() client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	i.t.Cleanup(transport.CloseIdleConnections)
	return client{t: i.t, base: i.url + "/api/v1", http: &http.Client{Transport: transport, Timeout: waitLimit}}
}

func (i *instance) coordinator() client {
	i.t.Helper()
	c := i.public()
	c.key = heli(i.t, "apikey", "create", "--organisation", "root", "--role", "coordinator", "--name", "test", "--data", i.data)
	return c
}

// client calls the API.
type client struct {
	t    *testing.T
	base string
	key  string // of the API; none for the public
	http *http.Client
}

// do sends one call and returns the status and the body of its answer. With an
// idempotency key it may be repeated.
func (c client) do(ctx context.Context, method, path, idempotencyKey string, body any) (status int, answer []byte, err error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("encode body: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return 0, nil, fmt.Errorf("make call: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if idempotencyKey != "" {
		r.Header.Set("Idempotency-Key", idempotencyKey)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("send call: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// answer is what any call of the API may say, as far as the tests look at it.
type answer struct {
	ID            string     `json:"id"`
	Code          string     `json:"code"`
	State         string     `json:"state"`
	ClosedReason  string     `json:"closed_reason"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Secret        string     `json:"secret"`
	URL           string     `json:"url"`
	TrackingToken string     `json:"tracking_token"`
	NeedLines     []lineView `json:"need_lines"`
	OfferLines    []lineView `json:"offer_lines"`
	Contact       struct {
		Phone string `json:"phone"`
	} `json:"contact"`
	Items []struct {
		ID          string `json:"id"`
		OfferID     string `json:"offer_id"`
		OfferLineID string `json:"offer_line_id"`
	} `json:"items"`
}

type lineView struct {
	ID string `json:"id"`
}

// get and post call and demand a status; a post without a body sends {}.
func (c client) get(want int, path string) answer {
	c.t.Helper()
	return c.call(want, http.MethodGet, path, "", nil)
}

func (c client) post(want int, path string, body any) answer {
	c.t.Helper()
	if body == nil {
		body = struct{}{}
	}
	return c.call(want, http.MethodPost, path, "", body)
}

func (c client) call(want int, method, path, idempotencyKey string, body any) answer {
	c.t.Helper()
	status, content, err := c.do(c.t.Context(), method, path, idempotencyKey, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	waits := want == http.StatusCreated && status == http.StatusAccepted
	if status != want && !waits {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, content)
	}
	var a answer
	if err := json.Unmarshal(content, &a); err != nil {
		c.t.Fatalf("%s %s: read answer: %v: %s", method, path, err, content)
	}
	if waits {
		c.awaitCreated(path + "/" + a.ID)
	}
	return a
}

// awaitCreated waits for what a busy machine has taken and not stored yet.
func (c client) awaitCreated(path string) {
	c.t.Helper()
	eventually(c.t, func() string {
		status, _, err := c.do(c.t.Context(), http.MethodGet, path, "", nil)
		if err != nil || status != http.StatusOK {
			return fmt.Sprintf("%s is not there: %d, %v", path, status, err)
		}
		return ""
	})
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
