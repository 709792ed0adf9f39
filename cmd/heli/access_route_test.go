package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/access"
	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/services/web"
)

// publicURL has a host that browsers make passkeys for.
const publicURL = "http://localhost"

// open serves web over the tree and returns its address.
func (w *tree) open() string {
	w.t.Helper()
	d := w.world.Deps(w.t, "web")
	server, err := web.New(w.t.Context(), d, web.Config{Listen: "127.0.0.1:0", PublicURL: publicURL})
	if err != nil {
		w.t.Fatal(err)
	}
	w.start(d, func(ctx context.Context, _ app.Deps) error { return server.Run(ctx) })
	return "http://" + server.Address()
}

// routeCaller sends what the matrix sends, as one role of one organisation.
type routeCaller struct {
	t       *testing.T
	address string
	header  http.Header
}

// key is who calls the API with a key of the role, page who is signed in.
func (w *tree) key(address, code string, role contract.Role) routeCaller {
	w.t.Helper()
	made := ask(w, contract.System(), contract.DirectoryMakeAPIKey, contract.MakeAPIKey{Organisation: code, Role: role, Name: "demo"})
	return routeCaller{w.t, address, http.Header{"Authorization": {"Bearer " + made.Key}, "Content-Type": {"application/json"}}}
}

func (w *tree) page(address, code string, role contract.Role) routeCaller {
	w.t.Helper()
	person := ask(w, contract.System(), contract.DirectoryAddPerson, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: "演示", Role: role, Organisation: code, Demo: true,
	})
	login := ask(w, contract.System(), contract.DirectoryMakeLogin, contract.MakeLogin{PersonID: person.ID})
	b := routeCaller{w.t, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {publicURL}}}
	response := b.send(http.MethodPost, "/console/login", url.Values{"token": {login.Secret}}.Encode())
	for _, cookie := range response.header["Set-Cookie"] {
		b.header.Add("Cookie", strings.Split(cookie, ";")[0])
	}
	return b
}

type shown struct {
	status int
	header http.Header
	body   string
}

func (b routeCaller) send(method, path, body string) shown {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), waitLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, b.address+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header = b.header.Clone()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return shown{response.StatusCode, response.Header, string(content)}
}

// route is a row of the table as the matrix sends it.
type route struct {
	call
	method, pattern string
	// query and body are sent with it; an id in them is that of the thing, too, and
	// {new} one that nothing has.
	query, body string
	attachment  contract.AttachmentID
	ask         contract.AskID
}

