package inbound

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/testkit"
	"heli/services/web/intake"
)

// field is a world with a request service that keeps what it is given by its source.
type field struct {
	t     *testing.T
	world *testkit.World
	forms *Forms

	mu     sync.Mutex
	stored map[string]contract.SubmitRequest
	actors []contract.Actor
	audit  []contract.AuditEntry
	silent error // of the audit chain
}

func newField(t *testing.T) *field {
	t.Helper()
	f := &field{t: t, world: testkit.NewWorld(t, "web"), stored: map[string]contract.SubmitRequest{}}
	request, err := bus.NewServer(testkit.Bus(t, f.world.Server, "request"), "request")
	must(t, err)
	t.Cleanup(request.Stop)
	must(t, bus.Handle(request, contract.RequestSubmit, f.submit))
	directory, err := bus.NewServer(testkit.Bus(t, f.world.Server, "directory"), "directory")
	must(t, err)
	t.Cleanup(directory.Stop)
	must(t, bus.Handle(directory, contract.DirectoryAudit, func(_ context.Context, q contract.AuditEntry) (contract.Empty, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.audit = append(f.audit, q)
		return contract.Empty{}, f.silent
	}))
	f.forms = f.process()
	return f
}

func (f *field) process() *Forms {
	d := f.world.Deps(f.t, "web")
	return New(d, intake.New(d))
}

