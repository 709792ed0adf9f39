package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const importPath = "/console/registry/import"

// importKind is what a table holds and how it is read.
type importKind struct {
	path                 string
	title, lead, columns string // keys
	tree                 bool   // rows may name a parent
	read                 func(*importer.Importer, context.Context, io.Reader) (importer.Report, error)
}

func organisationImport() importKind {
	return importKind{
		path: importPath, title: "admin.import.title", lead: "admin.import.lead", columns: "admin.import.columns",
		tree: true, read: (*importer.Importer).Organisations,
	}
}

func sessionImport() importKind {
	return importKind{
		path: sessionsPath + "/import", title: "session.import.title", lead: "session.import.lead", columns: "session.import.columns",
		read: (*importer.Importer).Sessions,
	}
}

func (c console) showImport(kind importKind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		return c.importPage(w, r, kind, templates.ImportView{Parent: ownCode(r)}, nil)
	}
}

func (c console) importPage(w http.ResponseWriter, r *http.Request, kind importKind, v templates.ImportView, refused error) error {
	title := c.Pages.Printer(r).T(kind.title)
	d := c.desk(r, &url.URL{Path: kind.path}, title)
	v.Action, v.Title, v.Lead, v.Columns, v.Tree = kind.path, title, d.T(kind.lead), d.T(kind.columns), kind.tree
	status := http.StatusOK
	if refused != nil {
		status = page.StatusOf(refused)
		v.Errors = templates.ErrorsOf(d.Page, refused)
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(refused), Fields: v.Errors}
	}
	c.Pages.Render(w, r, status, templates.ConsoleImport(d, v))
	return nil
}

// takeImport shows what a table would do, does it, or gives back its refused rows.
// The table travels with the page: nothing of a preview is kept.
func (c console) takeImport(kind importKind) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, table, err := importFrom(r)
		if err != nil {
			return c.importPage(w, r, kind, templates.ImportView{Parent: v.Parent}, err)
		}
		if !kind.tree {
			v.Parent = ownCode(r)
		}
		act := r.PostForm.Get("act")
		ref, err := c.Reference.Get()
		if err != nil {
			return err
		}
		options := importer.Options{
			Organisation: v.Parent, Source: "table", Confirmed: v.Confirmed, DryRun: act != "take", Concurrency: importAtOnce,
			Name: nameOfRow,
		}
		v.Report, err = kind.read(importer.New(ref, c.importCalls(), c.Clock, options), r.Context(), bytes.NewReader(table))
		if err != nil {
			return c.importPage(w, r, kind, templates.ImportView{Parent: v.Parent}, unreadable("file").Because(err))
		}
		if act == "errors" {
			return sendRefused(w, v.Report)
		}
		v.Done = act == "take"
		return c.importPage(w, r, kind, v, nil)
	}
}

// nameOfRow names a row by its content, which is of nobody: the same in every table,
// and whatever the keys.
func nameOfRow(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "row-" + hex.EncodeToString(sum[:16])
}

// importAtOnce is how many rows of a table are submitted at once.
const importAtOnce = 4

func (c console) importCalls() importer.Calls {
	return importer.Calls{
		Register: func(ctx context.Context, d contract.OrganisationDraft) (contract.RegisteredOrganisation, error) {
			return bus.Call(ctx, c.Bus, contract.DirectoryRegister, d)
		},
		Session: func(ctx context.Context, q contract.RecordSession) (contract.ServiceSession, error) {
			return bus.Call(ctx, c.Bus, contract.OfferRecordSession, q)
		},
		TrySession: func(ctx context.Context, q contract.RecordSession) error {
			q.Try = true
			_, err := bus.Call(ctx, c.Bus, contract.OfferRecordSession, q)
			return err
		},
	}
}

func unreadable(location string) *fault.Error {
	return fault.NewInvalid(fault.Field{Location: location, Code: check.Malformed})
}

// importFrom reads the form: a file that was chosen, or one that the page kept.
func importFrom(r *http.Request) (v templates.ImportView, table []byte, err error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			return v, nil, malformed(err)
		}
		v.Parent = strings.TrimSpace(r.PostForm.Get("parent"))
		file, _, err := r.FormFile("file")
		if err != nil {
			return v, nil, fault.NewInvalid(fault.Field{Location: "file", Code: check.Required}).Because(err)
		}
		defer func() { _ = file.Close() }() // read only
		if table, err = io.ReadAll(file); err != nil {
			return v, nil, malformed(err)
		}
		v.Table = base64.StdEncoding.EncodeToString(table)
		return v, table, nil
	}
	if err := r.ParseForm(); err != nil {
		return v, nil, malformed(err)
	}
	v.Parent, v.Table = strings.TrimSpace(r.PostForm.Get("parent")), r.PostForm.Get("table")
	v.Confirmed = r.PostForm.Get("confirmed") != ""
	table, err = base64.StdEncoding.DecodeString(v.Table)
	if err != nil || len(table) == 0 {
		return v, nil, fault.NewInvalid(fault.Field{Location: "file", Code: check.Required}).Because(err)
	}
	return v, table, nil
}

// sendRefused sends the refused rows as a table that spreadsheets open.
func sendRefused(w http.ResponseWriter, report importer.Report) error {
	rows := [][]string{{"line", "code", "reason"}}
	for _, row := range report.Rows {
		if row.Outcome == importer.Refused {
			rows = append(rows, []string{strconv.Itoa(row.Line), inCell(row.SourceID), inCell(row.Reason)})
		}
	}
	sendTableHead(w, "refused.csv")
	return csv.NewWriter(w).WriteAll(rows)
}

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
