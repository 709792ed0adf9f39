package importer

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/tabular"
)

func TestHeadersAreGuessed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		columns []string
		want    map[string]string
	}{
		{"simplified", []string{"序号", "联系人姓名", "联系电话", "所在省", "所在市", "需求物资", "数量", "单位", "紧急程度", "备注"}, map[string]string{
			"source_id": "序号", "contact_name": "联系人姓名", "contact_phone": "联系电话", "province": "所在省", "city": "所在市",
			"item": "需求物资", "quantity": "数量", "unit": "单位", "urgency": "紧急程度", "remark": "备注",
		}},
		{"traditional", []string{"編號", "聯絡電話", "姓名", "詳細地址", "物資名稱", "數量"}, map[string]string{
			"source_id": "編號", "contact_name": "姓名", "address": "詳細地址", "item": "物資名稱", "quantity": "數量", "contact_phone": "聯絡電話",
		}},
		{"English", []string{"Ticket No.", "Full Name", "Phone Number", "What do you need?", "Priority", "City"}, map[string]string{
			"source_id": "Ticket No.", "contact_name": "Full Name", "contact_phone": "Phone Number", "description": "What do you need?",
			"urgency": "Priority", "city": "City",
		}},
		{"paths of a form", []string{"form.fields.phone", "form.fields.姓名", "meta/instanceID"}, map[string]string{
			"contact_phone": "form.fields.phone", "contact_name": "form.fields.姓名", "source_id": "meta/instanceID",
		}},
		{"nothing", []string{"foo", "bar"}, map[string]string{}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Guess(Needs, test.columns).Columns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestGuessOfOrganisations(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"code": "机构代码", "name": "機構名稱", "kind": "性质", "level": "行政级别", "parent_code": "上级机构代码", "province": "省",
		"city": "市", "region_code": "行政区划代码", "contact_person": "负责人", "specialties": "服务领域",
	}
	got := Guess(Organisations, []string{"机构代码", "機構名稱", "性质", "行政级别", "上级机构代码", "省", "市", "行政区划代码", "负责人", "服务领域", "成立日期"})
	if diff := cmp.Diff(want, got.Columns); diff != "" {
		t.Errorf("organisations (-want +got):\n%s", diff)
	}
}

// TestTheListsOf2020AreGuessedWhole takes the headers of real lists.
func TestTheListsOf2020AreGuessedWhole(t *testing.T) {
	t.Parallel()
	for kind, file := range map[Kind]string{Needs: "needs.csv", Offers: "offers.csv"} {
		content, err := os.ReadFile("../../cmd/heli/demo/relief/" + file)
		if err != nil {
			t.Fatal(err)
		}
		table, err := tabular.Read(strings.NewReader(string(content)), tabular.Header{})
		if err != nil {
			t.Fatal(err)
		}
		m := Guess(kind, table.Columns())
		for _, column := range table.Columns() {
			if m.Columns[column] != column {
				t.Errorf("%s: %s is guessed as %v", file, column, m.Columns)
			}
		}
	}
}

func TestEveryGuessedWordNamesAField(t *testing.T) {
	t.Parallel()
	for field := range columnWords() {
		if !slices.Contains(slices.Concat(Fields(Needs), Fields(Organisations), Fields(Sessions)), field) {
			t.Errorf("column.txt names %q, which is no field", field)
		}
	}
}

func TestAForeignTableBecomesRequests(t *testing.T) {
	t.Parallel()
	foreign := strings.Join([]string{
		"姓名,手机,所在地,需要什么,数量,紧急程度,截止",
		"张三,13800001234,陕西省西安市蓝田县某街道,N95口罩,200,非常緊急,2026/3/5",
		"张三,13800001234,陕西省西安市蓝田县某街道,N95口罩,200,非常緊急,2026/3/5",
		"李四,,火星,N95口罩,1,,",
		"王五,,陕西,N95口罩,1,随便,",
	}, "\n")
	table, err := tabular.Read(strings.NewReader(foreign), tabular.Header{})
	if err != nil {
		t.Fatal(err)
	}
	s := newServices()
	var mu sync.Mutex
	var things []ThingReport
	i := New(snapshot(), s.calls(), now, Options{
		Name: func(content string) string { return "row-" + content[len(content)-1:] + content[:6] },
		Done: func(r ThingReport) {
			mu.Lock()
			defer mu.Unlock()
			things = append(things, r)
		},
	})
	view := table.View(map[string]string{
		"contact_name": "姓名", "contact_phone": "手机", "province": "所在地", "item": "需要什么", "quantity": "数量",
		"urgency": "紧急程度", "needed_by": "截止",
	}, map[string]string{"category": "防護物資"})
	report, err := i.Take(t.Context(), Needs, view)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2 row-1张三 created", "3 row-2张三 created", "4 row-1李四 refused there is no province named \"火星\"", "5 row-1王五 refused urgency \"随便\" is unknown"}
	if diff := cmp.Diff(want, show(report)); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	d := s.requests["row-1张三"]
	wanted := time.Date(2026, time.March, 5, 23, 59, 0, 0, i.options.Zone)
	if d.RegionCode != "610122" || d.Urgency != "critical" || d.Contact.Phone != "13800001234" || d.NeedLines[0].Category != "ppe" || !d.NeededBy.Equal(wanted) {
		t.Errorf("draft = %+v, needed by %v", d, d.NeededBy)
	}
	if len(things) != 4 {
		t.Errorf("heard of %d things", len(things))
	}
	if faults := report.Rows[3].Faults; len(faults) != 1 || faults[0].Location != "urgency" || faults[0].Args["value"] != "随便" {
		t.Errorf("faults = %+v", faults)
	}
}

// TestARepeatAfterACrashKnowsItsOwn takes the same table twice with ids that come
// from its rows, as whoever was killed between storing and noting does.
func TestARepeatAfterACrashKnowsItsOwn(t *testing.T) {
	t.Parallel()
	s := newServices()
	options := Options{ID: func(id string) string { return "id-" + id }}
	row := "a,第一医院,,,,610100,,ppe,防护服,,,piece,"
	for range 2 {
		report, err := New(snapshot(), s.calls(), now, options).Needs(t.Context(), table(needsColumns, row))
		if err != nil || report.Counts.Things[Created] != 1 {
			t.Errorf("counts = %+v, %v", report.Counts, err)
		}
	}
}

func TestPointsAreReadAsFormsWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"34.25 108.95": true, "34.25,108.95": true, "34.25 108.95 400.0 5": true, "[34.25, 108.95]": true,
		"108.95 34.25": false, "34.25": false, "here": false, "34.25 x": false,
	} {
		if p, ok := pointOf(text); ok != want || ok && (p.Lat != 34.25 || p.Lon != 108.95) {
			t.Errorf("%q = %+v %v", text, p, ok)
		}
	}
}
