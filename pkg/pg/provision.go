package pg

import (
	"context"
	"database/sql"
	"fmt"
)

// Role is a login that may read and write the rows of one schema. Several roles
// may share a schema.
type Role struct {
	Name     string
	Schema   string
	Password string
	// Worker lets the role see all rows, past the policies of the tables.
	Worker bool
}

// Provision makes the roles and their schemas, sets the passwords, and grants
// each role the rows of its schema's present and future tables. A role may
// change no table and see no other schema. Running it again changes nothing but
// the passwords.
//
// Future tables are those that the user of adminURL makes, so Migrate must run
// as that user; a worker sees the rows of the tables that are there now, so
// Migrate must run before.
func Provision(ctx context.Context, adminURL string, roles []Role) error {
	err := asAdministrator(ctx, adminURL, "", func(pool *sql.DB) error {
		if err := ensureTextSearch(ctx, pool); err != nil {
			return err
		}
		if err := closeDatabase(ctx, pool); err != nil {
			return err
		}
		for _, r := range roles {
			if err := provisionRole(ctx, pool, r); err != nil {
				return fmt.Errorf("provision role %s: %w", r.Name, err)
			}
		}
		return nil
	})
	return MapContext(ctx, err)
}

// MakeRoles makes the roles and sets their passwords, without any right yet: a
// dump that is restored names them in its policies.
func MakeRoles(ctx context.Context, adminURL string, roles []Role) error {
	err := asAdministrator(ctx, adminURL, "", func(pool *sql.DB) error {
		for _, r := range roles {
			if err := ensureRole(ctx, pool, r); err != nil {
				return fmt.Errorf("make role %s: %w", r.Name, err)
			}
		}
		return nil
	})
	return MapContext(ctx, err)
}

func provisionRole(ctx context.Context, pool *sql.DB, r Role) error {
	if err := ensureSchema(ctx, pool, r.Schema); err != nil {
		return err
	}
	if err := ensureRole(ctx, pool, r); err != nil {
		return err
	}
	if err := grantRows(ctx, pool, r); err != nil || !r.Worker {
		return err
	}
	return openRows(ctx, pool, r)
}

// Provisioned reports whether the roles were all made for their schema in the
// database of the address, by whoever may.
func Provisioned(ctx context.Context, url string, roles ...Role) (all bool, err error) {
	all = true
	err = asAdministrator(ctx, url, "", func(pool *sql.DB) error {
		for _, r := range roles {
			made, err := mayUse(ctx, pool, r)
			if all = all && made; err != nil {
				return err
			}
		}
		return nil
	})
	return all, MapContext(ctx, err)
}
