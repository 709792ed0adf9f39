package platform

import (
	"context"
	"errors"
	"path/filepath"

	"heli/migrations"
	"heli/pkg/app"
	"heli/pkg/embedded"
)

// DatabaseName is that of the embedded PostgreSQL.
const DatabaseName = "heli"

// PostgresFolder returns the folder of the embedded PostgreSQL.
func PostgresFolder(root string) string { return filepath.Join(root, "postgres") }

// openDatabase starts PostgreSQL or takes the given one, and brings roles and
// schemas up to date.
func (p *Platform) openDatabase(ctx context.Context) error {
	p.AdminURL = p.options.DatabaseURL
	if p.AdminURL == "" {
		if err := p.startPostgres(ctx); err != nil {
			return err
		}
	}
	return p.migrate(ctx)
}

func (p *Platform) startPostgres(ctx context.Context) error {
	server, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{
		Root: p.Root, Dir: PostgresFolder(p.Root), Settings: p.options.PostgresSettings, Log: p.log,
	})
	if err != nil {
		return err
	}
	p.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postgresStopTime)
		defer cancel()
		return server.Stop(ctx)
	})
	if err := server.EnsureDatabase(ctx, DatabaseName); err != nil {
		return err
	}
	p.AdminURL = server.AdminURL(DatabaseName)
	return nil
}

// migrate brings all schemas up to date and makes the roles of every service.
func (p *Platform) migrate(ctx context.Context) (err error) {
	// Roles get the passwords that follow from the keys, so other keys than the
	// database's would lock everybody out.
	if err := p.checkKeys(ctx); err != nil {
		return err
	}
	for _, schema := range migrations.Schemas() {
		if p.databases[schema], err = app.Migrate(ctx, p.log, p.AdminURL, schema, p.Keys); err != nil {
			return err
		}
	}
	return nil
}

// WithDatabase brings the database of an installation up to date and hands its
// address for administrators to the job. The embedded PostgreSQL runs for as
// long as the job does; a Heli that runs on the folder is an error.
func WithDatabase(ctx context.Context, o Options, job func(ctx context.Context, adminURL string) error) error {
	return withDatabase(ctx, o, func(ctx context.Context, p *Platform) error { return job(ctx, p.AdminURL) })
}

func withDatabase(ctx context.Context, o Options, job func(context.Context, *Platform) error) error {
	p := &Platform{options: o, log: o.Log, databases: map[string]app.Database{}}
	err := p.openRoot(ctx)
	if err == nil {
		err = p.openDatabase(ctx)
	}
	if err == nil {
		err = job(ctx, p)
	}
	return errors.Join(err, p.close())
}
