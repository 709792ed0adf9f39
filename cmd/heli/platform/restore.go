package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go/jetstream"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/pg"
)

// Restore hands the job an empty database, and what prepares it once it is
// filled: it checks that the keys are those of the data, makes roles and brings
// the schemas up to date. The keys must be there already. Afterwards the stream
// is removed, which is made again from the database. A Heli that runs on the
// folder is an error.
func Restore(ctx context.Context, o Options, job func(ctx context.Context, d Database, prepare func(context.Context) error) error) error {
	keys, err := (app.KeyConfig{Data: o.Data, KeysContent: o.KeysContent}).Load()
	if err != nil {
		return fmt.Errorf("%w; a backup can be read with the key file of its installation alone: name it with --keys", err)
	}
	p := &Platform{options: o, log: o.Log, databases: map[string]app.Database{}, Keys: keys}
	err = p.restore(ctx, job)
	return errors.Join(err, p.close())
}

func (p *Platform) restore(ctx context.Context, job func(context.Context, Database, func(context.Context) error) error) error {
	root, err := embedded.OpenRoot(p.options.Data)
	if err != nil {
		return err
	}
	p.onClose(root.Close)
	p.Root, p.AdminURL = root.Dir(), p.options.DatabaseURL
	if p.AdminURL == "" {
		if err := p.startPostgres(ctx); err != nil {
			return err
		}
	}
	if err := app.MakeRoles(ctx, p.AdminURL, p.Keys); err != nil {
		return err
	}
	d := Database{AdminURL: p.AdminURL, Keys: p.Keys, Root: p.Root, Sink: SinkFolder(p.Root)}
	if err := job(ctx, d, p.migrate); err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	return p.removeStream(ctx)
}

// flush writes what was restored to the disk, for as long as it takes: stopping
// has its limits.
func (p *Platform) flush(ctx context.Context) (err error) {
	if p.options.DatabaseURL != "" {
		return nil
	}
	db, err := pg.Open(ctx, p.AdminURL, pg.WithConnections(1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return checkpoint(ctx, db)
}

func (p *Platform) removeStream(ctx context.Context) error {
	if p.options.NATSURL == "" {
		if err := os.RemoveAll(filepath.Join(p.Root, "nats")); err != nil {
			return fmt.Errorf("remove the stream: %w", err)
		}
		return nil
	}
	options := bus.Options{URL: p.options.NATSURL, Name: embedded.Administrator, Log: p.log}
	if p.options.NATSKeys {
		options.Seed = p.Keys.NKeySeed(embedded.Administrator)
	}
	b, err := bus.Connect(ctx, options)
	if err != nil {
		return err
	}
	defer b.Close()
	js, err := jetstream.New(b.Conn())
	if err == nil {
		err = js.DeleteStream(ctx, contract.StreamName)
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("remove the stream: %w", err)
	}
	return nil
}
