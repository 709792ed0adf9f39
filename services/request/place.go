package request

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/vault"
)

const maxPlace = 300

// kindPlace separates digests of places from other values under a blind index.
const kindPlace = "place"

// KeepPlace stores the place of an appointment, sealed under a key of its own:
// the erasure of the request destroys it. It returns a digest that tells the same
// place of the match again. A repeat changes nothing. Only a service on its own
// account may ask: the matcher has looked who acts.
func (s *Service) KeepPlace(ctx context.Context, q contract.KeepPlace) (contract.KeptPlace, error) {
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return contract.KeptPlace{}, errUnknown
	}
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	check.ID(c, "match_id", q.MatchID)
	c.Text("place", q.Text, 1, maxPlace)
	if err := c.Err(); err != nil {
		return contract.KeptPlace{}, err
	}
	row, err := s.worker.selectRequest(ctx, s.worker.db, q.RequestID)
	switch {
	case err != nil:
		return contract.KeptPlace{}, pg.MapContext(ctx, missing(err))
	case row.ErasedAt != nil:
		return contract.KeptPlace{}, errErased
	}
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error { return s.keepPlace(ctx, tx, q) })
	return contract.KeptPlace{Digest: s.keys.BlindIndex(kindPlace, string(q.MatchID)+" "+q.Text)}, err
}

func (s *Service) keepPlace(ctx context.Context, tx *sqlx.Tx, q contract.KeepPlace) error {
	// An erasure holds the request while it looks for places.
	if row, err := s.worker.lockRequest(ctx, tx, q.RequestID); err != nil {
		return missing(err)
	} else if row.ErasedAt != nil {
		return errErased
	}
	if err := s.worker.dropPlaces(ctx, tx, q); err != nil {
		return err
	}
	key, wrapped := s.keys.NewPersonKey(string(q.ID))
	fresh, err := s.worker.insertPlace(ctx, tx, q, key.Seal([]byte(q.Text), placePart(q.ID)))
	if err != nil || !fresh {
		return err
	}
	return vault.Keep(ctx, tx, string(q.ID), wrapped)
}

// placePart ties a sealed place to its row.
func placePart(id contract.PlaceID) []byte { return []byte("place " + string(id)) }

// Places returns places in clear, for the matcher alone. Those of requests that
// were erased are not among them.
func (s *Service) Places(ctx context.Context, q contract.AskPlaces) (contract.Places, error) {
	found := contract.Places{Texts: map[contract.PlaceID]string{}}
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return found, errUnknown
	}
	for _, id := range q.IDs {
		if !contract.ValidID(id) {
			return found, fault.NewInvalid(fault.Field{Location: "ids", Code: check.Malformed})
		}
	}
	rows, err := s.worker.selectPlaces(ctx, q.IDs)
	if err != nil {
		return found, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		key, err := s.keys.OpenPersonKey(string(row.ID), row.Wrapped)
		if err != nil {
			return found, fmt.Errorf("open key of place %s: %w", row.ID, err)
		}
		text, err := key.Open(row.Sealed, placePart(row.ID))
		if err != nil {
			return found, fmt.Errorf("open place %s: %w", row.ID, err)
		}
		found.Texts[row.ID] = string(text)
	}
	return found, nil
}
