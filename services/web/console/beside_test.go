package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const (
	otherID      = "01900000-0000-7000-8000-0000000000a9"
	attachmentID = "01900000-0000-7000-8000-0000000000f1"
	colleagueID  = contract.PersonID("01900000-0000-7000-8000-0000000000c1")
)

// answerBeside answers about what stands beside a request.
func (d *desk) answerBeside() {
	stub(d, contract.RequestEdit, func(context.Context, contract.EditRequest) (contract.Moved, error) {
		return contract.Moved{ID: requestID}, d.editErr
	})
	stub(d, contract.RequestAttach, func(_ context.Context, q contract.AddAttachment) (contract.Attachment, error) {
		if !bytes.HasPrefix(q.Content, []byte("%PDF-")) {
			return contract.Attachment{}, fault.NewInvalid(fault.Field{Location: "file", Code: "file_type"})
		}
		return contract.Attachment{ID: q.ID}, nil
	})
	stub(d, contract.RequestAttachment, func(context.Context, contract.AttachmentByID) (contract.AttachmentContent, error) {
		return contract.AttachmentContent{
			Attachment: contract.Attachment{ID: attachmentID, Name: "清单.pdf", MediaType: "application/pdf"}, Content: []byte("%PDF-1.7 %%EOF"),
		}, nil
	})
	stub(d, contract.RequestDetach, func(context.Context, contract.AttachmentByID) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.RequestAlike, func(context.Context, contract.GetByID) (contract.Listing[contract.Alike], error) {
		return contract.Listing[contract.Alike]{Items: append([]contract.Alike{}, d.alike...)}, nil
	})
	stub(d, contract.RequestLink, func(context.Context, contract.LinkRequests) (contract.Moved, error) {
		return contract.Moved{}, d.moveErr
	})
	stub(d, contract.RequestLookUp, func(context.Context, contract.LookUpCaller) (contract.Listing[contract.Request], error) {
		return contract.Listing[contract.Request]{Items: []contract.Request{d.request}}, nil
	})
	stub(d, contract.RequestSubmit, func(_ context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
		return contract.SubmittedRequest{ID: q.ID, Code: q.Code}, d.moveErr
	})
	stub(d, contract.RequestVerifyPhone, func(context.Context, contract.Move) (contract.Moved, error) { return contract.Moved{}, nil })
	stub(d, contract.RequestMentions, func(context.Context, contract.AskMentions) (contract.Mentions, error) {
		return contract.Mentions{Unseen: 2, Items: []contract.Mention{
			{NoteID: "01900000-0000-7000-8000-0000000000e1", RequestID: requestID, Code: "K7FM-3QRAG", Title: "社区隔离点急需口罩", Text: "@测试员甲 请回电", AuthorName: "测试员乙", At: began},
			{Kind: contract.MentionClaimOver, NoteID: "01900000-0000-7000-8000-0000000000e2", RequestID: requestID, Code: "K7FM-3QRAG", Title: "社区隔离点急需口罩", At: began},
		}}, nil
	})
	stub(d, contract.RequestSeeMention, func(context.Context, contract.SeeMention) (contract.Empty, error) { return contract.Empty{}, nil })
	stub(d, contract.DirectoryColleagues, func(context.Context, contract.AskColleagues) (contract.Listing[contract.Colleague], error) {
		return contract.Listing[contract.Colleague]{Items: []contract.Colleague{
			{ID: colleagueID, Name: "王测试"}, {ID: "01900000-0000-7000-8000-0000000000c2", Name: "王测"},
		}}, nil
	})
	stub(d, contract.DirectoryReadings, func(context.Context, contract.AskReadings) (contract.Listing[contract.Reading], error) {
		return contract.Listing[contract.Reading]{Items: []contract.Reading{
			{At: began, Role: contract.RoleCoordinator, ActorName: "测试员丙", Reason: "回电核实"},
		}}, nil
	})
}

