package rotation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/vault"
	"heli/services/directory"
	"heli/services/web/inbound"
)

func selectPending(ctx context.Context, db *pg.DB, primary string) (pending bool, err error) {
	const q = `SELECT EXISTS (SELECT FROM request.person_keys WHERE keyset <> $1)
		OR EXISTS (SELECT FROM offer.person_keys WHERE keyset <> $1)`
	if err := db.GetContext(ctx, &pending, q, primary); err != nil {
		return false, fmt.Errorf("look for an earlier rotation: %w", err)
	}
	return pending, nil
}

// copies are where the index of a phone stands besides its contact's row: helpers
// are known by it within their organisation and over all, and complaints keep
// people apart by it.
var copies = map[contract.Thing][]string{
	contract.ThingRequest: {
		"matcher.matches.requester_key", "matcher.complaints.requester_key", "matcher.blocks.requester_key", "matcher.asks.requester_key",
	},
	contract.ThingOffer: {
		"offer.helpers.phone_index", "offer.suspensions.phone_index", "matcher.helper_load.helper_key", "matcher.helper_limits.helper_key", "matcher.matches.helper_key",
		"matcher.complaints.helper_key", "matcher.blocks.helper_key", "matcher.asks.helper_key",
	},
}

// followPhones renews the copies of indexes of requesters' or helpers' phones.
func followPhones(ctx context.Context, tx *sqlx.Tx, owner contract.Thing, changed vault.Reindexed) error {
	former, fresh := make(pq.StringArray, 0, len(changed)), make(pq.StringArray, 0, len(changed))
	for a, b := range changed {
		former, fresh = append(former, a), append(fresh, b)
	}
	for _, place := range copies[owner] {
		dot := strings.LastIndexByte(place, '.')
		table, column := place[:dot], place[dot+1:]
		q := `UPDATE ` + table + ` t SET ` + column + ` = g.fresh FROM unnest($1::text[], $2::text[]) AS g (former, fresh) WHERE t.` + column + ` = g.former`
		if _, err := tx.ExecContext(ctx, q, former, fresh); err != nil {
			return fmt.Errorf("renew the indexes of phones: %w", err)
		}
	}
	return nil
}

// resealForms seals the secrets of forms of other programs with the primary keyset.
func resealForms(ctx context.Context, tx *sqlx.Tx, keys *seal.Keys) (int, error) {
	var rows []struct {
		ID      string `db:"id"`
		Secrets []byte `db:"secrets"`
	}
	if err := tx.SelectContext(ctx, &rows, `SELECT id, secrets FROM web.inbound_form FOR UPDATE`); err != nil {
		return 0, fmt.Errorf("list secrets of forms: %w", err)
	}
	for _, row := range rows {
		plain, err := keys.Open(row.Secrets, inbound.SecretsOf(row.ID))
		if err != nil {
			return 0, fmt.Errorf("open the secrets of form %s: %w", row.ID, err)
		}
		const update = `UPDATE web.inbound_form SET secrets = $2 WHERE id = $1`
		if _, err := tx.ExecContext(ctx, update, row.ID, keys.Seal(plain, inbound.SecretsOf(row.ID))); err != nil {
			return 0, fmt.Errorf("update secrets of a form: %w", err)
		}
	}
	return len(rows), nil
}

// sealedOfStaff are what is sealed of staff: where, and with what beside the keys.
var sealedOfStaff = []struct {
	table, id, column string
	part              func(id string) []byte
}{
	{"directory.factor", "id", "secret", directory.FactorPart},
	{"directory.notice", "person_id", "address", directory.AddressPart},
}

