package public

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/session"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// cookieS is how long a device remembers a private page, in seconds.
const cookieS = 90 * 24 * 60 * 60

// errWrong is what every wrong, ended or foreign link, code and PIN gives.
var errWrong = fault.New(fault.NotFound, "wrong_token", "the link, the code or the PIN is wrong or has ended")

// openPage makes the device remember a private page.
func (p pages) openPage(w http.ResponseWriter, purpose site.Purpose, id string, generation int) {
	http.SetCookie(w, p.cookie(purpose, site.Token(p.Keys, purpose, id, generation), cookieS))
}

func (p pages) cookie(purpose site.Purpose, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: session.CookieName("heli_"+string(purpose), p.HTTPS), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: p.HTTPS, SameSite: http.SameSiteLaxMode,
	}
}

// bearer returns the token that the device remembers, and whether there is one.
func (p pages) bearer(r *http.Request, purpose site.Purpose) (site.Bearer, bool) {
	cookie, err := r.Cookie(p.cookie(purpose, "", 0).Name)
	if err != nil {
		return site.Bearer{}, false // there is none
	}
	return site.ParseToken(purpose, cookie.Value)
}

// forget makes the device forget a private page; the page itself stays.
func (p pages) forget(purpose site.Purpose) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, p.cookie(purpose, "", -1))
		http.Redirect(w, r, "/"+string(purpose), http.StatusSeeOther)
	}
}

// door is how a private page is opened: by the token of a link, or by a code
// and its PIN.
type door struct {
	purpose site.Purpose
	// check opens the page of a token, to see whether it is right.
	check func(context.Context, site.Bearer) error
	// find returns everything that a code may stand for; the PIN tells which.
	find func(context.Context, string) ([]contract.Found, error)
	show func(page *templates.Page, code string, errs templates.Errors, failure string) templates.Entry
}

// enter opens a private page and remembers it on the device.
func (p pages) enter(w http.ResponseWriter, r *http.Request, d door) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	var token string
	if values.Get("token") != "" {
		token, err = p.byToken(r.Context(), d, values.Get("token"))
	} else {
		token, err = p.byPin(r, d, values.Get("code"), values.Get("pin"))
	}
	if err == nil {
		http.SetCookie(w, p.cookie(d.purpose, token, cookieS))
		http.Redirect(w, r, "/"+string(d.purpose), http.StatusSeeOther)
		return nil
	}
	page := p.Pages.Of(r)
	errs := templates.ErrorsOf(page, err)
	failure := ""
	if len(errs) == 0 {
		failure = page.Fault(err)
	}
	p.Pages.Render(w, r, entryStatus(err), templates.EntryPage(page, d.show(page, values.Get("code"), errs, failure)))
	return nil
}

// errTooOften tells somebody to wait.
var errTooOften = fault.New(fault.Forbidden, "too_many", "too many wrong tries")

func entryStatus(err error) int {
	switch {
	case errors.Is(err, errTooOften):
		return http.StatusTooManyRequests
	case fault.Is(err, fault.Unavailable):
		return http.StatusServiceUnavailable
	case fault.Is(err, fault.Internal):
		return http.StatusInternalServerError
	default:
		return http.StatusUnprocessableEntity
	}
}

func (p pages) byToken(ctx context.Context, d door, text string) (string, error) {
	bearer, ok := site.ParseToken(d.purpose, text)
	if !ok {
		return "", errWrong
	}
	if err := d.check(ctx, bearer); err != nil {
		return "", wrong(err)
	}
	return strings.TrimSpace(text), nil
}

// wrong makes unknown and foreign look like wrong.
func wrong(err error) error {
	if fault.Is(err, fault.NotFound) {
		return errWrong
	}
	return err
}

// byPin opens a page by code and PIN. An unknown code takes the same way as a
// wrong PIN: the same look-ups, one check, one failed try.
func (p pages) byPin(r *http.Request, d door, typed, pin string) (string, error) {
	ctx, address := r.Context(), site.ClientAddress(r)
	code, ok := contract.ParseCode(typed)
	if !ok {
		return "", fault.NewInvalid(fault.Field{Location: "code", Code: "code"})
	}
	if pin == "" {
		return "", fault.NewInvalid(fault.Field{Location: "pin", Code: "pin"})
	}
	blocked, err := p.tooOften(ctx, code, address)
	if err != nil {
		return "", err
	}
	if blocked {
		return "", errTooOften
	}
	found, err := d.find(ctx, code)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		found = []contract.Found{{ID: code}}
	}
	for _, f := range found {
		if p.Keys.CheckPin(pin, string(d.purpose), f.ID, f.Generation) {
			return site.Token(p.Keys, d.purpose, f.ID, f.Generation), nil
		}
	}
	if err := p.noteFailure(ctx, code, address); err != nil {
		return "", err
	}
	return "", errWrong
}

// findIn asks an endpoint for the id of a code; none when it knows no such code.
func findIn(ctx context.Context, b *bus.Bus, e contract.Endpoint[contract.FindByCode, contract.Found], code string) ([]contract.Found, error) {
	found, err := bus.Call(ctx, b, e, contract.FindByCode{Code: code})
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []contract.Found{found}, nil
}
