package platform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"heli/migrations"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/vault"
)

// loadKeys returns the keys that are given, else those of the key file. It makes
// a file only where there are no data yet that need another one.
func (p *Platform) loadKeys() (*seal.Keys, error) {
	if p.options.KeysContent != "" {
		keys, err := seal.Parse([]byte(p.options.KeysContent))
		if err != nil {
			return nil, fmt.Errorf("read HELI_KEYS: %w", err)
		}
		return keys, nil
	}
	path := KeyFile(p.Root)
	_, err := os.Stat(path)
	if p.madeKeys = errors.Is(err, fs.ErrNotExist); p.madeKeys && p.options.DatabaseURL == "" {
		if _, err := os.Stat(filepath.Join(PostgresFolder(p.Root), "data", "PG_VERSION")); err == nil {
			return nil, fmt.Errorf("the key file %s is missing, and nobody can read the contacts in the database without it: put it back, or give it by HELI_KEYS; nothing was changed", path)
		}
	}
	return seal.Load(path)
}

// checkKeys refuses keys that are not those of the database, before they do harm,
// and removes a key file that was made for nothing.
func (p *Platform) checkKeys(ctx context.Context) error {
	err := CheckKeys(ctx, p.AdminURL, p.Keys)
	if errors.Is(err, vault.ErrOtherKeys) && p.madeKeys {
		return errors.Join(err, os.Remove(KeyFile(p.Root)))
	}
	return err
}

// CheckKeys returns vault.ErrOtherKeys when the database is under other keys.
func CheckKeys(ctx context.Context, adminURL string, keys *seal.Keys) (err error) {
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, schema := range migrations.Schemas() {
		if err := vault.CheckKeys(ctx, db, schema, keys); err != nil {
			return err
		}
	}
	return nil
}
