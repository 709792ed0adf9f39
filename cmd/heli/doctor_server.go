package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"heli/cmd/heli/platform"
	"heli/migrations"
	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/outbox"
	"heli/pkg/pg"
)

// What the doctor still calls healthy.
const (
	clockSlack  = 5 * time.Second
	outboxSlack = time.Minute
)

// Which schemas hold the tables of inbox and outbox.
var (
	hearers  = []string{"request", "offer", "matcher", "notify"}
	speakers = []string{"request", "offer", "matcher"}
)

// checkFolder looks at a folder that no Heli uses, as a start would.
func checkFolder(dir string) (string, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return dir + " will be made at the first start", nil
	}
	root, err := embedded.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	return dir + " is ours and free", root.Close()
}

// databaseURL returns where the database can be reached now; empty when it is
// the embedded one and no Heli runs it.
func (e *examination) databaseURL() (string, error) {
	if e.options.DatabaseURL != "" {
		return e.options.DatabaseURL, nil
	}
	if e.running == nil || !e.running.OwnDatabase {
		return "", nil
	}
	return embedded.RunningURL(platform.PostgresFolder(e.options.Data), platform.DatabaseName)
}

func (e *examination) examineDatabase(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	address, err := e.databaseURL()
	if err == nil && address == "" {
		return
	}
	var db *pg.DB
	if err == nil {
		db, err = pg.Open(ctx, address, pg.WithConnections(1))
	}
	if err != nil {
		e.note("database", "", err)
		return
	}
	defer func() { _ = db.Close() }() // read only, nothing can be lost
	facts, err := selectServerFacts(ctx, db)
	e.note("database", "PostgreSQL "+facts.Version, err)
	if err == nil {
		text, err := compareClocks(time.Now(), facts.Now)
		e.note("clock", text, err)
	}
	for _, schema := range migrations.Schemas() {
		text, err := compareVersions(ctx, db, schema)
		e.note("schema", text, err)
		if err == nil && slices.Contains(hearers, schema) {
			e.examineLetters(ctx, db, schema)
		}
		if err == nil && slices.Contains(speakers, schema) {
			e.examineOutbox(ctx, address, schema)
		}
	}
}

func compareClocks(ours, theirs time.Time) (string, error) {
	apart := ours.Sub(theirs).Abs()
	if apart > clockSlack {
		return "", fmt.Errorf("the clocks of this machine and of the database are %s apart: set them by NTP", apart.Round(time.Second))
	}
	return fmt.Sprintf("%s, as the database's", ours.UTC().Format(time.RFC3339)), nil
}

func compareVersions(ctx context.Context, db *pg.DB, schema string) (string, error) {
	known, err := newestMigration(schema)
	if err != nil {
		return "", err
	}
	version, err := schemaVersion(ctx, db, schema)
	switch {
	case err != nil:
		return "", err
	case version > known:
		return "", fmt.Errorf("%s is at version %d, newer than %d, the last that this program knows: start a newer program", schema, version, known)
	case version < known:
		return "", fmt.Errorf("%s is at version %d of %d: run heli migrate", schema, version, known)
	}
	return fmt.Sprintf("%s is at version %d, the newest", schema, version), nil
}

// newestMigration is the greatest number among the files of a schema.
func newestMigration(schema string) (int64, error) {
	files, err := fs.Glob(migrations.FS, schema+"/*.sql")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	var newest int64
	for _, file := range files {
		number, _, _ := strings.Cut(path.Base(file), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read number of migration %s: %w", file, err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}

// examineLetters looks at what was put aside in one schema.
func (e *examination) examineLetters(ctx context.Context, db *pg.DB, schema string) {
	dead, err := countDeadLetters(ctx, db, schema)
	if err == nil && dead > 0 {
		err = fmt.Errorf("%s has put %d messages aside as dead letters: see the console", schema, dead)
	}
	e.note("letters", schema+" has no dead letters", err)
}

// examineOutbox looks at what waits to be published from one schema.
func (e *examination) examineOutbox(ctx context.Context, address, schema string) {
	waiting, oldest, err := lagOf(ctx, address, schema)
	if err == nil && oldest > outboxSlack {
		err = fmt.Errorf("%d facts of %s wait since %s: is NATS away?", waiting, schema, oldest.Round(time.Second))
	}
	e.note("outbox", fmt.Sprintf("%d facts of %s wait", waiting, schema), err)
}

func lagOf(ctx context.Context, address, schema string) (int64, time.Duration, error) {
	inSchema, err := app.WithSchema(address, schema)
	if err != nil {
		return 0, 0, err
	}
	db, err := pg.Open(ctx, inSchema, pg.WithConnections(1))
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = db.Close() }() // read only, nothing can be lost
	return outbox.Lag(ctx, db)
}

// examineNATS looks at the stream and its readers, where a server is known.
func (e *examination) examineNATS(ctx context.Context) {
	address, keys := e.options.NATSURL, e.options.NATSKeys
	if e.running != nil {
		address, keys = e.running.NATSURL, e.running.NATSKeys
	}
	if address == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	text, err := e.lookAtStream(ctx, address, keys)
	e.note("stream", text, err)
}

func (e *examination) lookAtStream(ctx context.Context, address string, withKeys bool) (string, error) {
	options := bus.Options{URL: address, Name: embedded.Administrator}
	if withKeys {
		keys, err := app.KeyConfig{Data: e.options.Data}.Load()
		if err != nil {
			return "", err
		}
		options.Seed = keys.NKeySeed(embedded.Administrator)
	}
	b, err := bus.Connect(ctx, options)
	if err != nil {
		return "", err
	}
	defer b.Close()
	if !b.Connected() {
		return "", fmt.Errorf("NATS does not answer at %s: start it, or correct NATS_URL", address)
	}
	js, err := jetstream.New(b.Conn())
	if err != nil {
		return "", fmt.Errorf("open JetStream: %w", err)
	}
	var waiting uint64
	for _, c := range contract.Consumers() {
		durable, err := js.Consumer(ctx, contract.StreamName, c.Name)
		if err != nil {
			return "", fmt.Errorf("the durable %s is missing (%w): a running Heli makes it again", c.Name, err)
		}
		waiting += durable.CachedInfo().NumPending
	}
	return fmt.Sprintf("%s has all its readers, %d messages wait for them", contract.StreamName, waiting), nil
}
