package rank

import (
	"time"

	"heli/pkg/contract"
)

// epoch is the period of a capacity that never renews.
var epoch = time.Unix(0, 0).UTC()

// PeriodStart returns the first day of the period that a time falls in, in the
// offer's zone: the day, the Monday of its ISO week, or the epoch. It is given
// as midnight UTC, since it stands for a date.
func PeriodStart(per contract.Period, at time.Time, zone *time.Location) time.Time {
	local := at.In(zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	switch per {
	case contract.PerDay:
		return day
	case contract.PerWeek:
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	default:
		return epoch
	}
}

// PeriodEnd returns the moment in the zone at which the next period begins, and
// false for a capacity that never renews.
func PeriodEnd(per contract.Period, start time.Time, zone *time.Location) (time.Time, bool) {
	days := 0
	switch per {
	case contract.PerDay:
		days = 1
	case contract.PerWeek:
		days = 7
	default:
		return time.Time{}, false
	}
	return time.Date(start.Year(), start.Month(), start.Day()+days, 0, 0, 0, 0, zone), true
}
