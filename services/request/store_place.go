package request

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
)

const insertPlaceSQL = `INSERT INTO places (id, request_id, match_id, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`

// insertPlace reports whether there was none of the id.
func (s *store) insertPlace(ctx context.Context, tx *sqlx.Tx, q contract.KeepPlace, sealed []byte) (bool, error) {
	result, err := tx.ExecContext(ctx, insertPlaceSQL, q.ID, q.RequestID, q.MatchID, sealed)
	return changedRow("insert place", result, err)
}

const dropPlacesSQL = `
	WITH former AS (DELETE FROM places WHERE match_id = $1 AND id <> $2 AND id::text <> $3 RETURNING id)
	DELETE FROM person_keys WHERE subject_id IN (SELECT id FROM former)`

// dropPlaces deletes the places of a match but the new one and the one in force.
func (s *store) dropPlaces(ctx context.Context, tx *sqlx.Tx, q contract.KeepPlace) error {
	_, err := tx.ExecContext(ctx, dropPlacesSQL, q.MatchID, q.ID, q.InForce)
	return wrapped("drop former places", err)
}

// placeRow is a row of places, with its key as it is stored apart.
type placeRow struct {
	ID      contract.PlaceID `db:"id"`
	Sealed  []byte           `db:"sealed"`
	Wrapped []byte           `db:"wrapped"`
}

const selectPlacesSQL = `SELECT p.id, p.sealed, k.wrapped FROM places p JOIN person_keys k ON k.subject_id = p.id WHERE p.id = ANY ($1::uuid[])`

func (s *store) selectPlaces(ctx context.Context, ids []contract.PlaceID) (rows []placeRow, err error) {
	if err := s.db.SelectContext(ctx, &rows, selectPlacesSQL, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("select places: %w", err)
	}
	return rows, nil
}

// Keys go with what they seal.
const erasePlacesSQL = `
	WITH gone AS (DELETE FROM places WHERE request_id = $1 RETURNING id)
	DELETE FROM person_keys WHERE subject_id IN (SELECT id FROM gone)`

const retirePlacesSQL = `
	WITH gone AS (DELETE FROM places WHERE request_id = ANY ($1::uuid[]) RETURNING id)
	DELETE FROM person_keys WHERE subject_id IN (SELECT id FROM gone)`

func placeStatements() []string {
	return []string{insertPlaceSQL, dropPlacesSQL, selectPlacesSQL, erasePlacesSQL, retirePlacesSQL}
}
