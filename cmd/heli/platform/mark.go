package platform

import (
	"context"
	"errors"
	"fmt"

	"heli/pkg/pg"
)

// Marked reports whether the installation remembers that something was done
// once. What was done is in the database, so its mark is too.
func (p *Platform) Marked(ctx context.Context, name string) (marked bool, err error) {
	err = p.withMarks(ctx, func(db *pg.DB) error {
		marked, err = selectMark(ctx, db, name)
		return err
	})
	return marked, err
}

// Mark remembers that something was done; repeating it changes nothing.
func (p *Platform) Mark(ctx context.Context, name string) error {
	return p.withMarks(ctx, func(db *pg.DB) error { return insertMark(ctx, db, name) })
}

func (p *Platform) withMarks(ctx context.Context, work func(*pg.DB) error) (err error) {
	db, err := pg.Open(ctx, p.AdminURL, pg.WithConnections(1))
	if err != nil {
		return fmt.Errorf("open marks: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := ensureMarks(ctx, db); err != nil {
		return err
	}
	return work(db)
}
