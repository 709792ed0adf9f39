package vault

import (
	"context"
	"errors"
	"fmt"

	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// Admission lets a service's sessions in while nobody rotates the keys and its own
// are the newest: each session holds a shared lock for as long as it lives. So
// there is no moment at which somebody works with the former keys while all is
// brought under the present ones, however long they were cut off before.
//
// While keys are rotated, who asks is to come again; with older keys they are
// refused for good.
func Admission(keys *seal.Keys) pg.Admission {
	primary := keys.Keysets()[0].ID
	return func(ask func(string) (string, error)) error {
		shared, err := ask(shareKeysSQL)
		if err != nil {
			return err
		}
		if shared != yes {
			return fault.NewUnavailable(errors.New("the keys are being rotated: this goes on when that is done"))
		}
		// Only now: what a rotation noted before it let go is seen.
		newer, err := ask(newerKeysSQL(primary))
		if err == nil && newer == yes {
			err = fault.NewUnavailable(fmt.Errorf("%w: %w", pg.ErrRefused, ErrOlderKeys))
		}
		return err
	}
}

// Exclude keeps all sessions of services away until release. It is an error while
// any works.
func Exclude(ctx context.Context, db *pg.DB) (release func() error, err error) {
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to keep services away: %w", err)
	}
	alone, err := lockKeys(ctx, conn)
	if err == nil && !alone {
		err = errors.New("services of Heli work on this database: stop them first")
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() error { return errors.Join(unlockKeys(context.WithoutCancel(ctx), conn), conn.Close()) }, nil
}

// CheckFinished returns ErrUnfinished when keys of persons in the schema are still
// wrapped by former keysets: then people are known by two indexes at once.
func CheckFinished(ctx context.Context, db *pg.DB, schema string, keys *seal.Keys) error {
	half, err := selectFormer(ctx, db, schema, keys.Keysets()[0].ID)
	if err == nil && half {
		return ErrUnfinished
	}
	return err
}
