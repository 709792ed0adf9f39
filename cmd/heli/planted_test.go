package main

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"heli/cmd/heli/platform"
	"heli/pkg/embedded"
	"heli/pkg/pg"
)

// planted are twelve personal fields, each with a value that is nowhere else.
var planted = map[string]string{
	"name": "Plantedname Qxz", "phone": "13987650412", "email": "planted.qxz@example.org", "wechat": "wx_planted_qxz",
	"safe_hours": "safe hours qxz", "title": "planted title qxz", "description": "planted description qxz",
	"specification": "planted specification qxz", "on_behalf_of": "planted grandmother qxz", "reason": "planted reason qxz",
	"number": "PLANTED-LICENCE-QXZ", "offer_text": "planted offer qxz",
}

// owners are the tables that own what people wrote; contacts are sealed, so they
// are not among them.
var owners = []string{"request.requests", "request.need_lines", "request.history", "request.idempotency",
	"offer.offers", "offer.offer_lines", "offer.history", "offer.idempotency", "matcher.history"}

// plantedRun is a platform of which everything that leaves it is kept.
type plantedRun struct {
	*instance
	hooks          *receiver
	traces         *traceSink
	request, offer answer
	match          answer
	staff          client
}

// traceSink keeps the traces that a platform sends.
type traceSink struct {
	*httptest.Server
	mu  sync.Mutex
	got bytes.Buffer
}

func startTraceSink(t *testing.T) *traceSink {
	t.Helper()
	s := &traceSink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, _ = io.Copy(&s.got, r.Body) // what is missing fails the test by itself
	}))
	t.Cleanup(s.Close)
	return s
}

// startPlanted plants the fields and goes a long way with them: both drafts, moves
// with reasons, a match with a released contact, pages, wrong calls.
func startPlanted(t *testing.T) *plantedRun {
	t.Helper()
	r := &plantedRun{hooks: startReceiver(t), traces: startTraceSink(t)}
	environment := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + r.traces.URL, "HELI_LOG_LEVEL=debug"}
	r.instance = startProgram(t, os.Args[0], environment, installed(t), "--webhook-allow", "127.0.0.0/8")
	r.staff = r.coordinator()
	r.staff.post(http.StatusCreated, "/webhooks", map[string]any{"url": r.hooks.URL, "events": []string{"request.*", "offer.*", "match.*"}})
	contact := map[string]any{
		"name": planted["name"], "phone": "+86" + planted["phone"], "email": planted["email"], "wechat": planted["wechat"],
		"safe_hours": planted["safe_hours"],
	}
	need := requestDraft(planted["title"], "", 10)
	delete(need, "state")
	need["description"], need["on_behalf_of"], need["contact"] = planted["description"], planted["on_behalf_of"], contact
	need["need_lines"].([]any)[0].(map[string]any)["specification"] = planted["specification"]
	r.request = r.public().call(http.StatusCreated, http.MethodPost, "/requests", "planted-key-of-128-bits-0001", need)
	give := offerDraft(planted["offer_text"], "available", 100)
	give["contact"], give["credentials"] = contact, []any{map[string]any{"kind": "physician", "number": planted["number"]}}
	r.offer = r.staff.call(http.StatusCreated, http.MethodPost, "/offers", "planted-key-of-128-bits-0002", give)
	for _, move := range []string{"triage", "open", "verify_phone", "hold", "resume"} {
		r.staff.post(http.StatusOK, "/requests/"+r.request.ID+"/"+move, map[string]any{"reason": planted["reason"]})
	}
	awaitDrained(t, r.instance, waitLimit)
	awaitSuggestion(t, r.staff, r.request.ID, r.offer.ID)
	r.match = r.staff.post(http.StatusCreated, "/matches", proposal(r.request, r.offer, 10))
	for _, step := range [][2]string{{"accept", "helper"}, {"release_contact", ""}, {"start", "helper"}} {
		body := map[string]any{"reason": planted["reason"]}
		if step[1] != "" {
			body["on_behalf_of"] = step[1]
		}
		r.staff.post(http.StatusOK, "/matches/"+r.match.ID+"/"+step[0], body)
	}
	r.visitPages()
	r.callWrongly(need)
	awaitDrained(t, r.instance, waitLimit)
	return r
}

