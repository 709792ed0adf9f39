package console_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
)

func TestEveryFilterStandsInTheAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	page := r.get("/console?tab=all&organisation=xian&campaign=winter&claimed=none&age=over_3d&source=hotline&language=yue&columns=urgency&columns=source")
	page.shows(t, http.StatusOK, `value="winter" selected`, `value="none" selected`, `value="over_3d" selected`, `value="hotline"`, `value="yue" selected`, "Warm winter")
	got := last[contract.ListRequests](d, contract.RequestList.Subject)
	want := contract.ListRequests{
		Organisation: "xian", Campaign: "winter", ClaimedBy: new(""), Source: "hotline", Language: "yue",
		CreatedBefore: d.world.Clock.Now().Add(-3 * 24 * time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the list was asked (-want +got):\n%s", diff)
	}
	if strings.Contains(page.body, `scope="col">Place`) || strings.Contains(page.body, `scope="col" class="">Place`) {
		t.Error("a column is shown that was not chosen")
	}
	r.get("/console?tab=all&region=610113&claimed="+string(colleagueID)).shows(t, http.StatusOK,
		`<option value="610113" selected>西安市, 雁塔区</option>`, `<option value="`+string(colleagueID)+`" selected>王测试</option>`)
	r.get("/console?tab=all&region=610100&claimed="+otherID).shows(t, http.StatusOK, `<option value="610102">西安市, 新城区</option>`, "somebody else")
	r.get("/console?claimed=me")
	if got := last[contract.ListRequests](d, contract.RequestList.Subject).ClaimedBy; got == nil || !contract.ValidID(*got) {
		t.Errorf("what I have claimed was asked as %v", got)
	}
}

// TestViewsAreSeenByThoseTheyAreFor saves a private and a shared view: a
// colleague sees the shared one alone and cannot remove it, another organisation
// none, not even the one above.
func TestViewsAreSeenByThoseTheyAreFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	owner, colleague := d.signIn(contract.RoleCoordinator), d.signIn(contract.RoleAuditor)
	above, below := d.signInTo(contract.RoleCoordinator, contract.RootPath), d.signInTo(contract.RoleCoordinator, testkit.Xian.Path)
	private, shared := contract.NewID[string](), contract.NewID[string]()
	for id, name := range map[string]string{private: "只给自己", shared: "给大家"} {
		form := url.Values{"view_id": {id}, "name": {name}, "query": {"tab=all&urgency=urgent&cursor=abc&text="}}
		if id == shared {
			form.Set("shared", "on")
		}
		got := owner.post("/console/views", form)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/console?tab=all&urgency=urgent" {
			t.Fatalf("saving gave %d to %q", got.status, got.header.Get("Location"))
		}
	}
	for _, tt := range []struct {
		r               *reader
		private, shared bool
	}{{owner, true, true}, {colleague, false, true}, {above, false, false}, {below, false, false}} {
		page := tt.r.get("/console?tab=new").body
		if strings.Contains(page, "只给自己") != tt.private || strings.Contains(page, "给大家") != tt.shared {
			t.Errorf("the private view is shown: %t, the shared: %t", strings.Contains(page, "只给自己"), strings.Contains(page, "给大家"))
		}
	}
	colleague.get("/console?tab=new").shows(t, http.StatusOK, "测试员甲")
	for _, r := range []*reader{colleague, above, below} {
		r.post("/console/views/remove", url.Values{"view_id": {shared}}).shows(t, http.StatusNotFound)
	}
	below.post("/console/views/first", url.Values{"view_id": {shared}}).shows(t, http.StatusNotFound)
	if got := owner.post("/console/views/remove", url.Values{"view_id": {shared}}).status; got != http.StatusSeeOther {
		t.Errorf("removing gave %d", got)
	}
	if strings.Contains(colleague.get("/console?tab=new").body, "给大家") {
		t.Error("a removed view is shown")
	}
}

func TestTheFirstViewOpensByItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r, other := d.signIn(contract.RoleCoordinator), d.signIn(contract.RoleCoordinator)
	id := contract.NewID[string]()
	r.post("/console/views", url.Values{"view_id": {id}, "name": {"紧急"}, "query": {"tab=new&urgency=critical"}, "first": {"on"}, "shared": {"on"}})
	if got := r.get("/console"); got.status != http.StatusSeeOther || got.header.Get("Location") != "/console?tab=new&urgency=critical" {
		t.Errorf("the queue gave %d to %q", got.status, got.header.Get("Location"))
	}
	other.get("/console").shows(t, http.StatusOK)
	other.post("/console/views/first", url.Values{"view_id": {id}})
	if got := other.get("/console"); got.status != http.StatusSeeOther {
		t.Errorf("a colleague's view does not open first: %d", got.status)
	}
	r.post("/console/views/first", url.Values{"view_id": {""}})
	r.get("/console").shows(t, http.StatusOK)
	for name, form := range map[string]url.Values{
		"without a name": {"view_id": {contract.NewID[string]()}, "query": {"tab=new"}},
		"too long":       {"view_id": {contract.NewID[string]()}, "name": {"x"}, "query": {"text=" + strings.Repeat("x", 3000)}},
		"without an id":  {"name": {"x"}},
		"of no address":  {"view_id": {contract.NewID[string]()}, "name": {"x"}, "query": {";env;"}},
	} {
		if got := r.post("/console/views", form); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a view %s gave %d", name, got.status)
		}
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)"`)

