package console

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/templates"
)

// notices returns the form for whether one hears by mail; an unknown one while the
// directory cannot be asked, so that the rest of the page stands.
func (c console) notices(r *http.Request) templates.StaffNotices {
	ctx := r.Context()
	n, err := bus.Call(ctx, c.Bus, contract.DirectoryNotices, contract.PersonByID{ID: contract.ActorFrom(ctx).PersonID})
	if err != nil {
		c.Log.WarnContext(ctx, "read who hears by mail", "error", err)
		return templates.StaffNotices{}
	}
	form := templates.StaffNotices{
		Known: true, Mail: n.Mail, Address: n.Address, SignIn: n.SignIn, Bounces: n.Bounces, Off: !c.mails(ctx),
		Times: templates.NoticeForm{Digest: string(n.Digest), TimeZone: n.TimeZone},
	}
	if n.Quiet != nil {
		form.Times.QuietFrom, form.Times.QuietTo = n.Quiet.From, n.Quiet.To
	}
	if form.Times.TimeZone == "" {
		form.Times.TimeZone = c.Pages.Printer(r).Zone().String()
	}
	return form
}

// mails reports whether a mail server is set up; what cannot be asked is not denied.
func (c console) mails(ctx context.Context) bool {
	answer, err := bus.Call(ctx, c.Bus, contract.NotifyChannels, contract.Empty{})
	return err != nil || slices.Contains(answer.Channels, contract.ChannelMail)
}

// setNotices replaces whether and when one hears by mail.
func (c console) setNotices(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	typed := templates.StaffNotices{
		Known: true, Mail: r.PostForm.Get("mail") != "", Address: strings.TrimSpace(r.PostForm.Get("address")), Times: timesFrom(r.PostForm),
	}
	times := typed.Times.Times()
	times.Language = "" // that of the account
	_, err := bus.Call(r.Context(), c.Bus, contract.DirectorySetNotices, contract.SetStaffNotices{
		PersonID: contract.ActorFrom(r.Context()).PersonID, Mail: typed.Mail, Address: typed.Address, NoticeTimes: times,
	})
	if err == nil {
		http.Redirect(w, r, accountPath, http.StatusSeeOther)
		return nil
	}
	return c.refuse(w, r, &refusal{err: err}, func(w http.ResponseWriter, r *http.Request, f *refusal) error {
		return c.accountPage(w, r, accountShown{refused: f.err, notices: &typed})
	})
}