// resealStaff seals authenticators and addresses of staff with the primary keyset.
func resealStaff(ctx context.Context, tx *sqlx.Tx, keys *seal.Keys) (total int, err error) {
	for _, of := range sealedOfStaff {
		var rows []struct {
			ID     string `db:"id"`
			Sealed []byte `db:"sealed"`
		}
		list := `SELECT ` + of.id + ` AS id, ` + of.column + ` AS sealed FROM ` + of.table + ` WHERE ` + of.column + ` IS NOT NULL FOR UPDATE`
		if err := tx.SelectContext(ctx, &rows, list); err != nil {
			return total, fmt.Errorf("list what is sealed in %s: %w", of.table, err)
		}
		update := `UPDATE ` + of.table + ` SET ` + of.column + ` = $2 WHERE ` + of.id + ` = $1`
		for _, row := range rows {
			plain, err := keys.Open(row.Sealed, of.part(row.ID))
			if err != nil {
				return total, fmt.Errorf("open %s of %s: %w", of.table, row.ID, err)
			}
			if _, err := tx.ExecContext(ctx, update, row.ID, keys.Seal(plain, of.part(row.ID))); err != nil {
				return total, fmt.Errorf("update %s: %w", of.table, err)
			}
		}
		total += len(rows)
	}
	return total, nil
}

// resealSecrets seals the secrets of webhooks with the primary keyset.
func resealSecrets(ctx context.Context, tx *sqlx.Tx, keys *seal.Keys) (int, error) {
	const list = `SELECT endpoint_id, generation, sealed FROM notify.endpoint_secrets FOR UPDATE`
	var rows []struct {
		EndpointID string `db:"endpoint_id"`
		Generation int    `db:"generation"`
		Sealed     []byte `db:"sealed"`
	}
	if err := tx.SelectContext(ctx, &rows, list); err != nil {
		return 0, fmt.Errorf("list secrets of webhooks: %w", err)
	}
	const update = `UPDATE notify.endpoint_secrets SET sealed = $3 WHERE endpoint_id = $1 AND generation = $2`
	for _, row := range rows {
		plain, err := keys.Open(row.Sealed, []byte(row.EndpointID))
		if err != nil {
			return 0, fmt.Errorf("open the secret of webhook %s: %w", row.EndpointID, err)
		}
		if _, err := tx.ExecContext(ctx, update, row.EndpointID, row.Generation, keys.Seal(plain, []byte(row.EndpointID))); err != nil {
			return 0, fmt.Errorf("update secret of a webhook: %w", err)
		}
	}
	return len(rows), nil
}

// markProjections has the matcher fetch all it knows of needs and offers anew.
func markProjections(ctx context.Context, tx *sqlx.Tx) error {
	for _, table := range []string{"requests", "offers"} {
		if _, err := tx.ExecContext(ctx, `UPDATE matcher.`+table+` SET version = 0 WHERE document IS NOT NULL`); err != nil {
			return fmt.Errorf("mark projections: %w", err)
		}
	}
	return nil
}

// selectUsed reports whether something is under a keyset, or made a link from it:
// whatever was entered before the next one came.
func selectUsed(ctx context.Context, db *pg.DB, keyset string, ended time.Time) (used bool, err error) {
	const q = `SELECT EXISTS (SELECT FROM request.person_keys WHERE keyset = $1)
		OR EXISTS (SELECT FROM offer.person_keys WHERE keyset = $1)
		OR EXISTS (SELECT FROM web.spool)
		OR EXISTS (SELECT FROM web.upload WHERE created_at < $2)
		OR EXISTS (SELECT FROM web.inbound_post WHERE content IS NOT NULL AND received_at < $2)
		OR EXISTS (SELECT FROM request.requests WHERE erased_at IS NULL AND created_at < $2)
		OR EXISTS (SELECT FROM offer.offers WHERE erased_at IS NULL AND created_at < $2)
		OR EXISTS (SELECT FROM matcher.matches WHERE created_at < $2
			AND state IN ('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'disputed'))`
	if err := db.GetContext(ctx, &used, q, keyset, ended); err != nil {
		return false, fmt.Errorf("look what uses a keyset: %w", err)
	}
	return used, nil
}
