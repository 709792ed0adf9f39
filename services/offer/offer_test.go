package offer

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// roles are all that may knock at the door.
var roles = []contract.Role{
	contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleAgencyLead, contract.RoleHelper,
	contract.RoleAuditor, contract.RoleIntegrator, contract.RolePublic, contract.RoleRequester,
	contract.RoleOfferer, contract.RoleAnswerer, contract.RoleSystem,
}

// TestWalkTheWholeTable tries every move from every stage in every role and
// compares what happens with what the table says.
func TestWalkTheWholeTable(t *testing.T) {
	t.Parallel()
	for _, m := range Moves {
		for _, from := range slices.Concat(live, ends) {
			for _, role := range roles {
				s := Situation{Stage: from, Phone: true, PhoneVerified: true}
				next, err := s.Make(m.Name, role, "a reason")
				may := slices.Contains(m.Who, role)
				switch {
				case !may && !fault.Is(err, fault.Forbidden):
					t.Errorf("%s may %s from %s: %v", role, m.Name, from, err)
				case may && !slices.Contains(m.From, from) && !fault.Is(err, fault.Conflict):
					t.Errorf("%s by %s is legal from %s: %v", m.Name, role, from, err)
				case may && slices.Contains(m.From, from) && (err != nil || next.Stage != m.To):
					t.Errorf("%s by %s leads from %s to %s, %v", m.Name, role, from, next.Stage, err)
				}
			}
		}
	}
}

func TestMovesThatHurtNeedAReason(t *testing.T) {
	t.Parallel()
	for _, m := range Moves {
		_, err := Situation{Stage: m.From[0], PhoneVerified: true}.Make(m.Name, m.Who[0], " ")
		if got := fault.Is(err, fault.Invalid); got != m.Reason {
			t.Errorf("%s without a reason: %v", m.Name, err)
		}
	}
}

func TestEndsStayEnds(t *testing.T) {
	t.Parallel()
	for _, m := range Moves {
		for _, end := range ends {
			if slices.Contains(m.From, end) && m.Name != "unblock" {
				t.Errorf("%s leads on from %s", m.Name, end)
			}
		}
	}
}

// TestNobodyUnreachableBecomesAvailable: the phone is verified, or there is none
// and an organisation answers.
func TestNobodyUnreachableBecomesAvailable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                    string
		phone, verified, bStaff bool
		may                     bool
	}{
		{"verified phone of the public", true, true, false, true},
		{"unverified phone of the public", true, false, false, false},
		{"no phone of the public", false, false, false, false},
		{"unverified phone of staff", true, false, true, false},
		{"no phone of staff", false, false, true, true},
	} {
		for move, from := range map[string]Stage{moveApprove: Vetting, "resume": Paused} {
			s := Situation{Stage: from, Phone: test.phone, PhoneVerified: test.verified, ByStaff: test.bStaff}
			_, err := s.Make(move, contract.RoleCoordinator, "")
			if (err == nil) != test.may || err != nil && fault.As(err).Code != "phone_unverified" {
				t.Errorf("%s with %s: %v", move, test.name, err)
			}
		}
	}
}

func amount(n int64) *int64 { return &n }

func TestShownState(t *testing.T) {
	t.Parallel()
	full := Totals{Capacity: amount(5), Per: contract.PerTotal, Reserved: 5}
	free := Totals{Capacity: amount(5), Per: contract.PerTotal, Reserved: 4}
	unstated := Totals{Per: contract.PerTotal, Reserved: 1000}
	daily := Totals{Capacity: amount(5), Per: contract.PerDay, Reserved: 1000}
	for _, test := range []struct {
		stage Stage
		lines []Totals
		want  State
	}{
		{Available, []Totals{full}, Exhausted},
		{Available, []Totals{full, full}, Exhausted},
		{Available, []Totals{full, free}, State(Available)},
		{Available, []Totals{full, unstated}, State(Available)},
		{Available, []Totals{full, daily}, State(Available)},
		{Available, []Totals{{Capacity: amount(3), Per: contract.PerTotal, Reserved: 5}}, Exhausted}, // it shrank
		{Available, nil, State(Available)},
		{Paused, []Totals{full}, State(Paused)},
		{Blocked, []Totals{full}, State(Blocked)},
	} {
		if got := (Situation{Stage: test.stage, Lines: test.lines}).State(); got != test.want {
			t.Errorf("%s with %+v is shown as %s, not %s", test.stage, test.lines, got, test.want)
		}
	}
}

