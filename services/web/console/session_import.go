package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
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
	"heli/services/web/upload"
)

const sessionImportPath = sessionsPath + "/import"

func (c console) showSessionImport(w http.ResponseWriter, r *http.Request) error {
	return c.sessionImportPage(w, r, templates.ImportView{}, nil)
}

func (c console) sessionImportPage(w http.ResponseWriter, r *http.Request, v templates.ImportView, refused error) error {
	d := c.desk(r, &url.URL{Path: sessionImportPath}, c.Pages.Printer(r).T("session.import.title"))
	status := http.StatusOK
	if refused != nil {
		status = page.StatusOf(refused)
		v.Errors = templates.ErrorsOf(d.Page, refused)
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(refused), Fields: v.Errors}
	}
	c.Pages.Render(w, r, status, templates.ConsoleSessionImport(d, v))
	return nil
}

// takeSessionImport shows what a table would do, does it, or gives back its refused
// rows. The table travels with the page: nothing of a preview is kept.
func (c console) takeSessionImport(w http.ResponseWriter, r *http.Request) error {
	v, table, err := importFrom(r)
	if err != nil {
		return c.sessionImportPage(w, r, templates.ImportView{}, err)
	}
	act := r.PostForm.Get("act")
	ref, err := c.Reference.Get()
	if err != nil {
		return err
	}
	options := importer.Options{
		Organisation: ownCode(r), Source: "table", Confirmed: v.Confirmed, DryRun: act != "take", Concurrency: importAtOnce,
		Name: nameOfRow,
	}
	v.Report, err = importer.New(ref, c.sessionCalls(), c.Clock, options).Sessions(r.Context(), bytes.NewReader(table))
	if err != nil {
		return c.sessionImportPage(w, r, templates.ImportView{}, unreadable("file").Because(err))
	}
	if act == "errors" {
		return sendRefused(w, v.Report)
	}
	v.Done = act == "take"
	return c.sessionImportPage(w, r, v, nil)
}

// nameOfRow names a row by its content, which is of nobody: the same in every table,
// and whatever the keys.
func nameOfRow(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "row-" + hex.EncodeToString(sum[:16])
}

// importAtOnce is how many rows of a table are submitted at once.
const importAtOnce = 4

func (c console) sessionCalls() importer.Calls {
	return importer.Calls{
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
		_, _, table, err := tableFrom(r)
		if err == nil && len(table) > upload.MaxBytes {
			err = tooLargeTable()
		}
		if err != nil {
			return v, nil, err
		}
		v.Table = base64.StdEncoding.EncodeToString(table)
		return v, table, nil
	}
	if err := r.ParseForm(); err != nil {
		return v, nil, malformed(err)
	}
	v.Table, v.Confirmed = r.PostForm.Get("table"), r.PostForm.Get("confirmed") != ""
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