// sent is what a page's forms would send.
func sent(page answer) url.Values {
	form := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(page.body, -1) {
		form.Add(field[1], strings.ReplaceAll(field[2], "&amp;", "&"))
	}
	return form
}

// TestABulkActIsPreviewedAndThenMade follows the forms of the pages: what asks
// for a reason first asks, nothing moves before the last step, and sending that
// twice uses the same keys.
func TestABulkActIsPreviewedAndThenMade(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	asks := r.post("/console/bulk", url.Values{"move": {"hold"}, "pick": {requestID, offerID}, "query": {"tab=all&text=x"}})
	asks.shows(t, http.StatusOK, `id="bulk-reason"`)
	form := sent(asks)
	form.Set("reason", "等待物资")
	preview := r.post("/console/bulk", form)
	preview.shows(t, http.StatusOK, "These will change: 1", "These stay as they are: 1", "K7FM-3QRAG", `href="/console?tab=all&amp;text=x"`)
	if tried := last[contract.Move](d, contract.RequestTry.Subject); tried.ID != requestID || *tried.Version != 7 || tried.Reason != "等待物资" {
		t.Errorf("tried %+v", tried)
	}
	if n := d.times(contract.RequestMove.Subject); n != 0 {
		t.Fatalf("a preview moved %d", n)
	}
	form = sent(preview)
	if diff := cmp.Diff([]string{requestID + "@7"}, form["pick"]); diff != "" {
		t.Errorf("what refuses is sent on: %s", diff)
	}
	report := r.post("/console/bulk", form)
	report.shows(t, http.StatusOK, "Changed: 1", "Undo 1")
	first := last[contract.Move](d, contract.RequestMove.Subject)
	r.post("/console/bulk", form)
	if second := last[contract.Move](d, contract.RequestMove.Subject); first.Key == "" || first.Key != second.Key || *first.Version != 7 {
		t.Errorf("sent twice: %+v, then %+v", first, second)
	}
	if undo := sent(report); undo.Get("move") != "resume" || undo.Get("pick") != requestID {
		t.Errorf("undoing would send %v", undo)
	}
	d.change(func() { d.moveErr = fault.NewConflict("stale_version", "") })
	r.post("/console/bulk", form).shows(t, http.StatusOK, "Not changed: 1", "Somebody else has changed this")
	for name, form := range map[string]url.Values{
		"unknown move": {"move": {"erase"}, "pick": {requestID}}, "nothing picked": {"move": {"claim"}},
		"no id": {"move": {"claim"}, "pick": {"x"}}, "no version": {"move": {"claim"}, "pick": {requestID + "@x"}},
	} {
		if got := r.post("/console/bulk", form).status; got != http.StatusUnprocessableEntity {
			t.Errorf("%s gave %d", name, got)
		}
	}
}

// TestAnExportHoldsTheViewAndIsRecorded reads both files: every page of the view,
// its columns, nothing that a spreadsheet would run; without its record there is
// no file.
func TestAnExportHoldsTheViewAndIsRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.change(func() { d.request.Title = "=HYPERLINK(1)" })
	r := d.signIn(contract.RoleCoordinator)
	form := url.Values{"format": {"csv"}, "query": {"tab=to_match&text=王某&columns=urgency&columns=source&cursor=abc"}}
	file := r.post("/console/export", form)
	file.shows(t, http.StatusOK, "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	must(t, err)
	row := []string{"K7FM-3QRAG", "Urgent", "'=HYPERLINK(1)", ""}
	if diff := cmp.Diff([][]string{{"Code", "Urgency", "Request", "Source"}, row, row}, rows); diff != "" {
		t.Errorf("the file holds (-want +got):\n%s", diff)
	}
	entry := last[contract.AuditEntry](d, contract.DirectoryAudit.Subject)
	if entry.Action != contract.ActExportRequests || entry.Path != testkit.Shaanxi.Path || strings.Contains(entry.Reason, "王") || !strings.Contains(entry.Reason, "tab=to_match") {
		t.Errorf("recorded %+v", entry)
	}
	form.Set("format", "xlsx")
	book, err := excelize.OpenReader(bytes.NewReader([]byte(r.post("/console/export", form).body)))
	must(t, err)
	cells, err := book.GetRows(book.GetSheetName(0))
	must(t, err)
	if len(cells) != 3 || cells[2][2] != "=HYPERLINK(1)" {
		t.Errorf("the workbook holds %v", cells)
	}
	d.change(func() { d.auditErr = fault.NewUnavailable(nil) })
	if got := r.post("/console/export", form); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "K7FM") {
		t.Errorf("without its record the export gave %d", got.status)
	}
	d.signIn(contract.RoleAuditor).post("/console/export", form).shows(t, http.StatusForbidden)
}

