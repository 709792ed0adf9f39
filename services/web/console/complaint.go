package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/site"
	"heli/services/web/templates"
)

const complaintsPath = "/console/complaints"

func complaintPath(id contract.ComplaintID) string { return complaintsPath + "/" + string(id) }

// complaintViews are the tabs of the queue.
var complaintViews = []view{{"open", []string{"open"}}, {"in_hand", []string{"in_hand"}}, {"closed", []string{"closed"}}}

// mountComplaints adds the pages of complaints.
func (c console) mountComplaints(get, post route) {
	get(complaintsPath, c.complaints)
	get(complaintsPath+"/{id}", c.showComplaint)
	post(complaintsPath+"/{id}/text", c.readComplaint)
	post(complaintsPath+"/{id}/decide", c.decide)
	post("/console/matches/{id}/complain", c.complain)
	post("/console/safeguard", c.nameSafeguard)
}

func (c console) complaints(w http.ResponseWriter, r *http.Request) error {
	return c.complaintsPage(w, r, nil)
}

// complaintsPage lists complaints, with the form that names whom they land with.
func (c console) complaintsPage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	d := c.desk(r, &url.URL{Path: complaintsPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("complaint.queue.title"))
	shown := viewOf(complaintViews, d.Query.Get("queue"))
	listing, err := bus.Call(r.Context(), c.Bus, contract.MatcherComplaints, contract.ListComplaints{State: shown.name})
	if err != nil {
		return c.list(w, r, d, err, nil)
	}
	counts, err := bus.Call(r.Context(), c.Bus, contract.MatcherCountComplaints, contract.Empty{})
	v := templates.Complaints{Rows: listing.Items, Safeguard: c.safeguardForm(r, d, f)}
	v.Tabs = tabsOf(complaintViews, shown, counts.ByState, func(name string) (string, string) {
		return complaintsPath + "?queue=" + name, d.T("complaint.state." + name)
	})
	if f == nil {
		return c.list(w, r, d, err, templates.ConsoleComplaints(d, v))
	}
	d.Notice = c.refused(r, d, f, "", nil, true)
	c.Pages.Render(w, r, page.StatusOf(f.err), templates.ConsoleComplaints(d, v))
	return nil
}

// safeguardForm returns the form for the reader's own organisation, as it was sent
// where it was refused; nil for who may not name anybody.
func (c console) safeguardForm(r *http.Request, d templates.Desk, f *refusal) *templates.SafeguardForm {
	if !access.May(contract.ActorFrom(r.Context()).Role, access.NameSafeguard) {
		return nil
	}
	form := &templates.SafeguardForm{Organisation: ownCode(r), People: []templates.Option{{Value: "", Label: d.T("safeguard.none")}}}
	if o, err := bus.Call(r.Context(), c.Bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: form.Organisation}); err == nil {
		form.Named = o.Safeguard
	}
	people, err := bus.Call(r.Context(), c.Bus, contract.DirectoryPeople, contract.ListPeople{Page: contract.Page{Limit: 100}})
	if err != nil {
		c.Log.WarnContext(r.Context(), "list who may answer for complaints", "error", err)
	}
	for _, person := range people.Items {
		form.People = append(form.People, templates.Option{Value: string(person.ID), Label: person.Name})
	}
	if f != nil {
		form.Organisation, form.Person, form.Errors = f.form.Get("organisation"), f.form.Get("person_id"), templates.ErrorsOf(d.Page, f.err)
	}
	return form
}

func (c console) nameSafeguard(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, complaintsPath, c.complaintsPage, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryNameSafeguard, contract.NameSafeguard{
			Organisation: strings.TrimSpace(form.Get("organisation")), PersonID: contract.PersonID(form.Get("person_id")),
		})
		return "", noOrganisation(err)
	})
}

func (c console) showComplaint(w http.ResponseWriter, r *http.Request) error {
	return c.complaintPage(w, r, nil, "")
}

func (c console) complaint(r *http.Request) (contract.Complaint, error) {
	return bus.Call(r.Context(), c.Bus, contract.MatcherComplaint, contract.ComplaintByID{ID: contract.ComplaintID(chi.URLParam(r, "id"))})
}

