package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/testkit"
	"heli/services/web/assets"
)

// TestEveryRouteIsInTheTable walks all routes: each has a row in pkg/access, and
// each row a route.
func TestEveryRouteIsInTheTable(t *testing.T) {
	t.Parallel()
	d, err := assemble(testkit.Deps(t, "web"), Config{}, "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	routes, ok := router(d, Config{}).(chi.Routes)
	if !ok {
		t.Fatal("the router shows no routes")
	}
	var walked []string
	err = chi.Walk(routes, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(pattern, assets.Prefix) && method != http.MethodGet {
			return nil // files have one handler for all methods
		}
		walked = append(walked, method+" "+pattern)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(walked)
	rows := access.Routes()
	for _, route := range walked {
		if !slices.Contains(rows, route) {
			t.Errorf("%s has no row in pkg/access: say what it asks for", route)
		}
	}
	for _, row := range rows {
		if !slices.Contains(walked, row) {
			t.Errorf("the row %s has no route", row)
		}
	}
}
