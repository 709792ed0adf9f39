package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"heli/pkg/pg"
	"heli/pkg/vault"
	"heli/services/web/inbound"
	"heli/services/web/intake"
	"heli/services/web/upload"
)

// schemaVersion returns the last migration that was applied to a schema; 0 when
// there was none.
func schemaVersion(ctx context.Context, db *pg.DB, schema string) (int64, error) {
	const exists = `SELECT to_regclass($1) IS NOT NULL`
	table := pq.QuoteIdentifier(schema) + ".goose_db_version"
	var there bool
	if err := db.GetContext(ctx, &there, exists, table); err != nil {
		return 0, fmt.Errorf("look for the versions of schema %s: %w", schema, err)
	}
	if !there {
		return 0, nil
	}
	q := `SELECT COALESCE(max(version_id), 0) FROM ` + table + ` WHERE is_applied` //nolint:gosec // a schema of ours, quoted
	var version int64
	if err := db.GetContext(ctx, &version, q); err != nil {
		return 0, fmt.Errorf("read version of schema %s: %w", schema, err)
	}
	return version, nil
}

// serverFacts are what the server says of itself.
type serverFacts struct {
	Version     string    `db:"version"`
	Now         time.Time `db:"now"`
	Connections int       `db:"connections"`
}

func selectServerFacts(ctx context.Context, db *pg.DB) (serverFacts, error) {
	const q = `
		SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
			current_setting('max_connections')::int AS connections`
	var f serverFacts
	if err := db.GetContext(ctx, &f, q); err != nil {
		return serverFacts{}, fmt.Errorf("ask the server about itself: %w", err)
	}
	return f, nil
}

// countDeadLetters counts what a service could not work on and nobody replayed.
func countDeadLetters(ctx context.Context, db *pg.DB, schema string) (int64, error) {
	q := `SELECT count(*) FROM ` + pq.QuoteIdentifier(schema) + `.dead_letters WHERE replayed_at IS NULL` //nolint:gosec // a schema of ours, quoted
	var count int64
	if err := db.GetContext(ctx, &count, q); err != nil {
		return 0, fmt.Errorf("count dead letters of %s: %w", schema, err)
	}
	return count, nil
}

// selectReads returns the readings of contacts by an account, oldest first.
func selectReads(ctx context.Context, db *pg.DB, account string, from, to time.Time) ([]reading, error) {
	const q = `
		SELECT a.at, split_part(a.action, '.', 1) AS thing, a.subject_id, coalesce(r.code, f.code, '') AS code,
			coalesce(r.erased_at, f.erased_at) IS NOT NULL AS erased, coalesce(r.org_code, f.org_code, g.code) AS organisation, a.reason
		FROM directory.audit a
		JOIN directory.organisation g ON g.id = a.organisation_id
		LEFT JOIN request.requests r ON r.id = CASE WHEN a.action IN ('request.contact.read', 'request.complaint.read') THEN a.subject_id::uuid END
		LEFT JOIN offer.offers f ON f.id = CASE WHEN a.action IN ('offer.contact.read', 'offer.complaint.read') THEN a.subject_id::uuid END
		WHERE a.actor_id = $1 AND a.at >= $2 AND a.at < $3
			AND a.action IN ('request.contact.read', 'offer.contact.read', 'request.complaint.read', 'offer.complaint.read')
		ORDER BY a.at, a.subject_id`
	reads := []reading{}
	if err := db.SelectContext(ctx, &reads, q, account, from, to); err != nil {
		return nil, fmt.Errorf("list readings: %w", err)
	}
	return reads, nil
}

// retainedSQL counts a class: what is there and what ended before a time.
func retainedSQL(table, ended string) string {
	return `SELECT count(*) AS held, count(*) FILTER (WHERE ` + ended + ` AND updated_at < $1) AS due,
		min(updated_at) FILTER (WHERE ` + ended + ` AND updated_at < $1) AS oldest FROM ` + table
}

// selectRetained counts what would go at a time, class by class.
func selectRetained(ctx context.Context, db *pg.DB, kept vault.Retention, now time.Time) ([]retained, error) {
	const day = 24 * time.Hour
	const closed, ended = `stage = 'closed' AND erased_at IS NULL`, `stage IN ('expired', 'withdrawn', 'blocked') AND erased_at IS NULL`
	classes := []retained{}
	for _, c := range []struct {
		class, table, ended string
		days                int
		before              time.Time
	}{
		{"contacts of requests", "request.requests JOIN request.person_keys ON subject_id = id", closed, kept.KeepContactsDays, kept.Contacts(now)},
		{"contacts of offers", "offer.offers JOIN offer.person_keys ON subject_id = id", ended, kept.KeepContactsDays, kept.Contacts(now)},
		{"requests", "request.requests", closed, kept.KeepClosedDays, kept.Closed(now)},
		{"offers", "offer.offers", ended, kept.KeepClosedDays, kept.Closed(now)},
		{"rows of uploaded tables", "(SELECT state, content, moved_at AS updated_at FROM web.upload) AS upload", "content IS NOT NULL AND state <> 'running' AND state <> 'undoing'", int(upload.RowsKept / day), now.Add(-upload.RowsKept)},
		{"posts of forms to look at", "(SELECT state, received_at AS updated_at FROM web.inbound_post) AS post", "state = 'look'", int(inbound.WaitingKept / day), now.Add(-inbound.WaitingKept)},
		{"refused submissions", "(SELECT refused, taken_at AS updated_at FROM web.spool) AS spool", "refused IS NOT NULL", int(intake.RefusedKept / day), now.Add(-intake.RefusedKept)},
	} {
		var row struct {
			Held   int64      `db:"held"`
			Due    int64      `db:"due"`
			Oldest *time.Time `db:"oldest"`
		}
		if err := db.GetContext(ctx, &row, retainedSQL(c.table, c.ended), c.before); err != nil {
			return nil, fmt.Errorf("count %s: %w", c.class, err)
		}
		classes = append(classes, retained{Class: c.class, Days: c.days, Held: row.Held, Due: row.Due, Oldest: row.Oldest})
	}
	return classes, nil
}
