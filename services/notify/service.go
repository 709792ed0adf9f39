package notify

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"heli/pkg/access"
	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/pkg/pg"
	"heli/pkg/seal"
)

// Service holds the use cases. Who acts comes with the context; an endpoint that
// the actor may not see is NotFound, as an unknown one.
type Service struct {
	store     *store // behind the wall of who acts
	worker    *store // sees all, for the service's own work
	keys      *seal.Keys
	bus       *bus.Bus
	clock     func() time.Time
	log       *slog.Logger
	guard     guard
	clients   map[string]*http.Client // by scheme
	publicURL string
	tuning    tuning
	attempts  *prometheus.CounterVec
	writer    writer

	webhooks *courier[task]
	messages *courier[messageTask]
	composer *composer
	senders  []sender // the preferred one first; none: nobody is written to
	budget   int      // messages that a person gets in a week
	written  *prometheus.CounterVec
}

// tuning is what tests need to be otherwise.
type tuning struct {
	timeout  time.Duration  // of one attempt in all
	jitter   func() float64 // from 0 up to 1
	resolver *net.Resolver  // nil: the system's
	lease    time.Duration  // of a delivery that is being sent, by the service's clock
	roots    *tls.Config    // whom mail servers are believed by; nil: the system's
}

// New returns a service that does nothing by itself; Run gives it life.
func New(d app.Deps, c Config) (*Service, error) {
	t := tuning{timeout: attemptTime, jitter: rand.Float64, lease: leaseTime}
	if c.ClockSpeed > 1 {
		d.Clock = faster(d.Clock, c.ClockSpeed)
		t.lease = time.Duration(float64(t.lease) * c.ClockSpeed) // attempts take as long as ever
	}
	return newService(d, c, t)
}

// faster returns a clock that gains on another from now on.
func faster(clock func() time.Time, speed float64) func() time.Time {
	began := clock()
	return func() time.Time { return began.Add(time.Duration(float64(clock().Sub(began)) * speed)) }
}

func newService(d app.Deps, c Config, t tuning) (*Service, error) {
	catalogue, err := locale.New()
	if err != nil {
		return nil, fmt.Errorf("read catalogues: %w", err)
	}
	g := guard{allow: c.WebhookAllow, resolver: t.resolver}
	s := &Service{
		store: &store{db: d.DB}, worker: &store{db: d.Worker}, keys: d.Keys, bus: d.Bus, clock: d.Clock, log: d.Log, guard: g,
		clients:   map[string]*http.Client{"http": g.client("http"), "https": g.client("https")},
		publicURL: c.PublicURL, tuning: t,
		writer: writer{catalogue: catalogue, reference: d.Reference, publicURL: c.PublicURL},
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heli_webhook_attempts_total", Help: "Attempts to deliver a webhook, by what came of them.",
		}, []string{"result"}),
		written: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heli_message_attempts_total", Help: "Attempts to send a message to a person, by what came of them.",
		}, []string{"channel", "result"}),
	}
	s.webhooks = &courier[task]{what: "deliver webhooks", take: s.takeWebhooks, send: s.send, woken: make(chan struct{}, 1)}
	if err := s.setUpMessages(d.Keys, c, t); err != nil {
		return nil, err
	}
	return s, errors.Join(d.Registry.Register(s.attempts), d.Registry.Register(s.written))
}

func (s *Service) count(r result) {
	if r.reason == "" {
		r.reason = "delivered"
	}
	s.attempts.WithLabelValues(r.reason).Inc()
}

// now is the time as PostgreSQL keeps it.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

var errUnknown = fault.NewNotFound("webhook")

// seen returns the endpoint that a statement found, if the actor sees it.
func seen(ctx context.Context, e endpointRecord, err error) (endpointRecord, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return e, errUnknown
	}
	if err == nil && (e.State == stateRemoved || !contract.ActorFrom(ctx).Sees(e.OrgPath)) {
		return e, errUnknown
	}
	return e, pg.MapContext(ctx, err)
}

// read returns an endpoint that the actor may manage.
func (s *Service) read(ctx context.Context, id contract.EndpointID) (endpointRecord, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.ManageWebhooks); err != nil {
		return endpointRecord{}, err
	}
	if !contract.ValidID(id) {
		return endpointRecord{}, errUnknown
	}
	e, err := s.store.selectEndpoint(ctx, s.store.db, id)
	return seen(ctx, e, err)
}

// change locks an endpoint that the actor may manage and runs fn with it.
func (s *Service) change(ctx context.Context, id contract.EndpointID, fn func(tx *sqlx.Tx, e *endpointRecord) error) error {
	if err := access.Require(contract.ActorFrom(ctx), access.ManageWebhooks); err != nil {
		return err
	}
	if !contract.ValidID(id) {
		return errUnknown
	}
	return s.store.db.InTx(ctx, func(tx *sqlx.Tx) error {
		e, err := s.store.lockEndpoint(ctx, tx, id)
		if e, err = seen(ctx, e, err); err != nil {
			return err
		}
		return fn(tx, &e)
	})
}

// view returns an endpoint as it is shown, without its secret.
func (e endpointRecord) view() contract.Webhook {
	return contract.Webhook{
		ID: e.ID, Organisation: organisationOf(e.OrgPath), Kind: e.Kind, NoticeTimes: e.shown(), URL: e.URL, Events: e.Patterns, Description: e.Description,
		State: e.State, Reason: e.Reason, CreatedAt: e.CreatedAt, Version: e.Version,
	}
}

