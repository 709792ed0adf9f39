package rotation

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/migrations"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/testkit"
	"heli/pkg/vault"
)

// process is a service with the keys that it read when it began. It goes on working,
// whatever becomes of its database.
type process struct {
	owner contract.Thing
	keys  *seal.Keys
	db    *pg.DB
}

// begin connects as services do: every session is admitted first.
func begin(ctx context.Context, database *testkit.Database, owner contract.Thing, keys *seal.Keys) (*process, error) {
	db, err := pg.Open(ctx, database.URL(string(owner)), pg.WithConnections(2), pg.WithName("heli-"+string(owner)), pg.WithAdmission(vault.Admission(keys)))
	if err != nil {
		return nil, err
	}
	if err := vault.CheckKeys(ctx, db, string(owner), keys); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &process{owner, keys, db}, nil
}

// write stores a contact and returns its id.
func (p *process) write(ctx context.Context) (string, error) {
	id := contract.NewID[string]()
	row := contact.Seal(p.keys, id, contract.Contact{Name: "演示", Phone: "+8613800138000"})
	columns, values := "request_id", "$1"
	return id, p.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if p.owner == contract.ThingOffer {
			columns = "offer_id"
			const offer = `INSERT INTO offers (id, code, org_code, org_path, stage, state, version, created_at, updated_at, title, description, mode, region_code,
				service_regions, languages, skills, safeguards, credentials, windows, time_zone, sharing, consent_version, consent_purposes, source, source_id, submitted_by)
				VALUES ($1::uuid, $1::text, '', 'root/', 'available', 'available', 1, now(), now(), '', '', '', '', '{}', '{}', '{}', '{}', '[]', '[]', 'UTC', 'own', '', '{}', '', '', '')`
			if _, err := tx.ExecContext(ctx, offer, id); err != nil {
				return err
			}
		}
		q := fmt.Sprintf(`INSERT INTO contacts (%s, name, phone, phone_index) VALUES (%s, $2, $3, $4)`, columns, values)
		if _, err := tx.ExecContext(ctx, q, id, row.Name, row.Phone, row.PhoneIndex); err != nil {
			return err
		}
		return vault.PutKey(ctx, tx, id, row)
	})
}

// read opens a contact again.
func (p *process) read(ctx context.Context, id string) error {
	var row contact.Row
	q := fmt.Sprintf(`SELECT c.name, c.phone, c.phone_index, k.wrapped FROM contacts c JOIN person_keys k ON k.subject_id = c.%s_id
		WHERE c.%[1]s_id = $1`, p.owner)
	if err := p.db.GetContext(ctx, &row, q, id); err != nil {
		return err
	}
	got, err := contact.Open(p.keys, id, row)
	if err == nil && (got.Name != "演示" || *row.PhoneIndex != contact.PhoneIndex(p.keys, got.Phone)) {
		err = fmt.Errorf("%s reads %+v by another index", id, got)
	}
	return err
}

// work writes and reads what it wrote until stop, and returns all that was stored
// and the ways in which it was refused.
func (p *process) work(ctx context.Context, stop <-chan struct{}) (stored []string, refused map[string]int, failed error) {
	refused = map[string]int{}
	for {
		select {
		case <-stop:
			return stored, refused, failed
		default:
		}
		id, err := p.write(ctx)
		if err == nil {
			stored = append(stored, id)
			err = p.read(ctx, id)
		}
		switch {
		case err == nil:
		case fault.Is(pg.Map(err), fault.Unavailable):
			refused[err.Error()]++
		default:
			return stored, refused, err
		}
	}
}