// inBodies are the routes whose body or query names the thing.
func inBodies(own things) map[string]route {
	return map[string]route{
		"POST /console/organisations/{id}":                {call: call{thing: organisation}, body: "name=demo&kind=charity&level=city&region_code=610000&version=1099511627776"},
		"POST /console/organisations/{id}/end":            {call: call{thing: organisation}, body: "reason=demo&version=1099511627776"},
		"POST /console/pool":                              {call: call{thing: anOffer, reads: access.ReadOffers}, body: "move=pause&id={id}&version=1099511627776"},
		"GET /console/policies/edit":                      {query: "?version=1"},
		"POST /console/categories":                        {call: call{byRoot: true}},
		"GET /console/letters":                            {call: call{thing: list, byRoot: true}},
		"POST /console/letters/replay":                    {call: call{byRoot: true}, body: "service=offer"},
		"POST /console/letters/drop":                      {call: call{byRoot: true}, body: "service=offer"},
		"POST /api/v1/matches":                            {call: call{thing: aPair}, body: fmt.Sprintf(`{"need_line_id":"{id}","offer_line_id":%q,"quantity":1}`, own.offer.OfferLines[0].ID)},
		"POST /api/v1/plan/confirm":                       {call: call{thing: aPlan}, body: `{"plan_id":"{id}","pairs":[{"need_line_id":"none","offer_line_id":"none"}]}`},
		"POST /api/v1/policies":                           {call: call{thing: organisation}, body: `{"organisation":"{id}","category":"goods","document":null,"reason":"demo"}`},
		"POST /api/v1/policies/dry_run":                   {call: call{thing: organisation}, body: `{"organisation":"{id}","document":{"none":1}}`},
		"POST /api/v1/people":                             {call: call{thing: organisation}, body: `{"name":"演示","role":"helper","organisation":"{id}"}`},
		"POST /api/v1/people/{id}/link":                   {call: call{thing: aPerson}, body: `{}`},
		"POST /api/v1/people/{id}/roles":                  {call: call{thing: aPerson}, body: `{"role":"helper","organisation":"xian"}`},
		"POST /api/v1/keys":                               {call: call{thing: organisation}, body: `{"name":"demo","role":"helper","organisation":"{id}"}`},
		"POST /console/people":                            {call: call{thing: organisation}, body: "name=demo&role=helper&organisation={id}&id={new}"},
		"POST /console/people/{id}/grant":                 {call: call{thing: aPerson}, body: "role=helper&organisation=xian"},
		"POST /console/people/{id}/withdraw":              {call: call{thing: aPerson}, body: "role={new}"},
		"POST /console/keys":                              {call: call{thing: organisation}, body: "name=demo&role=helper&organisation={id}&expires_at=2027-01-01&id={new}"},
		"POST /api/v1/sessions/{id}/void":                 {call: call{thing: aSession}, body: `{"reason":"other"}`},
		"GET /api/v1/requests/{id}/verdict":               {call: call{thing: aRequest}, query: "?offer_id=" + string(own.offer.ID)},
		"GET /api/v1/requests/{id}/waves":                 {call: call{thing: aRequest}},
		"GET /api/v1/requests/{id}/suggestions":           {call: call{thing: aRequest}},
		"PATCH /api/v1/requests/{id}":                     {call: call{thing: aRequest, reads: access.ReadRequests}, body: `{"version":1099511627776}`},
		"PATCH /api/v1/offers/{id}":                       {call: call{thing: anOffer, reads: access.ReadOffers}, body: `{"version":1099511627776}`},
		"POST /api/v1/requests/{id}/refer":                {call: call{thing: aRequest, reads: access.ReadRequests}, body: `{"version":1099511627776,"reason":"other","to":"hubei"}`},
		"POST /api/v1/offers/{id}/credentials/{n}/verify": {call: call{thing: anOffer, reads: access.ReadOffers}, body: `{"version":1099511627776}`},
		"POST /console/requests/{id}/contact":             {call: call{thing: aRequest, reads: access.ReadRequests}, body: "reason=demo"},
		"POST /console/requests/{id}/link":                {call: call{thing: aRequest, reads: access.ReadRequests}, body: "other={id}&do=link"},
		"PUT /api/v1/webhooks/{id}/schedule":              {call: call{thing: aWebhook}, body: `{}`},
		"PATCH /api/v1/webhooks/{id}":                     {call: call{thing: aWebhook}, body: `{"version":1099511627776}`},
		"PUT /api/v1/matches/{id}/appointment":            {call: call{thing: aMatch, reads: access.ReadMatches}, body: `{"start":"2030-02-14T09:30","end":"2030-02-14T10:30","zone":"Asia/Shanghai","version":1099511627776}`},
		"PUT /api/v1/sessions/{id}/roster":                {call: call{thing: aSession}, body: `{"names":[]}`},
		"POST /api/v1/sessions/{id}/roster/read":          {call: call{thing: aSession}, body: `{"reason":"demo"}`},
		"POST /console/requests/{id}/notes":               {call: call{thing: aRequest, reads: access.ReadRequests}, body: "text=demo&note_id=" + contract.NewID[string]()},
		"POST /console/offers/{id}/contact":               {call: call{thing: anOffer, reads: access.ReadOffers}, body: "reason=demo"},
		"POST /console/offers/{id}/notes":                 {call: call{thing: anOffer, reads: access.ReadOffers}, body: "text=demo&note_id=" + contract.NewID[string]()},
		"POST /console/requests/{id}/propose":             {call: call{thing: aRequest, reads: access.ReadRequests}, body: fmt.Sprintf("need_line_id=%s&offer_line_id=%s&quantity=1&match_id=%s", own.request.NeedLines[0].ID, own.offer.OfferLines[0].ID, contract.NewID[string]())},
		"POST /console/matches/{id}/complain":             {call: call{thing: aMatch, reads: access.ReadMatches}, body: "about=requester&kind=rude&apart=no&text=demo&id={new}"},
		"POST /console/forms/{id}/post":                   {call: call{thing: aForm, asks: access.ReadContact}, body: "act=read&post=" + own.post},
		"PUT /api/v1/forms/{id}":                          {call: call{thing: aForm}, body: `{"version":1099511627776,"name":"demo"}`},
		"POST /api/v1/forms/{id}/rotate":                  {call: call{thing: aForm}},
		"POST /api/v1/forms/{id}/enable":                  {call: call{thing: aForm}},
		"POST /api/v1/forms/{id}/disable":                 {call: call{thing: aForm}},
		"POST /api/v1/requests/{id}/notes":                {call: call{thing: aRequest, reads: access.ReadRequests}, body: `{"text":"demo"}`},
		"POST /api/v1/offers/{id}/notes":                  {call: call{thing: anOffer, reads: access.ReadOffers}, body: `{"text":"demo"}`},
		"POST /api/v1/requests/{id}/edit":                 {call: call{thing: aRequest, reads: access.ReadRequests}, body: `{"was":{"title":"a","description":"","urgency":"urgent","lines":[]},"now":{"title":"b","description":"","urgency":"urgent","lines":[]}}`},
		"POST /api/v1/requests/{id}/link":                 {call: call{thing: aRequest, reads: access.ReadRequests}, body: `{"other_id":"{id}"}`},
		"POST /api/v1/requests/{id}/unlink":               {call: call{thing: aRequest, reads: access.ReadRequests}, body: `{"other_id":"{id}"}`},
		"POST /console/safeguard":                         {call: call{thing: organisation}, body: "organisation={id}&person_id="},
		"POST /console/offers/{id}/credentials/{n}":       {call: call{thing: anOffer, reads: access.ReadOffers}, body: "version=1099511627776"},
	}
}

