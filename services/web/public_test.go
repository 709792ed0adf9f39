package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/site"
)

func TestRequestFromFormToTracking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.get("/request?lang=zh-Hans").shows(http.StatusOK, "我需要帮助", "120", "防护物资", `data-quick-exit`)
	form := requestForm(r.field("key"))
	r.post("/request", form).shows(http.StatusOK, "您的求助已收到", "病区急需口罩", "1,000 件", "陕西省 西安市 雁塔区", "/track#track_")
	id := r.tracked()
	stored := b.requests[id]
	line := stored.NeedLines[0]
	if *line.Quantity != 1000 || line.Unit != "piece" || line.Item != "mask_n95" || stored.RegionCode != "610113" {
		t.Errorf("stored line %+v in region %s", line, stored.RegionCode)
	}
	if strings.Contains(r.page, "13800001234") || strings.Contains(r.page, "张三") {
		t.Error("the tracking page shows the contact in clear")
	}
	again := b.reader()
	again.post("/request", form)
	if again.tracked() != id || len(b.requests) != 1 {
		t.Error("sending the form twice gave two requests")
	}
	form.Set("title", "另一句话")
	b.reader().post("/request", form).shows(http.StatusConflict, "另一句话")
}

func TestHonourRoll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.get("/honours?lang=zh-Hans").shows(http.StatusOK, "参与单位名录", "暂无单位")
	b.mu.Lock()
	b.helped = []string{"xian"}
	b.mu.Unlock()
	r.get("/honours").shows(http.StatusOK, "示例 xian", "西安市", "市级", "防护物资")
}

func TestAFormShownAgainAsksAFreshChallenge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.get("/request")
	first := r.field("challenge")
	form := requestForm(r.field("key"))
	form.Set("challenge", first)
	form.Set("proof", "1,2,3,4,5,6,7,8")
	r.post("/request", form).shows(http.StatusUnprocessableEntity, "f-proof", `name="proof" value=""`, form.Get("title"))
	if again := r.field("challenge"); again == "" || again == first {
		t.Errorf("the form asks %q after %q", again, first)
	}
	form.Set("challenge", r.field("challenge"))
	form.Del("proof")
	r.post("/request", form)
	if r.tracked() == "" || len(b.requests) != 1 {
		t.Error("a form without script is not taken")
	}
}

func TestEveryBadFieldIsShownBesideItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tt := range map[string]struct {
		field, value string
		at           string // element of the message
	}{
		"no title":               {"title", "", "f-title-error"},
		"long title":             {"title", strings.Repeat("很", 201), "f-title-error"},
		"control characters":     {"title", "a\x07b", "f-title-error"},
		"nothing to read":        {"title", "!!! ...", "f-title-error"},
		"no category":            {"need_lines[0].category", "", "f-need_lines-0--category-error"},
		"unknown category":       {"need_lines[0].category", "gold", "f-need_lines-0--category-error"},
		"zero":                   {"need_lines[0].quantity", "0", "f-need_lines-0--quantity-error"},
		"words":                  {"need_lines[0].quantity", "many", "f-need_lines-0--quantity-error"},
		"impossible quantity":    {"need_lines[0].quantity", "99999999999999", "f-need_lines-0--quantity-error"},
		"unknown unit":           {"need_lines[0].unit", "dozen", "f-need_lines-0--unit-error"},
		"no urgency":             {"urgency", "", "f-urgency-error"},
		"unknown mode":           {"mode", "pigeon", "f-mode-error"},
		"unknown place":          {"place", "亚特兰蒂斯", "f-place-error"},
		"no place":               {"place", "", "f-place-error"},
		"no name":                {"contact.name", "", "f-contact-name-error"},
		"no phone":               {"contact.phone", "12", "f-contact-phone-error"},
		"no way to reach":        {"contact.phone", "", "f-contact-phone-error"},
		"no mail":                {"contact.email", "x@", "f-contact-email-error"},
		"no consent":             {"consent", "", "f-consent-error"},
		"no time":                {"windows.from", "25:00", "f-windows-from-error"},
		"no date":                {"needed_by", "soon", "f-needed_by-error"},
		"unknown language":       {"languages", "no language", "f-languages-error"},
		"unknown safeguard":      {"safeguards", "dragon", "f-safeguards-error"},
		"unknown vulnerability":  {"vulnerability", "rich", "f-vulnerability-error"},
		"what nobody sees":       {"trap", "http://example.com", "f-trap-error"},
		"no proof of ours":       {"challenge", "1.2.3", "f-proof"},
		"too long specification": {"need_lines[0].specification", strings.Repeat("x", 301), "f-need_lines-0--specification-error"},
	} {
		form := requestForm(key(1))
		form.Set("description", "kept text & more")
		form.Set(tt.field, tt.value)
		r := b.reader()
		r.post("/request", form).shows(http.StatusUnprocessableEntity, `id="`+tt.at+`"`, "data-error-summary", "kept text &amp; more", `value="`+form.Get("key")+`"`)
		if t.Failed() {
			t.Fatalf("case: %s", name)
		}
	}
	if b.submits != 0 {
		t.Errorf("%d wrong forms were stored", b.submits)
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	t.Parallel()
	r := setup(t).reader()
	r.post("/request?lang=en", url.Values{"need_lines[0].quantity": {"x"}}).shows(http.StatusUnprocessableEntity,
		"f-title-error", "f-need_lines-0--category-error", "f-need_lines-0--quantity-error", "f-urgency-error",
		"f-mode-error", "f-place-error", "f-contact-name-error", "f-contact-phone-error", "f-consent-error")
}

func TestAddedLinesKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	form := requestForm(key(2))
	form.Set("do", "add_line")
	r.post("/request", form).shows(http.StatusOK, "need_lines[1].category", "病区急需口罩", `value="13800001234"`)
	form.Del("do")
	form.Set("lines", r.field("lines"))
	form.Set("need_lines[1].category", "donation")
	form.Set("need_lines[1].quantity", "12.5")
	r.post("/request", form).shows(http.StatusOK, "您的求助已收到")
	lines := b.requests[r.tracked()].NeedLines
	if len(lines) != 2 || *lines[1].Quantity != 1250 || lines[1].Unit != "fen" {
		t.Errorf("lines %+v", lines)
	}
}

func TestPlacesWithOneNameAreChosenFrom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/places", url.Values{"place": {"西安"}}).shows(http.StatusOK, `value="610100"`)
	form := requestForm(key(3))
	form.Set("place", "区")
	r.post("/request", form).shows(http.StatusUnprocessableEntity, "f-place-error")
	form.Set("place", "陕西")
	r.post("/request", form).shows(http.StatusOK, "陕西省")
}

func TestOfferFromFormToItsMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.get("/offer").shows(http.StatusOK, "credentials[0].kind", "capacity.per")
	r.post("/offer", offerForm(key(4))).shows(http.StatusOK, "两箱口罩", "500 件")
	id := r.tracked()
	o := b.offers[id]
	if len(o.ServiceRegions) != 2 || *o.RadiusM != 20000 || o.RegionCode != "610100" {
		t.Errorf("offer %+v", o)
	}
	r.post("/track/move", url.Values{"move": {"pause"}, "version": {"1"}}).shows(http.StatusOK)
	if b.lastMove(t).Move != "pause" {
		t.Error("not paused")
	}
	m := b.addMatch("", id, "proposed")
	r.get("/track").shows(http.StatusOK, `value="accept"`)
	r.post("/track/match", url.Values{"match": {string(m.ID)}, "version": {"1"}, "answer": {"accept"}}).shows(http.StatusOK, "已接受")
}

func TestRequesterSaysWhetherHelpCame(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state string
		form  url.Values
		move  string
		n     int64
	}{
		"all":          {"reported_done", url.Values{"came": {"yes"}}, "confirm", 0},
		"a part":       {"reported_done", url.Values{"came": {"partly"}, "quantity": {"120"}}, "confirm", 120},
		"not, on word": {"reported_done", url.Values{"came": {"no"}}, "dispute", 0},
		"nobody came":  {"in_progress", url.Values{"came": {"no"}}, "no_show", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			r := b.reader()
			r.post("/request", requestForm(key(5)))
			m := b.addMatch(r.tracked(), "", tt.state)
			tt.form.Set("match", string(m.ID))
			r.post("/track/match", tt.form).shows(http.StatusOK)
			move := b.lastMove(t)
			if move.Move != tt.move || (tt.n > 0) != (move.Quantity != nil) || (tt.n > 0 && *move.Quantity != tt.n) {
				t.Errorf("move %+v", move)
			}
		})
	}
}

func TestWithdrawAsksOnceMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", requestForm(key(6)))
	r.get("/track?confirm=withdraw").shows(http.StatusOK, "确定要撤回吗")
	r.post("/track/move", url.Values{"move": {"withdraw"}, "version": {"7"}}).shows(http.StatusConflict, `role="alert"`)
	r.post("/track/move", url.Values{"move": {"close"}, "version": {"1"}}).shows(http.StatusConflict)
	r.post("/track/move", url.Values{"move": {"withdraw"}, "version": {"1"}}).shows(http.StatusOK, "已结案")
}

// TestReleasedContactIsShownOnce shows the helper's contact when it is asked for,
// not by itself, and not before its release.
func TestReleasedContactIsShownOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/track/contact", nil).shows(http.StatusOK, `name="pin"`)
	r.post("/request", requestForm(key(13)))
	m := b.addMatch(r.tracked(), contract.NewID[string](), "in_progress")
	form := url.Values{"match": {string(m.ID)}}
	r.post("/track/contact", form).shows(http.StatusConflict, "联系方式尚未开放")
	m = b.addMatch(r.tracked(), contract.NewID[string](), "contact_released")
	form.Set("match", string(m.ID))
	if strings.Contains(r.get("/track").page, "13900005678") {
		t.Error("the contact is shown without being asked for")
	}
	r.post("/track/contact", form).shows(http.StatusOK, "李明", "13900005678", "查看暗号")
	if strings.Contains(r.get("/track").page, "13900005678") {
		t.Error("the contact stays on the page")
	}
}

