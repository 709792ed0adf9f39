// Package tabular owns the reading of tables that people send: CSV in the
// encodings that spreadsheets write, or XLSX, into rows with line numbers and
// named columns. It knows no meaning of any column, and a spoiled row never
// keeps the others from being read.
package tabular

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"heli/pkg/fault"
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
// compared without case and surrounding spaces. The empty Header takes whatever
// columns there are, as they are written.
type Header struct {
	Required []string
	Optional []string
}

// Row is one line of a table.
type Row struct {
	Line   int // in the file, from 1; a row of several lines is at its first
	cells  []string
	places map[string]int
	values map[string]string // of columns whose cell is empty or not there
}

// Get returns a cell without surrounding spaces; empty for a column that the
// table does not have.
func (r Row) Get(column string) string {
	if i, ok := r.places[column]; ok && r.cells[i] != "" {
		return r.cells[i]
	}
	return r.values[column]
}

// Problem is a row that cannot be used.
type Problem struct {
	Line   int
	Reason *Refusal
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
		return nil, Refuse(fault.Field{Location: ofFile, Code: "table_size", Args: map[string]any{"max": MaxBytes >> 20}},
			"the file is larger than %d MiB: split it", MaxBytes>>20)
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
		return nil, Refuse(fault.Field{Location: ofFile, Code: "table_empty"},
			"the file is empty: its first line must name the columns %s", strings.Join(header.Required, ", "))
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
		cells[i] = asText(strings.TrimSpace(cells[i]))
	}
	if !slices.ContainsFunc(cells, func(cell string) bool { return cell != "" }) {
		return nil
	}
	if b.places == nil {
		return b.readHeader(cells)
	}
	if len(b.table.Rows)+len(b.table.Problems) >= MaxRows {
		return tooMany(MaxRows)
	}
	cells, reason := b.fit(cells)
	if reason == nil {
		reason = spoiled(cells, b.table.columns)
	}
	if reason != nil {
		b.report(line, reason)
		return nil
	}
	b.table.Rows = append(b.table.Rows, Row{Line: line, cells: cells, places: b.places})
	return nil
}

// asText takes the mark away by which spreadsheets, and our own files, say that
// what looks like a formula is text.
func asText(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// tooMany refuses a file with more rows than can be read.
func tooMany(rows int) *Refusal {
	return Refuse(fault.Field{Location: ofFile, Code: "table_rows", Args: map[string]any{"max": rows}}, "the file has more than %d rows: split it", rows)
}

func (b *builder) report(line int, reason *Refusal) {
	b.table.Problems = append(b.table.Problems, Problem{Line: line, Reason: reason})
}

func (b *builder) readHeader(cells []string) error {
	places := make(map[string]int, len(cells))
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) > maxColumns {
		return Refuse(fault.Field{Location: ofFile, Code: "table_columns", Args: map[string]any{"max": maxColumns}},
			"the header has more than %d columns", maxColumns)
	}
	if b.header.Required == nil && b.header.Optional == nil {
		b.table.columns = distinct(cells)
		for i, name := range b.table.columns {
			places[name] = i
		}
		b.places = places
		return nil
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
	return Refuse(fault.Field{Location: ofFile, Code: "table_header"}, "the first line does not name the right columns (%s)", strings.Join(parts, "; "))
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
func (b *builder) fit(cells []string) ([]string, *Refusal) {
	want := len(b.table.columns)
	for len(cells) > want && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	switch {
	case len(cells) > want, len(cells) < want && !b.padded:
		return nil, Refuse(fault.Field{Code: "table_cells", Args: map[string]any{"cells": len(cells), "columns": want}},
			"the row has %d cells, the header %d", len(cells), want)
	case len(cells) < want:
		return append(cells, make([]string, want-len(cells))...), nil
	default:
		return cells, nil
	}
}

// spoiled returns why a row cannot be used, or nothing.
func spoiled(cells, columns []string) *Refusal {
	for i, cell := range cells {
		switch {
		case utf8.RuneCountInString(cell) > maxCell:
			return Refuse(fault.Field{Location: columns[i], Code: "too_long", Args: map[string]any{"max": maxCell}},
				"%s is longer than %d characters", columns[i], maxCell)
		case strings.ContainsFunc(cell, forbidden):
			return Refuse(fault.Field{Location: columns[i], Code: "control_characters"}, "%s holds a control character", columns[i])
		case !utf8.ValidString(cell) || strings.ContainsRune(cell, utf8.RuneError):
			return Refuse(fault.Field{Location: columns[i], Code: "not_text"}, "%s holds broken characters", columns[i])
		}
	}
	return nil
}

func forbidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
}
