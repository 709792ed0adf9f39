package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"heli/migrations"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// Database is how a service reaches its schema: as the role that acts for
// others, behind the row policies, and as the one that does the service's own
// work and sees all. Both addresses hold a password: they belong in no log.
type Database struct{ UserURL, WorkerURL string }

// insufficientPrivilege is PostgreSQL's code for what a role may not do.
const insufficientPrivilege = "42501"

// Migrate brings a service's schema to the newest version this program knows
// and makes its two roles, over a role that may; then it returns how to reach
// it. Repeating it changes nothing. It waits for PostgreSQL as NewDeps does.
//
// Where the role of databaseURL may not make roles, those that somebody made
// before under the same keys are used; without them the service uses that one
// role, with the rights of all and no wall, and the log says so.
func Migrate(ctx context.Context, log *slog.Logger, databaseURL, schema string, keys *seal.Keys) (Database, error) {
	err := patiently(log, "PostgreSQL", func() error {
		return pg.Migrate(ctx, databaseURL, schema, migrations.FS)
	})
	if err != nil {
		return Database{}, err
	}
	worker, user := rolesOf(schema, keys)
	err = pg.Provision(ctx, databaseURL, []pg.Role{worker, user})
	if pg.State(err) == insufficientPrivilege {
		return reach(ctx, log, databaseURL, schema, keys)
	}
	if err != nil {
		return Database{}, fmt.Errorf("make roles of %s: %w", schema, err)
	}
	return addresses(databaseURL, schema, keys)
}

// MakeRoles makes the two roles of every schema, which a backup's policies name,
// before it is loaded.
func MakeRoles(ctx context.Context, databaseURL string, keys *seal.Keys) error {
	for _, schema := range migrations.Schemas() {
		worker, user := rolesOf(schema, keys)
		if err := pg.MakeRoles(ctx, databaseURL, []pg.Role{worker, user}); err != nil {
			return fmt.Errorf("make roles of %s: %w", schema, err)
		}
	}
	return nil
}

// reach finds the way in where nothing is made: by the roles that are there.
func reach(ctx context.Context, log *slog.Logger, databaseURL, schema string, keys *seal.Keys) (Database, error) {
	worker, user := rolesOf(schema, keys)
	made, err := pg.Provisioned(ctx, databaseURL, worker, user)
	if err != nil {
		return Database{}, err
	}
	if made {
		return addresses(databaseURL, schema, keys)
	}
	log.Warn("there are no roles for the service: it uses that of DATABASE_URL, with the rights of all", "schema", schema)
	return Database{UserURL: databaseURL, WorkerURL: databaseURL}, nil
}

func rolesOf(schema string, keys *seal.Keys) (worker, user pg.Role) {
	role := func(name string) pg.Role {
		return pg.Role{Name: name, Schema: schema, Password: keys.PostgresPassword(name)}
	}
	worker, user = role(schema+"_worker"), role(schema+"_user")
	worker.Worker = true
	return worker, user
}

func addresses(databaseURL, schema string, keys *seal.Keys) (Database, error) {
	worker, user := rolesOf(schema, keys)
	workerURL, err := as(databaseURL, worker)
	if err != nil {
		return Database{}, err
	}
	userURL, err := as(databaseURL, user)
	return Database{UserURL: userURL, WorkerURL: workerURL}, err
}

// as returns an address with the role in it.
func as(databaseURL string, role pg.Role) (string, error) {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return "", errors.New("read DATABASE_URL: it must look like postgres://user:password@host:5432/database")
	}
	u.User = url.UserPassword(role.Name, role.Password)
	query := u.Query()
	query.Del("user")
	query.Del("password")
	u.RawQuery = query.Encode()
	return u.String(), nil
}
