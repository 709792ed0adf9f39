package rank

import (
	"fmt"
	"slices"
	"time"

	"heli/pkg/contract"
)

// LeastOverlap is the time that both sides must have in common.
const LeastOverlap = 30 * time.Minute

// Schedule is when somebody is free: weekly windows in one time zone. The zero
// schedule means any time.
type Schedule struct {
	windows []window
	zone    *time.Location
}

// window is a weekly span in minutes since the midnight that begins its day;
// to may lie in the next day.
type window struct {
	weekday  time.Weekday
	from, to int
}

const dayMinutes = 24 * 60

// NewSchedule reads weekly windows. A window whose end is at or before its
// begin runs past midnight. It returns an error that names the first malformed
// window; no windows mean any time. A nil zone is UTC.
func NewSchedule(windows []contract.Window, zone *time.Location) (Schedule, error) {
	if zone == nil {
		zone = time.UTC
	}
	s := Schedule{zone: zone}
	for i, w := range windows {
		from, errFrom := minutes(w.From)
		to, errTo := minutes(w.To)
		if errFrom != nil || errTo != nil || w.Weekday < 1 || w.Weekday > 7 {
			return Schedule{}, fmt.Errorf("read window %d: no weekly span of time", i)
		}
		if to <= from {
			to += dayMinutes
		}
		s.windows = append(s.windows, window{time.Weekday(w.Weekday % 7), from, to})
	}
	return s, nil
}

func minutes(clock string) (int, error) {
	if clock == "24:00" {
		return dayMinutes, nil
	}
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return 0, fmt.Errorf("read time of day: %w", err)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// anyTime reports whether no window was stated.
func (s Schedule) anyTime() bool { return len(s.windows) == 0 }

// span is a stretch of real time, its end not included.
type span struct{ from, to time.Time }

func (s span) length() time.Duration { return s.to.Sub(s.from) }

// clip returns the part of s inside the bounds; its length may be 0 or less.
func (s span) clip(bounds span) span {
	if s.from.Before(bounds.from) {
		s.from = bounds.from
	}
	if s.to.After(bounds.to) {
		s.to = bounds.to
	}
	return s
}

// within returns the real times of the windows inside the bounds, in order and
// merged where they touch; nil for any time. Each is computed on its own
// calendar day, so that a day of 23 or 25 hours is counted as it is lived.
func (s Schedule) within(bounds span) []span {
	if s.anyTime() {
		return nil
	}
	first := bounds.from.In(s.zone).AddDate(0, 0, -1) // a window of yesterday may reach into today
	var spans []span
	for i := 0; ; i++ {
		day := time.Date(first.Year(), first.Month(), first.Day()+i, 0, 0, 0, 0, s.zone)
		if day.After(bounds.to) {
			break
		}
		for _, w := range s.windows {
			if w.weekday != day.Weekday() {
				continue
			}
			if part := w.on(day).clip(bounds); part.length() > 0 {
				spans = append(spans, part)
			}
		}
	}
	return merge(spans)
}

// on returns the window's span on a day, by the wall clock of the day's zone.
func (w window) on(day time.Time) span {
	y, m, d := day.Date()
	return span{
		time.Date(y, m, d, 0, w.from, 0, 0, day.Location()),
		time.Date(y, m, d, 0, w.to, 0, 0, day.Location()),
	}
}

func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	merged := []span{} // not nil: nil is any time
	for _, s := range spans {
		last := len(merged) - 1
		switch {
		case last < 0 || s.from.After(merged[last].to):
			merged = append(merged, s)
		case s.to.After(merged[last].to):
			merged[last].to = s.to
		}
	}
	return merged
}

// horizon is the time in which help must come to count: a week from now, or
// until the need's deadline. A deadline that is past or nearer than the least
// overlap asks for help at once, whenever in the week that may be.
func horizon(n *Need, now time.Time) span {
	week := span{now, now.AddDate(0, 0, 7)}
	if n.NeededBy != nil && n.NeededBy.Sub(now) >= LeastOverlap {
		return week.clip(span{now, *n.NeededBy})
	}
	return week
}

// meeting is the time that need and offer have in common.
type meeting struct {
	longest, total time.Duration
}

// meet returns the common time inside the week of the question and the offer's
// validity; false when neither side named any time, so that all time is common.
func (q *Question) meet(o *Offer) (meeting, bool) {
	if q.wanted == nil && o.Schedule.anyTime() {
		return meeting{}, false
	}
	week := q.week
	if o.ValidUntil != nil {
		week = week.clip(span{week.from, *o.ValidUntil})
	}
	wanted, given := q.wanted, o.Schedule.within(week)
	if wanted == nil {
		wanted = []span{week}
	}
	if given == nil {
		given = []span{week}
	}
	return overlap(wanted, given), true
}

// overlap walks two ordered rows of spans side by side.
func overlap(a, b []span) meeting {
	var m meeting
	for len(a) > 0 && len(b) > 0 {
		if common := a[0].clip(b[0]).length(); common > 0 {
			m.total += common
			m.longest = max(m.longest, common)
		}
		if a[0].to.Before(b[0].to) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return m
}

func breaksTime(q *Question, o *Offer) bool {
	m, named := q.meet(o)
	return named && m.longest < LeastOverlap
}

func timeArgs(q *Question, _ *Offer) map[string]any {
	return map[string]any{"until": q.week.to}
}
