// Package vault owns the keys of persons as a service stores them, apart from
// what they seal: it puts them, destroys them, and changes what wraps them. It
// tells a key file that belongs to another database before anything is harmed.
//
// Its tables person_keys, erasure_cursor and key_check are in the schema of each
// service that keeps contacts, made by its migrations. It never reads a contact
// for anybody.
package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// batch bounds the rows of one transaction.
const batch = 1000

// ErrOtherKeys is what a database says to keys that are not its own.
var ErrOtherKeys = errors.New("the key file is not the one of this database: put the right keys.json back, or give its content by HELI_KEYS; nothing was changed")

// ErrOlderKeys is what a database says to a key file of before a rotation: what was
// written with it others would not find, and it does not open what they wrote.
var ErrOlderKeys = errors.New("the keys of this database were rotated, and the key file here is an older one: put the present keys.json in its place, or give its content by HELI_KEYS, and start again; nothing was changed")

// ErrUnfinished is what a database says while a rotation is only half done.
var ErrUnfinished = errors.New("a rotation of the keys was broken off: run heli keys rotate, which goes on with it, and start again; nothing was changed")

// CheckKeys compares the keys with those that the schema's secrets are under, and
// notes the primary keyset where it is new. It returns ErrOtherKeys when none of
// the keysets is known, ErrOlderKeys when a newer one is. A schema without the table, or without a note, is new and
// takes any.
func CheckKeys(ctx context.Context, db *pg.DB, schema string, keys *seal.Keys) error {
	err := db.InTx(ctx, func(tx *sqlx.Tx) error {
		there, err := selectHasTable(ctx, tx, schema)
		if err != nil || !there {
			return err
		}
		noted, err := selectChecks(ctx, tx, schema)
		if err != nil {
			return err
		}
		sets := keys.Keysets()
		if len(noted) > 0 && !knows(noted, sets) {
			return ErrOtherKeys
		}
		if older(noted, sets[0]) {
			return ErrOlderKeys
		}
		if _, known := noted[sets[0].ID]; known {
			return nil
		}
		return insertCheck(ctx, tx, schema, sets[0])
	})
	for _, refusal := range []error{ErrOtherKeys, ErrOlderKeys} {
		if errors.Is(err, refusal) {
			return refusal
		}
	}
	return err
}

// older reports whether a newer keyset than the primary is noted: their ids are
// in the order of time.
func older(noted map[string][]byte, primary seal.Keyset) bool {
	for id := range noted {
		if id > primary.ID {
			return true
		}
	}
	return false
}

// knows reports whether one of the keysets is noted, and none contradicts its note.
func knows(noted map[string][]byte, sets []seal.Keyset) bool {
	known := false
	for _, set := range sets {
		digest, there := noted[set.ID]
		if there && !bytes.Equal(digest, set.Digest) {
			return false
		}
		known = known || there
	}
	return known
}

// PutKey stores the key of a sealed contact in the place of the former one,
// which is gone for good; none where nothing is sealed.
func PutKey(ctx context.Context, tx *sqlx.Tx, id string, row contact.Row) error {
	if row.Wrapped == nil {
		return DestroyKey(ctx, tx, id)
	}
	return upsertKey(ctx, tx, id, seal.WrappedKey{Keyset: row.Keyset, Sealed: row.Wrapped})
}

// DestroyKey makes all unreadable that was sealed under a person's key. A repeat
// changes nothing.
func DestroyKey(ctx context.Context, tx *sqlx.Tx, id string) error { return deleteKey(ctx, tx, id) }

// Adopt gives a key of its own to every contact of before there were any, and
// returns how many. It works in small transactions and may be ended at any time;
// running it again goes on. Owner is the thing that the contacts belong to.
func Adopt(ctx context.Context, db *pg.DB, keys *seal.Keys, owner contract.Thing) (int, error) {
	total := 0
	for {
		var n int
		err := db.InTx(ctx, func(tx *sqlx.Tx) error {
			rows, err := lockUnkeyed(ctx, tx, owner)
			n = len(rows)
			if err != nil || n == 0 {
				return err
			}
			return adoptRows(ctx, tx, keys, owner, rows)
		})
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

func adoptRows(ctx context.Context, tx *sqlx.Tx, keys *seal.Keys, owner contract.Thing, rows []contactRow) error {
	for _, row := range rows {
		plain, err := contact.Open(keys, row.ID, row.Row)
		if err != nil {
			return fmt.Errorf("adopt: %w", err)
		}
		sealed := contact.Seal(keys, row.ID, plain)
		if err := updateContact(ctx, tx, owner, row.ID, sealed); err != nil {
			return err
		}
		if err := PutKey(ctx, tx, row.ID, sealed); err != nil {
			return err
		}
	}
	return nil
}

// Keep stores the key of something else that is one person's, under its own id, in
// the place of a former one.
func Keep(ctx context.Context, tx *sqlx.Tx, id string, key seal.WrappedKey) error {
	return upsertKey(ctx, tx, id, key)
}
