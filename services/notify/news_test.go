package notify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
)

// course is an appointment with what changes of it in the eyes of both sides.
type course struct {
	*writing
	id    string
	match contract.Event
	at    time.Time
	stood string
	n     int64
}

// appointed is a match that was accepted, with an appointment in two days.
func appointed(t *testing.T) *course {
	t.Helper()
	w := setupWriting(t, func(c *Config) { c.Budget = 20 })
	w.around.say(func(n *neighbours) {
		n.match = contract.Match{State: "accepted", Generation: 1, History: []contract.HistoryEntry{{Move: "accept"}}}
	})
	return &course{writing: w, id: contract.NewID[string](), match: aboutMatch("accepted"), at: w.now().Add(2 * oneDay), stood: "A"}
}

// change has the appointment stand otherwise from now on; "" calls it off.
func (c *course) change(t *testing.T, stands string, at time.Time) contract.Event {
	t.Helper()
	e := next(c.match, "moved")
	e.Thing, e.AggregateID, e.Time = contract.ThingAppointment, c.id, c.now()
	c.n++
	e.Version, e.Data.Stood, e.Data.Stands, e.Data.Was, e.Data.At = c.n, c.stood, stands, new(c.at), &at
	if stands == "" {
		e.State, e.Data.At = "cancelled", nil
	}
	c.stood, c.at = stands, at
	c.hear(t, e)
	return e
}

// letters returns the subjects of what was sent, in any order.
func (c *course) letters(t *testing.T) []string {
	t.Helper()
	c.write(t)
	subjects := []string{}
	for _, l := range c.office.got() {
		subject := l.parsed(t).Header.Get("Subject")
		subjects = append(subjects, strings.TrimSuffix(subject, " (QGGN-M49W3)"))
	}
	slices.Sort(subjects)
	return subjects
}

func want(t *testing.T, what string, got []string, subject string, times int) {
	t.Helper()
	n := 0
	for _, s := range got {
		if s == subject {
			n++
		}
	}
	if n != times || len(got) != times {
		t.Errorf("%s: %q, want %d of %q", what, got, times, subject)
	}
}

const (
	changed   = "Your appointment has changed"
	calledOff = "Your appointment is called off"
)

func TestBothSidesHearThatAnAppointmentMoved(t *testing.T) {
	c := appointed(t)
	c.change(t, "B", c.at.Add(time.Hour))
	want(t, "moved", c.letters(t), changed, 2)
	links := ""
	for _, l := range c.office.got() {
		links += l.parts(t)["text/plain"]
	}
	for _, link := range []string{
		publicURL + "/answer#" + c.keys.Bearer("answer", string(c.match.Data.MatchID), 1),
		publicURL + "/track#" + c.keys.Bearer("track", string(c.match.Data.RequestID), 2),
	} {
		if !strings.Contains(links, link) {
			t.Errorf("no %s", link)
		}
	}
	c.letters(t)
	want(t, "again", c.letters(t), changed, 2)
}

func TestOfSeveralMovesTheNewestIsTold(t *testing.T) {
	c := appointed(t)
	c.change(t, "B", c.at.Add(time.Hour))
	c.change(t, "C", c.at.Add(time.Hour))
	want(t, "two moves", c.letters(t), changed, 2)
	dead := 0
	for _, list := range [][]contract.Message{c.shownMessages(t), {c.helperLog(t)[kindMoved]}} {
		for _, m := range list {
			if m.State == stateDead && m.Reason == reasonOutdated {
				dead++
			}
		}
	}
	if dead == 0 {
		t.Error("the older move is not shown as outdated")
	}
}

// What stands as its person knows it is no news; told of the first move, they hear of
// the way back.
func TestAMoveToWhatItWasIsNotTold(t *testing.T) {
	c := appointed(t)
	first := c.at
	c.change(t, "B", first.Add(time.Hour))
	c.change(t, "A", first)
	want(t, "there and back unheard", c.letters(t), changed, 0)
	c.change(t, "B", first.Add(time.Hour))
	want(t, "there", c.letters(t), changed, 2)
	c.change(t, "A", first)
	want(t, "and back", c.letters(t), changed, 4)
	c.change(t, "", first)
	c.change(t, "A", first)
	want(t, "called off and made again unheard", c.letters(t), changed, 4)
}

