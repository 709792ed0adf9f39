package house

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/lifecycle"
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
			"\n## Match\n\n" + matcher.Moves.Markdown() +
			"\n## Ask\n\n" + matcher.AskMoves.Markdown(),
		"docs/access.md": "# Who may do what\n\n" +
			"Rendered from `pkg/access` (`make generate`). Scopes: below is what the actor's organisation and those below it own; " +
			"shared adds what others share with the network, around what the organisations above decided; anywhere belongs to no " +
			"organisation. A token's scope is the one thing that it speaks for. What is out of scope is answered as what is not there. " +
			"Who may make which move of a life cycle is in `lifecycles.md`.\n\n" +
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

// TestMovesAreForWhoMayMakeThem compares the rows of the access matrix for moves
// with the life cycles: who may make one, or change something beside them.
func TestMovesAreForWhoMayMakeThem(t *testing.T) {
	for action, may := range map[access.Action]func(contract.Role) bool{
		access.MoveRequests: makes(request.Moves), access.MoveOffers: makes(offer.Moves), access.MoveMatches: makes(matcher.Moves),
		access.AnswerAsks: makes(matcher.AskMoves),
	} {
		for _, role := range access.Roles() {
			beside := (action == access.MoveRequests || action == access.MoveOffers) && (access.May(role, access.WriteNotes) || access.May(role, access.VerifyPhone))
			if want := may(role) || beside; access.May(role, action) != want {
				t.Errorf("%s may %s = %v, the life cycle says %v", role, action, !want, want)
			}
		}
	}
}

// makes returns who may make any move of a table.
func makes[S ~string](table lifecycle.Table[S]) func(contract.Role) bool {
	return func(role contract.Role) bool {
		return slices.ContainsFunc(table, func(m lifecycle.Move[S]) bool { return slices.Contains(m.Who, role) })
	}
}
