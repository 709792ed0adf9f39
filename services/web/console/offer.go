package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const offersPath = "/console/offers"

func offerPath(id contract.OfferID) string { return offersPath + "/" + string(id) }

// offerViews are the tabs of the list; the one without states shows all that
// have not ended, and one is a queue.
var offerViews = []view{
	{"all", nil},
	{"new", []string{"submitted", "vetting"}},
	{"available", []string{"available"}},
	{"paused", []string{"paused", "exhausted"}},
	{contract.QueueEnding, []string{contract.QueueEnding}},
	{"ended", []string{"expired", "withdrawn", "blocked"}},
}

func (c console) offers(w http.ResponseWriter, r *http.Request) error {
	if part(r) == templates.PartQueue {
		return c.sharedPart(w, r, func(ctx context.Context, d templates.Desk) (templ.Component, error) {
			o, err := c.loadOffers(ctx, d)
			return templates.OffersPart(d, o), err
		})
	}
	d := c.desk(r, r.URL, c.Pages.Printer(r).T("console.offers.title"))
	d.Frame.Live = livePath
	o, err := c.loadOffers(r.Context(), d)
	return c.list(w, r, d, err, templates.ConsoleOffers(d, o))
}

func (c console) loadOffers(ctx context.Context, d templates.Desk) (templates.Offers, error) {
	shown := viewOf(offerViews, d.Query.Get("tab"))
	o := templates.Offers{Filters: c.filters(d, contract.ThingOffer, nil)}
	o.Filters.Tab = shown.name
	q := contract.ListOffers{
		Page: contract.Page{Cursor: d.Query.Get("cursor")}, States: shown.states, RegionCode: d.Query.Get("region"),
		Text: d.Query.Get("text"),
	}
	if shown.name == contract.QueueEnding {
		q.States, q.Queue = nil, shown.name
	}
	if category := d.Query.Get("category"); category != "" {
		q.Categories = []string{category}
	}
	listing, err := bus.Call(ctx, c.Bus, contract.OfferList, q)
	if err != nil {
		return o, err
	}
	o.Rows, o.Next = listing.Items, listing.NextCursor
	counts, err := bus.Call(ctx, c.Bus, contract.OfferCount, contract.Empty{})
	if err != nil {
		return o, err
	}
	o.Tabs = tabsOf(offerViews, shown, waitingOf(counts), func(name string) (string, string) {
		return offersPath + "?tab=" + name, d.T("console.tab.offer." + name)
	})
	return o, nil
}

// showOffer shows an offer, or one of its parts.
func (c console) showOffer(w http.ResponseWriter, r *http.Request) error {
	asked := part(r)
	if asked != templates.PartOffer && asked != templates.PartHistory {
		return c.offerPage(w, r, nil, nil)
	}
	d := c.desk(r, r.URL, "")
	offer, err := c.offer(r)
	switch {
	case err != nil:
		return c.renderPart(w, r, d, err, nil)
	case asked == templates.PartOffer:
		return c.renderPart(w, r, d, nil, templates.OfferPart(d, c.offerHead(r.Context(), d, offer, nil)))
	default:
		return c.renderPart(w, r, d, nil, templates.OfferHistoryPart(d, offer))
	}
}

func (c console) offer(r *http.Request) (contract.Offer, error) {
	return bus.Call(r.Context(), c.Bus, contract.OfferGet, contract.GetByID{ID: chi.URLParam(r, "id")})
}

