package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/services/web/site"
)

// ownTables says of every table of every service what a person's own export has of
// it: the part that shows it, or why nothing does. A new table is not in it, and
// fails the test until somebody has decided.
var ownTables = map[string]string{
	"request.requests": "request", "request.need_lines": "request.need_lines", "request.contacts": "contact",
	"request.history": "request.history", "request.complaints": "beside_request.complaints", "request.attachments": "beside_request.attachments",
	"request.notes": "beside_request.notes", "request.publications": "beside_request.published", "request.follow_ups": "beside_request.follow_up_at",
	"request.places":       "matching.appointments",
	"request.line_matches": "- the matches, again", "request.person_keys": "- keys of what is shown in clear",
	"request.mentions": "- which colleague is to read a note", "request.duplicates": "- others' requests; their number is request.repeats",
	"request.reminders": "- that staff were reminded of it", "request.idempotency": "- answers to repeats: ids, and words that the request has",
	"request.changed": nobodysData, "request.tally": nobodysData, "request.erasure_cursor": nobodysData,

	"offer.offers": "offer", "offer.offer_lines": "offer.offer_lines", "offer.contacts": "contact", "offer.history": "offer.history",
	"offer.helpers": "offer.helper_id", "offer.complaints": "beside_offer.complaints", "offer.notes": "beside_offer.notes",
	"offer.publications": "beside_offer.published", "offer.sessions": "beside_offer.sessions", "offer.reminders": "beside_offer.reminders",
	"offer.line_matches": "- the matches, again", "offer.person_keys": "- keys of what is shown in clear",
	"offer.suspensions": "- keyed digests; that an offer rests is offer.suspended", "offer.idempotency": "- answers to repeats: ids, and words that the offer has",
	"offer.rosters":        "- names of who came to a group, kept by session and by no id of theirs: the organisation answers",
	"offer.erasure_cursor": nobodysData,

	"matcher.matches": "matches", "matcher.asks": "asks", "matcher.history": "matching.steps", "matcher.complaints": "matching.complaints",
	"matcher.appointments": "matching.appointments", "matcher.helper_load": "matching.weeks",
	"matcher.requests": "- copy of the request without words", "matcher.needs": "- copy of the request without words",
	"matcher.helper_limits": "- copy of what the offer shows of a helper's week",
	"matcher.offers":        "- copy of the offer without words", "matcher.offer_lines": "- copy of the offer without words",
	"matcher.capacity": "- what is reserved, shown by the matches", "matcher.blocks": "- keyed digests of two people: tells one about the other",
	"matcher.refused": "- pairs that are not suggested: tells one about the other", "matcher.waves": "- how often helpers were looked for",
	"matcher.plans": "- pairs of a moment, gone after a day", "matcher.reminders": "- that staff were reminded of it",
	"matcher.idempotency": "- answers to repeats: ids alone", "matcher.policies": nobodysData, "matcher.calendars": nobodysData,

	"notify.messages": "messages", "notify.message_attempts": "messages.tries",
	"notify.events": "- ids and states, as the histories have them", "notify.feed": "- ids and states, as the histories have them",
	"notify.deliveries": "- ids and states, as the histories have them", "notify.attempts": "- ids and states, as the histories have them",
	"notify.idempotency": nobodysData, "notify.feed_heads": nobodysData, "notify.endpoints": nobodysData, "notify.endpoint_secrets": nobodysData,

	"directory.audit":   "readings",
	"directory.erasure": "- that somebody was erased, whose token ended with it", "directory.erasure_head": nobodysData, "directory.audit_head": nobodysData,
	"directory.region": nobodysData, "directory.category": nobodysData, "directory.item": nobodysData, "directory.campaign": nobodysData,
	"directory.reference": nobodysData, "directory.organisation": nobodysData, "directory.campaign_organisation": nobodysData,
	"directory.person": ofStaff, "directory.person_role": ofStaff, "directory.login": ofStaff, "directory.api_key": ofStaff, "directory.factor": ofStaff,
	"directory.recovery_code": ofStaff, "directory.notice": ofStaff, "directory.subject": ofStaff, "directory.alert": ofStaff,

	"web.spool": "- waits for its service, sealed, and is gone then", "web.spool_alias": "- ids of one submission",
	"web.failed_try": "- digests, gone within an hour", "web.attempt": "- digests of who tries to sign in", "web.spent_challenge": nobodysData,
	"web.sessions":     "- which thing a device has open, sealed and forgotten with it",
	"web.inbound_post": "- what another program sent: its content is gone once it is a request", "web.upload_thing": "- ids of what was imported",
	"web.inbound_form": nobodysData, "web.upload_mapping": nobodysData,
	"web.upload": ofStaff, "web.signed_in": ofStaff, "web.saved_view": ofStaff, "web.first_view": ofStaff,
}

const (
	nobodysData = "- nobody's data"
	ofStaff     = "- of staff, who see it in their account"
)

// plumbing are the tables that every service has to send and to hear facts: ids
// and states, no words.
var plumbing = []string{"outbox", "outbox_stream", "inbox", "dead_letters", "key_check", "goose_db_version"}

