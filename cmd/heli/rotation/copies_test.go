package rotation

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/migrations"
	"heli/pkg/contract"
	"heli/pkg/testkit"
	"heli/pkg/vault"
)

// TestEveryCopyOfAnIndexIsRenewed finds the columns by which phones are known, and
// renews one of each.
func TestEveryCopyOfAnIndexIsRenewed(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, migrations.Schemas()...).Admin(t)
	var columns []string
	err := db.SelectContext(t.Context(), &columns, `
		SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns
		WHERE column_name IN ('phone_index', 'helper_key', 'requester_key') AND table_name <> 'contacts' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	listed := slices.Sorted(slices.Values(append(slices.Clone(copies[contract.ThingRequest]), copies[contract.ThingOffer]...)))
	if diff := cmp.Diff(columns, listed); diff != "" {
		t.Errorf("columns that hold an index (-there +renewed):\n%s", diff)
	}
	id := contract.NewID[string]()
	for _, q := range []string{
		`INSERT INTO offer.suspensions (complaint_id, phone_index, lifted, at) VALUES ($1, 'former helper', false, now())`,
		`INSERT INTO offer.helpers (id, org_path, phone_index, created_at) VALUES ($1, 'root/', 'former helper', now())`,
	} {
		if _, err := db.ExecContext(t.Context(), q, id); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for owner, changed := range map[contract.Thing]vault.Reindexed{
		contract.ThingRequest: {"former requester": "fresh requester"}, contract.ThingOffer: {"former helper": "fresh helper"},
	} {
		if err := followPhones(t.Context(), tx, owner, changed); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	var renewed int
	err = db.GetContext(t.Context(), &renewed, `SELECT (SELECT count(*) FROM offer.suspensions WHERE phone_index = 'fresh helper')
		+ (SELECT count(*) FROM offer.helpers WHERE phone_index = 'fresh helper')`)
	if err != nil || renewed != 2 {
		t.Errorf("%d renewed, want 2: %v", renewed, err)
	}
}
