package tabular

import (
	"slices"
	"strings"
	"testing"
)

func TestAnyColumnsAreTakenAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	table, err := Read(strings.NewReader("姓名,,备注,备注\n张三,1,a,b\n"), Header{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"姓名", "#2", "备注", "备注 (2)"}; !slices.Equal(table.Columns(), want) {
		t.Errorf("columns = %q, want %q", table.Columns(), want)
	}
	if got := table.Rows[0].Get("备注 (2)"); got != "b" {
		t.Errorf("the second of two columns of one name holds %q", got)
	}
}

func TestAViewAnswersUnderOtherNames(t *testing.T) {
	t.Parallel()
	table, err := Read(strings.NewReader("物资,数量\n口罩,\n"), Header{})
	if err != nil {
		t.Fatal(err)
	}
	view := table.View(map[string]string{"item": "物资", "quantity": "数量", "unit": "单位"}, map[string]string{"quantity": "5", "mode": "delivery"})
	row := view.Rows[0]
	for name, want := range map[string]string{"item": "口罩", "quantity": "5", "mode": "delivery", "unit": "", "物资": ""} {
		if got := row.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if view.Has("unit") || !view.Has("item") || !view.Has("mode") {
		t.Errorf("the view has the wrong columns: %q", view.Columns())
	}
	if got := table.Rows[0].Get("物资"); got != "口罩" {
		t.Errorf("the table itself answers %q", got)
	}
}

func TestOneRowComesFromValues(t *testing.T) {
	t.Parallel()
	table, err := One(map[string]string{"a.b": " 口罩 ", "c": ""})
	if err != nil || len(table.Rows) != 1 || table.Rows[0].Get("a.b") != "口罩" {
		t.Fatalf("table %+v, %v", table, err)
	}
	spoiled, err := One(map[string]string{"a": "x\x00y"})
	if err != nil || len(spoiled.Rows) != 0 || spoiled.Problems[0].Reason.Field.Code != "control_characters" {
		t.Errorf("a control character gives %+v, %v", spoiled, err)
	}
	if nothing, err := One(nil); err != nil || len(nothing.Rows) != 0 {
		t.Errorf("no values give %+v, %v", nothing, err)
	}
}
