package directory

import (
	"context"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

// bundle is a seeded directory on its own database.
type bundle struct {
	*Service
	admin *pg.DB
	clock *testkit.Clock
	ctx   context.Context // of the system

	mu   sync.Mutex
	told []string
	open map[string]int64 // work by path
}

func setup(t *testing.T) *bundle {
	t.Helper()
	database := testkit.NewDatabase(t, "directory")
	b := &bundle{
		admin: database.Admin(t), clock: testkit.NewClock(time.Time{}), open: map[string]int64{},
		ctx: contract.WithActor(t.Context(), contract.System()),
	}
	keys, err := seal.New()
	if err != nil {
		t.Fatalf("make keys: %v", err)
	}
	b.Service = New(database.OpenActing(t, "directory"), database.Open(t, "directory"), keys, b.clock.Now, b.hear, b.countOpen)
	if err := b.Seed(b.ctx); err != nil {
		t.Fatalf("seed: %v", err)
	}
	return b
}

func (b *bundle) countOpen(_ context.Context, path string) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[path], nil
}

func (b *bundle) hear(subject string, _ any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, subject)
}

// heard returns the broadcasts since the last call.
func (b *bundle) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := b.told
	b.told = nil
	return told
}

// organisation registers a draft below its parent and returns it.
func (b *bundle) organisation(t *testing.T, code, parent, region string) contract.Organisation {
	t.Helper()
	answer, err := b.Register(b.ctx, contract.OrganisationDraft{
		Code: code, Name: "示例 " + code, Kind: "charity", Level: "city", RegionCode: region, ParentCode: parent,
	})
	if err != nil {
		t.Fatalf("register %s: %v", code, err)
	}
	return answer.Organisation
}

func (b *bundle) person(t *testing.T, organisation string, role contract.Role) contract.Person {
	t.Helper()
	p, err := b.AddPerson(b.ctx, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: "示例·张三", Role: role, Organisation: organisation, Language: "zh-Hans",
	})
	if err != nil {
		t.Fatalf("add person: %v", err)
	}
	return p
}

// as returns a context in which a role of an organisation acts.
func as(t *testing.T, role contract.Role, o contract.Organisation) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{Role: role, Organisation: o.ID, Path: o.Path, Name: "示例"})
}