func (f *field) submit(ctx context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(q.Draft.Contact.Phone) < 8 {
		return contract.SubmittedRequest{}, fault.NewInvalid(fault.Field{Location: "contact.phone", Code: "not_a_phone"})
	}
	if first, known := f.stored[q.Draft.SourceID]; known {
		return contract.SubmittedRequest{ID: first.ID, Code: first.Code, Repeated: true}, nil
	}
	f.stored[q.Draft.SourceID] = q
	f.actors = append(f.actors, contract.ActorFrom(ctx))
	return contract.SubmittedRequest{ID: q.ID, Code: q.Code}, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func as(t *testing.T, role contract.Role, o contract.OrganisationRef) context.Context {
	return contract.WithActor(t.Context(), contract.Actor{
		Role: role, Name: "测试员", PersonID: contract.NewID[contract.PersonID](), Organisation: o.ID, Path: o.Path,
	})
}

// mapped is what the tests' form builder sends, and how it is understood.
func mapped() Settings {
	return Settings{Name: "街道表单", SubmissionID: "meta.id", Consent: "我们会把您的信息交给志愿者。", Mapping: importer.Mapping{
		Columns: map[string]string{"contact_name": "fields.name", "contact_phone": "fields.phone", "description": "fields.what", "province": "fields.place"},
		Values:  map[string]string{"category": "ppe"},
	}}
}

const body = `{"meta":{"id":7},"fields":{"name":"张三","phone":"13800001234","what":"需要口罩","place":"陕西省西安市","tags":["老人","独居"]}}`

// made returns a form of Xi'an and its secret.
func (f *field) made(s Settings) (Form, string) {
	f.t.Helper()
	form, secret, err := f.forms.Create(as(f.t, contract.RoleCoordinator, testkit.Xian), importer.Needs, s)
	must(f.t, err)
	return form, secret
}

func post(secret, text string) Post {
	return Post{Header: http.Header{"X-Heli-Secret": {secret}, "Content-Type": {"application/json"}}, Query: url.Values{}, Body: []byte(text)}
}

func TestAPostBecomesOneRequest(t *testing.T) {
	t.Parallel()
	f := newField(t)
	form, secret := f.made(mapped())
	first, err := f.forms.Receive(t.Context(), form.ID, post(secret, body))
	must(t, err)
	if first.State != Taken || first.Code == "" {
		t.Fatalf("receipt %+v", first)
	}
	// The same submission, once as it was and once with a field more; then another process.
	for _, text := range []string{body, strings.Replace(body, `"meta":{`, `"meta":{"retry":true,`, 1)} {
		again, err := f.process().Receive(t.Context(), form.ID, post(secret, text))
		if err != nil || again != first {
			t.Errorf("a repeat gives %+v, %v", again, err)
		}
	}
	if len(f.stored) != 1 {
		t.Fatalf("%d requests", len(f.stored))
	}
	for _, q := range f.stored {
		d := q.Draft
		if d.Contact.Name != "张三" || d.Description != "需要口罩" || d.RegionCode != "610100" || d.AtOrganisation != "xian" || d.State != "" {
			t.Errorf("draft %+v", d)
		}
		if d.Consent.Version != "form-"+form.ID+"-1" || len(d.Consent.Purposes) != 2 {
			t.Errorf("consent %+v", d.Consent)
		}
	}
	if a := f.actors[0]; a.Role != contract.RoleIntegrator || a.Path != testkit.Xian.Path || a.Name != "街道表单" {
		t.Errorf("actor %+v", a)
	}
	other, err := f.forms.Receive(t.Context(), form.ID, post(secret, strings.Replace(body, `"id":7`, `"id":8`, 1)))
	if err != nil || other.ID == first.ID || len(f.stored) != 2 {
		t.Errorf("another submission gives %+v, %v", other, err)
	}
	row, err := f.forms.worker.selectPost(t.Context(), form.ID, first.ID)
	if err != nil || row.Content != nil {
		t.Errorf("what was taken in is still kept: %v", err)
	}
}

func TestOnlyWhoProvesItPosts(t *testing.T) {
	t.Parallel()
	f := newField(t)
	form, secret := f.made(mapped())
	signing := mapped()
	signing.Proof, signing.Header = Signature, "X-Hub-Signature-256"
	signed, key := f.made(signing)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	sum := mac.Sum(nil)
	header := func(name, value string) Post {
		return Post{Header: http.Header{name: {value}}, Query: url.Values{}, Body: []byte(body)}
	}
	basic := http.Request{Header: http.Header{}}
	basic.SetBasicAuth("kobo", secret)
	for name, test := range map[string]struct {
		form string
		post Post
		want bool
	}{
		"header":             {form.ID, header("X-Heli-Secret", secret), true},
		"bearer":             {form.ID, header("Authorization", "Bearer "+secret), true},
		"basic":              {form.ID, Post{Header: basic.Header, Query: url.Values{}, Body: []byte(body)}, true},
		"query":              {form.ID, Post{Header: http.Header{}, Query: url.Values{"secret": {secret}}, Body: []byte(body)}, true},
		"none":               {form.ID, header("Accept", "x"), false},
		"wrong":              {form.ID, header("X-Heli-Secret", secret+"x"), false},
		"another form's":     {signed.ID, header("X-Hub-Signature-256", secret), false},
		"hex":                {signed.ID, header("X-Hub-Signature-256", "sha256="+strings.ToUpper(hex.EncodeToString(sum))), true},
		"base64":             {signed.ID, header("X-Hub-Signature-256", base64.StdEncoding.EncodeToString(sum)), true},
		"the secret, signed": {signed.ID, header("X-Hub-Signature-256", key), false},
		"no such form":       {contract.NewID[string](), header("X-Heli-Secret", secret), false},
		"no id":              {"x", header("X-Heli-Secret", secret), false},
	} {
		_, err := f.forms.Receive(t.Context(), test.form, test.post)
		if (err == nil) != test.want || !test.want && fault.As(err).Code != "inbound_proof" {
			t.Errorf("%s: %v", name, err)
		}
	}
	tampered := header("X-Hub-Signature-256", hex.EncodeToString(sum))
	tampered.Body = []byte(strings.Replace(body, "张三", "李四", 1))
	if _, err := f.forms.Receive(t.Context(), signed.ID, tampered); err == nil {
		t.Error("another body passed under the signature")
	}
}

func TestASecretIsReplacedStepByStep(t *testing.T) {
	t.Parallel()
	f := newField(t)
	ctx := as(t, contract.RoleCoordinator, testkit.Xian)
	form, old := f.made(mapped())
	fresh, err := f.forms.Rotate(ctx, form.ID)
	must(t, err)
	try := func(secret, id string) error {
		_, err := f.forms.Receive(t.Context(), form.ID, post(secret, strings.Replace(body, `"id":7`, `"id":`+id, 1)))
		return err
	}
	if try(old, "1") != nil || try(fresh, "2") != nil {
		t.Error("the old and the new secret do not both count")
	}
	f.world.Clock.Advance(formerKept)
	if try(old, "3") == nil || try(fresh, "4") != nil {
		t.Error("the old secret counts for good, or the new one does not")
	}
	must(t, f.forms.Enable(ctx, form.ID, false))
	if try(fresh, "5") == nil {
		t.Error("a form that is switched off takes posts")
	}
	must(t, f.forms.Enable(ctx, form.ID, true))
	if err := try(fresh, "6"); err != nil {
		t.Error(err)
	}
}

// keepsMisfits connects a form and posts to it what does not fit: one would under the
// right mapping, the last has a telephone that is none.
func (f *field) keepsMisfits(t *testing.T) Form {
	t.Helper()
	form, secret := f.made(Settings{Name: "新表单"})
	for _, text := range []string{body, "not JSON at all \xff", `["a list"]`, strings.Replace(strings.Replace(body, "13800001234", "123", 1), `"id":7`, `"id":8`, 1)} {
		got, err := f.forms.Receive(t.Context(), form.ID, post(secret, text))
		if err != nil || got.State != Look || got.ID != "" {
			t.Errorf("%q gives %+v, %v", text, got, err)
		}
	}
	return form
}

func TestWhatDoesNotFitIsKeptAndPutRight(t *testing.T) {
	t.Parallel()
	f := newField(t)
	coordinator := as(t, contract.RoleCoordinator, testkit.Xian)
	form := f.keepsMisfits(t)
	seen, err := f.forms.Get(coordinator, form.ID)
	must(t, err)
	if diff := cmp.Diff([]string{"fields.name", "fields.phone", "fields.place", "fields.tags", "fields.what", "meta.id"}, seen.Keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if guess := importer.Guess(importer.Needs, seen.Keys); guess.Columns["contact_phone"] != "fields.phone" {
		t.Errorf("guessed %+v", guess)
	}
	must(t, f.forms.Set(coordinator, form.ID, seen.Version, mapped()))
	if err := f.forms.Set(coordinator, form.ID, seen.Version, mapped()); !fault.Is(err, fault.Conflict) {
		t.Errorf("set at an old version: %v", err)
	}
	taken, err := f.forms.TakeAll(coordinator, form.ID)
	if err != nil || taken != 1 || len(f.stored) != 1 {
		t.Fatalf("%d were taken in, %v", taken, err)
	}
	waiting, err := f.forms.Posts(coordinator, form.ID, Look)
	must(t, err)
	if len(waiting) != 3 {
		t.Fatalf("%d wait", len(waiting))
	}
	wrong := waiting[0].ID
	for _, kept := range waiting {
		for _, reason := range kept.Faults {
			if reason.Args["value"] != nil {
				t.Errorf("a list shows what a post holds: %+v", reason)
			}
			if reason.Location == "contact.phone" {
				wrong = kept.ID
			}
		}
	}
	opened, err := f.forms.Open(coordinator, form.ID, wrong)
	must(t, err)
	if opened.Mapped["contact_phone"] != "123" || opened.Mapped["category"] != "ppe" || opened.Fields["fields.tags"] != "老人, 独居" {
		t.Errorf("opened %+v", opened)
	}
	if len(f.audit) != 1 || f.audit[0].Action != contract.ActReadPost || f.audit[0].SubjectID != wrong || f.audit[0].Path != testkit.Xian.Path {
		t.Errorf("audit %+v", f.audit)
	}
	if _, err := f.forms.Correct(coordinator, form.ID, wrong, opened.Mapped); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Location != "contact.phone" {
		t.Errorf("corrected to what is still wrong: %v", err)
	}
	opened.Mapped["contact_phone"] = "13800001235"
	receipt, err := f.forms.Correct(coordinator, form.ID, wrong, opened.Mapped)
	if err != nil || receipt.State != Taken || len(f.stored) != 2 {
		t.Errorf("corrected: %+v, %v", receipt, err)
	}
	if err := f.forms.Drop(coordinator, form.ID, wrong); !fault.Is(err, fault.Conflict) {
		t.Errorf("dropped after it was taken in: %v", err)
	}
}

func TestNobodyReadsAPostWithoutARecord(t *testing.T) {
	t.Parallel()
	f := newField(t)
	form, secret := f.made(Settings{Name: "新表单"})
	_, err := f.forms.Receive(t.Context(), form.ID, post(secret, body))
	must(t, err)
	coordinator := as(t, contract.RoleCoordinator, testkit.Xian)
	waiting, err := f.forms.Posts(coordinator, form.ID, Look)
	must(t, err)
	id := waiting[0].ID
	row, err := f.forms.worker.selectPost(t.Context(), form.ID, id)
	must(t, err)
	if bytes.Contains(row.Content, []byte("13800001234")) || bytes.Contains(row.Content, []byte("张三")) {
		t.Error("a post lies in clear")
	}
	f.silent = fault.NewUnavailable(nil)
	if _, err := f.forms.Open(coordinator, form.ID, id); !fault.Is(err, fault.Unavailable) {
		t.Errorf("read without a record: %v", err)
	}
	if _, err := f.forms.Open(as(t, contract.RoleIntegrator, testkit.Xian), form.ID, id); !fault.Is(err, fault.Forbidden) {
		t.Errorf("read by an integrator: %v", err)
	}
	stranger := as(t, contract.RoleCoordinator, contract.OrganisationRef{ID: testkit.Root.ID, Path: "root/hubei/"})
	for name, call := range map[string]func() error{
		"get":    func() error { _, err := f.forms.Get(stranger, form.ID); return err },
		"posts":  func() error { _, err := f.forms.Posts(stranger, form.ID, ""); return err },
		"open":   func() error { _, err := f.forms.Open(stranger, form.ID, id); return err },
		"drop":   func() error { return f.forms.Drop(stranger, form.ID, id) },
		"rotate": func() error { _, err := f.forms.Rotate(stranger, form.ID); return err },
		"set":    func() error { return f.forms.Set(stranger, form.ID, 1, mapped()) },
	} {
		if err := call(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by another organisation: %v", name, err)
		}
	}
	f.world.Clock.Advance(WaitingKept + time.Minute)
	must(t, f.forms.Purge(t.Context()))
	if waiting, err := f.forms.Posts(coordinator, form.ID, ""); err != nil || len(waiting) != 0 {
		t.Errorf("kept for good: %v, %v", waiting, err)
	}
}

// TestACrashLosesNoPost stores a post as a process does that dies on the next line.
func TestACrashLosesNoPost(t *testing.T) {
	t.Parallel()
	f := newField(t)
	form, _ := f.made(mapped())
	fields, err := fieldsOf("application/json", []byte(body))
	must(t, err)
	p := postRow{ID: contract.NewID[string](), FormID: form.ID, Name: "id-x", State: Received, ReceivedAt: f.forms.now(), DueAt: f.forms.now().Add(inHand)}
	p.Content, err = f.forms.seal(p, "content", content{Fields: fields})
	must(t, err)
	_, err = f.forms.worker.insertPost(t.Context(), p)
	must(t, err)
	other := f.process()
	must(t, other.takeUp(t.Context()))
	if len(f.stored) != 0 {
		t.Error("a post that is in hand was taken up")
	}
	f.world.Clock.Advance(inHand)
	must(t, other.takeUp(t.Context()))
	must(t, other.takeUp(t.Context()))
	row, err := f.forms.worker.selectPost(t.Context(), form.ID, p.ID)
	if err != nil || row.State != Taken || len(f.stored) != 1 {
		t.Errorf("after the crash: %+v, %d requests, %v", row.State, len(f.stored), err)
	}
}

func TestAFormHasAQuota(t *testing.T) {
	t.Parallel()
	f := newField(t)
	s := mapped()
	s.PerMinute = 2
	form, secret := f.made(s)
	codes := []string{}
	for range 4 {
		_, err := f.forms.Receive(t.Context(), form.ID, post(secret, body))
		if err != nil {
			codes = append(codes, fault.As(err).Code)
		}
	}
	if diff := cmp.Diff([]string{"too_many", "too_many"}, codes); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}

// TestWhoGuessesKeepsNobodyOut sends wrong secrets until their sender has to wait.
func TestWhoGuessesKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	f := newField(t)
	form, secret := f.made(mapped())
	guess := post("wrong", body)
	guess.From = "192.0.2.1"
	var last error
	for range wrongPerMin + 1 {
		_, last = f.forms.Receive(t.Context(), form.ID, guess)
	}
	if fault.As(last).Code != "too_many" {
		t.Errorf("guessing on gives %v", last)
	}
	right := post(secret, body)
	right.From = "192.0.2.2"
	if _, err := f.forms.Receive(t.Context(), form.ID, right); err != nil {
		t.Errorf("somebody else is kept out: %v", err)
	}
}

func TestPostsOfManyBuildersAreRead(t *testing.T) {
	t.Parallel()
	multi := "--b\r\nContent-Disposition: form-data; name=\"姓名\"\r\n\r\n张三\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\r\nfile\r\n--b--\r\n"
	for name, test := range map[string]struct {
		media, body string
		want        map[string]string
	}{
		"a Kobo submission":   {"application/json", `{"_id":1,"group/phone":"138","_geolocation":[34.2,108.9],"list":[{"a":"x"},{"a":"y"}]}`, map[string]string{"_id": "1", "group/phone": "138", "_geolocation": "34.2, 108.9", "list.0.a": "x", "list.1.a": "y"}},
		"a Google script":     {"application/json; charset=utf-8", `{"namedValues":{"姓名":["张三"]}}`, map[string]string{"namedValues.姓名": "张三"}},
		"a form":              {"application/x-www-form-urlencoded", "name=%E5%BC%A0&need=a&need=b", map[string]string{"name": "张", "need": "a, b"}},
		"a form with JSON":    {"application/x-www-form-urlencoded", "rawRequest=" + url.QueryEscape(`{"q1":{"first":"张"}}`), map[string]string{"rawRequest.q1.first": "张"}},
		"multipart":           {"multipart/form-data; boundary=b", multi, map[string]string{"姓名": "张三"}},
		"JSON without a type": {"", `{"a":null,"b":true}`, map[string]string{"a": "", "b": "true"}},
		"a list":              {"application/json", `[1]`, nil},
		"two documents":       {"application/json", `{} {}`, nil},
		"deep":                {"application/json", strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20), nil},
		"wrong multipart":     {"multipart/form-data", "x", nil},
	} {
		got, err := fieldsOf(test.media, []byte(test.body))
		if test.want == nil {
			if err == nil {
				t.Errorf("%s was read as %v", name, got)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	f := newField(t)
	ctx := as(t, contract.RoleCoordinator, testkit.Xian)
	bad := Settings{Name: "", Proof: "none", Header: "X Bad", PerMinute: -1, Consent: "a\x00"}
	_, _, err := f.forms.Create(ctx, importer.Needs, bad)
	if f := fault.As(err); !fault.Is(err, fault.Invalid) || len(f.Fields) != 5 {
		t.Errorf("error %v", err)
	}
	if _, _, err := f.forms.Create(ctx, "sessions", mapped()); !fault.Is(err, fault.Invalid) {
		t.Errorf("another kind: %v", err)
	}
	if _, _, err := f.forms.Create(as(t, contract.RoleAgencyLead, testkit.Xian), importer.Needs, mapped()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an agency lead: %v", err)
	}
}

func TestEveryStatementIsValid(t *testing.T) {
	t.Parallel()
	db := testkit.NewDatabase(t, "web").Open(t, "web")
	for _, q := range statements() {
		statement, err := db.PrepareContext(t.Context(), q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		must(t, statement.Close())
	}
}
