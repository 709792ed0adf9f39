package notify

import (
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

// sum tells of what was gathered, until nothing is.
func (b *bench) sum(t *testing.T) {
	t.Helper()
	for more := true; more; {
		var err error
		more, err = b.sumUpOne(t.Context())
		must(t, err)
	}
	b.run(t)
}

func nightly(d *contract.WebhookDraft) {
	d.Language, d.Quiet = "en", &contract.QuietHours{From: "22:00", To: "07:00"}
}

func TestANightIsToldInTheMorning(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := group(t, contract.KindWeCom)
	b.clock.Set(at(t, "Asia/Shanghai", "2026-11-24 21:50"))
	w := b.robot(t, contract.KindWeCom, r.URL+"/send?key=abcdefgh", nightly)
	b.clock.Set(at(t, "Asia/Shanghai", "2026-11-24 22:30"))
	before := len(r.got())
	for range 3 {
		b.hear(t, need("submitted", contract.Urgent))
	}
	b.hear(t, need("confirmed", contract.Critical)) // nobody has to act
	b.hear(t, fact("accepted"))
	b.sum(t)
	if n := len(r.got()); n != before {
		t.Fatalf("%d messages at night", n-before)
	}
	b.hear(t, need("submitted", contract.Critical))
	b.sum(t)
	if said := r.said(t)[before:]; len(said) != 1 || !strings.Contains(said[0], "critical need") {
		t.Fatalf("a critical need was told as %q", said)
	}
	b.clock.Set(at(t, "Asia/Shanghai", "2026-11-25 07:00"))
	b.sum(t)
	b.sum(t)
	said := r.said(t)[before+1:]
	if len(said) != 1 {
		t.Fatalf("%d messages in the morning: %q", len(said), said)
	}
	want := "\nNeeds: 3 new, 1 confirmed (critical: 1)\nMatches: 1 accepted\nhttps://heli.example.org/console"
	if !strings.HasSuffix(said[0], want) {
		t.Errorf("said %q, want …%q", said[0], want)
	}
	states := map[string]int{}
	for _, d := range b.deliveries(t, w) {
		states[d.State]++
	}
	if states[stateDigested] != 5 || states[stateDelivered] != 3 { // the first message, the critical need, the digest
		t.Errorf("states %v", states)
	}
}

func TestWhatWasGatheredAloneIsToldAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := group(t, contract.KindSlack)
	b.robot(t, contract.KindSlack, r.URL+"/services/T/B/abcdefgh", func(d *contract.WebhookDraft) { d.Digest = contract.DigestHourly })
	before := len(r.got())
	b.hear(t, need("submitted", contract.Soon))
	b.sum(t)
	b.clock.Advance(time.Hour)
	b.sum(t)
	if said := r.said(t)[before:]; len(said) != 1 || !strings.Contains(said[0], "A new need in") {
		t.Errorf("said %q", said)
	}
}

// TestARobotDoesNotRepeatItself hears a thing twice in the same state at once.
func TestARobotDoesNotRepeatItself(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	w := b.robot(t, contract.KindSlack, group(t, contract.KindSlack).URL+"/services/abcdefgh")
	hook := b.register(t, xian, "http://127.0.0.1:1/")
	one := need("triaged", contract.Soon)
	two, three := one, need("triaged", contract.Soon)
	two.ID, two.Version = contract.NewID[contract.EventID](), 2
	events := []contract.Event{one, two, three}
	must(t, b.Hear(t.Context(), events, testkit.Once(t, b.worker.db, events...)))
	if told, sent := len(b.deliveries(t, w)), len(b.deliveries(t, hook)); told != 3 || sent != 3 { // its first message among them
		t.Errorf("a robot has %d deliveries, a webhook %d", told, sent)
	}
}

func TestACrowdIsToldTogether(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := group(t, contract.KindFeishu)
	b.robot(t, contract.KindFeishu, r.URL+"/hook/abcdefgh")
	hook := b.register(t, xian, newReceiver(t, status(204)).URL)
	before := len(r.got())
	for range crowd {
		b.hear(t, need("open", contract.Soon))
	}
	if more, err := b.sumUpOne(t.Context()); err != nil || more {
		t.Fatalf("%d are no crowd: %v, %v", crowd, more, err)
	}
	b.hear(t, need("open", contract.Soon))
	b.hear(t, need("open", contract.Critical))
	for range 3 {
		b.sum(t)
		b.clock.Advance(time.Second)
	}
	said := r.said(t)[before:]
	if len(said) != 2 || !strings.Contains(strings.Join(said, "\n"), "待对接 21 条") || !strings.Contains(strings.Join(said, "\n"), "危急需求") {
		t.Errorf("said %q", said)
	}
	if n := len(b.deliveries(t, hook)); n != crowd+2 {
		t.Errorf("a webhook got %d deliveries", n)
	}
}

func TestScheduleMovesWhatWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := group(t, contract.KindSlack)
	w := b.robot(t, contract.KindSlack, r.URL+"/services/T/B/abcdefgh", func(d *contract.WebhookDraft) { d.Digest = contract.DigestDaily })
	before := len(r.got())
	b.hear(t, need("open", contract.Soon))
	b.hear(t, need("open", contract.Soon))
	ctx := as(t, contract.RoleIntegrator, xian)
	changed := contract.ScheduleNotices{ID: w.ID, NoticeTimes: contract.NoticeTimes{Language: "zh-Hant", TimeZone: "Asia/Taipei"}}
	for range 2 {
		got, err := b.Schedule(ctx, changed)
		must(t, err)
		if got.Version != b.shown(t, w).Version || got.Digest != contract.DigestNone || got.Language != "zh-Hant" || got.TimeZone != "Asia/Taipei" {
			t.Errorf("scheduled %+v", got)
		}
	}
	b.sum(t)
	if said := r.said(t)[before:]; len(said) != 1 || !strings.Contains(said[0], "\n需求：待媒合 2 筆\n") {
		t.Errorf("said %q", said)
	}
	hook := b.register(t, xian, "http://127.0.0.1:1/")
	_, err := b.Schedule(ctx, contract.ScheduleNotices{ID: hook.ID, NoticeTimes: changed.NoticeTimes})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Schedule(as(t, contract.RoleIntegrator, hubei), changed)
	wantFault(t, err, fault.NotFound, "")
}

func TestARemovedRobotEndsWhatWasGathered(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	w := b.robot(t, contract.KindSlack, group(t, contract.KindSlack).URL+"/services/abcdefgh", func(d *contract.WebhookDraft) { d.Digest = contract.DigestDaily })
	b.hear(t, need("open", contract.Soon))
	_, err := b.Remove(as(t, contract.RoleIntegrator, xian), contract.WebhookByID{ID: w.ID})
	must(t, err)
	var dead int
	must(t, b.admin.GetContext(t.Context(), &dead, `SELECT count(*) FROM notify.deliveries WHERE state = 'dead' AND reason = 'endpoint_removed'`))
	if dead != 1 {
		t.Errorf("%d dead, want 1", dead)
	}
}
