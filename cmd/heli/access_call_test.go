package main

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
)

// thingKind is what a call names by an id or a code.
type thingKind string

const (
	noThing      thingKind = ""     // it names nothing
	list         thingKind = "list" // it shows what who asks sees
	aRequest     thingKind = "request"
	anOffer      thingKind = "offer"
	aMatch       thingKind = "match"
	aPair        thingKind = "pair"
	aPlan        thingKind = "plan"
	aWebhook     thingKind = "webhook"
	aPerson      thingKind = "person"
	organisation thingKind = "organisation"
)

// call is one endpoint as the matrix calls it: about a thing with an id, in a way
// that changes nothing for others.
type call struct {
	subject string
	thing   thingKind
	// reads is what the role must be allowed besides: who may not read a thing is
	// told that there is none.
	reads access.Action
	do    func(ctx context.Context, w *tree, id string) (any, error)
}

func on[Q, R any](thing thingKind, e contract.Endpoint[Q, R], question func(id string) Q) call {
	reads := map[thingKind]access.Action{
		aRequest: access.ReadRequests, anOffer: access.ReadOffers, aMatch: access.ReadMatches,
	}[thing]
	return call{e.Subject, thing, reads, func(ctx context.Context, w *tree, id string) (any, error) {
		return bus.Call(ctx, w.bus, e, question(id))
	}}
}

func about[Q, R any](thing thingKind, e contract.Endpoint[Q, R], question Q) call {
	return on(thing, e, func(string) Q { return question })
}

// without drops what must be readable.
func (c call) without() call {
	c.reads = ""
	return c
}

// stale is a version that nothing has: who passes the checks meets a conflict.
var stale = int64(1 << 40)

func move(name string) func(id string) contract.Move {
	return func(id string) contract.Move {
		return contract.Move{ID: id, Move: name, Reason: "other", Version: &stale}
	}
}

func byID(id string) contract.GetByID { return contract.GetByID{ID: id} }

func hook(id string) contract.WebhookByID {
	return contract.WebhookByID{ID: contract.EndpointID(id)}
}

func contactReading(id string) contract.ContactReading {
	return contract.ContactReading{ID: id, Reason: "demo"}
}

func note(id string) contract.AddNote {
	return contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: id, Text: "demo"}
}

