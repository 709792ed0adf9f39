package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
)

// TestOddTextIsTextInTheConsole notes down a call, writes a note and searches with what
// people may type or paste: each is kept as it is and never taken for markup, or refused
// with all that was typed; and a form sent twice is one request.
func TestOddTextIsTextInTheConsole(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	v := i.visiting()
	request := i.coordinator().post(http.StatusCreated, "/requests", requestDraft("隔离点口罩", "open", 10))
	at := "/console/requests/" + request.ID
	for name, text := range oddTexts {
		shown := []page{
			v.post(at+"/notes", url.Values{"note_id": {contract.NewID[string]()}, "text": {text}}),
			v.get("/console?" + url.Values{"tab": {"all"}, "text": {text[:min(len(text), 300)]}}.Encode()), // the field takes no more
			v.callTwice(name, text),
			v.get(at),
		}
		for n, p := range shown {
			switch p.status {
			case http.StatusOK, http.StatusSeeOther, http.StatusUnprocessableEntity:
			default:
				t.Errorf("%s, step %d: status %d", name, n, p.status)
			}
			if strings.Contains(p.body, "<script>document") || strings.Contains(p.body, "<b onmouseover") {
				t.Errorf("%s, step %d: it is taken for markup", name, n)
			}
		}
	}
	checkInvariants(t, i)
}

// callTwice notes the same call down twice, and returns what came of it.
func (v visitor) callTwice(name, text string) page {
	v.t.Helper()
	form := url.Values{
		"id": {contract.NewID[string]()}, "code": {contract.NewCode()}, "key": {contract.NewID[string]()}, "mode": {"any"}, "title": {text},
		"description": {text}, "need_lines[0].category": {"ppe"}, "urgency": {"soon"}, "region_code": {"610100"}, "contact.name": {"演示"},
		"contact.phone": {"+861000000123"}, "consent": {"on"},
	}
	first, again := v.post("/console/requests/new", form), v.post("/console/requests/new", form)
	if again.status != first.status || again.location != first.location {
		v.t.Errorf("%s sent twice: %d to %q, then %d to %q", name, first.status, first.location, again.status, again.location)
	}
	if first.status == http.StatusUnprocessableEntity && !strings.Contains(first.body, `id="f-title-error"`) && !strings.Contains(first.body, `id="f-description-error"`) {
		v.t.Errorf("%s: refused without a word at its field", name)
	}
	if first.status == http.StatusSeeOther {
		return v.get(first.location)
	}
	return first
}
