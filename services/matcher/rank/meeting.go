package rank

import "time"

// horizon is the time in which help must come to count: a week from now, or
// until the need's deadline. A deadline that is past or nearer than the least
// overlap asks for help at once, whenever in the week that may be.
func horizon(n *Need, now time.Time) time.Time {
	until := now.AddDate(0, 0, 7)
	if n.NeededBy != nil && n.NeededBy.Sub(now) >= LeastOverlap && n.NeededBy.Before(until) {
		return *n.NeededBy
	}
	return until
}

// clock returns how a zone's clock stands; the answer is kept, since most
// offers share a few zones.
func (q *Question) clock(zone *time.Location) steady {
	for i := range q.clocks {
		if q.clocks[i].zone == zone {
			return q.clocks[i]
		}
	}
	c := steadyClock(zone, q.at.Now)
	q.clocks = append(q.clocks, c)
	return c
}

// within returns the real times of a schedule inside the bounds, in order and
// apart; nil for any time.
func (q *Question) within(s Schedule, bounds span) []span {
	if s.anyTime() {
		return nil
	}
	c := q.clock(s.zone)
	if !c.ok {
		return s.lived(q.at.Now, bounds)
	}
	spans := make([]span, 0, 2*len(s.spans)) // a weekly span meets one week or two
	c.each(s.spans, bounds, func(part span) { spans = append(spans, part) })
	return merge(spans)
}

// meeting is the time that need and offer have in common.
type meeting struct {
	longest, total time.Duration
	named          bool // false when neither named any time: all time is common
}

// add counts what a stretch of the offer's time has in common with the need's.
func (m *meeting) add(s span, wanted []span) {
	if wanted == nil {
		m.count(s.to - s.from)
		return
	}
	for _, w := range wanted {
		m.count(s.common(w))
	}
}

func (m *meeting) count(common time.Duration) {
	if common > 0 {
		m.total += common
		m.longest = max(m.longest, common)
	}
}

// meet returns the common time inside the week of the question and the offer's
// validity.
func (q *Question) meet(o *Offer) meeting {
	if q.kept.met {
		return q.kept.meeting
	}
	m := q.meetAfresh(o)
	q.kept.met, q.kept.meeting = q.keeping, m
	return m
}

func (q *Question) meetAfresh(o *Offer) meeting {
	m := meeting{}
	if q.wanted == nil && o.Schedule.anyTime() {
		return m
	}
	m.named = true
	bounds := q.week
	if o.ValidUntil != nil {
		bounds.to = min(bounds.to, o.ValidUntil.Sub(q.at.Now))
	}
	switch {
	case o.Schedule.anyTime():
		m.add(bounds, q.wanted)
	case q.clock(o.Schedule.zone).ok:
		q.clock(o.Schedule.zone).each(o.Schedule.spans, bounds, func(s span) { m.add(s, q.wanted) })
	default:
		for _, s := range o.Schedule.lived(q.at.Now, bounds) {
			m.add(s, q.wanted)
		}
	}
	return m
}

func breaksTime(q *Question, o *Offer) bool {
	m := q.meet(o)
	return m.named && m.longest < LeastOverlap
}

func timeArgs(q *Question, _ *Offer) map[string]any {
	return map[string]any{"until": q.until}
}
