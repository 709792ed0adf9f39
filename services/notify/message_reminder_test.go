package notify

import (
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
)

// reminding is the fact that somebody is to be reminded of a match.
func reminding(of contract.Event, kind string, at time.Time) contract.Event {
	e := next(of, kind)
	e.Thing, e.AggregateID, e.Version, e.Data.At = "reminder", contract.NewID[string](), 1, &at
	return e
}

func TestTheRequesterIsRemindedUntilTheyAnswer(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.match.State = "reported_done" })
	e := aboutMatch("reported_done")
	w.hear(t, e)
	w.hear(t, reminding(e, "confirmation_asked", w.now()))
	w.write(t)
	if w.told(t, kindCame).State != stateDelivered || w.told(t, kindCameAgain).State != stateDelivered {
		t.Fatalf("%+v", w.shownMessages(t))
	}
	w.around.say(func(n *neighbours) { n.match.State = "confirmed" })
	w.hear(t, reminding(e, "confirmation_asked_again", w.now()))
	w.write(t)
	if told := w.told(t, kindCameLast); told.Reason != reasonOutdated || len(w.office.got()) != 2 {
		t.Errorf("%+v after the answer, %d letters", told, len(w.office.got()))
	}
}

func TestBothSidesHearOfAnAppointmentBeforeItBegins(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.match.State = "accepted" })
	e, begins := aboutMatch("accepted"), w.now().Add(2*time.Hour)
	w.hear(t, reminding(e, "appointment_soon", begins))
	w.write(t)
	if n := len(w.office.got()); n != 2 {
		t.Fatalf("%d letters, want one to each side", n)
	}
	// What could not go out in time means nothing any more.
	w.hear(t, reminding(e, "appointment_tomorrow", begins))
	w.clock.Set(begins.Add(time.Minute))
	w.write(t)
	if n := len(w.office.got()); n != 2 {
		t.Errorf("%d letters, want none after the beginning", n)
	}
}

func TestWhoOffersIsAskedWhetherItStands(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.person.State = "available" })
	e := aboutMatch("accepted")
	e.Data.RequestID, e.Data.MatchID = "", ""
	w.hear(t, reminding(e, "availability_asked", w.now()))
	w.write(t)
	link := publicURL + "/track#" + w.keys.Bearer("track", string(e.Data.OfferID), 2)
	if letters := w.office.got(); len(letters) != 1 || !strings.Contains(letters[0].parts(t)["text/plain"], link) {
		t.Fatalf("%d letters, want one with the page of the offer", len(letters))
	}
	w.around.say(func(n *neighbours) { n.person.State = "paused" })
	w.hear(t, reminding(e, "availability_asked_again", w.now()))
	w.write(t)
	if n := len(w.office.got()); n != 1 {
		t.Errorf("%d letters to who has paused", n)
	}
}

func TestAHelperIsAskedWhetherItHappened(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.match.State, n.person.Path = "accepted", hubei })
	e, takesPlace := aboutMatch("accepted"), w.now().Add(3*oneDay)
	e.Data.At = &takesPlace
	w.hear(t, e)
	for _, wait := range []struct {
		after   time.Duration
		letters int
	}{{0, 1}, {4 * oneDay, 1}, {oneDay, 2}} { // the requester's, then two days after the help
		w.clock.Advance(wait.after)
		w.write(t)
		if n := len(w.office.got()); n != wait.letters {
			t.Fatalf("%d letters after %s more, want %d", n, wait.after, wait.letters)
		}
	}
}
