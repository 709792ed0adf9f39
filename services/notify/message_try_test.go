package notify

import (
	"context"
	"testing"

	"github.com/emersion/go-smtp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

var errNoMailbox = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + plantedMail}

func TestTheSameFactTwiceIsOneMessage(t *testing.T) {
	w := setupWriting(t)
	e := aboutRequest("submitted")
	w.hear(t, e)
	w.hear(t, next(e, "submitted")) // a correction says the state again
	w.write(t)
	if n := len(w.office.got()); n != 1 {
		t.Errorf("%d letters, want 1", n)
	}
}

func TestARepeatAfterACrashHasTheSameMessageID(t *testing.T) {
	w := setupWriting(t)
	w.hear(t, aboutRequest("submitted"))
	// The process dies after the server took the mail and before it is booked.
	tasks, err := w.messages.take(t.Context(), 0)
	must(t, err)
	if _, err := w.attemptMessage(contract.WithActor(t.Context(), contract.System()), tasks[0]); err != nil || len(w.office.got()) != 1 {
		t.Fatalf("%v, %d letters", err, len(w.office.got()))
	}
	w.write(t)
	if n := len(w.office.got()); n != 1 {
		t.Fatalf("%d letters while the lease runs", n)
	}
	w.clock.Advance(leaseTime)
	w.write(t)
	letters := w.office.got()
	if len(letters) != 2 {
		t.Fatalf("%d letters, want the repeat", len(letters))
	}
	first, second := letters[0].parsed(t).Header.Get("Message-Id"), letters[1].parsed(t).Header.Get("Message-Id")
	if first == "" || first != second {
		t.Errorf("Message-IDs %q and %q", first, second)
	}
	readings := w.around.readings()
	if len(readings) != 2 || readings[0].Key == readings[1].Key {
		t.Errorf("each look at the address is one entry: %+v", readings)
	}
	if told := w.told(t, kindReceived); told.State != stateDelivered {
		t.Errorf("%+v", told)
	}
}

func TestAMailboxThatIsNotThereEndsItAndIsTold(t *testing.T) {
	w := setupWriting(t)
	w.office.answer(errNoMailbox, nil)
	e := aboutRequest("submitted")
	w.hear(t, e)
	w.write(t)
	told := w.told(t, kindReceived)
	if told.State != stateDead || told.Reason != reasonBounced || told.Attempts[0].StatusCode != 550 {
		t.Errorf("%+v", told)
	}
	if got := w.around.bounced; len(got) != 1 || got[0] != (contract.Bounced{ID: e.AggregateID, Person: "digest"}) {
		t.Errorf("told of bounces: %+v", got)
	}
}

func TestABounceThatCannotBeToldIsTriedAgain(t *testing.T) {
	w := setupWriting(t)
	w.office.answer(errNoMailbox, nil)
	w.hear(t, aboutRequest("submitted"))
	tasks, err := w.messages.take(t.Context(), 0)
	must(t, err)
	ctx := contract.WithActor(t.Context(), contract.System())
	a, err := w.attemptMessage(ctx, tasks[0])
	must(t, err)
	w.around.say(func(n *neighbours) { n.failing = fault.NewUnavailable(nil) })
	if err := w.bookAttempt(ctx, tasks[0], a); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("booked without the request service: %v", err)
	}
	w.around.say(func(n *neighbours) { n.failing = nil })
	w.clock.Advance(leaseTime)
	w.write(t)
	if told := w.told(t, kindReceived); told.Reason != reasonBounced || len(w.around.bounced) != 2 {
		t.Errorf("%+v, told %d times", told, len(w.around.bounced))
	}
}

