package offer

import (
	"context"
	"sync"
	"testing"
	"time"

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

// bench is a service on a database of its own.
type bench struct {
	*Service
	db    *pg.DB
	admin *pg.DB
	clock *testkit.Clock
	deps  app.Deps
}

// setup returns a service without a bus, for what needs none.
func setup(t *testing.T) *bench {
	t.Helper()
	return setupWith(t, testkit.NewDatabase(t, "offer"), nil)
}

func setupWith(t *testing.T, database *testkit.Database, b *bus.Bus) *bench {
	t.Helper()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	clock := testkit.NewClock(time.Time{})
	d := app.Deps{
		Name: "offer", DB: database.OpenActing(t, "offer"), Worker: database.Open(t, "offer"), Bus: b, Keys: keys, Log: testkit.Log(t), Clock: clock.Now,
		Reference: app.FixedReference(reference.NewSnapshot(referenceData())), Ready: func() {},
	}
	return &bench{Service: New(d, Config{}), db: d.Worker, admin: database.Admin(t), clock: clock, deps: d}
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
	return setupWith(t, testkit.NewDatabase(t, "offer"), testkit.Bus(t, server, "offer")), d
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
		a.PersonID = contract.PersonID("person-" + string(role))
	}
	return contract.WithActor(t.Context(), a)
}

func asPublic(t *testing.T) context.Context {
	t.Helper()
	return as(t, contract.RolePublic, "")
}

func asOfferer(t *testing.T, id contract.OfferID) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleOfferer, Subject: string(id)})
}

func asSystem(t *testing.T) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.System())
}

// draft offers ten masks.
func draft(change ...func(*contract.OfferDraft)) contract.OfferDraft {
	d := contract.OfferDraft{
		Title: "捐口罩 masks", Description: "Ten masks from a shop", Mode: contract.ModeDelivery, RegionCode: "610100",
		Point: &contract.Point{Lat: 34.34567, Lon: 108.93456},
		OfferLines: []contract.OfferLine{{
			Category: "ppe", Item: "mask_n95", Capacity: contract.Capacity{Quantity: amount(10), Unit: "piece"},
		}},
		Credentials: []contract.Credential{{Kind: "psych", Number: "X-1"}, {Kind: "legal"}},
		Contact:     contract.Contact{Name: "演示乙", Phone: "+86 100 0000 1234", Email: "demo@example.org"},
		Consent:     contract.Consent{Version: "1", Purposes: []string{"matching"}},
	}
	for _, f := range change {
		f(&d)
	}
	return d
}

func fresh(d contract.OfferDraft) contract.SubmitOffer {
	return contract.SubmitOffer{ID: contract.NewID[contract.OfferID](), Code: contract.NewCode(), Draft: d}
}

// offered submits an offer of the public in xian.
func (b *bench) offered(t *testing.T, change ...func(*contract.OfferDraft)) contract.SubmittedOffer {
	t.Helper()
	answer, err := b.Submit(asPublic(t), fresh(draft(change...)))
	must(t, err)
	return answer
}

// available submits an offer of xian's coordinator that is available at once.
func (b *bench) available(t *testing.T, change ...func(*contract.OfferDraft)) contract.SubmittedOffer {
	t.Helper()
	d := draft(change...)
	d.State = string(Available)
	answer, err := b.Submit(as(t, contract.RoleCoordinator, xian), fresh(d))
	must(t, err)
	return answer
}

// see returns the offer as the system sees it.
func (b *bench) see(t *testing.T, id contract.OfferID) contract.Offer {
	t.Helper()
	got, err := b.Get(asSystem(t), contract.GetByID{ID: string(id)})
	must(t, err)
	return got
}

// move makes moves as xian's coordinator and returns the last state.
func (b *bench) move(t *testing.T, id contract.OfferID, moves ...string) string {
	t.Helper()
	var state string
	for _, name := range moves {
		moved, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(id), Move: name, Reason: "why"})
		must(t, err)
		state = moved.State
	}
	return state
}

// facts returns the states that were said of an offer, in order.
func (b *bench) facts(t *testing.T, id contract.OfferID) []string {
	t.Helper()
	var states []string
	must(t, b.admin.SelectContext(t.Context(), &states, `
		SELECT payload::json ->> 'state' FROM offer.outbox
		WHERE payload::json ->> 'aggregate_id' = $1 ORDER BY (payload::json ->> 'version')::int`, string(id)))
	return states
}

func (b *bench) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	must(t, b.admin.GetContext(t.Context(), &n, query))
	return n
}

// projected returns what the matcher may know.
func (b *bench) projected(t *testing.T, id contract.OfferID) contract.ProjectedOffer {
	t.Helper()
	found, err := b.Projections(asSystem(t), contract.GetProjections{IDs: []string{string(id)}})
	must(t, err)
	if len(found.Items) != 1 {
		t.Fatalf("%d projections, want 1", len(found.Items))
	}
	return found.Items[0]
}
