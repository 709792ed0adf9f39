package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/pg"
	"heli/pkg/vault"
)

// retentionCommand shows what the services will let go.
type retentionCommand struct {
	place           `embed:""`
	vault.Retention `embed:""`
	DryRun          bool `name:"dry-run" help:"Show what would go. The services let it go by themselves, once an hour."`
	JSON            bool `name:"json" help:"Print the result as JSON."`
}

// retained is one class of what is kept.
type retained struct {
	Class string `json:"class"`
	// Days is how long it is kept after its end; 0 for good.
	Days int `json:"days"`
	// Held counts what is there, Due what would go now, Oldest is its end.
	Held   int64      `json:"held"`
	Due    int64      `json:"due"`
	Oldest *time.Time `json:"oldest,omitempty"`
}

// Run counts, beside a running Heli or alone, under the periods that it is given:
// those of heli up when they come by the environment.
func (c *retentionCommand) Run(ctx context.Context, t terminal) error {
	if !c.DryRun {
		return errors.New("the services let go by themselves what was kept for its time, once an hour: add --dry-run to see what would go")
	}
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	var classes []retained
	err = platform.BesideDatabase(ctx, options, func(ctx context.Context, d platform.Database) (err error) {
		db, err := pg.Open(ctx, d.AdminURL, pg.WithConnections(1))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		classes, err = selectRetained(ctx, db, c.Retention, time.Now())
		return err
	})
	if err != nil {
		return err
	}
	return t.result(c.JSON, classes, retainedText(classes))
}

func retainedText(classes []retained) string {
	var b strings.Builder
	for _, r := range classes {
		period := fmt.Sprintf("kept %d days", r.Days)
		if r.Days <= 0 {
			period = "kept for good"
		}
		fmt.Fprintf(&b, "%s: %d held, %s, %d would go now", r.Class, r.Held, period, r.Due)
		if r.Oldest != nil {
			fmt.Fprintf(&b, ", the oldest ended on %s", r.Oldest.Format(time.DateOnly))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
