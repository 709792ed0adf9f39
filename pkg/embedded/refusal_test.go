package embedded_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heli/pkg/embedded"
	"heli/pkg/testkit"
)

// refused starts a cluster that must not start, and returns the sentence.
func refused(t *testing.T, options embedded.PostgresOptions) error {
	t.Helper()
	server, err := embedded.StartPostgres(t.Context(), options)
	if err == nil {
		stop(t, server)
		t.Fatal("it started")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one sentence: %v", err)
	}
	return err
}

func TestForeignFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := "/usr/share" // root's, for everybody else
	if os.Geteuid() == 0 {
		dir = testkit.DataDir(t)
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	err := refused(t, embedded.PostgresOptions{Dir: dir})
	if !errors.Is(err, embedded.ErrForeignFolder) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
}

func TestForeignDataIsRefused(t *testing.T) {
	t.Parallel()
	dir := testkit.DataDir(t)
	stop(t, start(t, dir))
	link := filepath.Join(dir, "elsewhere")
	if err := os.Rename(filepath.Join(dir, "data"), link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(link, filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, embedded.PostgresOptions{Dir: dir}); !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("error %v", err)
	}
}

func TestOtherMajorIsRefused(t *testing.T) {
	t.Parallel()
	dir := testkit.DataDir(t)
	stop(t, start(t, dir))
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := refused(t, embedded.PostgresOptions{Dir: dir})
	if !errors.Is(err, embedded.ErrOtherMajor) || !strings.Contains(err.Error(), "install PostgreSQL 9") {
		t.Errorf("error %v", err)
	}
}

func TestLostPasswordIsRefused(t *testing.T) {
	t.Parallel()
	dir := testkit.DataDir(t)
	stop(t, start(t, dir))
	password := filepath.Join(dir, "password")
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, embedded.PostgresOptions{Dir: dir}); !strings.Contains(err.Error(), "is missing") {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(password, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, embedded.PostgresOptions{Dir: dir}); !strings.Contains(err.Error(), "is not the one") {
		t.Errorf("error %v", err)
	}
}

func TestBrokenSettingIsNamed(t *testing.T) {
	t.Parallel()
	options := embedded.PostgresOptions{Dir: testkit.DataDir(t), Settings: map[string]string{"max_connections": "many"}}
	if err := refused(t, options); !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("error %v", err)
	}
}

func TestNoProgramsIsRefused(t *testing.T) {
	t.Setenv("PG_BIN", t.TempDir())
	err := refused(t, embedded.PostgresOptions{Dir: testkit.DataDir(t)})
	if !errors.Is(err, embedded.ErrNoBinaries) || !strings.Contains(err.Error(), "PG_BIN") {
		t.Errorf("error %v", err)
	}
}

func TestDataRoot(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HELI_DATA", dir)
	if got, err := embedded.DataRoot(); err != nil || got != dir {
		t.Errorf("with HELI_DATA: %q, %v", got, err)
	}
	t.Setenv("HELI_DATA", "")
	t.Setenv("XDG_DATA_HOME", dir)
	want := filepath.Join(dir, "heli")
	if os.Geteuid() == 0 {
		want = "/var/lib/heli"
	}
	if got, err := embedded.DataRoot(); err != nil || got != want {
		t.Errorf("without HELI_DATA: %q, %v", got, err)
	}
}
