package notify

import (
	"slices"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/locale"
	"heli/pkg/reach"
)

// notices are when and in which language a robot speaks.
type notices struct {
	Kind     contract.EndpointKind `db:"kind"`
	Language string                `db:"language"`
	reach.Times
}

// noticesOf checks the times of an endpoint and fills in what is left out. Of a
// webhook, which has none, everything given is reported.
func noticesOf(c *check.Checker, kind contract.EndpointKind, t contract.NoticeTimes) notices {
	if !kind.Robot() {
		if t != (contract.NoticeTimes{}) {
			c.Add("kind", codeNotAllowed)
		}
		t.Quiet = nil
	}
	n := notices{Kind: kind, Language: t.Language, Times: reach.ReadTimes(c, t)}
	if n.Language == "" {
		n.Language = usualLanguage(kind)
	}
	if !slices.Contains(locale.Languages(), locale.Language(n.Language)) {
		c.Add("language", check.Unknown)
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

// shown returns the times as people see them; none of a webhook.
func (n notices) shown() contract.NoticeTimes {
	if !n.Kind.Robot() {
		return contract.NoticeTimes{}
	}
	t := n.Shown()
	t.Language = n.Language
	return t
}

// due returns in which state a fact begins its way to an endpoint, and when it
// goes on: pending now, or gathered until the next digest.
func (n notices) due(critical bool, now time.Time) (state string, at time.Time) {
	if critical || !n.Kind.Robot() {
		return statePending, now
	}
	if at := n.Due(now); at.After(now) {
		return stateGathered, at.UTC()
	}
	return statePending, now
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
