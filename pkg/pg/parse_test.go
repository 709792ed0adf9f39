package pg

import (
	"testing"

	"github.com/lib/pq"
)

func TestTLSIsRequiredAwayFromThisMachine(t *testing.T) {
	cases := map[string]pq.SSLMode{
		"postgres://a@db.example.org/x":                     pq.SSLModeRequire,
		"postgres://a@10.0.0.1/x":                           pq.SSLModeRequire,
		"postgres://a@db.example.org/x?sslmode=verify-full": pq.SSLModeVerifyFull,
		"postgres://a@db.example.org/x?sslmode=disable":     pq.SSLModeDisable,
		"postgres://a@localhost/x":                          pq.SSLModeDisable,
		"postgres://a@127.0.0.1/x":                          pq.SSLModeDisable,
		"postgres://a@[::1]/x":                              pq.SSLModeDisable,
		"postgres://a@/x?host=/run/heli":                    pq.SSLModeDisable,
	}
	for url, want := range cases {
		config, err := parse(url)
		if err != nil {
			t.Fatal(err)
		}
		if config.SSLMode != want {
			t.Errorf("%s has sslmode %s, not %s", url, config.SSLMode, want)
		}
	}
}
