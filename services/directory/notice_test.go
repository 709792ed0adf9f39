package directory

import (
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const staffMail = "planted.staff@example.org"

// noon is by day in Shanghai.
var noon = time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)

// wantsMail is a coordinator of xian who hears by mail at once.
func wantsMail(t *testing.T, b *bundle) (contract.Person, contract.SetStaffNotices) {
	t.Helper()
	b.clock.Set(noon)
	b.organisation(t, "xian", "root", "610100")
	p := b.person(t, "xian", contract.RoleCoordinator)
	q := contract.SetStaffNotices{PersonID: p.ID, Mail: true, Address: staffMail, NoticeTimes: contract.NoticeTimes{Digest: contract.DigestNone}}
	if _, err := b.SetNotices(self(t, p.ID), q); err != nil {
		t.Fatalf("set notices: %v", err)
	}
	return p, q
}

func reaching(p contract.Person, since time.Time) contract.AskReach {
	return contract.AskReach{
		ID: string(p.ID), Key: contract.NewID[string](), Reason: "mentioned", Channels: []contract.Channel{contract.ChannelMail}, Since: since, Path: p.Path,
	}
}

func TestStaffHearByMailWhereTheyChoseIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, q := wantsMail(t, b)
	got, err := b.Reach(b.ctx, reaching(p, noon))
	if err != nil || got.Address != staffMail || got.Channel != contract.ChannelMail || got.Language != "zh-Hans" || got.Person == "" {
		t.Fatalf("%+v %v", got, err)
	}
	var kept string
	if err := b.admin.GetContext(t.Context(), &kept, `SELECT encode(address, 'escape') FROM directory.notice`); err != nil || strings.Contains(kept, "planted") {
		t.Errorf("stored %q %v", kept, err)
	}
	var recorded int
	const count = `SELECT count(*) FROM directory.audit WHERE action = 'person.contact.reach' AND subject_id = $1 AND reason = 'mentioned'`
	if err := b.admin.GetContext(t.Context(), &recorded, count, p.ID); err != nil || recorded != 1 {
		t.Errorf("%d readings recorded, %v", recorded, err)
	}
	for name, change := range map[string]func(){
		"unsubscribed": func() {
			if _, err := b.EndNotices(contract.WithActor(t.Context(), contract.Actor{Role: contract.RoleRequester, Subject: string(p.ID)}), contract.PersonByID{ID: p.ID}); err != nil {
				t.Error(err)
			}
		},
		"off": func() { q.Mail = false; must(t, second(b.SetNotices(self(t, p.ID), q))) },
	} {
		q.Mail = true
		must(t, second(b.SetNotices(self(t, p.ID), q)))
		change()
		if got, err := b.Reach(b.ctx, reaching(p, noon)); err != nil || got.Refusal != contract.RefusedConsent || got.Address != "" {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSummariesAndQuietHoursOfStaff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, q := wantsMail(t, b)
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		must(t, err)
		return moment
	}
	for name, c := range map[string]struct {
		times    contract.NoticeTimes
		came     string
		now      string
		critical bool
		want     string // empty: now
	}{
		"a summary waits":           {contract.NoticeTimes{Digest: contract.DigestDaily}, "2026-11-24T12:00:00+08:00", "2026-11-24T12:00:00+08:00", false, "2026-11-25T08:00:00+08:00"},
		"a summary comes":           {contract.NoticeTimes{Digest: contract.DigestDaily}, "2026-11-24T12:00:00+08:00", "2026-11-25T08:00:00+08:00", false, ""},
		"critical is in no summary": {contract.NoticeTimes{Digest: contract.DigestDaily}, "2026-11-24T12:00:00+08:00", "2026-11-24T12:00:00+08:00", true, ""},
		"at night": {
			contract.NoticeTimes{Quiet: &contract.QuietHours{From: "22:00", To: "07:00"}}, "2026-11-24T23:00:00+08:00", "2026-11-24T23:00:00+08:00", false, "2026-11-25T07:00:00+08:00",
		},
		"critical at night": {
			contract.NoticeTimes{Quiet: &contract.QuietHours{From: "22:00", To: "07:00"}}, "2026-11-24T23:00:00+08:00", "2026-11-24T23:00:00+08:00", true, "",
		},
	} {
		q.NoticeTimes = c.times
		must(t, second(b.SetNotices(self(t, p.ID), q)))
		b.clock.Set(at(c.now))
		ask := reaching(p, at(c.came))
		ask.Critical = c.critical
		got, err := b.Reach(b.ctx, ask)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want == "" && got.Address == "", c.want != "" && (got.NotBefore == nil || !got.NotBefore.Equal(at(c.want)) || got.Address != ""):
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}

func TestWhoLeftHearsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _ := wantsMail(t, b)
	elsewhere := reaching(p, noon)
	elsewhere.Path = contract.RootPath
	if got, err := b.Reach(b.ctx, elsewhere); err != nil || got.Refusal != contract.RefusedConsent {
		t.Errorf("of what they do not see: %+v %v", got, err)
	}
	must(t, second(b.Revoke(b.ctx, contract.RevokeIdentity{PersonID: p.ID})))
	if got, err := b.Reach(b.ctx, reaching(p, noon)); err != nil || got.Refusal != contract.RefusedConsent {
		t.Errorf("revoked: %+v %v", got, err)
	}
	if found, err := b.Listeners(b.ctx, contract.AskListeners{Path: p.Path, Action: "write_notes"}); err != nil || len(found.People) != 0 {
		t.Errorf("revoked: %+v %v", found, err)
	}
}

func TestListenersAreThoseWhoseConcernItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _ := wantsMail(t, b)
	b.person(t, "xian", contract.RoleCoordinator) // wants no mail
	for action, want := range map[string]int{"write_notes": 1, "manage_webhooks": 1, "manage_policies": 0, "none": 0} {
		found, err := b.Listeners(b.ctx, contract.AskListeners{Path: p.Path, Action: action})
		if err != nil || len(found.People) != want || want == 1 && found.People[0] != p.ID {
			t.Errorf("%s: %+v %v", action, found, err)
		}
	}
	if found, err := b.Listeners(b.ctx, contract.AskListeners{Path: contract.RootPath, Action: "write_notes"}); err != nil || len(found.People) != 0 {
		t.Errorf("above: %+v %v", found, err)
	}
}

func TestMailThatComesBackEndsUntilTheAddressIsAnother(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, q := wantsMail(t, b)
	got, err := b.Reach(b.ctx, reaching(p, noon))
	must(t, err)
	for range 2 {
		must(t, second(b.Bounced(b.ctx, contract.Bounced{ID: string(p.ID), Person: got.Person})))
	}
	if got, err := b.Reach(b.ctx, reaching(p, noon)); err != nil || got.Refusal != contract.RefusedBounces {
		t.Errorf("%+v %v", got, err)
	}
	shown, err := b.Notices(self(t, p.ID), contract.PersonByID{ID: p.ID})
	if err != nil || !shown.Bounces || shown.Address != staffMail {
		t.Errorf("shown %+v %v", shown, err)
	}
	must(t, second(b.SetNotices(self(t, p.ID), q)))
	if got, err := b.Reach(b.ctx, reaching(p, noon)); err != nil || got.Refusal != contract.RefusedBounces {
		t.Errorf("the same address again: %+v %v", got, err)
	}
	q.Address = "another@example.org"
	must(t, second(b.SetNotices(self(t, p.ID), q)))
	if got, err := b.Reach(b.ctx, reaching(p, noon)); err != nil || got.Address != q.Address {
		t.Errorf("another address: %+v %v", got, err)
	}
	_, err = b.Bounced(b.ctx, contract.Bounced{ID: contract.NewID[string]()})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

func TestMailNeedsAnAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, q := wantsMail(t, b)
	for name, change := range map[string]func(*contract.SetStaffNotices){
		"no address":     func(q *contract.SetStaffNotices) { q.Address = "" },
		"a wrong one":    func(q *contract.SetStaffNotices) { q.Address = "nobody" },
		"a wrong hour":   func(q *contract.SetStaffNotices) { q.Quiet = &contract.QuietHours{From: "25:00", To: "07:00"} },
		"a wrong zone":   func(q *contract.SetStaffNotices) { q.TimeZone = "Mars/Olympus" },
		"a wrong digest": func(q *contract.SetStaffNotices) { q.Digest = "weekly" },
	} {
		wrong := q
		change(&wrong)
		if _, err := b.SetNotices(self(t, p.ID), wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.admin.ExecContext(t.Context(), `UPDATE directory.person SET login_name = 'wang@example.org' WHERE id = $1`, p.ID); err != nil {
		t.Fatal(err)
	}
	q.Address = ""
	shown, err := b.SetNotices(self(t, p.ID), q)
	if err != nil || shown.SignIn != "wang@example.org" || shown.Address != "" {
		t.Fatalf("%+v %v", shown, err)
	}
	if got, err := b.Reach(b.ctx, reaching(p, noon)); err != nil || got.Address != "wang@example.org" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestNoticesAreOnesOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, q := wantsMail(t, b)
	another := b.person(t, "xian", contract.RoleAdministrator)
	for name, err := range map[string]error{
		"read":   second(b.Notices(self(t, another.ID), contract.PersonByID{ID: p.ID})),
		"set":    second(b.SetNotices(self(t, another.ID), q)),
		"end":    second(b.EndNotices(self(t, another.ID), contract.PersonByID{ID: p.ID})),
		"reach":  second(b.Reach(self(t, p.ID), reaching(p, noon))),
		"bounce": second(b.Bounced(self(t, p.ID), contract.Bounced{ID: string(p.ID)})),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Listeners(self(t, p.ID), contract.AskListeners{Path: p.Path}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("listeners: %v", err)
	}
}