func TestWhatMayPassIsTriedAgainBySchedule(t *testing.T) {
	for name, c := range map[string]struct {
		rcpt, data error
		final      string
	}{
		"greylisted":        {rcpt: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}},
		"server is full":    {data: &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "later"}},
		"mail is refused":   {data: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "spam"}, final: reasonRefused},
		"we are refused":    {rcpt: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "policy"}, final: reasonRefused},
		"mailbox is closed": {rcpt: &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 1}, Message: "disabled"}, final: reasonBounced},
	} {
		t.Run(name, func(t *testing.T) {
			w := setupWriting(t)
			w.office.answer(c.rcpt, c.data)
			w.hear(t, aboutRequest("submitted"))
			w.write(t)
			told := w.told(t, kindReceived)
			if c.final != "" {
				if told.State != stateDead || told.Reason != c.final || len(w.around.bounced) != map[bool]int{true: 1}[c.final == reasonBounced] {
					t.Errorf("%+v, bounces %v", told, w.around.bounced)
				}
				return
			}
			if told.State != statePending || told.Reason != reasonStatus || !told.NextAt.Equal(w.now().Add(schedule[1])) {
				t.Fatalf("%+v", told)
			}
			w.office.answer(nil, nil)
			w.clock.Advance(schedule[1])
			w.write(t)
			if told = w.told(t, kindReceived); told.State != stateDelivered || len(told.Attempts) != 2 {
				t.Errorf("%+v", told)
			}
		})
	}
}

func TestNoMailIsSentWithoutTLS(t *testing.T) {
	office := newPostOffice(t, false)
	w := writingAt(t, office, mailConfig(office))
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	if told := w.told(t, kindReceived); told.State != statePending || len(office.got()) != 0 || office.signIns != 0 {
		t.Errorf("%+v, %d letters, %d passwords in clear", told, len(office.got()), office.signIns)
	}
}

func TestAnUnknownCertificateGetsNoPassword(t *testing.T) {
	office := newPostOffice(t, true)
	office.roots = nil // the system's know nothing of it
	w := writingAt(t, office, mailConfig(office))
	w.hear(t, aboutRequest("submitted"))
	w.write(t)
	if told := w.told(t, kindReceived); told.Reason != reasonTLS || office.signIns != 0 {
		t.Errorf("%+v, %d sign-ins", told, office.signIns)
	}
}

func TestAServiceThatIsAwayCostsNoTry(t *testing.T) {
	w := setupWriting(t)
	w.around.say(func(n *neighbours) { n.failing = fault.NewUnavailable(nil) })
	w.hear(t, aboutRequest("submitted"))
	for range 12 {
		w.write(t)
		w.clock.Advance(schedule[1])
	}
	if told := w.told(t, kindReceived); told.State != statePending || len(told.Attempts) != 0 {
		t.Fatalf("%+v", told)
	}
	w.around.say(func(n *neighbours) { n.failing = nil })
	w.write(t)
	if told := w.told(t, kindReceived); told.State != stateDelivered {
		t.Errorf("%+v", told)
	}
}

func TestTwoProcessesSendAMessageOnce(t *testing.T) {
	w := setupWriting(t)
	for range 20 {
		w.hear(t, aboutRequest("submitted"))
	}
	seen := map[contract.MessageID]int{}
	for {
		n := 0
		for range 2 {
			tasks, err := w.worker.takeMessages(t.Context(), w.now(), w.now().Add(leaseTime), perSender)
			must(t, err)
			for _, task := range tasks {
				seen[task.ID]++
			}
			n += len(tasks)
		}
		if n == 0 {
			break
		}
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d of 20 were taken", len(seen))
	}
}

func TestStoppingGivesBackWhatWasNotSent(t *testing.T) {
	w := setupWriting(t)
	w.hear(t, aboutRequest("submitted"))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err := w.messages.dispatch(t.Context(), stopped)
	must(t, err)
	w.messages.sending.Wait()
	if told := w.told(t, kindReceived); told.State != statePending || len(told.Attempts) != 0 {
		t.Fatalf("%+v", told)
	}
	w.clock.Advance(schedule[1])
	w.write(t)
	if told := w.told(t, kindReceived); told.State != stateDelivered {
		t.Errorf("%+v", told)
	}
}