// TestNothingIsLostWhileKeysRotate has two services with the keys of before write
// and read while keys are rotated, cut off and coming back; then two with the
// present ones. Each write is stored under keys that everybody who may work has, or
// is refused with a reason.
func TestNothingIsLostWhileKeysRotate(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t, migrations.Schemas()...)
	path := filepath.Join(t.TempDir(), "keys.json")
	former, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	stored := map[contract.Thing][]string{}
	var olds []*process
	for _, owner := range []contract.Thing{contract.ThingRequest, contract.ThingOffer} {
		p, err := begin(t.Context(), database, owner, former)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.db.Close() }) // nothing is left to say
		id, err := p.write(t.Context())
		if err := errors.Join(err, p.read(t.Context(), id)); err != nil {
			t.Fatal(err)
		}
		stored[owner] = append(stored[owner], id)
		olds = append(olds, p)
	}
	if _, err := Exclude(t.Context(), database.AdminURL()); err == nil || !strings.Contains(err.Error(), "stop them first") {
		t.Fatalf("beside working services: %v", err)
	}
	cutOff(t, database)
	release, err := Exclude(t.Context(), database.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	stop, began := make(chan struct{}), time.Now()
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, p := range olds {
		group.Go(func() {
			ids, refused, err := p.work(t.Context(), stop)
			mu.Lock()
			defer mu.Unlock()
			stored[p.owner] = append(stored[p.owner], ids...)
			if err != nil || len(ids) > 0 || len(refused) == 0 {
				t.Errorf("%s with keys of before: stored %d, refused %v, %v", p.owner, len(ids), refused, err)
			}
		})
	}
	present := rotateAll(t, database, path, began)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	for _, p := range olds { // they have the chance to come back
		if _, err := p.write(t.Context()); !errors.Is(err, vault.ErrOlderKeys) {
			t.Errorf("%s with keys of before comes back: %v", p.owner, err)
		}
	}
	close(stop)
	group.Wait()
	readAll(t, database, present, former, stored)
}

// rotateAll does what the command does, and drops the former keyset.
func rotateAll(t *testing.T, database *testkit.Database, path string, now time.Time) *seal.Keys {
	t.Helper()
	keys, err := seal.Rotate(path, now.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	admin := database.Admin(t)
	for _, schema := range migrations.Schemas() {
		if err := vault.CheckKeys(t.Context(), admin, schema, keys); err != nil {
			t.Fatal(err)
		}
	}
	if err := vault.CheckFinished(t.Context(), admin, "request", keys); !errors.Is(err, vault.ErrUnfinished) {
		t.Errorf("half a rotation: %v", err)
	}
	result, err := Run(t.Context(), database.AdminURL(), keys, func(string) {})
	if err != nil || result.Rewrapped != 2 {
		t.Fatalf("rotated %+v: %v", result, err)
	}
	if err := vault.CheckFinished(t.Context(), admin, "request", keys); err != nil {
		t.Error(err)
	}
	keys, err = seal.Drop(path, []string{keys.Keysets()[1].ID})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// readAll begins anew with the present keys alone, reads all, and writes more; with
// the former ones nothing begins.
func readAll(t *testing.T, database *testkit.Database, present, former *seal.Keys, stored map[contract.Thing][]string) {
	t.Helper()
	for owner, ids := range stored {
		if _, err := begin(t.Context(), database, owner, former); !errors.Is(err, vault.ErrOlderKeys) {
			t.Errorf("%s begins with keys of before: %v", owner, err)
		}
		p, err := begin(t.Context(), database, owner, present)
		if err != nil {
			t.Fatal(err)
		}
		id, err := p.write(t.Context())
		if err != nil {
			t.Error(err)
		}
		for _, id := range append(ids, id) {
			if err := p.read(t.Context(), id); err != nil {
				t.Errorf("%s of %s: %v", id, owner, err)
			}
		}
		if err := p.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// cutOff ends every session of a service, as a broken network does, and waits until
// the server has let go of them.
func cutOff(t *testing.T, database *testkit.Database) {
	t.Helper()
	const q = `SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'heli-%'`
	var n int
	if err := database.Admin(t).GetContext(t.Context(), &n, q); err != nil || n == 0 {
		t.Fatalf("cut off %d sessions: %v", n, err)
	}
}
