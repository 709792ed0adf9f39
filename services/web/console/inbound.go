package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/importer"
	"heli/services/web/inbound"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const formsPath = "/console/forms"

func formPath(id string) string { return formsPath + "/" + id }

// mountForms adds the pages of forms of other programs.
func (c console) mountForms(get, post route) {
	get(formsPath, c.forms)
	post(formsPath, c.createForm)
	get(formsPath+"/{id}", c.showForm)
	post(formsPath+"/{id}", c.changeForm)
	post(formsPath+"/{id}/post", c.handlePost)
}

func (c console) forms(w http.ResponseWriter, r *http.Request) error { return c.formsPage(w, r, nil) }

func (c console) formsPage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	d := c.desk(r, &url.URL{Path: formsPath}, c.Pages.Printer(r).T("inbound.title"))
	all, err := c.Forms.List(r.Context())
	v := templates.Forms{Rows: all, Kind: string(importer.Needs)}
	if f == nil || err != nil {
		return c.list(w, r, d, err, templates.ConsoleForms(d, v))
	}
	v.Name, v.Kind, v.Errors = f.form.Get("name"), f.form.Get("kind"), templates.ErrorsOf(d.Page, f.err)
	d.Notice = c.refused(r, d, f, "", nil, true)
	c.Pages.Render(w, r, page.StatusOf(f.err), templates.ConsoleForms(d, v))
	return nil
}

// createForm makes a form and shows its secret, in the answer itself.
func (c console) createForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	form, secret, err := c.Forms.Create(r.Context(), importer.Kind(r.PostForm.Get("kind")), inbound.Settings{Name: r.PostForm.Get("name")})
	if err != nil {
		return c.refuse(w, r, &refusal{err: err, form: r.PostForm}, c.formsPage)
	}
	return c.formPage(w, r, form.ID, shownForm{secret: secret})
}

// shownForm is what a page of a form shows besides: a new secret, a post that is
// being read, or what was refused.
type shownForm struct {
	secret string
	opened *inbound.Opened
	typed  url.Values
	f      *refusal
}

func (c console) showForm(w http.ResponseWriter, r *http.Request) error {
	return c.formPage(w, r, chi.URLParam(r, "id"), shownForm{})
}

func (c console) formPage(w http.ResponseWriter, r *http.Request, id string, s shownForm) error {
	form, err := c.Forms.Get(r.Context(), id)
	if err != nil {
		return err
	}
	waiting, err := c.Forms.Posts(r.Context(), id, inbound.Look)
	if err != nil {
		return err
	}
	latest, err := c.Forms.Posts(r.Context(), id, "")
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: formPath(id), RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("inbound.title"))
	v := templates.FormView{
		Form: form, Address: c.PublicURL + "/inbound/" + id, Secret: s.secret, Waiting: waiting, Latest: latest[:min(len(latest), latestPosts)],
		Keys: templates.Options(withMapped(form)), Choices: c.valueChoices(d), Opened: s.opened, Typed: s.typed,
		MayRead: access.May(contract.ActorFrom(r.Context()).Role, access.ReadContact),
	}
	if len(form.Mapping.Columns) == 0 {
		v.Form.Mapping.Columns = importer.Guess(form.Kind, form.Keys).Columns
	}
	status := http.StatusOK
	if s.f != nil {
		status = page.StatusOf(s.f.err)
		v.Errors = templates.ErrorsOf(d.Page, s.f.err)
		d.Notice = c.refused(r, d, s.f, "", nil, true)
	}
	c.Pages.Render(w, r, status, templates.ConsoleForm(d, v))
	return nil
}

// latestPosts is how many posts of any state the page of a form lists.
const latestPosts = 10

// withMapped are the keys that posts had, and those that were typed before any came.
func withMapped(f inbound.Form) []string {
	keys := append([]string{}, f.Keys...)
	seen := map[string]bool{}
	for _, key := range keys {
		seen[key] = true
	}
	for _, field := range importer.Fields(f.Kind) {
		if key := f.Mapping.Columns[field]; key != "" && !seen[key] {
			keys, seen[key] = append(keys, key), true
		}
	}
	return keys
}

// changeForm does what the button of the form says. A new secret is shown in the
// answer itself.
func (c console) changeForm(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	again := func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.formPage(w, r, id, shownForm{f: f})
	}
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	if r.PostForm.Get("act") == "rotate" {
		secret, err := c.Forms.Rotate(r.Context(), id)
		if err != nil {
			return c.refuse(w, r, &refusal{err: err}, again)
		}
		return c.formPage(w, r, id, shownForm{secret: secret})
	}
	return c.act(w, r, formPath(id), again, func(ctx context.Context, form url.Values) (string, error) {
		switch form.Get("act") {
		case "disable", "enable":
			return "", c.Forms.Enable(ctx, id, form.Get("act") == "enable")
		case "again":
			_, err := c.Forms.TakeAll(ctx, id)
			return "", err
		}
		version, settings := formSettings(form)
		return "", c.Forms.Set(ctx, id, version, settings)
	})
}

// formSettings reads the settings of a form, at the version that was looked at.
func formSettings(form url.Values) (int64, inbound.Settings) {
	perMinute, err := strconv.Atoi(strings.TrimSpace(form.Get("per_minute")))
	if err != nil {
		perMinute = -1 // told as out of range
	}
	version := int64(0)
	if seen := versionOf(form); seen != nil {
		version = *seen
	}
	return version, inbound.Settings{
		Name: form.Get("name"), Mapping: mappingFrom(form), Proof: inbound.Proof(form.Get("proof")), Header: form.Get("header"),
		SubmissionID: form.Get("submission_id"), PerMinute: perMinute, Consent: form.Get("consent"),
	}
}

// handlePost reads a post, which is recorded, takes it in as it was put right, or
// drops it.
func (c console) handlePost(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	id, post, form := chi.URLParam(r, "id"), r.PostForm.Get("post"), r.PostForm
	var err error
	switch form.Get("act") {
	case "take":
		_, err = c.Forms.Correct(r.Context(), id, post, correctedFrom(form))
	case "drop":
		err = c.Forms.Drop(r.Context(), id, post)
	default:
		return c.readPost(w, r, id, post, nil)
	}
	if err != nil {
		return c.refuse(w, r, &refusal{err: err, form: form}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.readPost(w, r, id, post, f)
		})
	}
	return done(w, r, formPath(id))
}

// readPost shows what a post holds, after a refusal as it was put right.
func (c console) readPost(w http.ResponseWriter, r *http.Request, id, post string, f *refusal) error {
	opened, err := c.Forms.Open(r.Context(), id, post)
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.formPage(w, r, id, shownForm{f: f})
		})
	}
	s := shownForm{opened: &opened, f: f}
	if f != nil {
		s.typed = f.form
	}
	return c.formPage(w, r, id, s)
}

func correctedFrom(form url.Values) map[string]string {
	values := map[string]string{}
	for name := range form {
		if field, ok := strings.CutPrefix(name, "field."); ok {
			values[field] = strings.TrimSpace(form.Get(name))
		}
	}
	return values
}
