// Package rotation owns the change of an installation's keys: everything in the
// database that is under former keysets comes under the primary one, and a former
// one ends when nothing uses it any more. It makes no keys; pkg/seal does.
package rotation

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/vault"
)

// Result says what was done.
type Result struct {
	Primary string `json:"primary"`
	// Rewrapped counts the keys of persons that came under the primary keyset,
	// Resealed the secrets of webhooks, of forms and of authenticators, and the
	// addresses of staff.
	Rewrapped int `json:"rewrapped"`
	Resealed  int `json:"resealed"`
	// Kept are former keysets that links, or what waits sealed in web, still need.
	Kept    []string `json:"kept"`
	Dropped []string `json:"dropped"`
}

// Pending reports whether an earlier rotation was broken off.
func Pending(ctx context.Context, adminURL string, keys *seal.Keys) (pending bool, err error) {
	return pending, with(ctx, adminURL, "request", func(db *pg.DB) error {
		pending, err = selectPending(ctx, db, keys.Keysets()[0].ID)
		return err
	})
}

// Exclude keeps services away, also those with keys of before that come back after
// a cut, until release. It is an error while any works on the database.
func Exclude(ctx context.Context, adminURL string) (release func() error, err error) {
	db, err := pg.Open(ctx, adminURL, pg.WithConnections(1), pg.WithName("heli keys"))
	if err != nil {
		return nil, err
	}
	free, err := vault.Exclude(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(free(), db.Close()) }, nil
}

// Run brings everything under the primary keyset, in small transactions. It may
// be ended at any time and run again. No service may run meanwhile. Told is
// called before each part.
func Run(ctx context.Context, adminURL string, keys *seal.Keys, told func(string)) (Result, error) {
	r := Result{Primary: keys.Keysets()[0].ID}
	for _, owner := range []contract.Thing{contract.ThingRequest, contract.ThingOffer} {
		told("contacts of " + string(owner) + "s")
		n, err := rewrap(ctx, adminURL, keys, owner)
		if r.Rewrapped += n; err != nil {
			return r, fmt.Errorf("contacts of %ss: %w", owner, err)
		}
	}
	told("secrets of webhooks")
	err := with(ctx, adminURL, "notify", func(db *pg.DB) error {
		return db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
			if r.Resealed, err = resealSecrets(ctx, tx, keys); err != nil {
				return err
			}
			// Words and helpers are known to the matcher by keyed hashes.
			return markProjections(ctx, tx)
		})
	})
	if err != nil {
		return r, err
	}
	for _, part := range []struct {
		what, schema string
		reseal       func(context.Context, *sqlx.Tx, *seal.Keys) (int, error)
	}{{"secrets of forms", "web", resealForms}, {"authenticators and addresses of staff", "directory", resealStaff}} {
		told(part.what)
		err := with(ctx, adminURL, part.schema, func(db *pg.DB) error {
			return db.InTx(ctx, func(tx *sqlx.Tx) error {
				n, err := part.reseal(ctx, tx, keys)
				r.Resealed += n
				return err
			})
		})
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func rewrap(ctx context.Context, adminURL string, keys *seal.Keys, owner contract.Thing) (n int, err error) {
	return n, with(ctx, adminURL, string(owner), func(db *pg.DB) error {
		if _, err := vault.Adopt(ctx, db, keys, owner); err != nil {
			return err
		}
		n, err = vault.Rewrap(ctx, db, keys, owner, func(ctx context.Context, tx *sqlx.Tx, changed vault.Reindexed) error {
			return followPhones(ctx, tx, owner, changed)
		})
		return err
	})
}

// Unused returns the former keysets that nothing uses any more, and the others. A
// link is made from the keyset that was the primary when its thing was entered,
// so a keyset is in use while anything is there that is as old as it.
func Unused(ctx context.Context, adminURL string, keys *seal.Keys) (unused, used []string, err error) {
	sets := keys.Keysets()
	unused, used = []string{}, []string{}
	err = with(ctx, adminURL, "request", func(db *pg.DB) error {
		for _, set := range sets[1:] {
			ended := sets[0].CreatedAt
			for _, other := range sets {
				if other.CreatedAt.After(set.CreatedAt) && other.CreatedAt.Before(ended) {
					ended = other.CreatedAt
				}
			}
			in, err := selectUsed(ctx, db, set.ID, ended)
			if err != nil {
				return err
			}
			if in {
				used = append(used, set.ID)
			} else {
				unused = append(unused, set.ID)
			}
		}
		return nil
	})
	return unused, used, err
}

// with opens the database with the schema on its search path.
func with(ctx context.Context, adminURL, schema string, work func(*pg.DB) error) (err error) {
	address, err := app.WithSchema(adminURL, schema)
	if err != nil {
		return err
	}
	db, err := pg.Open(ctx, address, pg.WithConnections(1), pg.WithName("heli keys"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return work(db)
}
