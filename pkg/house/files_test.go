package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// goFiles returns the paths of all written Go files, from the root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_templ.go") {
			files = append(files, filepath.ToSlash(strings.TrimPrefix(path, root+"/")))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	return files
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("parse %s: %v", file, err)
	}
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("unquote %s: %v", spec.Path.Value, err)
		}
		paths = append(paths, path)
	}
	return paths
}

// pureFiles hold the rules of a life cycle and must not reach out.
var pureFiles = []string{"services/request/request.go", "services/offer/offer.go", "services/matcher/match.go", "services/matcher/ask.go", "services/matcher/wave/wave.go"}

func TestLifeCycleFilesArePure(t *testing.T) {
	for _, file := range pureFiles {
		for _, path := range imports(t, file) {
			if slices.Contains(outside, path) {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}

func TestRouterStaysAtTheEdge(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasPrefix(file, "services/web/") || strings.HasPrefix(file, "pkg/app/") {
			continue
		}
		for _, path := range imports(t, file) {
			if strings.HasPrefix(path, "github.com/go-chi/") {
				t.Errorf("%s imports %s: chi belongs to web and pkg/app", file, path)
			}
		}
	}
}

var sqlVerb = regexp.MustCompile("(?m)[`\"]\\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|select|insert into|update|delete from|with) [a-z_*(]")

func TestSQLLivesInStores(t *testing.T) {
	for _, file := range goFiles(t) {
		name := filepath.Base(file)
		inService := strings.HasPrefix(file, "services/")
		if !inService || strings.HasPrefix(name, "store") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		if found := sqlVerb.Find(text); found != nil {
			t.Errorf("%s holds SQL (%s): it belongs in store.go", file, found)
		}
	}
}

// TestOnlyTheBenchmarkStoresInClear keeps what turns sealing off, to measure it, out
// of everything that people run Heli with.
func TestOnlyTheBenchmarkStoresInClear(t *testing.T) {
	used := regexp.MustCompile(`\.Unsealed\b`)
	seen := 0
	for _, file := range goFiles(t) {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		if !used.Match(content) {
			continue
		}
		seen++
		if file != "cmd/heli/bench.go" && file != "cmd/heli/bench/intake.go" && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s may store contacts in clear", file)
		}
	}
	if seen == 0 {
		t.Error("nothing measures what sealing costs, so this shows nothing")
	}
}
