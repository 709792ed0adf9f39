package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Shortest and longest pause between two looks at something that becomes ready.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

// errLocked says that another open file holds the lock.
var errLocked = errors.New("locked")

// tryLock opens the file, making it if need be, and takes its exclusive lock
// (flock), which lasts until every copy of the descriptor is closed. It returns
// errLocked when another holds it.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		closeErr := file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), closeErr)
	}
	return file, nil
}

// lockFolder takes the lock that one running Heli holds on a folder of data.
func lockFolder(path, dir string) (*os.File, error) {
	file, err := tryLock(path)
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("the data folder %s %w: stop that one first, or choose another folder with HELI_DATA", dir, ErrInUse)
	}
	return file, err
}

// poll calls ready with growing pauses until it says yes, fails, or ctx ends.
func poll(ctx context.Context, ready func() (bool, error)) error {
	pause := firstPause
	for {
		yes, err := ready()
		if yes || err != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		pause = min(2*pause, longestPause)
	}
}