// offerPage shows the whole page, as requestPage does.
func (c console) offerPage(w http.ResponseWriter, r *http.Request, f *refusal, clear *contract.Contact) error {
	offer, err := c.offer(r)
	if err != nil {
		return err
	}
	d := c.desk(r, &url.URL{Path: offerPath(offer.ID), RawQuery: r.URL.RawQuery}, offer.Code)
	d.Frame.Live = liveOf(contract.ThingOffer, string(offer.ID))
	v := c.offerHead(r.Context(), d, offer, f)
	actor := contract.ActorFrom(r.Context())
	own := actor.Sees(offer.Path)
	v.Contact = templates.ContactCard{
		Contact: offer.Contact, Verified: offer.PhoneVerified, May: own && access.May(actor.Role, access.ReadContact),
		Action: offerPath(offer.ID) + "/contact", Kept: f.kept(d.Page), Bounces: offer.MailBounces,
	}
	if clear != nil {
		v.Contact.Contact, v.Contact.Shown = *clear, true
	}
	if own && access.May(actor.Role, access.ReadMessages) {
		v.Contact.Messages = string(offer.ID)
	}
	v.Notes = templates.NotesCard{
		May: own && access.May(actor.Role, access.WriteNotes), Action: offerPath(offer.ID) + "/notes",
		NoteID: noteID(f), Kept: f.keptText(d.Page),
	}
	v.Publication = c.offerPublication(r.Context(), d, offer, f)
	status := http.StatusOK
	if f != nil {
		stands := strings.HasPrefix(f.name, askForm("")) || f.name == templates.FormPublish || f.name == templates.FormNote || f.name == templates.FormContact || hasMove(v.Moves, f.name)
		d.Notice, status = c.refused(r, d, f, contract.ThingOffer, offer.History, stands), page.StatusOf(f.err)
	}
	c.Pages.Render(w, r, status, templates.ConsoleOffer(d, v))
	return nil
}

// offerHead is what the first part of the page shows.
func (c console) offerHead(ctx context.Context, d templates.Desk, offer contract.Offer, f *refusal) templates.OfferView {
	v := templates.OfferView{
		Offer: offer, Moves: offerMoveSet(offer, f.kept(d.Page)), Now: c.Clock(), MayVerify: slices.Contains(offer.Moves, "verify_credential"),
	}
	v.Matches, v.MatchesProblem = c.matchesOf(ctx, d, contract.ListMatches{OfferID: offer.ID})
	v.Asks, v.Standing = c.asksOf(ctx, d, contract.ListAsks{OfferID: offer.ID}, offerPath(offer.ID), f), c.standing(ctx, offer)
	return v
}

func (c console) refuseOffer(w http.ResponseWriter, r *http.Request, f *refusal) error {
	return c.offerPage(w, r, f, nil)
}

func (c console) moveOffer(w http.ResponseWriter, r *http.Request) error {
	id := contract.OfferID(chi.URLParam(r, "id"))
	return c.act(w, r, offerPath(id), c.refuseOffer, func(ctx context.Context, form url.Values) (string, error) {
		m, err := moveFrom(contract.ActorFrom(ctx), string(id), form, c.Pages.Printer(r).Zone())
		if err == nil {
			_, err = bus.Call(ctx, c.Bus, contract.OfferMove, m)
		}
		return m.Move, err
	})
}

func (c console) verifyCredential(w http.ResponseWriter, r *http.Request) error {
	id := contract.OfferID(chi.URLParam(r, "id"))
	n, err := strconv.Atoi(chi.URLParam(r, "n"))
	if err != nil {
		return fault.NewNotFound("credential")
	}
	return c.act(w, r, offerPath(id), c.refuseOffer, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.OfferVerifyCredential, contract.VerifyCredential{ID: id, N: n, Version: versionOf(form)})
		return "verify_credential", err
	})
}

func (c console) noteOffer(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	return c.act(w, r, offerPath(contract.OfferID(id)), c.refuseOffer, func(ctx context.Context, form url.Values) (string, error) {
		_, err := bus.Call(ctx, c.Bus, contract.OfferNote, noteFrom(id, form))
		return templates.FormNote, err
	})
}

// offerContact shows the contact in clear, as requestContact does.
func (c console) offerContact(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	reading := contract.ContactReading{ID: chi.URLParam(r, "id"), Reason: r.PostForm.Get("reason")}
	clear, err := bus.Call(r.Context(), c.Bus, contract.OfferContact, reading)
	if err != nil {
		return c.refuse(w, r, &refusal{err, r.PostForm, templates.FormContact}, c.refuseOffer)
	}
	return c.offerPage(w, r, nil, &clear)
}
