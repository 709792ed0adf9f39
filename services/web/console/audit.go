package console

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

const (
	auditPath = "/console/audit"
	// exportedRows bounds one file; the days narrow what is in it.
	exportedRows = 50_000
	trailPage    = 100
)

// audit shows a page of the chains that the reader sees.
func (c console) audit(w http.ResponseWriter, r *http.Request) error {
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("admin.audit.title"))
	verify := d.Query.Get("verify") != ""
	d.Query.Del("verify")
	q, err := auditQuery(d.Query, d.Zone())
	v := templates.AuditView{
		Actor: d.Query.Get("actor"), Action: d.Query.Get("action"), Subject: d.Query.Get("subject"), From: d.Query.Get("from"),
		Until: d.Query.Get("until"), Export: access.May(contract.ActorFrom(r.Context()).Role, access.ExportAudit),
		Errors: templates.ErrorsOf(d.Page, err),
	}
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	q.Cursor = d.Query.Get("cursor")
	listing, err := bus.Call(r.Context(), c.Bus, contract.DirectoryAuditTrail, q)
	v.Rows, v.Next = listing.Items, listing.NextCursor
	if err == nil && verify {
		var verdict contract.AuditVerdict
		verdict, err = bus.Call(r.Context(), c.Bus, contract.DirectoryVerifyAudit, contract.Empty{})
		v.Verdict = &verdict
	}
	return c.list(w, r, d, err, templates.ConsoleAudit(d, v))
}

// auditQuery reads the filters; days are whole ones in the reader's zone.
func auditQuery(query url.Values, zone *time.Location) (contract.ListAudit, error) {
	q := contract.ListAudit{
		Actor: strings.TrimSpace(query.Get("actor")), Action: strings.TrimSpace(query.Get("action")), SubjectID: strings.TrimSpace(query.Get("subject")),
	}
	var wrong []fault.Field
	day := func(name string, after int) *time.Time {
		typed := query.Get(name)
		if typed == "" {
			return nil
		}
		at, err := time.ParseInLocation(time.DateOnly, typed, zone)
		if err != nil {
			wrong = append(wrong, fault.Field{Location: name, Code: check.Malformed})
		}
		at = at.AddDate(0, 0, after)
		return &at
	}
	q.From, q.Until = day("from", 0), day("until", 1)
	if len(wrong) > 0 {
		return q, fault.NewInvalid(wrong...)
	}
	return q, nil
}

// exportAudit sends the rows as a table, once the export itself is in the chain.
func (c console) exportAudit(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	q, err := auditQuery(r.PostForm, c.Pages.Printer(r).Zone())
	if err != nil {
		return err
	}
	q.Limit = trailPage
	page, err := bus.Call(r.Context(), c.Bus, contract.DirectoryAuditTrail, q)
	if err != nil {
		return err
	}
	actor := contract.ActorFrom(r.Context())
	_, err = bus.Call(r.Context(), c.Bus, contract.DirectoryAudit, contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActExportAudit, SubjectID: actor.ID(), Path: actor.Path,
	})
	if err != nil {
		return err
	}
	return c.sendAudit(w, r, q, page)
}

// sendAudit writes page after page. A file that breaks off, since a page cannot be
// had, ends with the connection: it is not taken for a whole one.
func (c console) sendAudit(w http.ResponseWriter, r *http.Request, q contract.ListAudit, page contract.Listing[contract.AuditRecord]) error {
	sendTableHead(w, "audit.csv")
	table := csv.NewWriter(w)
	// Its errors, of a reader who has gone, stay until Flush.
	_ = table.Write([]string{"at", "organisation", "row", "action", "subject", "role", "actor", "actor_name", "reason"})
	for sent := 0; ; {
		for _, row := range page.Items {
			_ = table.Write([]string{
				row.At.Format(time.RFC3339), row.Organisation, strconv.FormatInt(row.Seq, 10), row.Action, inCell(row.SubjectID),
				string(row.Role), row.ActorID, inCell(row.ActorName), inCell(row.Reason),
			})
		}
		table.Flush()
		sent += len(page.Items)
		if table.Error() != nil {
			return nil //nolint:nilerr // the reader has gone
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" || sent >= exportedRows {
			return nil
		}
		var err error
		if page, err = bus.Call(r.Context(), c.Bus, contract.DirectoryAuditTrail, q); err != nil {
			c.Log.WarnContext(r.Context(), "break off an export", "error", err)
			panic(http.ErrAbortHandler) //nolint:forbidigo // net/http ends the connection by it
		}
	}
}
