package calendar_test

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"heli/pkg/contract"
	"heli/pkg/locale"
	"heli/services/web/calendar"
)

func feed(t *testing.T, appointments ...contract.Appointment) string {
	t.Helper()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	printer := catalogue.Printer(locale.Simplified, time.UTC, time.Now())
	return calendar.Feed(printer, func(string) string {
		return "心理援助；热线, 咨询与陪伴服务（面向社区工作者及其家属的长期支持小组）"
	}, appointments)
}

func appointment(change ...func(*contract.Appointment)) contract.Appointment {
	a := contract.Appointment{
		MatchID: "01900000-0000-7000-8000-000000000001", Code: "ABCD-EFGH6", Category: "psych", State: "accepted",
		Start: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), Zone: "Asia/Shanghai",
		Sequence: 3, Place: "演示路 1 号; 二楼, 左\n门", ChangedAt: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

// TestTheFeedIsRFC5545 holds lines to 75 octets that break no character, and text
// to its escapes; another reader of the format gets back what went in.
func TestTheFeedIsRFC5545(t *testing.T) {
	t.Parallel()
	text := feed(t, appointment())
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !strings.HasPrefix(line, " ") && strings.ToValidUTF8(line, "?") != line {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	for _, want := range []string{
		"UID:appointment-01900000-0000-7000-8000-000000000001@heli\r\n", "SEQUENCE:3\r\n", "DTSTART:20260301T010000Z\r\n",
		"DTEND:20260301T020000Z\r\n", "STATUS:CONFIRMED\r\n", "DTSTAMP:20260201T000000Z\r\n", "LAST-MODIFIED:20260201T000000Z\r\n", `演示路 1 号\; 二楼\, 左\n门`,
	} {
		if !strings.Contains(strings.ReplaceAll(text, "\r\n ", ""), strings.TrimSuffix(want, "\r\n")) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	read, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil || len(read.Events()) != 1 {
		t.Fatalf("read back: %v", err)
	}
	if place := read.Events()[0].GetProperty(ics.ComponentPropertyLocation).Value; place != appointment().Place {
		t.Errorf("the place came back as %q", place)
	}
}

func TestCancelledAndTentative(t *testing.T) {
	t.Parallel()
	gone := feed(t, appointment(func(a *contract.Appointment) { a.Cancelled, a.State = true, "withdrawn" }))
	if !strings.Contains(gone, "STATUS:CANCELLED\r\n") || strings.Contains(gone, "LOCATION") {
		t.Errorf("cancelled:\n%s", gone)
	}
	asked := feed(t, appointment(func(a *contract.Appointment) { a.State = "proposed" }))
	if !strings.Contains(asked, "STATUS:TENTATIVE\r\n") {
		t.Errorf("proposed:\n%s", asked)
	}
	if none := feed(t); strings.Contains(none, "VEVENT") || !strings.HasPrefix(none, "BEGIN:VCALENDAR\r\n") {
		t.Errorf("empty:\n%s", none)
	}
}
