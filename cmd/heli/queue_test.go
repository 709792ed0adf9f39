package main

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
)

// visiting is a coordinator above all organisations, without a browser.
func (i *instance) visiting() visitor {
	i.t.Helper()
	link := heli(i.t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", i.data)
	v := newVisitor(i.t, i.url)
	v.post("/console/login", url.Values{"token": {link[strings.IndexByte(link, '#')+1:]}}).leadsTo(i.t, "/console")
	return v
}

var (
	rowCode     = regexp.MustCompile(`<span class="row-code">([^<]+)</span>`)
	bulkRow     = regexp.MustCompile(`data-bulk-row="([^"]+)"`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)"`)
)

func all(pattern *regexp.Regexp, text string) (found []string) {
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// parts returns the requests that a page of a bulk act says change, and those
// that do not.
func parts(page page, changing, staying string) (changed, stays []string) {
	_, rest, _ := strings.Cut(page.body, changing)
	first, second, _ := strings.Cut(rest, staying)
	return all(bulkRow, first), all(bulkRow, second)
}

// TestABulkPreviewIsWhatHappens holds requests in several states, of which some
// refuse, and compares the preview with the report and with what the API says.
func TestABulkPreviewIsWhatHappens(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff, v := i.coordinator(), i.visiting()
	var picks []string
	for n, moves := range [][]string{nil, {"triage"}, {"triage", "open"}, {"triage", "open", "hold"}, {"close"}, {"triage", "open"}} {
		request := staff.post(http.StatusCreated, "/requests", requestDraft(fmt.Sprintf("masks %d", n), "", 1))
		for _, move := range moves {
			staff.post(http.StatusOK, "/requests/"+request.ID+"/"+move, map[string]any{"reason": "expired"})
		}
		picks = append(picks, request.ID)
	}
	preview := v.post("/console/bulk", url.Values{"move": {"hold"}, "reason": {"等待物资"}, "pick": picks})
	will, wont := parts(preview, "These will change", "These stay as they are")
	if len(will) != 3 || len(wont) != 3 {
		t.Fatalf("the preview says that %v change and %v stay: %s", will, wont, preview.body)
	}
	for _, id := range picks {
		if staff.get(http.StatusOK, "/requests/"+id).State == "on_hold" && slices.Contains(will, id) {
			t.Errorf("the preview has moved %s", id)
		}
	}
	form := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(preview.body, -1) {
		form.Add(field[1], html.UnescapeString(field[2]))
	}
	staff.post(http.StatusOK, "/requests/"+will[2]+"/close", map[string]any{"reason": "expired"}) // by somebody else, meanwhile
	report := v.post("/console/bulk", form)
	did, didNot := parts(report, "Changed: 2", "Not changed: 1")
	if !slices.Equal(did, will[:2]) || !slices.Equal(didNot, will[2:]) {
		t.Fatalf("%v changed and %v did not, the preview said %v: %s", did, didNot, will, report.body)
	}
	for _, id := range did {
		if got := staff.get(http.StatusOK, "/requests/"+id).State; got != "on_hold" {
			t.Errorf("%s is %s", id, got)
		}
	}
}

// TestAnExportIsWhatThePagesShow turns the pages of a view and reads its file.
func TestAnExportIsWhatThePagesShow(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff, v := i.coordinator(), i.visiting()
	for n := range 120 {
		title := "需要口罩"
		if n%10 == 9 {
			title = "需要輪椅" // which the view leaves out
		}
		staff.post(http.StatusCreated, "/requests", requestDraft(fmt.Sprintf("%s %d", title, n), "open", 1))
	}
	view := url.Values{"tab": {"all"}, "text": {"口罩"}, "columns": {"urgency"}}
	var shown []string
	for path := "/console?" + view.Encode(); path != ""; {
		page := v.get(path)
		shown = append(shown, all(rowCode, page.body)...)
		if path = ""; nextPage.MatchString(page.body) {
			path = html.UnescapeString(nextPage.FindStringSubmatch(page.body)[1])
		}
	}
	file := v.post("/console/export", url.Values{"query": {view.Encode()}, "format": {"csv"}})
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatalf("read file: %v", err)
	}
	var exported []string
	for _, row := range rows[1:] {
		exported = append(exported, row[0])
	}
	if len(rows[0]) != 3 || len(shown) != 108 {
		t.Errorf("%d columns, %d rows", len(rows[0]), len(shown))
	}
	if diff := cmp.Diff(shown, exported); diff != "" {
		t.Errorf("the file differs from the pages (-pages +file):\n%s", diff)
	}
	if log := heli(t, "audit", "verify", "--data", i.data); log == "" {
		t.Error("the audit chain is not verified")
	}
}

var nextPage = regexp.MustCompile(`<a href="(/console\?[^"]*cursor=[^"]+)" class="btn`)

// hotkey presses a key as a keyboard does: what it types comes with the press, so
// that a page which takes the key keeps it from being typed.
func hotkey(key string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(key, func(p *input.DispatchKeyEventParams) {
		if p.Type == kb.KeyChar {
			p.Type, p.Text, p.UnmodifiedText = kb.KeyUp, "", ""
		} else if p.Type != kb.KeyUp {
			p.Type, p.Text = kb.KeyDown, key
		}
	})
}

// keys types to whatever has the focus.
func keys(typed string, modifiers ...chromedp.Modifier) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(typed, chromedp.KeyModifiers(modifiers...))
}

