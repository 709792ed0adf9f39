package main

import (
	"context"
	"fmt"
	"strings"

	"heli/cmd/heli/platform"
	"heli/migrations"
	"heli/pkg/pg"
)

// migrateCommand applies migrations and does nothing else.
type migrateCommand struct {
	place `embed:""`
	JSON  bool `name:"json" help:"Print the result as JSON."`
}

// migrated is the result: the version of each schema.
type migrated struct {
	Versions map[string]int64 `json:"versions"`
}

// Run brings roles and schemas up to date. On the embedded PostgreSQL nothing
// else may run on the data folder.
func (c *migrateCommand) Run(ctx context.Context, t terminal) error {
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	return platform.WithDatabase(ctx, options, func(ctx context.Context, adminURL string) error {
		db, err := pg.Open(ctx, adminURL, pg.WithConnections(1))
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }() // read only, nothing can be lost
		result := migrated{Versions: map[string]int64{}}
		for _, schema := range migrations.Schemas() {
			if result.Versions[schema], err = schemaVersion(ctx, db, schema); err != nil {
				return err
			}
		}
		return t.result(c.JSON, result, result.text())
	})
}

func (m migrated) text() string {
	var b strings.Builder
	for _, schema := range migrations.Schemas() {
		fmt.Fprintf(&b, "%s is at version %d\n", schema, m.Versions[schema])
	}
	return b.String()
}