// TestWhatWaitsForAHelperIsAQueueOfRequests has all that the other tabs have: counts,
// filters, columns, views, an export and the way back from a bulk act.
func TestWhatWaitsForAHelperIsAQueueOfRequests(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	now := d.world.Clock.Now()
	d.change(func() {
		d.request.Waits = []contract.Wait{
			{MatchID: matchID, Queue: contract.QueueStuck, Since: now.Add(-3 * time.Hour), Organisation: "shaanxi"},
			{MatchID: matchID, Queue: contract.QueueAwaiting, Since: now.Add(-2 * time.Hour)},
			{MatchID: matchID, Queue: contract.QueueAwaiting, Since: now.Add(-time.Hour), Organisation: "xian"},
		}
	})
	r := d.signIn(contract.RoleCoordinator)
	for queue, count := range map[string]string{contract.QueueAwaiting: "71", contract.QueueStuck: "83"} {
		page := r.get("/console?tab=" + queue + "&urgency=urgent&text=x")
		page.shows(t, http.StatusOK, `href="/console?tab=`+queue+`" aria-current="page"`, count, "Waiting for the helper",
			`href="/console/matches/`+matchID+`"`, "should have started 3 hours ago", "asked 2 hours ago", "and 1 more")
		want := contract.ListRequests{Queue: queue, Urgencies: []contract.Urgency{contract.Urgent}, Text: "x"}
		if diff := cmp.Diff(want, last[contract.ListRequests](d, contract.RequestList.Subject)); diff != "" {
			t.Errorf("%s asked for (-want +got):\n%s", queue, diff)
		}
		r.get("/console?tab="+queue+"&part=queue").shows(t, http.StatusOK, count, "asked 2 hours ago")
		file := r.post("/console/export", url.Values{"format": {"csv"}, "query": {"tab=" + queue}})
		file.shows(t, http.StatusOK, "Waiting for the helper", "should have started ")
		if got := last[contract.ListRequests](d, contract.RequestList.Subject); got.Queue != queue {
			t.Errorf("the export of %s asked for %+v", queue, got)
		}
		r.post("/console/bulk", url.Values{"move": {"claim"}, "pick": {requestID}, "query": {"tab=" + queue}}).
			shows(t, http.StatusOK, `href="/console?tab=`+queue+`"`)
		saved := r.post("/console/views", url.Values{"view_id": {contract.NewID[string]()}, "name": {queue}, "query": {"tab=" + queue}})
		if got := saved.header.Get("Location"); got != "/console?tab="+queue {
			t.Errorf("the view of %s is kept as %q", queue, got)
		}
	}
	if got := r.get("/console?tab=all"); strings.Contains(got.body, "should have started") || !strings.Contains(got.body, "71") {
		t.Error("other tabs show the column unasked, or not the counts")
	}
	r.get("/console?tab=all&columns=waits").shows(t, http.StatusOK, "should have started 3 hours ago")
	d.change(func() { d.request.Waits = d.request.Waits[1:2] })
	r.get("/console?tab=awaiting").shows(t, http.StatusOK, `>Match</a>`) // of whose offer it is, nobody told
	if n := d.times(contract.MatcherCount.Subject); n != 0 {
		t.Errorf("the matcher was asked %d times", n)
	}
}

func TestThePaletteListsWhereOneMayGo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.signIn(contract.RoleCoordinator).get("/console/palette").shows(t, http.StatusOK, `data-href="/console?tab=follow_up"`, `data-href="/console/plan"`)
	if page := d.signIn(contract.RoleHelper).get("/console/palette"); strings.Contains(page.body, "tab=new") {
		t.Error("a helper is led to the queue")
	}
	r := d.signIn(contract.RoleCoordinator)
	if got := r.get("/console/find?code=k7fm3qrag"); got.status != http.StatusSeeOther || got.header.Get("Location") != "/console/requests/"+requestID {
		t.Errorf("the code leads to %d %q", got.status, got.header.Get("Location"))
	}
	r.get("/console/find?code=KTYJ-4W94W").shows(t, http.StatusNotFound)
	r.get("/console/find?code=nothing").shows(t, http.StatusUnprocessableEntity)
	r.post("/console/views/remove", url.Values{}).shows(t, http.StatusUnprocessableEntity)
}