// TestTheQueueByKeyboard signs in, finds a request, opens, claims and closes it,
// and finds it again by its code, by keys alone.
func TestTheQueueByKeyboard(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	first := staff.post(http.StatusCreated, "/requests", requestDraft("需要口罩", "open", 10))
	second := staff.post(http.StatusCreated, "/requests", requestDraft("需要輪椅兩台", "open", 2))
	b := startBrowser(t)
	row := func(request answer) string {
		return `document.activeElement?.matches('#row-` + request.ID + ` a.row-link')`
	}
	b.do("sign in", chromedp.Navigate(heli(t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", i.data)),
		chromedp.WaitVisible(chromedp.CSS(".console-nav")), chromedp.Navigate(i.url+"/console?tab=all&lang=zh-Hans"), await("#row-"+first.ID))
	b.do("ask for the keys", keys("?"), until(`document.getElementById("keys").open`), keys(kb.Escape), until(`!document.getElementById("keys").open`))
	b.do("move", keys("j"), until(row(first)), keys("j"), until(row(second)), keys("k"), until(row(first)))
	b.picksAll(first.ID, second.ID)
	b.do("search", hotkey("/"), until(`document.activeElement?.id === "filter-text"`), fill("text", "轮椅"), keys(enter),
		await(`#filter-text[value="轮椅"]`), await("#row-"+second.ID), until(`!document.getElementById("row-`+first.ID+`")`))
	b.do("claim", keys("j"), until(row(second)), keys("c"), until(`document.getElementById("desk-status").textContent.includes("`+second.Code+`")`))
	b.do("open", keys("j"), until(row(second)), keys("o"), await(`button[name="move"][value="unclaim"]`))
	b.do("see what fits", keys("m"), until(`document.activeElement?.id === "part-suggestions"`))

	closing := b.printer.Move(contract.ThingRequest, "close")
	b.do("close by the palette", keys("k", chromedp.ModifierCtrl), until(`document.activeElement?.id === "palette-input"`), chromedp.SendKeys(chromedp.CSS("#palette-input"), closing),
		until(`document.querySelector('#palette-list [aria-selected="true"]')?.textContent.includes("`+closing+`")`), hotkey(enter),
		until(`document.activeElement?.matches(".moves summary") && document.activeElement.parentElement.open`))
	b.do("give a reason", keys(kb.Tab), until(`document.activeElement?.name === "reason"`), keys(kb.ArrowDown), until(`document.activeElement?.tagName === "OPTION"`),
		keys(kb.ArrowDown), until(`document.activeElement?.value !== ""`), hotkey(enter), until(`document.activeElement?.name === "reason" && document.activeElement.value !== ""`),
		keys(kb.Tab), until(`document.activeElement?.value === "close"`), keys(enter), await(".alert-success"))
	if got := staff.get(http.StatusOK, "/requests/"+second.ID).State; got != "closed" && got != "confirmed" {
		t.Errorf("the request is %s", got)
	}
	b.do("find by code", keys("k", chromedp.ModifierCtrl), until(`document.activeElement?.id === "palette-input"`), keys(first.Code),
		until(`document.querySelector('#palette-list [aria-selected="true"]')?.textContent.includes("`+first.Code+`")`), hotkey(enter),
		await(`form[action="/console/requests/`+first.ID+`/notes"]`))
}

// picksAll ticks the rows of the open queue by the key and by the button, which stay
// ticked while a row changes, and sees them all in the preview; then it goes back.
func (b browser) picksAll(ids ...string) {
	b.t.Helper()
	picked := func(n int) chromedp.Action[chromedp.Void] {
		return until(fmt.Sprintf(`document.querySelectorAll("input[name=pick]:checked").length === %d
			&& document.querySelector("#bulk button").textContent.includes("(%d)") && document.querySelector("#bulk button").disabled === %t`, n, n, n == 0))
	}
	b.do("tick one, then all, then none by the key", picked(0), keys("x"), picked(1), hotkey("a"), picked(len(ids)), hotkey("a"), picked(0))
	b.do("type the key where it is a letter", hotkey("/"), until(`document.activeElement?.id === "filter-text"`), keys("a"),
		until(`document.activeElement.value === "a"`), picked(0), keys(kb.Backspace))
	b.do("tick all by the button", press("[data-pick-all]"), picked(len(ids)), press("[data-pick-all]"), picked(0), press("[data-pick-all]"), picked(len(ids)))
	b.do("see a row change below the ticks", keys("j"), until(`document.activeElement?.matches("a.row-link")`), keys("c"),
		until(`document.getElementById("part-queue").textContent.includes("调度员")`), picked(len(ids)))
	b.do("preview", chromedp.SetValue(chromedp.CSS("#bulk-move"), "hold"), press("#bulk button"), await(`[name="reason"]`))
	for _, id := range ids {
		b.do("see it in the preview", await(`input[name="pick"][value^="`+id+`"]`))
	}
	b.do("go back", press(`a.btn[href^="/console?"]`), await("#row-"+ids[0]), until(`document.querySelectorAll("input[name=pick]:checked").length === 0`))
}

// TestTheOpenQueueFollows has a browser look at the queue while requests come
// and go: in the end it shows each that is there once, and none that is not.
func TestTheOpenQueueFollows(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	staff := i.coordinator()
	b := startBrowser(t)
	b.do("sign in", chromedp.Navigate(heli(t, "login", "--role", "coordinator", "--name", "调度员", "--demo", "--data", i.data)),
		chromedp.WaitVisible(chromedp.CSS(".console-nav")), chromedp.Navigate(i.url+"/console?tab=to_match"), await(`#live[data-state="on"]`))
	var want []string
	for n := range 40 {
		request := staff.post(http.StatusCreated, "/requests", requestDraft(fmt.Sprintf("masks %d", n), "open", 1))
		if n%3 == 0 {
			staff.post(http.StatusOK, "/requests/"+request.ID+"/hold", map[string]any{"reason": "other"})
			continue
		}
		want = append(want, "row-"+request.ID)
	}
	slices.Sort(want)
	eventually(t, func() string {
		rows := found(b, "read rows", chromedp.Evaluate[[]string](`[...document.querySelectorAll("tr[id^=row-]")].map((row) => row.id)`))
		slices.Sort(rows)
		return cmp.Diff(want, rows)
	})
	count := b.text("read the count", `//*[contains(@class, "tabs")]//*[@aria-current="page"]//*[contains(@class, "badge")]`)
	if count != fmt.Sprint(len(want)) {
		t.Errorf("the tab counts %q, there are %d", count, len(want))
	}
}
