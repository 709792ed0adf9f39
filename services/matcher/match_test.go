package matcher

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

var roles = []contract.Role{
	contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleAgencyLead, contract.RoleHelper,
	contract.RoleAuditor, contract.RoleIntegrator, contract.RolePublic, contract.RoleRequester,
	contract.RoleOfferer, contract.RoleAnswerer, contract.RoleSystem,
}

// TestMovesFollowTheTable walks every move from every state for every role.
func TestMovesFollowTheTable(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, m := range Moves {
		names[m.Name] = true
	}
	for name := range names {
		for _, from := range Moves.States() {
			for _, role := range roles {
				to, err := Moves.Apply(name, from, role, "why")
				allowed := slices.Contains(Moves.Available(from, role), name)
				if allowed != (err == nil) {
					t.Errorf("%s from %s as %s: %v, available %v", name, from, role, err, allowed)
				}
				if err == nil && !from.Holds() {
					t.Errorf("%s leads out of the end %s to %s", name, from, to)
				}
				if err == nil && (role == contract.RoleAuditor || role == contract.RoleHelper || role == contract.RolePublic) {
					t.Errorf("%s may %s", role, name)
				}
			}
		}
	}
}

func TestEveryStateIsReachable(t *testing.T) {
	t.Parallel()
	reached := []State{Proposed}
	for changed := true; changed; {
		changed = false
		for _, m := range Moves {
			if slices.ContainsFunc(m.From, func(s State) bool { return slices.Contains(reached, s) }) && !slices.Contains(reached, m.To) {
				reached, changed = append(reached, m.To), true
			}
		}
	}
	for _, s := range Moves.States() {
		if !slices.Contains(reached, s) {
			t.Errorf("%s cannot be reached", s)
		}
	}
}

func TestClosingAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		before   answers
		move     string
		amount   *int64
		to       State
		want     State
		reserved int64
	}{
		{"reported whole", answers{}, "report", nil, ReportedDone, ReportedDone, 10},
		{"reported less frees the rest", answers{}, "report", new(int64(4)), ReportedDone, ReportedDone, 4},
		{"reported nothing has failed", answers{}, "report", new(int64(0)), ReportedDone, Failed, 10},
		{"confirmed whole", answers{reported: new(int64(10))}, "confirm", nil, Confirmed, Confirmed, 10},
		{"confirmed less is disputed", answers{reported: new(int64(10))}, "confirm", new(int64(3)), Confirmed, Disputed, 10},
		{"confirmed before the report", answers{}, "confirm", nil, InProgress, InProgress, 10},
		{"reported after the confirmation", answers{confirmed: new(int64(10))}, "report", nil, ReportedDone, Confirmed, 10},
		{"reported more than was confirmed before", answers{confirmed: new(int64(2))}, "report", new(int64(5)), ReportedDone, Disputed, 5},
		{"resolved with a part", answers{reported: new(int64(10))}, "resolve", new(int64(6)), Confirmed, Confirmed, 6},
		{"resolved with nothing", answers{reported: new(int64(10))}, "resolve", new(int64(0)), Confirmed, Failed, 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			given, err := c.before.give(c.move, c.amount, 10)
			must(t, err)
			state, reserved := given.outcome(c.move, c.to, 10)
			if state != c.want || reserved != c.reserved {
				t.Errorf("got %s with %d, want %s with %d", state, reserved, c.want, c.reserved)
			}
		})
	}
	for _, wrong := range []int64{-1, 11} {
		if _, err := (answers{}).give("report", &wrong, 10); !fault.Is(err, fault.Invalid) {
			t.Errorf("report of %d of 10: %v", wrong, err)
		}
	}
}

func TestHoldsSleepAtNight(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 2, day, hour, minute, 0, 0, zone) }
	cases := []struct {
		name    string
		now     time.Time
		span    time.Duration
		urgency contract.Urgency
		want    time.Time
	}{
		{"by day", at(3, 10, 0), 2 * time.Hour, contract.Urgent, at(3, 12, 0)},
		{"over night", at(3, 21, 0), 2 * time.Hour, contract.Urgent, at(4, 8, 0)},
		{"begun at night", at(3, 23, 30), 2 * time.Hour, contract.Urgent, at(4, 9, 0)},
		{"begun before dawn", at(3, 5, 0), 2 * time.Hour, contract.Urgent, at(3, 9, 0)},
		{"begun at bedtime", at(3, 22, 0), 2 * time.Hour, contract.Urgent, at(4, 9, 0)},
		{"begun a minute before", at(3, 21, 59), 2 * time.Hour, contract.Urgent, at(4, 8, 59)},
		{"ends at bedtime", at(3, 20, 0), 2 * time.Hour, contract.Urgent, at(3, 22, 0)},
		{"begun at waking", at(3, 7, 0), 2 * time.Hour, contract.Urgent, at(3, 9, 0)},
		{"two days are three with their nights", at(3, 12, 0), 40 * time.Hour, contract.Planned, at(5, 22, 0)},
		{"critical wakes", at(3, 23, 30), 15 * time.Minute, contract.Critical, at(3, 23, 45)},
	}
	for _, c := range cases {
		if got := holdUntil(c.now, c.span, c.urgency, zone); !got.Equal(c.want) {
			t.Errorf("%s: until %s, want %s", c.name, got.In(zone), c.want)
		}
	}
}

func TestPeriodsFollowTheOffersZone(t *testing.T) {
	t.Parallel()
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	must(t, err)
	evening := time.Date(2026, 2, 1, 20, 0, 0, 0, time.UTC) // Sunday there, Monday 04:00 in Shanghai
	cases := []struct {
		per  contract.Period
		zone *time.Location
		want string
	}{
		{contract.PerDay, time.UTC, "2026-02-01"},
		{contract.PerDay, shanghai, "2026-02-02"},
		{contract.PerWeek, time.UTC, "2026-01-26"},
		{contract.PerWeek, shanghai, "2026-02-02"},
		{contract.PerTotal, shanghai, "1970-01-01"},
	}
	for _, c := range cases {
		if got := periodStart(c.per, evening, c.zone).Format(time.DateOnly); got != c.want {
			t.Errorf("per %s in %s: %s, want %s", c.per, c.zone, got, c.want)
		}
	}
}

func TestShareNeverOverflows(t *testing.T) {
	t.Parallel()
	cases := []struct{ whole, part, all, want int64 }{
		{10, 10, 10, 10}, {3, 30, 100, 1}, {3, 50, 100, 2}, {1, 1, 50, 1},
		{maxQuantity, maxQuantity - 1, maxQuantity, maxQuantity - 1},
	}
	for _, c := range cases {
		if got := share(c.whole, c.part, c.all); got != c.want {
			t.Errorf("share(%d, %d, %d) = %d, want %d", c.whole, c.part, c.all, got, c.want)
		}
	}
}
