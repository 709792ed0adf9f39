package rank

import (
	"math/bits"
	"time"
)

// Hours is a set of the 168 hours of the week in UTC, counted from the Thursday
// on which Unix time begins. It stands for time in bounds: an hour is in it if
// any part may be.
type Hours [3]uint64

const weekHours = 168

// AllHours returns the whole week.
func AllHours() Hours { return Hours{^uint64(0), ^uint64(0), 1<<(weekHours-128) - 1} }

// Common returns how many hours two sets share.
func (h *Hours) Common(g *Hours) int {
	return bits.OnesCount64(h[0]&g[0]) + bits.OnesCount64(h[1]&g[1]) + bits.OnesCount64(h[2]&g[2])
}

// Join adds the hours of another set.
func (h *Hours) Join(g *Hours) {
	for i := range h {
		h[i] |= g[i]
	}
}

// add puts in the hours from begin to before end, counted from any week.
func (h *Hours) add(begin, end int64) {
	if end-begin >= weekHours {
		*h = AllHours()
		return
	}
	for ; begin < end; begin++ {
		at := (begin%weekHours + weekHours) % weekHours
		h[at/64] |= 1 << (at % 64)
	}
}

// Offsets are the least and the greatest number of seconds that a zone's clock
// runs ahead of UTC in the years for which Hours are exact enough.
type Offsets struct{ least, most int64 }

// The years within which the hours of a schedule hold. Outside of them a
// search goes without.
const firstYear, lastYear = 2020, 2050

// OffsetsOf walks through the years of a zone. It takes some microseconds.
func OffsetsOf(zone *time.Location) Offsets {
	at := time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -16).In(zone)
	end := time.Date(lastYear+1, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 16)
	_, first := at.Zone()
	o := Offsets{int64(first), int64(first)}
	for {
		_, turned := at.ZoneBounds()
		if turned.IsZero() || turned.After(end) {
			return o
		}
		if !turned.After(at) { // at the turn of some years the rule names its own begin
			turned = at.AddDate(0, 0, 1)
		}
		at = turned
		_, east := at.Zone()
		o.least, o.most = min(o.least, int64(east)), max(o.most, int64(east))
	}
}

// Hours returns every hour of which a part may lie in the schedule, in summer
// or winter; the whole week for any time. The offsets are those of its zone.
func (s Schedule) Hours(zone Offsets) Hours {
	if s.anyTime() {
		return AllHours()
	}
	const minute, hour, monday = 60, 3600, 4 * 24 * 3600 // Unix time begins on a Thursday
	var h Hours
	for _, w := range s.spans {
		from := int64(w.From())*minute + monday
		to := from + int64(w.Length())*minute
		h.add(floorDiv(from-zone.most, hour), -floorDiv(-(to-zone.least), hour))
	}
	return h
}

func floorDiv(a, b int64) int64 {
	if a%b < 0 {
		return a/b - 1
	}
	return a / b
}

// Hours returns the hours of which a part lies in the time that the need has;
// the whole week outside the years for which schedules have their hours.
func (q *Question) Hours() Hours {
	if !HoursHold(q.at.Now) {
		return AllHours()
	}
	wanted := q.wanted
	if wanted == nil {
		wanted = []span{q.week}
	}
	var h Hours
	now := q.at.Now.UnixNano()
	for _, s := range wanted {
		h.add(floorDiv(now+int64(s.from), int64(time.Hour)), -floorDiv(-(now+int64(s.to)), int64(time.Hour)))
	}
	return h
}

// HoursHold reports whether the hours of schedules hold in the week after a
// moment.
func HoursHold(now time.Time) bool {
	year := now.UTC().Year()
	return firstYear <= year && year <= lastYear
}
