package rank_test

import (
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

func weekly(weekday int, from, to string) contract.Window {
	return contract.Window{Weekday: weekday, From: from, To: to}
}

// noon is Wednesday 12:00 in Shanghai; weekday 3.
func TestTimeOverlap(t *testing.T) {
	t.Parallel()
	type row struct {
		zone    string
		windows []contract.Window
	}
	always := row{zone: "Asia/Shanghai"}
	shanghai := func(w ...contract.Window) row { return row{"Asia/Shanghai", w} }
	for name, tc := range map[string]struct {
		need, offer row
		fits        bool
	}{
		"any and any":                 {always, always, true},
		"any and a window":            {always, shanghai(weekly(5, "09:00", "10:00")), true},
		"half an hour":                {shanghai(weekly(5, "09:00", "10:00")), shanghai(weekly(5, "09:30", "12:00")), true},
		"a minute less":               {shanghai(weekly(5, "09:00", "10:00")), shanghai(weekly(5, "09:31", "12:00")), false},
		"other days":                  {shanghai(weekly(5, "09:00", "10:00")), shanghai(weekly(6, "09:00", "10:00")), false},
		"two windows that touch":      {shanghai(weekly(5, "09:00", "09:20"), weekly(5, "09:20", "09:40")), shanghai(weekly(5, "08:00", "12:00")), true},
		"two short ones apart":        {shanghai(weekly(5, "09:00", "09:20"), weekly(5, "11:00", "11:20")), shanghai(weekly(5, "08:00", "12:00")), false},
		"past midnight":               {shanghai(weekly(5, "22:00", "02:00")), shanghai(weekly(6, "01:00", "03:00")), true},
		"past midnight on Sunday":     {shanghai(weekly(7, "23:00", "01:00")), shanghai(weekly(1, "00:15", "00:45")), true},
		"until midnight":              {shanghai(weekly(5, "22:00", "24:00")), shanghai(weekly(6, "00:00", "03:00")), false},
		"across midnight, two halves": {shanghai(weekly(5, "23:40", "24:00"), weekly(6, "00:00", "00:15")), shanghai(weekly(5, "22:00", "02:00")), true},
		"the whole day":               {shanghai(weekly(5, "00:00", "00:00")), shanghai(weekly(5, "23:00", "23:30")), true},
		"earlier today is next week":  {shanghai(weekly(3, "08:00", "09:00")), shanghai(weekly(3, "08:00", "09:00")), true},
		"running since yesterday":     {shanghai(weekly(2, "23:00", "12:30")), always, true},
		"Xinjiang and Shanghai":       {row{"Asia/Urumqi", []contract.Window{weekly(5, "09:00", "10:00")}}, shanghai(weekly(5, "11:00", "12:00")), true},
		"the same clock elsewhere":    {row{"Asia/Urumqi", []contract.Window{weekly(5, "09:00", "10:00")}}, shanghai(weekly(5, "09:00", "10:00")), false},
		"another day elsewhere":       {row{"America/New_York", []contract.Window{weekly(4, "20:00", "21:00")}}, shanghai(weekly(5, "09:00", "10:00")), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, o := labour()
			n.Schedule = schedule(t, tc.need.zone, tc.need.windows...)
			o.Schedule = schedule(t, tc.offer.zone, tc.offer.windows...)
			if got := rank.Ask(&n, moment()).Check(&o); (got == "") != tc.fits {
				t.Errorf("broke %q, want fits %v", got, tc.fits)
			}
		})
	}
}

// TestTimeBounds: only time before the deadline and the offer's end counts.
func TestTimeBounds(t *testing.T) {
	t.Parallel()
	friday := schedule(t, "Asia/Shanghai", weekly(5, "09:00", "10:00")) // 45 hours from noon
	check(t, []pair{
		{"deadline after", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Schedule, n.NeededBy = friday, after(46*time.Hour)
		}, ""},
		{"deadline inside", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Schedule, n.NeededBy = friday, after(45*time.Hour+29*time.Minute)
		}, rank.RuleTime},
		{"deadline before", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Schedule, n.NeededBy = friday, after(24*time.Hour)
		}, rank.RuleTime},
		{"deadline past", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Schedule, n.NeededBy = friday, after(-time.Hour) }, ""},
		{"deadline at once", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Schedule, n.NeededBy = friday, after(time.Minute) }, ""},
		{"offer ends before", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Schedule, o.ValidUntil = friday, after(24*time.Hour)
		}, rank.RuleTime},
		{"any time, deadline near", func(n *rank.Need, _ *rank.Offer, _ *rank.Moment) { n.NeededBy = after(time.Minute) }, ""},
	})
}

// TestDaylightSaving: in Berlin the night of 2026-03-29 lacks 02:00 to 03:00
// and the night of 2026-10-25 has it twice.
func TestDaylightSaving(t *testing.T) {
	t.Parallel()
	spring := time.Date(2026, time.March, 28, 12, 0, 0, 0, time.UTC) // the Saturday before
	autumn := time.Date(2026, time.October, 24, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		now         time.Time
		need, offer contract.Window // need in Berlin, offer in UTC
		fits        bool
	}{
		"summer time from Sunday on": {spring, weekly(1, "09:00", "10:00"), weekly(1, "07:00", "08:00"), true},
		"no longer winter time":      {spring, weekly(1, "09:00", "10:00"), weekly(1, "08:00", "09:00"), false},
		"an hour that is not there":  {spring, weekly(7, "02:00", "03:00"), weekly(7, "00:00", "01:00"), false},
		"the hour before it":         {spring, weekly(7, "01:00", "02:00"), weekly(7, "00:00", "01:00"), true},
		"the hour that comes twice":  {autumn, weekly(7, "02:00", "04:00"), weekly(7, "02:00", "03:00"), true},
		"winter time from Sunday on": {autumn, weekly(1, "09:00", "10:00"), weekly(1, "08:00", "09:00"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, o := labour()
			n.Schedule, o.Schedule = schedule(t, "Europe/Berlin", tc.need), schedule(t, "UTC", tc.offer)
			m := moment()
			m.Now = tc.now
			if got := rank.Ask(&n, m).Check(&o); (got == "") != tc.fits {
				t.Errorf("broke %q, want fits %v", got, tc.fits)
			}
		})
	}
}

func TestNewScheduleRefuses(t *testing.T) {
	t.Parallel()
	for _, w := range []contract.Window{
		weekly(0, "09:00", "10:00"), weekly(8, "09:00", "10:00"), weekly(1, "9", "10:00"),
		weekly(1, "09:00", "24:01"), weekly(1, "", "10:00"), weekly(1, "09:00", "10:60"),
	} {
		if _, err := rank.NewSchedule([]contract.Window{w}, nil); err == nil {
			t.Errorf("%+v was taken", w)
		}
	}
}
