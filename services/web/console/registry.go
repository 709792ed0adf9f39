package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const (
	organisationsPath = "/console/organisations"
	newOrganisation   = "/console/registry/new"
)

// mountAdministration adds the administrator's pages. What changes who may do what
// asks for a fresh proof.
func (c console) mountAdministration(r chi.Router) {
	get := func(path string, show func(http.ResponseWriter, *http.Request) error) {
		r.Get(path, c.Pages.Handle(permitted(http.MethodGet, path, show)))
	}
	post := func(path string, act func(http.ResponseWriter, *http.Request) error) {
		r.Post(path, c.Pages.Handle(permitted(http.MethodPost, path, act)))
	}
	get(newOrganisation, c.showNewOrganisation)
	post(newOrganisation, c.createOrganisation)
	get(organisationsPath+"/{id}", c.showOrganisation)
	post(organisationsPath+"/{id}", c.reviseOrganisation)
	post(organisationsPath+"/{id}/end", c.fresh(c.endOrganisation))
	get(categoriesPath, c.categories)
	post(categoriesPath, c.putCategory)
	get(policiesPath, c.policies)
	post(policiesPath, c.publishPolicy)
	get(policiesPath+"/edit", c.editPolicy)
	post(policiesPath+"/try", c.tryPolicy)
	get(lettersPath, c.letters)
	post(lettersPath+"/replay", c.replayLetters)
	post(lettersPath+"/drop", c.fresh(c.dropLetters))
	get(auditPath, c.audit)
	post(auditPath+"/export", c.exportAudit)
	get(poolPath, c.pool)
	post(poolPath, c.movePool)
	post(poolPath+"/all", c.moveWholePool)
}

func organisationPath(code string) string { return organisationsPath + "/" + url.PathEscape(code) }

func (c console) showOrganisation(w http.ResponseWriter, r *http.Request) error {
	return c.organisationPage(w, r, nil)
}

// organisationPage shows an organisation that the reader sees, with the form that
// changes it: after a refusal as it was typed.
func (c console) organisationPage(w http.ResponseWriter, r *http.Request, f *refusal) error {
	actor := contract.ActorFrom(r.Context())
	o, err := bus.Call(r.Context(), c.Bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: chi.URLParam(r, "id"), Seen: true})
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: organisationPath(o.Code), RawQuery: r.URL.RawQuery}, o.Name)
	v := templates.OrganisationView{
		Organisation: o, Form: formOf(o), Own: o.Path == actor.Path, Categories: c.categoryChoices(d),
		May: access.May(actor.Role, access.Register) && o.ParentCode != "" && o.EndedAt == nil,
	}
	if v.Below, err = c.directlyBelow(r.Context(), o); err != nil {
		return err
	}
	status := http.StatusOK
	if f != nil {
		status = page.StatusOf(f.err)
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err)}
		if f.name == formEnd {
			v.End = f.kept(d.Page)
		} else {
			v.Form = organisationForm(f.form)
			v.Form.Version = o.Version // the reader has now seen the newest beside what was typed
			v.Form.Errors = templates.ErrorsOf(d.Page, f.err)
		}
	}
	c.Pages.Render(w, r, status, templates.ConsoleOrganisation(d, v))
	return nil
}

// directlyBelow returns the first of the organisations whose parent it is.
func (c console) directlyBelow(ctx context.Context, o contract.Organisation) ([]contract.Organisation, error) {
	actor := contract.ActorFrom(ctx)
	actor.Path = o.Path
	listing, err := bus.Call(contract.WithActor(ctx, actor), c.Bus, contract.DirectoryOrganisations,
		contract.ListOrganisations{Page: contract.Page{Limit: 100}})
	var below []contract.Organisation
	for _, one := range listing.Items {
		if one.ParentCode == o.Code {
			below = append(below, one)
		}
	}
	return below, err
}

func formOf(o contract.Organisation) templates.OrganisationForm {
	return templates.OrganisationForm{
		Code: o.Code, Version: o.Version, Name: o.Name, Kind: o.Kind, Level: o.Level, RegionCode: o.RegionCode, ParentCode: o.ParentCode,
		Coordinates: o.Coordinates, Verified: o.Verified, Specialties: o.Specialties, ContactPerson: o.ContactPerson,
	}
}