func TestWhatAMatchHolds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state      string
		held, used int64
	}{
		{matchProposed, 10, 0}, {matchAccepted, 10, 0}, {matchContactReleased, 10, 0}, {matchInProgress, 10, 0},
		{matchReportedDone, 7, 7}, {matchConfirmed, 7, 7}, {matchDisputed, 7, 0},
		{"declined", 0, 0}, {"hold_expired", 0, 0}, {"withdrawn", 0, 0}, {"no_show", 0, 0}, {"failed", 0, 0}, {"cancelled", 0, 0},
	} {
		m := MatchView{State: test.state, Quantity: amount(10), Fulfilled: amount(7)}
		if m.Held() != test.held || m.Used() != test.used {
			t.Errorf("%s holds %d and used %d, not %d and %d", test.state, m.Held(), m.Used(), test.held, test.used)
		}
	}
	if m := (MatchView{State: matchConfirmed}); m.Held() != 1 || m.Used() != 1 {
		t.Errorf("a match without an amount counts %d and %d, not 1", m.Held(), m.Used())
	}
}

func TestContactStaysReleasedOnlyWhileTheMatchLives(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]bool{
		matchProposed: false, matchAccepted: false, matchContactReleased: true, matchInProgress: true,
		matchReportedDone: true, matchConfirmed: true, matchDisputed: false, "cancelled": false, "no_show": false,
	} {
		if got := Released(true, state); got != want {
			t.Errorf("released at %s: %t", state, got)
		}
		if Released(false, state) {
			t.Errorf("never released, but shown at %s", state)
		}
	}
}

func TestPeriodOf(t *testing.T) {
	t.Parallel()
	china, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	date := func(zone *time.Location, y int, m time.Month, d int) time.Time {
		return time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	for _, test := range []struct {
		name     string
		per      contract.Period
		zone     *time.Location
		at       time.Time
		from, to time.Time
	}{
		{"a Sunday evening in UTC is Monday in China", contract.PerDay, china,
			time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC), date(china, 2026, 3, 2), date(china, 2026, 3, 3)},
		{"the week of a Sunday began six days before", contract.PerWeek, china,
			time.Date(2026, 3, 1, 12, 0, 0, 0, china), date(china, 2026, 2, 23), date(china, 2026, 3, 2)},
		{"a Monday begins its week", contract.PerWeek, china,
			date(china, 2026, 3, 2), date(china, 2026, 3, 2), date(china, 2026, 3, 9)},
		{"the day of the change of clocks has 23 hours", contract.PerDay, berlin,
			time.Date(2026, 3, 29, 12, 0, 0, 0, berlin), date(berlin, 2026, 3, 29), date(berlin, 2026, 3, 30)},
	} {
		from, to, renews := PeriodOf(test.per, test.zone, test.at)
		if !renews || !from.Equal(test.from) || !to.Equal(test.to) {
			t.Errorf("%s: %s to %s", test.name, from, to)
		}
	}
	if _, _, renews := PeriodOf(contract.PerTotal, china, time.Now()); renews {
		t.Error("a capacity in total renews")
	}
}

func TestStatesListsWhatIsShown(t *testing.T) {
	t.Parallel()
	want := []string{"submitted", "vetting", "available", "paused", "expired", "withdrawn", "blocked", "exhausted"}
	if diff := cmp.Diff(want, States()); diff != "" {
		t.Error(diff)
	}
}
