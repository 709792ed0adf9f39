package app_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"heli/pkg/app"
	"heli/pkg/seal"
)

func TestSettingsAreMasked(t *testing.T) {
	t.Setenv("HELI_NATS_SEED", "hidden-seed")
	t.Setenv("HELI_KEYS", "hidden-keys")
	t.Setenv("DATABASE_URL", "postgres://heli:hidden-password@db/heli?password=hidden-too&sslmode=disable")
	var c app.Config
	parser, err := kong.New(&c, kong.Name("request"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse([]string{"--nats-url", "nats://u:hidden-word@nats:4222", "--admin-listen", "127.0.0.1:9", "--log-level", "debug"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	app.LogSettings(t.Context(), slog.New(slog.NewTextHandler(&out, nil)), parsed.Flags())
	if strings.Contains(out.String(), "hidden") {
		t.Errorf("a secret was shown: %s", out.String())
	}
	for _, want := range []string{"nats-seed=(set)", "keys-content=(set)", "admin-listen=127.0.0.1:9", "nats://u:xxxxx@nats:4222", "sslmode=disable", "log-level=DEBUG"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := (app.KeyConfig{Data: dir}).Load(); err == nil || !strings.Contains(err.Error(), "--keys") {
		t.Errorf("without a key file: %v", err)
	}
	file := filepath.Join(dir, "keys.json")
	want, err := seal.Load(file) // makes it
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]app.KeyConfig{
		"folder": {Data: dir}, "file": {Data: "/nowhere", Keys: file}, "content": {Data: "/nowhere", KeysContent: string(content)},
	} {
		got, err := c.Load()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.NKeySeed("web") != want.NKeySeed("web") {
			t.Errorf("%s: other keys", name)
		}
	}
	if _, err := (app.KeyConfig{KeysContent: "nonsense"}).Load(); err == nil || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("broken content: %v", err)
	}
}

func TestLogger(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{"json": `"msg":"seen"`, "text": "msg=seen"} {
		var out bytes.Buffer
		log := app.LogConfig{LogFormat: format, LogLevel: slog.LevelWarn}.Logger(&out)
		log.Info("unseen")
		log.Warn("seen")
		if got := out.String(); !strings.Contains(got, want) || strings.Contains(got, "unseen") {
			t.Errorf("%s: %s", format, got)
		}
	}
}

func TestWithSchema(t *testing.T) {
	t.Parallel()
	cases := []struct{ url, want string }{
		{"postgres://u:p@db/heli", "postgres://u:p@db/heli?search_path=request%2Cpublic"},
		{"postgres://u@/heli?host=%2Frun%2Fpg&sslmode=disable", "postgres://u@/heli?host=%2Frun%2Fpg&search_path=request%2Cpublic&sslmode=disable"},
		{"postgresql://db/heli?search_path=mine", "postgresql://db/heli?search_path=mine"},
		{"mysql://db/heli", ""},
		{"host=db", ""},
		{"", ""},
	}
	for _, c := range cases {
		got, err := app.WithSchema(c.url, "request")
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v", c.url, got, err)
		}
	}
}
