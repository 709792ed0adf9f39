package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"heli/cmd/heli/backup"
	"heli/cmd/heli/platform"
)

// backupCommand saves an installation, beside a running Heli or alone.
type backupCommand struct {
	place `embed:""`
	JSON  bool   `name:"json" help:"Print the result as JSON."`
	File  string `arg:"" placeholder:"FILE" help:"Where to save; FILE.keys is written beside it."`
}

// Run writes both files as of one moment.
func (c *backupCommand) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	file, err := filepath.Abs(c.File)
	if err != nil {
		return fmt.Errorf("resolve %s: %w", c.File, err)
	}
	var saved backup.Saved
	err = platform.BesideDatabase(ctx, options, func(ctx context.Context, d platform.Database) error {
		defer watchFile(t, "saved", file+".part")()
		saved, err = backup.Save(ctx, d.AdminURL, d.Root, file)
		return err
	})
	if err != nil {
		return err
	}
	return t.result(c.JSON, saved, savedText(saved))
}

func savedText(s backup.Saved) string {
	return fmt.Sprintf("%s: %d bytes\n%s: %d bytes\n%s"+
		"keep %[3]s apart from %[1]s, and keys.json apart from both: all three together bring the contacts back\n",
		s.File, s.Bytes, s.KeysFile, s.KeysBytes, rowsText(s.Rows))
}

func rowsText(rows map[string]int64) string {
	var b strings.Builder
	for _, table := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&b, "%s %d\n", table, rows[table])
	}
	return b.String()
}

// watchFile shows on a terminal, and only there, how large a file has become,
// until the returned function is called.
func watchFile(t terminal, doing, path string) func() {
	if !isTerminal(t.err) {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				_, _ = fmt.Fprint(t.err, "\r\x1b[K") // a terminal that is gone needs no cleaning
				return
			case <-ticker.C:
				if info, err := os.Stat(path); err == nil {
					_, _ = fmt.Fprintf(t.err, "\r%d MB %s", info.Size()>>20, doing)
				}
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
