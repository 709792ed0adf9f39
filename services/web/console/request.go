package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/page"
	"heli/services/web/site"
	"heli/services/web/templates"
)

func requestPath(id contract.RequestID) string { return "/console/requests/" + string(id) }

// showRequest shows a request, or one of its parts.
func (c console) showRequest(w http.ResponseWriter, r *http.Request) error {
	switch part(r) {
	case templates.PartRequest, templates.PartHistory, templates.PartSuggestions, templates.PartPresent, templates.PartMap, templates.PartWaves:
		return c.requestPart(w, r)
	default:
		return c.requestPage(w, r, nil, nil)
	}
}

// requestPage shows the whole page: after a refused act with what was typed and
// what happened meanwhile, after a recorded reading with the contact in clear.
func (c console) requestPage(w http.ResponseWriter, r *http.Request, f *refusal, clear *contract.Contact) error {
	request, err := c.request(r)
	if err != nil {
		return err
	}
	shown := &url.URL{Path: requestPath(request.ID), RawQuery: r.URL.RawQuery}
	d := c.desk(r, shown, request.Code)
	d.Frame.Live = liveOf(contract.ThingRequest, string(request.ID))
	v := c.requestView(r.Context(), d, request, f)
	if clear != nil {
		v.Contact.Contact, v.Contact.Shown = *clear, true
	}
	status := http.StatusOK
	if f != nil {
		status = page.StatusOf(f.err)
	}
	d.Notice = c.refused(r, d, f, contract.ThingRequest, request.History, c.formStands(v, f))
	c.Pages.Render(w, r, status, templates.ConsoleRequest(d, v))
	return nil
}

// formStands reports whether the page still has the form that was refused.
func (c console) formStands(v templates.RequestView, f *refusal) bool {
	switch {
	case f == nil, f.name == templates.FormNote, f.name == templates.FormContact, f.name == templates.FormAttach, f.name == templates.FormPublish, f.name == templates.FormFollowUp:
		return true
	case f.name == templates.FormEdit:
		return v.Edit.May
	case f.name == templates.FormWave, strings.HasPrefix(f.name, askForm("")):
		return true
	case f.form.Has("match_id"):
		return v.Suggestions.Has(f.name)
	default:
		return hasMove(v.Moves, f.name)
	}
}

func (c console) request(r *http.Request) (contract.Request, error) {
	return bus.Call(r.Context(), c.Bus, contract.RequestGet, contract.GetByID{ID: chi.URLParam(r, "id")})
}

func (c console) requestView(ctx context.Context, d templates.Desk, request contract.Request, f *refusal) templates.RequestView {
	v := c.requestHead(ctx, d, request, f)
	actor := contract.ActorFrom(ctx)
	own := actor.Sees(request.Path)
	v.Contact = templates.ContactCard{
		Contact: request.Contact, Verified: request.PhoneVerified, May: own && access.May(actor.Role, access.ReadContact),
		Action: requestPath(request.ID) + "/contact", Kept: f.kept(d.Page), Bounces: request.MailBounces,
	}
	if own && access.May(actor.Role, access.ReadMessages) {
		v.Contact.Messages = string(request.ID)
	}
	v.Notes = templates.NotesCard{
		May: own && access.May(actor.Role, access.WriteNotes), Action: requestPath(request.ID) + "/notes",
		NoteID: noteID(f), Kept: f.keptText(d.Page),
	}
	v.Own = own && access.May(actor.Role, access.WriteNotes)
	if v.Own {
		v.Notes.Colleagues = namesOf(c.colleagues(ctx, request))
		v.Edit = c.editCard(d, request, f)
	}
	v.Attach = c.attachCard(d, request, v.Own, f)
	v.Present, v.Timeline = c.present(ctx, request), c.timeline(ctx, d, request, v.Matches)
	v.Publication, v.FollowUp = c.requestPublication(ctx, d, request, f), c.followUpCard(d, request, v.Own, f)
	v.MaySuggest = access.May(actor.Role, access.Suggest) && suggestable(request)
	if v.MaySuggest {
		v.Suggestions = c.suggestions(ctx, d, request, f)
		v.Waves = c.waves(ctx, d, request, f)
		v.Verdict = c.verdict(ctx, d, request)
		v.Map = c.mapOf(d, request, v.Suggestions)
	}
	return v
}

