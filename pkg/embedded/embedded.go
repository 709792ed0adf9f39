// Package embedded owns the two servers of the all-in-one mode and of the
// tests: PostgreSQL, started as a child process from installed programs, and a
// NATS server inside this process. It finds or installs what they need, starts
// them, and stops them so that nothing is left behind.
//
// It never decides what is stored in them: roles and schemas belong to pkg/pg,
// streams and consumers to pkg/bus, secrets to pkg/seal.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Reasons for which a server cannot be started; errors.Is finds them, and the
// error around them is one sentence that says what to do.
var (
	ErrNoBinaries    = errors.New("the PostgreSQL server programs were not found")
	ErrInUse         = errors.New("is used by a running Heli")
	ErrForeignFolder = errors.New("belongs to somebody else")
	ErrOtherMajor    = errors.New("was made by another major version of PostgreSQL")
	ErrUnreachable   = errors.New("cannot be entered by the PostgreSQL server")
)

// DataRoot returns the folder that holds everything an installation stores:
// $HELI_DATA, else /var/lib/heli for root, else heli in the XDG data folder.
// It makes nothing. It fails only where no home folder is known.
func DataRoot() (string, error) {
	if dir := os.Getenv("HELI_DATA"); dir != "" {
		return absolute(dir)
	}
	if os.Geteuid() == 0 {
		return "/var/lib/heli", nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "heli"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find data folder: %w; set HELI_DATA", err)
	}
	return filepath.Join(home, ".local", "share", "heli"), nil
}

func absolute(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve folder %s: %w", dir, err)
	}
	return path, nil
}
