// Package tabular owns the reading of tables that people send: CSV in the
// encodings that spreadsheets write, or XLSX, into rows with line numbers and
// named columns. It knows no meaning of any column, and a spoiled row never
// keeps the others from being read.
package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is read. A cell's is that of spreadsheets.
const (
	MaxBytes    = 64 << 20
	MaxRows     = 200_000
	maxCell     = 32_767 // characters
	maxColumns  = 200
	maxReported = 8 // columns that one error names
)

// Header names the columns of a table. Their order does not matter; names are
// compared without case and surrounding spaces.
type Header struct {
	Required []string
	Optional []string
}

// Row is one line of a table.
type Row struct {
	Line   int // in the file, from 1; a row of several lines is at its first
	cells  []string
	places map[string]int
}

// Get returns a cell without surrounding spaces; empty for a column that the
// table does not have.
func (r Row) Get(column string) string {
	if i, ok := r.places[column]; ok {
		return r.cells[i]
	}
	return ""
}

// Problem is a row that cannot be used.
type Problem struct {
	Line   int
	Reason string
}

// Table is what was read.
type Table struct {
	Rows     []Row
	Problems []Problem
	columns  []string
}

// Has reports whether the table has a column.
func (t *Table) Has(column string) bool { return slices.Contains(t.columns, column) }

// Read reads a table and closes nothing. It returns an error, and nothing else,
// for what is no table at all: too large, in an unknown encoding, without the
// header. Spoiled rows are the table's Problems.
func Read(r io.Reader, header Header) (*Table, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the file is larger than %d MiB: split it", MaxBytes>>20)
	}
	b := builder{header: header}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		err = readWorkbook(data, &b)
	} else {
		err = readText(data, &b)
	}
	if err != nil {
		return nil, err
	}
	if b.places == nil {
		return nil, errors.New("the file is empty: its first line must name the columns " + strings.Join(header.Required, ", "))
	}
	return &b.table, nil
}

// builder takes the records of a file, the first of them the header.
type builder struct {
	header    Header
	places    map[string]int
	separator rune // of text
	padded    bool // rows may lack cells at their end
	table     Table
}

func (b *builder) add(line int, cells []string) error {
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if !slices.ContainsFunc(cells, func(cell string) bool { return cell != "" }) {
		return nil
	}
	if b.places == nil {
		return b.readHeader(cells)
	}
	if len(b.table.Rows)+len(b.table.Problems) >= MaxRows {
		return fmt.Errorf("the file has more than %d rows: split it", MaxRows)
	}
	cells, reason := b.fit(cells)
	if reason == "" {
		reason = spoiled(cells, b.table.columns)
	}
	if reason != "" {
		b.report(line, reason)
		return nil
	}
	b.table.Rows = append(b.table.Rows, Row{Line: line, cells: cells, places: b.places})
	return nil
}

func (b *builder) report(line int, reason string) {
	b.table.Problems = append(b.table.Problems, Problem{Line: line, Reason: reason})
}

func (b *builder) readHeader(cells []string) error {
	places := make(map[string]int, len(cells))
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) > maxColumns {
		return fmt.Errorf("the header has more than %d columns", maxColumns)
	}
	var unknown, twice []string
	for i, cell := range cells {
		name := strings.ToLower(cell)
		if _, known := places[name]; known {
			twice = append(twice, name)
		}
		if !slices.Contains(b.header.Required, name) && !slices.Contains(b.header.Optional, name) {
			unknown = append(unknown, name)
		}
		places[name] = i
		b.table.columns = append(b.table.columns, name)
	}
	var missing []string
	for _, name := range b.header.Required {
		if _, ok := places[name]; !ok {
			missing = append(missing, name)
		}
	}
	b.places = places
	return headerError(missing, unknown, twice)
}

// headerError is one sentence that names every wrong column.
func headerError(missing, unknown, twice []string) error {
	var parts []string
	for _, wrong := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"unknown", unknown}, {"twice", twice}} {
		if len(wrong.names) > 0 {
			parts = append(parts, wrong.what+": "+nameAll(wrong.names))
		}
	}
	if parts == nil {
		return nil
	}
	return errors.New("the first line does not name the right columns (" + strings.Join(parts, "; ") + ")")
}

// nameAll lists names, shortened since a wrong file may hold anything.
func nameAll(names []string) string {
	quoted := make([]string, 0, maxReported)
	for i, name := range names {
		if i == maxReported {
			return strings.Join(quoted, ", ") + fmt.Sprintf(" and %d more", len(names)-i)
		}
		if runes := []rune(name); len(runes) > 40 {
			name = string(runes[:40]) + "…"
		}
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}

// fit returns as many cells as there are columns, or the reason why the row
// has not as many.
func (b *builder) fit(cells []string) ([]string, string) {
	want := len(b.table.columns)
	for len(cells) > want && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	switch {
	case len(cells) > want, len(cells) < want && !b.padded:
		return nil, fmt.Sprintf("the row has %d cells, the header %d", len(cells), want)
	case len(cells) < want:
		return append(cells, make([]string, want-len(cells))...), ""
	default:
		return cells, ""
	}
}

// spoiled returns why a row cannot be used, or nothing.
func spoiled(cells, columns []string) string {
	for i, cell := range cells {
		switch {
		case utf8.RuneCountInString(cell) > maxCell:
			return fmt.Sprintf("%s is longer than %d characters", columns[i], maxCell)
		case strings.ContainsFunc(cell, forbidden):
			return columns[i] + " holds a control character"
		case !utf8.ValidString(cell) || strings.ContainsRune(cell, utf8.RuneError):
			return columns[i] + " holds broken characters"
		}
	}
	return ""
}

func forbidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}
