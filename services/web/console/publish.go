package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// publishing are the calls that show a thing on the public board, and take it off.
type publishing struct {
	path      string // of the thing's page, before its id
	publish   contract.Endpoint[contract.Publish, contract.Moved]
	unpublish contract.Endpoint[contract.Move, contract.Moved]
	again     func(http.ResponseWriter, *http.Request, *refusal) error
}

func (c console) requestPublishing() publishing {
	return publishing{"/console/requests/", contract.RequestPublish, contract.RequestUnpublish, c.refuseRequest}
}

func (c console) offerPublishing() publishing {
	return publishing{offersPath + "/", contract.OfferPublish, contract.OfferUnpublish, c.refuseOffer}
}

// publish puts a thing on the board once somebody has confirmed its words.
func (c console) publish(t publishing) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		id := chi.URLParam(r, "id")
		return c.act(w, r, t.path+id, t.again, func(ctx context.Context, form url.Values) (string, error) {
			q := contract.Publish{
				ID: id, Version: versionOf(form), Title: strings.TrimSpace(form.Get("title")),
				Summary: strings.TrimSpace(form.Get("summary")), NearPoint: form.Get("near_point") == "on",
			}
			if form.Get("confirmed") != "on" {
				return templates.FormPublish, fault.NewInvalid(fault.Field{Location: "confirmed", Code: check.Required})
			}
			_, err := bus.Call(ctx, c.Bus, t.publish, q)
			return templates.FormPublish, err
		})
	}
}

func (c console) unpublish(t publishing) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		id := chi.URLParam(r, "id")
		return c.act(w, r, t.path+id, t.again, func(ctx context.Context, form url.Values) (string, error) {
			_, err := bus.Call(ctx, c.Bus, t.unpublish, contract.Move{ID: id, Version: versionOf(form)})
			return templates.FormUnpublish, err
		})
	}
}

// publicationOf is the card of a thing that has a path, lines and a place.
func (c console) publicationOf(ctx context.Context, d templates.Desk, f *refusal, path string, live bool) templates.PublicationCard {
	actor := contract.ActorFrom(ctx)
	card := templates.PublicationCard{May: live && actor.Sees(path) && access.May(actor.Role, access.Publish), Kept: f.kept(d.Page)}
	if f != nil && f.name == templates.FormPublish {
		card.Typed = &contract.Publish{Title: f.form.Get("title"), Summary: f.form.Get("summary")}
	}
	return card
}

func (c console) requestPublication(ctx context.Context, d templates.Desk, r contract.Request, f *refusal) templates.PublicationCard {
	card := c.publicationOf(ctx, d, f, r.Path, r.Stage != "closed")
	card.On, card.Point, card.Version, card.Action = r.Published, r.Point != nil, r.Version, requestPath(r.ID)
	if len(r.NeedLines) > 0 {
		card.Title = publicTitle(d, r.NeedLines[0].Category, r.RegionCode)
	}
	return card
}

func (c console) offerPublication(ctx context.Context, d templates.Desk, o contract.Offer, f *refusal) templates.PublicationCard {
	card := c.publicationOf(ctx, d, f, o.Path, slices.Contains([]string{"submitted", "vetting", "available", "paused"}, o.Stage))
	card.On, card.Point, card.Version, card.Action = o.Published, o.Point != nil, o.Version, offerPath(o.ID)
	if len(o.OfferLines) > 0 {
		card.Title = publicTitle(d, o.OfferLines[0].Category, o.RegionCode)
	}
	return card
}

// publicTitle is what a thing is called before somebody finds better words: none
// of those that its author wrote.
func publicTitle(d templates.Desk, category, region string) string {
	return d.Category(category) + " · " + d.Region(region)
}
