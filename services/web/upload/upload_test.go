package upload

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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

// field is a world with services that store what is new and know what they have.
type field struct {
	t     *testing.T
	world *testkit.World

	mu       sync.Mutex
	away     bool // the services cannot be reached from the second submission on
	first    map[string]contract.SubmittedRequest
	drafts   map[string]contract.RequestDraft
	versions map[string]int64
	moves    []contract.Move
	offers   int
}

func newField(t *testing.T) *field {
	t.Helper()
	f := &field{
		t: t, world: testkit.NewWorld(t, "web"), first: map[string]contract.SubmittedRequest{},
		drafts: map[string]contract.RequestDraft{}, versions: map[string]int64{},
	}
	request, err := bus.NewServer(testkit.Bus(t, f.world.Server, "request"), "request")
	must(t, err)
	t.Cleanup(request.Stop)
	must(t, bus.Handle(request, contract.RequestSubmit, f.submit))
	must(t, bus.Handle(request, contract.RequestMove, f.move))
	offer, err := bus.NewServer(testkit.Bus(t, f.world.Server, "offer"), "offer")
	must(t, err)
	t.Cleanup(offer.Stop)
	must(t, bus.Handle(offer, contract.OfferSubmit, func(_ context.Context, q contract.SubmitOffer) (contract.SubmittedOffer, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.offers++
		return contract.SubmittedOffer{ID: q.ID, Version: 1}, nil
	}))
	return f
}

func (f *field) submit(_ context.Context, q contract.SubmitRequest) (contract.SubmittedRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := q.Draft.Source + "/" + q.Draft.SourceID
	if answer, known := f.first[key]; known {
		answer.Repeated = true
		return answer, nil
	}
	if f.away && len(f.first) > 0 {
		return contract.SubmittedRequest{}, fault.NewUnavailable(nil)
	}
	if strings.HasPrefix(q.Draft.Contact.Phone, "不") {
		return contract.SubmittedRequest{}, fault.NewInvalid(fault.Field{Location: "contact.phone", Code: "not_a_phone"})
	}
	answer := contract.SubmittedRequest{ID: q.ID, Code: q.Code, State: "submitted", Version: 1}
	f.first[key], f.drafts[q.Draft.SourceID], f.versions[string(q.ID)] = answer, q.Draft, 1
	return answer, nil
}

func (f *field) move(_ context.Context, m contract.Move) (contract.Moved, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moves = append(f.moves, m)
	if m.Version == nil || f.versions[m.ID] != *m.Version {
		return contract.Moved{}, fault.NewConflict("stale_version", "")
	}
	f.versions[m.ID]++
	return contract.Moved{}, nil
}

