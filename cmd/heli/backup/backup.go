// Package backup owns what is saved of an installation and how it comes back: a
// main dump without the keys of persons, and beside it a file with those keys and
// the journal of erasures. It never saves the key file of the installation, and
// never brings back what was erased since.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"heli/pkg/embedded"
	"heli/pkg/pg"
)

// KeysSuffix ends the name of the file with the keys and the journal.
const KeysSuffix = ".keys"

// apart are the tables whose rows are saved in the second file; sessions are
// saved in none: who signs in after a restore does so anew.
var (
	apart  = []string{"request.person_keys", "offer.person_keys", "directory.erasure", "directory.erasure_head"}
	nohow  = []string{"web.sessions"}
	schema = []string{"directory", "request", "offer", "matcher", "notify", "web", "platform"}
)

// Saved says what a backup holds.
type Saved struct {
	File      string           `json:"file"`
	KeysFile  string           `json:"keys_file"`
	Bytes     int64            `json:"bytes"`
	KeysBytes int64            `json:"keys_bytes"`
	Rows      map[string]int64 `json:"rows"`
}

// Save writes both files, as of one moment, each at once or not at all. It
// refuses to replace a file. Root is where Install unpacked programs.
func Save(ctx context.Context, adminURL, root, file string) (saved Saved, err error) {
	saved = Saved{File: file, KeysFile: file + KeysSuffix}
	for _, name := range []string{saved.File, saved.KeysFile} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return saved, fmt.Errorf("%s is there already: name another file", name)
		}
	}
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(1), pg.WithName("heli backup"))
	if err != nil {
		return saved, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	major, err := serverMajor(ctx, db)
	if err != nil {
		return saved, err
	}
	dump, err := embedded.FindTool(ctx, root, "pg_dump", major)
	if err != nil {
		return saved, err
	}
	moment, end, err := beginMoment(ctx, db)
	if err != nil {
		return saved, err
	}
	defer func() { err = errors.Join(err, end()) }()
	if saved.Rows, err = moment.count(ctx); err != nil {
		return saved, err
	}
	if err := write(ctx, tool{dump, adminURL}, moment.snapshot, saved); err != nil {
		return saved, err
	}
	return saved.measure()
}

// write lets both dumps begin before the moment can end, and puts the files in
// place once both are whole: the keys first, since without them the other is
// worth nothing.
func write(ctx context.Context, dump tool, snapshot string, s Saved) error {
	mainAside, keysAside := s.File+".part", s.KeysFile+".part"
	main := []string{"--format=custom", "--no-owner", "--no-privileges", "--snapshot=" + snapshot, "--file=" + mainAside}
	for _, name := range schema {
		main = append(main, "--schema="+name)
	}
	for _, table := range append(nohow, apart...) {
		main = append(main, "--exclude-table-data="+table)
	}
	keys := []string{"--format=custom", "--data-only", "--snapshot=" + snapshot, "--file=" + keysAside}
	for _, table := range apart {
		keys = append(keys, "--table="+table)
	}
	group, dumping := errgroup.WithContext(ctx)
	group.Go(func() error { return dump.run(dumping, main...) })
	group.Go(func() error { return dump.run(dumping, keys...) })
	err := group.Wait()
	for _, part := range [][2]string{{keysAside, s.KeysFile}, {mainAside, s.File}} {
		if err == nil {
			err = put(part[0], part[1])
		}
	}
	if err != nil {
		return errors.Join(err, removeAll(mainAside, keysAside))
	}
	return nil
}

// put syncs a file and gives it its name, readable for its owner alone and there
// after a power loss.
func put(aside, name string) error {
	file, err := os.Open(aside)
	if err != nil {
		return fmt.Errorf("open backup: %w", err)
	}
	if err := errors.Join(file.Chmod(0o600), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("sync backup: %w", err)
	}
	if err := os.Rename(aside, name); err != nil {
		return fmt.Errorf("put backup in place: %w", err)
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return fmt.Errorf("open the folder of the backup: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("sync the folder of the backup: %w", err)
	}
	return nil
}

func removeAll(names ...string) error {
	var failed error
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, fmt.Errorf("remove what was begun: %w", err))
		}
	}
	return failed
}

func (s Saved) measure() (Saved, error) {
	for _, f := range []struct {
		name string
		size *int64
	}{{s.File, &s.Bytes}, {s.KeysFile, &s.KeysBytes}} {
		info, err := os.Stat(f.name)
		if err != nil {
			return s, fmt.Errorf("measure backup: %w", err)
		}
		*f.size = info.Size()
	}
	return s, nil
}
