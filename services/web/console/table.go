package console

import (
	"io"
	"net/http"
	"strings"
)

// sendTableHead begins a file of comma separated values, with the mark by which
// spreadsheets know UTF-8.
func sendTableHead(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = io.WriteString(w, "\ufeff") // a reader that has gone misses nothing
}

// inCell keeps a spreadsheet from taking a text for a formula.
func inCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
