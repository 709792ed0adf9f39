package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

const (
	plantedMail  = "planted.person@example.org"
	plantedPhone = "+8613912345678"
	publicURL    = "https://heli.example.org"
)

// postOffice is a mail server that keeps what it is given.
type postOffice struct {
	address string
	roots   *tls.Config

	mu      sync.Mutex
	letters []postedLetter
	rcpt    error // answer to the recipient
	data    error
	signIns int
}

type postedLetter struct {
	from, to string
	raw      []byte
}

// newPostOffice starts a server that wants a password, and speaks TLS where it may.
func newPostOffice(t *testing.T, startTLS bool) *postOffice {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	p := &postOffice{roots: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }))
	server.Domain, server.ErrorLog = "mail.test", slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.AllowInsecureAuth = !startTLS
	if startTLS {
		server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12}
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	p.address = listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		must(t, server.Close())
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("mail server: %v", err)
		}
	})
	return p
}

func (p *postOffice) answer(rcpt, data error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rcpt, p.data = rcpt, data
}

func (p *postOffice) got() []postedLetter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]postedLetter(nil), p.letters...)
}

// counter is one connection to the office.
type counter struct {
	office *postOffice
	letter postedLetter
	known  bool
}

func (*counter) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "heli" || password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		c.known = true
		c.office.mu.Lock()
		defer c.office.mu.Unlock()
		c.office.signIns++
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	if !c.known {
		return smtp.ErrAuthRequired
	}
	c.letter.from = from
	return nil
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.letter.to = to
	return c.office.rcpt
}

func (c *counter) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if c.office.data != nil {
		return c.office.data
	}
	c.letter.raw = raw
	c.office.letters = append(c.office.letters, c.letter)
	return nil
}

func (c *counter) Reset()        { c.letter = postedLetter{} }
func (c *counter) Logout() error { return nil }

func (l postedLetter) parsed(t *testing.T) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(l.raw))
	must(t, err)
	return message
}

// neighbours answer as request, offer and matcher do.
type neighbours struct {
	mu      sync.Mutex
	person  contract.Reach
	other   map[string]contract.Reach // whoever is not that person, by what it is about
	match   contract.Match
	ask     contract.Ask
	failing error
	asked   []contract.AskReach
	bounced []contract.Bounced
	staff   []contract.PersonID // who listens
	heard   []contract.AskListeners
}

func (n *neighbours) listen(_ context.Context, q contract.AskListeners) (contract.Listeners, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard = append(n.heard, q)
	return contract.Listeners{People: n.staff}, n.failing
}

func (n *neighbours) reach(_ context.Context, q contract.AskReach) (contract.Reach, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, q)
	if other, there := n.other[q.ID]; there {
		return other, n.failing
	}
	return n.person, n.failing
}

func (n *neighbours) bounce(_ context.Context, q contract.Bounced) (contract.Empty, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bounced = append(n.bounced, q)
	return contract.Empty{}, n.failing
}

func (n *neighbours) get(context.Context, contract.GetByID) (contract.Match, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.match.State == "" {
		return contract.Match{}, fault.NewNotFound("match")
	}
	return n.match, nil
}

func (n *neighbours) getAsk(context.Context, contract.GetByID) (contract.Ask, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ask, nil
}

// say changes what the neighbours answer.
func (n *neighbours) say(f func(n *neighbours)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f(n)
}

func (n *neighbours) readings() []contract.AskReach {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]contract.AskReach(nil), n.asked...)
}

func (n *neighbours) run(t *testing.T, server *testkit.Server) {
	t.Helper()
	for service, register := range map[string]func(*bus.Server) error{
		"request": func(s *bus.Server) error {
			return errors.Join(bus.Handle(s, contract.RequestReach, n.reach), bus.Handle(s, contract.RequestBounced, n.bounce))
		},
		"offer": func(s *bus.Server) error {
			return errors.Join(bus.Handle(s, contract.OfferReach, n.reach), bus.Handle(s, contract.OfferBounced, n.bounce))
		},
		"directory": func(s *bus.Server) error {
			return errors.Join(bus.Handle(s, contract.DirectoryReach, n.reach), bus.Handle(s, contract.DirectoryBounced, n.bounce),
				bus.Handle(s, contract.DirectoryListeners, n.listen))
		},
		"matcher": func(s *bus.Server) error {
			return errors.Join(bus.Handle(s, contract.MatcherGet, n.get), bus.Handle(s, contract.MatcherAsk, n.getAsk))
		},
	} {
		answering, err := bus.NewServer(testkit.Bus(t, server, service), service)
		must(t, err)
		t.Cleanup(answering.Stop)
		must(t, register(answering))
	}
}

