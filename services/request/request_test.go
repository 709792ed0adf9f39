package request

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

var everyRole = []contract.Role{
	contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleAgencyLead, contract.RoleHelper,
	contract.RoleAuditor, contract.RoleIntegrator, contract.RolePublic, contract.RoleRequester,
	contract.RoleOfferer, contract.RoleAnswerer, contract.RoleSystem,
}

// TestTableIsWalked tries every move of the table from every stage in every role.
func TestTableIsWalked(t *testing.T) {
	for _, row := range Moves {
		for _, from := range append(slices.Clone(live), Reopened, Closed) {
			for _, role := range everyRole {
				got, err := Situation{Stage: from, Reason: reasonOf(from)}.Make(row.Name, role, "no_longer_needed")
				allowed := slices.Contains(row.From, from) && slices.Contains(row.Who, role)
				switch {
				case allowed && (err != nil || got.Stage != row.To):
					t.Errorf("%s %s by %s: got %s, %v", from, row.Name, role, got.Stage, err)
				case !allowed && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Forbidden):
					t.Errorf("%s %s by %s: got %v, want a refusal", from, row.Name, role, err)
				case allowed && (got.Stage == Closed) != (got.Reason != ""):
					t.Errorf("%s %s: stage %s with reason %q", from, row.Name, got.Stage, got.Reason)
				}
			}
		}
	}
}

func reasonOf(s Stage) Reason {
	if s == Closed {
		return "no_longer_needed"
	}
	return ""
}

func TestReasons(t *testing.T) {
	open := Situation{Stage: Open}
	for _, reason := range Reasons() {
		if got, err := open.Make("close", contract.RoleCoordinator, string(reason)); err != nil || got.Reason != reason {
			t.Errorf("close %s: %v, %v", reason, got, err)
		}
	}
	for _, reason := range []string{"", " ", "because"} {
		if _, err := open.Make("close", contract.RoleCoordinator, reason); !fault.Is(err, fault.Invalid) {
			t.Errorf("close %q: %v", reason, err)
		}
	}
	if got, err := open.Make("withdraw", contract.RoleRequester, "help came"); err != nil || got.Reason != ReasonWithdrawn {
		t.Errorf("withdraw: %v, %v", got, err)
	}
}

func TestState(t *testing.T) {
	ten, none := amount(10), (*int64)(nil)
	view := func(state string, n int64) MatchView { return MatchView{State: state, Quantity: &n} }
	done := func(state string, n, fulfilled int64) MatchView {
		return MatchView{State: state, Quantity: &n, Fulfilled: &fulfilled}
	}
	line := func(wanted *int64, m ...MatchView) Totals { return TotalsOf(wanted, m) }
	for name, c := range map[string]struct {
		stage Stage
		lines []Totals
		want  State
	}{
		"nothing":                   {Open, []Totals{line(ten)}, "open"},
		"a proposal is no match":    {Open, []Totals{line(ten, view("proposed", 10))}, "open"},
		"part of a line":            {Open, []Totals{line(ten, view("accepted", 4))}, PartiallyMatched},
		"one of two lines":          {Open, []Totals{line(ten, view("accepted", 10)), line(ten)}, PartiallyMatched},
		"all of it":                 {Open, []Totals{line(ten, view("accepted", 4), view("contact_released", 6))}, Matched},
		"begun":                     {Open, []Totals{line(ten, view("in_progress", 4), view("accepted", 6))}, InProgress},
		"reported":                  {Open, []Totals{line(ten, done("reported_done", 10, 10))}, ReportedFulfilled},
		"reported less":             {Open, []Totals{line(ten, done("reported_done", 10, 7))}, PartiallyMatched},
		"confirmed and reported":    {Open, []Totals{line(ten, done("confirmed", 10, 10)), line(ten, view("reported_done", 10))}, ReportedFulfilled},
		"confirmed":                 {Open, []Totals{line(ten, done("confirmed", 10, 10))}, Confirmed},
		"disputed":                  {Open, []Totals{line(ten, view("disputed", 10))}, Disputed},
		"disputed while on hold":    {OnHold, []Totals{line(ten, view("disputed", 10))}, Disputed},
		"ended matches do not hold": {Open, []Totals{line(ten, view("cancelled", 10), view("no_show", 10), view("declined", 1))}, "open"},
		"not stated counts one":     {Open, []Totals{line(none, MatchView{State: "accepted"})}, Matched},
		"on hold":                   {OnHold, []Totals{line(ten, view("accepted", 4))}, "on_hold"},
	} {
		if got := (Situation{Stage: c.stage, Lines: c.lines}).State(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	closed := Situation{Stage: Closed, Reason: "rejected", Lines: []Totals{line(ten, view("disputed", 1))}}
	if closed.State() != "closed" {
		t.Errorf("closed shows %s", closed.State())
	}
	if (Situation{Stage: Open}).State() != "open" {
		t.Error("a request without lines is not open")
	}
}

// TestSituations moves and matches at random: the shown state always is one
// that exists, a closed request moves by reopening alone, and more progress
// never shows as less.
func TestSituations(t *testing.T) {
	t.Parallel()
	progress := []string{"proposed", "accepted", "contact_released", "in_progress", "reported_done", "confirmed"}
	order := []State{"open", PartiallyMatched, Matched, InProgress, ReportedFulfilled, Confirmed}
	rapid.Check(t, func(t *rapid.T) {
		s := Situation{Stage: Submitted, Lines: []Totals{TotalsOf(amount(2), nil)}}
		matches := []MatchView{{State: "proposed", Quantity: amount(1)}, {State: "proposed", Quantity: amount(1)}}
		steps := []int{0, 0}
		t.Repeat(map[string]func(*rapid.T){
			"move": func(t *rapid.T) {
				move := rapid.SampledFrom(Moves).Draw(t, "move")
				role := rapid.SampledFrom(everyRole).Draw(t, "role")
				next, err := s.Make(move.Name, role, "rejected")
				if err != nil {
					return
				}
				if s.Stage == Closed && next.Stage != Reopened {
					t.Fatalf("%s led from closed to %s", move.Name, next.Stage)
				}
				s = next
			},
			"match": func(t *rapid.T) {
				i := rapid.IntRange(0, 1).Draw(t, "match")
				before := s.State()
				steps[i] = min(steps[i]+1, len(progress)-1)
				matches[i].State = progress[steps[i]]
				s.Lines[0] = TotalsOf(amount(2), matches)
				if s.Stage == Open && slices.Index(order, s.State()) < slices.Index(order, before) {
					t.Fatalf("%s became %s", before, s.State())
				}
			},
			"": func(t *rapid.T) {
				if !slices.Contains(States(), string(s.State())) {
					t.Fatalf("unknown state %s", s.State())
				}
			},
		})
	})
}