func TestAMoveIsToldWhileAnOlderOneIsNotOnItsWay(t *testing.T) {
	c := appointed(t)
	c.change(t, "B", c.at.Add(time.Hour))
	taken, err := c.takeMessages(t.Context(), 0)
	must(t, err)
	if len(taken) != 2 {
		t.Fatalf("%d taken", len(taken))
	}
	c.change(t, "A", c.at.Add(-time.Hour))
	waits, err := c.takeMessages(t.Context(), 0)
	must(t, err)
	if len(waits) != 0 {
		t.Fatalf("%d taken beside those on their way", len(waits))
	}
	for _, m := range taken {
		m.Revision = new(int64(2)) // as the newer one is judged
		if _, _, err := c.stillNews(t.Context(), m); err == nil {
			t.Error("a newer one is judged while an older one is on its way")
		}
	}
}

func TestBothSidesHearThatAnAppointmentIsCalledOff(t *testing.T) {
	c := appointed(t)
	c.change(t, "", c.at)
	want(t, "called off", c.letters(t), calledOff, 2)
}

// With the whole match called off the helper hears of that, once, whoever asked them;
// the requester of the appointment, unless it was the helper who gave it up.
func TestTheEndOfAMatchCallsItsAppointmentOff(t *testing.T) {
	for state, subjects := range map[string][]string{
		"cancelled": {"No longer needed, thank you", calledOff}, "failed": {calledOff}, "withdrawn": {}, "no_show": {},
	} {
		t.Run(state, func(t *testing.T) {
			c := appointed(t)
			c.around.say(func(n *neighbours) { n.match.State = state })
			c.hear(t, next(c.match, state))
			c.match.Data.Reason = state
			c.change(t, "", c.at)
			if got := c.letters(t); !slices.Equal(got, subjects) {
				t.Errorf("%q, want %q", got, subjects)
			}
		})
	}
}

// It is to be heard before the earliest beginning that its person may still count on.
func TestAMoveIsToldInTime(t *testing.T) {
	c := appointed(t)
	known := c.at
	later := c.now().Add(20 * time.Hour)
	c.around.say(func(n *neighbours) { n.person.NotBefore = &later })
	c.change(t, "B", known.Add(10*oneDay))
	c.write(t)
	c.change(t, "C", known.Add(20*oneDay))
	c.write(t)
	readings := c.around.readings()
	for _, q := range readings {
		if q.AtOnce || q.HeardBy == nil || !q.HeardBy.Equal(known) {
			t.Errorf("to be heard by %v, want %v", q.HeardBy, known)
		}
	}
	if len(readings) != 4 {
		t.Errorf("%d readings", len(readings))
	}
	c.around.say(func(n *neighbours) { n.person.NotBefore = nil })
	c.clock.Set(later)
	want(t, "in the morning", c.letters(t), changed, 2)
	for _, q := range c.around.readings()[4:] {
		if !q.HeardBy.Equal(known) || q.Until == nil || !q.Until.Equal(known.Add(20*oneDay)) {
			t.Errorf("%+v", q)
		}
	}
}

// The table says what must be heard in time, and why.
func TestWhatMustBeHeardInTime(t *testing.T) {
	t.Parallel()
	kinds := []string{}
	for _, r := range allRules() {
		if r.inTime != "" {
			kinds = append(kinds, r.kind+" "+string(r.to))
		}
		if r.inTime != "" && r.atOnce != "" {
			t.Errorf("%s waits for nothing anyway", r.kind)
		}
	}
	if !slices.Equal(kinds, []string{"called_off offer", "called_off request", "moved offer", "moved request"}) {
		t.Errorf("%q", kinds)
	}
}
