package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/pg"
	"heli/services/directory"
)

// ErrNoJournal says what to do where the current journal is not at hand.
var ErrNoJournal = errors.New("the current journal of erasures is missing: name it with --journal; it is erasures.jsonl in the folder journal of the installation, or where --sink put it. Without it, people who were erased since the backup would come back")

// ReadJournal reads a journal of erasures, one entry a line; an entry that was
// copied twice counts once. It fails when the journal does not hold together.
func ReadJournal(path string) ([]contract.Erasure, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoJournal
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal of erasures: %w", err)
	}
	var entries []contract.Erasure
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		var e contract.Erasure
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("the journal %s cannot be read at line %d: bring back an unharmed copy", path, len(entries)+1)
		}
		if len(entries) > 0 && e.Seq <= entries[len(entries)-1].Seq {
			continue
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the journal of erasures: %w", err)
	}
	if broken := directory.JournalBreak(entries); broken > 0 {
		return nil, fmt.Errorf("the journal %s was changed at entry %d: bring back an unharmed copy", path, broken)
	}
	return entries, nil
}

// Load brings a backup into a database that holds no installation, and the
// journal up to date. What the journal names is erased by the services when they
// start: until then nobody may be let in. Prepare refuses keys that are not those
// of the backup, and makes roles and schemas as they are to be. When it fails,
// nothing is left behind.
func Load(ctx context.Context, adminURL, root, file string, journal []contract.Erasure, prepare func(context.Context) error) (rows map[string]int64, err error) {
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(2), pg.WithName("heli restore"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	holds, err := selectHolds(ctx, db)
	if err != nil {
		return nil, err
	}
	if holds {
		return nil, errors.New("there is an installation already: restore into an empty --data folder or database")
	}
	if err := fill(ctx, db, tool{"", adminURL}, root, file, prepare); err != nil {
		return nil, errors.Join(err, dropAll(context.WithoutCancel(ctx), db))
	}
	err = db.InTx(ctx, func(tx *sqlx.Tx) error { return bringUpToDate(ctx, tx, journal) })
	if err != nil {
		return nil, errors.Join(err, dropAll(context.WithoutCancel(ctx), db))
	}
	return countRows(ctx, db)
}

// fill restores both files and prepares what they do not hold.
func fill(ctx context.Context, db *pg.DB, restore tool, root, file string, prepare func(context.Context) error) error {
	major, err := serverMajor(ctx, db)
	if err != nil {
		return err
	}
	if restore.path, err = embedded.FindTool(ctx, root, "pg_restore", major); err != nil {
		return err
	}
	if err := ensureTextSearch(ctx, db); err != nil {
		return err
	}
	whole := []string{"--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"}
	if err := restore.run(ctx, append(whole, file)...); err != nil {
		return err
	}
	if err := restore.run(ctx, append(whole, "--data-only", file+KeysSuffix)...); err != nil {
		return err
	}
	return prepare(ctx)
}

// bringUpToDate appends what the backup's journal lacks. A journal that does not
// begin with the backup's own is older, or another installation's.
func bringUpToDate(ctx context.Context, tx *sqlx.Tx, journal []contract.Erasure) error {
	held, err := selectJournal(ctx, tx)
	if err != nil {
		return err
	}
	same := func(a, b contract.Erasure) bool { return bytes.Equal(a.Hash, b.Hash) }
	if len(journal) < len(held) || !slices.EqualFunc(held, journal[:len(held)], same) {
		return errors.New("the journal of erasures is older than the backup, or of another installation: name the current one with --journal")
	}
	if err := appendJournal(ctx, tx, journal[len(held):]); err != nil {
		return err
	}
	return deleteSpooled(ctx, tx)
}
