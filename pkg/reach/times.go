package reach

import (
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
)

const (
	// usualZone is that of whoever says nothing.
	usualZone = "Asia/Shanghai"
	// codeSpan says that a span of time is empty: a key below "invalid." in the
	// catalogues.
	codeSpan = "window"
	// digestHour is when a daily digest comes, unless quiet hours end at another time.
	digestHour = 8
	clockForm  = "15:04"
)

// Times are when somebody wants to hear of what is not critical: by a robot in a
// group, or by mail to staff.
type Times struct {
	Digest    contract.Digest `db:"digest"`
	QuietFrom string          `db:"quiet_from"` // "22:00" in the zone; empty: never
	QuietTo   string          `db:"quiet_to"`
	TimeZone  string          `db:"time_zone"`
}

// ReadTimes checks times and fills in what is left out.
func ReadTimes(c *check.Checker, t contract.NoticeTimes) Times {
	read := Times{Digest: t.Digest, TimeZone: t.TimeZone}
	if read.Digest == "" {
		read.Digest = contract.DigestNone
	}
	if read.TimeZone == "" {
		read.TimeZone = usualZone
	}
	check.OneOf(c, "digest", read.Digest, contract.Digests())
	c.Zone("time_zone", read.TimeZone)
	if t.Quiet != nil {
		read.QuietFrom, read.QuietTo = t.Quiet.From, t.Quiet.To
		checkQuiet(c, *t.Quiet)
	}
	return read
}

// checkQuiet reports times that are none, and a span of nothing.
func checkQuiet(c *check.Checker, q contract.QuietHours) {
	for location, text := range map[string]string{"quiet_hours.from": q.From, "quiet_hours.to": q.To} {
		if _, err := time.Parse(clockForm, text); err != nil || len(text) != len(clockForm) {
			c.Add(location, check.NotATime)
		}
	}
	if q.From == q.To {
		c.Add("quiet_hours.to", codeSpan)
	}
}

// Shown returns the times as people see them.
func (t Times) Shown() contract.NoticeTimes {
	shown := contract.NoticeTimes{Digest: t.Digest, TimeZone: t.TimeZone}
	if t.QuietFrom != "" {
		shown.Quiet = &contract.QuietHours{From: t.QuietFrom, To: t.QuietTo}
	}
	return shown
}

// Due returns when something that came at a time is told of: then, or later.
func (t Times) Due(came time.Time) time.Time {
	local := came.In(zone(t.TimeZone))
	at := local
	switch t.Digest {
	case contract.DigestHourly:
		at = time.Date(local.Year(), local.Month(), local.Day(), local.Hour()+1, 0, 0, 0, local.Location())
	case contract.DigestDaily:
		at = nextClock(local, t.dayBegins())
	}
	if end, quiet := t.quietAt(at); quiet {
		at = end
	}
	return at
}

// dayBegins is the time of the daily digest.
func (t Times) dayBegins() string {
	if t.QuietTo != "" {
		return t.QuietTo
	}
	return time.Date(0, 1, 1, digestHour, 0, 0, 0, time.UTC).Format(clockForm)
}

// nextClock returns when a clock next shows a time, after a moment. Where the
// zone leaves that time out on a day, it is as much later as the zone moved.
func nextClock(after time.Time, text string) time.Time {
	clock, err := time.Parse(clockForm, text)
	if err != nil {
		return after // nothing unreadable is stored
	}
	for day := 0; ; day++ {
		at := time.Date(after.Year(), after.Month(), after.Day()+day, clock.Hour(), clock.Minute(), 0, 0, after.Location())
		if at.After(after) {
			return at
		}
	}
}

// quietAt reports whether a moment lies in the quiet hours, and their end.
func (t Times) quietAt(at time.Time) (end time.Time, quiet bool) {
	if t.QuietFrom == "" {
		return at, false
	}
	clock := at.Format(clockForm)
	if t.QuietFrom < t.QuietTo {
		quiet = t.QuietFrom <= clock && clock < t.QuietTo
	} else {
		quiet = t.QuietFrom <= clock || clock < t.QuietTo
	}
	if !quiet {
		return at, false
	}
	return nextClock(at, t.QuietTo), true
}
