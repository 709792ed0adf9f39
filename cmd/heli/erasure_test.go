package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heli/cmd/heli/backup"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/seal"
	"heli/pkg/testkit"
	"heli/services/directory"
)

// TestErasureSurvivesARestore erases both sides, looks for them everywhere, and
// brings back a backup of before.
func TestErasureSurvivesARestore(t *testing.T) {
	t.Parallel()
	r := startPlanted(t)
	saved := filepath.Join(t.TempDir(), "heli.backup")
	heli(t, "backup", "--data", r.data, saved)
	fails(t, "is there already", "backup", "--data", r.data, saved)

	holder := r.public()
	holder.key = r.request.TrackingToken
	holder.post(http.StatusOK, "/requests/"+r.request.ID+"/erase", nil)
	r.staff.post(http.StatusOK, "/requests/"+r.request.ID+"/erase", map[string]any{"reason": "again, by phone"})
	awaitState(t, r.staff, "/matches/"+r.match.ID, "cancelled")
	r.staff.post(http.StatusUnprocessableEntity, "/offers/"+r.offer.ID+"/erase", nil)
	r.staff.post(http.StatusOK, "/offers/"+r.offer.ID+"/erase", map[string]any{"reason": "asked by mail"})
	holder.get(http.StatusUnauthorized, "/requests/"+r.request.ID)
	checkInvariants(t, r.instance)
	if found := holders(t, r.database()); len(found) > 0 {
		t.Errorf("after the erasure there is still %v", found)
	}
	r.checkOutside()
	later := saved + ".later"
	heli(t, "backup", "--data", r.data, later)
	r.stop()
	r.restoreRefused(later)
	r.restoreElsewhere(saved)
}

// restoreRefused tries a journal that knows less than the backup and keys that are
// not its own; what was begun is gone afterwards.
func (r *plantedRun) restoreRefused(saved string) {
	t, fresh := r.t, testkit.DataDir(r.t)
	t.Helper()
	older, foreign := filepath.Join(t.TempDir(), "older.jsonl"), testkit.DataDir(t)
	if err := os.WriteFile(older, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Load(platform.KeyFile(foreign)); err != nil {
		t.Fatal(err)
	}
	journal, keys := filepath.Join(platform.SinkFolder(r.data), directory.JournalFile), platform.KeyFile(r.data)
	for range 2 {
		fails(t, "is older than the backup", "restore", "--data", fresh, "--keys", keys, "--journal", older, saved)
	}
	fails(t, "is not the one of this database", "restore", "--data", foreign, "--journal", journal, saved)
}

// restoreElsewhere brings the backup into an empty folder, once all is right.
func (r *plantedRun) restoreElsewhere(saved string) {
	t, fresh := r.t, testkit.DataDir(r.t)
	t.Helper()
	journal, keys := filepath.Join(platform.SinkFolder(r.data), directory.JournalFile), platform.KeyFile(r.data)
	fails(t, "journal of erasures is missing", "restore", "--data", fresh, "--keys", keys, saved)
	fails(t, "--keys", "restore", "--data", fresh, "--journal", journal, saved)
	fails(t, "there is an installation already", "restore", "--data", r.data, "--journal", journal, saved)
	if out := heli(t, "restore", "--data", fresh, "--keys", keys, "--journal", journal, saved); !strings.Contains(out, "all that must hold does") {
		t.Errorf("restore says %s", out)
	}
	checkFiles(t, fresh)
	second := startHeli(t, fresh, "--webhook-allow", "127.0.0.0/8")
	checkInvariants(t, second)
	if found := holders(t, second.database()); len(found) > 0 {
		t.Errorf("the backup brought back %v", found)
	}
	if got := second.coordinator().get(http.StatusOK, "/requests/"+r.request.ID).State; got != "closed" {
		t.Errorf("the erased request is %s", got)
	}
	out := heli(t, "audit", "verify", "--data", fresh)
	if !strings.Contains(out, "every audit chain holds") {
		t.Errorf("audit verify says %s", out)
	}
	second.stop()
	if _, err := os.Stat(saved + backup.KeysSuffix); err != nil {
		t.Error(err)
	}
}

// TestKeysRotate puts a fresh keyset in front of one that people's links are made
// from, and takes keys away and gives false ones.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	wanted := i.public().call(http.StatusCreated, http.MethodPost, "/requests", "keys-test-key-of-128-bits-01", requestDraft("masks", "submitted", 10))
	staff.post(http.StatusOK, "/requests/"+wanted.ID+"/triage", nil)
	staff.post(http.StatusOK, "/requests/"+wanted.ID+"/open", nil)
	first := staff.post(http.StatusCreated, "/offers", offerDraft("masks", "available", 100))
	awaitDrained(t, i, waitLimit)
	path := platform.KeyFile(i.data)
	former, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fails(t, "is used by a running Heli", "keys", "rotate", "--data", i.data)
	i.stop()
	for range 2 {
		if out := heli(t, "keys", "rotate", "--data", i.data); !strings.Contains(out, "2 contacts") || !strings.Contains(out, "stays") {
			t.Errorf("keys rotate says %s", out)
		}
	}
	again := startHeli(t, i.data)
	staff = client{t: t, base: again.url + "/api/v1", key: staff.key, http: staff.http}
	holder := client{t: t, base: again.url + "/api/v1", key: wanted.TrackingToken, http: staff.http}
	if got := holder.get(http.StatusOK, "/requests/"+wanted.ID); !strings.HasSuffix(got.Contact.Phone, "23") {
		t.Errorf("the contact reads %q", got.Contact.Phone)
	}
	// The same phone offers again: a helper who is known by the fresh index.
	staff.post(http.StatusCreated, "/offers", offerDraft("gloves", "available", 5))
	awaitSuggestion(t, staff, wanted.ID, first.ID)
	checkInvariants(t, again)
	if n := count(t, again.database(), `SELECT count(DISTINCT helper_id) FROM offer.offers`); n != 1 {
		t.Errorf("one phone is %d helpers", n)
	}
	again.stop()
	refuseWithoutKeys(t, i.data, former)
}

