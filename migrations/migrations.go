// Package migrations owns the SQL that builds Heli's schemas, one folder per
// schema, in the order of the files' numbers. It holds no code that runs it:
// pg.Migrate does.
package migrations

import "embed"

// FS holds <schema>/NNNNN_name.sql, in goose's format.
//
//go:embed */*.sql
var FS embed.FS

// Schemas returns the schemas in the order in which they are made.
func Schemas() []string {
	return []string{"directory", "request", "offer", "matcher", "notify", "web"}
}
