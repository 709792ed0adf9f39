package house

import (
	"slices"
	"testing"

	"heli/migrations"
	"heli/pkg/testkit"
)

// everybodys are the tables whose rows belong to no organisation and no person.
var everybodys = []string{
	"directory.region", "directory.category", "directory.item", "directory.campaign", "directory.reference", "matcher.helper_load",
	"matcher.blocks", "offer.suspensions",
	"request.publications", "offer.publications", // for everybody to read
	// Digests of keysets: what every session looks at.
	"directory.key_check", "request.key_check", "offer.key_check", "matcher.key_check", "notify.key_check", "web.key_check",
}

// TestEveryTableIsBehindAPolicy reads the policies as they are migrated: each
// table forces them on its owner too, and opens rows without a question about who
// acts only where they are everybody's, or for facts that are added.
func TestEveryTableIsBehindAPolicy(t *testing.T) {
	t.Parallel()
	admin := testkit.NewDatabase(t, migrations.Schemas()...).Admin(t)
	var bare []string
	err := admin.SelectContext(t.Context(), &bare, `
		SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = ANY (string_to_array($1, ',')) AND c.relkind IN ('r', 'p') AND NOT c.relforcerowsecurity`, schemas())
	if err != nil || len(bare) > 0 {
		t.Errorf("without row security: %v, %v", bare, err)
	}
	var policies []struct {
		Table   string `db:"name"`
		Policy  string `db:"policyname"`
		Command string `db:"cmd"`
		Rows    string `db:"rows"`
	}
	err = admin.SelectContext(t.Context(), &policies, `
		SELECT schemaname || '.' || tablename AS name, policyname, cmd, coalesce(qual, with_check) AS rows
		FROM pg_policies WHERE roles = '{public}'`)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies {
		added := p.Command == "INSERT" && p.Policy == "add"
		if p.Rows == "true" && !added && !slices.Contains(everybodys, p.Table) {
			t.Errorf("policy %s of %s asks nothing about who acts", p.Policy, p.Table)
		}
	}
	if len(policies) < 40 {
		t.Errorf("only %d policies", len(policies))
	}
}

func schemas() string {
	all := ""
	for _, schema := range migrations.Schemas() {
		all += schema + ","
	}
	return all
}
