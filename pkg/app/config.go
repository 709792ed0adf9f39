package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"heli/pkg/seal"
)

// Config is what every separate binary is told, by flags or the environment. A
// flag tagged secret is never shown.
type Config struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" required:"" placeholder:"URL" help:"PostgreSQL, as postgres://user:password@host/database."`
	NATSURL     string `name:"nats-url" env:"NATS_URL" default:"nats://127.0.0.1:4222" placeholder:"URL" help:"NATS; tls:// unless it is on this machine (or ends with ?tls=disable)."`
	NATSSeed    string `name:"nats-seed" env:"HELI_NATS_SEED" secret:"" placeholder:"SEED" help:"nkey seed of this service, when NATS asks for one."`
	NATSCA      string `name:"nats-ca" env:"HELI_NATS_CA" placeholder:"FILE" help:"Certificates that may have signed that of NATS, when the system does not know them."`
	AdminListen string `name:"admin-listen" env:"HELI_ADMIN_LISTEN" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Health, metrics and profiles, for operators only."`
	Migrate     bool   `name:"migrate" env:"HELI_MIGRATE" default:"true" negatable:"" help:"Bring the service's own schema up to date at the start."`
	KeyConfig   `embed:""`
	LogConfig   `embed:""`
}

// KeyConfig says where the installation's keys are.
type KeyConfig struct {
	Data        string `name:"data" env:"HELI_DATA" default:"/var/lib/heli" placeholder:"DIR" help:"Folder of the installation."`
	Keys        string `name:"keys" env:"HELI_KEYS_FILE" placeholder:"FILE" help:"Key file, the same for every service (default: keys.json in the folder of the installation)."`
	KeysContent string `name:"keys-content" env:"HELI_KEYS" secret:"" hidden:"" help:"Content of the key file, instead of the file."`
}

// LogConfig says how to log.
type LogConfig struct {
	LogFormat string     `name:"log-format" env:"HELI_LOG_FORMAT" enum:"text,json" default:"text" help:"text or json."`
	LogLevel  slog.Level `name:"log-level" env:"HELI_LOG_LEVEL" default:"info" help:"debug, info, warn or error."`
}

// Load returns the keys. It never makes any: two services with keys of their
// own could not read each other's tokens, and would only find out later.
func (c KeyConfig) Load() (*seal.Keys, error) {
	if c.KeysContent != "" {
		keys, err := seal.Parse([]byte(c.KeysContent))
		if err != nil {
			return nil, fmt.Errorf("read HELI_KEYS: %w", err)
		}
		return keys, nil
	}
	path := c.Keys
	if path == "" {
		path = filepath.Join(c.Data, "keys.json")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key file %s: give every service the same one with --keys or HELI_KEYS; heli makes it at its first start", path)
	}
	return seal.Load(path)
}

// Logger returns a logger that writes to w.
func (c LogConfig) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// program is the command line of a separate binary.
type program[C any] struct {
	Config  `embed:""`
	Service C `embed:""`
}

// LogSettings logs all flags of a parsed command line, without secrets.
func LogSettings(ctx context.Context, log *slog.Logger, flags []*kong.Flag) {
	var attrs []slog.Attr
	for _, flag := range flags {
		if flag.Name == "help" {
			continue
		}
		attrs = append(attrs, slog.String(flag.Name, shown(fmt.Sprint(flag.Target.Interface()), flag.Tag.Has("secret"))))
	}
	log.LogAttrs(ctx, slog.LevelInfo, "settings", attrs...)
}

// shown hides secrets, and passwords inside URLs.
func shown(value string, secret bool) string {
	if value == "" {
		return value
	}
	if secret {
		return "(set)"
	}
	if !strings.Contains(value, "://") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil {
		return "(unreadable)"
	}
	return hideQuerySecrets(u).Redacted()
}

// hideQuerySecrets hides the password that PostgreSQL also takes as a parameter.
func hideQuerySecrets(u *url.URL) *url.URL {
	query := u.Query()
	for _, key := range []string{"password", "sslpassword"} {
		if query.Has(key) {
			query.Set(key, "xxxxx")
		}
	}
	u.RawQuery = query.Encode()
	return u
}
