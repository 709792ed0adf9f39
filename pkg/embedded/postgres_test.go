package embedded_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"heli/pkg/embedded"
	"heli/pkg/testkit"
)

// launchVariable makes the test program a stand-in for Heli: it starts the
// cluster of that folder, says so and waits to be killed.
const launchVariable = "HELI_TEST_LAUNCH"

func TestMain(m *testing.M) {
	if dir := os.Getenv(launchVariable); dir != "" {
		launchAndWait(dir)
	}
	os.Exit(m.Run())
}

func launchAndWait(dir string) {
	if _, err := embedded.StartPostgres(context.Background(), embedded.PostgresOptions{Dir: dir}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

func start(t *testing.T, dir string) *embedded.Postgres {
	t.Helper()
	server, err := embedded.StartPostgres(t.Context(), embedded.PostgresOptions{Dir: dir, Log: testkit.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *embedded.Postgres) {
	t.Helper()
	if err := server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func query(t *testing.T, url, q string) (answer string, err error) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(t.Context(), q).Scan(&answer)
	return answer, err
}

func mustQuery(t *testing.T, url, q string) string {
	t.Helper()
	answer, err := query(t, url, q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return answer
}

const (
	keepRow = `SELECT lo_from_bytea(4711, 'kept')`
	readRow = `SELECT convert_from(lo_get(4711), 'UTF8')`
)

func TestPostgresKeepsItsDataAndListensOnASocketOnly(t *testing.T) {
	t.Parallel()
	dir := testkit.DataDir(t)
	server := start(t, dir)
	if err := server.EnsureDatabase(t.Context(), "heli"); err != nil {
		t.Fatal(err)
	}
	if err := server.EnsureDatabase(t.Context(), "heli"); err != nil {
		t.Errorf("EnsureDatabase again: %v", err)
	}
	url := server.AdminURL("heli")
	for setting, want := range map[string]string{
		"listen_addresses": "", "shared_buffers": "128MB", "max_connections": "100", "synchronous_commit": "on",
		"fsync": "on", "server_encoding": "UTF8", "password_encryption": "scram-sha-256", "TimeZone": "UTC",
	} {
		if got := mustQuery(t, url, "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	if got := mustQuery(t, url, `SELECT datctype FROM pg_database WHERE datname = 'heli'`); got != "C.UTF-8" {
		t.Errorf("locale %q", got)
	}
	if _, err := query(t, server.URL("postgres", "wrong", "heli"), "SELECT 1"); err == nil {
		t.Error("a wrong password gets in")
	}
	mustQuery(t, url, keepRow)
	if beside, err := embedded.RunningURL(dir, "heli"); err != nil || beside != url {
		t.Errorf("RunningURL differs from the address in use, or %v", err)
	}
	stop(t, server)
	if _, err := embedded.RunningURL(dir, "heli"); err == nil {
		t.Error("RunningURL finds a server that was stopped")
	}
	if got := mustQuery(t, start(t, dir).AdminURL("heli"), readRow); got != "kept" {
		t.Errorf("after a second start the row is %q", got)
	}
}

func TestPostgresOnALongPath(t *testing.T) {
	t.Parallel()
	server := start(t, filepath.Join(testkit.DataDir(t), strings.Repeat("long", 30)))
	mustQuery(t, server.AdminURL("postgres"), "SELECT 1")
}

func TestSecondHeliIsRefused(t *testing.T) {
	t.Parallel()
	dir := testkit.DataDir(t)
	start(t, dir)
	_, err := embedded.StartPostgres(t.Context(), embedded.PostgresOptions{Dir: dir})
	if !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
}

func TestPostmasterIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := testkit.DataDir(t)
	url := start(t, dir).AdminURL("postgres")
	mustQuery(t, url, keepRow)
	before := mustQuery(t, url, "SELECT pg_postmaster_start_time()")
	kill(t, postmaster(t, dir))
	eventually(t, func() bool {
		now, err := query(t, url, "SELECT pg_postmaster_start_time()")
		return err == nil && now != before
	})
	if got := mustQuery(t, url, readRow); got != "kept" {
		t.Errorf("after recovery the row is %q", got)
	}
}

// TestNothingOutlivesHeli kills a Heli, alone and together with its postmaster:
// no server process is left, and the next start recovers.
func TestNothingOutlivesHeli(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		t.Run(fmt.Sprintf("postmaster too %v", both), func(t *testing.T) {
			t.Parallel()
			dir := testkit.DataDir(t)
			heli := launch(t, dir)
			address, err := embedded.RunningURL(dir, "postgres")
			if err != nil {
				t.Fatal(err)
			}
			mustQuery(t, address, keepRow)
			pid := postmaster(t, dir)
			kill(t, heli.Process.Pid)
			if both {
				kill(t, pid)
			}
			if err := heli.Wait(); err == nil {
				t.Error("Heli was not killed")
			}
			if got := mustQuery(t, start(t, dir).AdminURL("postgres"), readRow); got != "kept" {
				t.Errorf("after recovery the row is %q", got)
			}
			if alive(pid) {
				t.Errorf("the first postmaster %d still lives", pid)
			}
		})
	}
}

// launch starts a Heli of its own and returns when its PostgreSQL answers.
func launch(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	heli := exec.Command(program)
	heli.Env = append(os.Environ(), launchVariable+"="+dir)
	out, err := heli.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := heli.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = heli.Process.Kill() }) // it is dead already unless the test failed
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil || string(line[:n]) != "ready\n" {
		t.Fatalf("launched Heli says %q, %v", line[:n], err)
	}
	return heli
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// alive reports whether a process runs; one that is dead but not yet reaped by
// its new parent does not.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil {
		return !strings.Contains(string(status), ") Z ")
	}
	return !errors.Is(err, os.ErrNotExist)
}

// eventually polls until the condition holds; the test's deadline ends it.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-t.Context().Done():
			t.Fatal("the test ended first")
		case <-ticker.C:
		}
	}
}