func organisationForm(form url.Values) templates.OrganisationForm {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	f := templates.OrganisationForm{
		ID: form.Get("id"), Code: text("code"), Name: text("name"), Kind: text("kind"), Level: text("level"), RegionCode: text("region_code"),
		ParentCode: text("parent_code"), Coordinates: form.Get("coordinates") == "on", Verified: form.Get("verified") == "on",
		Specialties: form["specialties"], ContactPerson: text("contact_person"),
	}
	if version := versionOf(form); version != nil {
		f.Version = *version
	}
	return f
}

func (c console) reviseOrganisation(w http.ResponseWriter, r *http.Request) error {
	code := chi.URLParam(r, "id")
	return c.act(w, r, organisationPath(code), c.organisationPage, func(ctx context.Context, form url.Values) (string, error) {
		f := organisationForm(form)
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryRevise, contract.ReviseOrganisation{
			Code: code, Version: f.Version, Name: f.Name, Kind: f.Kind, Level: f.Level, RegionCode: f.RegionCode,
			Coordinates: f.Coordinates, Verified: f.Verified, Specialties: f.Specialties, ContactPerson: f.ContactPerson,
		})
		return "", err
	})
}

// formEnd is the form that ends an organisation.
const formEnd = "end"

func (c console) endOrganisation(w http.ResponseWriter, r *http.Request) error {
	code := chi.URLParam(r, "id")
	return c.act(w, r, organisationPath(code), c.organisationPage, func(ctx context.Context, form url.Values) (string, error) {
		q := contract.EndOrganisation{Code: code, Reason: strings.TrimSpace(form.Get("reason"))}
		if version := versionOf(form); version != nil {
			q.Version = *version
		}
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryEnd, q)
		return formEnd, err
	})
}

func (c console) showNewOrganisation(w http.ResponseWriter, r *http.Request) error {
	form := templates.OrganisationForm{ID: contract.NewID[string](), ParentCode: ownCode(r), Level: "community", Kind: "charity"}
	return c.newOrganisationPage(w, r, form, nil)
}

func (c console) newOrganisationPage(w http.ResponseWriter, r *http.Request, form templates.OrganisationForm, refused error) error {
	d := c.desk(r, &url.URL{Path: newOrganisation}, c.Pages.Printer(r).T("admin.organisation.new"))
	status := http.StatusOK
	if refused != nil {
		status = page.StatusOf(refused)
		form.Errors = templates.ErrorsOf(d.Page, refused)
		d.Notice = formNotice(d, refused)
	}
	c.Pages.Render(w, r, status, templates.ConsoleNewOrganisation(d, form, c.categoryChoices(d)))
	return nil
}

// createOrganisation registers another one. A code that is in use is refused: the
// form must not change what it has not shown. Sent again, it is one organisation.
func (c console) createOrganisation(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	form := organisationForm(r.PostForm)
	again := func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.newOrganisationPage(w, r, form, f.err)
	}
	known, err := bus.Call(r.Context(), c.Bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: form.Code})
	switch {
	case err == nil && string(known.ID) != form.ID:
		return c.refuse(w, r, &refusal{err: fault.NewConflict("code_taken", "another organisation has this code")}, again)
	case err != nil && !fault.Is(err, fault.NotFound):
		return c.refuse(w, r, &refusal{err: err}, again)
	}
	_, err = bus.Call(r.Context(), c.Bus, contract.DirectoryRegister, contract.OrganisationDraft{
		ID: contract.OrganisationID(form.ID), Code: form.Code, Name: form.Name, Kind: form.Kind, Level: form.Level, RegionCode: form.RegionCode,
		ParentCode: form.ParentCode, Coordinates: form.Coordinates, Verified: form.Verified, Specialties: form.Specialties,
		ContactPerson: form.ContactPerson,
	})
	if fault.Is(err, fault.NotFound) {
		err = fault.NewInvalid(fault.Field{Location: "parent_code", Code: check.Unknown}).Because(err)
	}
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, again)
	}
	return done(w, r, organisationPath(form.Code))
}
