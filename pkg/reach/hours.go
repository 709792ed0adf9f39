package reach

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"heli/pkg/word"
)

// span is a part of a day in minutes of the wall clock, without its end.
type span struct{ from, to int }

const (
	hour  = 60
	day   = 24 * hour
	noon  = 12 * hour
	dawn  = 8 * hour
	night = 21 * hour
)

// hours are the parts of every day at which somebody may be written to, in order.
type hours []span

var (
	anyTime = hours{{0, day}}
	waking  = hours{{dawn, night}}
)

// permitted joins the hours that somebody named with the hours at which people
// are awake. Where both have nothing in common, the person's own word counts.
func permitted(safe hours, critical bool) hours {
	switch {
	case len(safe) == 0 && critical:
		return anyTime
	case len(safe) == 0:
		return waking
	case critical:
		return safe
	}
	var both hours
	for _, s := range safe {
		if from, to := max(s.from, dawn), min(s.to, night); from < to {
			both = append(both, span{from, to})
		}
	}
	if len(both) == 0 {
		return safe
	}
	return both
}

// next returns the first moment at or after now, in now's zone, that lies in the
// hours. Days are walked by the wall clock, so a change of the zone's offset moves
// nothing.
func (h hours) next(now time.Time) time.Time {
	const days = 3 // the last of today may have passed, or fall into a change of the clock
	for ahead := range days {
		for _, s := range h {
			from, to := wall(now, ahead, s.from), wall(now, ahead, s.to)
			if now.Before(to) {
				return latest(now, from)
			}
		}
	}
	return now
}

func wall(now time.Time, ahead, minute int) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+ahead, 0, minute, 0, 0, now.Location())
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// clock is a time of day as people write it, in texts that word.Fold made alike.
const clock = `(上午|早上|中午|下午|傍晚|晚上)?\s*(\d{1,2})\s*(?::\s*(\d{2})|点\s*(?:(\d{2})\s*分?)?|时)?\s*(am|pm)?`

var (
	between = regexp.MustCompile(`^(?:from |between )?\s*` + clock + `\s*(?:-|–|—|~|to|until|and|至|到)\s*` + clock + `$`)
	after   = []*regexp.Regexp{
		regexp.MustCompile(`^(?:after|from|since)\s*` + clock + `$`), regexp.MustCompile(`^` + clock + `\s*(?:以后|之后|后|起)$`),
	}
	before = []*regexp.Regexp{
		regexp.MustCompile(`^(?:before|until|till)\s*` + clock + `$`), regexp.MustCompile(`^` + clock + `\s*(?:以前|之前|前)$`),
	}
	separator = regexp.MustCompile(`[,;、。.]|\bor\b|或者?|和`)
	unlimited = []string{
		"any time", "anytime", "always", "only by message", "by message only", "随时", "任何时间", "都可以",
		"只发短信", "仅短信", "只发简讯", "仅简讯",
	}
)

// parseHours reads the hours that somebody named, in English or Chinese, such as
// "9:00-12:00, after 18:00". The empty text names none. It reports whether every
// part of the text was understood: what was not might be the part that matters.
func parseHours(text string) (hours, bool) {
	var named hours
	for _, part := range separator.Split(word.Fold(text), -1) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		spans, ok := parsePart(part)
		if !ok {
			return nil, false
		}
		named = append(named, spans...)
	}
	slices.SortFunc(named, func(a, b span) int { return a.from - b.from })
	return named, true
}

func parsePart(part string) (hours, bool) {
	if slices.Contains(unlimited, part) {
		return anyTime, true
	}
	if m := between.FindStringSubmatch(part); m != nil {
		from, to := minute(m[1:6]), minute(m[6:11])
		return around(from, to), from >= 0 && to >= 0
	}
	if from, ok := matched(after, part); ok {
		return hours{{from, day}}, from < day
	}
	if to, ok := matched(before, part); ok {
		return hours{{0, to}}, to > 0
	}
	return nil, false
}

// matched returns the time in a text of one of the forms.
func matched(forms []*regexp.Regexp, part string) (int, bool) {
	for _, form := range forms {
		if m := form.FindStringSubmatch(part); m != nil {
			at := minute(m[1:6])
			return at, at >= 0
		}
	}
	return 0, false
}

// around returns the span between two times, which may run past midnight.
func around(from, to int) hours {
	if from < to {
		return hours{{from, to}}
	}
	return hours{{0, to}, {from, day}}
}

// minute returns the time of day that the groups of clock say; -1 for none.
func minute(groups []string) int {
	half, latin := groups[0], groups[4]
	h, err := strconv.Atoi(groups[1])
	if err != nil {
		return -1
	}
	m, _ := strconv.Atoi(groups[2] + groups[3]) // no minutes are the full hour
	late := latin == "pm" || half == "下午" || half == "傍晚" || half == "晚上"
	switch {
	case late && h < noon/hour:
		h += noon / hour
	case latin == "am" && h == noon/hour:
		h = 0
	}
	if h > day/hour || m >= hour || h*hour+m > day {
		return -1
	}
	return h*hour + m
}
