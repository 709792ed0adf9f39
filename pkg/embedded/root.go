package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// rootLock is the name of the lock that a running Heli holds on its data root.
const rootLock = "heli.lock"

// Root is the data root of a running Heli, locked against a second one.
type Root struct {
	dir  string
	lock *os.File
}

// OpenRoot makes the data root, or checks that an existing one is ours and can
// be entered by the PostgreSQL server, and takes its lock until Close or our
// end. It returns ErrInUse, ErrForeignFolder or ErrUnreachable in a sentence
// that says what to do.
func OpenRoot(dir string) (*Root, error) {
	path, err := absolute(dir)
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if err := openFolder(path, account); err != nil {
		return nil, err
	}
	lock, err := lockFolder(filepath.Join(path, rootLock), path)
	if err != nil {
		return nil, err
	}
	return &Root{dir: path, lock: lock}, nil
}

// Dir returns the absolute path of the root.
func (r *Root) Dir() string { return r.dir }

// Close frees the lock.
func (r *Root) Close() error { return r.lock.Close() }

// RootInUse reports whether a running Heli holds the data root. It makes nothing.
func RootInUse(dir string) (bool, error) {
	path := filepath.Join(dir, rootLock)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	lock, err := tryLock(path)
	if errors.Is(err, errLocked) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the lock of the data folder: %w", err)
	}
	return false, lock.Close()
}
