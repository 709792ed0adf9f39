package console_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/upload"
)

// TestAnAgencyEntersSessionsByATable sees what would be counted, is asked about what
// is unusual, and takes it with a mark.
func TestAnAgencyEntersSessionsByATable(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var stored, tried atomic.Int64
	stub(d, contract.OfferRecordSession, func(_ context.Context, q contract.RecordSession) (contract.ServiceSession, error) {
		if q.Draft.People > 1000 && !q.Draft.Confirmed {
			return contract.ServiceSession{}, fault.NewInvalid(fault.Field{Location: "people", Code: "unusual"})
		}
		if q.Try {
			tried.Add(1)
		} else {
			stored.Add(q.Draft.People)
		}
		return contract.ServiceSession{}, nil
	})
	r := d.signIn(contract.RoleAgencyLead)
	const path = "/console/sessions/import"
	r.get(path).shows(t, http.StatusOK, "Enter sessions from a table", "held_on, category, people, minutes", `type="file"`)
	table := base64.StdEncoding.EncodeToString([]byte("held_on,category,people,minutes\n2026-11-20,psych,3,50\n2026-11-20,psych,10000,50\n2026-11-20,nothing,x,50\n"))
	r.post(path, url.Values{"table": {table}}).shows(t, http.StatusOK, "Preview", "Some rows are unusual", "They are right, take them too", "This is unusual")
	if stored.Load() != 0 || tried.Load() != 1 {
		t.Errorf("a preview stored %d and tried %d", stored.Load(), tried.Load())
	}
	r.post(path, url.Values{"table": {table}, "act": {"take"}}).shows(t, http.StatusOK, "Imported", "They are right, take them too")
	if stored.Load() != 3 {
		t.Errorf("stored %d", stored.Load())
	}
	r.post(path, url.Values{"table": {table}, "act": {"take"}, "confirmed": {"on"}}).shows(t, http.StatusOK, "Imported")
	if stored.Load() != 3+10_003 { // the service knows the first again
		t.Errorf("stored %d", stored.Load())
	}
	last := last[contract.RecordSession](d, contract.OfferRecordSession.Subject)
	if last.Draft.Organisation == "" || last.Draft.SourceID == "" || last.Draft.Source != "table" {
		t.Errorf("%+v", last.Draft)
	}
	if got := d.signIn(contract.RoleHelper).get(path); got.status != http.StatusForbidden {
		t.Errorf("a helper reaches it: %d", got.status)
	}
}

// TestATableOfSessionsIsReadWhole takes a file as a browser sends it, and refuses one
// that is too large by its size.
func TestATableOfSessionsIsReadWhole(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	stub(d, contract.OfferRecordSession, func(context.Context, contract.RecordSession) (contract.ServiceSession, error) {
		return contract.ServiceSession{}, nil
	})
	r := d.signIn(contract.RoleAgencyLead)
	const path, head, row = "/console/sessions/import", "held_on,category,people,minutes\n", "2026-11-20,psych,3,50\n"
	r.send(path, nil, "sessions.csv", head+row).shows(t, http.StatusOK, "Preview", base64.StdEncoding.EncodeToString([]byte(head+row)))
	r.send(path, nil, "sessions.csv", head+strings.Repeat(row, upload.MaxBytes/len(row)+1)).shows(t, http.StatusUnprocessableEntity, "5 MB")
}
