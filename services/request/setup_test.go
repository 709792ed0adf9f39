package request

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reference"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

const (
	shaanxi = "root/shaanxi/"
	xian    = "root/shaanxi/xian/"
	hubei   = "root/hubei/"
)

// testClaims is how many claims one person may have here.
const testClaims = 3

// bench is a service on a database of its own.
type bench struct {
	*Service
	db    *pg.DB
	admin *pg.DB
	clock *testkit.Clock
	deps  app.Deps
}

// setup returns a service with nobody beside it on the bus.
func setup(t *testing.T) *bench {
	t.Helper()
	return setupWith(t, testkit.NewDatabase(t, "request"), testkit.Bus(t, testkit.NATS(t), "request"))
}

func setupWith(t *testing.T, database *testkit.Database, b *bus.Bus) *bench {
	t.Helper()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	clock := testkit.NewClock(time.Time{})
	d := app.Deps{
		Name: "request", DB: database.OpenActing(t, "request"), Worker: database.Open(t, "request"), Bus: b, Keys: keys, Log: testkit.Log(t), Clock: clock.Now,
		Reference: app.FixedReference(reference.NewSnapshot(referenceData())), Ready: func() {},
	}
	s := New(d, Config{Claims: Claims{MaxClaims: testClaims}})
	t.Cleanup(s.Close)
	return &bench{Service: s, db: d.Worker, admin: database.Admin(t), clock: clock, deps: d}
}

func referenceData() contract.Reference {
	root := contract.OrganisationRef{ID: contract.NewID[contract.OrganisationID](), Code: "root", Path: contract.RootPath}
	return contract.Reference{
		Version: 1, Root: root,
		Regions: []contract.Region{
			{Code: "000000", Level: "country"}, {Code: "610000", Parent: "000000", Level: "province"},
			{Code: "610100", Parent: "610000", Level: "city"}, {Code: "420000", Parent: "000000", Level: "province"},
		},
		Categories: []contract.Category{
			{Code: "ppe"}, {Code: "psych", Sensitive: true}, {Code: "labour"}, {Code: "labour.sorting", Parent: "labour"},
		},
		Items:        []contract.Item{{Code: "mask_n95", Category: "ppe", Unit: "piece"}},
		Coordinators: map[string]contract.OrganisationRef{"610100": {Code: "xian", Path: xian}},
	}
}

// directory answers as the directory does, and keeps what it was told to audit.
type directory struct {
	entries chan contract.AuditEntry
	refuse  bool

	mu      sync.Mutex
	journal []contract.Erasure
}

func (d *directory) recordErasure(_ context.Context, q contract.RecordErasure) (contract.Empty, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse {
		return contract.Empty{}, fault.NewUnavailable(nil)
	}
	d.journal = append(d.journal, contract.Erasure{Seq: int64(len(d.journal) + 1), Thing: q.Thing, SubjectID: q.SubjectID})
	return contract.Empty{}, nil
}

func (d *directory) erasures(_ context.Context, q contract.ListErasures) (contract.Erasures, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := contract.Erasures{Items: []contract.Erasure{}, Last: int64(len(d.journal))}
	for _, e := range d.journal[min(q.After, int64(len(d.journal))):] {
		if e.Thing == q.Thing {
			found.Items = append(found.Items, e)
		}
	}
	return found, nil
}

func (d *directory) run(t *testing.T, b *bus.Bus) {
	t.Helper()
	server, err := bus.NewServer(b, "directory")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	must(t, bus.Handle(server, contract.DirectoryAudit, func(_ context.Context, e contract.AuditEntry) (contract.Empty, error) {
		if d.refuse {
			return contract.Empty{}, fault.NewUnavailable(nil)
		}
		d.entries <- e
		return contract.Empty{}, nil
	}))
	must(t, bus.Handle(server, contract.DirectoryRecordErasure, d.recordErasure))
	must(t, bus.Handle(server, contract.DirectoryErasures, d.erasures))
	must(t, bus.Handle(server, contract.DirectoryOrganisation, func(_ context.Context, q contract.OrganisationByCode) (contract.Organisation, error) {
		paths := map[string]string{"root": contract.RootPath, "shaanxi": shaanxi, "xian": xian, "hubei": hubei}
		if paths[q.Code] == "" {
			return contract.Organisation{}, fault.NewNotFound("organisation")
		}
		return contract.Organisation{Code: q.Code, Path: paths[q.Code]}, nil
	}))
}

