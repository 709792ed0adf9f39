package reach

import (
	"errors"
	"testing"
	"time"

	"heli/pkg/contract"
)

var both = []contract.Channel{contract.ChannelMail, contract.ChannelSMS}

func at(t *testing.T, zone, text string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestHoursAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]hours{
		"":                                 nil,
		"after 18:00, or only by message.": {{0, day}, {18 * hour, day}},
		"18 点以后；或只发短信。":                    {{0, day}, {18 * hour, day}},
		"18 點以後；或只發簡訊。":                    {{0, day}, {18 * hour, day}},
		"9:00-12:00, 14:30–17:00":          {{9 * hour, 12 * hour}, {14*hour + 30, 17 * hour}},
		"下午2点30分到下午5点":                     {{14*hour + 30, 17 * hour}},
		"晚上8点之后":                           {{20 * hour, day}},
		"before 9 am":                      {{0, 9 * hour}},
		"between 6pm and 8pm":              {{18 * hour, 20 * hour}},
		"22:00-2:00":                       {{0, 2 * hour}, {22 * hour, day}},
		"１０：００～１２：００":                      {{10 * hour, 12 * hour}},
	} {
		got, ok := parseHours(text)
		if !ok || len(got) != len(want) {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: %v, want %v", text, got, want)
			}
		}
	}
	for _, text := range []string{"when my husband is at work", "18:00", "after work", "不要打电话", "25:00-26:00", "after 24:00", "9:00-12:00, not on Sunday", "9:75-10:00"} {
		if got, ok := parseHours(text); ok {
			t.Errorf("%q was understood as %v", text, got)
		}
	}
}

func TestQuietHoursEndInTheMorningOfThePerson(t *testing.T) {
	for _, c := range []struct{ zone, now, want string }{
		{"Asia/Shanghai", "2026-11-24 20:59", "2026-11-24 20:59"},
		{"Asia/Shanghai", "2026-11-24 21:00", "2026-11-25 08:00"},
		{"Asia/Shanghai", "2026-11-25 07:59", "2026-11-25 08:00"},
		{"Asia/Shanghai", "2026-11-25 08:00", "2026-11-25 08:00"},
		// The night of the change has an hour more, and one less: eight is eight.
		{"Europe/Berlin", "2026-10-24 23:00", "2026-10-25 08:00"},
		{"Europe/Berlin", "2026-03-28 23:00", "2026-03-29 08:00"},
		{"America/New_York", "2026-11-01 01:30", "2026-11-01 08:00"},
	} {
		now, want := at(t, c.zone, c.now), at(t, c.zone, c.want)
		if got := waking.next(now); !got.Equal(want) {
			t.Errorf("%s %s: %s, want %s", c.zone, c.now, got, want)
		}
	}
	berlin := at(t, "Europe/Berlin", "2026-10-24 23:00")
	if wait := waking.next(berlin).Sub(berlin); wait != 10*time.Hour {
		t.Errorf("the long night is waited for %s, want 10h", wait)
	}
}