// kinds are the things of routes by the part of the pattern before their id.
var kinds = map[string]call{
	"requests": {thing: aRequest, reads: access.ReadRequests}, "offers": {thing: anOffer, reads: access.ReadOffers},
	"matches": {thing: aMatch, reads: access.ReadMatches}, "asks": {thing: anAsk}, "need_lines": {thing: aPair}, "webhooks": {thing: aWebhook},
	"forms": {thing: aForm}, "imports": {thing: anUpload, reads: access.MakeFirst},
	"complaints": {thing: aComplaint}, "people": {thing: aPerson}, "keys": {thing: aKey}, "sessions": {thing: aSession}, "calendars": {thing: aCalendar}, "organisations": {thing: organisation},
}

// routesOf are the rows of the table below a prefix, but those that everybody
// reaches and the streams that never end.
func routesOf(prefix string, own things) []route {
	var all []route
	special := inBodies(own)
	for _, row := range access.Routes() {
		method, pattern, _ := strings.Cut(row, " ")
		if rest, below := strings.CutPrefix(pattern, prefix); !below || rest != "" && rest[0] != '/' || unlimited[pattern] {
			continue
		}
		r, named := special[row]
		if before, after, hasID := strings.Cut(strings.TrimPrefix(pattern, prefix), "{id}"); hasID && !named {
			r.call = kinds[strings.Trim(before, "/")]
			if method == http.MethodPost && r.thing != aWebhook {
				r.body = map[string]string{"/api/v1": `{"version":1099511627776,"reason":"other"}`, "/console": "move=hold&reason=other&version=1099511627776"}[prefix]
			}
			if after == "/answer_link" || strings.HasPrefix(after, "/wave") {
				r.body = ""
			}
		}
		r.method, r.pattern, r.subject, r.attachment, r.ask = method, pattern, row, own.attachment.ID, own.ask.ID
		if r.thing == noThing && method == http.MethodGet {
			r.thing = list
		}
		all = append(all, r)
	}
	return all
}

