package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"

	"heli/migrations"
	"heli/pkg/app"
	"heli/pkg/embedded"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// DatabaseName is that of the embedded PostgreSQL.
const DatabaseName = "heli"

// insufficientPrivilege is PostgreSQL's code for what a role may not do.
const insufficientPrivilege = "42501"

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

func (p *Platform) migrate(ctx context.Context) error {
	// Roles get the passwords that follow from the keys, so other keys than the
	// database's would lock everybody out.
	if err := p.checkKeys(ctx); err != nil {
		return err
	}
	roles, err := Migrate(ctx, p.log, p.AdminURL, p.Keys)
	if err != nil {
		return err
	}
	for _, service := range services() {
		address := p.AdminURL
		if roles {
			if address, err = roleURL(p.AdminURL, service.name, p.Keys); err != nil {
				return err
			}
		}
		p.databases[service.name] = address
	}
	return nil
}

// Migrate makes the role of every service and brings all schemas up to date.
// Where the role of adminURL may not make roles it says so in the log and
// returns false: then every service uses that one role.
func Migrate(ctx context.Context, log *slog.Logger, adminURL string, keys *seal.Keys) (roles bool, err error) {
	roles = true
	err = pg.Provision(ctx, adminURL, databaseRoles(keys))
	if pg.State(err) == insufficientPrivilege {
		log.Warn("the role of DATABASE_URL may not make roles: every service uses it, with the rights of all")
		roles, err = false, nil
	}
	if err != nil {
		return false, err
	}
	for _, schema := range migrations.Schemas() {
		if err := app.Migrate(ctx, log, adminURL, schema); err != nil {
			return false, err
		}
	}
	return roles, nil
}

func databaseRoles(keys *seal.Keys) []pg.Role {
	var roles []pg.Role
	for _, schema := range migrations.Schemas() {
		roles = append(roles, pg.Role{Name: schema, Schema: schema, Password: keys.PostgresPassword(schema)})
	}
	return roles
}

// roleURL is the administrator's address with the service's role in it.
func roleURL(adminURL, role string, keys *seal.Keys) (string, error) {
	u, err := url.Parse(adminURL)
	if err != nil {
		return "", fmt.Errorf("read DATABASE_URL: it must look like postgres://user:password@host:5432/database")
	}
	u.User = url.UserPassword(role, keys.PostgresPassword(role))
	query := u.Query()
	query.Del("user")
	query.Del("password")
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// WithDatabase brings the database of an installation up to date and hands its
// address for administrators to the job. The embedded PostgreSQL runs for as
// long as the job does; a Heli that runs on the folder is an error.
func WithDatabase(ctx context.Context, o Options, job func(ctx context.Context, adminURL string) error) error {
	return withDatabase(ctx, o, func(ctx context.Context, p *Platform) error { return job(ctx, p.AdminURL) })
}

func withDatabase(ctx context.Context, o Options, job func(context.Context, *Platform) error) error {
	p := &Platform{options: o, log: o.Log, databases: map[string]string{}}
	err := p.openRoot(ctx)
	if err == nil {
		err = p.openDatabase(ctx)
	}
	if err == nil {
		err = job(ctx, p)
	}
	return errors.Join(err, p.close())
}
