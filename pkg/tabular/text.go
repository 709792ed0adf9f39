package tabular

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"heli/pkg/fault"
)

// maxBroken bounds how often the reading starts again behind a broken record.
const maxBroken = 1000

var errEncoding = Refuse(fault.Field{Location: ofFile, Code: "table_encoding"},
	"the file is neither UTF-8 nor GB18030: save it again as CSV UTF-8")

// readText reads CSV. The separator is a comma, or what the header has instead
// of commas: spreadsheets write semicolons and tabs too.
func readText(data []byte, b *builder) error {
	text, err := decode(data)
	if err != nil {
		return err
	}
	b.separator = separator(text)
	for begin, tries := 0, 0; ; tries++ {
		line, done, err := readRecords(text[begin:], lineAt(text, begin), b)
		if done || err != nil {
			return err
		}
		if tries == maxBroken {
			return Refuse(fault.Field{Location: ofFile, Code: "table_quotes"}, "too many rows have broken quotes: is this a CSV file?")
		}
		begin = lineStart(text, line+1)
	}
}

// readRecords reads until the end, or to a record whose quotes are broken; then
// it returns the line of that record. A quote that nobody closed swallows the
// lines behind it, so the caller goes on at the next line, not where the
// reader gave up.
func readRecords(text []byte, firstLine int, b *builder) (brokenLine int, done bool, err error) {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = b.separator
	reader.FieldsPerRecord = -1
	for {
		cells, err := reader.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return 0, true, nil
		case errors.As(err, &broken):
			if b.places == nil {
				return 0, false, Refuse(fault.Field{Location: ofFile, Code: "table_quotes"}, "the first line cannot be read: %v", broken.Err)
			}
			line := firstLine + broken.StartLine - 1
			b.report(line, Refuse(fault.Field{Code: "table_quotes"}, "the quotes are broken: %v", broken.Err))
			return line, false, nil
		case err != nil:
			return 0, false, fmt.Errorf("read table: %w", err)
		}
		line, _ := reader.FieldPos(0)
		if err := b.add(firstLine+line-1, cells); err != nil {
			return 0, false, err
		}
	}
}

// lineAt returns the number of the line that begins at an offset, from 1.
func lineAt(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }

// lineStart returns the offset at which a line begins; the end when there is none.
func lineStart(text []byte, line int) int {
	offset := 0
	for range line - 1 {
		i := bytes.IndexByte(text[offset:], '\n')
		if i < 0 {
			return len(text)
		}
		offset += i + 1
	}
	return offset
}

func separator(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, candidate := range []byte{',', ';', '\t'} {
		if bytes.IndexByte(first, candidate) >= 0 {
			return rune(candidate)
		}
	}
	return ','
}

// decode returns the text as UTF-8 without a byte-order mark. What is not UTF-8
// is read as GB18030, which Chinese spreadsheets write and which holds GBK.
func decode(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return nil, errEncoding
		}
		return text, nil
	case utf8.Valid(data):
		return bytes.TrimPrefix(data, []byte("\ufeff")), nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, errEncoding
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}
