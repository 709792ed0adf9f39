package api

import (
	"context"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/site"
)

const tagOffers = "offers"

func (a *api) addOffers() {
	add(a, operation{
		method: http.MethodPost, path: "/offers", id: "submit_offer", tag: tagOffers, status: http.StatusCreated,
		audience: anybody, unchecked: true, summary: "Submit an offer",
		description: "Without an API key this is a public submission. 202 says that it is kept safely and passed on later: " +
			"id, code, lines and tracking_token are final already.",
	}, a.submitOffer)
	add(a, operation{
		method: http.MethodGet, path: "/offers", id: "list_offers", tag: tagOffers,
		summary: "List offers", description: "Newest first. Contacts are masked.",
	}, a.listOffers)
	add(a, operation{
		method: http.MethodGet, path: "/offers/{id}", id: "get_offer", tag: tagOffers, audience: holders,
		summary: "Read an offer", description: "With its lines, credentials and history. Contacts are masked.",
	}, a.getOffer)
	add(a, operation{
		method: http.MethodPatch, path: "/offers/{id}", id: "correct_offer", tag: tagOffers, audience: holders,
		summary: "Correct an offer", description: "What is left out stays.",
	}, a.correctOffer)
	add(a, operation{
		method: http.MethodPost, path: "/offers/{id}/credentials/{n}/verify", id: "verify_credential", tag: tagOffers,
		summary: "Mark a credential as verified", description: "Repeating it changes nothing.",
	}, a.verifyCredential)
	for _, m := range offerMoves {
		addMove(a, tagOffers, m, a.moveOffer(m.name))
	}
}

// SubmittedOffer is the answer to a submission.
type SubmittedOffer struct {
	ID            contract.OfferID      `json:"id"`
	Code          string                `json:"code" doc:"Short, to read out"`
	State         string                `json:"state"`
	OfferLines    []contract.OfferLine  `json:"offer_lines"`
	Credentials   []contract.Credential `json:"credentials"`
	TrackingToken string                `json:"tracking_token" doc:"Speaks for this offer: keep it secret"`
}

func (a *api) submitOffer(ctx context.Context, in *submissionInput[OfferInput]) (*created[SubmittedOffer], error) {
	check := func(v OfferInput) error { return a.Intake.CheckOffer(ctx, contract.SubmitOffer{Draft: v.draft()}) }
	if err := examine(ctx, a, &in.Body, check); err != nil {
		return nil, err
	}
	key, err := in.submissionKey(ctx)
	if err == nil {
		err = a.slowDown(ctx, in.Body.Value.Contact)
	}
	if err != nil {
		return nil, err
	}
	submitted, spooled, err := a.Intake.SubmitOffer(ctx, contract.SubmitOffer{
		Key: key, BodyHash: callFrom(ctx).bodyHash(), ID: contract.NewID[contract.OfferID](), Code: contract.NewCode(),
		Draft: in.Body.Value.draft(), SubmittedAt: a.Clock(),
	})
	if err != nil {
		return nil, err
	}
	if submitted.Credentials == nil {
		submitted.Credentials = []contract.Credential{}
	}
	return &created[SubmittedOffer]{createdOr202(spooled), SubmittedOffer{
		submitted.ID, submitted.Code, submitted.State, submitted.OfferLines, submitted.Credentials,
		site.Token(a.Keys, site.Track, string(submitted.ID), submitted.Generation),
	}}, nil
}

// offerFilter says which offers a list holds, as requestFilter does.
type offerFilter struct {
	PageInput
	State        []string `query:"state,explode" doc:"Shown states"`
	Category     []string `query:"category,explode" doc:"With the categories below"`
	Region       string   `query:"region" doc:"A region code, with what lies in it"`
	Organisation string   `query:"organisation" doc:"Code of the owner"`
	Source       string   `query:"source"`
	Text         string   `query:"q" doc:"A code, or words of the title"`
	Queue        string   `query:"queue" enum:"ending" doc:"Those on offer with a credential that ends within a month, or has ended"`
	IncludeEnded bool     `query:"include_ended" doc:"Ended ones too; asking for their state includes them anyway"`
}

func (a *api) listOffers(ctx context.Context, in *offerFilter) (*answer[List[contract.Offer]], error) {
	states := values[string](in.State)
	listing, err := bus.Call(ctx, a.Bus, contract.OfferList, contract.ListOffers{
		Page: in.page(), States: states, Categories: values[string](in.Category), RegionCode: in.Region,
		Queue: in.Queue, Organisation: in.Organisation, Source: in.Source, Text: in.Text, IncludeEnded: in.IncludeEnded || len(states) > 0,
	})
	return listOf(listing), err
}

func (a *api) getOffer(ctx context.Context, in *IDInput) (*answer[contract.Offer], error) {
	offer, err := bus.Call(ctx, a.Bus, contract.OfferGet, contract.GetByID{ID: in.ID})
	return &answer[contract.Offer]{offer}, err
}

// OfferCorrection is what the one who offers may change.
type OfferCorrection struct {
	Version     int64             `json:"version" doc:"The version that was read"`
	Title       *string           `json:"title,omitempty" maxLength:"200"`
	Description *string           `json:"description,omitempty" maxLength:"4000"`
	Contact     *ContactInput     `json:"contact,omitempty" doc:"A new phone has to be verified anew"`
	Capacities  map[string]*int64 `json:"capacities,omitempty" doc:"New amounts by offer line; null means not stated"`
}

type correctOfferInput struct {
	IDInput
	Body OfferCorrection
}

func (a *api) correctOffer(ctx context.Context, in *correctOfferInput) (*answer[contract.Moved], error) {
	q := contract.CorrectOffer{
		ID: contract.OfferID(in.ID), Version: in.Body.Version, Title: in.Body.Title, Description: in.Body.Description,
	}
	if in.Body.Contact != nil {
		contact := in.Body.Contact.contact()
		q.Contact = &contact
	}
	if in.Body.Capacities != nil {
		q.Capacities = make(map[contract.OfferLineID]*int64, len(in.Body.Capacities))
		for line, quantity := range in.Body.Capacities {
			q.Capacities[contract.OfferLineID(line)] = quantity
		}
	}
	moved, err := bus.Call(ctx, a.Bus, contract.OfferCorrect, q)
	return &answer[contract.Moved]{moved}, err
}

// VersionBody names the version that was read; the body may be left out.
type VersionBody struct {
	Version *int64 `json:"version,omitempty" doc:"Another one is a conflict"`
}

type verifyCredentialInput struct {
	IDInput
	N    int `path:"n" minimum:"1" maximum:"1000" doc:"The credential's number within the offer"`
	Body *VersionBody
}

func (a *api) verifyCredential(ctx context.Context, in *verifyCredentialInput) (*answer[contract.Moved], error) {
	q := contract.VerifyCredential{ID: contract.OfferID(in.ID), N: in.N}
	if in.Body != nil {
		q.Version = in.Body.Version
	}
	moved, err := bus.Call(ctx, a.Bus, contract.OfferVerifyCredential, q)
	return &answer[contract.Moved]{moved}, err
}

func (a *api) moveOffer(name string) mover {
	return func(ctx context.Context, m contract.Move) (contract.Moved, error) {
		if name == verifyPhone {
			return bus.Call(ctx, a.Bus, contract.OfferVerifyPhone, m)
		}
		return bus.Call(ctx, a.Bus, contract.OfferMove, m)
	}
}