// refuseWithoutKeys starts Heli without its keys and with others: it must not
// start, nor change anything.
func refuseWithoutKeys(t *testing.T, data string, former []byte) {
	t.Helper()
	path := platform.KeyFile(data)
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	up := []string{"up", "--data", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	fails(t, "is missing", up...)
	if _, err := os.Stat(path); err == nil {
		t.Error("a key file was made for data that need another")
	}
	foreign := filepath.Join(t.TempDir(), "keys.json")
	if _, err := seal.Load(foreign); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		content []byte
		mode    os.FileMode
		want    string
	}{
		{content, 0o600, "is not the one of this database"},
		{[]byte("{"), 0o600, "not a key file"},
		{right, 0o644, "chmod 600"},
		{former, 0o600, "is an older one"},
	} {
		if err := errors.Join(os.WriteFile(path, c.content, 0o600), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		fails(t, c.want, up...)
	}
	if err := errors.Join(os.WriteFile(path, right, 0o600), os.Chmod(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	startHeli(t, data).stop()
	if bytes.Equal(right, former) {
		t.Error("the keys are the former ones")
	}
}

// TestBreachListsWhatAnAccountRead reads two contacts in one account, one in
// another, and asks whose the first one saw.
func TestBreachListsWhatAnAccountRead(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	asked := staff.post(http.StatusCreated, "/requests", requestDraft("masks", "open", 10))
	offered := staff.post(http.StatusCreated, "/offers", offerDraft("masks", "available", 100))
	suspect, other := contract.NewID[contract.PersonID](), contract.NewID[contract.PersonID]()
	read := func(ctx context.Context, a platform.Attached, who contract.PersonID, from contract.Endpoint[contract.ContactReading, contract.Contact], id string) error {
		ctx = contract.WithActor(ctx, contract.Actor{Role: contract.RoleCoordinator, PersonID: who, Name: "Demo", Path: contract.RootPath})
		_, err := bus.Call(ctx, a.Bus, from, contract.ContactReading{ID: id, Reason: "=call back"})
		return err
	}
	err := platform.Attach(t.Context(), platform.Options{Data: i.data, Log: testkit.Log(t)}, func(ctx context.Context, a platform.Attached) error {
		return errors.Join(
			read(ctx, a, suspect, contract.RequestContact, asked.ID), read(ctx, a, suspect, contract.OfferContact, offered.ID),
			read(ctx, a, other, contract.RequestContact, asked.ID))
	})
	if err != nil {
		t.Fatal(err)
	}
	span := []string{"--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"}
	ask := append([]string{"breach", "--data", i.data, "--account", string(suspect)}, span...)
	lines := strings.Split(heli(t, ask...), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], asked.Code) || !strings.Contains(lines[2], offered.Code) || !strings.HasSuffix(lines[1], "'=call back") {
		t.Errorf("breach lists %v", lines)
	}
	if out := heli(t, "retention", "--dry-run", "--data", i.data); !strings.Contains(out, "requests: 1 held, kept 730 days, 0 would go now") {
		t.Errorf("retention says %s", out)
	}
	fails(t, "add --dry-run", "retention", "--data", i.data)
	heli(t, "audit", "verify", "--data", i.data)
	const tamper = `ALTER TABLE directory.audit DISABLE TRIGGER ALL; UPDATE directory.audit SET reason = 'other' WHERE action = 'offer.contact.read'`
	if _, err := i.database().ExecContext(t.Context(), tamper); err != nil {
		t.Fatal(err)
	}
	fails(t, "an audit chain does not hold", "audit", "verify", "--data", i.data)
	fails(t, "must be the id", append([]string{"breach", "--data", i.data, "--account", "demo"}, span...)...)
	fails(t, "must be before", "breach", "--data", i.data, "--account", string(suspect), "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-01T00:00:00Z")
}

// fails runs a command that must fail with a sentence.
func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	cmd := heliCommand(ctx, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), want) {
		t.Errorf("heli %s: %v, said %q, want %q", strings.Join(args, " "), err, &said, want)
	}
}

func output(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	cmd := programCommand(ctx, program, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w: %s", program, err, &said))
	}
	return out
}