// setupBus returns a service on a real NATS with a directory beside it.
func setupBus(t *testing.T) (*bench, *directory) {
	t.Helper()
	server := testkit.NATS(t)
	d := &directory{entries: make(chan contract.AuditEntry, 16)}
	d.run(t, testkit.Bus(t, server, "directory"))
	return setupWith(t, testkit.NewDatabase(t, "request"), testkit.Bus(t, server, "request")), d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFault(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Kind != kind || (code != "" && f.Code != code) {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
}

func as(t *testing.T, role contract.Role, path string) context.Context {
	t.Helper()
	a := contract.Actor{Role: role, Name: "Coordinator Demo", Path: path}
	if a.Staff() {
		a.PersonID = contract.PersonID(uuid.NewSHA1(uuid.Nil, []byte(string(role)+path)).String())
	}
	return contract.WithActor(t.Context(), a)
}

func asRequester(t *testing.T, id contract.RequestID) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleRequester, Subject: string(id)})
}

func asSystem(t *testing.T) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.System())
}

func amount(n int64) *int64 { return &n }

// draft asks for ten masks.
func draft(change ...func(*contract.RequestDraft)) contract.RequestDraft {
	d := contract.RequestDraft{
		Title: "需要口罩 masks", Description: "Ten masks for a clinic", Urgency: contract.Urgent, Mode: contract.ModeDelivery,
		RegionCode: "610100", Point: &contract.Point{Lat: 34.34567, Lon: 108.93456},
		NeedLines: []contract.NeedLine{{Category: "ppe", Item: "mask_n95", Quantity: amount(10), Unit: "piece"}},
		Contact:   contract.Contact{Name: "演示甲", Phone: "+86 100 0000 1234", Email: "demo@example.org"},
		Consent:   contract.Consent{Version: "1", Purposes: []string{"matching"}},
	}
	for _, f := range change {
		f(&d)
	}
	return d
}

func submission1(d contract.RequestDraft) contract.SubmitRequest {
	return contract.SubmitRequest{ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(), Draft: d}
}

// opened submits a request of xian's coordinator that is open at once.
func (b *bench) opened(t *testing.T, change ...func(*contract.RequestDraft)) contract.SubmittedRequest {
	t.Helper()
	d := draft(change...)
	d.State = string(Open)
	answer, err := b.Submit(as(t, contract.RoleCoordinator, xian), submission1(d))
	must(t, err)
	return answer
}

// facts returns the states that were said of a request, in order.
func (b *bench) facts(t *testing.T, id contract.RequestID) []string {
	t.Helper()
	var states []string
	must(t, b.admin.SelectContext(t.Context(), &states, `
		SELECT payload::json ->> 'state' FROM request.outbox
		WHERE payload::json ->> 'aggregate_id' = $1 ORDER BY (payload::json ->> 'version')::int`, string(id)))
	return states
}

func (b *bench) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	must(t, b.admin.GetContext(t.Context(), &n, query))
	return n
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// projected returns what the matcher may know.
func (b *bench) projected(t *testing.T, id contract.RequestID) contract.ProjectedRequest {
	t.Helper()
	found, err := b.Projections(asSystem(t), contract.GetProjections{IDs: []string{string(id)}})
	must(t, err)
	if len(found.Items) != 1 {
		t.Fatalf("%d projections, want 1", len(found.Items))
	}
	return found.Items[0]
}
