package guard

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"heli/pkg/fault"
	"heli/pkg/seal"
	"heli/pkg/testkit"
)

func TestEveryStatementIsValid(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, "web").Open(t, "web")
	for _, q := range statements() {
		statement, err := db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if err := statement.Close(); err != nil {
			t.Error(err)
		}
	}
}

// bench is a guard whose clock a test sets.
type bench struct {
	*Guard
	ahead atomic.Int64 // of the real time, in nanoseconds
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{}
	d := testkit.NewWorld(t, "web").Deps(t, "web")
	d.Clock = func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	b.Guard = New(d, Options{WritesPerMinute: 10})
	return b
}

// later makes the time of the guard pass.
func (b *bench) later(d time.Duration) { b.ahead.Add(int64(d)) }

// solve does what proof.js does.
func solve(text string) string {
	mac := text[strings.LastIndexByte(text, '.')+1:]
	answers := make([]string, puzzles)
	for i := range answers {
		n := 0
		for !solves(mac, i, strconv.Itoa(n)) {
			n++
		}
		answers[i] = strconv.Itoa(n)
	}
	return strings.Join(answers, ",")
}

func TestProofCountsOnceAndForADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := Evidence{Challenge: b.Challenge(), Form: "first"}
	e.Proof = solve(e.Challenge)
	b.later(time.Minute)
	other := b.Challenge()
	b.later(time.Minute)
	for _, tt := range []struct {
		name   string
		change func(*Evidence)
		code   string // of the fault; empty when it is admitted
	}{
		{"right", func(*Evidence) {}, ""},
		{"the same form again", func(*Evidence) {}, ""},
		{"another form with it", func(e *Evidence) { e.Form = "second" }, "proof_used"},
		{"of another challenge", func(e *Evidence) { e.Challenge, e.Form = other, "second" }, "proof"},
		{"a wrong answer", func(e *Evidence) { e.Proof += "1" }, "proof"},
		{"too few answers", func(e *Evidence) { e.Proof = "1,2" }, "proof"},
		{"no number", func(e *Evidence) { e.Proof = strings.Repeat("x,", puzzles-1) + "x" }, "proof"},
		{"a challenge that is not ours", func(e *Evidence) { e.Challenge = "1.a.b" }, "proof"},
		{"a challenge with another time", func(e *Evidence) { e.Challenge = "9" + e.Challenge }, "proof"},
		{"a field that nobody sees", func(e *Evidence) { e.Trap = "x" }, "leave_empty"},
		{"without script", func(e *Evidence) { e.Challenge, e.Proof = "", "" }, ""},
	} {
		given := e
		tt.change(&given)
		if code := codeOf(b.Admit(t.Context(), given)); code != tt.code {
			t.Errorf("%s: %q, want %q", tt.name, code, tt.code)
		}
	}
	b.later(challengeLife)
	if code := codeOf(b.Admit(t.Context(), e)); code != "proof_ended" {
		t.Errorf("after a day: %q", code)
	}
	if err := b.Purge(t.Context()); err != nil {
		t.Error(err)
	}
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if f := fault.As(err); len(f.Fields) == 1 {
		return f.Fields[0].Code
	}
	return err.Error()
}

// TestPauses runs in a bubble of virtual time: what is held back waits exactly
// as long as it should.
func TestPauses(t *testing.T) {
	t.Parallel()
	keys, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		g := &Guard{keys: keys, clock: time.Now, quotas: newQuotas(10), waiting: make(chan struct{}, 1)}
		for age, want := range map[time.Duration]time.Duration{0: fastest, time.Second: fastest - time.Second, time.Hour: 0} {
			if got := g.due(t.Context(), Evidence{Proof: "right"}, age); got != want {
				t.Errorf("a form sent after %v waits %v, want %v", age, got, want)
			}
		}
		took := func(e Evidence) time.Duration {
			began := time.Now()
			if err := g.Admit(t.Context(), e); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		if d := took(Evidence{}); d != 0 {
			t.Errorf("the first form without a proof waited %v", d)
		}
		if d := took(Evidence{}); d != slowTime {
			t.Errorf("the second within a minute waited %v", d)
		}
		for range perPhone {
			if err := g.SlowPhone(t.Context(), "+8610000000000"); err != nil {
				t.Error(err)
			}
		}
		began := time.Now()
		if err := g.SlowPhone(t.Context(), "100 0000 0000"); err != nil || time.Since(began) != slowTime {
			t.Errorf("one phone too often: %v after %v", err, time.Since(began))
		}
		g.waiting <- struct{}{}
		if err := g.pause(t.Context(), time.Second); !fault.Is(err, fault.Unavailable) {
			t.Errorf("too many at once: %v", err)
		}
		<-g.waiting
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.pause(gone, time.Hour); err == nil {
			t.Error("who has gone is still waited for")
		}
	})
}
