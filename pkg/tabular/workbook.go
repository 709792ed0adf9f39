package tabular

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/xuri/excelize/v2"

	"heli/pkg/fault"
)

// Unpacked sizes, so that a small archive cannot fill the memory.
const (
	maxUnpacked = 512 << 20
	maxSheet    = 128 << 20 // larger sheets are streamed from a file
)

// readWorkbook reads the first sheet of an XLSX file, row by row.
func readWorkbook(data []byte, b *builder) (err error) {
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxSheet, RawCellValue: true,
	})
	if err != nil {
		return Refuse(fault.Field{Location: ofFile, Code: "table_workbook"}, "the file looks like XLSX but cannot be read: %v", err)
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	sheets := book.GetSheetList()
	if len(sheets) == 0 {
		return Refuse(fault.Field{Location: ofFile, Code: "table_workbook"}, "the workbook has no sheet")
	}
	rows, err := book.Rows(sheets[0])
	if err != nil {
		return fmt.Errorf("read sheet: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	b.padded = true // a sheet does not store the empty cells at a row's end
	for line := 1; rows.Next(); line++ {
		// Raw values: a code like 610100 must not come back as 610,100.
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return fmt.Errorf("read row %d: %w", line, err)
		}
		if err := b.add(line, cells); err != nil {
			return err
		}
	}
	return rows.Error()
}
