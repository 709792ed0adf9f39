package house

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "heli/...").Output()
	if err != nil {
		t.Fatalf("list packages: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("decode go list: %v", err)
		}
		all = append(all, p)
	}
}

// layers lists the storeys from the bottom to the roof: a package imports only
// from storeys below its own.
var layers = [][]string{
	{"heli/pkg/fault", "heli/pkg/crash", "heli/pkg/pace", "heli/migrations"},
	{"heli/pkg/contract"},
	{"heli/pkg/lifecycle", "heli/pkg/access", "heli/pkg/reference", "heli/pkg/cursor", "heli/pkg/seal", "heli/pkg/word"},
	{"heli/pkg/check", "heli/pkg/tabular", "heli/pkg/risk", "heli/pkg/locale"},
	{"heli/pkg/bus", "heli/pkg/pg", "heli/pkg/contact", "heli/pkg/importer", "heli/pkg/reach"},
	{"heli/pkg/inbox", "heli/pkg/outbox", "heli/pkg/idempotency", "heli/pkg/embedded", "heli/pkg/vault", "heli/pkg/publication"},
	{"heli/pkg/app", "heli/pkg/letter", "heli/pkg/reminder"},
	{"heli/pkg/testkit", "heli/pkg/house"},
}

func storey(path string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, path) })
}

func TestPackagesImportOnlyFromBelow(t *testing.T) {
	for _, p := range listPackages(t) {
		from := storey(p.ImportPath)
		if strings.HasPrefix(p.ImportPath, "heli/pkg/") && from < 0 {
			t.Errorf("%s has no storey: give it one in layers", p.ImportPath)
		}
		if from < 0 {
			continue
		}
		for _, imported := range p.Imports {
			if !strings.HasPrefix(imported, "heli/") {
				continue
			}
			if to := storey(imported); to < 0 || to >= from {
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, imported)
			}
		}
	}
}

func TestServicesStayApart(t *testing.T) {
	for _, p := range listPackages(t) {
		own := service(p.ImportPath)
		for _, imported := range p.Imports {
			other := service(imported)
			if other == "" {
				continue
			}
			if own != "" && own != other {
				t.Errorf("%s imports %s: services talk by the bus alone", p.ImportPath, imported)
			}
			if strings.HasPrefix(p.ImportPath, "heli/pkg/") {
				t.Errorf("%s imports %s: pkg knows no service", p.ImportPath, imported)
			}
		}
	}
}

func service(path string) string {
	rest, ok := strings.CutPrefix(path, "heli/services/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func TestEachBinaryHoldsItsOwnServiceAlone(t *testing.T) {
	for _, name := range []string{"directory", "request", "offer", "matcher", "notify", "web"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "heli/cmd/"+name).Output()
		if err != nil {
			t.Fatalf("list cmd/%s: %v", name, err)
		}
		for path := range strings.FieldsSeq(string(out)) {
			if other := service(path); other != "" && other != name {
				t.Errorf("cmd/%s holds %s", name, path)
			}
		}
	}
}

// outside are the packages that reach out of the process.
var outside = []string{"net", "net/http", "os", "database/sql", "github.com/jmoiron/sqlx",
	"github.com/nats-io/nats.go", "heli/pkg/pg", "heli/pkg/bus", "heli/pkg/app"}

func TestPurePackagesDoNoIO(t *testing.T) {
	pure := []string{"heli/pkg/fault", "heli/pkg/contract", "heli/pkg/lifecycle", "heli/pkg/reference",
		"heli/pkg/access", "heli/pkg/word", "heli/pkg/risk", "heli/pkg/reach", "heli/services/matcher/rank", "heli/services/matcher/index",
		"heli/services/matcher/plan", "heli/services/matcher/plan/flow"}
	for _, p := range listPackages(t) {
		if !slices.Contains(pure, p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			if slices.Contains(outside, imported) {
				t.Errorf("%s is pure but imports %s", p.ImportPath, imported)
			}
		}
	}
}