// visitPages opens the requester's page as a browser does, and reads all of it.
func (r *plantedRun) visitPages() {
	r.t.Helper()
	jar := r.public().http
	form := url.Values{"token": {r.request.TrackingToken}}
	page := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: jar.Transport}
	opened, err := page.PostForm(r.url+"/track", form)
	if err != nil {
		r.t.Fatalf("open the tracking page: %v", err)
	}
	_ = opened.Body.Close() // a redirect
	for _, path := range []string{"/track", "/track?edit=1", "/track?show=pin", "/track?confirm=erase"} {
		in, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, cookie := range opened.Cookies() {
			in.AddCookie(cookie)
		}
		answer, err := page.Do(in)
		if err != nil {
			r.t.Fatalf("read %s: %v", path, err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || !bytes.Contains(body, []byte(planted["title"])) {
			r.t.Errorf("%s shows another page (%d, %v)", path, answer.StatusCode, err)
		}
	}
}

// callWrongly sends what is refused, with the planted values in it.
func (r *plantedRun) callWrongly(need map[string]any) {
	r.t.Helper()
	wrong := maps.Clone(need)
	wrong["urgency"], wrong["region_code"] = planted["title"], planted["name"]
	r.staff.post(http.StatusUnprocessableEntity, "/requests", wrong)
	wrong[planted["description"]] = planted["phone"]
	r.staff.post(http.StatusUnprocessableEntity, "/requests", wrong)
	if status, _, err := r.public().do(r.t.Context(), http.MethodPost, "/requests/"+r.request.ID+"/close", "",
		map[string]any{"reason": planted["reason"]}); err != nil || status != http.StatusUnauthorized {
		r.t.Errorf("closing without a credential: %d, %v", status, err)
	}
}

// leaks returns which planted fields are in a text.
func leaks(text []byte) []string {
	var found []string
	for field, value := range planted {
		if bytes.Contains(text, []byte(value)) {
			found = append(found, field)
		}
	}
	slices.Sort(found)
	return found
}

// checkOutside looks at everything but the database.
func (r *plantedRun) checkOutside() {
	r.t.Helper()
	log, err := os.ReadFile(r.log)
	if err != nil {
		r.t.Fatal(err)
	}
	running, err := platform.FindRunning(r.data)
	if err != nil || running == nil {
		r.t.Fatalf("find the running platform: %v", err)
	}
	scrape, err := http.Get("http://" + running.AdminListen + "/metrics")
	if err != nil {
		r.t.Fatalf("read metrics: %v", err)
	}
	metrics, err := io.ReadAll(scrape.Body)
	if _ = scrape.Body.Close(); err != nil || !bytes.Contains(metrics, []byte("heli_")) {
		r.t.Fatalf("read metrics: %v", err)
	}
	r.traces.mu.Lock()
	traces := slices.Clone(r.traces.got.Bytes())
	r.traces.mu.Unlock()
	var hooks bytes.Buffer
	for _, d := range r.hooks.deliveries() {
		hooks.Write(d.body)
		_ = d.header.Write(&hooks) // a buffer takes all
	}
	for name, text := range map[string][]byte{"log": log, "metrics": metrics, "traces": traces, "webhooks": hooks.Bytes()} {
		if len(text) == 0 {
			r.t.Errorf("nothing was written to %s, so this shows nothing", name)
		}
		if found := leaks(text); len(found) > 0 {
			r.t.Errorf("the %s hold %v", name, found)
		}
	}
	checkFiles(r.t, r.data)
}

// checkFiles looks at every file of an installation, the store of NATS among
// them, but PostgreSQL's own, whose tables are searched by row: a page keeps what
// was overwritten until it is vacuumed.
func checkFiles(t *testing.T, data string) {
	t.Helper()
	own, seen := filepath.Join(platform.PostgresFolder(data), "data"), 0
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == own {
			if path == own {
				return fs.SkipDir
			}
			return err
		}
		if !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		if found := leaks(content); len(found) > 0 {
			t.Errorf("the file %s holds %v", path, found)
		}
		return nil
	})
	if err != nil || seen < 5 {
		t.Fatalf("looked at %d files: %v", seen, err)
	}
}

// holders returns the tables with a row that holds a planted field, as text or as
// the text within bytes.
func holders(t *testing.T, db *pg.DB) map[string][]string {
	t.Helper()
	var tables []string
	const list = `SELECT table_schema || '.' || table_name FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`
	if err := db.SelectContext(t.Context(), &tables, list); err != nil || len(tables) < 40 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	found := map[string][]string{}
	for _, table := range tables {
		for field, value := range planted {
			q := `SELECT count(*) FROM ` + table + ` t WHERE position($1 IN t::text) > 0 OR position(encode($1::bytea, 'hex') IN t::text) > 0`
			if count(t, db, q, value) > 0 {
				found[table] = append(found[table], field)
			}
		}
	}
	return found
}

// dump returns the whole database as text but for some tables.
func (i *instance) dump(without ...string) []byte {
	i.t.Helper()
	address, err := embedded.RunningURL(platform.PostgresFolder(i.data), platform.DatabaseName)
	if err != nil {
		i.t.Fatal(err)
	}
	tool, err := embedded.FindTool(i.t.Context(), i.data, "pg_dump", 15)
	if err != nil {
		i.t.Fatal(err)
	}
	args := []string{"--dbname=" + address}
	for _, table := range without {
		args = append(args, "--exclude-table-data="+table)
	}
	return output(i.t, tool, args...)
}

// TestPersonalFieldsStayInTheVault looks for twelve planted fields in everything
// that leaves the tables that own them.
func TestPersonalFieldsStayInTheVault(t *testing.T) {
	t.Parallel()
	r := startPlanted(t)
	r.checkOutside()
	if whole := leaks(r.dump()); !slices.Contains(whole, "title") || !slices.Contains(whole, "reason") || slices.Contains(whole, "phone") {
		t.Errorf("a dump with the vault holds %v", whole)
	}
	if found := leaks(r.dump(owners...)); len(found) > 0 {
		t.Errorf("a dump without the vault holds %v", found)
	}
}
