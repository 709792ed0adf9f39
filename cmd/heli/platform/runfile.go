package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/seal"
)

// attachTime bounds the wait for a platform that is said to run.
const attachTime = 10 * time.Second

// Running is what a running platform tells commands beside it, in a file that
// only its owner may read. It holds no secret.
type Running struct {
	PID         int    `json:"pid"`
	URL         string `json:"url,omitempty"`
	AdminListen string `json:"admin_listen,omitempty"`
	NATSURL     string `json:"nats_url"`
	// NATSKeys says that NATS asks for the nkeys of the installation.
	NATSKeys bool `json:"nats_keys"`
	// OwnDatabase says that PostgreSQL is the embedded one.
	OwnDatabase bool `json:"own_database"`
}

func runFile(root string) string { return filepath.Join(root, "running.json") }

// publish writes the run file, whole or not at all, and removes it at the end.
func (p *Platform) publish() error {
	r := Running{
		PID: os.Getpid(), URL: p.URL, NATSURL: p.natsURL,
		NATSKeys: p.nats != nil || p.options.NATSKeys, OwnDatabase: p.options.DatabaseURL == "",
	}
	if p.admin != nil {
		r.AdminListen = p.admin.Address()
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode run file: %w", err)
	}
	aside := runFile(p.Root) + ".new"
	if err := os.WriteFile(aside, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write run file: %w", err)
	}
	if err := os.Rename(aside, runFile(p.Root)); err != nil {
		return fmt.Errorf("put run file in place: %w", err)
	}
	p.onClose(func() error { return removeRunFile(p.Root) })
	return nil
}

func removeRunFile(root string) error {
	if err := os.Remove(runFile(root)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove run file: %w", err)
	}
	return nil
}

// FindRunning returns what the platform that runs on a data folder tells; nil
// when none runs there.
func FindRunning(root string) (*Running, error) {
	used, err := embedded.RootInUse(root)
	if err != nil || !used {
		return nil, err
	}
	content, err := os.ReadFile(runFile(root))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("a Heli on the data folder %s is just starting or stopping: try again when it says ready", root)
	}
	if err != nil {
		return nil, fmt.Errorf("read run file: %w", err)
	}
	var r Running
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, fmt.Errorf("read run file: %w", err)
	}
	return &r, nil
}

// Attached is the administrator's way into an installation, wherever it runs.
type Attached struct {
	Bus *bus.Bus
	// URL is where its pages are, when it says so.
	URL string
	// Root is the folder of the installation, Keys its secrets.
	Root string
	Keys *seal.Keys
}

// Attach hands the job a connection to the installation: to the Heli that runs
// on the data folder, else to the one behind NATSURL, else to one that it starts
// for as long as the job takes, without pages.
func Attach(ctx context.Context, o Options, job func(context.Context, Attached) error) error {
	running, err := FindRunning(o.Data)
	switch {
	case err != nil:
		return err
	case running != nil:
		return attach(ctx, o, *running, job)
	case o.NATSURL != "":
		return attach(ctx, o, Running{NATSURL: o.NATSURL, NATSKeys: o.NATSKeys}, job)
	}
	o.Pages, o.AdminListen = false, ""
	return Run(ctx, o, func(ctx context.Context, p *Platform) error {
		return job(ctx, Attached{Bus: p.Bus, Root: p.Root, Keys: p.Keys})
	})
}

func attach(ctx context.Context, o Options, r Running, job func(context.Context, Attached) error) error {
	keys, err := app.KeyConfig{Data: o.Data, KeysContent: o.KeysContent}.Load()
	if err != nil {
		return err
	}
	options := bus.Options{URL: r.NATSURL, Name: embedded.Administrator, Log: o.Log}
	if r.NATSKeys {
		options.Seed = keys.NKeySeed(embedded.Administrator)
	}
	b, err := bus.Connect(ctx, options)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := awaitDirectory(ctx, b, r.NATSURL); err != nil {
		return err
	}
	return job(ctx, Attached{Bus: b, URL: r.URL, Root: o.Data, Keys: keys})
}

// awaitDirectory waits until the service answers that every job begins with.
func awaitDirectory(ctx context.Context, b *bus.Bus, address string) error {
	ctx, cancel := context.WithTimeout(contract.WithActor(ctx, contract.System()), attachTime)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		_, err := bus.Call(ctx, b, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: "root"})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no Heli answers at %s (%w): start it with heli up, or unset NATS_URL", address, err)
		case <-ticker.C:
		}
	}
}
