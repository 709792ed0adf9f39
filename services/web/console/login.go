package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/session"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// Addresses of the steps of signing in.
const (
	codePath  = "/console/login/code"
	enrolPath = "/console/enrol"
)

// at returns where somebody who is not signed in goes on.
func at(stage session.Stage) string {
	switch stage {
	case session.StageCode:
		return codePath
	case session.StageEnrol:
		return enrolPath
	default:
		return loginPath
	}
}

// deviceCookie is what a browser remembers of the account that it signed in to.
const deviceCookie = "heli_device"

// deviceS is how long it does, in seconds.
const deviceS = 365 * 24 * 60 * 60

func (c console) visit(r *http.Request) session.Visit {
	v := session.Visit{Address: site.ClientAddress(r), Agent: r.UserAgent()}
	if cookie, err := r.Cookie(session.CookieName(deviceCookie, c.HTTPS)); err == nil {
		v.Device = cookie.Value
	}
	return v
}

func (c console) remember(w http.ResponseWriter, device string) {
	if device == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: session.CookieName(deviceCookie, c.HTTPS), Value: device, Path: "/", MaxAge: deviceS,
		HttpOnly: true, Secure: c.HTTPS, SameSite: http.SameSiteLaxMode,
	})
}

func (c console) showLogin(w http.ResponseWriter, r *http.Request) {
	c.loginPage(w, r, http.StatusOK, templates.Login{})
}

func (c console) loginPage(w http.ResponseWriter, r *http.Request, status int, l templates.Login) {
	l.Passkeys, l.Provider = c.Sessions.Passkeys(), c.Sessions.Provider()
	c.Pages.Render(w, r, status, templates.ConsoleLogin(c.Pages.Of(r), l))
}

// login takes a link's secret, or name and password. What is wrong is not told
// apart, and of a password not before the second factor.
func (c console) login(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	if !r.PostForm.Has("password") {
		return c.redeem(w, r)
	}
	name := r.PostForm.Get("name")
	if err := c.Sessions.Password(r.Context(), name, r.PostForm.Get("password"), c.visit(r)); err != nil {
		return c.notIn(w, r, err, templates.Login{Name: name})
	}
	http.Redirect(w, r, codePath, http.StatusSeeOther)
	return nil
}

func (c console) redeem(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.Sessions.Redeem(r.Context(), r.PostForm.Get("token"), c.visit(r)); err != nil {
		return c.notIn(w, r, err, templates.Login{Link: true, Failure: c.Pages.Printer(r).T("console.login.wrong")})
	}
	c.goOn(w, r)
	return nil
}

// notIn shows the login page after a try that has failed. l.Failure is said of
// what was wrong, and other reasons by themselves.
func (c console) notIn(w http.ResponseWriter, r *http.Request, err error, l templates.Login) error {
	status, text, ok := c.failure(w, r, err)
	if !ok {
		return err
	}
	if l.Failure == "" || status != http.StatusForbidden {
		l.Failure = text
	}
	c.loginPage(w, r, status, l)
	return nil
}

// failure returns how a try that has failed is told, and false for what has a
// page of its own. Every wrong secret, password and code is told alike.
func (c console) failure(w http.ResponseWriter, r *http.Request, err error) (status int, text string, ok bool) {
	p := c.Pages.Printer(r)
	if slow, yes := errors.AsType[session.SlowDown](err); yes {
		seconds := int(slow.Wait.Seconds())
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		return http.StatusTooManyRequests, p.T("account.slow", "count", seconds), true
	}
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Invalid:
		return http.StatusForbidden, p.T("account.wrong"), true
	default:
		text, ok = c.problem(r, err)
		return page.StatusOf(err), text, ok
	}
}

func (c console) showCode(w http.ResponseWriter, r *http.Request) error {
	if stage := c.Sessions.Stage(r.Context()); stage != session.StageCode {
		http.Redirect(w, r, home, http.StatusSeeOther)
		return nil
	}
	c.codePage(w, r, http.StatusOK, "")
	return nil
}

func (c console) codePage(w http.ResponseWriter, r *http.Request, status int, failure string) {
	c.Pages.Render(w, r, status, templates.ConsoleCode(c.Pages.Of(r), templates.Code{
		Failure: failure, Passkeys: c.Sessions.Passkeys(),
	}))
}

// code takes the second factor. After a recovery code it goes to the page that
// says how many are left.
func (c console) code(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	if c.Sessions.Stage(r.Context()) != session.StageCode {
		http.Redirect(w, r, loginPath, http.StatusSeeOther)
		return nil
	}
	device := c.Sessions.Remember(r.Context())
	proved, err := c.Sessions.Code(r.Context(), r.PostForm.Get("code"), c.visit(r))
	if err != nil {
		status, text, ok := c.failure(w, r, err)
		if !ok {
			return err
		}
		c.codePage(w, r, status, text)
		return nil
	}
	c.remember(w, device)
	c.speak(w, r, proved.Language)
	if proved.Recovery {
		http.Redirect(w, r, accountPath, http.StatusSeeOther)
		return nil
	}
	c.goOn(w, r)
	return nil
}

// speak makes a browser that has no language yet remember the person's.
func (c console) speak(w http.ResponseWriter, r *http.Request, language string) {
	if language != "" && !c.Pages.Chosen(r) {
		c.Pages.Remember(w, language)
	}
}

// askPasskey answers what the browser shall sign.
func (c console) askPasskey(w http.ResponseWriter, r *http.Request) error {
	options, err := c.Sessions.AskPasskey(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, options)
}

func writeJSON(w http.ResponseWriter, document any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the reader has gone away
	return nil
}

// passkey signs in by what the browser has signed.
func (c console) passkey(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	signed, err := c.Sessions.Passkey(r.Context(), r.PostForm.Get("passkey"), c.visit(r))
	if err != nil {
		return c.notIn(w, r, err, templates.Login{})
	}
	c.speak(w, r, signed.Language)
	c.goOn(w, r)
	return nil
}

// toProvider sends the browser to the identity provider.
func (c console) toProvider(w http.ResponseWriter, r *http.Request) error {
	address, err := c.Sessions.AskAccount(r.Context())
	if err != nil {
		return err
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// fromProvider takes what the identity provider sent back: it goes on to the
// second factor, or back to where an account was linked.
func (c console) fromProvider(w http.ResponseWriter, r *http.Request) error {
	stage := c.Sessions.Stage(r.Context())
	linked, err := c.Sessions.Account(r.Context(), r.URL.Query(), c.visit(r))
	switch {
	case err == nil && linked && stage == session.StageFull:
		return done(w, r, accountPath)
	case err == nil:
		c.goOn(w, r)
		return nil
	case fault.Is(err, fault.Conflict):
		return err
	default:
		return c.notIn(w, r, err, templates.Login{Failure: c.Pages.Printer(r).T("account.provider.unknown")})
	}
}

func (c console) logout(w http.ResponseWriter, r *http.Request) error {
	if err := c.Sessions.SignOut(r.Context()); err != nil {
		return err
	}
	c.setNext(w, "", -1)
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
	return nil
}

// self returns who acts for themselves, enrolling or signed in.
func (c console) self(r *http.Request) (contract.PersonRecord, error) {
	return c.Sessions.Record(r.Context())
}
