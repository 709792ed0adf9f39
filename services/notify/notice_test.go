package notify

import (
	"testing"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reach"
)

// at reads a time of a zone.
func at(t *testing.T, zone, text string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	must(t, err)
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	must(t, err)
	return moment
}

func TestWhenARobotSpeaks(t *testing.T) {
	t.Parallel()
	const xi, berlin = "Asia/Shanghai", "Europe/Berlin"
	night := func(digest contract.Digest, zone string) notices {
		return notices{Kind: contract.KindWeCom, Times: reach.Times{Digest: digest, QuietFrom: "22:00", QuietTo: "07:00", TimeZone: zone}}
	}
	open := func(digest contract.Digest) notices {
		return notices{Kind: contract.KindSlack, Times: reach.Times{Digest: digest, TimeZone: xi}}
	}
	noon := notices{Kind: contract.KindFeishu, Times: reach.Times{Digest: contract.DigestNone, QuietFrom: "12:00", QuietTo: "13:30", TimeZone: xi}}
	for name, c := range map[string]struct {
		n         notices
		zone, now string
		want      string // empty: at once
	}{
		"at once":                      {open(contract.DigestNone), xi, "2026-11-24 03:00", ""},
		"by day":                       {night(contract.DigestNone, xi), xi, "2026-11-24 21:59", ""},
		"as night begins":              {night(contract.DigestNone, xi), xi, "2026-11-24 22:00", "2026-11-25 07:00"},
		"before midnight":              {night(contract.DigestNone, xi), xi, "2026-11-24 23:59", "2026-11-25 07:00"},
		"after midnight":               {night(contract.DigestNone, xi), xi, "2026-11-25 06:59", "2026-11-25 07:00"},
		"as night ends":                {night(contract.DigestNone, xi), xi, "2026-11-25 07:00", ""},
		"at noon":                      {noon, xi, "2026-11-24 12:30", "2026-11-24 13:30"},
		"after noon":                   {noon, xi, "2026-11-24 13:30", ""},
		"hourly":                       {open(contract.DigestHourly), xi, "2026-11-24 10:20", "2026-11-24 11:00"},
		"hourly, on the hour":          {open(contract.DigestHourly), xi, "2026-11-24 10:00", "2026-11-24 11:00"},
		"hourly, into the night":       {night(contract.DigestHourly, xi), xi, "2026-11-24 21:20", "2026-11-25 07:00"},
		"daily":                        {open(contract.DigestDaily), xi, "2026-11-24 10:00", "2026-11-25 08:00"},
		"daily, early":                 {open(contract.DigestDaily), xi, "2026-11-24 07:59", "2026-11-24 08:00"},
		"daily, when night ends":       {night(contract.DigestDaily, xi), xi, "2026-11-24 10:00", "2026-11-25 07:00"},
		"a night that is shorter":      {night(contract.DigestNone, berlin), berlin, "2026-03-28 23:00", "2026-03-29 07:00"},
		"a night that is longer":       {night(contract.DigestNone, berlin), berlin, "2026-10-24 23:00", "2026-10-25 07:00"},
		"an end that the clocks leave": {notices{Kind: contract.KindSlack, Times: reach.Times{Digest: contract.DigestNone, QuietFrom: "22:00", QuietTo: "02:30", TimeZone: berlin}}, berlin, "2026-03-28 23:00", "2026-03-29 03:30"},
	} {
		now := at(t, c.zone, c.now)
		state, next := c.n.due(false, now)
		switch {
		case c.want == "" && (state != statePending || !next.Equal(now)):
			t.Errorf("%s: %s at %v, want at once", name, state, next)
		case c.want != "" && (state != stateGathered || !next.Equal(at(t, c.zone, c.want))):
			t.Errorf("%s: %s at %v, want %s", name, state, next, c.want)
		}
		if state, next := c.n.due(true, now); state != statePending || !next.Equal(now) {
			t.Errorf("%s: what is critical is %s at %v", name, state, next)
		}
	}
}

func TestWhatBreaksThrough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		thing   contract.Thing
		state   string
		urgency contract.Urgency
		want    bool
	}{
		{contract.ThingRequest, "submitted", contract.Critical, true}, {contract.ThingRequest, "open", contract.Critical, true},
		{contract.ThingRequest, "triaged", contract.Critical, false}, {contract.ThingRequest, "confirmed", contract.Critical, false},
		{contract.ThingRequest, "open", contract.Urgent, false}, {contract.ThingMatch, "no_show", contract.Critical, true},
		{contract.ThingMatch, "accepted", contract.Critical, false}, {contract.ThingOffer, "submitted", contract.Critical, false},
	} {
		e := contract.Event{Thing: c.thing, State: c.state, Data: contract.EventData{Urgency: string(c.urgency)}}
		if breaksThrough(e) != c.want {
			t.Errorf("%s %s %s: want %v", c.urgency, c.thing, c.state, c.want)
		}
	}
}

func TestWrongTimesAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind     contract.EndpointKind
		times    contract.NoticeTimes
		location string
	}{
		"of a webhook": {contract.KindWebhook, contract.NoticeTimes{Language: "en"}, "kind"},
		"language":     {contract.KindSlack, contract.NoticeTimes{Language: "fr"}, "language"},
		"digest":       {contract.KindSlack, contract.NoticeTimes{Digest: "weekly"}, "digest"},
		"zone":         {contract.KindSlack, contract.NoticeTimes{TimeZone: "Mars/Olympus"}, "time_zone"},
		"hour":         {contract.KindSlack, contract.NoticeTimes{Quiet: &contract.QuietHours{From: "25:00", To: "07:00"}}, "quiet_hours.from"},
		"form":         {contract.KindSlack, contract.NoticeTimes{Quiet: &contract.QuietHours{From: "22:00", To: "7:00"}}, "quiet_hours.to"},
		"half":         {contract.KindSlack, contract.NoticeTimes{Quiet: &contract.QuietHours{From: "22:00"}}, "quiet_hours.to"},
		"no span":      {contract.KindSlack, contract.NoticeTimes{Quiet: &contract.QuietHours{From: "22:00", To: "22:00"}}, "quiet_hours.to"},
	} {
		checker := check.New(nil)
		noticesOf(checker, c.kind, c.times)
		if f := fault.As(checker.Err()); f == nil || len(f.Fields) != 1 || f.Fields[0].Location != c.location {
			t.Errorf("%s: %v, want %s", name, checker.Err(), c.location)
		}
	}
	checker := check.New(nil)
	if n := noticesOf(checker, contract.KindFeishu, contract.NoticeTimes{}); checker.Err() != nil || n.Language != "zh-Hans" || n.Digest != contract.DigestNone {
		t.Errorf("left out: %+v, %v", n, checker.Err())
	}
}
