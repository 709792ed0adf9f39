package check

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

func snapshot() *reference.Snapshot {
	return reference.NewSnapshot(contract.Reference{
		Regions:    []contract.Region{{Code: "610100"}},
		Categories: []contract.Category{{Code: "ppe"}},
		Items:      []contract.Item{{Code: "mask"}},
	})
}

// reported returns "location code" of every wrong field.
func reported(c *Checker) []string {
	got := []string{}
	if err := c.Err(); err != nil {
		for _, f := range fault.As(err).Fields {
			got = append(got, f.Location+" "+f.Code)
		}
	}
	return got
}

func expect(t *testing.T, name string, look func(*Checker), want ...string) {
	t.Helper()
	c := New(snapshot())
	look(c)
	got := reported(c)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", name, got, want)
	}
	for _, f := range c.fields {
		if !slices.Contains(Codes(), f.Code) {
			t.Errorf("%s: %s is not among the codes", name, f.Code)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"Chinese":        {"需要口罩", ""},
		"accents":        {"Ünal Öğüt", ""},
		"emoji in words": {"mask 😷 ok", ""},
		"empty":          {"", Required},
		"spaces":         {" \t ", Required},
		"too long":       {strings.Repeat("口", 11), TooLong},
		"full":           {strings.Repeat("口", 10), ""},
		"too short":      {"a", TooShort},
		"NUL":            {"a\x00b", ControlCharacters},
		"escape":         {"a\x1b[2J", ControlCharacters},
		"newline":        {"a\nb", ControlCharacters},
		"line separator": {"a\u2028b", ControlCharacters},
		"broken UTF-8":   {"ab\xff", NotText},
		"replaced UTF-8": {"ab\ufffd", NotText},
		"RTL override":   {"abc\u202Egpj", WrongScript},
		"isolate":        {"abc\u2067d", WrongScript},
		"signs alone":    {"!!! ***", WrongScript},
		"emoji alone":    {"😷😷", WrongScript},
		"Arabic":         {"مساعدة", ""},
	} {
		want := []string{}
		if c.want != "" {
			want = append(want, "f "+c.want)
		}
		expect(t, name, func(v *Checker) { v.Text("f", c.text, 2, 10) }, want...)
	}
	expect(t, "optional", func(c *Checker) { c.Text("f", "", 0, 3) })
	expect(t, "spaces without end", func(c *Checker) { c.Text("f", strings.Repeat(" ", 100), 0, 3) }, "f "+TooLong)
	expect(t, "lines", func(c *Checker) { c.Paragraph("f", "a\r\n\tb", 1, 10) })
	expect(t, "bell in lines", func(c *Checker) { c.Paragraph("f", "a\ab", 1, 10) }, "f "+ControlCharacters)
}

func TestPhone(t *testing.T) {
	t.Parallel()
	for typed, normal := range map[string]string{
		"13800138000": "+8613800138000", "138 0013-8000": "+8613800138000", "029 8765 4321": "+862987654321",
		"+852 9123 4567": "+85291234567", "400-123-4567": "+864001234567", "+86 100 0000 1234": "+8610000001234",
		"110": "", "12345": "", "abc": "", "12a45": "", "+999 123456789": "", "+86 100 0001 1234": "", "＋": "",
		"91234567": "", strings.Repeat("1", 100): "",
	} {
		got, ok := NormalPhone(typed)
		if ok != (normal != "") || ok && got != normal {
			t.Errorf("%q: %q %v, want %q", typed, got, ok, normal)
		}
		want := []string{"f " + NotAPhone}
		if normal != "" {
			want = nil
		}
		expect(t, typed, func(c *Checker) { c.Phone("f", typed) }, want...)
	}
}

// The short way must say what the library says.
func TestPlainPhonesAreRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		phone := rapid.StringMatching(`\+861[38][0-9]{9}`).Draw(t, "phone")
		if !plain(phone) {
			t.Fatalf("%s is not read at once", phone)
		}
		number, err := phonenumbers.Parse(phone, defaultRegion)
		if err != nil || !phonenumbers.IsValidNumber(number) || phonenumbers.Format(number, phonenumbers.E164) != phone {
			t.Fatalf("%s is read otherwise", phone)
		}
	})
}

