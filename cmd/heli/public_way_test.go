package main

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"heli/pkg/contract"
)

// maxTabs is more often than anybody presses Tab on one page.
const maxTabs = 150

// tabTo presses Tab until what has the focus is what is looked for: a reader
// without a mouse has no other way.
func (b browser) tabTo(css string) {
	b.t.Helper()
	for range maxTabs {
		b.do("press Tab", chromedp.KeyEvent("\t"))
		there := found(b, "look where the focus is", chromedp.Evaluate[bool](`document.activeElement.matches(`+"`"+css+"`"+`)`))
		if there {
			return
		}
	}
	b.t.Fatalf("Tab never reaches %s", css)
}

// typeInto writes into a field that Tab reaches.
func (b browser) typeInto(name, text string) {
	b.t.Helper()
	b.tabTo(`[name="` + name + `"]`)
	b.do("type", chromedp.KeyEvent(text))
}

// onAPhone shows pages as wide as a phone does.
func (b browser) onAPhone() {
	b.t.Helper()
	b.do("make the window narrow", chromedp.EmulateViewport(390, 844))
}

// next goes to the next step of a form.
func (b browser) next(step string) {
	b.t.Helper()
	b.tabTo(`[data-next]`)
	b.do("go on", chromedp.KeyEvent(enter), chromedp.WaitVisible(`//*[@data-step-text and contains(., "`+step+`")]`))
}

// pick presses the arrow until the radio button of a value is chosen.
func (b browser) pick(name, value string) {
	b.t.Helper()
	b.tabTo(`[name="` + name + `"]`)
	b.do("choose", chromedp.KeyEvent(space))
	for range maxTabs {
		there := found(b, "look what is chosen", chromedp.Evaluate[bool](`document.activeElement.value === "`+value+`"`))
		if there {
			return
		}
		b.do("choose the next", chromedp.KeyEvent(kb.ArrowDown))
	}
	b.t.Fatalf("no arrow reaches %s %s", name, value)
}

// TestThePublicWayByKeyboard asks for help on a phone's page, step by step, follows
// it and withdraws it, and no hand leaves the keyboard.
func TestThePublicWayByKeyboard(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := startBrowser(t)
	b.onAPhone()
	b.do("open the first page", chromedp.Navigate(i.url+"/?lang=zh-Hans"), await(`html[lang="zh-Hans"]`))
	b.tabTo(`main a[href="/request"]`)
	b.do("open the form", chromedp.KeyEvent(enter), chromedp.WaitVisible(`[data-steps]`))
	b.typeInto("title", "急需口罩")
	b.pick("need_lines[0].category", "ppe")
	b.next("2")
	b.pick("urgency", "urgent")
	b.next("3")
	b.typeInto("place", "西安市")
	b.do("see what it is", await(`[name="region_code"][value="610100"]`))
	b.pick("mode", "delivery")
	b.next("4")
	b.typeInto("contact.name", "演示")
	b.typeInto("contact.phone", "+861000000123")
	b.next("5")
	b.next("6")
	b.tabTo(`[name="consent"]`)
	b.do("agree", chromedp.KeyEvent(space))
	b.tabTo(`form[action="/request"] button.btn-lg`)
	b.do("send", chromedp.KeyEvent(enter), b.shows(contract.ThingRequest, "submitted"))
	b.tabTo(`a[href="/track?confirm=withdraw"]`)
	b.do("withdraw", chromedp.KeyEvent(enter), await(`form[action="/track/move"]`))
	b.tabTo(`form[action="/track/move"] button`)
	b.do("confirm it", chromedp.KeyEvent(enter), b.shows(contract.ThingRequest, "closed"))
}

// blocked are addresses that a page gets nothing from. The generated command knows
// its newer form alone, which the Chromium of Debian does not have.
type blocked struct {
	URLs []string `json:"urls"`
}

var blockURLs = cdp.Command[blocked, cdp.Empty]{Method: "Network.setBlockedURLs"}