// process is a process of web.
func (f *field) process() *Uploads {
	d := f.world.Deps(f.t, "web")
	return New(d, intake.New(d))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// as returns a context in which somebody of Xi'an acts.
func as(t *testing.T, role contract.Role) context.Context {
	return contract.WithActor(t.Context(), contract.Actor{
		Role: role, Name: "测试员", PersonID: contract.NewID[contract.PersonID](), Organisation: testkit.Xian.ID, Path: testkit.Xian.Path,
	})
}

const list = "编号,姓名,手机,所在省,所在市,需要什么物资,数量,紧急程度\n" +
	"1,张三,13800001234,陕西,西安,N95口罩,200,紧急\n" +
	"2,李四,13800001235,陕西,西安,防护服,30,一般\n" +
	"3,王五,13800001236,火星,,防护服,30,一般\n" +
	"4,赵六,不是电话,陕西,西安,防护服,30,一般\n" +
	"5,孙七,13800001238,陕西,西安,=1+1,30,一般\n"

func begin(ctx context.Context, t *testing.T, u *Uploads, content string) string {
	t.Helper()
	id, err := u.Begin(ctx, importer.Needs, `C:\lists\需求 march.csv`, []byte(content))
	must(t, err)
	return id
}

func TestATableIsMappedTriedTakenInAndTakenBack(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	id := begin(ctx, t, u, list)
	draft, err := u.Get(ctx, id)
	must(t, err)
	if draft.Name != "需求 march.csv" || draft.Settings.Source != "march" || draft.Settings.Mapping.Columns["contact_phone"] != "手机" {
		t.Errorf("draft = %+v", draft)
	}
	preview, err := u.Try(ctx, id)
	must(t, err)
	if preview.Counts.Things[importer.Valid] != 2 || preview.Counts.RefusedRows != 3 || len(preview.Rows) != 5 || preview.Rows[0].Line != 4 {
		t.Fatalf("preview = %+v", preview)
	}
	if faults := preview.Rows[1].Faults; len(faults) != 1 || faults[0].Location != "contact.phone" {
		t.Errorf("the phone is refused for %+v", preview.Rows[1])
	}
	if u.workOnce(t.Context()) {
		t.Error("a draft was worked on")
	}
	must(t, u.Start(ctx, id))
	must(t, u.Start(ctx, id)) // sent twice
	if !u.workOnce(t.Context()) || u.workOnce(t.Context()) {
		t.Error("the table was not taken in once")
	}
	done, err := u.Get(ctx, id)
	must(t, err)
	if done.State != Done || done.Counts[importer.Created] != 2 || done.Counts[importer.Refused] != 3 || done.Things != 5 || done.Refused != 3 {
		t.Fatalf("done = %+v", done)
	}
	if d := f.drafts["1"]; d.Urgency != contract.Critical || d.Contact.Name != "张三" || d.RegionCode != "610100" || d.State != "" {
		t.Errorf("draft = %+v", d)
	}
	refused, err := u.Refused(ctx, id)
	must(t, err)
	if len(refused.Rows) != 3 || refused.Rows[2].Cells[5] != "=1+1" || !slices.Equal(refused.Columns, draft.Columns) {
		t.Errorf("refused = %+v", refused)
	}
	f.versions[string(f.first["march/2"].ID)] = 2 // somebody has worked on it
	must(t, u.Undo(ctx, id))
	must(t, u.Undo(ctx, id))
	u.workOnce(t.Context())
	undone, err := u.Get(ctx, id)
	must(t, err)
	if undone.State != Undone || undone.Withdrawn != 1 || undone.Touched != 1 || undone.Refused != 0 {
		t.Errorf("undone = %+v", undone)
	}
	if m := f.moves[0]; m.Move != "withdraw" || m.OnBehalfOf != "requester" || *m.Version != 1 {
		t.Errorf("move = %+v", m)
	}
}

func TestARepeatedTableChangesNothing(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	for n, want := range []importer.Outcome{importer.Created, importer.Unchanged} {
		id := begin(ctx, t, u, list)
		must(t, u.Start(ctx, id))
		u.workOnce(t.Context())
		got, err := u.Get(ctx, id)
		must(t, err)
		if got.Counts[want] != 2 {
			t.Errorf("import %d: %+v", n+1, got.Counts)
		}
	}
	if len(f.first) != 2 {
		t.Errorf("%d requests are stored", len(f.first))
	}
}

func TestWhatACrashHeldUpIsGoneOnWith(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	id := begin(ctx, t, u, list)
	must(t, u.Start(ctx, id))
	f.away = true
	if !u.workOnce(t.Context()) {
		t.Fatal("nothing was due")
	}
	if got, err := u.Get(ctx, id); err != nil || got.State != Running || got.Counts[importer.Refused] > 2 {
		t.Fatalf("while the service is away: %+v, %v", got, err)
	}
	if len(f.first) != 1 {
		t.Fatalf("%d requests were stored before it went away", len(f.first))
	}
	f.away = false
	other := f.process() // the process after the crash
	if other.workOnce(t.Context()) {
		t.Error("it was taken up again at once")
	}
	f.world.Clock.Advance(inHand)
	if !other.workOnce(t.Context()) {
		t.Fatal("it was forgotten")
	}
	got, err := u.Get(ctx, id)
	must(t, err)
	if got.State != Done || got.Counts[importer.Created] != 2 || got.Counts[importer.Unchanged] != 0 || len(f.first) != 2 {
		t.Errorf("after the crash: %+v, %d stored", got, len(f.first))
	}
}

func TestNobodyElseReadsAnUpload(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx, colleague := f.process(), as(t, contract.RoleCoordinator), as(t, contract.RoleAdministrator)
	id := begin(ctx, t, u, list)
	for name, call := range map[string]func() error{
		"get":     func() error { _, err := u.Get(colleague, id); return err },
		"try":     func() error { _, err := u.Try(colleague, id); return err },
		"refused": func() error { _, err := u.Refused(colleague, id); return err },
		"set":     func() error { return u.Set(colleague, id, Settings{}) },
		"start":   func() error { return u.Start(colleague, id) },
		"undo":    func() error { return u.Undo(colleague, id) },
	} {
		if err := call(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s by a colleague: %v", name, err)
		}
	}
	must(t, u.Drop(colleague, id))
	if _, err := u.Get(ctx, id); err != nil {
		t.Errorf("a colleague has removed it: %v", err)
	}
	if all, err := u.List(colleague); err != nil || len(all) != 0 {
		t.Errorf("a colleague lists %v, %v", all, err)
	}
	if _, err := u.Begin(as(t, contract.RoleAuditor), importer.Needs, "x.csv", []byte(list)); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an auditor uploads: %v", err)
	}
}