// TestOwnDataKnowsEveryTable compares the tables that there are with those of which
// somebody decided what the export shows, and shows each part with something in it.
func TestOwnDataKnowsEveryTable(t *testing.T) {
	t.Parallel()
	w := plantTree(t)
	address := w.open()
	w.plantOwn()
	const list = `SELECT table_schema || '.' || table_name FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' AND table_schema IN ('request', 'offer', 'matcher', 'notify', 'directory', 'web')`
	var tables []string
	if err := w.world.Database.Admin(t).SelectContext(t.Context(), &tables, list); err != nil {
		t.Fatal(err)
	}
	requester, text := w.ownExport(address, string(w.own.request.ID))
	if strings.Contains(text, string(w.own.complaint.ID)) || strings.Contains(text, string(w.own.reported.ID)) {
		t.Errorf("the requester is told what others complained of: %s", text)
	}
	helper, text := w.ownExport(address, string(w.own.offer.ID))
	if strings.Contains(text, string(w.own.complaint.ID)) || !strings.Contains(text, string(w.own.reported.ID)) {
		t.Errorf("the helper is told what others complained of, or not what they did: %s", text)
	}
	asked, _ := w.ownExport(address, string(w.own.ask.OfferID))
	for _, table := range tables {
		_, name, _ := strings.Cut(table, ".")
		shown, known := ownTables[table]
		switch {
		case slices.Contains(plumbing, name):
		case !known:
			t.Errorf("%s is new: say in ownTables what a person's own export shows of it", table)
		case !strings.HasPrefix(shown, "-") && !holdsPart([]any{requester, helper, asked}, shown):
			t.Errorf("%s: the export has nothing in %s", table, shown)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(ownTables)) {
		if !slices.Contains(tables, table) {
			t.Errorf("%s is not there any more", table)
		}
	}
}

// plantOwn adds what the tree has not: a word of each side, and what staff keep.
func (w *tree) plantOwn() {
	w.t.Helper()
	coordinator := actor(contract.RoleCoordinator, "xian")
	w.complaint(holder(contract.RoleRequester, w.own.request.ID), w.own.match)
	ask(w, coordinator, contract.RequestNote, note(string(w.own.request.ID)))
	ask(w, coordinator, contract.OfferNote, note(string(w.own.offer.ID)))
	ask(w, coordinator, contract.RequestFollowUp, contract.FollowUp{ID: w.own.request.ID, At: new(w.world.Clock.Now().AddDate(0, 0, 1))})
	ask(w, coordinator, contract.RequestPublish, contract.Publish{ID: string(w.own.request.ID), Title: "demo"})
	ask(w, coordinator, contract.OfferPublish, contract.Publish{ID: string(w.own.offer.ID), Title: "demo"})
	ask(w, coordinator, contract.OfferRecordSession, contract.RecordSession{Draft: contract.SessionDraft{
		ID: contract.NewID[contract.SessionID](), HeldOn: "2020-02-15", Minutes: 50, People: 1, Mode: contract.ModeRemote, Category: "psych",
		MatchID: w.own.match.ID, Confirmed: true,
	}})
	// What only time makes.
	db := w.world.Database.Admin(w.t)
	message := contract.NewID[string]()
	for _, q := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO notify.messages (id, kind, thing, subject_id, occasion, org_path, critical, channel, state, created_at)
			VALUES ($1, 'found', 'request', $2, 'demo', $3, false, 'sms', 'delivered', now())`, []any{message, w.own.request.ID, paths["xian"]}},
		{`INSERT INTO notify.message_attempts VALUES ($1, 1, now(), 200, '', 5)`, []any{message}},
		{`INSERT INTO offer.reminders VALUES ($1, 'stands', now(), now())`, []any{w.own.offer.ID}},
	} {
		if _, err := db.ExecContext(w.t.Context(), q.text, q.args...); err != nil {
			w.t.Fatal(err)
		}
	}
}

// ownExport is the file that the holder of a tracking token gets, taken apart and
// as it came.
func (w *tree) ownExport(address, id string) (map[string]any, string) {
	w.t.Helper()
	b := routeCaller{w.t, address, http.Header{
		"Origin": {publicURL}, "Cookie": {"heli_track=" + site.Token(w.world.Keys, site.Track, id, 0)},
	}}
	got := b.send(http.MethodPost, "/track/data.json", "")
	var export map[string]any
	if err := json.Unmarshal([]byte(got.body), &export); err != nil || got.status != http.StatusOK {
		w.t.Fatalf("the export answers %d: %v: %s", got.status, err, got.body)
	}
	return export, got.body
}

// holdsPart reports whether something is in a part of an export, however deep.
func holdsPart(export any, path string) bool {
	if list, ok := export.([]any); ok {
		return slices.ContainsFunc(list, func(item any) bool { return holdsPart(item, path) })
	}
	if path == "" {
		text, err := json.Marshal(export)
		return err == nil && !slices.Contains([]string{"null", "0", `""`, "[]", "{}", "false"}, string(text))
	}
	object, ok := export.(map[string]any)
	if !ok {
		return false
	}
	name, rest, _ := strings.Cut(path, ".")
	return holdsPart(object[name], rest)
}
