package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/testkit"
	"heli/pkg/vault"
)

var person = contract.Contact{Name: "演示甲", Phone: "+8613800138000", Email: "demo@example.org"}

func setup(t *testing.T) (*pg.DB, *seal.Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	keys, err := seal.Load(path)
	must(t, err)
	return testkit.NewDatabase(t, "request").Open(t, "request"), keys, path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put stores a contact; former has it sealed as it was before there were keys of
// persons.
func put(t *testing.T, db *pg.DB, keys *seal.Keys, former bool) string {
	t.Helper()
	id := contract.NewID[string]()
	row := contact.Seal(keys, id, person)
	if former {
		row.Wrapped = nil
		row.Name = keys.Seal([]byte(person.Name), []byte("contact "+id+" name"))
		row.Phone = keys.Seal([]byte(person.Phone), []byte("contact "+id+" phone"))
		row.Email = keys.Seal([]byte(person.Email), []byte("contact "+id+" email"))
	}
	must(t, db.InTx(t.Context(), func(tx *sqlx.Tx) error {
		const q = `INSERT INTO contacts (request_id, name, phone, email, phone_index) VALUES ($1, $2, $3, $4, $5)`
		if _, err := tx.ExecContext(t.Context(), q, id, row.Name, row.Phone, row.Email, row.PhoneIndex); err != nil {
			return err
		}
		return vault.PutKey(t.Context(), tx, id, row)
	}))
	return id
}

func get(t *testing.T, db *pg.DB, id string) contact.Row {
	t.Helper()
	var row contact.Row
	must(t, db.GetContext(t.Context(), &row, `SELECT name, phone, email, wechat, safe_hours, phone_index,
		(SELECT wrapped FROM person_keys WHERE subject_id = request_id) AS wrapped FROM contacts WHERE request_id = $1`, id))
	return row
}

func wantPerson(t *testing.T, keys *seal.Keys, id string, row contact.Row) {
	t.Helper()
	if got, err := contact.Open(keys, id, row); err != nil || got != person {
		t.Errorf("opened %v, %v", got, err)
	}
}

func TestAdoptGivesKeysOnce(t *testing.T) {
	t.Parallel()
	db, keys, _ := setup(t)
	former, fresh := put(t, db, keys, true), put(t, db, keys, false)
	wantPerson(t, keys, former, get(t, db, former))
	for _, want := range []int{1, 0} {
		if n, err := vault.Adopt(t.Context(), db, keys, contract.ThingRequest); err != nil || n != want {
			t.Fatalf("adopted %d, %v, want %d", n, err, want)
		}
	}
	for _, id := range []string{former, fresh} {
		row := get(t, db, id)
		if row.Wrapped == nil {
			t.Error("no key of its own")
		}
		wantPerson(t, keys, id, row)
	}
}

func TestDestroyedKeyOpensNothing(t *testing.T) {
	t.Parallel()
	db, keys, _ := setup(t)
	id := put(t, db, keys, false)
	for range 2 {
		must(t, db.InTx(t.Context(), func(tx *sqlx.Tx) error { return vault.DestroyKey(t.Context(), tx, id) }))
	}
	if got, err := contact.Open(keys, id, get(t, db, id)); err == nil {
		t.Errorf("opened %v without its key", got)
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	t.Parallel()
	db, keys, path := setup(t)
	foreign, err := seal.New()
	must(t, err)
	check := func(k *seal.Keys) error { return vault.CheckKeys(t.Context(), db, "request", k) }
	must(t, check(keys))
	if err := check(foreign); !errors.Is(err, vault.ErrOtherKeys) {
		t.Errorf("foreign keys: %v", err)
	}
	rotated, err := seal.Rotate(path, time.Now())
	must(t, err)
	must(t, check(rotated))
	dropped, err := seal.Drop(path, []string{keys.Keysets()[0].ID})
	must(t, err)
	must(t, check(dropped))
	if err := check(keys); !errors.Is(err, vault.ErrOlderKeys) {
		t.Errorf("the keys of before: %v", err)
	}
	var n int
	must(t, db.GetContext(t.Context(), &n, `SELECT count(*) FROM key_check`))
	if n != 2 {
		t.Errorf("%d keysets are noted", n)
	}
	must(t, vault.CheckKeys(t.Context(), db, "nowhere", foreign))
}

func TestRewrapGoesOnAfterABreak(t *testing.T) {
	t.Parallel()
	db, keys, path := setup(t)
	ids := []string{put(t, db, keys, false), put(t, db, keys, false), put(t, db, keys, false)}
	rotated, err := seal.Rotate(path, time.Now())
	must(t, err)
	broken := errors.New("broken off")
	fail := func(context.Context, *sqlx.Tx, vault.Reindexed) error { return broken }
	if _, err := vault.Rewrap(t.Context(), db, rotated, contract.ThingRequest, fail); !errors.Is(err, broken) {
		t.Fatalf("broken off: %v", err)
	}
	var changed vault.Reindexed
	follow := func(_ context.Context, _ *sqlx.Tx, c vault.Reindexed) error { changed = c; return nil }
	for _, want := range []int{3, 0} {
		if n, err := vault.Rewrap(t.Context(), db, rotated, contract.ThingRequest, follow); err != nil || n != want {
			t.Fatalf("rewrapped %d, %v, want %d", n, err, want)
		}
	}
	former, fresh := contact.PhoneIndex(keys, person.Phone), contact.PhoneIndex(rotated, person.Phone)
	if changed[former] != fresh {
		t.Errorf("indexes %v", changed)
	}
	content, err := seal.Drop(path, []string{keys.Keysets()[0].ID})
	must(t, err)
	for _, id := range ids {
		row := get(t, db, id)
		wantPerson(t, content, id, row)
		if *row.PhoneIndex != fresh {
			t.Error("the index is the former one")
		}
		if _, err := contact.Open(keys, id, row); err == nil {
			t.Error("the former keyset still opens it")
		}
	}
}

func TestRotatedFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	_, keys, path := setup(t)
	rotated, err := seal.Rotate(path, time.Now())
	must(t, err)
	if !rotated.CheckToken(keys.Token("track", "id", 0), "track", "id", 0) {
		t.Error("links of before have ended")
	}
	if _, err := seal.Drop(path, []string{rotated.Keysets()[0].ID}); err == nil {
		t.Error("the primary keyset may be removed")
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}
