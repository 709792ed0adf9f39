package main

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"

	"heli/cmd/heli/platform"
	"heli/pkg/embedded"
)

// place says which installation a command works on.
type place struct {
	Data        string `name:"data" env:"HELI_DATA" placeholder:"DIR" help:"Folder of the installation (default: /var/lib/heli for root, else heli in the user's data folder)."`
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"PostgreSQL in place of the embedded one."`
	KeysContent string `name:"keys-content" env:"HELI_KEYS" secret:"" hidden:"" help:"Content of the key file, in place of keys.json in the folder of the installation."`
	NATSURL     string `name:"nats-url" env:"NATS_URL" placeholder:"URL" help:"NATS in place of the embedded one."`
	NATSKeys    bool   `name:"nats-keys" env:"HELI_NATS_KEYS" help:"Sign in to that NATS with the nkeys of this installation."`
}

// root returns the absolute folder of the installation.
func (p place) root() (string, error) {
	if p.Data == "" {
		return embedded.DataRoot()
	}
	dir, err := filepath.Abs(p.Data)
	if err != nil {
		return "", fmt.Errorf("resolve --data %s: %w", p.Data, err)
	}
	return dir, nil
}

// options returns what the platform is told of the place.
func (p place) options(log *slog.Logger) (platform.Options, error) {
	root, err := p.root()
	if err != nil {
		return platform.Options{}, err
	}
	return platform.Options{Data: root, DatabaseURL: p.DatabaseURL, NATSURL: p.NATSURL, NATSKeys: p.NATSKeys, KeysContent: p.KeysContent, Log: log}, nil
}

// quiet is the log of commands whose result matters, not their way there.
func quiet(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