func TestErasingAsksOnceMoreAndEndsThePage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", requestForm(key(11)))
	r.get("/track?confirm=erase").shows(http.StatusOK, "确定要删除全部内容吗", `action="/track/erase"`)
	r.post("/track/erase", url.Values{"version": {"1"}}).shows(http.StatusOK, "已全部删除")
	r.get("/track").shows(http.StatusOK, `name="pin"`)
	r.post("/track/erase", nil).shows(http.StatusOK, `name="pin"`)
}

// TestEverythingHeldIsShown reads the page and the file, takes the consent back and
// gives it again.
func TestEverythingHeldIsShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/track/data", nil).shows(http.StatusOK, `name="pin"`)
	r.post("/request", requestForm(key(12)))
	r.post("/track/data", nil).shows(http.StatusOK, "13800001234", "撤回此项同意")
	r.post("/track/data.json", nil).shows(http.StatusOK, `"phone": "13800001234"`, `"matches"`)
	for _, step := range [][2]string{{"no", "重新同意"}, {"yes", "撤回此项同意"}} {
		r.post("/track/consent", url.Values{"given": {step[0]}}).shows(http.StatusOK)
		r.post("/track/data", nil).shows(http.StatusOK, step[1])
	}
}

func TestCorrectionKeepsTheContactItDoesNotName(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.reader()
	r.post("/request", requestForm(key(7)))
	r.get("/track?edit=1").shows(http.StatusOK, "contact.phone")
	r.post("/track/correct", url.Values{"title": {""}, "version": {"1"}, "description": {"typed"}}).shows(http.StatusUnprocessableEntity, "f-title-error", "typed")
	r.post("/track/correct", url.Values{"title": {"新的说明"}, "version": {"1"}, "contact.wechat": {"zhang"}}).shows(http.StatusOK, "新的说明")
	if c := b.contacts[r.tracked()]; c.Phone != "13800001234" || c.Wechat != "zhang" {
		t.Errorf("contact %+v", c)
	}
	r.post("/track/correct", url.Values{"title": {"迟到的修改"}, "version": {"1"}}).shows(http.StatusConflict, "迟到的修改")
}

func TestCodeAndPin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.reader()
	owner.post("/request", requestForm(key(8)))
	id := owner.tracked()
	code, pin := b.requests[id].Code, site.Pin(b.world.Keys, site.Track, id, 0)
	owner.shows(http.StatusOK, pin)
	owner.get("/track")
	if strings.Contains(owner.page, pin) {
		t.Error("the PIN is shown without being asked for")
	}
	stranger := b.reader()
	stranger.post("/track", url.Values{"code": {strings.ToLower(code)}, "pin": {pin}}).shows(http.StatusOK, "病区急需口罩")

	wrongPin := b.reader().post("/track", url.Values{"code": {code}, "pin": {"AAAAAAAAAA"}})
	unknown := contract.NewCode()
	wrongCode := b.reader().post("/track", url.Values{"code": {unknown}, "pin": {"AAAAAAAAAA"}})
	if wrongPin.status != http.StatusUnprocessableEntity || wrongCode.status != wrongPin.status ||
		strings.ReplaceAll(wrongCode.page, unknown, code) != wrongPin.page {
		t.Errorf("an unknown code looks unlike a wrong PIN: %d, %d", wrongCode.status, wrongPin.status)
	}
	for range 4 {
		b.reader().post("/track", url.Values{"code": {code}, "pin": {"AAAAAAAAAA"}})
	}
	b.reader().post("/track", url.Values{"code": {code}, "pin": {pin}}).shows(http.StatusTooManyRequests)
	b.world.Clock.Advance(61 * 60 * 1e9)
	b.reader().post("/track", url.Values{"code": {code}, "pin": {pin}}).shows(http.StatusOK, "病区急需口罩")
}

func TestWrongTokensLookAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.reader()
	owner.post("/request", requestForm(key(9)))
	id := owner.tracked()
	right := site.Token(b.world.Keys, site.Track, id, 0)
	b.reader().post("/track", url.Values{"token": {right}}).shows(http.StatusOK, "病区急需口罩")
	var pages []string
	for _, token := range []string{
		"nonsense", right + "x", site.Token(b.world.Keys, site.Track, id, 1), site.Token(b.world.Keys, site.Answer, id, 0),
		site.Token(b.world.Keys, site.Track, contract.NewID[string](), 0),
	} {
		r := b.reader()
		r.post("/track", url.Values{"token": {token}}).shows(http.StatusUnprocessableEntity)
		pages = append(pages, r.page)
	}
	for _, page := range pages {
		if page != pages[0] {
			t.Error("wrong, ended and foreign tokens look different")
		}
	}
	owner.post("/track/forget", nil).shows(http.StatusOK, `name="pin"`)
}
