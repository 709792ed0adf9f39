package offer

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heli/pkg/contract"
)

// machine drives a record with random moves, corrections and matches, and keeps
// beside it what must be true.
type machine struct {
	r       *record
	now     time.Time
	version int64
	ended   bool
}

func (m *machine) hand(role contract.Role) hand {
	m.now = m.now.Add(time.Minute)
	return newHand(contract.Actor{Role: role, Path: "root/"}, m.now)
}

func newMachine(t *rapid.T) *machine {
	r := &record{phone: rapid.Bool().Draw(t, "phone"), row: offerRow{
		ID: contract.NewID[contract.OfferID](), OrgCode: "root", OrgPath: "root/", Stage: Submitted,
		SubmittedBy: rapid.SampledFrom([]contract.Role{contract.RolePublic, contract.RoleCoordinator}).Draw(t, "by"),
	}}
	for i := range rapid.IntRange(1, 3).Draw(t, "lines") {
		r.lines = append(r.lines, lineRow{
			ID: contract.NewID[contract.OfferLineID](), Position: i, Category: "ppe", Unit: "piece",
			Quantity: rapid.Ptr(rapid.Int64Range(1, 3), true).Draw(t, "capacity"),
			Per:      rapid.SampledFrom([]contract.Period{contract.PerTotal, contract.PerTotal, contract.PerDay}).Draw(t, "per"),
		})
	}
	m := &machine{r: r, now: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
	r.settle(m.hand(r.row.SubmittedBy), moveSubmit, "")
	return m
}

func (m *machine) move(t *rapid.T) {
	name := rapid.SampledFrom(Moves).Draw(t, "move").Name
	role := rapid.SampledFrom(roles).Draw(t, "role")
	before := *m.r
	if err := m.r.move(m.hand(role), name, rapid.SampledFrom([]string{"", "why"}).Draw(t, "reason")); err != nil {
		if m.r.row.Stage != before.row.Stage || len(m.r.events) != len(before.events) {
			t.Fatalf("a refused move changed the offer: %v", err)
		}
		return
	}
	if m.ended && name != "unblock" {
		t.Fatalf("%s moved an offer that had ended", name)
	}
}

func (m *machine) verifyPhone(*rapid.T) { m.r.verifyPhone(m.hand(contract.RoleCoordinator), "") }

func (m *machine) changePhone(t *rapid.T) {
	if !m.r.situation().Live() {
		return
	}
	m.r.phone, m.r.row.PhoneVerified = rapid.Bool().Draw(t, "phone"), false
	if err := m.r.correct(m.hand(contract.RoleOfferer), contract.CorrectOffer{}); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) match(t *rapid.T) {
	line := &m.r.lines[rapid.IntRange(0, len(m.r.lines)-1).Draw(t, "line")]
	line.Reserved = rapid.Int64Range(0, 4).Draw(t, "reserved")
	m.r.hearMatches(m.hand(contract.RoleSystem))
}

// check looks at everything after each step.
func (m *machine) check(t *rapid.T) {
	row := m.r.row
	if row.State != m.r.situation().State() {
		t.Fatalf("shows %s, is %s", row.State, m.r.situation().State())
	}
	if row.Stage == Available && !m.r.situation().Reachable() {
		t.Fatal("available, but nobody answers for it")
	}
	if row.Version < m.version || row.Version != int64(len(m.r.events)) || len(m.r.events) != len(m.r.history) {
		t.Fatalf("version %d after %d with %d facts and %d rows of history", row.Version, m.version, len(m.r.events), len(m.r.history))
	}
	if last := m.r.events[len(m.r.events)-1]; last.State != string(row.State) || last.Version != row.Version {
		t.Fatalf("the last fact says %s %d, the offer is %s %d", last.State, last.Version, row.State, row.Version)
	}
	for i, h := range m.r.history[1:] {
		if h.From != m.r.history[i].To {
			t.Fatalf("the history jumps from %s to %s", m.r.history[i].To, h.From)
		}
	}
	m.version, m.ended = row.Version, slices.Contains(ends, row.Stage)
}

func TestRecordKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "move": m.move, "verify phone": m.verifyPhone, "change phone": m.changePhone, "match": m.match,
		})
	})
}
