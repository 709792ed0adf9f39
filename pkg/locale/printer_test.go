package locale_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/locale"
)

var now = time.Date(2026, 11, 24, 6, 5, 0, 0, time.UTC)

func catalogue(t *testing.T) *locale.Catalogue {
	t.Helper()
	c, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// printers returns a printer per language for a reader in Shanghai.
func printers(t *testing.T) map[locale.Language]*locale.Printer {
	t.Helper()
	c := catalogue(t)
	zone, ok := c.Zone("Asia/Shanghai")
	if !ok {
		t.Fatal("Asia/Shanghai is not known")
	}
	all := map[locale.Language]*locale.Printer{}
	for _, lang := range locale.Languages() {
		all[lang] = c.Printer(lang, zone, now)
	}
	return all
}

func TestChoose(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	for _, tt := range []struct {
		chosen, accept string
		want           locale.Language
	}{
		{"", "", locale.English},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", locale.Simplified},
		{"", "zh", locale.Simplified},
		{"", "zh-SG", locale.Simplified},
		{"", "zh-TW", locale.Traditional},
		{"", "zh-HK,en;q=0.5", locale.Traditional},
		{"", "zh-Hant-MO", locale.Traditional},
		{"", "de-CH,de;q=0.9", locale.English},
		{"", "ja,zh-TW;q=0.5", locale.Traditional},
		{"", "en-GB,zh-CN;q=0.5", locale.English},
		{"", ";;;q=x", locale.English},
		{"zh-Hant", "en", locale.Traditional},
		{"en", "zh-CN", locale.English},
		{"klingon", "zh-CN", locale.Simplified},
	} {
		if got := c.Choose(tt.chosen, tt.accept); got != tt.want {
			t.Errorf("Choose(%q, %q) = %s, want %s", tt.chosen, tt.accept, got, tt.want)
		}
	}
}

func TestZoneRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	for _, name := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd", "/etc/localtime"} {
		if _, ok := c.Zone(name); ok {
			t.Errorf("Zone(%q) is taken for a zone", name)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	all := printers(t)
	stated := func(n int64) *int64 { return &n }
	for _, tt := range []struct {
		what           string
		write          func(p *locale.Printer) string
		en, hans, hant string
	}{
		{"date and time", func(p *locale.Printer) string { return p.DateTime(now) }, "24 Nov 2026, 14:05", "2026年11月24日 14:05", "2026年11月24日 14:05"},
		{"date", func(p *locale.Printer) string { return p.Date(now) }, "24 Nov 2026", "2026年11月24日", "2026年11月24日"},
		{"now", func(p *locale.Printer) string { return p.Relative(now.Add(20 * time.Second)) }, "just now", "刚刚", "剛剛"},
		{"one minute ago", func(p *locale.Printer) string { return p.Relative(now.Add(-time.Minute)) }, "1 minute ago", "1 分钟前", "1 分鐘前"},
		{"in three hours", func(p *locale.Printer) string { return p.Relative(now.Add(3 * time.Hour)) }, "in 3 hours", "3 小时后", "3 小時後"},
		{"two days ago", func(p *locale.Printer) string { return p.Relative(now.Add(-49 * time.Hour)) }, "2 days ago", "2 天前", "2 天前"},
		{"long ago", func(p *locale.Printer) string { return p.Relative(now.Add(-31 * 24 * time.Hour)) }, "24 Oct 2026", "2026年10月24日", "2026年10月24日"},
		{"number", func(p *locale.Printer) string { return p.Number(-1234567) }, "-1,234,567", "-1,234,567", "-1,234,567"},
		{"small number", func(p *locale.Printer) string { return p.Number(999) }, "999", "999", "999"},
		{"not stated", func(p *locale.Printer) string { return p.Quantity(nil, "box") }, "amount not stated", "数量未说明", "數量未說明"},
		{"one box", func(p *locale.Printer) string { return p.Quantity(stated(1), "box") }, "1 box", "1 盒", "1 盒"},
		{"many boxes", func(p *locale.Printer) string { return p.Quantity(stated(1200), "box") }, "1,200 boxes", "1,200 盒", "1,200 盒"},
		{"money", func(p *locale.Printer) string { return p.Amount(123405, "fen") }, "¥1,234.05", "1,234.05 元", "1,234.05 元"},
		{"round money", func(p *locale.Printer) string { return p.Amount(100, "fen") }, "¥1", "1 元", "1 元"},
		{"capacity", func(p *locale.Printer) string {
			return p.Capacity(contract.Capacity{Quantity: stated(3), Unit: "hour", Per: contract.PerWeek})
		}, "3 hours a week", "每周 3 小时", "每週 3 小時"},
		{"metres", func(p *locale.Printer) string { return p.Distance(420) }, "420 m", "420 米", "420 公尺"},
		{"kilometres", func(p *locale.Printer) string { return p.Distance(2449) }, "2.4 km", "2.4 公里", "2.4 公里"},
		{"many kilometres", func(p *locale.Printer) string { return p.Distance(35600) }, "36 km", "36 公里", "36 公里"},
		{"list", func(p *locale.Printer) string { return p.List([]string{"a", "b"}) }, "a, b", "a、b", "a、b"},
		{"window", func(p *locale.Printer) string {
			return p.Window(contract.Window{Weekday: 5, From: "09:00", To: "12:00"})
		}, "Friday, 09:00 to 12:00", "星期五 09:00 至 12:00", "星期五 09:00 至 12:00"},
		{"name", func(p *locale.Printer) string { return p.Pick("Legal", "法律", "") }, "Legal", "法律", "法律"},
		{"closing reason", func(p *locale.Printer) string { return p.Reason("unreachable") }, "Could not be reached", "联系不上", "聯絡不上"},
		{"written reason", func(p *locale.Printer) string { return p.Reason("下周再来") }, "下周再来", "下周再来", "下周再来"},
	} {
		for lang, want := range map[locale.Language]string{
			locale.English: tt.en, locale.Simplified: tt.hans, locale.Traditional: tt.hant,
		} {
			if got := tt.write(all[lang]); got != want {
				t.Errorf("%s in %s = %q, want %q", tt.what, lang, got, want)
			}
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	p := printers(t)[locale.English]
	for _, tt := range []struct{ got, want string }{
		{p.T("invalid.too_long", "max", 2000), "Please write at most 2,000 characters."},
		{p.T("invalid.too_long", map[string]any{"max": float64(2000)}), "Please write at most 2,000 characters."},
		{p.T("summary.title", "count", 1), "There is 1 thing to correct"},
		{p.T("map.needs_here", "count", 1), "Open needs around here: 1"},
		{p.T("summary.title", "count", int64(1200)), "There are 1,200 things to correct"},
		{p.T("no.such.key"), "no.such.key"},
		{p.Invalid(fault.Field{Location: "title", Code: "too_long", Args: map[string]any{"max": 80}}), "Please write at most 80 characters."},
		{p.Invalid(fault.Field{Location: "title", Code: "never_heard_of"}), p.T("invalid.malformed")},
		{p.Invalid(fault.Field{Location: "weight", Code: "out_of_range"}), p.T("invalid.malformed")},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestFaultHidesWhatIsInside(t *testing.T) {
	t.Parallel()
	p := printers(t)[locale.English]
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("pq: secret"), p.T("fault.internal")},
		{fault.NewUnavailable(errors.New("secret")), p.T("fault.unavailable")},
		{fault.NewConflict("capacity_gone", "secret"), p.T("fault.capacity_gone")},
		{fault.NewConflict("never_heard_of", "secret"), p.T("fault.conflict")},
	} {
		if got := p.Fault(tt.err); got != tt.want {
			t.Errorf("Fault(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestEveryNameAndCodeIsKnown(t *testing.T) {
	t.Parallel()
	p := printers(t)[locale.English]
	var keys []string
	for _, u := range contract.Urgencies() {
		keys = append(keys, "urgency."+string(u), "urgency_span."+string(u))
	}
	for _, m := range contract.Modes() {
		keys = append(keys, "mode."+string(m))
	}
	for _, u := range contract.Units() {
		keys = append(keys, "unit."+string(u), "unit_name."+string(u))
	}
	for _, v := range contract.Vulnerabilities() {
		keys = append(keys, "vulnerability."+v)
	}
	for _, s := range contract.Safeguards() {
		keys = append(keys, "safeguard."+s)
	}
	for _, code := range check.Codes() {
		keys = append(keys, "invalid."+code)
	}
	for _, key := range keys {
		if !p.Has(key) {
			t.Errorf("the catalogues lack %q", key)
		}
	}
}

// TestAUnitHasNoBrackets holds because labels put the unit into some.
func TestAUnitHasNoBrackets(t *testing.T) {
	t.Parallel()
	for lang, p := range printers(t) {
		for _, u := range contract.Units() {
			if name := p.UnitName(u); strings.ContainsAny(name, "()（）") {
				t.Errorf("%s: the unit %s is called %q", lang, u, name)
			}
		}
	}
}
