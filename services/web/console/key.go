package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const keysPath = "/console/keys"

// noOrganisation says of a code that somebody typed, and that is unknown or not
// theirs, that it is the field which is wrong.
func noOrganisation(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.NewInvalid(fault.Field{Location: "organisation", Code: check.Unknown}).Because(err)
	}
	return err
}

func (c console) newKeyForm(r *http.Request) templates.KeyForm {
	return templates.KeyForm{
		ID: contract.NewID[string](), Organisation: ownCode(r), Role: string(contract.RoleIntegrator),
		Expires: c.Clock().In(c.Pages.Printer(r).Zone()).AddDate(1, 0, 0).Format(time.DateOnly),
	}
}

func (c console) keys(w http.ResponseWriter, r *http.Request) error {
	return c.keysPage(w, r, c.newKeyForm(r), nil, nil)
}

// keysPage lists keys, with the form for another: after a refusal as it was
// typed, after making one with the key.
func (c console) keysPage(w http.ResponseWriter, r *http.Request, form templates.KeyForm, made *contract.MadeAPIKey, refused error) error {
	d := c.desk(r, &url.URL{Path: keysPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("key.title"))
	listing, err := bus.Call(r.Context(), c.Bus, contract.DirectoryAPIKeys, contract.ListAPIKeys{Page: contract.Page{Cursor: d.Query.Get("cursor")}})
	v := templates.Keys{
		Rows: listing.Items, Next: listing.NextCursor, New: form, Made: made, Now: c.Clock(), Actions: keyActions(),
		Roles: access.Grantable(contract.ActorFrom(r.Context()).Role),
	}
	if refused == nil {
		return c.list(w, r, d, err, templates.ConsoleKeys(d, v))
	}
	if err != nil {
		return err
	}
	v.New.Errors = templates.ErrorsOf(d.Page, refused)
	d.Notice = formNotice(d, refused)
	c.Pages.Render(w, r, page.StatusOf(refused), templates.ConsoleKeys(d, v))
	return nil
}

// keyActions are what a key may be narrowed to.
func keyActions() []string {
	var actions []string
	for _, action := range access.Actions() {
		actions = append(actions, string(action))
	}
	return actions
}

// makeKey shows the key in the answer itself: it is kept nowhere. Sent again it
// is a conflict, since no key is shown twice.
func (c console) makeKey(w http.ResponseWriter, r *http.Request) error {
	form := templates.KeyForm{
		ID: r.PostForm.Get("id"), Name: strings.TrimSpace(r.PostForm.Get("name")), Role: r.PostForm.Get("role"),
		Organisation: strings.TrimSpace(r.PostForm.Get("organisation")), Actions: slices.Clone(r.PostForm["actions"]),
		Expires: r.PostForm.Get("expires_at"),
	}
	made, err := c.askKey(r, form)
	if err != nil {
		return c.refuse(w, r, &refusal{err: noOrganisation(err)}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.keysPage(w, r, form, nil, f.err)
		})
	}
	return c.keysPage(w, r, c.newKeyForm(r), &made, nil)
}

func (c console) askKey(r *http.Request, form templates.KeyForm) (contract.MadeAPIKey, error) {
	expires, err := time.ParseInLocation(time.DateOnly, form.Expires, c.Pages.Printer(r).Zone())
	if err != nil {
		return contract.MadeAPIKey{}, fault.NewInvalid(fault.Field{Location: "expires_at", Code: "date"})
	}
	return bus.Call(r.Context(), c.Bus, contract.DirectoryMakeAPIKey, contract.MakeAPIKey{
		ID: contract.APIKeyID(form.ID), Organisation: form.Organisation, Role: contract.Role(form.Role), Name: form.Name,
		Actions: form.Actions, ExpiresAt: &expires,
	})
}

func (c console) revokeKey(w http.ResponseWriter, r *http.Request) error {
	id := contract.APIKeyID(chi.URLParam(r, "id"))
	return c.act(w, r, keysPath, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.keysPage(w, r, c.newKeyForm(r), nil, f.err)
	}, func(ctx context.Context, _ url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryRevoke, contract.RevokeIdentity{APIKeyID: id})
		return "", err
	})
}