// endpointCalls are those about one thing, and those about none; every endpoint has one.
func endpointCalls(own things) []call {
	pair := contract.PairRef{NeedLineID: own.request.NeedLines[0].ID, OfferLineID: own.offer.OfferLines[0].ID}
	code := contract.FindByCode{Code: contract.NewCode()}
	return []call{
		on(aRequest, contract.RequestGet, byID),
		on(aRequest, contract.RequestMove, move("hold")),
		on(aRequest, contract.RequestVerifyPhone, move("verify_phone")),
		on(aRequest, contract.RequestCorrect, func(id string) contract.CorrectRequest {
			return contract.CorrectRequest{ID: contract.RequestID(id), Version: stale}
		}),
		on(aRequest, contract.RequestNote, note),
		on(aRequest, contract.RequestContact, contactReading),
		about(noThing, contract.RequestSubmit, contract.SubmitRequest{}),
		about(noThing, contract.RequestFind, code),
		about(list, contract.RequestList, contract.ListRequests{}),
		about(list, contract.RequestCount, contract.Empty{}),
		about(noThing, contract.RequestProjections, contract.GetProjections{IDs: []string{string(own.request.ID)}}),

		on(anOffer, contract.OfferGet, byID),
		on(anOffer, contract.OfferMove, move("pause")),
		on(anOffer, contract.OfferVerifyPhone, move("verify_phone")),
		on(anOffer, contract.OfferVerifyCredential, func(id string) contract.VerifyCredential {
			return contract.VerifyCredential{ID: contract.OfferID(id), N: 1, Version: &stale}
		}),
		on(anOffer, contract.OfferCorrect, func(id string) contract.CorrectOffer {
			return contract.CorrectOffer{ID: contract.OfferID(id), Version: stale}
		}),
		on(anOffer, contract.OfferNote, note),
		on(anOffer, contract.OfferContact, contactReading),
		about(noThing, contract.OfferSubmit, contract.SubmitOffer{}),
		about(noThing, contract.OfferFind, code),
		about(list, contract.OfferList, contract.ListOffers{}),
		about(list, contract.OfferCount, contract.Empty{}),
		about(noThing, contract.OfferProjections, contract.GetProjections{IDs: []string{string(own.offer.ID)}}),

		on(aMatch, contract.MatcherGet, byID),
		on(aMatch, contract.MatcherMove, move("reschedule")),
		about(noThing, contract.MatcherFind, code),
		about(list, contract.MatcherList, contract.ListMatches{}),
		about(list, contract.MatcherCount, contract.Empty{}),
		on(aRequest, contract.MatcherSuggest, func(id string) contract.Suggest {
			return contract.Suggest{RequestID: contract.RequestID(id)}
		}).without(),
		on(aRequest, contract.MatcherVerdict, func(id string) contract.AskVerdict {
			return contract.AskVerdict{RequestID: contract.RequestID(id), OfferID: own.offer.ID}
		}).without(),
		on(anOffer, contract.MatcherVerdict, func(id string) contract.AskVerdict {
			return contract.AskVerdict{RequestID: own.request.ID, OfferID: contract.OfferID(id)}
		}).without(),
		on(aPair, contract.MatcherPropose, func(id string) contract.Propose {
			return contract.Propose{
				ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), NeedLineID: contract.NeedLineID(id), OfferLineID: pair.OfferLineID,
			}
		}),
		about(noThing, contract.MatcherPolicy, contract.Empty{}),
		about(list, contract.MatcherPolicies, contract.Empty{}),
		on(organisation, contract.MatcherSetPolicy, func(id string) contract.SetPolicy {
			return contract.SetPolicy{Organisation: id, Category: "ppe", Reason: "demo"}
		}),
		about(list, contract.MatcherPlan, contract.AskPlan{}),
		on(aPlan, contract.MatcherConfirmPlan, func(id string) contract.ConfirmPlan {
			return contract.ConfirmPlan{PlanID: contract.PlanID(id), Pairs: []contract.PairRef{{NeedLineID: "none", OfferLineID: "none"}}}
		}),
		about(noThing, contract.MatcherReplay, contract.ReplayPast{}),

		about(noThing, contract.DirectoryReference, contract.AskReference{}),
		about(noThing, contract.DirectoryCampaigns, contract.Empty{}),
		on(organisation, contract.DirectoryRegister, func(id string) contract.OrganisationDraft {
			return contract.OrganisationDraft{Code: "demo", Name: "示例", Kind: "charity", Level: "city", RegionCode: "610000", ParentCode: id}
		}),
		about(noThing, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: "xian"}),
		about(list, contract.DirectoryOrganisations, contract.ListOrganisations{}),
		on(organisation, contract.DirectoryAddPerson, func(id string) contract.PersonDraft {
			return contract.PersonDraft{ID: contract.NewID[contract.PersonID](), Name: "演示", Role: contract.RoleHelper, Organisation: id}
		}),
		about(list, contract.DirectoryPeople, contract.ListPeople{}),
		on(aPerson, contract.DirectoryMakeLogin, func(id string) contract.MakeLogin { return contract.MakeLogin{PersonID: contract.PersonID(id)} }),
		on(aPerson, contract.DirectoryRevoke, func(id string) contract.RevokeIdentity {
			return contract.RevokeIdentity{PersonID: contract.PersonID(id)}
		}),
		about(noThing, contract.DirectoryRedeemLogin, contract.RedeemLogin{Secret: "none"}),
		about(noThing, contract.DirectoryAuthenticate, contract.Authenticate{Key: "none"}),
		on(organisation, contract.DirectoryMakeAPIKey, func(id string) contract.MakeAPIKey {
			return contract.MakeAPIKey{Organisation: id, Role: contract.RoleHelper, Name: "demo"}
		}),
		about(noThing, contract.DirectoryAudit, contract.AuditEntry{}),

		about(noThing, contract.NotifyRegister, contract.WebhookDraft{}),
		about(list, contract.NotifyWebhooks, contract.ListWebhooks{}),
		on(aWebhook, contract.NotifyWebhook, hook),
		on(aWebhook, contract.NotifyRotate, hook),
		on(aWebhook, contract.NotifyTest, hook),
		on(aWebhook, contract.NotifyDeliveries, func(id string) contract.ListDeliveries {
			return contract.ListDeliveries{EndpointID: contract.EndpointID(id)}
		}),
		on(aWebhook, contract.NotifyReplay, func(id string) contract.ReplayDeliveries {
			return contract.ReplayDeliveries{EndpointID: contract.EndpointID(id)}
		}),
		on(aWebhook, contract.NotifyRemove, hook),
		about(list, contract.NotifyEvents, contract.PullEvents{}),
	}
}

// id returns the id of xian's thing of a kind; a new one for a call that uses it up.
func (w *tree) id(q call, used bool) string {
	switch {
	case used && q.subject == contract.NotifyRemove.Subject:
		return string(w.webhook("xian").ID)
	case used && q.subject == contract.DirectoryRevoke.Subject:
		return string(w.person("xian").ID)
	}
	return map[thingKind]string{
		aRequest: string(w.own.request.ID), anOffer: string(w.own.offer.ID), aMatch: string(w.own.match.ID),
		aPair: string(w.own.request.NeedLines[0].ID), aPlan: string(w.own.plan.ID), aWebhook: string(w.own.webhook.ID),
		aPerson: string(w.own.person.ID), organisation: "xian",
	}[q.thing]
}

// nobodys returns an id or code that nothing has.
func nobodys(kind thingKind) string {
	if kind == organisation {
		return "nowhere"
	}
	return contract.NewID[string]()
}