// unlimited are pages without a limit by role, and the stream of what changed.
var unlimited = map[string]bool{
	"/console/login": true, "/console/login/code": true, "/console/login/account": true, "/console/login/account/callback": true,
	"/console/login/passkey": true, "/console/login/passkey/ask": true, "/console/logout": true, "/console/style": true, "/console/live": true,
	"/api/v1/docs": true, "/api/v1/docs/{operation}": true, "/api/v1/openapi.json": true, "/api/v1/categories": true, "/api/v1/regions": true, "/api/v1/items": true,
}

// forgiving are routes that take what is not there for done.
var forgiving = map[string]bool{"POST /console/webhooks/{id}/remove": true}

// typed are forms that take a code which somebody types: another's and an unknown
// one are a wrong field.
var typed = map[string]bool{"POST /console/people": true, "POST /console/keys": true, "POST /console/safeguard": true}

func (r route) to(id string) (path, body string) {
	return strings.NewReplacer("{id}", id, "{attachment}", string(r.attachment), "{ask}", string(r.ask), "{n}", "1", "{role_id}", contract.NewID[string]()).Replace(r.pattern) + r.query,
		strings.ReplaceAll(r.body, "{id}", id)
}

// TestMatrixOfRoutes is TestMatrixOfCalls through the API and the console.
func TestMatrixOfRoutes(t *testing.T) {
	t.Parallel()
	w := plantTree(t)
	address := w.open()
	for prefix, enter := range map[string]func(address, code string, role contract.Role) routeCaller{"/api/v1": w.key, "/console": w.page} {
		routes := routesOf(prefix, w.own)
		for _, c := range w.parties() {
			if !c.Staff() || c.relation == themselves {
				continue
			}
			b := enter(address, codeOf(c.Path), c.Role)
			for _, r := range routes {
				w.try(b, c, r)
			}
		}
	}
	w.seesItsOwn()
}

func codeOf(path string) string {
	parts := strings.Split(path, "/")
	return parts[len(parts)-2]
}

func (w *tree) try(b routeCaller, c party, r route) {
	w.t.Helper()
	want := c.wantOf(r)
	id := w.id(r.call, want == reached)
	r.body = strings.ReplaceAll(r.body, "{new}", contract.NewID[string]())
	path, body := r.to(id)
	got := b.send(r.method, path, body)
	if !contract.Checked {
		w.showsNothing(r, c, got)
		return
	}
	outcome := map[int]string{http.StatusForbidden: forbidden, http.StatusNotFound: unknown}[got.status]
	if outcome == "" && got.status != http.StatusUnauthorized && got.status < 500 {
		outcome = reached
	}
	if want == unknown && forgiving[r.subject] {
		outcome = map[string]string{reached: unknown}[outcome]
	}
	if want == unknown && typed[r.subject] && got.status == http.StatusUnprocessableEntity {
		outcome = unknown
	}
	if outcome != want {
		w.t.Errorf("%s as %s %s: %d, want %s: %.300s", r.subject, c.relation, c.Role, got.status, want, got.body)
	}
	w.showsNothing(r, c, got)
	if want == unknown {
		none := nobodys(r.thing)
		path, body := r.to(none)
		if other := b.send(r.method, path, body); other.status != got.status || strings.ReplaceAll(other.body, none, id) != got.body {
			w.t.Errorf("%s as %s %s tells another's from what is not there:\n%s\n%s", r.subject, c.relation, c.Role, got.body, other.body)
		}
	}
}

// wantOf is the outcome that the table of pkg/access gives for a route.
func (c party) wantOf(r route) string {
	rule, _ := access.OfRoute(r.method, r.pattern)
	return c.under(rule, r.call)
}

// showsNothing fails when an answer to who must not see xian's things shows one.
func (w *tree) showsNothing(r route, c party, got shown) {
	w.t.Helper()
	if c.sees || got.status >= 400 {
		return
	}
	asked, _ := r.to(w.id(r.call, false))
	for _, mark := range w.own.marks() {
		if !strings.Contains(asked, mark) && strings.Contains(got.body, mark) {
			w.t.Errorf("%s shows %s %s what is not theirs", r.subject, c.relation, c.Role)
		}
	}
	if r.thing != list && r.thing != noThing && !forgiving[r.subject] {
		w.t.Errorf("%s lets %s %s reach what is not theirs: %d %.200s", r.subject, c.relation, c.Role, got.status, got.body)
	}
}