func TestContactFields(t *testing.T) {
	t.Parallel()
	look := func(v contract.Contact) func(*Checker) { return func(c *Checker) { c.Contact("c", v) } }
	expect(t, "whole", look(contract.Contact{Name: "甲", Phone: "13800138000", Email: "a@b.org", Wechat: "wx_1", SafeHours: "after 8"}))
	expect(t, "no way", look(contract.Contact{Name: "甲"}), "c.phone "+ContactWayRequired)
	expect(t, "nothing", look(contract.Contact{}), "c.name "+Required, "c.phone "+ContactWayRequired)
	expect(t, "wrong", look(contract.Contact{Name: "***", Phone: "1", Email: "Me <a@b.org>", Wechat: "a\tb"}),
		"c.name "+WrongScript, "c.phone "+NotAPhone, "c.email "+NotAnEmail, "c.wechat "+ControlCharacters)
}

func TestPlacesAndTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	earlier, later, n := now.Add(-time.Hour), now.Add(time.Hour), func(v int64) *int64 { return &v }
	expect(t, "right", func(c *Checker) {
		c.Region("r", "610100")
		c.Category("c", "ppe")
		c.Item("i", "")
		c.Item("i", "mask")
		c.Quantity("q", nil)
		c.Quantity("q", n(MaxQuantity))
		c.Point("p", &contract.Point{Lat: -90, Lon: 180})
		c.Zone("z", "Asia/Urumqi")
		c.Windows("w", []contract.Window{{Weekday: 1, From: "00:00", To: "24:00"}, {Weekday: 7, From: "22:00", To: "06:00"}})
		c.Languages("l", []string{"zh-Hans", "yue", "en"})
		c.Between("t", &now, earlier, later)
		c.Consent("s", contract.Consent{Version: "2026-01", Purposes: []string{"matching"}})
	})
	expect(t, "wrong", func(c *Checker) {
		c.Region("r", "1")
		c.Category("c", "")
		c.Item("i", "wand")
		c.Quantity("q", n(0))
		c.Quantity("q", n(MaxQuantity+1))
		c.Radius("m", n(-1))
		c.Point("p", &contract.Point{Lat: 91, Lon: math.NaN()})
		c.Zone("z", "Local")
		c.Zone("z", "../../etc/passwd")
		c.Windows("w", []contract.Window{{Weekday: 0, From: "24:00", To: "9:00"}})
		c.Language("l", "no such")
		c.Between("t", &earlier, now, later)
		c.Between("t", &later, earlier, now)
		c.Consent("s", contract.Consent{})
	}, "r "+Unknown, "c "+Required, "i "+Unknown, "q "+OutOfRange, "q "+OutOfRange, "m "+OutOfRange, "p.lat "+OutOfRange,
		"p.lon "+OutOfRange, "z "+NotAZone, "z "+NotAZone, "w[0].weekday "+OutOfRange, "w[0].from "+NotATime,
		"w[0].to "+NotATime, "l "+NotALanguage, "t "+InThePast, "t "+TooLate, "s.version "+Required)
}

func TestLists(t *testing.T) {
	t.Parallel()
	expect(t, "right", func(c *Checker) {
		c.Urgency("u", contract.Critical)
		c.Mode("m", contract.ModeAny)
		c.Sharing("s", "")
		c.Unit("x", "piece")
		c.Period("y", contract.PerWeek)
		c.Tokens("k", []string{"first_aid", "driving"}, 2)
		EachOf(c, "v", []string{"child"}, contract.Vulnerabilities())
		ID(c, "id", contract.NewID[contract.RequestID]())
	})
	expect(t, "wrong", func(c *Checker) {
		c.Urgency("u", "")
		c.Mode("m", "magic")
		c.Sharing("s", "all")
		c.Tokens("k", []string{"a", "b", "c"}, 2)
		c.Tokens("k", []string{"first aid", ""}, 2)
		EachOf(c, "v", []string{"child", "rich"}, contract.Vulnerabilities())
		EachOf(c, "v", []string{"a", "b"}, []string{"a"})
		ID(c, "id", contract.RequestID("1"))
		ID(c, "id", contract.RequestID(""))
		c.Size("n", 0, 1, 5)
	}, "u "+Required, "m "+Unknown, "s "+Unknown, "k "+TooMany, "k[0] "+Malformed, "k[1] "+Required, "v[1] "+Unknown,
		"v "+TooMany, "id "+Malformed, "id "+Required, "n "+Required)
	c := New(nil)
	c.Text("f", "abcd", 0, 3)
	if got := fault.As(c.Err()).Fields[0].Args["max"]; got != 3 {
		t.Errorf("the limit is %v, want 3", got)
	}
}
