package templates_test

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"heli/pkg/locale"
	"heli/services/web/explain"
	"heli/services/web/templates"
)

var now = time.Date(2026, 11, 24, 6, 5, 0, 0, time.UTC)

func printer(t *testing.T, lang locale.Language) *locale.Printer {
	t.Helper()
	catalogue, err := locale.New()
	if err != nil {
		t.Fatal(err)
	}
	zone, ok := catalogue.Zone("Asia/Shanghai")
	if !ok {
		t.Fatal("Asia/Shanghai is not known")
	}
	return catalogue.Printer(lang, zone, now)
}

func render(t *testing.T, component templ.Component) string {
	t.Helper()
	var out bytes.Buffer
	if err := component.Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// pages are those of this package, each in a language.
func pages(t *testing.T, lang locale.Language) map[string]string {
	t.Helper()
	p := printer(t, lang)
	at := func(path string) *templates.Page { return templates.NewPage(p, &url.URL{Path: path}) }
	console := templates.Console{
		Title: p.T("style.title"), Person: "测试员甲", Organisation: "root", Live: "/console/live",
		Nav: []templates.NavItem{{Href: "/console", Label: p.T("thing.request"), Icon: templates.GlyphList, Count: 3, Current: true}},
	}
	return map[string]string{
		"home": render(t, templates.Home(at("/"))),
		"style": render(t, templates.Style(templates.Desk{
			Page: at("/console/style"), Frame: console, Reader: explain.For(p, nil), NameOf: func(code string) string { return code },
		})),
		"failure": render(t, templates.Failure(at("/x"), "503", p.T("fault.unavailable"), "/x")),
	}
}

// oneTagALine makes differences readable.
func oneTagALine(html string) string {
	html = regexp.MustCompile(`\?v=[0-9a-f]{16}`).ReplaceAllString(html, "?v=HASH")
	html = regexp.MustCompile(`name="view_id" value="[0-9a-f-]{36}"`).ReplaceAllString(html, `name="view_id" value="ID"`)
	return strings.ReplaceAll(html, "><", ">\n<") + "\n"
}

// TestPagesAreAsRecorded compares with testdata; HELI_WRITE_GOLDEN=1 records anew.
func TestPagesAreAsRecorded(t *testing.T) {
	t.Parallel()
	for _, lang := range locale.Languages() {
		for name, html := range pages(t, lang) {
			golden := filepath.Join("testdata", name+"."+string(lang)+".html")
			got := oneTagALine(html)
			if os.Getenv("HELI_WRITE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s in %s (-recorded +now):\n%s", name, lang, diff)
			}
		}
	}
}

var (
	rawKey  = regexp.MustCompile(`>\s*[a-z_]+(\.[a-z_0-9]+)+\s*<`)
	element = regexp.MustCompile(` id="([^"]+)"`)
	points  = regexp.MustCompile(` (?:for|aria-describedby|aria-labelledby)="([^"]+)"`)
)

func TestPagesObeyThePolicy(t *testing.T) {
	t.Parallel()
	for _, lang := range locale.Languages() {
		for name, html := range pages(t, lang) {
			for _, forbidden := range []string{" style=", "<style", " onclick=", " onload=", "javascript:", "hx-on", `src="http`, "//cdn"} {
				if strings.Contains(html, forbidden) {
					t.Errorf("%s in %s has %q, which the Content-Security-Policy forbids", name, lang, forbidden)
				}
			}
			if key := rawKey.FindString(html); key != "" {
				t.Errorf("%s in %s shows a key: %s", name, lang, key)
			}
			checkIDs(t, name, html)
		}
	}
}

// checkIDs fails when an id stands twice or a reference leads nowhere.
func checkIDs(t *testing.T, name, html string) {
	t.Helper()
	known := map[string]bool{}
	for _, match := range element.FindAllStringSubmatch(html, -1) {
		if known[match[1]] {
			t.Errorf("%s: the id %q stands twice", name, match[1])
		}
		known[match[1]] = true
	}
	for _, match := range points.FindAllStringSubmatch(html, -1) {
		for id := range strings.FieldsSeq(match[1]) {
			if !known[id] {
				t.Errorf("%s: nothing has the id %q", name, id)
			}
		}
	}
}

// shownElsewhere are components that the style page does not show by themselves.
var shownElsewhere = map[string]string{
	"HashForm": "it is hidden", "ComplaintCard": "a page of its own", "Failure": "a page of its own",
}

var exported = regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`)

// TestTheStylePageShowsEveryComponent goes through the files of components: each one
// that pages may use is on the style page.
func TestTheStylePageShowsEveryComponent(t *testing.T) {
	t.Parallel()
	var style strings.Builder
	for _, name := range []string{"style.templ", "style_more.templ", "style_desk.templ"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		style.Write(text)
	}
	for _, piece := range []string{"consoleBar", "publicBar", "navEntries", "quickExit", "footer", "filterForm", "queueFilterForm", "savedViews", "deskTabs", "queueTable", "queueEmpty",
		"bulkBar", "bulkForm", "bulkRows", "bulkUndo", "queueTools", "keySheet", "mapForm", "mapPicture", "mapTable", "mapDrawing", "nearbyTable"} {
		if !strings.Contains(style.String(), "@"+piece+"(") {
			t.Errorf("/console/style does not show %s", piece)
		}
	}
	// What other components are made of is shown with them.
	parts := map[string]bool{"Fieldset": true, "Brand": true, "Time": true}
	for _, name := range []string{"appointment", "button", "chart", "complaint", "data", "field", "icon", "message", "public_step"} {
		text, err := os.ReadFile(name + ".templ")
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range exported.FindAllStringSubmatch(string(text), -1) {
			component := found[1]
			if !parts[component] && shownElsewhere[component] == "" && !strings.Contains(style.String(), "@"+component+"(") {
				t.Errorf("%s.templ has %s, which /console/style does not show", name, component)
			}
		}
	}
}
