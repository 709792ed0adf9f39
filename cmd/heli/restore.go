package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"heli/cmd/heli/backup"
	"heli/cmd/heli/platform"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/services/directory"
)

// restoreCommand brings an installation back from a backup.
type restoreCommand struct {
	place   `embed:""`
	Journal string `name:"journal" placeholder:"FILE" help:"The current journal of erasures (default: journal/erasures.jsonl in the folder of the installation)."`
	Keys    string `name:"keys" placeholder:"FILE" help:"The key file of the installation, copied to where it belongs (default: the keys.json that is there, or HELI_KEYS)."`
	JSON    bool   `name:"json" help:"Print the result as JSON."`
	File    string `arg:"" placeholder:"FILE" help:"What heli backup wrote; FILE.keys must be beside it."`
}

// restored is the result.
type restored struct {
	Rows map[string]int64 `json:"rows"`
	// Erased counts the people of the journal, who stay erased.
	Erased     int      `json:"erased"`
	Violations []string `json:"violations"`
}

var errViolations = errors.New("the restored data break a promise: see above")

// Run fills an empty folder or database, has the services erase what the journal
// names, and looks whether all that must hold does.
func (c *restoreCommand) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	for _, name := range []string{c.File, c.File + backup.KeysSuffix} {
		if _, err := os.Stat(name); err != nil {
			return fmt.Errorf("read the backup: %w", err)
		}
	}
	journal, err := backup.ReadJournal(cmp.Or(c.Journal, filepath.Join(platform.SinkFolder(options.Data), directory.JournalFile)))
	if err != nil {
		return err
	}
	if err := c.placeKeys(options.Data); err != nil {
		return err
	}
	result := restored{Erased: len(journal)}
	t.tell("restoring %s", c.File)
	err = platform.Restore(ctx, options, func(ctx context.Context, d platform.Database, prepare func(context.Context) error) error {
		result.Rows, err = backup.Load(ctx, d.AdminURL, d.Root, c.File, journal, prepare)
		return err
	})
	if err != nil {
		return err
	}
	options.Silent = true
	t.tell("starting the services, which erase what the journal names")
	err = platform.Run(ctx, options, func(ctx context.Context, p *platform.Platform) error {
		result.Violations, err = violations(ctx, p.AdminURL)
		return err
	})
	if err != nil {
		return err
	}
	if err := t.result(c.JSON, result, result.text()); err != nil {
		return err
	}
	if len(result.Violations) > 0 {
		return errViolations
	}
	return nil
}

// placeKeys copies the key file that is named, unless another one is there.
func (c *restoreCommand) placeKeys(root string) error {
	if c.Keys == "" {
		return nil
	}
	content, err := os.ReadFile(c.Keys)
	if err != nil {
		return fmt.Errorf("read key file: %w", err)
	}
	if _, err := seal.Parse(content); err != nil {
		return fmt.Errorf("key file %s: %w", c.Keys, err)
	}
	path := platform.KeyFile(root)
	if there, err := os.ReadFile(path); err == nil && string(there) != string(content) {
		return fmt.Errorf("there is another key file %s: move it away, or leave --keys out", path)
	}
	if err := os.MkdirAll(root, 0o711); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	return seal.Write(path, content)
}

// violations looks for what must never be in a database, whatever happened.
func violations(ctx context.Context, adminURL string) (found []string, err error) {
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(1))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return selectViolations(ctx, db, lasting)
}

func (r restored) text() string {
	var b strings.Builder
	b.WriteString(rowsText(r.Rows))
	fmt.Fprintf(&b, "%d people of the journal stay erased\n", r.Erased)
	for _, violation := range r.Violations {
		b.WriteString(violation + "\n")
	}
	if len(r.Violations) == 0 {
		b.WriteString("all that must hold does: start heli up\n")
	}
	return b.String()
}
