// Package platform owns the all-in-one mode: every service in one process, still
// over NATS and each with its own PostgreSQL role and nkey, on an embedded
// PostgreSQL and NATS unless others are named. It knows in which order things
// start and stop; what the services do is theirs.
package platform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/fault"
	"heli/pkg/seal"
	"heli/pkg/vault"
	"heli/services/directory"
	"heli/services/notify"
	"heli/services/offer"
	"heli/services/request"
	"heli/services/web"
)

// Administrator is the name under which the platform itself acts in histories.
const Administrator = "heli"

const (
	postgresStopTime = 10 * time.Second
	closeTime        = 3 * time.Second
)

// Options say where an installation lives and how it is reached.
type Options struct {
	// Data is the folder of the installation.
	Data string
	// DatabaseURL and NATSURL replace the embedded servers when they are set.
	DatabaseURL, NATSURL string
	// NATSKeys signs in to NATSURL with the nkeys derived from the key file.
	NATSKeys bool
	// AdminListen is where operators find health, metrics and profiles; none
	// when empty.
	AdminListen string
	// Directory says what leaves the database. Its sink is a folder of the
	// installation when empty.
	Directory directory.Config
	// Retention says how long what has ended is kept.
	Retention vault.Retention
	// Claims says how much one person may take responsibility for.
	Claims request.Claims
	// Silence says what becomes of reports that nobody answers.
	Silence request.Silence
	// Staleness says when offers are asked whether they still stand.
	Staleness offer.Staleness
	// KeysContent is the content of the key file, in place of the file.
	KeysContent string
	// Silent runs without notify: nothing is told to anybody outside.
	Silent bool
	// Pages serves web. Without it, only the bus reaches the platform.
	Pages  bool
	Web    web.Config
	Notify notify.Config
	// PostgresSettings override parameters of the embedded PostgreSQL.
	PostgresSettings map[string]string
	Log              *slog.Logger
}

// Platform is a running installation as its jobs see it.
type Platform struct {
	// Keys are the secrets of the installation.
	Keys *seal.Keys
	// Bus is the administrator's connection, which may call everybody.
	Bus *bus.Bus
	// URL is where readers reach the pages, Address where they are served as
	// HOST:PORT; both are empty without pages.
	URL, Address string
	// AdminURL is the address of the database for who may change tables. It
	// holds a password: it belongs in no log.
	AdminURL string
	// Root is the folder of the installation.
	Root string
	// Began is when the services began to start, over a database and a NATS that
	// were there.
	Began time.Time

	options   Options
	log       *slog.Logger
	databases map[string]app.Database // by service
	natsURL   string
	nats      *embedded.NATS // nil when it is not ours
	health    *app.Health
	telemetry *app.Telemetry
	admin     *app.AdminServer // nil without AdminListen
	tasks     []app.Task
	closers   []func() error // run from the last to the first
	madeKeys  bool           // the key file was made just now
}

// Run starts the platform, hands it to the job once every service is ready, and
// stops everything in order when the job returns, ctx ends or a service fails.
// The end of ctx is no error. It fails before anything long when a port or the
// data folder is in use.
func Run(ctx context.Context, o Options, job func(context.Context, *Platform) error) error {
	p := &Platform{options: o, log: o.Log, health: app.NewHealth(), databases: map[string]app.Database{}}
	err := p.open(ctx)
	if err == nil {
		err = p.serve(ctx, job)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // told to stop while it was starting
	}
	return errors.Join(err, p.close())
}

// serve runs the tasks for as long as the job takes.
func (p *Platform) serve(ctx context.Context, job func(context.Context, *Platform) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	p.Began = time.Now()
	done := make(chan error, 1)
	go func() {
		defer cancel()
		done <- p.work(inner, job)
	}()
	defer context.AfterFunc(inner, p.health.Stop)()
	err := app.RunAll(inner, p.log, p.tasks...)
	cancel()
	return errors.Join(err, <-done)
}

func (p *Platform) work(ctx context.Context, job func(context.Context, *Platform) error) error {
	err := p.health.Await(ctx)
	if err == nil {
		err = p.publish()
	}
	if err == nil {
		err = job(ctx, p)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// open brings everything up that the services stand on, then the services.
func (p *Platform) open(ctx context.Context) error {
	for _, step := range []struct {
		doing string
		run   func(context.Context) error
	}{
		{"open the data folder", p.openRoot},
		{"look at the ports", p.checkPorts},
		{"start telemetry", p.openTelemetry},
		{"start PostgreSQL", p.openDatabase},
		{"start NATS", p.openNATS},
		{"prepare the stream", p.openStream},
		{"connect the services", p.openServices},
	} {
		began := time.Now()
		if err := step.run(ctx); err != nil {
			return err
		}
		p.log.Debug(step.doing, "took", time.Since(began))
	}
	return nil
}

func (p *Platform) checkPorts(ctx context.Context) error {
	if !p.options.Pages {
		return nil
	}
	return checkListen(ctx, p.options.Web.Listen, "--listen")
}

func (p *Platform) openRoot(context.Context) error {
	root, err := embedded.OpenRoot(p.options.Data)
	if err != nil {
		return err
	}
	p.onClose(root.Close)
	p.Root = root.Dir()
	if err := removeRunFile(p.Root); err != nil {
		return err
	}
	p.Keys, err = p.loadKeys()
	return err
}

// KeyFile returns the path of the key file of an installation.
func KeyFile(root string) string { return filepath.Join(root, "keys.json") }

func (p *Platform) openTelemetry(ctx context.Context) error {
	telemetry, err := app.NewTelemetry(ctx, "heli")
	if err != nil {
		return err
	}
	p.telemetry = telemetry
	p.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		return telemetry.Close(ctx)
	})
	if p.options.AdminListen == "" {
		return nil
	}
	if p.admin, err = app.NewAdminServer(ctx, p.options.AdminListen, p.health, telemetry.Registry, p.log); err != nil {
		return err
	}
	return nil
}

func (p *Platform) onClose(closer func() error) { p.closers = append(p.closers, closer) }

func (p *Platform) close() error {
	var failed error
	for i := len(p.closers) - 1; i >= 0; i-- {
		failed = errors.Join(failed, p.closers[i]())
	}
	return failed
}

// AsAdministrator returns a context in which the platform acts as administrator
// of the organisation with the code.
func AsAdministrator(ctx context.Context, b *bus.Bus, code string) (context.Context, error) {
	system := contract.WithActor(ctx, contract.System())
	organisation, err := bus.Call(system, b, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: code})
	if fault.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("there is no organisation with the code %s: heli import organisations adds some", code)
	}
	if err != nil {
		return nil, fmt.Errorf("look for organisation %s: %w", code, err)
	}
	return contract.WithActor(ctx, contract.Actor{
		Role: contract.RoleAdministrator, Name: Administrator, Organisation: organisation.ID, Path: organisation.Path,
	}), nil
}
