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
}

// Provision makes the roles and their schemas, sets the passwords, and grants
// each role the rows of its schema's present and future tables. A role may
// change no table and see no other schema. Running it again changes nothing but
// the passwords.
//
// Future tables are those that the user of adminURL makes, so Migrate must run
// as that user.
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

func provisionRole(ctx context.Context, pool *sql.DB, r Role) error {
	if err := ensureSchema(ctx, pool, r.Schema); err != nil {
		return err
	}
	if err := ensureRole(ctx, pool, r); err != nil {
		return err
	}
	return grantRows(ctx, pool, r)
}