func TestRowsAreSealedAndForgotten(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	taken, left := begin(ctx, t, u, list), begin(ctx, t, u, list)
	for _, id := range []string{taken, left} {
		r, err := u.worker.selectRow(t.Context(), id)
		must(t, err)
		for _, secret := range []string{"13800001234", "张三", "march"} {
			if bytes.Contains(r.Content, []byte(secret)) || bytes.Contains(r.Head, []byte(secret)) {
				t.Errorf("%q is stored in clear", secret)
			}
		}
	}
	must(t, u.Start(ctx, taken))
	u.workOnce(t.Context())
	must(t, u.Purge(t.Context()))
	if _, err := u.Refused(ctx, taken); err != nil {
		t.Errorf("the refused rows are gone before their time: %v", err)
	}
	f.world.Clock.Advance(RowsKept + time.Minute)
	must(t, u.Purge(t.Context()))
	if _, err := u.Get(ctx, left); !fault.Is(err, fault.NotFound) {
		t.Errorf("a draft is kept for good: %v", err)
	}
	if _, err := u.Refused(ctx, taken); !fault.Is(err, fault.NotFound) {
		t.Errorf("refused rows are kept for good: %v", err)
	}
	must(t, u.Undo(ctx, taken)) // needs no rows
	u.workOnce(t.Context())
	if got, err := u.Get(ctx, taken); err != nil || got.Withdrawn != 2 {
		t.Errorf("undone later: %+v, %v", got, err)
	}
}

func TestSettingsAreKeptByName(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	id := begin(ctx, t, u, "甲,乙\nN95口罩,200\n")
	if err := u.Start(ctx, id); !fault.Is(err, fault.Invalid) {
		t.Fatalf("started without a category: %v", err)
	}
	want := Settings{Mapping: importer.Mapping{
		Columns: map[string]string{"item": "甲", "quantity": "乙"}, Values: map[string]string{"region_code": "610100"},
	}, Source: "hotline"}
	given := want
	given.Mapping.Columns = map[string]string{"item": "甲", "quantity": "乙", "unit": "丙", "nonsense": "甲"}
	must(t, u.Set(ctx, id, given))
	must(t, u.Keep(ctx, id, "热线"))
	must(t, u.Keep(ctx, id, "热线"))
	again := begin(ctx, t, u, "甲,乙,丙\n防护服,3,件\n")
	must(t, u.Use(ctx, again, "热线"))
	got, err := u.Get(ctx, again)
	must(t, err)
	if diff := cmp.Diff(want, got.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	named, err := u.Named(as(t, contract.RoleAgencyLead), importer.Needs)
	if err != nil || len(named) != 1 || named[0].Name != "热线" {
		t.Errorf("a colleague finds %+v, %v", named, err)
	}
	must(t, u.Forget(ctx, importer.Needs, "热线"))
	if named, err := u.Named(ctx, importer.Needs); err != nil || len(named) != 0 {
		t.Errorf("still there: %+v, %v", named, err)
	}
}

func TestWhatIsNoTableIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	for name, test := range map[string]struct{ content, code string }{
		"empty":          {"", "table_empty"},
		"header alone":   {"a,b\n", "table_empty"},
		"a picture":      {"\x89PNG\r\n\x1a\n\x00\xff\xfe\x81\x30", "table_encoding"},
		"a broken book":  {"PK\x03\x04 this is no workbook", "table_workbook"},
		"too large":      {strings.Repeat("a,b\n", MaxBytes/4+1), "table_size"},
		"too many rows":  {"a\n" + strings.Repeat("1\n", MaxRows+1), "table_rows"},
		"too many heads": {strings.Repeat("a,", 300) + "\n1\n", "table_columns"},
	} {
		_, err := u.Begin(ctx, importer.Needs, "x.csv", []byte(test.content))
		if !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Code != test.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := u.Begin(ctx, "people", "x.csv", []byte(list)); !fault.Is(err, fault.Invalid) {
		t.Errorf("another kind: %v", err)
	}
}

func TestThereIsAnEndToDrafts(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleCoordinator)
	for range maxOpen {
		begin(ctx, t, u, list)
	}
	if _, err := u.Begin(ctx, importer.Needs, "x.csv", []byte(list)); !fault.Is(err, fault.Conflict) {
		t.Errorf("one more: %v", err)
	}
}

func TestOffersAndManyRowsGoIn(t *testing.T) {
	t.Parallel()
	f := newField(t)
	u, ctx := f.process(), as(t, contract.RoleAgencyLead)
	var b strings.Builder
	b.WriteString("物资,数量\n")
	for n := range 3 * noteBatch {
		fmt.Fprintf(&b, "N95口罩,%d\n", n+2)
	}
	id, err := u.Begin(ctx, importer.Offers, "offers.csv", []byte(b.String()))
	must(t, err)
	shown, err := u.Get(ctx, id)
	must(t, err)
	shown.Settings.Open = true
	must(t, u.Set(ctx, id, shown.Settings))
	must(t, u.Start(ctx, id))
	u.workOnce(t.Context())
	got, err := u.Get(ctx, id)
	must(t, err)
	if got.State != Done || got.Counts[importer.Created] != 3*noteBatch || f.offers != 3*noteBatch {
		t.Errorf("%+v, %d offers", got, f.offers)
	}
	vouching := shown.Settings
	vouching.Vouch = true
	other, err := u.Begin(ctx, importer.Offers, "offers.csv", []byte(b.String()))
	must(t, err)
	must(t, u.Set(ctx, other, vouching))
	if err := u.Start(ctx, other); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an agency lead vouches: %v", err)
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