func TestDecide(t *testing.T) {
	agreed := contract.Consent{Purposes: []string{"matching", contract.PurposeMessages}}
	full := contract.Contact{Email: "a@example.org", Phone: "+8613800000000"}
	evening := contract.Contact{Phone: "+8613800000000", SafeHours: "after 18:00"}
	nights := contract.Contact{Phone: "+8613800000000", SafeHours: "22:00-23:00"}
	for name, c := range map[string]struct {
		person   Person
		contact  contract.Contact
		critical bool
		channels []contract.Channel
		now      string
		refusal  string
		later    string
		channel  contract.Channel
		opened   bool
	}{
		"by day, by mail":         {Person{Consent: agreed}, full, false, both, "2026-11-24 12:00", "", "", contract.ChannelMail, true},
		"without mail, by SMS":    {Person{Consent: agreed}, contract.Contact{Phone: "1"}, false, both, "2026-11-24 12:00", "", "", contract.ChannelSMS, true},
		"mail bounces":            {Person{Consent: agreed, MailBounces: true}, full, false, both, "2026-11-24 12:00", "", "", contract.ChannelSMS, true},
		"mail bounces, no SMS":    {Person{Consent: agreed, MailBounces: true}, full, false, both[:1], "2026-11-24 12:00", contract.RefusedBounces, "", "", true},
		"no address":              {Person{Consent: agreed}, contract.Contact{Wechat: "w"}, false, both, "2026-11-24 12:00", contract.RefusedNoAddress, "", "", true},
		"asleep, nothing is read": {Person{Consent: agreed}, full, false, both, "2026-11-24 23:00", "", "2026-11-25 08:00", "", false},
		"critical wakes":          {Person{Consent: agreed}, full, true, both, "2026-11-24 23:00", "", "", contract.ChannelMail, true},
		"critical, not safe":      {Person{Consent: agreed, SafeHours: true}, evening, true, both, "2026-11-24 12:00", "", "2026-11-24 18:00", "", true},
		"critical, safe at night": {Person{Consent: agreed, SafeHours: true}, evening, true, both, "2026-11-24 23:00", "", "", contract.ChannelSMS, true},
		"safe, but asleep":        {Person{Consent: agreed, SafeHours: true}, evening, false, both, "2026-11-24 23:00", "", "2026-11-25 18:00", "", true},
		"safe only at night":      {Person{Consent: agreed, SafeHours: true}, nights, false, both, "2026-11-24 22:30", "", "", contract.ChannelSMS, true},
		"hours not understood":    {Person{Consent: agreed, SafeHours: true}, contract.Contact{Phone: "1", SafeHours: "?"}, true, both, "2026-11-24 12:00", contract.RefusedHours, "", "", true},
		"never asked":             {Person{Consent: contract.Consent{Purposes: []string{"matching", "contact"}}}, full, true, both, "2026-11-24 12:00", contract.RefusedConsent, "", "", false},
		"taken back":              {Person{Consent: agreed.With(contract.PurposeMessages, false)}, full, true, both, "2026-11-24 12:00", contract.RefusedConsent, "", "", false},
		"erased":                  {Person{Consent: agreed, Erased: true}, full, true, both, "2026-11-24 12:00", contract.RefusedErased, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.person.Zone = "Asia/Shanghai"
			opened := 0
			got, err := Decide(c.person, contract.AskReach{Channels: c.channels, Critical: c.critical}, at(t, "Asia/Shanghai", c.now).UTC(),
				func() (contract.Contact, error) { opened++; return c.contact, nil })
			if err != nil || got.Refusal != c.refusal || got.Channel != c.channel || (opened == 1) != c.opened {
				t.Fatalf("%+v %v, opened %d times", got, err, opened)
			}
			if (c.later == "") != (got.NotBefore == nil) || got.NotBefore != nil && !got.NotBefore.Equal(at(t, "Asia/Shanghai", c.later)) {
				t.Errorf("not before %v, want %s", got.NotBefore, c.later)
			}
			if (got.Address != "") != (c.channel != "") {
				t.Errorf("address %q", got.Address)
			}
		})
	}
}