// Webhook returns an endpoint without its secret.
func (s *Service) Webhook(ctx context.Context, q contract.WebhookByID) (contract.Webhook, error) {
	e, err := s.read(ctx, q.ID)
	if err != nil {
		return contract.Webhook{}, err
	}
	return e.view(), nil
}

// Webhooks returns a page of the endpoints of the actor's organisation and those
// below it, the oldest first.
func (s *Service) Webhooks(ctx context.Context, q contract.ListWebhooks) (contract.Listing[contract.Webhook], error) {
	listing := contract.Listing[contract.Webhook]{Items: []contract.Webhook{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ManageWebhooks); err != nil {
		return listing, err
	}
	after, limit, err := page(q.Page)
	if err != nil {
		return listing, err
	}
	rows, err := s.store.listEndpoints(ctx, a.Sight(), after, limit+1)
	if err != nil {
		return listing, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		listing.NextCursor = cursor.Encode(moment{At: last.CreatedAt, ID: string(last.ID)})
	}
	for _, row := range rows {
		listing.Items = append(listing.Items, row.view())
	}
	return listing, nil
}

// page reads what part of a list by time is asked for.
func page(p contract.Page) (*moment, int, error) {
	limit, err := cursor.Limit(p.Limit)
	if err != nil {
		return nil, 0, err
	}
	var after moment
	found, err := cursor.Decode(p.Cursor, &after)
	if err != nil || !found {
		return nil, limit, err
	}
	if !contract.ValidID(contract.DeliveryID(after.ID)) {
		return nil, 0, fault.NewInvalid(fault.Field{Location: "cursor", Code: "malformed"})
	}
	return &after, limit, nil
}

// Remove ends an endpoint: nothing more is sent to it, what waits is dead, and
// its secrets are deleted. Repeating it is NotFound.
func (s *Service) Remove(ctx context.Context, q contract.WebhookByID) (contract.Empty, error) {
	return contract.Empty{}, s.change(ctx, q.ID, func(tx *sqlx.Tx, e *endpointRecord) error {
		e.State, e.Reason = stateRemoved, ""
		e.Version++
		if err := s.store.updateEndpoint(ctx, tx, *e); err != nil {
			return err
		}
		if err := s.store.deleteSecrets(ctx, tx, e.ID); err != nil {
			return err
		}
		return s.store.buryDeliveries(ctx, tx, s.now())
	})
}

// Rotate replaces the secret of a webhook and returns the new one, this once.
// For 24 hours the former ones sign too, so that a lost answer does no harm:
// asking again makes yet another. The key of a robot is not ours to change.
func (s *Service) Rotate(ctx context.Context, q contract.WebhookByID) (contract.Webhook, error) {
	secret := newSecret()
	var w contract.Webhook
	err := s.change(ctx, q.ID, func(tx *sqlx.Tx, e *endpointRecord) error {
		if e.Kind.Robot() {
			return fault.NewConflict("robot_key", "the key of a robot is made where the robot lives: register its new address")
		}
		e.Version++
		if err := s.store.updateEndpoint(ctx, tx, *e); err != nil {
			return err
		}
		w = e.view()
		return s.store.insertSecret(ctx, tx, e.ID, s.seal(e.ID, secret), s.now().Add(keptSecret))
	})
	if err != nil {
		return contract.Webhook{}, err
	}
	w.Secret = secret
	return w, nil
}

// Test sends a test event to an active endpoint. To another it sends a new
// verification event, and the right answer makes it active: so a disabled
// endpoint comes back. It is sent at once, before all that waits and however long
// the endpoint was to be left alone. The answer is seen in the delivery that is
// returned here before it is sent.
func (s *Service) Test(ctx context.Context, q contract.WebhookByID) (contract.Delivery, error) {
	var d contract.Delivery
	err := s.change(ctx, q.ID, func(tx *sqlx.Tx, e *endpointRecord) error {
		kind := typeTest
		if e.State != stateActive {
			kind = typeVerify
		}
		e.SlowUntil = nil
		if err := s.store.updateEndpoint(ctx, tx, *e); err != nil {
			return err
		}
		var err error
		d, err = s.probe(ctx, tx, *e, kind)
		return err
	})
	if err != nil {
		return contract.Delivery{}, err
	}
	wake(s.webhooks.woken)
	return d, nil
}

// probe makes an event about an endpoint itself due, since the endpoint was made:
// nothing that waits was due before.
func (s *Service) probe(ctx context.Context, tx *sqlx.Tx, e endpointRecord, kind string) (contract.Delivery, error) {
	now, event := s.now(), contract.NewID[contract.EventID]()
	data := endpointData{EndpointID: e.ID}
	if kind == typeVerify {
		data.Challenge = s.challenge(event)
	}
	row, err := endpointRow(event, kind, e.ID, data, now)
	if err != nil {
		return contract.Delivery{}, err
	}
	if _, err := s.store.insertEvents(ctx, tx, row); err != nil { // it has no sight, so nobody else gets it
		return contract.Delivery{}, err
	}
	ids, err := s.store.insertDeliveries(ctx, tx, now, wanted{EventID: event, EndpointID: e.ID, Type: kind, Since: e.CreatedAt})
	if err != nil {
		return contract.Delivery{}, err
	}
	return contract.Delivery{
		ID: contract.DeliveryID(ids[0]), EventID: event, Type: kind, State: statePending, Attempts: []contract.Attempt{}, NextAt: &now, CreatedAt: now,
	}, nil
}