// writing is a service that writes to people; no loop runs, tests dispatch.
type writing struct {
	*bench
	office *postOffice
	around *neighbours
	log    *bytes.Buffer
}

func mailConfig(p *postOffice) Config {
	return Config{PublicURL: publicURL + "/", MessageConfig: MessageConfig{
		SMTPURL: "smtp://heli:s3cret@" + p.address, MailFrom: "Heli 合力 <help@heli.example>", MailBounces: "bounces@heli.example", Budget: 3,
	}}
}

func setupWriting(t *testing.T, change ...func(*Config)) *writing {
	t.Helper()
	office := newPostOffice(t, true)
	c := mailConfig(office)
	for _, f := range change {
		f(&c)
	}
	return writingAt(t, office, c)
}

func writingAt(t *testing.T, office *postOffice, c Config) *writing {
	t.Helper()
	server := testkit.NATS(t)
	w := &writing{office: office, around: &neighbours{}, log: &bytes.Buffer{}}
	w.around.run(t, server)
	w.around.say(func(n *neighbours) {
		n.person = contract.Reach{
			Channel: contract.ChannelMail, Address: plantedMail, Person: "digest", Language: "en", Code: "QGGN-M49W3",
			State: "submitted", Generation: 2, Path: xian,
		}
		n.match = contract.Match{State: "proposed", Generation: 1}
	})
	database := testkit.NewDatabase(t, "notify")
	tuned := steady()
	tuned.roots = office.roots
	w.bench = &bench{clock: testkit.NewClock(time.Time{}), world: database, admin: database.Admin(t)}
	s, err := newService(app.Deps{
		Name: "notify", DB: database.OpenActing(t, "notify"), Worker: database.Open(t, "notify"), Keys: testkeys(t), Clock: w.clock.Now,
		Bus: testkit.Bus(t, server, "notify"), Registry: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, c, tuned)
	must(t, err)
	w.Service = s
	return w
}

// write sends every message that is due and waits until each is booked.
func (w *writing) write(t *testing.T) {
	t.Helper()
	for {
		n, err := w.messages.dispatch(t.Context(), t.Context())
		must(t, err)
		w.messages.sending.Wait()
		if n == 0 {
			return
		}
	}
}

func (w *writing) shownMessages(t *testing.T) []contract.Message {
	t.Helper()
	list, err := w.Messages(as(t, contract.RoleCoordinator, xian), contract.ListMessages{})
	must(t, err)
	return list.Items
}

// told returns the one message of a kind.
func (w *writing) told(t *testing.T, kind string) contract.Message {
	t.Helper()
	for _, m := range w.shownMessages(t) {
		if m.Kind == kind {
			return m
		}
	}
	t.Fatalf("no message %s in %+v", kind, w.shownMessages(t))
	return contract.Message{}
}

// aboutRequest is the fact that a request reached a state.
func aboutRequest(state string) contract.Event {
	e := fact(state)
	id := contract.NewID[contract.RequestID]()
	e.Thing, e.AggregateID, e.Data = contract.ThingRequest, string(id), contract.EventData{RequestID: id, Category: "psych", Urgency: "urgent"}
	return e
}

// aboutMatch is the fact that a match of xian's request and hubei's offer did.
func aboutMatch(state string) contract.Event {
	e := fact(state, xian, hubei)
	e.Data.RequestID, e.Data.OfferID = contract.NewID[contract.RequestID](), contract.NewID[contract.OfferID]()
	return e
}

// next is the fact that the same match reached another state.
func next(e contract.Event, state string) contract.Event {
	e.ID, e.State, e.Version = contract.NewID[contract.EventID](), state, e.Version+1
	return e
}
