package rank

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"heli/pkg/contract"
)

// LeastOverlap is the time that both sides must have in common.
const LeastOverlap = 30 * time.Minute

const (
	dayMinutes  = 24 * 60
	weekMinutes = 7 * dayMinutes
)

// Schedule is when somebody is free: weekly spans in one time zone. The zero
// schedule means any time.
type Schedule struct {
	spans []WeekSpan
	zone  *time.Location
}

// WeekSpan is a weekly span of time, packed: the minute of the week at which it
// begins, from Monday's midnight, and its length in minutes, a week at most.
type WeekSpan uint32

const lengthBits = 14 // a week has 10,080 minutes

func newWeekSpan(from, length int) WeekSpan { return WeekSpan(from<<lengthBits | length) }

// From returns the minute of the week at which the span begins.
func (w WeekSpan) From() int { return int(w >> lengthBits) }

// Length returns the minutes that the span lasts; it may run past Sunday.
func (w WeekSpan) Length() int { return int(w & (1<<lengthBits - 1)) }

// NewSchedule reads weekly windows. A window whose end is at or before its
// begin runs past midnight. Windows that meet become one. It returns an error
// that names the first malformed window; no windows mean any time. A nil zone
// is UTC.
func NewSchedule(windows []contract.Window, zone *time.Location) (Schedule, error) {
	if zone == nil {
		zone = time.UTC
	}
	var spans []WeekSpan
	for i, w := range windows {
		from, errFrom := minutes(w.From)
		to, errTo := minutes(w.To)
		if errFrom != nil || errTo != nil || w.Weekday < 1 || w.Weekday > 7 {
			return Schedule{}, fmt.Errorf("read window %d: no weekly span of time", i)
		}
		if to <= from {
			to += dayMinutes
		}
		begin := ((w.Weekday-1)*dayMinutes + from) % weekMinutes
		spans = append(spans, newWeekSpan(begin, to-from))
	}
	return Schedule{joinWeek(spans), zone}, nil
}

// NewPackedSchedule returns the schedule of spans that came from Spans. They
// are kept, not copied.
func NewPackedSchedule(spans []WeekSpan, zone *time.Location) Schedule { return Schedule{spans, zone} }

// Spans returns the spans of the week in their order, none touching another;
// none for any time. The caller must not change them.
func (s Schedule) Spans() []WeekSpan { return s.spans }

// Zone returns the zone of the spans; nil for the zero schedule.
func (s Schedule) Zone() *time.Location { return s.zone }

// joinWeek orders spans and makes one of those that meet, round the week.
func joinWeek(spans []WeekSpan) []WeekSpan {
	slices.Sort(spans)
	var joined []WeekSpan
	for _, s := range spans {
		if last := len(joined) - 1; last >= 0 && s.From() <= joined[last].From()+joined[last].Length() {
			joined[last] = extend(joined[last], s.From()+s.Length())
			continue
		}
		joined = append(joined, s)
	}
	for len(joined) > 1 { // the last may run into the first ones of the next week
		last, next := joined[len(joined)-1], joined[0]
		if next.From()+weekMinutes > last.From()+last.Length() {
			break
		}
		joined = joined[1:]
		joined[len(joined)-1] = extend(last, next.From()+next.Length()+weekMinutes)
	}
	if len(joined) == 1 && joined[0].Length() >= weekMinutes {
		return []WeekSpan{newWeekSpan(0, weekMinutes)}
	}
	return joined
}

func extend(s WeekSpan, to int) WeekSpan {
	return newWeekSpan(s.From(), min(weekMinutes, max(s.Length(), to-s.From())))
}

// minutes reads a time of day.
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
func (s Schedule) anyTime() bool { return len(s.spans) == 0 }

// span is a stretch of real time, measured from the question's moment, its end
// not included.
type span struct{ from, to time.Duration }

// common returns the length of what two stretches share; 0 or less when they
// share nothing.
func (s span) common(t span) time.Duration { return min(s.to, t.to) - max(s.from, t.from) }

// clip returns the part of s inside the bounds; it may be empty.
func (s span) clip(bounds span) span {
	return span{max(s.from, bounds.from), min(s.to, bounds.to)}
}

// week is the length of a week on a clock that nobody turns.
const week = weekMinutes * time.Minute

// steady is how a zone's clock stands to the moment while nobody turns it.
type steady struct {
	zone *time.Location
	// sinceMonday is the time of the local week that has passed.
	sinceMonday time.Duration
	ok          bool // nobody turns the clock near the horizon
}

// steadyClock looks a week further than the horizon on both sides, since a
// span may be a week long.
func steadyClock(zone *time.Location, now time.Time) steady {
	early := now.AddDate(0, 0, -8).In(zone)
	_, turned := early.ZoneBounds()
	_, east := early.Zone()
	const untilMonday = 3 * 24 * 60 * 60 // from the Thursday on which Unix time begins
	local := now.Unix() + int64(east) + untilMonday
	passed := local % int64(week/time.Second)
	if passed < 0 {
		passed += int64(week / time.Second)
	}
	return steady{
		zone:        zone,
		sinceMonday: time.Duration(passed)*time.Second + time.Duration(now.Nanosecond()),
		ok:          turned.IsZero() || turned.After(now.AddDate(0, 0, 16)),
	}
}

// each calls visit with the real times of the spans inside the bounds. Their
// order is not fixed; they are apart from one another.
func (c steady) each(spans []WeekSpan, bounds span, visit func(span)) {
	for _, w := range spans {
		length := time.Duration(w.Length()) * time.Minute
		if length >= week {
			visit(bounds)
			return
		}
		from := time.Duration(w.From())*time.Minute - c.sinceMonday - week
		for from+length <= bounds.from {
			from += week
		}
		for ; from < bounds.to; from += week {
			if part := (span{from, from + length}).clip(bounds); part.to > part.from {
				visit(part)
			}
		}
	}
}

// lived returns the real times of the spans inside the bounds, in order and
// merged where they touch. Each is computed on its own calendar day, so that a
// day of 23 or 25 hours is counted as it is lived.
func (s Schedule) lived(now time.Time, bounds span) []span {
	first := now.Add(bounds.from).In(s.zone).AddDate(0, 0, -8) // a span may be a week long
	var spans []span
	for i := 0; ; i++ {
		day := time.Date(first.Year(), first.Month(), first.Day()+i, 0, 0, 0, 0, s.zone)
		if day.Sub(now) > bounds.to {
			return merge(spans)
		}
		monday := (int(day.Weekday()) + 6) % 7
		for _, w := range s.spans {
			if w.From()/dayMinutes != monday {
				continue
			}
			if part := w.on(day, now).clip(bounds); part.to > part.from {
				spans = append(spans, part)
			}
		}
	}
}

// on returns the span that begins on a day, by the wall clock of its zone.
func (w WeekSpan) on(day, now time.Time) span {
	y, m, d := day.Date()
	from := w.From() % dayMinutes
	return span{
		time.Date(y, m, d, 0, from, 0, 0, day.Location()).Sub(now),
		time.Date(y, m, d, 0, from+w.Length(), 0, 0, day.Location()).Sub(now),
	}
}

// merge orders spans and makes one of those that touch, in their own memory. It
// never returns nil, which would be any time.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	if spans == nil {
		return []span{}
	}
	merged := spans[:0]
	for _, s := range spans {
		last := len(merged) - 1
		switch {
		case last < 0 || s.from > merged[last].to:
			merged = append(merged, s)
		case s.to > merged[last].to:
			merged[last].to = s.to
		}
	}
	return merged
}