// editForm is the form as the page shows it.
func (r *reader) editForm(t *testing.T) url.Values {
	t.Helper()
	body := r.get("/console/requests/" + requestID).body
	was := regexp.MustCompile(`name="was" value="([^"]+)"`).FindStringSubmatch(body)
	if was == nil {
		t.Fatal("the page has no form for edits")
	}
	return url.Values{
		"was": {strings.NewReplacer("&#34;", `"`, "&amp;", "&").Replace(was[1])}, "title": {"社区隔离点急需口罩"}, "description": {"库存只够用到明天。"},
		"urgency": {"urgent"}, "needed_by": {""}, "specification": {"", ""}, "quantity": {"2000", ""},
	}
}

func (d *desk) editable() {
	d.change(func() { d.request.Moves = append(d.request.Moves, "edit") })
}

func TestAnEditSaysWhatItSaw(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.editable()
	r := d.signIn(contract.RoleCoordinator)
	form := r.editForm(t)
	form.Set("title", " 急需口罩 ")
	form["quantity"] = []string{"2,500", ""}
	form.Set("added_category", "ppe")
	form.Set("added_id", otherID)
	form.Set("added_unit", "box")
	if got := r.post("/console/requests/"+requestID+"/edit", form); got.status != http.StatusSeeOther {
		t.Fatalf("the edit gave %d: %.500s", got.status, got.body)
	}
	got := last[contract.EditRequest](d, contract.RequestEdit.Subject)
	if got.Was.Title != "社区隔离点急需口罩" || got.Now.Title != "急需口罩" || *got.Was.Lines[0].Quantity != 2000 || *got.Now.Lines[0].Quantity != 2500 || got.Now.Lines[1].Quantity != nil {
		t.Errorf("was asked %+v", got)
	}
	if want := []contract.NeedLine{{ID: otherID, Category: "ppe", Unit: "box"}}; !cmp.Equal(got.Added, want) {
		t.Errorf("added %+v", got.Added)
	}
}

// TestTheLaterSaveSeesTheDifference edits two fields while somebody else edits one
// of them and a third.
func TestTheLaterSaveSeesTheDifference(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.editable()
	r := d.signIn(contract.RoleCoordinator)
	form := r.editForm(t)
	form.Set("title", "隔离点急需口罩两千只")
	form.Set("description", "库存只够用到今晚。")
	d.change(func() {
		d.editErr = fault.NewConflict("changed_meanwhile", "")
		d.request.Title, d.request.Urgency = "隔离点急需口罩三千只", contract.Critical
	})
	page := r.post("/console/requests/"+requestID+"/edit", form)
	page.shows(t, http.StatusConflict, "Nothing was overwritten", `隔离点急需口罩<mark>三</mark>千只`, `隔离点急需口罩<mark>两</mark>千只`,
		`value="隔离点急需口罩两千只"`, "库存只够用到今晚。", `<option value="critical" selected>`)
	if n := strings.Count(page.body, "changed by somebody else at the same time"); n != 1 {
		t.Errorf("%d fields clash, want the title alone", n)
	}
	was := regexp.MustCompile(`name="was" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
	var seen contract.RequestFields
	must(t, json.Unmarshal([]byte(strings.ReplaceAll(was, "&#34;", `"`)), &seen))
	if seen.Title != "隔离点急需口罩三千只" || seen.Urgency != contract.Critical {
		t.Errorf("the next save would compare with %+v", seen)
	}
}

func (r *reader) upload(t *testing.T, path, name string, content []byte) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	must(t, w.WriteField("attachment_id", attachmentID))
	part, err := w.CreateFormFile("file", name)
	must(t, err)
	_, err = part.Write(content)
	must(t, err)
	must(t, w.Close())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.address+path, &body)
	must(t, err)
	request.Header.Set("Content-Type", w.FormDataContentType())
	request.Header.Set("Accept-Language", r.lang)
	response, err := r.client.Do(request)
	must(t, err)
	defer func() { must(t, response.Body.Close()) }()
	var text bytes.Buffer
	_, err = text.ReadFrom(response.Body)
	must(t, err)
	return answer{response.StatusCode, response.Header, text.String()}
}

