package main

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/testkit"
)

// TestSeparateBinaries starts each service as a program of its own, two of the
// matcher and of the request service, in any order, against one PostgreSQL and
// one NATS, both without any preparation, and goes the way to a match.
func TestSeparateBinaries(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", folder, "heli/cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	keys := testkit.KeyFile(t)
	natsURL, listen := plainNATS(t), freeAddress(t)
	common := []string{"--database-url", testkit.AdminURL(t), "--nats-url", natsURL, "--keys", keys}

	services := []string{"directory", "request", "request", "offer", "matcher", "matcher", "notify", "web"}
	rand.Shuffle(len(services), func(i, j int) { services[i], services[j] = services[j], services[i] })
	t.Logf("started in the order %v", services)
	admins := make([]string, len(services))
	for n, name := range services {
		admins[n] = freeAddress(t)
		args := append([]string{"--admin-listen", admins[n]}, common...)
		if name == "web" {
			args = append(args, "--listen", listen)
		}
		startBinary(t, filepath.Join(folder, name), args...)
	}
	for n, name := range services {
		awaitReady(t, name, "http://"+admins[n]+"/readyz")
	}
	staff := client{t: t, base: "http://" + listen + "/api/v1", key: keyOverBus(t, natsURL), http: &http.Client{Timeout: waitLimit}}
	wanted := staff.post(http.StatusCreated, "/requests", requestDraft("masks", "open", 10))
	offered := staff.post(http.StatusCreated, "/offers", offerDraft("masks", "available", 100))
	awaitSuggestion(t, staff, wanted.ID, offered.ID)
	match := staff.post(http.StatusCreated, "/matches", proposal(wanted, offered, 10))
	staff.post(http.StatusOK, "/matches/"+match.ID+"/accept", nil)
	awaitState(t, staff, "/requests/"+wanted.ID, "matched")
}

// plainNATS runs a server without users or streams.
func plainNATS(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, MaxPayload: 8 << 20})
	if err != nil {
		t.Fatalf("make NATS: %v", err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(waitLimit) {
		t.Fatal("NATS is not ready")
	}
	return s.ClientURL()
}

// freeAddress returns an address of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a port: %v", err)
	}
	address := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		t.Fatalf("free the port: %v", err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(address.Port))
}

// startBinary runs a service until the end of the test, when it must stop in order.
func startBinary(t *testing.T, program string, args ...string) {
	t.Helper()
	said, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatalf("make log: %v", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Errorf("stop %s: %v", filepath.Base(program), err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v", filepath.Base(program), err)
		}
		if content, err := os.ReadFile(said.Name()); err == nil && t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), content[max(0, len(content)-3000):])
		}
	})
}

func awaitReady(t *testing.T, name, url string) {
	t.Helper()
	c := client{t: t, base: url, http: &http.Client{Timeout: 2 * time.Second}}
	eventually(t, func() string {
		status, content, err := c.do(t.Context(), http.MethodGet, "", "", nil)
		if err != nil || status != http.StatusOK {
			return name + " is not ready: " + string(content)
		}
		return ""
	})
}

// keyOverBus makes a coordinator's key as the command line does.
func keyOverBus(t *testing.T, natsURL string) string {
	t.Helper()
	b, err := bus.Connect(t.Context(), bus.Options{URL: natsURL, Name: "web", Log: testkit.Log(t)})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(b.Close)
	ctx := contract.WithActor(t.Context(), contract.System())
	made, err := bus.Call(ctx, b, contract.DirectoryMakeAPIKey, contract.MakeAPIKey{
		ID: contract.NewID[contract.APIKeyID](), Organisation: "root", Role: contract.RoleCoordinator, Name: "test",
	})
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	return made.Key
}
