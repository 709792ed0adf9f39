package console

import (
	"net/http"

	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

func (c console) showLogin(w http.ResponseWriter, r *http.Request) {
	c.Pages.Render(w, r, http.StatusOK, templates.ConsoleLogin(c.Pages.Of(r), ""))
}

// login trades the one-time secret for a session. What is wrong with a secret
// is not told apart.
func (c console) login(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	_, err := c.Sessions.SignIn(r.Context(), r.PostForm.Get("token"))
	switch fault.KindOf(err) {
	case "":
		http.Redirect(w, r, home, http.StatusSeeOther)
		return nil
	case fault.NotFound, fault.Invalid:
		p := c.Pages.Of(r)
		c.Pages.Render(w, r, http.StatusForbidden, templates.ConsoleLogin(p, p.T("console.login.wrong")))
		return nil
	default:
		text, stands := c.problem(r, err)
		if !stands {
			return err
		}
		c.Pages.Render(w, r, page.StatusOf(err), templates.ConsoleLogin(c.Pages.Of(r), text))
		return nil
	}
}

func (c console) logout(w http.ResponseWriter, r *http.Request) error {
	if err := c.Sessions.SignOut(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
	return nil
}

// reloadParts is the middleware that has a page load itself anew when one of
// its parts is asked for by somebody who is not signed in any more: else the
// page to sign in on would take the part's place.
func (c console) reloadParts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if part(r) != "" {
			if _, err := c.Sessions.Actor(r.Context()); fault.Is(err, fault.NotFound) {
				w.Header().Set("HX-Refresh", "true")
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
