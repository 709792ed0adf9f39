package console

import (
	"context"
	"net/http"
	"net/url"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const accountPath = "/console/account"

func (c console) account(w http.ResponseWriter, r *http.Request) error {
	return c.accountPage(w, r, accountShown{})
}

// accountShown is what the page about oneself shows beside what is known.
type accountShown struct {
	factor  templates.FactorSetup
	codes   []string
	refused error
	notices *templates.StaffNotices // as they were typed, and refused
}

func (c console) accountPage(w http.ResponseWriter, r *http.Request, shown accountShown) error {
	d := c.desk(r, &url.URL{Path: accountPath, RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("account.title"))
	person, err := c.self(r)
	if err != nil {
		return err
	}
	a := templates.Account{
		Person: person, Role: c.Sessions.Role(r.Context()), Demo: c.Sessions.Demo(r.Context()), Fresh: c.Sessions.Fresh(r.Context()),
		Helps:    contract.ActorFrom(r.Context()).Role == contract.RoleHelper,
		Passkeys: c.Sessions.Passkeys(), Provider: c.Sessions.Provider(), Linked: len(person.Linked) > 0,
		Factor: c.setup(d.Page, accountPath, shown.factor, shown.refused), Codes: shown.codes,
	}
	a.Notices = c.notices(r)
	if a.Sessions, err = c.sessionsOf(r.Context()); err != nil {
		return err
	}
	status := http.StatusOK
	if shown.refused != nil {
		status = page.StatusOf(shown.refused)
		a.Errors = templates.ErrorsOf(d.Page, shown.refused)
		if shown.notices != nil {
			shown.notices.SignIn, shown.notices.Off, shown.notices.Errors = a.Notices.SignIn, a.Notices.Off, a.Errors
			a.Notices = *shown.notices
		}
		if shown.factor.URI != "" || shown.notices != nil {
			a.Errors = nil // they are the authenticator's, or those of the mail
		}
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(shown.refused)}
	}
	c.Pages.Render(w, r, status, templates.ConsoleAccount(d, a))
	return nil
}

func (c console) sessionsOf(ctx context.Context) ([]templates.Session, error) {
	signed, err := c.Sessions.List(ctx)
	rows := make([]templates.Session, 0, len(signed))
	for _, s := range signed {
		rows = append(rows, templates.Session{
			ID: s.ID, Device: s.Device, Network: s.Network, StartedAt: s.StartedAt, SeenAt: s.SeenAt, Current: s.Current,
		})
	}
	return rows, err
}

func (c console) refuseAccount(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.accountPage(w, r, accountShown{refused: f.err})
}

// ownAct does something to oneself and goes back to the page about oneself.
func (c console) ownAct(w http.ResponseWriter, r *http.Request, do func(context.Context, url.Values) error) error {
	return c.act(w, r, accountPath, c.refuseAccount, func(ctx context.Context, form url.Values) (string, error) {
		return "", do(ctx, form)
	})
}

func (c console) setPassword(w http.ResponseWriter, r *http.Request) error {
	return c.ownAct(w, r, func(ctx context.Context, form url.Values) error {
		return c.Sessions.SetPassword(ctx, contract.SetPassword{Password: form.Get("password")})
	})
}

func (c console) removeFactor(w http.ResponseWriter, r *http.Request) error {
	return c.ownAct(w, r, func(ctx context.Context, form url.Values) error {
		_, err := bus.Call(ctx, c.Bus, contract.DirectoryRemoveFactor, contract.RemoveFactor{
			PersonID: contract.ActorFrom(ctx).PersonID, FactorID: contract.FactorID(form.Get("factor")),
		})
		return err
	})
}

// newCodes makes recovery codes and shows them, in the answer itself.
func (c console) newCodes(w http.ResponseWriter, r *http.Request) error {
	made, err := bus.Call(r.Context(), c.Bus, contract.DirectoryRecoveryCodes,
		contract.PersonByID{ID: contract.ActorFrom(r.Context()).PersonID})
	if err != nil {
		return c.refuse(w, r, &refusal{err: err}, c.refuseAccount)
	}
	return c.accountPage(w, r, accountShown{codes: made.Codes})
}

func (c console) unlinkAccount(w http.ResponseWriter, r *http.Request) error {
	return c.ownAct(w, r, func(ctx context.Context, _ url.Values) error {
		person, err := c.self(r)
		if err != nil {
			return err
		}
		for _, issuer := range person.Linked {
			if _, err := bus.Call(ctx, c.Bus, contract.DirectoryUnlinkSubject, contract.UnlinkSubject{PersonID: person.ID, Issuer: issuer}); err != nil {
				return err
			}
		}
		return nil
	})
}

// endSession ends one session, or all others when none is named.
func (c console) endSession(w http.ResponseWriter, r *http.Request) error {
	return c.ownAct(w, r, func(ctx context.Context, form url.Values) error {
		if id := form.Get("session"); id != "" {
			return c.Sessions.End(ctx, id)
		}
		return c.Sessions.EndOthers(ctx)
	})
}

func (c console) setLanguage(w http.ResponseWriter, r *http.Request) error {
	return c.ownAct(w, r, func(ctx context.Context, form url.Values) error {
		language := form.Get("language")
		_, err := bus.Call(ctx, c.Bus, contract.DirectorySetLanguage, contract.SetLanguage{
			PersonID: contract.ActorFrom(ctx).PersonID, Language: language,
		})
		if err == nil {
			c.Pages.Remember(w, language)
		}
		return err
	})
}

func (c console) chooseRole(w http.ResponseWriter, r *http.Request) error {
	return c.ownAct(w, r, func(ctx context.Context, form url.Values) error {
		c.Sessions.ChooseRole(ctx, contract.RoleID(form.Get("role")))
		return nil
	})
}
