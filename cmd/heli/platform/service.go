package platform

import (
	"cmp"
	"context"
	"path/filepath"

	"heli/pkg/app"
	"heli/services/directory"
	"heli/services/matcher"
	"heli/services/notify"
	"heli/services/offer"
	"heli/services/request"
	"heli/services/web"
)

// service is one of the services as the platform runs it.
type service struct {
	name string
	// users and workers bound its pools; all together stay below the 100 that
	// PostgreSQL takes by default, with some left for commands beside them.
	users, workers int
	run            func(context.Context, app.Deps) error // nil where there is more to know, see addService
}

func services() []service {
	return []service{
		{"directory", 4, 4, nil},
		{"request", 10, 8, nil},
		{"offer", 7, 7, nil},
		{"matcher", 10, 8, matcher.Run},
		{"notify", 3, 9, nil},
		{"web", 1, 11, nil},
	}
}

// openServices connects every service and makes the tasks, in the order in
// which they stop: services, then the stream, then what operators watch.
func (p *Platform) openServices(ctx context.Context) error {
	for _, s := range services() {
		if s.name == "web" && !p.options.Pages || s.name == "notify" && p.options.Silent {
			continue
		}
		d, err := app.NewDeps(ctx, p.connection(s))
		if err != nil {
			return err
		}
		p.onClose(d.Close)
		if err := p.addService(ctx, s, d); err != nil {
			return err
		}
	}
	app.SortTasks(p.tasks)
	p.tasks = append(p.tasks, p.keepStream(), app.Task{Name: "heap", Run: keepHeap})
	if p.admin != nil {
		p.tasks = append(p.tasks, app.Task{Name: "operators", Run: p.admin.Run})
	}
	return nil
}

// SinkFolder returns where an installation keeps what must outlive its database,
// unless it is told another place.
func SinkFolder(root string) string { return filepath.Join(root, "journal") }

func (p *Platform) addService(ctx context.Context, s service, d app.Deps) error {
	run := s.run
	switch s.name {
	case "directory":
		c := p.options.Directory
		c.Sink = cmp.Or(c.Sink, SinkFolder(p.Root))
		run = func(ctx context.Context, d app.Deps) error { return directory.Run(ctx, d, c) }
	case "request":
		run = func(ctx context.Context, d app.Deps) error {
			return request.Run(ctx, d, request.Config{Retention: p.options.Retention, Claims: p.options.Claims, Silence: p.options.Silence})
		}
	case "offer":
		run = func(ctx context.Context, d app.Deps) error {
			return offer.Run(ctx, d, offer.Config{Retention: p.options.Retention, Staleness: p.options.Staleness})
		}
	case "notify":
		run = func(ctx context.Context, d app.Deps) error { return notify.Run(ctx, d, p.notifyConfig()) }
	case "web":
		server, err := web.New(ctx, d, p.options.Web)
		if err != nil {
			return err
		}
		p.URL, p.Address = server.PublicURL(), server.Address()
		run = func(ctx context.Context, _ app.Deps) error { return server.Run(ctx) }
	}
	p.tasks = append(p.tasks, app.ServiceTask(d, run))
	return nil
}

// notifyConfig completes the configuration of notify, which runs after the
// address of the pages is known.
func (p *Platform) notifyConfig() notify.Config {
	c := p.options.Notify
	if c.PublicURL == "" {
		c.PublicURL = p.URL
	}
	return c
}

func (p *Platform) connection(s service) app.Connection {
	c := app.Connection{
		Name: s.name, Database: p.databases[s.name], UserConnections: s.users, WorkerConnections: s.workers,
		NATSURL: p.natsURL, NATSSeed: p.seed(s.name), ReadyWithoutNATS: s.name == "web",
		Keys: p.Keys, Log: p.log, Telemetry: p.telemetry, Health: p.health,
	}
	if p.nats != nil {
		c.NATSInProcess = p.nats
	}
	return c
}