// A summary waits for the morning of its person, and what would be too late in it
// does not wait.
func TestOneSummaryADay(t *testing.T) {
	agreed := contract.Consent{Purposes: []string{contract.PurposeMessages}}
	for name, c := range map[string]struct {
		digest    contract.Digest
		safe      string
		ask       contract.AskReach
		came, now string
		until     string
		later     string // empty: now
		together  bool
	}{
		"each at once":               {contract.DigestNone, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "", "", false},
		"as of before the choice":    {"", "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "", "", false},
		"waits for the morning":      {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "", "2026-11-25 08:00", false},
		"came at night":              {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 03:00", "2026-11-24 03:00", "", "2026-11-24 08:00", false},
		"comes in the morning":       {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-25 08:00", "", "", true},
		"is late, but not at night":  {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-25 22:00", "", "2026-11-26 08:00", false},
		"comes in the safe hours":    {contract.DigestDaily, "after 18:00", contract.AskReach{}, "2026-11-24 19:00", "2026-11-25 08:00", "", "2026-11-25 18:00", false},
		"in the safe hours":          {contract.DigestDaily, "after 18:00", contract.AskReach{}, "2026-11-24 19:00", "2026-11-25 18:00", "", "", true},
		"cannot wait":                {contract.DigestDaily, "", contract.AskReach{AtOnce: true}, "2026-11-24 12:00", "2026-11-24 12:00", "", "", false},
		"cannot wait, but at night":  {contract.DigestDaily, "", contract.AskReach{AtOnce: true}, "2026-11-24 23:00", "2026-11-24 23:00", "", "2026-11-25 08:00", false},
		"is critical":                {contract.DigestDaily, "", contract.AskReach{Critical: true}, "2026-11-24 23:00", "2026-11-24 23:00", "", "", false},
		"ends before the summary":    {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "2026-11-25 07:00", "", false},
		"ends too soon after it":     {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "2026-11-25 09:59", "", false},
		"ends in time after it":      {contract.DigestDaily, "", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "2026-11-25 10:00", "2026-11-25 08:00", false},
		"may end before safe hours":  {contract.DigestDaily, "9:00-20:00", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "2026-11-26 09:59", "", false},
		"ends long after safe hours": {contract.DigestDaily, "9:00-20:00", contract.AskReach{}, "2026-11-24 12:00", "2026-11-24 12:00", "2026-11-26 10:00", "2026-11-25 08:00", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := Person{Consent: agreed, Zone: "Asia/Shanghai", Digest: c.digest, SafeHours: c.safe != ""}
			c.ask.Channels, c.ask.Since = both, at(t, "Asia/Shanghai", c.came)
			if c.until != "" {
				until := at(t, "Asia/Shanghai", c.until)
				c.ask.Until = &until
			}
			got, err := Decide(p, c.ask, at(t, "Asia/Shanghai", c.now).UTC(), func() (contract.Contact, error) {
				return contract.Contact{Email: "a@example.org", SafeHours: c.safe}, nil
			})
			switch {
			case err != nil:
				t.Error(err)
			case c.later == "" && (got.Address == "" || got.Summary != c.together):
				t.Errorf("%+v, want it now, together with others: %v", got, c.together)
			case c.later != "" && (got.NotBefore == nil || !got.NotBefore.Equal(at(t, "Asia/Shanghai", c.later))):
				t.Errorf("not before %v, want %s", got.NotBefore, c.later)
			}
		})
	}
}

// What must be heard before something begins waits for no summary and no morning that
// would come less than two hours before; what somebody said about their hours stands.
func TestWhatMustBeHeardInTimeIsNotHeld(t *testing.T) {
	agreed := contract.Consent{Purposes: []string{contract.PurposeMessages}}
	for name, c := range map[string]struct {
		digest contract.Digest
		safe   string
		now    string
		by     string
		later  string
	}{
		"tonight, before the morning":     {contract.DigestNone, "", "2026-11-24 22:00", "2026-11-25 07:00", ""},
		"less than two hours after it":    {contract.DigestNone, "", "2026-11-24 22:00", "2026-11-25 09:59", ""},
		"two hours after it":              {contract.DigestNone, "", "2026-11-24 22:00", "2026-11-25 10:00", "2026-11-25 08:00"},
		"next week":                       {contract.DigestNone, "", "2026-11-24 22:00", "2026-12-01 10:00", "2026-11-25 08:00"},
		"by day":                          {contract.DigestNone, "", "2026-11-24 12:00", "2026-11-24 13:00", ""},
		"safe hours hold it":              {contract.DigestNone, "after 18:00", "2026-11-24 22:00", "2026-11-24 23:00", ""},
		"safe hours hold it by day":       {contract.DigestNone, "after 18:00", "2026-11-24 12:00", "2026-11-24 13:00", "2026-11-24 18:00"},
		"before the summary":              {contract.DigestDaily, "", "2026-11-24 12:00", "2026-11-25 07:00", ""},
		"after the summary":               {contract.DigestDaily, "", "2026-11-24 12:00", "2026-11-25 10:00", "2026-11-25 08:00"},
		"before the summary and at night": {contract.DigestDaily, "", "2026-11-24 23:00", "2026-11-25 09:00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := Person{Consent: agreed, Zone: "Asia/Shanghai", Digest: c.digest, SafeHours: c.safe != ""}
			now, by := at(t, "Asia/Shanghai", c.now), at(t, "Asia/Shanghai", c.by)
			got, err := Decide(p, contract.AskReach{Channels: both, Since: now, HeardBy: &by}, now, func() (contract.Contact, error) {
				return contract.Contact{Email: "a@example.org", SafeHours: c.safe}, nil
			})
			switch {
			case err != nil:
				t.Error(err)
			case c.later == "" && (got.Address == "" || got.Summary):
				t.Errorf("%+v, want it now and alone", got)
			case c.later != "" && (got.NotBefore == nil || !got.NotBefore.Equal(at(t, "Asia/Shanghai", c.later))):
				t.Errorf("not before %v, want %s", got.NotBefore, c.later)
			}
		})
	}
}

// The night in which a clock is put back has an hour more: eight is eight.
func TestASummaryComesByTheClockOfItsPerson(t *testing.T) {
	p := Person{Consent: contract.Consent{Purposes: []string{contract.PurposeMessages}}, Zone: "Europe/Berlin", Digest: contract.DigestDaily}
	came := at(t, "Europe/Berlin", "2026-10-24 20:00")
	got, err := Decide(p, contract.AskReach{Channels: both, Since: came}, came, func() (contract.Contact, error) { return contract.Contact{}, nil })
	if err != nil || got.NotBefore == nil || !got.NotBefore.Equal(at(t, "Europe/Berlin", "2026-10-25 08:00")) || got.NotBefore.Sub(came) != 13*time.Hour {
		t.Errorf("%+v %v", got, err)
	}
}

func TestNothingIsReadThatCannotBeRecorded(t *testing.T) {
	p := Person{Consent: contract.Consent{Purposes: []string{contract.PurposeMessages}}, Zone: "UTC"}
	lost := errors.New("no audit")
	got, err := Decide(p, contract.AskReach{Channels: both}, at(t, "UTC", "2026-11-24 12:00"), func() (contract.Contact, error) {
		return contract.Contact{}, lost
	})
	if !errors.Is(err, lost) || got.Address != "" {
		t.Fatalf("%+v %v", got, err)
	}
}
