package contract_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"heli/pkg/contract"
)

// declaredActs counts the acts that the file of acts declares: values, and functions
// that return one for each service that keeps dead letters.
func declaredActs(t *testing.T) (values, made int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "act.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				values += len(d.Specs)
			}
		case *ast.FuncDecl:
			if d.Recv == nil && len(d.Type.Results.List) == 1 && isAct(d.Type.Results.List[0].Type) {
				made++
			}
		}
	}
	return values, made
}

func isAct(expr ast.Expr) bool {
	name, ok := expr.(*ast.Ident)
	return ok && name.Name == "Act"
}

func TestEveryActIsListedOnce(t *testing.T) {
	t.Parallel()
	values, made := declaredActs(t)
	if want := values + made*len(contract.LetterKeepers()); len(contract.Acts()) != want {
		t.Errorf("%d acts are listed, %d are declared", len(contract.Acts()), want)
	}
	seen := map[string]bool{}
	for _, act := range contract.Acts() {
		if seen[act.Code()] || act.Code() == "" || act.About() == "" {
			t.Errorf("%q about %q is listed twice, or says too little", act.Code(), act.About())
		}
		seen[act.Code()] = true
		if known, ok := contract.ActOf(act.Code()); !ok || known != act {
			t.Errorf("%q is found as %+v", act.Code(), known)
		}
	}
}

func TestAnActTravelsAsItsCode(t *testing.T) {
	t.Parallel()
	for _, code := range []string{contract.ActSignIn.Code(), "of.another.version", ""} {
		sent, err := json.Marshal(code)
		if err != nil {
			t.Fatal(err)
		}
		var act contract.Act
		if err := json.Unmarshal(sent, &act); err != nil || act.Code() != code {
			t.Errorf("%s arrives as %q (%v)", sent, act.Code(), err)
		}
		if back, err := json.Marshal(act); err != nil || string(back) != string(sent) {
			t.Errorf("%s leaves as %s (%v)", sent, back, err)
		}
	}
}
