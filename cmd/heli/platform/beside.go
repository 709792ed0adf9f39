package platform

import (
	"cmp"
	"context"
	"errors"

	"heli/pkg/app"
	"heli/pkg/embedded"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// Database is an installation's database as a command works on it.
type Database struct {
	// AdminURL holds a password: it belongs in no log.
	AdminURL string
	Keys     *seal.Keys
	// Root is the folder of the installation, Sink where its journal is.
	Root, Sink string
}

// BesideDatabase hands the job the database of an installation, whether a Heli
// runs on it or not. The embedded PostgreSQL is started for as long as the job
// takes where nothing runs on the data folder.
func BesideDatabase(ctx context.Context, o Options, job func(context.Context, Database) error) error {
	d := Database{AdminURL: o.DatabaseURL, Root: o.Data, Sink: cmp.Or(o.Directory.Sink, SinkFolder(o.Data))}
	running, err := FindRunning(o.Data)
	if err != nil {
		return err
	}
	if running == nil && o.DatabaseURL == "" {
		return withDatabase(ctx, o, func(ctx context.Context, p *Platform) error {
			d.AdminURL, d.Keys = p.AdminURL, p.Keys
			return job(ctx, d)
		})
	}
	if d.Keys, err = (app.KeyConfig{Data: o.Data, KeysContent: o.KeysContent}).Load(); err != nil {
		return err
	}
	if d.AdminURL == "" {
		if d.AdminURL, err = embedded.RunningURL(PostgresFolder(o.Data), DatabaseName); err != nil {
			return err
		}
	}
	if err := CheckKeys(ctx, d.AdminURL, d.Keys); err != nil {
		return err
	}
	return job(ctx, d)
}

// Alone hands the job the database of an installation on which nothing runs; a
// Heli that does, here or elsewhere, is an error.
func Alone(ctx context.Context, o Options, job func(context.Context, Database) error) error {
	return withDatabase(ctx, o, func(ctx context.Context, p *Platform) error {
		if err := refuseSessions(ctx, p.AdminURL); err != nil {
			return err
		}
		return job(ctx, Database{AdminURL: p.AdminURL, Keys: p.Keys, Root: p.Root, Sink: cmp.Or(o.Directory.Sink, SinkFolder(p.Root))})
	})
}

func refuseSessions(ctx context.Context, adminURL string) (err error) {
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	n, err := countSessions(ctx, db)
	if err == nil && n > 0 {
		err = errors.New("services of Heli work on this database: stop them first")
	}
	return err
}
