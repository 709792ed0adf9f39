package notify

import (
	"slices"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/locale"
)

const (
	// usualZone is that of robots whose owner says nothing.
	usualZone = "Asia/Shanghai"
	// digestHour is when a daily digest comes, unless quiet hours end at another time.
	digestHour = 8
	clockForm  = "15:04"
)

// notices are when and in which language a robot speaks.
type notices struct {
	Kind      contract.EndpointKind `db:"kind"`
	Language  string                `db:"language"`
	Digest    contract.Digest       `db:"digest"`
	QuietFrom string                `db:"quiet_from"`
	QuietTo   string                `db:"quiet_to"`
	TimeZone  string                `db:"time_zone"`
}

// noticesOf checks the times of an endpoint and fills in what is left out. Of a
// webhook, which has none, everything given is reported.
func noticesOf(c *check.Checker, kind contract.EndpointKind, t contract.NoticeTimes) notices {
	n := notices{Kind: kind, Language: t.Language, Digest: t.Digest, TimeZone: t.TimeZone}
	if !kind.Robot() {
		if t != (contract.NoticeTimes{}) {
			c.Add("kind", codeNotAllowed)
		}
		t.Quiet = nil
	}
	if n.Language == "" {
		n.Language = usualLanguage(kind)
	}
	if n.Digest == "" {
		n.Digest = contract.DigestNone
	}
	if n.TimeZone == "" {
		n.TimeZone = usualZone
	}
	if !slices.Contains(locale.Languages(), locale.Language(n.Language)) {
		c.Add("language", check.Unknown)
	}
	check.OneOf(c, "digest", n.Digest, contract.Digests())
	c.Zone("time_zone", n.TimeZone)
	if t.Quiet != nil {
		n.QuietFrom, n.QuietTo = t.Quiet.From, t.Quiet.To
		checkQuiet(c, *t.Quiet)
	}
	return n
}

// usualLanguage is that of most groups that a kind of robot speaks in.
func usualLanguage(kind contract.EndpointKind) string {
	switch kind {
	case contract.KindWeCom, contract.KindDingTalk, contract.KindFeishu:
		return string(locale.Simplified)
	default:
		return string(locale.English)
	}
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

// shown returns the times as people see them; none of a webhook.
func (n notices) shown() contract.NoticeTimes {
	if !n.Kind.Robot() {
		return contract.NoticeTimes{}
	}
	t := contract.NoticeTimes{Language: n.Language, Digest: n.Digest, TimeZone: n.TimeZone}
	if n.QuietFrom != "" {
		t.Quiet = &contract.QuietHours{From: n.QuietFrom, To: n.QuietTo}
	}
	return t
}

// due returns in which state a fact begins its way to an endpoint, and when it
// goes on: pending now, or gathered until the next digest.
func (n notices) due(critical bool, now time.Time) (state string, at time.Time) {
	if critical || !n.Kind.Robot() {
		return statePending, now
	}
	local := now.In(n.zone())
	at = local
	switch n.Digest {
	case contract.DigestHourly:
		at = time.Date(local.Year(), local.Month(), local.Day(), local.Hour()+1, 0, 0, 0, local.Location())
	case contract.DigestDaily:
		at = n.nextClock(local, n.dayBegins())
	}
	if end, quiet := n.quietAt(at); quiet {
		at = end
	}
	if at.After(now) {
		return stateGathered, at.UTC()
	}
	return statePending, now
}

// zone returns the time zone; UTC for a name that this machine no longer knows.
func (n notices) zone() *time.Location {
	zone, err := time.LoadLocation(n.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// dayBegins is the time of the daily digest.
func (n notices) dayBegins() string {
	if n.QuietTo != "" {
		return n.QuietTo
	}
	return time.Date(0, 1, 1, digestHour, 0, 0, 0, time.UTC).Format(clockForm)
}

// nextClock returns when a clock next shows a time, after a moment. Where the
// zone leaves that time out on a day, it is as much later as the zone moved.
func (notices) nextClock(after time.Time, text string) time.Time {
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
func (n notices) quietAt(at time.Time) (end time.Time, quiet bool) {
	if n.QuietFrom == "" {
		return at, false
	}
	clock := at.Format(clockForm)
	if n.QuietFrom < n.QuietTo {
		quiet = n.QuietFrom <= clock && clock < n.QuietTo
	} else {
		quiet = n.QuietFrom <= clock || clock < n.QuietTo
	}
	if !quiet {
		return at, false
	}
	return n.nextClock(at, n.QuietTo), true
}

// pressing are the states of a critical need, or of a match for one, that ask
// somebody to act now.
var pressing = map[contract.Thing][]string{
	contract.ThingRequest: {"submitted", "open", "reopened", "disputed"},
	contract.ThingMatch:   {"declined", "hold_expired", "withdrawn", "no_show", "failed", "disputed"},
}

// breaksThrough reports whether a fact is told at once, whatever the hour.
func breaksThrough(e contract.Event) bool {
	return e.Data.Urgency == string(contract.Critical) && slices.Contains(pressing[e.Thing], e.State)
}
