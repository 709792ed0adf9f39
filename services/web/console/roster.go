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

func sessionPath(id contract.SessionID) string { return sessionsPath + "/" + string(id) }

func (c console) showSession(w http.ResponseWriter, r *http.Request) error {
	return c.sessionPage(w, r, nil, nil)
}

// sessionPage shows a session of a group and its roster: after a refusal with what
// was typed, after a recorded reading with the names.
func (c console) sessionPage(w http.ResponseWriter, r *http.Request, f *refusal, names []string) error {
	session, err := bus.Call(r.Context(), c.Bus, contract.OfferSession, contract.GetByID{ID: chi.URLParam(r, "id")})
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: sessionPath(session.ID), RawQuery: r.URL.RawQuery}, c.Pages.Printer(r).T("session.title"))
	role := contract.ActorFrom(r.Context()).Role
	v := templates.SessionRoster{
		Session: session, Names: names, MayKeep: session.Group && session.VoidReason == nil && access.May(role, access.RecordSessions),
		MayRead: session.Roster > 0 && names == nil && access.May(role, access.ReadContact),
	}
	v.Typed = strings.Join(names, "\n")
	status := http.StatusOK
	if f != nil {
		v.Typed, v.Reason, v.Errors, status = f.form.Get("names"), f.form.Get("reason"), templates.ErrorsOf(d.Page, f.err), page.StatusOf(f.err)
		d.Notice = &templates.Notice{Tone: templates.ToneError, Text: d.Fault(f.err)}
	}
	c.Pages.Render(w, r, status, templates.ConsoleSession(d, v))
	return nil
}

func (c console) keepRoster(w http.ResponseWriter, r *http.Request) error {
	id := contract.SessionID(chi.URLParam(r, "id"))
	return c.act(w, r, sessionPath(id), func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.sessionPage(w, r, f, nil)
	}, func(ctx context.Context, form url.Values) (string, error) {
		q := contract.KeepRoster{ID: id, Names: strings.Split(form.Get("names"), "\n")}
		switch { // an empty field alone ends nothing: it may never have been filled
		case form.Has("end"):
			q.Names = nil
		case strings.TrimSpace(form.Get("names")) == "":
			return "roster", fault.NewInvalid(fault.Field{Location: "names", Code: check.Required})
		}
		_, err := bus.Call(ctx, c.Bus, contract.OfferKeepRoster, q)
		return "roster", err
	})
}

// readRoster shows the names in the answer itself: they are kept nowhere on the way.
func (c console) readRoster(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	q := contract.ReadRoster{ID: contract.SessionID(chi.URLParam(r, "id")), Reason: strings.TrimSpace(r.PostForm.Get("reason"))}
	roster, err := bus.Call(r.Context(), c.Bus, contract.OfferRoster, q)
	if err != nil {
		return c.refuse(w, r, &refusal{err, r.PostForm, "names"}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
			return c.sessionPage(w, r, f, nil)
		})
	}
	return c.sessionPage(w, r, nil, roster.Names)
}
