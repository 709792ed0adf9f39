package console_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/upload"
)

// send posts a form with a file.
func (r *reader) send(path string, fields map[string]string, name, content string) answer {
	r.tb.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range fields {
		must(r.tb, form.WriteField(field, value))
	}
	file, err := form.CreateFormFile("file", name)
	must(r.tb, err)
	_, err = file.Write([]byte(content))
	must(r.tb, err)
	must(r.tb, form.Close())
	request, err := http.NewRequestWithContext(r.tb.Context(), http.MethodPost, r.address+path, &body)
	must(r.tb, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Accept-Language", r.lang)
	response, err := r.client.Do(request)
	must(r.tb, err)
	defer func() { must(r.tb, response.Body.Close()) }()
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	must(r.tb, err)
	return answer{response.StatusCode, response.Header, text.String()}
}

const foreignList = "联系人,手机,城市,要什么,数量\n" +
	"甲,13800001234,陕西,N95口罩,200\n" +
	"乙,123,陕西,N95口罩,200\n" +
	"丙,13800001235,陕西,=1+1,3\n"

func TestATableComesInByThePages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/imports").shows(t, http.StatusOK, "Import tables", "You have imported no table yet")
	begun := r.send("/console/imports", map[string]string{"kind": "needs"}, "待办.csv", foreignList)
	path := begun.header.Get("Location")
	if begun.status != http.StatusSeeOther || !strings.HasPrefix(path, "/console/imports/") {
		t.Fatalf("the upload gave %d to %q:\n%s", begun.status, path, begun.body)
	}
	r.get(path).shows(t, http.StatusOK, "待办.csv", `<option value="手机" selected>`, "Import 1", "Phone: This cannot be a phone number")
	refused := r.get(path + "/errors")
	refused.shows(t, http.StatusOK, "联系人,手机,城市,要什么,数量,error", "'=1+1", "乙,123", "3: ")
	if got := refused.header.Get("Content-Disposition"); got != `attachment; filename="refused.csv"` {
		t.Errorf("the refused rows are sent as %q", got)
	}
	form := url.Values{
		"act": {"keep"}, "mapping_name": {"街道表"}, "source": {"street"}, "column.contact_name": {"联系人"}, "column.contact_phone": {"手机"},
		"column.item": {"要什么"}, "value.category": {"ppe"}, "value.region_code": {"610100"},
	}
	if got := r.post(path, form); got.status != http.StatusSeeOther {
		t.Fatalf("remembering gave %d:\n%s", got.status, got.body)
	}
	r.get(path).shows(t, http.StatusOK, `<option value="街道表">`, `value="street"`, "Import 2")
	form.Set("act", "take")
	r.post(path, form)
	r.get(path).shows(t, http.StatusOK, "Being imported", `hx-trigger="every 1s, retry"`)
	again := r.send("/console/imports", map[string]string{"kind": "needs"}, "待办.csv", foreignList).header.Get("Location")
	r.post(again, url.Values{"act": {"use"}, "use_name": {"街道表"}})
	r.get(again).shows(t, http.StatusOK, "Import 2")
	if got := r.post(again, url.Values{"act": {"drop"}}); got.header.Get("Location") != "/console/imports?done=1" {
		t.Errorf("removing leads to %q", got.header.Get("Location"))
	}
	if got := r.get(again); got.status != http.StatusNotFound {
		t.Errorf("what was removed gives %d", got.status)
	}
}

func TestATableThatIsNoneIsRefusedOnThePage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	for content, want := range map[string]string{
		"":                             "There are no rows in it.",
		"PK\x03\x04no workbook":        "It looks like XLSX but cannot be read.",
		"\x89PNG\r\n\x00\xff\xfe\x810": "The characters in it cannot be read.",
		"\"a,b\nno end of quotes":      "The quotation marks do not pair.",
	} {
		r.send("/console/imports", map[string]string{"kind": "needs"}, "x.csv", content).shows(t, http.StatusUnprocessableEntity, want)
	}
	r.send("/console/imports", map[string]string{"kind": "people"}, "x.csv", foreignList).shows(t, http.StatusUnprocessableEntity, "This choice is not known")
	if got := d.signIn(contract.RoleAuditor).send("/console/imports", map[string]string{"kind": "needs"}, "x.csv", foreignList); got.status != http.StatusForbidden {
		t.Errorf("an auditor uploads: %d", got.status)
	}
	path := r.send("/console/imports", map[string]string{"kind": "needs"}, "x.csv", foreignList).header.Get("Location")
	if got := d.signIn(contract.RoleCoordinator).get(path); got.status != http.StatusNotFound {
		t.Errorf("a colleague is shown somebody's table: %d", got.status)
	}
}

