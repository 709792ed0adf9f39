package tabular

import (
	"fmt"
	"maps"
	"slices"
)

// Columns returns the names of the columns, in the order of the file.
func (t *Table) Columns() []string { return slices.Clone(t.columns) }

// Cells returns what the row holds, in the order of the table's columns.
func (r Row) Cells() []string { return r.cells }

// View returns the table under other names: a row's Get answers for a name with
// the cell of its column or, where that is empty or not there, with the value
// given for the name. The rows' Cells, and the table's own, stay as they are.
func (t *Table) View(columns, values map[string]string) *Table {
	places := make(map[string]int, len(columns))
	var names []string
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		if i := slices.Index(t.columns, columns[name]); i >= 0 {
			places[name] = i
			names = append(names, name)
		}
	}
	for name, value := range values {
		if _, known := places[name]; !known && value != "" {
			names = append(names, name)
		}
	}
	view := &Table{Problems: t.Problems, columns: names, Rows: make([]Row, len(t.Rows))}
	for i, row := range t.Rows {
		view.Rows[i] = Row{Line: row.Line, cells: row.cells, places: places, values: values}
	}
	return view
}

// One returns a table of one row with these values, by the names of its columns,
// for what did not come as a file.
func One(cells map[string]string) (*Table, error) {
	columns := slices.Sorted(maps.Keys(cells))
	b := builder{header: Header{}}
	values := make([]string, len(columns))
	for i, column := range columns {
		values[i] = cells[column]
	}
	if err := b.add(1, slices.Clone(columns)); err != nil {
		return nil, err
	}
	if err := b.add(1, values); err != nil {
		return nil, err
	}
	return &b.table, nil
}

// distinct returns names of columns that are all there and all different.
func distinct(cells []string) []string {
	names, seen := make([]string, len(cells)), map[string]bool{}
	for i, name := range cells {
		if name == "" {
			name = fmt.Sprintf("#%d", i+1)
		}
		unique := name
		for n := 2; seen[unique]; n++ {
			unique = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[unique] = true
		names[i] = unique
	}
	return names
}