func TestFilesComeAndGoAsFiles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	path := "/console/requests/" + requestID + "/attachments"
	if got := r.upload(t, path, "清单.pdf", []byte("%PDF-1.7 %%EOF")); got.status != http.StatusSeeOther {
		t.Fatalf("the upload gave %d", got.status)
	}
	if got := last[contract.AddAttachment](d, contract.RequestAttach.Subject); got.ID != attachmentID || got.Name != "清单.pdf" || got.RequestID != requestID {
		t.Errorf("stored %+v", got)
	}
	r.upload(t, path, "photo.jpg", []byte("<html>")).shows(t, http.StatusUnprocessableEntity, "this file is none of them", `value="`+attachmentID+`"`)
	r.upload(t, path, "a.pdf", nil).shows(t, http.StatusUnprocessableEntity, "this file is none of them")
	file := r.get(path + "/" + attachmentID)
	for name, want := range map[string]string{
		"Content-Disposition": "attachment; filename*=utf-8''%E6%B8%85%E5%8D%95.pdf", "X-Content-Type-Options": "nosniff",
		"Content-Type": "application/pdf", "Content-Security-Policy": "default-src 'none'; sandbox",
	} {
		if got := file.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := r.post(path+"/"+attachmentID+"/remove", url.Values{}); got.status != http.StatusSeeOther {
		t.Errorf("removing gave %d", got.status)
	}
}

func TestNotesMentionTheLongestName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/requests/"+requestID).shows(t, http.StatusOK, "@王测试", "回电核实", "Contact read")
	r.post("/console/requests/"+requestID+"/notes", url.Values{"note_id": {otherID}, "text": {"请 @王测试 和 @nobody 回电, a@b.example"}})
	if got := last[contract.AddNote](d, contract.RequestNote.Subject).Mentions; !cmp.Equal(got, []contract.PersonID{colleagueID}) {
		t.Errorf("mentioned %v", got)
	}
	r.get("/console/mentions").shows(t, http.StatusOK, "@测试员甲 请回电", "K7FM-3QRAG", "Your claim has ended by time", `<span class="badge badge-plain">2</span>`)
	if got := r.post("/console/mentions", url.Values{"note_id": {otherID}}); got.status != http.StatusSeeOther {
		t.Errorf("marking gave %d", got.status)
	}
}

func TestRepeatsStandSideBySide(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	other := someRequest()
	other.ID, other.Code, other.Title = otherID, "K7FM-3QRAX", "隔离点口罩不够"
	d.change(func() {
		d.alike = []contract.Alike{{Request: other, Score: 0.82, Signs: []contract.Likeness{{Sign: "phone", Value: 1, Weight: 4}}}}
	})
	path := "/console/requests/" + requestID + "/alike"
	page := r.get(path)
	page.shows(t, http.StatusOK, "隔离点口罩不够", "82", "Phone")
	if strings.Contains(page.body, `id="compare"`) {
		t.Error("nothing was chosen, and something is compared")
	}
	r.get(path+"?other="+otherID).shows(t, http.StatusOK, `id="compare"`, "K7FM-3QRAX", `value="link"`, `<option value="critical">`)
	got := r.post("/console/requests/"+requestID+"/link", url.Values{"other": {otherID}, "do": {"link"}, "urgency": {"critical"}})
	if want := (contract.LinkRequests{ID: requestID, OtherID: otherID, Linked: true, Urgency: contract.Critical}); got.status != http.StatusSeeOther || last[contract.LinkRequests](d, contract.RequestLink.Subject) != want {
		t.Errorf("%d, asked %+v", got.status, last[contract.LinkRequests](d, contract.RequestLink.Subject))
	}
	d.change(func() {
		d.alike[0].Linked, d.request.Repeats = true, 1
		d.moveErr = fault.NewConflict("erased", "")
	})
	r.get("/console/requests/"+requestID).shows(t, http.StatusOK, "1 other request is linked")
	r.get(path).shows(t, http.StatusOK, "All together")
	r.post("/console/requests/"+requestID+"/link", url.Values{"other": {otherID}, "do": {"unlink"}}).shows(t, http.StatusConflict, `value="unlink"`)
	r.get("/console").shows(t, http.StatusOK, "1 repeat")
}

