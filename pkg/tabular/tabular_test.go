package tabular

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

var header = Header{Required: []string{"id", "name"}, Optional: []string{"note"}}

func gb18030(t *testing.T, text string) string {
	t.Helper()
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return encoded
}

func utf16(t *testing.T, text string) string {
	t.Helper()
	encoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return encoded
}

func workbook(t *testing.T, rows ...[]any) string {
	t.Helper()
	book := excelize.NewFile()
	for i, row := range rows {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatalf("name cell: %v", err)
		}
		if err := book.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatalf("write row: %v", err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatalf("write workbook: %v", err)
	}
	if err := book.Close(); err != nil {
		t.Fatalf("close workbook: %v", err)
	}
	return out.String()
}

func TestTablesAreRead(t *testing.T) {
	t.Parallel()
	want := []string{"2 a 口罩 ", "3 b 防护服 急"}
	tests := []struct{ name, text string }{
		{"plain", "id,name,note\na,口罩,\nb,防护服,急\n"},
		{"byte-order mark", "\ufeffid,name,note\na,口罩,\nb,防护服,急\n"},
		{"CRLF and spaces", "ID , Name,note\r\na, 口罩 ,\r\nb,防护服,急\r\n"},
		{"GB18030", gb18030(t, "id,name,note\na,口罩,\nb,防护服,急\n")},
		{"UTF-16", utf16(t, "id,name,note\na,口罩,\nb,防护服,急\n")},
		{"semicolons", "id;name;note\na;口罩;\nb;防护服;急\n"},
		{"tabs", "id\tname\tnote\na\t口罩\t\nb\t防护服\t急\n"},
		{"other order", "note,name,id\n,口罩,a\n急,防护服,b\n"},
		{"empty column at the end", "id,name,note,\na,口罩,,\nb,防护服,急,\n"},
		{"empty lines between", "id,name,note\na,口罩,\nb,防护服,急\n,,\n\n"},
		{"XLSX", workbook(t, []any{"id", "name", "note"}, []any{"a", "口罩"}, []any{"b", "防护服", "急"})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table, err := Read(strings.NewReader(test.text), header)
			if err != nil {
				t.Fatalf("read: %v", err)
			}
			if len(table.Problems) > 0 || !table.Has("note") || table.Has("other") {
				t.Errorf("problems = %v, columns = %v", table.Problems, table.columns)
			}
			if got := show(table.Rows); !slices.Equal(got, want) {
				t.Errorf("rows = %q, want %q", got, want)
			}
		})
	}
}

func show(rows []Row) []string {
	var texts []string
	for _, r := range rows {
		texts = append(texts, strings.Join([]string{string(rune('0' + r.Line)), r.Get("id"), r.Get("name"), r.Get("note")}, " "))
	}
	return texts
}

func TestWorkbooksKeepNumbersAsTyped(t *testing.T) {
	t.Parallel()
	text := workbook(t, []any{"id", "name"}, []any{610100, 1000000})
	table, err := Read(strings.NewReader(text), header)
	if err != nil || len(table.Rows) != 1 {
		t.Fatalf("read: %v %v", table, err)
	}
	if row := table.Rows[0]; row.Get("id") != "610100" || row.Get("name") != "1000000" {
		t.Errorf("row = %q", row.cells)
	}
}

func TestWhatIsNoTableIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", "the file is empty: its first line must name the columns id, name"},
		{"missing", "id,note\n", `the first line does not name the right columns (missing: "name")`},
		{"all at once", "id,id,colour\n", `the first line does not name the right columns (missing: "name"; unknown: "colour"; twice: "id")`},
		{"no header", "a,口罩\n", `the first line does not name the right columns (missing: "id", "name"; unknown: "a", "口罩")`},
		{"unknown encoding", "id,name\na,\xff\xff\xff\n", errEncoding.Error()},
		{"broken header", "id,\"na\"me\n", `the first line cannot be read: extraneous or missing " in quoted-field`},
		{"broken workbook", "PK\x03\x04 nothing", "the file looks like XLSX but cannot be read: zip: not a valid zip file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if table, err := Read(strings.NewReader(test.text), header); err == nil || err.Error() != test.want {
				t.Errorf("read = %v, %v; want %q", table, err, test.want)
			}
		})
	}
}

func TestSpoiledRowsAreReportedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		"id,name", "a,好", "b", "c,d,e", "f,\"two", "lines\"", "g,with\x00nul", "h,\"bro\"ken", "i," + strings.Repeat("长", maxCell+1), "j,好", "",
	}, "\n")
	table, err := Read(strings.NewReader(text), header)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	want := []struct {
		line   int
		reason string
	}{
		{3, "the row has 1 cells, the header 2"},
		{4, "the row has 3 cells, the header 2"},
		{7, "name holds a control character"},
		{8, `the quotes are broken: extraneous or missing " in quoted-field`},
		{9, "name is longer than 32767 characters"},
	}
	if len(table.Problems) != len(want) {
		t.Fatalf("problems = %v, want %v", table.Problems, want)
	}
	for i, p := range table.Problems {
		if p.Line != want[i].line || p.Reason.Error() != want[i].reason {
			t.Errorf("problem %d = line %d, %v; want %v", i, p.Line, p.Reason, want[i])
		}
	}
	var lines []int
	for _, r := range table.Rows {
		lines = append(lines, r.Line)
	}
	if !slices.Equal(lines, []int{2, 5, 10}) {
		t.Errorf("lines = %v", lines)
	}
}

func TestQuoteThatNobodyClosedSpoilsItsRowAlone(t *testing.T) {
	t.Parallel()
	table, err := Read(strings.NewReader("id,name\na,好\nb,\"开\nc,好\nd,\"好\"\ne,\"end"), header)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if got := show(table.Rows); !slices.Equal(got, []string{"2 a 好 ", "4 c 好 ", "5 d 好 "}) {
		t.Errorf("rows = %q", got)
	}
	if len(table.Problems) != 2 || table.Problems[0].Line != 3 || table.Problems[1].Line != 6 {
		t.Errorf("problems = %v", table.Problems)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("id,name\na,b\n"))
	f.Add([]byte("\xef\xbb\xbfid,name\n\"a"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Read(bytes.NewReader(data), header)
		if (table == nil) == (err == nil) {
			t.Errorf("table = %v, error = %v", table, err)
		}
	})
}