// requestHead is what the first part of the page shows.
func (c console) requestHead(ctx context.Context, d templates.Desk, request contract.Request, f *refusal) templates.RequestView {
	v := templates.RequestView{Request: request, Moves: requestMoveSet(request, f.kept(d.Page))}
	v.Matches, v.MatchesProblem = c.matchesOf(ctx, d, contract.ListMatches{RequestID: request.ID})
	return v
}

// requestPart shows one of the parts that load themselves anew.
func (c console) requestPart(w http.ResponseWriter, r *http.Request) error {
	request, err := c.request(r)
	d := c.desk(r, r.URL, "")
	if err != nil {
		return c.renderPart(w, r, d, err, nil)
	}
	switch part(r) {
	case templates.PartRequest:
		return c.renderPart(w, r, d, nil, templates.RequestPart(d, c.requestHead(r.Context(), d, request, nil)))
	case templates.PartSuggestions:
		return c.renderPart(w, r, d, nil, templates.SuggestionsPart(d, c.suggestions(r.Context(), d, request, nil)))
	case templates.PartPresent:
		return c.renderPart(w, r, d, nil, templates.PresentPart(d, c.present(r.Context(), request)))
	case templates.PartWaves:
		return c.renderPart(w, r, d, nil, templates.WavesPart(d, c.waves(r.Context(), d, request, nil)))
	case templates.PartMap:
		return c.renderPart(w, r, d, nil, templates.MapPart(d, c.mapOf(d, request, c.suggestions(r.Context(), d, request, nil))))
	default:
		matches, _ := c.matchesOf(r.Context(), d, contract.ListMatches{RequestID: request.ID})
		return c.renderPart(w, r, d, nil, templates.RequestHistoryPart(d, request, c.timeline(r.Context(), d, request, matches)))
	}
}

func (c console) moveRequest(w http.ResponseWriter, r *http.Request) error {
	return c.act(w, r, requestPath(contract.RequestID(chi.URLParam(r, "id"))), c.refuseRequest,
		func(ctx context.Context, form url.Values) (string, error) {
			m, err := moveFrom(contract.ActorFrom(ctx), chi.URLParam(r, "id"), form, c.Pages.Printer(r).Zone())
			if err != nil {
				return m.Move, err
			}
			m.OnBehalfOf = requestMoves[m.Move].onBehalfOf
			_, err = site.MoveRequest(ctx, c.Bus, m)
			return m.Move, err
		})
}

func (c console) refuseRequest(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.requestPage(w, r, f, nil)
}

func (c console) noteRequest(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	return c.act(w, r, requestPath(contract.RequestID(id)), c.refuseRequest,
		func(ctx context.Context, form url.Values) (string, error) {
			note := noteFrom(id, form)
			if strings.Contains(note.Text, "@") {
				request, err := c.request(r)
				if err != nil {
					return templates.FormNote, err
				}
				note.Mentions = mentioned(note.Text, c.colleagues(ctx, request))
			}
			_, err := bus.Call(ctx, c.Bus, contract.RequestNote, note)
			if err == nil {
				site.TouchRequest(r.Context(), c.Bus, contract.RequestID(id))
			}
			return templates.FormNote, err
		})
}

// requestContact shows the contact in clear, in the answer itself: it is kept
// nowhere on the way.
func (c console) requestContact(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	reading := contract.ContactReading{ID: chi.URLParam(r, "id"), Reason: r.PostForm.Get("reason")}
	clear, err := bus.Call(r.Context(), c.Bus, contract.RequestContact, reading)
	if err != nil {
		return c.refuse(w, r, &refusal{err, r.PostForm, templates.FormContact}, c.refuseRequest)
	}
	return c.requestPage(w, r, nil, &clear)
}
