package matcher

import (
	"net/url"
	"time"
	_ "time/tzdata" // zones are rules here, and a bare machine has no files of them

	"heli/pkg/check"
	"heli/pkg/contract"
)

const (
	longestAppointment  = 24 * time.Hour
	farthestAppointment = 2 * 365 * 24 * time.Hour
)

// Codes of times that a clock does not show, or shows twice: keys below "invalid."
// in the catalogues.
const (
	codeTimeSkipped = "time_skipped" // args: zone
	codeTimeTwice   = "time_twice"   // args: zone
	codeBeforeStart = "before_start"
	codeTooLong     = "appointment_too_long" // args: hours
)

// slot is when an appointment takes place.
type slot struct {
	start, end time.Time
}

// slotOf reads the local times of an appointment. Invalid are times that the
// zone's clock skips, or shows twice unless the fold says which is meant; what is
// over or years ahead; and an end that is not within a day after the start.
func slotOf(q contract.SetAppointment, now time.Time) (slot, error) {
	c := check.New(nil)
	zone, err := time.LoadLocation(q.Zone)
	if err != nil || q.Zone == "" || q.Zone == "Local" {
		c.Add("zone", check.NotAZone)
		return slot{}, c.Err()
	}
	s := slot{start: localTime(c, "start", q.Start, zone, q.Fold), end: localTime(c, "end", q.End, zone, q.Fold)}
	if err := c.Err(); err != nil {
		return slot{}, err
	}
	switch {
	case s.start.Before(now):
		c.Add("start", check.InThePast)
	case s.start.Sub(now) > farthestAppointment:
		c.Add("start", check.TooLate)
	case !s.end.After(s.start):
		c.Add("end", codeBeforeStart)
	case s.end.Sub(s.start) > longestAppointment:
		c.Add("end", codeTooLong, "hours", int(longestAppointment.Hours()))
	}
	return s, c.Err()
}

// localTime returns the moment at which the zone's clock shows a time.
func localTime(c *check.Checker, location, text string, zone *time.Location, fold string) time.Time {
	wall, err := time.Parse(contract.AppointmentForm, text)
	if err != nil {
		c.Add(location, check.NotATime)
		return time.Time{}
	}
	moments := momentsOf(wall, zone)
	switch {
	case len(moments) == 0:
		c.Add(location, codeTimeSkipped, "zone", zone.String())
		return time.Time{}
	case len(moments) == 1:
		return moments[0]
	case fold == contract.FoldEarlier:
		return moments[0]
	case fold == contract.FoldLater:
		return moments[1]
	default:
		c.Add(location, codeTimeTwice, "zone", zone.String())
		return time.Time{}
	}
}

// momentsOf returns the moments at which the zone's clock shows a wall time: none
// where it is set forward past it, two where it is set back over it, the earlier
// first. Clocks are set by less than a day, so the offsets of the day before and
// the day after are all there are.
func momentsOf(wall time.Time, zone *time.Location) []time.Time {
	var moments []time.Time
	for _, near := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := wall.Add(near).In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		shown := at.In(zone).Format(contract.AppointmentForm) == wall.Format(contract.AppointmentForm)
		if shown && (len(moments) == 0 || !moments[0].Equal(at)) {
			moments = append(moments, at)
		}
	}
	return moments
}

// mayKnowPlace reports whether somebody may see where an appointment is. The
// address of a requester is theirs until their contact is released; the link of a
// meeting is for both sides once there is a yes.
func mayKnowPlace(role contract.Role, state State, released bool, place string) bool {
	switch role {
	case contract.RoleAnswerer, contract.RoleOfferer:
		return released || state != Proposed && isMeetingLink(place)
	default:
		return true
	}
}

// isMeetingLink reports whether a place is a link and no more.
func isMeetingLink(place string) bool {
	u, err := url.Parse(place)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}
