package console

import (
	"net/http"
	"slices"
	"strings"

	"heli/services/web/templates"
)

// Fields in which a proof comes with the form that it lets through.
const (
	proofCode    = "proof_code"
	proofPasskey = "proof_passkey"
)

// fresh lets an act through once the reader has proved who they are a short
// while ago; else it asks, and goes on with the same form. Passwords are not put
// into the page, so they are typed again.
func (c console) fresh(act func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return malformed(err)
		}
		if c.Sessions.Fresh(r.Context()) {
			return act(w, r)
		}
		var err error
		switch {
		case r.PostForm.Get(proofPasskey) != "":
			err = c.Sessions.ProvePasskey(r.Context(), r.PostForm.Get(proofPasskey), c.visit(r))
		case r.PostForm.Has(proofCode):
			err = c.Sessions.Prove(r.Context(), r.PostForm.Get(proofCode), c.visit(r))
		default:
			return c.provePage(w, r, http.StatusForbidden, "")
		}
		if err == nil {
			return act(w, r)
		}
		status, text, ok := c.failure(w, r, err)
		if !ok {
			return err
		}
		return c.provePage(w, r, status, text)
	}
}

func (c console) provePage(w http.ResponseWriter, r *http.Request, status int, failure string) error {
	p := templates.Prove{Action: r.URL.Path, Failure: failure, Passkeys: c.Sessions.Passkeys()}
	for name, values := range r.PostForm {
		if name == proofCode || name == proofPasskey || strings.Contains(name, "password") {
			continue
		}
		for _, value := range values {
			p.Fields = append(p.Fields, templates.Hidden{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(p.Fields, func(a, b templates.Hidden) int { return strings.Compare(a.Name, b.Name) })
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("account.prove.title"))
	c.Pages.Render(w, r, status, templates.ConsoleProve(d, p))
	return nil
}

// proved is where a proof that nothing waits for leads.
func (c console) proved(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, accountPath, http.StatusSeeOther)
	return nil
}
