package locale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"heli/pkg/locale"
)

// moduleRoot is where the scans for used keys and codes begin.
const moduleRoot = "../.."

// usage is what the module's code says about keys. A prefix is a literal that
// something is added to: it uses every key that begins with it.
type usage struct {
	keys, prefixes map[string]string // key → where
	literals       map[string]bool
	faults         map[string]string // code → where
	invalids       map[string]string
}

// scan reads every Go file of the module but tests; templ's generated files
// stand for the templates.
func scan(t *testing.T) usage {
	t.Helper()
	u := usage{map[string]string{}, map[string]string{}, map[string]bool{}, map[string]string{}, map[string]string{}}
	files := token.NewFileSet()
	err := filepath.WalkDir(moduleRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool { u.note(files, node); return true })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (u usage) note(files *token.FileSet, node ast.Node) {
	switch n := node.(type) {
	case *ast.BasicLit:
		if text, ok := literal(n); ok {
			u.literals[text] = true
		}
	case *ast.CallExpr:
		u.noteCall(files.Position(n.Pos()).String(), n)
	case *ast.CompositeLit:
		if name(n.Type) == "Field" && ofFault(n.Type) {
			u.noteField(files.Position(n.Pos()).String(), n)
		}
	}
}

func (u usage) noteCall(where string, call *ast.CallExpr) {
	switch called := name(call.Fun); {
	case called == "T" && len(call.Args) > 0:
		if key, ok := literal(call.Args[0]); ok {
			u.keys[key] = where
		} else if sum, ok := call.Args[0].(*ast.BinaryExpr); ok {
			if prefix, ok := literal(leftmost(sum)); ok {
				u.prefixes[prefix] = where
			}
		}
	case called == "NewConflict" && len(call.Args) == 2:
		noteLiteral(u.faults, where, call.Args[0])
	case called == "New" && len(call.Args) == 3 && ofFault(call.Fun):
		noteLiteral(u.faults, where, call.Args[1])
	}
}

// noteField notes the code of a fault.Field, by name or by place.
func (u usage) noteField(where string, field *ast.CompositeLit) {
	for i, element := range field.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if name(pair.Key) == "Code" {
				noteLiteral(u.invalids, where, pair.Value)
			}
		} else if i == 1 {
			noteLiteral(u.invalids, where, element)
		}
	}
}

func noteLiteral(into map[string]string, where string, expr ast.Expr) {
	if text, ok := literal(expr); ok {
		into[text] = where
	}
}

func name(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}

// ofFault reports whether a name is taken from package fault.
func ofFault(expr ast.Expr) bool {
	selector, ok := expr.(*ast.SelectorExpr)
	return ok && name(selector.X) == "fault"
}

func leftmost(expr ast.Expr) ast.Expr {
	if sum, ok := expr.(*ast.BinaryExpr); ok {
		return leftmost(sum.X)
	}
	return expr
}

func literal(expr ast.Expr) (string, bool) {
	lit, ok := expr.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func TestNoUsedKeyIsMissing(t *testing.T) {
	t.Parallel()
	known, _ := texts(t, locale.English)
	used := scan(t)
	for key, where := range used.keys {
		if _, ok := known[key]; !ok {
			t.Errorf("%s uses the key %q, which the catalogues do not have", where, key)
		}
	}
	for prefix, where := range used.prefixes {
		found := false
		for key := range known {
			found = found || strings.HasPrefix(key, prefix)
		}
		if !found {
			t.Errorf("%s uses keys that begin with %q; the catalogues have none", where, prefix)
		}
	}
}

func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	known, _ := texts(t, locale.English)
	used := scan(t)
	for code, where := range used.faults {
		if _, ok := known["fault."+code]; !ok {
			t.Errorf("%s: the code %q has no sentence fault.%s", where, code, code)
		}
	}
	for code, where := range used.invalids {
		if _, ok := known["invalid."+code]; !ok {
			t.Errorf("%s: the code %q has no sentence invalid.%s", where, code, code)
		}
	}
}

func TestNoKeyIsLeftOver(t *testing.T) {
	t.Parallel()
	known, areas := texts(t, locale.English)
	used := scan(t)
	for key := range known {
		if !used.uses(key) {
			t.Errorf("nothing uses the key %q of %s", key, areas[key])
		}
	}
}

// uses reports whether the key stands in the code, whole or by a beginning that
// ends with a dot: keys travel as values too, such as a factor's.
func (u usage) uses(key string) bool {
	if u.literals[key] {
		return true
	}
	for i := range key {
		if key[i] == '.' && u.literals[key[:i+1]] {
			return true
		}
	}
	return false
}
