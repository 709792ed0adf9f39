package contact

import (
	"bytes"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/seal"
)

var person = contract.Contact{
	Name: "演示甲", Phone: "138 0013 8000", Email: "demo@mail.example.org", Wechat: "wx_demo", SafeHours: "after 20:00",
}

func keys(t testing.TB) *seal.Keys {
	t.Helper()
	k, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	k := keys(t)
	row := Seal(k, "id", person)
	for _, field := range [][]byte{row.Name, row.Phone, row.Email, row.Wechat, row.SafeHours} {
		if len(field) == 0 || bytes.Contains(field, []byte("demo")) || bytes.Contains(field, []byte("8000")) {
			t.Error("a field is not sealed")
		}
	}
	got, err := Open(k, "id", row)
	want := person
	want.Phone = "+8613800138000"
	if err != nil || got != want {
		t.Errorf("opened %v, %v", got, err)
	}
	if *row.PhoneIndex != PhoneIndex(k, "+86 13800138000") {
		t.Error("one phone has two indexes")
	}
}

func TestSealedFieldsStayInPlace(t *testing.T) {
	t.Parallel()
	k := keys(t)
	row := Seal(k, "id", person)
	if _, err := Open(k, "other", row); err == nil {
		t.Error("another row opened it")
	}
	row.Name, row.Wechat = row.Wechat, row.Name
	if _, err := Open(k, "id", row); err == nil {
		t.Error("another column opened it")
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	k := keys(t)
	row := Seal(k, "id", contract.Contact{Phone: "  "})
	got, err := Open(k, "id", row)
	if err != nil || got != (contract.Contact{}) || row.PhoneIndex != nil || row.Name != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	want := contract.Contact{Name: "演＊＊", Phone: "*********00", Email: "d***@***.org", Wechat: "w***", SafeHours: "***"}
	masked := person
	masked.Phone = "13800138000"
	if got := Mask(masked); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Mask(contract.Contact{}); got != (contract.Contact{}) {
		t.Errorf("nothing became %v", got)
	}
	if got := Mask(contract.Contact{Phone: "110", Email: "a.b@local"}); got.Phone != "***" || got.Email != "a***@***" {
		t.Errorf("short ones became %v", got)
	}
}