// callValues are what somebody typed during a call.
func callValues() url.Values {
	return url.Values{
		"id": {otherID}, "code": {"K7FM-3QRAG"}, "key": {"one"}, "lines": {"2"}, "contact.phone": {"+86 100 0000 1234"}, "contact.name": {"王测试"},
		"title": {"需要口罩"}, "urgency": {"urgent"}, "mode": {"any"}, "region_code": {"610100"}, "need_lines[0].category": {"ppe"},
		"district": {"雁塔"}, "need_lines[0].quantity": {"20"}, "need_lines[0].unit": {"piece"}, "consent": {"on"}, "open": {"on"}, "called_back": {"on"},
	}
}

func TestACallIsNotedDownAndSaved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/requests/new").shows(t, http.StatusOK, `id="form-call"`, "您好，这里是求助热线", "您好，這裡是求助專線", "Hello, this is the aid line")
	form := callValues()
	form.Set("do", "look_up")
	r.post("/console/requests/new", form).shows(t, http.StatusOK, "1 earlier request from this phone", "K7FM-3QRAG", `value="王测试"`, "data-returned")
	form.Set("do", "add_line")
	r.post("/console/requests/new", form).shows(t, http.StatusOK, "need_lines[2].category", `value="王测试"`)
	if d.times(contract.RequestSubmit.Subject) > 0 {
		t.Fatal("a look-up saved the form")
	}
	form.Del("do")
	got := r.post("/console/requests/new", form)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/console/requests/"+otherID+"?done=1" {
		t.Fatalf("saving gave %d to %q: %.900s", got.status, got.header.Get("Location"), got.body)
	}
	asked := last[contract.SubmitRequest](d, contract.RequestSubmit.Subject)
	if asked.ID != otherID || asked.Draft.State != "open" || asked.Draft.Source != "hotline" || len(asked.Draft.NeedLines) != 1 || asked.Draft.Consent.Version == "" || *asked.Draft.NeedLines[0].Quantity != 20 {
		t.Errorf("submitted %+v", asked)
	}
	if asked.Draft.RegionCode != "610113" {
		t.Errorf("雁塔 is taken for %s", asked.Draft.RegionCode)
	}
	r.post("/console/requests/new", form)
	if again := last[contract.SubmitRequest](d, contract.RequestSubmit.Subject); again.Key != asked.Key || again.BodyHash != asked.BodyHash {
		t.Error("sending the form twice would make two requests")
	}
	if d.times(contract.RequestVerifyPhone.Subject) != 2 {
		t.Error("the call back was not noted")
	}
	r.get("/console/requests/"+requestID+"?done=1").shows(t, http.StatusOK, "Done.")
}

func TestAWrongCallComesBackAsTyped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleCoordinator)
	form := callValues()
	form.Del("consent")
	form.Set("contact.name", "")
	form.Set("need_lines[0].quantity", "many")
	form.Set("district", "火星区")
	r.post("/console/requests/new", form).shows(t, http.StatusUnprocessableEntity, `value="many"`, `value="火星区"`, "There is no such district in this city", "Note that the caller agreed", "需要口罩")
	d.change(func() { d.moveErr = fault.NewUnavailable(nil) })
	r.post("/console/requests/new", callValues()).shows(t, http.StatusServiceUnavailable, "需要口罩", `value="`+otherID+`"`)
	helper := d.signIn(contract.RoleAuditor)
	if got := helper.get("/console/requests/new").status; got != http.StatusForbidden {
		t.Errorf("an auditor gets %d", got)
	}
}