// TestAListOfOrganisationsComesInTheSameWay maps the columns of somebody else's list,
// shows what the directory would say to each row, and gives back those refused.
func TestAListOfOrganisationsComesInTheSameWay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerAdministration()
	r := d.signIn(contract.RoleAdministrator)
	r.get("/console/organisations").shows(t, http.StatusOK, `href="/console/imports?kind=organisations"`)
	r.get("/console/imports?kind=organisations").shows(t, http.StatusOK, `value="organisations" class="radio" checked`)
	list := "机构代码,机构名称,性质,级别,省,市,上级\nlianhu,示例·莲湖,慈善组织,县级,陕西,西安,xian\n=cmd,示例,慈善组织,星球,陕西,西安,xian\n"
	path := r.send("/console/imports", map[string]string{"kind": "organisations"}, "机构.csv", list).header.Get("Location")
	r.get(path).shows(t, http.StatusOK, `<option value="机构代码" selected>`, "Import 1", "Level “星球”")
	r.get(path+"/errors").shows(t, http.StatusOK, "机构代码,机构名称,性质,级别,省,市,上级,error", "'=cmd,示例", "3: ")
	form := url.Values{"act": {"take"}, "source": {"list"}, "column.name": {"机构名称"}}
	r.post(path, form).shows(t, http.StatusUnprocessableEntity, "Please say which column is the code of an organisation.")
	if n := d.times(contract.DirectoryRegister.Subject); n != 0 {
		t.Errorf("a preview registered %d", n)
	}
	for field, column := range map[string]string{"code": "机构代码", "kind": "性质", "level": "级别", "province": "省", "city": "市", "parent_code": "上级"} {
		form.Set("column."+field, column)
	}
	if got := r.post(path, form); got.status != http.StatusSeeOther {
		t.Fatalf("importing gave %d:\n%s", got.status, got.body)
	}
	r.get(path).shows(t, http.StatusOK, "Being imported")
	if got := d.signIn(contract.RoleCoordinator).send("/console/imports", map[string]string{"kind": "organisations"}, "机构.csv", list); got.status != http.StatusForbidden {
		t.Errorf("a coordinator uploads organisations: %d", got.status)
	}
}

// TestAnAgencyEntersSessionsByATable maps its own columns, sees what would be counted,
// is asked about what is unusual, and takes it with a mark.
func TestAnAgencyEntersSessionsByATable(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stub(d, contract.OfferRecordSession, func(_ context.Context, q contract.RecordSession) (contract.ServiceSession, error) {
		if q.Draft.People > 1000 && !q.Draft.Confirmed {
			return contract.ServiceSession{}, fault.NewInvalid(fault.Field{Location: "people", Code: "unusual"})
		}
		return contract.ServiceSession{ID: q.Draft.ID}, nil
	})
	stub(d, contract.OfferSessionTotals, func(context.Context, contract.AskSessionTotals) (contract.SessionTotals, error) {
		return contract.SessionTotals{}, nil
	})
	stub(d, contract.OfferSessions, func(context.Context, contract.ListSessions) (contract.Listing[contract.ServiceSession], error) {
		return contract.Listing[contract.ServiceSession]{Items: []contract.ServiceSession{{ID: "s", VoidReason: new(upload.ReasonOf("u"))}}}, nil
	})
	r := d.signIn(contract.RoleAgencyLead)
	r.get("/console/sessions").shows(t, http.StatusOK, `href="/console/imports?kind=sessions"`, "Taken back: its table was taken back")
	r.get("/console/imports?kind=sessions").shows(t, http.StatusOK, `value="sessions" class="radio" checked`)
	list := "日期,服务类型,人次,时长\n2026-11-20,psych,3,50\n2026-11-20,psych,10000,50\n=1+1,nothing,x,50\n"
	path := r.send("/console/imports", map[string]string{"kind": "sessions"}, "十一月.csv", list).header.Get("Location")
	r.get(path).shows(t, http.StatusOK, `<option value="人次" selected>`, "Sessions that can be counted", "Import 1",
		"Some rows are unusual", "What is unusual about rows is right", "People served “x”")
	if tried := last[contract.RecordSession](d, contract.OfferRecordSession.Subject); !tried.Try || tried.Draft.Source != "table" || tried.Draft.SourceID == "" {
		t.Errorf("tried %+v", tried)
	}
	r.get(path+"/errors").shows(t, http.StatusOK, "日期,服务类型,人次,时长,error", "'=1+1,nothing", "3: ")
	form := url.Values{
		"act": {"map"}, "source": {"table"}, "confirmed": {"on"}, "column.held_on": {"日期"}, "column.category": {"服务类型"},
		"column.people": {"人次"}, "column.minutes": {"时长"},
	}
	r.post(path, form)
	confirmed := r.get(path)
	confirmed.shows(t, http.StatusOK, "Import 2")
	if strings.Contains(confirmed.body, "Some rows are unusual") {
		t.Error("what is confirmed is asked about again")
	}
	form.Del("column.people")
	form.Set("act", "take")
	r.post(path, form).shows(t, http.StatusUnprocessableEntity, "Please say which column is how many people were served.")
	form.Set("column.people", "人次")
	if got := r.post(path, form); got.status != http.StatusSeeOther {
		t.Fatalf("importing gave %d:\n%s", got.status, got.body)
	}
	r.get(path).shows(t, http.StatusOK, "Being imported")
	if got := d.signIn(contract.RoleHelper).send("/console/imports", map[string]string{"kind": "sessions"}, "x.csv", list); got.status != http.StatusForbidden {
		t.Errorf("a helper uploads sessions: %d", got.status)
	}
	if got := r.get("/console/sessions/import"); got.status == http.StatusOK {
		t.Error("the page of before is there")
	}
}
