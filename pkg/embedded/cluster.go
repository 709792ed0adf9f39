package embedded

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// superuser is the name of the role that owns the cluster.
const superuser = "postgres"

// socketName is the file that PostgreSQL makes for the default port, with its
// lock file the longest name in the socket folder.
const socketName = ".s.PGSQL.5432.lock"

// maxSocketPath keeps below the 103 to 107 bytes that systems allow.
const maxSocketPath = 100

// cluster is the folder of one PostgreSQL cluster and what belongs to it:
//
//	heli.lock      held by the Heli that runs it
//	postgres.lock  held by the server's processes, inherited
//	password       of the superuser, ours alone
//	data           the server's files, the server account's alone
//	run            the socket, the server account's alone
type cluster struct {
	dir     string
	account account
}

func (c cluster) heliLock() string     { return filepath.Join(c.dir, "heli.lock") }
func (c cluster) postgresLock() string { return filepath.Join(c.dir, "postgres.lock") }
func (c cluster) passwordFile() string { return filepath.Join(c.dir, "password") }
func (c cluster) data() string         { return filepath.Join(c.dir, "data") }
func (c cluster) pidFile() string      { return filepath.Join(c.data(), "postmaster.pid") }

// socketFolder is "run", or where that path is too long for a socket a folder
// in the system's one for temporary files, named after the cluster's.
func (c cluster) socketFolder() string {
	dir := filepath.Join(c.dir, "run")
	if len(filepath.Join(dir, socketName)) <= maxSocketPath {
		return dir
	}
	sum := sha256.Sum256([]byte(c.dir))
	return filepath.Join("/tmp", "heli-"+hex.EncodeToString(sum[:8]))
}

// removeOutsideFolder removes a socket folder that lies outside the cluster's.
func (c cluster) removeOutsideFolder() error {
	folder := c.socketFolder()
	if filepath.Dir(folder) == c.dir {
		return nil
	}
	if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove socket folder: %w", err)
	}
	return nil
}

// openFolder makes the cluster's folder, or checks an existing one: it must be
// ours, and the server's account must be able to enter it. Of an existing
// folder of ours it opens the way through, never the sight of what is in it.
func openFolder(dir string, a account) error {
	mode := fs.FileMode(0o700)
	if a.switched {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return fmt.Errorf("make data folder: %w: choose another folder with HELI_DATA", err)
	}
	if err := a.checkOwner(dir, os.Geteuid()); err != nil {
		return err
	}
	if a.switched {
		if err := os.Chmod(dir, mode); err != nil {
			return fmt.Errorf("open data folder: %w", err)
		}
	}
	return a.checkReach(dir)
}

// major returns the version that made the data; zero when there is none yet.
func (c cluster) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the data folder: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read version of the data folder: %w", err)
	}
	return major, nil
}

// password returns the superuser's password, made at the first call.
func (c cluster) password() (string, error) {
	text, err := os.ReadFile(c.passwordFile())
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read password of PostgreSQL: %w", err)
	}
	if major, err := c.major(); err != nil || major != 0 {
		return "", errors.Join(fmt.Errorf("the file %s is missing: bring it back, or move %s away to start anew", c.passwordFile(), c.dir), err)
	}
	password := rand.Text()
	if err := os.WriteFile(c.passwordFile(), []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep password of PostgreSQL: %w", err)
	}
	return password, nil
}

// create runs initdb unless data exist. It works in a folder aside that is
// renamed at the end, so that an interrupted run is not taken for data.
func (c cluster) create(ctx context.Context, bin Binaries, password string, log *slog.Logger) error {
	if _, err := os.Stat(c.data()); err == nil {
		return c.account.checkOwner(c.data())
	}
	aside := c.data() + ".new"
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("remove unfinished data: %w", err)
	}
	if err := c.account.makeFolder(aside); err != nil {
		return err
	}
	if err := c.initialise(ctx, bin, aside, password, log); err != nil {
		return err
	}
	if err := os.Rename(aside, c.data()); err != nil {
		return fmt.Errorf("put new data in place: %w", err)
	}
	return nil
}

// initialise runs initdb. C.UTF-8, because under plain C pg_trgm finds nothing
// in Chinese.
func (c cluster) initialise(ctx context.Context, bin Binaries, dir, password string, log *slog.Logger) (err error) {
	passwordFile := filepath.Join(c.socketFolder(), "initdb.password")
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("hand password to initdb: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(passwordFile)) }()
	if err := c.account.own(passwordFile); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, bin.path("initdb"), //nolint:gosec // a program that FindPostgres inspected
		"--pgdata="+dir, "--username="+superuser, "--pwfile="+passwordFile,
		"--auth=scram-sha-256", "--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions")
	cmd.Dir, cmd.Env = dir, serverEnvironment()
	cmd.SysProcAttr = processAttributes(c.account)
	output := &serverLog{log: log}
	child, err := startProcess(cmd, output)
	if err != nil {
		return err
	}
	<-child.done
	if child.err != nil {
		return fmt.Errorf("make PostgreSQL data folder: %w: %s", child.err, output.lastFailure())
	}
	return nil
}

// removeLeftovers removes what a server that was killed left behind. Only who
// holds the server's lock may call it: then none lives.
func (c cluster) removeLeftovers() error {
	for _, path := range []string{
		c.pidFile(),
		filepath.Join(c.socketFolder(), socketName),
		filepath.Join(c.socketFolder(), strings.TrimSuffix(socketName, ".lock")),
	} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove leftover of a dead server: %w", err)
		}
	}
	return nil
}

// serverEnvironment keeps the operator's PG… variables away from the server.
func serverEnvironment() []string {
	env := []string{"LC_ALL=C.UTF-8", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
