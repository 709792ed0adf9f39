package console

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const peoplePath = "/console/people"

func personPath(id contract.PersonID) string { return peoplePath + "/" + string(id) }

// link returns the address that a secret is sent from, in the person's language.
func (c console) link(name, language string, login contract.Login) *templates.Link {
	address := c.PublicURL + loginPath
	if language != "" {
		address += "?lang=" + url.QueryEscape(language)
	}
	return &templates.Link{Name: name, URL: address + "#" + login.Secret, Until: login.ExpiresAt}
}

func newPersonForm(r *http.Request) templates.PersonForm {
	return templates.PersonForm{ID: contract.NewID[string](), Organisation: ownCode(r)}
}

// ownCode returns the code of the organisation that the reader acts in.
func ownCode(r *http.Request) string { return path.Base(contract.ActorFrom(r.Context()).Path) }

func (c console) people(w http.ResponseWriter, r *http.Request) error {
	return c.peoplePage(w, r, newPersonForm(r), nil, nil)
}

// peoplePage lists people, with the form that invites: after a refusal as it was
// typed, after an invitation with the link.
func (c console) peoplePage(w http.ResponseWriter, r *http.Request, form templates.PersonForm, invited *templates.Link, refused error) error {
	d := c.desk(r, &url.URL{Path: peoplePath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("person.title"))
	listing, err := bus.Call(r.Context(), c.Bus, contract.DirectoryPeople, contract.ListPeople{Page: contract.Page{Cursor: d.Query.Get("cursor")}})
	v := templates.People{
		Rows: listing.Items, Next: listing.NextCursor, New: form, Invited: invited,
		Roles: access.Grantable(contract.ActorFrom(r.Context()).Role),
	}
	if refused == nil {
		return c.list(w, r, d, err, templates.ConsolePeople(d, v))
	}
	if err != nil {
		return err
	}
	v.New.Errors = templates.ErrorsOf(d.Page, refused)
	d.Notice = formNotice(d, refused)
	c.Pages.Render(w, r, page.StatusOf(refused), templates.ConsolePeople(d, v))
	return nil
}

// invite adds somebody and shows the link, in the answer itself: it is kept
// nowhere on the way. Sent again, there is a new link and still one person.
func (c console) invite(w http.ResponseWriter, r *http.Request) error {
	form := templates.PersonForm{
		ID: r.PostForm.Get("id"), Name: strings.TrimSpace(r.PostForm.Get("name")), Role: r.PostForm.Get("role"),
		Organisation: strings.TrimSpace(r.PostForm.Get("organisation")), Language: r.PostForm.Get("language"),
	}
	invited, err := bus.Call(r.Context(), c.Bus, contract.DirectoryInvite, contract.PersonDraft{
		ID: contract.PersonID(form.ID), Name: form.Name, Role: contract.Role(form.Role), Organisation: form.Organisation, Language: form.Language,
	})
	if err != nil {
		return c.refuse(w, r, &refusal{err: noOrganisation(err)}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.peoplePage(w, r, form, nil, f.err)
		})
	}
	return c.peoplePage(w, r, newPersonForm(r), c.link(form.Name, form.Language, invited.Login), nil)
}

func (c console) showPerson(w http.ResponseWriter, r *http.Request) error {
	return c.personPage(w, r, nil, nil)
}

func (c console) personPage(w http.ResponseWriter, r *http.Request, link *templates.Link, f *refusal) error {
	q := contract.PersonByID{ID: contract.PersonID(chi.URLParam(r, "id"))}
	actor := contract.ActorFrom(r.Context())
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return err
	}
	person, err := bus.Call(r.Context(), c.Bus, contract.DirectoryPerson, q)
	if err != nil {
		return err
	}
	history, err := bus.Call(r.Context(), c.Bus, contract.DirectoryHistory, q)
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: personPath(q.ID), RawQuery: r.URL.RawQuery}, person.Name)
	v := templates.PersonView{
		Person: person, History: history.Items, Roles: access.Grantable(actor.Role), Self: actor.PersonID == q.ID, Link: link,
		At: ownCode(r),
	}
	status := http.StatusOK
	if f != nil {
		status = page.StatusOf(f.err)
		v.Errors, v.Role = templates.ErrorsOf(d.Page, f.err), f.form.Get("role")
		if typed := f.form.Get("organisation"); typed != "" {
			v.At = typed
		}
		d.Notice = formNotice(d, f.err)
	}
	c.Pages.Render(w, r, status, templates.ConsolePerson(d, v))
	return nil
}

func (c console) refusePerson(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.personPage(w, r, nil, f)
}

// linkPerson makes a new link and shows it, in the answer itself.
func (c console) linkPerson(w http.ResponseWriter, r *http.Request) error {
	id := contract.PersonID(chi.URLParam(r, "id"))
	login, err := bus.Call(r.Context(), c.Bus, contract.DirectoryMakeLogin, contract.MakeLogin{
		PersonID: id, Resets: r.PostForm.Get("kind") == "reset",
	})
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refusePerson)
	}
	person, err := bus.Call(r.Context(), c.Bus, contract.DirectoryPerson, contract.PersonByID{ID: id})
	if err != nil {
		return err
	}
	return c.personPage(w, r, c.link(person.Name, person.Language, login), nil)
}

func (c console) grantRole(w http.ResponseWriter, r *http.Request) error {
	id := contract.PersonID(chi.URLParam(r, "id"))
	return c.act(w, r, personPath(id), c.refusePerson, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryGrant, contract.GrantRole{
			PersonID: id, Role: contract.Role(form.Get("role")), Organisation: strings.TrimSpace(form.Get("organisation")),
		})
		return "", noOrganisation(err)
	})
}

func (c console) withdrawRole(w http.ResponseWriter, r *http.Request) error {
	id := contract.PersonID(chi.URLParam(r, "id"))
	return c.act(w, r, personPath(id), c.refusePerson, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryWithdraw, contract.WithdrawRole{PersonID: id, RoleID: contract.RoleID(form.Get("role"))})
		return "", err
	})
}

func (c console) revokePerson(w http.ResponseWriter, r *http.Request) error {
	id := contract.PersonID(chi.URLParam(r, "id"))
	return c.act(w, r, personPath(id), c.refusePerson, func(ctx context.Context, _ url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryRevoke, contract.RevokeIdentity{PersonID: id})
		return "", err
	})
}
