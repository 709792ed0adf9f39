package rotation

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/migrations"
	"heli/pkg/contract"
	"heli/pkg/seal"
	"heli/pkg/testkit"
	"heli/services/directory"
)

// TestStaffSignInAndAreReachedAfterARotation drops the former keys, as is done when
// nothing else uses them any more.
func TestStaffSignInAndAreReachedAfterARotation(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t, migrations.Schemas()...)
	admin, path := database.Admin(t), filepath.Join(t.TempDir(), "keys.json")
	former, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	person, factor := contract.NewID[string](), contract.NewID[string]()
	err = admin.InTx(t.Context(), func(tx *sqlx.Tx) error {
		const insert = `INSERT INTO directory.factor (id, person_id, kind, name, secret, created_at) VALUES ($1, $2, 'totp', 'x', $3, now())`
		const choose = `INSERT INTO directory.notice (person_id, mail, address, digest, time_zone) VALUES ($1, true, $2, 'daily', 'UTC')`
		// Whose they are does not matter here.
		_, err := tx.ExecContext(t.Context(), `SET LOCAL session_replication_role = replica`)
		_, secretErr := tx.ExecContext(t.Context(), insert, factor, person, former.Seal([]byte("totp secret"), directory.FactorPart(factor)))
		_, addressErr := tx.ExecContext(t.Context(), choose, person, former.Seal([]byte("staff@example.org"), directory.AddressPart(person)))
		return errors.Join(err, secretErr, addressErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := seal.Rotate(path, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), database.AdminURL(), rotated, func(string) {}); err != nil {
		t.Fatal(err)
	}
	fresh, err := seal.Drop(path, []string{former.Keysets()[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []struct {
		q, want string
		part    []byte
	}{
		{`SELECT secret FROM directory.factor`, "totp secret", directory.FactorPart(factor)},
		{`SELECT address FROM directory.notice`, "staff@example.org", directory.AddressPart(person)},
	} {
		var sealed []byte
		if err := admin.GetContext(t.Context(), &sealed, kept.q); err != nil {
			t.Fatal(err)
		}
		if plain, err := fresh.Open(sealed, kept.part); err != nil || string(plain) != kept.want {
			t.Errorf("%s: %q %v", kept.q, plain, err)
		}
	}
}
