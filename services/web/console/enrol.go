package console

import (
	"net/http"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/session"
	"heli/services/web/templates"
)

// enrolling lets through who has followed a link, and sends others to where
// they go on.
func (c console) enrolling(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stage := c.Sessions.Stage(r.Context()); stage != session.StageEnrol {
			to := at(stage)
			if stage == session.StageFull {
				to = home
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// firstFactor lets through who has set a password and has no second factor yet:
// a link alone adds none beside those that there are.
func (c console) firstFactor(next func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		person, err := c.self(r)
		if err != nil {
			return err
		}
		if person.State == contract.PersonActive || !c.Sessions.PasswordSet(r.Context()) {
			http.Redirect(w, r, enrolPath, http.StatusSeeOther)
			return nil
		}
		return next(w, r)
	}
}

func (c console) showEnrol(w http.ResponseWriter, r *http.Request) error {
	return c.enrolPage(w, r, templates.Enrol{}, templates.FactorSetup{}, nil)
}

// enrolPage shows the next step of enrolling, after a refusal with why.
func (c console) enrolPage(w http.ResponseWriter, r *http.Request, e templates.Enrol, f templates.FactorSetup, refused error) error {
	person, err := c.self(r)
	if err != nil {
		return err
	}
	p := c.Pages.Of(r)
	e.Step, e.HasLogin = templates.EnrolPassword, person.LoginName != ""
	if c.Sessions.PasswordSet(r.Context()) {
		e.Step = templates.EnrolFactor
	}
	if refused == nil {
		e.Name, e.Login = person.Name, person.LoginName
	}
	e.Provider = c.Sessions.Provider()
	e.Linked = len(person.Linked) > 0
	e.Factor = c.setup(p, enrolPath, f, refused)
	status := http.StatusOK
	if refused != nil {
		status, e.Errors = page.StatusOf(refused), templates.ErrorsOf(p, refused)
		if len(e.Errors) == 0 {
			e.Failure = p.Fault(refused)
		}
	}
	c.Pages.Render(w, r, status, templates.ConsoleEnrol(p, e))
	return nil
}

// setup is the part of a page in which a second factor is added.
func (c console) setup(p *templates.Page, base string, f templates.FactorSetup, refused error) templates.FactorSetup {
	f.Base, f.Passkeys = base, c.Sessions.Passkeys()
	if f.Name == "" {
		f.Name = p.T("account.totp.phone")
	}
	if f.URI != "" {
		f.Errors = templates.ErrorsOf(p, refused)
	}
	return f
}

func (c console) enrolPassword(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	q := contract.SetPassword{
		Name: strings.TrimSpace(r.PostForm.Get("name")), LoginName: strings.TrimSpace(r.PostForm.Get("login_name")),
		Password: r.PostForm.Get("password"),
	}
	if err := c.Sessions.SetPassword(r.Context(), q); err != nil {
		return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.enrolPage(w, r, templates.Enrol{Name: q.Name, Login: q.LoginName}, templates.FactorSetup{}, f.err)
		})
	}
	person, err := c.self(r)
	if err != nil {
		return err
	}
	if person.State == contract.PersonActive { // who has a second factor keeps it
		if err := c.Sessions.AskCode(r.Context()); err != nil {
			return err
		}
		http.Redirect(w, r, codePath, http.StatusSeeOther)
		return nil
	}
	http.Redirect(w, r, enrolPath, http.StatusSeeOther)
	return nil
}

// showFactor shows the page that a second factor is added on, enrolling or on
// the page about oneself.
func (c console) showFactor(w http.ResponseWriter, r *http.Request, f templates.FactorSetup, refused error) error {
	if c.Sessions.Stage(r.Context()) == session.StageEnrol {
		return c.enrolPage(w, r, templates.Enrol{}, f, refused)
	}
	return c.accountPage(w, r, accountShown{factor: f, refused: refused})
}

// beginTOTP shows the secret of a new authenticator, in the answer itself.
func (c console) beginTOTP(w http.ResponseWriter, r *http.Request) error {
	self, person, err := c.Sessions.Self(r.Context())
	if err != nil {
		return err
	}
	made, err := bus.Call(self, c.Bus, contract.DirectoryBeginTOTP, contract.PersonByID{ID: person})
	if err != nil {
		return c.refuseFactor(w, r, err, templates.FactorSetup{})
	}
	return c.showFactor(w, r, templates.FactorSetup{URI: made.URI, Secret: made.Secret, ID: string(made.FactorID)}, nil)
}

func (c console) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	self, person, err := c.Sessions.Self(r.Context())
	if err != nil {
		return err
	}
	f := templates.FactorSetup{
		URI: r.PostForm.Get("uri"), Secret: r.PostForm.Get("secret"), ID: r.PostForm.Get("factor_id"),
		Name: strings.TrimSpace(r.PostForm.Get("name")),
	}
	_, err = bus.Call(self, c.Bus, contract.DirectoryConfirmTOTP, contract.ConfirmTOTP{
		PersonID: person, FactorID: contract.FactorID(f.ID), Name: f.Name, Code: r.PostForm.Get("code"),
	})
	if err != nil {
		return c.refuseFactor(w, r, err, f)
	}
	return c.added(w, r)
}

func (c console) refuseFactor(w http.ResponseWriter, r *http.Request, err error, f templates.FactorSetup) error {
	return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, refused *refusal) error {
		return c.showFactor(w, r, f, refused.err)
	})
}

// offerPasskey answers what the browser shall make a passkey of.
func (c console) offerPasskey(w http.ResponseWriter, r *http.Request) error {
	options, err := c.Sessions.OfferPasskey(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, options)
}

func (c console) addPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	name := c.visit(r).Describe()
	if name == "" {
		name = c.Pages.Printer(r).T("account.factor_kind.passkey")
	}
	err := c.Sessions.AddPasskey(r.Context(), name, r.PostForm.Get("passkey"))
	if fault.Is(err, fault.NotFound) {
		err = fault.NewConflict("passkey_failed", "the browser's answer does not fit").Because(err)
	}
	if err != nil {
		return c.refuseFactor(w, r, err, templates.FactorSetup{})
	}
	return c.added(w, r)
}

// added goes on after a new second factor: with recovery codes where it is the
// first one.
func (c console) added(w http.ResponseWriter, r *http.Request) error {
	if c.Sessions.Stage(r.Context()) == session.StageFull {
		return done(w, r, accountPath)
	}
	self, person, err := c.Sessions.Self(r.Context())
	if err != nil {
		return err
	}
	made, err := bus.Call(self, c.Bus, contract.DirectoryRecoveryCodes, contract.PersonByID{ID: person})
	if err != nil {
		return err
	}
	if err := c.Sessions.Enrolled(r.Context(), c.visit(r)); err != nil {
		return err
	}
	p := c.Pages.Of(r)
	c.Pages.Render(w, r, http.StatusOK, templates.ConsoleEnrol(p, templates.Enrol{
		Step: templates.EnrolCodes, Codes: made.Codes,
	}))
	return nil
}
