package house

import (
	"os"
	"path/filepath"
	"testing"

	"heli/pkg/access"
	"heli/services/matcher"
	"heli/services/offer"
	"heli/services/request"
)

// documents are rendered from code; `make generate` writes them.
func documents() map[string]string {
	return map[string]string{
		"docs/lifecycles.md": "# Life cycles\n\n" +
			"Rendered from the tables in the code (`make generate`). Every move is a row; anything else is refused.\n\n" +
			"## Request\n\n" + request.Moves.Markdown() +
			"\n## Offer\n\n" + offer.Moves.Markdown() +
			"\n## Match\n\n" + matcher.Moves.Markdown(),
		"docs/access.md": "# Who may do what\n\n" +
			"Rendered from `pkg/access` (`make generate`). Where a role may do so follows from its organisation: " +
			"it reaches what that organisation and those below it own. Who may make which move of a life cycle is in `lifecycles.md`.\n\n" +
			access.Markdown(),
	}
}

func TestDocsAreCurrent(t *testing.T) {
	for name, want := range documents() {
		path := filepath.Join(root, name)
		if os.Getenv("HELI_WRITE_DOCS") != "" {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatalf("write %s: %v", name, err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the code says: run make generate", name)
		}
	}
}