// TestThePublicWayWithoutScript asks and follows where no script arrives: one long
// page, and the server does what the script would. The policy allows none within the
// page, and the test's own hands need scripts to be switched on.
func TestThePublicWayWithoutScript(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	b := startBrowser(t)
	b.onAPhone()
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("watch the network: %v", err)
	}
	if _, err := chromedp.Call(b.ctx, blockURLs, blocked{URLs: []string{"*.js*"}}); err != nil {
		t.Fatalf("keep scripts away: %v", err)
	}
	b.do("open the form", chromedp.Navigate(i.url+"/request?lang=zh-Hans"), await(`html[lang="zh-Hans"]`))
	b.do("fill in the form",
		fill("title", "急需口罩"), choose(`[name="need_lines[0].category"][value="ppe"]`), choose(`[name="urgency"][value="urgent"]`),
		fill("place", "西安"), choose(`[name="mode"][value="delivery"]`), fill("contact.name", "演示"),
		fill("contact.phone", "+861000000123"), choose(`[name="consent"]`),
		press(`form[action="/request"] button.btn-lg`), await(`[data-error-summary]`),
	)
	b.do("say which of the places of that name",
		choose(`[name="region_code"][value="610100"]`),
		press(`form[action="/request"] button.btn-lg`), await(`form[action="/track/forget"]`), b.shows(contract.ThingRequest, "submitted"),
	)
	code := b.text("read the code", `(//output[contains(@class, "secret-value")])[1]`)
	pin := b.text("read the PIN", `(//output[contains(@class, "secret-value")])[2]`)
	b.do("forget the page", press(`form[action="/track/forget"] button`), await(`[name="code"]`))
	b.do("open it again", fill("code", code), fill("pin", pin), press(`form[action="/track"] button`), b.shows(contract.ThingRequest, "submitted"))
}

// oddTexts are what people type, paste or try.
var oddTexts = map[string]string{
	"markup":         `<script>document.title="owned"</script><b onmouseover=alert(1)>口罩</b>`,
	"right to left":  "مساعدة עזרה \u200f口罩",
	"emoji":          "口罩😷🆘👩‍⚕️",
	"ten thousand":   strings.Repeat("口罩", 5000),
	"zero width":     "口\u200b罩\u2060\ufeff",
	"overriding":     "口罩\u202eflow",
	"broken":         "口罩\xff",
	"template":       "{{.Title}} ${7*7} %s",
	"one long word":  strings.Repeat("x", 200),
	"other newlines": "口罩\u2028口罩",
}

// TestOddTextIsText sends what people may type through the form without a browser in
// between: it is stored and shown as it is, or refused beside its field with all that
// was typed.
func TestOddTextIsText(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	for name, text := range oddTexts {
		form := url.Values{
			"key": {rand.Text()}, "title": {text}, "description": {text}, "need_lines[0].category": {"ppe"}, "urgency": {"soon"},
			"place": {"610100"}, "mode": {"delivery"}, "contact.name": {"演示"}, "contact.phone": {"+861000000123"}, "consent": {"on"},
		}
		shown := i.postForm(t, "/request", form)
		switch shown.status {
		case http.StatusOK:
		case http.StatusUnprocessableEntity:
			if !strings.Contains(shown.body, `id="f-title-error"`) && !strings.Contains(shown.body, `id="f-description-error"`) {
				t.Errorf("%s: refused without a word at its field", name)
			}
		default:
			t.Errorf("%s: status %d", name, shown.status)
		}
		if strings.Contains(shown.body, "<script>document") || strings.Contains(shown.body, "<b onmouseover") {
			t.Errorf("%s is taken for markup", name)
		}
		again := i.postForm(t, "/request", form)
		if again.status != shown.status || shown.status == http.StatusOK && again.code != shown.code {
			t.Errorf("%s sent twice: %d %s, then %d %s", name, shown.status, shown.code, again.status, again.code)
		}
	}
	checkInvariants(t, i)
}

// seen is the page that a form led to.
type seen struct {
	status int
	body   string
	code   string // of the request; empty on another page
}

var shownCode = regexp.MustCompile(`<output[^>]*>([0-9A-Z]{4}-[0-9A-Z]{5})</output>`)

// postForm sends a form as a browser of its own does, and follows where it leads.
func (i *instance) postForm(t *testing.T, path string, form url.Values) seen {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{Jar: jar, Timeout: waitLimit}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := seen{status: response.StatusCode, body: string(body)}
	if found := shownCode.FindStringSubmatch(page.body); found != nil {
		page.code = found[1]
	}
	return page
}
