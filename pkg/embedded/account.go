package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the system user that the PostgreSQL server runs as.
type account struct {
	name     string
	uid, gid int
	switched bool // it is not the user that Heli runs as
}

// serverAccount returns the user for the server: ourselves, or for root
// "postgres", else "nobody", since PostgreSQL refuses to run as root.
func serverAccount() (account, error) {
	uid := os.Geteuid()
	if uid != 0 {
		return account{name: userName(uid), uid: uid, gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		return switchedAccount(found)
	}
	return account{}, errors.New("PostgreSQL does not run as root, and neither user postgres nor nobody exists: make one, or start Heli as another user")
}

func switchedAccount(found *user.User) (account, error) {
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return account{}, fmt.Errorf("read user id of %s: %w", found.Username, err)
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return account{}, fmt.Errorf("read group id of %s: %w", found.Username, err)
	}
	return account{name: found.Username, uid: uid, gid: gid, switched: true}, nil
}

// makeFolder makes a folder that belongs to the account alone, or checks that
// an existing one does.
func (a account) makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return a.checkOwner(dir)
		}
		return fmt.Errorf("make folder: %w", err)
	}
	return a.own(dir)
}

// own gives a file or folder that we made to the account.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	if err := os.Lchown(path, a.uid, a.gid); err != nil {
		return fmt.Errorf("give folder to %s: %w", a.name, err)
	}
	return nil
}

// checkOwner refuses a folder that belongs to neither of the users given;
// nothing may be a link, so that nobody can lead us elsewhere.
func (a account) checkOwner(dir string, others ...int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder: remove it, or choose another data folder with HELI_DATA", dir)
	}
	owner := ownerOf(info)
	for _, uid := range append(others, a.uid) {
		if owner == uid {
			return nil
		}
	}
	return fmt.Errorf("the data folder %s %w (%s): start Heli as that user, or choose another folder with HELI_DATA",
		dir, ErrForeignFolder, userName(owner))
}

// checkReach refuses a folder that the account cannot enter, because one of
// the folders above it is closed to others.
func (a account) checkReach(dir string) error {
	if !a.switched {
		return nil
	}
	for path := dir; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("look at folder: %w", err)
		}
		if !a.mayEnter(info) {
			return fmt.Errorf("the data folder %s %w, which runs as %s, because %s is closed to others: choose a folder outside it with HELI_DATA",
				dir, ErrUnreachable, a.name, path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}

func (a account) mayEnter(info fs.FileInfo) bool {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	switch mode := info.Mode().Perm(); {
	case int(status.Uid) == a.uid:
		return mode&0o100 != 0
	case int(status.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

func ownerOf(info fs.FileInfo) int {
	if status, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(status.Uid)
	}
	return os.Geteuid()
}

func userName(uid int) string {
	id := strconv.Itoa(uid)
	if found, err := user.LookupId(id); err == nil {
		return found.Username
	}
	return "user " + id
}
