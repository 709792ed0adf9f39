package console

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

const exportPath = "/console/export"

const (
	exportPage = 100 // rows of one call
	// exportTime is how long one page of an export may take to be written.
	exportTime = 30 * time.Second
	// maxSheetRows is how many rows XLSX has, the head apart.
	maxSheetRows = 1<<20 - 1
	byteOrder    = "\ufeff" // by which spreadsheets know UTF-8
)

// sheet is a file that rows are written to.
type sheet interface {
	write(row []string) error
	end() error
}

// export sends the whole of a view as CSV or XLSX, with the columns that it
// shows, page by page as the page itself would turn. That somebody took it stands
// in the audit chain before its first row is read.
func (c console) export(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	query, err := url.ParseQuery(r.PostForm.Get("query"))
	if err != nil {
		return malformed(err)
	}
	format := r.PostForm.Get("format")
	if format != "csv" && format != "xlsx" {
		return fault.NewInvalid(fault.Field{Location: "format", Code: check.Unknown})
	}
	actor := contract.ActorFrom(r.Context())
	asked := requestFilter(actor, query, c.Clock())
	asked.Cursor, asked.Limit = "", exportPage
	first, err := bus.Call(r.Context(), c.Bus, contract.RequestList, asked) // what is wrong with it is said on a page
	if err != nil {
		return err
	}
	if err := c.recordExport(r.Context(), actor, query, format); err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: home, RawQuery: query.Encode()}, "")
	return c.sendSheet(w, r, d, exported{asked, first, columnsOf(query), format})
}

// recordExport notes who takes what. The text that was looked for may name
// somebody, so it is left out.
func (c console) recordExport(ctx context.Context, actor contract.Actor, query url.Values, format string) error {
	kept, err := url.ParseQuery(viewQuery(query))
	if err != nil {
		return malformed(err)
	}
	kept.Del("text")
	kept.Del("columns")
	_, err = bus.Call(ctx, c.Bus, contract.DirectoryAudit, contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActExportRequests, SubjectID: actor.ID(), Path: actor.Path, Reason: strings.TrimSpace(format + " " + kept.Encode()),
	})
	return err
}

// exported is a view on its way into a file.
type exported struct {
	asked   contract.ListRequests
	first   contract.Listing[contract.Request]
	columns []string
	format  string
}

func (c console) sendSheet(w http.ResponseWriter, r *http.Request, d templates.Desk, e exported) error {
	out, mediaType := newCSV(w), "text/csv; charset=utf-8"
	if e.format == "xlsx" {
		mediaType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		book, err := newWorkbook(w)
		if err != nil {
			return err
		}
		out = book
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="requests-%s.%s"`, c.Clock().UTC().Format("20060102-1504"), e.format))
	if err := c.writeSheet(r.Context(), http.NewResponseController(w), out, d, e); err != nil {
		c.Log.WarnContext(r.Context(), "export broken off", "error", err)
		panic(http.ErrAbortHandler) //nolint:forbidigo // a file that ends early must not look whole
	}
	return nil
}

func (c console) writeSheet(ctx context.Context, control *http.ResponseController, out sheet, d templates.Desk, e exported) error {
	if err := out.write(templates.QueueHead(d, e.columns)); err != nil {
		return err
	}
	for listing := e.first; ; {
		if err := control.SetWriteDeadline(time.Now().Add(exportTime)); err != nil {
			return fmt.Errorf("set deadline: %w", err)
		}
		for _, request := range listing.Items {
			if err := out.write(templates.QueueCells(d, request, e.columns)); err != nil {
				return err
			}
		}
		if listing.NextCursor == "" {
			return out.end()
		}
		e.asked.Cursor = listing.NextCursor
		var err error
		if listing, err = bus.Call(ctx, c.Bus, contract.RequestList, e.asked); err != nil {
			return err
		}
	}
}

type csvSheet struct{ w *csv.Writer }

func newCSV(w io.Writer) sheet { return &csvSheet{csv.NewWriter(&marked{w: w})} }

// marked writes the byte order mark before anything else.
type marked struct {
	w     io.Writer
	begun bool
}

// Write writes on.
func (m *marked) Write(p []byte) (int, error) {
	if !m.begun {
		m.begun = true
		if _, err := io.WriteString(m.w, byteOrder); err != nil {
			return 0, err
		}
	}
	return m.w.Write(p)
}

func (s *csvSheet) write(row []string) error {
	plain := make([]string, len(row))
	for i, cell := range row {
		plain[i] = inert(cell)
	}
	if err := s.w.Write(plain); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

func (s *csvSheet) end() error {
	s.w.Flush()
	return s.w.Error()
}

// inert keeps a spreadsheet from taking what somebody typed for a formula.
func inert(cell string) string {
	if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") {
		return "'" + cell
	}
	return cell
}

// workbook gathers rows in a file of its own, and sends it whole.
type workbook struct {
	file *excelize.File
	rows *excelize.StreamWriter
	n    int
	w    io.Writer
}

func newWorkbook(w io.Writer) (*workbook, error) {
	file := excelize.NewFile()
	rows, err := file.NewStreamWriter(file.GetSheetName(0))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin workbook: %w", err), file.Close())
	}
	return &workbook{file: file, rows: rows, w: w}, nil
}

func (b *workbook) write(row []string) error {
	if b.n > maxSheetRows {
		return errors.New("a workbook has room for no more rows")
	}
	b.n++
	cells := make([]any, len(row))
	for i, cell := range row {
		cells[i] = cell // text, whatever it looks like
	}
	if err := b.rows.SetRow(fmt.Sprintf("A%d", b.n), cells); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

func (b *workbook) end() (err error) {
	defer func() { err = errors.Join(err, b.file.Close()) }()
	if err := b.rows.Flush(); err != nil {
		return fmt.Errorf("end workbook: %w", err)
	}
	if _, err := b.file.WriteTo(b.w); err != nil {
		return fmt.Errorf("send workbook: %w", err)
	}
	return nil
}