// complaintPage shows a complaint: after a refusal with why, after a recorded
// reading with its words.
func (c console) complaintPage(w http.ResponseWriter, r *http.Request, f *refusal, text string) error {
	complaint, err := c.complaint(r)
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: complaintPath(complaint.ID), RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("complaint.queue.title"))
	v := templates.ComplaintView{Complaint: complaint, Text: text}
	status := http.StatusOK
	if f != nil {
		status = page.StatusOf(f.err)
		v.Errors, v.Outcome = templates.ErrorsOf(d.Page, f.err), f.form.Get("outcome")
		d.Notice = c.refused(r, d, f, "", nil, true)
	}
	c.Pages.Render(w, r, status, templates.ConsoleComplaint(d, v))
	return nil
}

// readComplaint shows the words, in the answer itself: each reading is recorded.
func (c console) readComplaint(w http.ResponseWriter, r *http.Request) error {
	complaint, err := c.complaint(r)
	if err != nil {
		return err
	}
	text, err := site.ReadComplaint(r.Context(), c.Bus, complaint)
	if fault.Is(err, fault.NotFound) {
		text, err = c.Pages.Printer(r).T("complaint.no_words"), nil
	}
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refuseComplaint)
	}
	return c.complaintPage(w, r, nil, text)
}

func (c console) refuseComplaint(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.complaintPage(w, r, f, "")
}

func (c console) decide(w http.ResponseWriter, r *http.Request) error {
	id := contract.ComplaintID(chi.URLParam(r, "id"))
	return c.act(w, r, complaintPath(id), c.refuseComplaint, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.MatcherDecide, contract.DecideComplaint{
			ID: id, Move: form.Get("move"), Outcome: form.Get("outcome"), Reinstate: form.Get("reinstate") == "yes",
			Together: form.Get("together") == "on", Version: versionOf(form),
		})
		return "", err
	})
}

// complain enters a complaint about one side of a match: what protects people
// first, then the words.
func (c console) complain(w http.ResponseWriter, r *http.Request) error {
	id := contract.MatchID(chi.URLParam(r, "id"))
	return c.act(w, r, matchPath(id), c.matchPage, func(ctx context.Context, form url.Values) (string, error) {
		text := strings.TrimSpace(strings.ReplaceAll(form.Get("text"), "\r\n", "\n"))
		if text == "" {
			return templates.FormComplaint, fault.NewInvalid(fault.Field{Location: "text", Code: "required"})
		}
		q := contract.FileComplaint{
			ID: contract.ComplaintID(form.Get("id")), MatchID: id, Kind: contract.ComplaintKind(form.Get("kind")), About: contract.Side(form.Get("about")),
		}
		if apart := form.Get("apart"); apart != "" {
			q.Apart = new(apart == "yes")
		}
		filed, err := bus.Call(ctx, c.Bus, contract.MatcherComplain, q)
		if err != nil {
			return templates.FormComplaint, err
		}
		return templates.FormComplaint, site.KeepComplaint(ctx, c.Bus, filed, text)
	})
}

// complaintForm returns the form on the page of a match, as it was sent where it
// was refused; nil for who may not complain.
func complaintForm(ctx context.Context, d templates.Desk, id contract.MatchID, f *refusal) *templates.ComplaintForm {
	if !access.May(contract.ActorFrom(ctx).Role, access.Complain) {
		return nil
	}
	form := &templates.ComplaintForm{Action: matchPath(id) + "/complain", ID: contract.NewID[string](), Match: string(id)}
	if f == nil || f.name != templates.FormComplaint {
		return form
	}
	form.ID, form.About = f.form.Get("id"), contract.Side(f.form.Get("about"))
	form.Kind, form.Text, form.Apart = f.form.Get("kind"), f.form.Get("text"), f.form.Get("apart")
	form.Errors = templates.ErrorsOf(d.Page, f.err)
	return form
}

// openComplaints counts the complaints that nobody has in hand, for the badge of
// the navigation; none while the matcher cannot be asked.
func (c console) openComplaints(ctx context.Context) int64 {
	if !access.May(contract.ActorFrom(ctx).Role, access.HandleComplaints) {
		return 0
	}
	counts, err := bus.Call(ctx, c.Bus, contract.MatcherCountComplaints, contract.Empty{})
	if err != nil {
		c.Log.DebugContext(ctx, "count complaints", "error", err)
	}
	return counts.ByState["open"]
}
