package matcher

import (
	"context"
	"sync"
	"testing"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/testkit"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// bench is a matcher on a world of its own, with a request and an offer service
// that know nothing but projections.
type bench struct {
	*Service
	world *testkit.World
	admin *pg.DB
	clock *testkit.Clock
	fakes *projections
}

// projections answer as the request and offer services do.
type projections struct {
	mu       sync.Mutex
	requests map[string]contract.ProjectedRequest
	offers   map[string]contract.ProjectedOffer
}

func setup(t *testing.T) *bench {
	t.Helper()
	world := testkit.NewWorld(t, "matcher")
	fakes := &projections{requests: map[string]contract.ProjectedRequest{}, offers: map[string]contract.ProjectedOffer{}}
	fakes.serve(t, world)
	b := &bench{world: world, admin: world.Database.Admin(t), clock: world.Clock, fakes: fakes}
	b.Service = b.another(t)
	return b
}

// another returns one more matcher on the same tables.
func (b *bench) another(t *testing.T) *Service {
	t.Helper()
	s := New(b.world.Deps(t, "matcher"), index.NewFast())
	must(t, s.worker.seedPolicy(t.Context(), rank.Default(), s.clock()))
	must(t, s.refreshPolicies(t.Context()))
	must(t, s.load(t.Context()))
	return s
}

func (p *projections) serve(t *testing.T, world *testkit.World) {
	t.Helper()
	requests, err := bus.NewServer(testkit.Bus(t, world.Server, "request"), "request")
	must(t, err)
	t.Cleanup(requests.Stop)
	must(t, bus.Handle(requests, contract.RequestProjections, func(_ context.Context, q contract.GetProjections) (contract.Projections[contract.ProjectedRequest], error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return found(p.requests, q.IDs), nil
	}))
	offers, err := bus.NewServer(testkit.Bus(t, world.Server, "offer"), "offer")
	must(t, err)
	t.Cleanup(offers.Stop)
	must(t, bus.Handle(offers, contract.OfferProjections, func(_ context.Context, q contract.GetProjections) (contract.Projections[contract.ProjectedOffer], error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return found(p.offers, q.IDs), nil
	}))
}

func found[T any](m map[string]T, ids []string) contract.Projections[T] {
	f := contract.Projections[T]{Items: []T{}}
	for _, id := range ids {
		if v, ok := m[id]; ok {
			f.Items = append(f.Items, v)
		}
	}
	return f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantFault(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Kind != kind || f.Code != code {
		t.Fatalf("got %v, want %s %s", err, kind, code)
	}
}

func as(ctx context.Context, role contract.Role, path string) context.Context {
	return contract.WithActor(ctx, contract.Actor{Role: role, Name: "Demo", PersonID: "p", Path: path})
}

func asCoordinator(t testing.TB) context.Context {
	t.Helper()
	return as(t.Context(), contract.RoleCoordinator, testkit.Xian.Path)
}

func asToken[T ~string](t testing.TB, role contract.Role, id T) context.Context {
	t.Helper()
	return contract.WithActor(t.Context(), contract.Actor{Role: role, Subject: string(id)})
}

// need is an open request of Xi'an for some hands, with one line.
func need(quantity *int64, change ...func(*contract.ProjectedRequest)) contract.ProjectedRequest {
	p := contract.ProjectedRequest{
		RequestID: contract.NewID[contract.RequestID](), Version: 1, Open: true, Suggestable: true,
		Organisation: testkit.Xian.Code, Path: testkit.Xian.Path, Sharing: contract.SharingOwn,
		Urgency: contract.Urgent, WaitingSince: testkit.NewClock(time.Time{}).Now(), Mode: contract.ModeRemote, RegionCode: "610100",
		TimeZone: "Asia/Shanghai", OpenedByStaff: true, PhoneVerified: true,
		Lines: []contract.LineWords{{ID: contract.NewID[string](), Category: "labour", Quantity: quantity, Unit: "person"}},
	}
	for _, f := range change {
		f(&p)
	}
	return p
}

// help is an available offer of Xi'an of some hands, with one line.
func help(quantity *int64, change ...func(*contract.ProjectedOffer)) contract.ProjectedOffer {
	p := contract.ProjectedOffer{
		OfferID: contract.NewID[contract.OfferID](), Version: 1, Available: true,
		Organisation: testkit.Xian.Code, Path: testkit.Xian.Path, Sharing: contract.SharingOwn,
		Mode: contract.ModeRemote, RegionCode: "610100", TimeZone: "Asia/Shanghai", PhoneVerified: true,
		Lines: []contract.LineWords{{
			ID: contract.NewID[string](), Category: "labour", Quantity: quantity, Unit: "person", Per: contract.PerTotal,
		}},
	}
	for _, f := range change {
		f(&p)
	}
	return p
}

// tell makes a request known through its fact, as the stream does.
func (b *bench) tell(t testing.TB, p contract.ProjectedRequest, state string) {
	t.Helper()
	b.fakes.mu.Lock()
	b.fakes.requests[string(p.RequestID)] = p
	b.fakes.mu.Unlock()
	e := contract.Event{SchemaVersion: 1, ID: contract.NewID[contract.EventID](), Thing: contract.ThingRequest, State: state, AggregateID: string(p.RequestID), Version: p.Version}
	must(t, b.hearRequests(t.Context(), []contract.Event{e}, testkit.Once(t, b.worker.db, e)))
}

// tellOffer makes an offer known through its fact.
func (b *bench) tellOffer(t testing.TB, p contract.ProjectedOffer, state string) {
	t.Helper()
	b.fakes.mu.Lock()
	b.fakes.offers[string(p.OfferID)] = p
	b.fakes.mu.Unlock()
	e := contract.Event{SchemaVersion: 1, ID: contract.NewID[contract.EventID](), Thing: contract.ThingOffer, State: state, AggregateID: string(p.OfferID), Version: p.Version}
	must(t, b.hearOffers(t.Context(), []contract.Event{e}, testkit.Once(t, b.worker.db, e)))
}

func proposal(r contract.ProjectedRequest, o contract.ProjectedOffer, quantity *int64) contract.Propose {
	return contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(),
		NeedLineID: contract.NeedLineID(r.Lines[0].ID), OfferLineID: contract.OfferLineID(o.Lines[0].ID), Quantity: quantity,
	}
}

// matched tells of a need and an offer and proposes a match.
func (b *bench) matched(t testing.TB, r contract.ProjectedRequest, o contract.ProjectedOffer, quantity *int64) contract.Match {
	t.Helper()
	b.tell(t, r, "open")
	b.tellOffer(t, o, "available")
	m, err := b.Propose(asCoordinator(t), proposal(r, o, quantity))
	must(t, err)
	return m
}

func (b *bench) move(ctx context.Context, t testing.TB, m contract.Match, move string, change ...func(*contract.Move)) contract.Match {
	t.Helper()
	q := contract.Move{ID: string(m.ID), Move: move, Reason: "other"}
	for _, f := range change {
		f(&q)
	}
	m, err := b.Move(ctx, q)
	must(t, err)
	return m
}

func (b *bench) suggestions(t testing.TB, r contract.ProjectedRequest) contract.Suggestions {
	t.Helper()
	answer, err := b.Suggest(asCoordinator(t), contract.Suggest{RequestID: r.RequestID})
	must(t, err)
	return answer
}

// broken returns what of the reservation's invariants does not hold.
func (b *bench) broken(t testing.TB) []string {
	t.Helper()
	var broken []string
	must(t, b.admin.SelectContext(t.Context(), &broken, `
		WITH holding AS MATERIALIZED (SELECT * FROM matcher.matches WHERE state IN
			('proposed', 'accepted', 'contact_released', 'in_progress', 'reported_done', 'confirmed', 'disputed')),
		by_line AS (SELECT offer_line_id, period_start, sum(offer_quantity) AS n FROM holding GROUP BY 1, 2),
		by_need AS (SELECT need_line_id, sum(quantity) AS n FROM holding GROUP BY 1),
		facts AS (SELECT payload::json ->> 'aggregate_id' AS id, count(*) AS n FROM matcher.outbox GROUP BY 1),
		moves AS (SELECT subject_id AS id, count(*) AS n FROM matcher.history GROUP BY 1)
		SELECT 'capacity of ' || c.offer_line_id || ' says ' || c.reserved
			FROM matcher.capacity c LEFT JOIN by_line USING (offer_line_id, period_start)
			WHERE c.reserved <> COALESCE(n, 0) OR c.reserved > c.capacity OR c.reserved < 0
		UNION ALL SELECT 'need ' || need_line_id || ' says ' || reserved
			FROM matcher.needs LEFT JOIN by_need USING (need_line_id)
			WHERE reserved <> COALESCE(n, 0) OR reserved > quantity OR reserved < 0
		UNION ALL SELECT 'two live matches of ' || request_id FROM holding WHERE state <> 'confirmed'
			GROUP BY request_id, offer_id HAVING count(*) > 1
		UNION ALL SELECT 'facts of ' || m.id FROM matcher.matches m LEFT JOIN facts f ON f.id = m.id::text
			WHERE m.version IS DISTINCT FROM f.n
		UNION ALL SELECT 'history of ' || m.id FROM matcher.matches m LEFT JOIN moves h ON h.id = m.id
			WHERE m.version IS DISTINCT FROM h.n`))
	return broken
}

// serveDirectory answers as the directory does: it knows Xi'an, and keeps what
// is recorded.
func (b *bench) serveDirectory(t *testing.T) <-chan contract.AuditEntry {
	t.Helper()
	audited := make(chan contract.AuditEntry, 8)
	server, err := bus.NewServer(testkit.Bus(t, b.world.Server, "directory"), "directory")
	must(t, err)
	t.Cleanup(server.Stop)
	must(t, bus.Handle(server, contract.DirectoryOrganisation, func(_ context.Context, q contract.OrganisationByCode) (contract.Organisation, error) {
		if q.Code != testkit.Xian.Code {
			return contract.Organisation{}, fault.NewNotFound("organisation")
		}
		return contract.Organisation{Code: testkit.Xian.Code, Path: testkit.Xian.Path}, nil
	}))
	must(t, bus.Handle(server, contract.DirectoryAudit, func(_ context.Context, e contract.AuditEntry) (contract.Empty, error) {
		audited <- e
		return contract.Empty{}, nil
	}))
	return audited
}
