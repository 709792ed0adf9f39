package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

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
	oneself      thingKind = "oneself" // a person who is there for nobody else
	aKey         thingKind = "key"
	aSession     thingKind = "session"
	aCalendar    thingKind = "calendar"
	organisation thingKind = "organisation"
	aComplaint   thingKind = "complaint"
	anAsk        thingKind = "ask"
	aForm        thingKind = "form"
	anUpload     thingKind = "upload" // of a person: nobody else reads it
)

// call is one endpoint as the matrix calls it: about a thing with an id, in a way
// that changes nothing for others.
type call struct {
	subject string
	thing   thingKind
	// reads is what the role must be allowed besides: who may not read a thing is
	// told that there is none.
	reads access.Action
	// asks is what the role must be allowed besides: else it is refused.
	asks access.Action
	// byHolder is what no staff may do, whatever the role.
	byHolder bool
	// byMatch is what the holder of the token of a match may do with its offer, too.
	byMatch bool
	// byRoot is what only the top organisation may do, which is none of the parties.
	byRoot bool
	do     func(ctx context.Context, w *tree, id string) (any, error)
}

func on[Q, R any](thing thingKind, e contract.Endpoint[Q, R], question func(id string) Q) call {
	reads := map[thingKind]access.Action{
		aRequest: access.ReadRequests, anOffer: access.ReadOffers, aMatch: access.ReadMatches,
	}[thing]
	return call{subject: e.Subject, thing: thing, reads: reads, do: func(ctx context.Context, w *tree, id string) (any, error) {
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

func (c call) asking(action access.Action) call {
	c.asks = action
	return c
}

func (c call) ofMatches() call {
	c.byMatch = true
	return c
}

func (c call) ofHolders() call {
	c.byHolder = true
	return c
}

func (c call) ofRoot() call {
	c.byRoot = true
	return c
}

// letterCalls are those about the dead letters of each service.
func letterCalls() []call {
	var all []call
	for _, service := range contract.LetterKeepers() {
		letters := contract.DeadLettersOf(service)
		all = append(all,
			about(list, letters.List, contract.ListDeadLetters{}).ofRoot(),
			about(noThing, letters.Replay, contract.ReplayDeadLetters{}).ofRoot(),
			about(noThing, letters.Drop, contract.DropDeadLetters{}).ofRoot())
	}
	return all
}

// administrationCalls are those of the administrator's pages.
func administrationCalls() []call {
	return append(letterCalls(),
		on(organisation, contract.DirectoryRevise, func(id string) contract.ReviseOrganisation {
			return contract.ReviseOrganisation{Code: id, Version: stale, Name: "示例", Kind: "charity", Level: "city", RegionCode: "610000"}
		}),
		on(organisation, contract.DirectoryEnd, func(id string) contract.EndOrganisation {
			return contract.EndOrganisation{Code: id, Version: stale, Reason: "demo"}
		}),
		about(noThing, contract.DirectoryPutCategory, contract.PutCategory{}).ofRoot(),
		about(list, contract.DirectoryAuditTrail, contract.ListAudit{}),
		about(list, contract.DirectoryVerifyAudit, contract.Empty{}),
		on(anOffer, contract.OfferSetTerms, func(id string) contract.SetTerms {
			return contract.SetTerms{ID: contract.OfferID(id), Version: stale}
		}),
		about(list, contract.RequestFigure, figures()),
		about(list, contract.OfferFigure, figures()),
		about(list, contract.MatcherFigure, figures()),
		about(list, contract.MatcherPolicyVersions, contract.ListPolicyVersions{}),
	)
}

// figures asks for those of a day.
func figures() contract.AskFigures {
	now := time.Now()
	return contract.AskFigures{From: now.AddDate(0, 0, -1), Until: now, TimeZone: "Asia/Shanghai"}
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

func personByID(id string) contract.PersonByID { return contract.PersonByID{ID: contract.PersonID(id)} }

func passkey(id string) contract.Passkey {
	return contract.Passkey{PersonID: contract.PersonID(id), Name: "demo", CredentialID: []byte("demo"), Credential: []byte(`{}`)}
}

func personDraft(organisation string) contract.PersonDraft {
	return contract.PersonDraft{ID: contract.NewID[contract.PersonID](), Name: "演示", Role: contract.RoleHelper, Organisation: organisation}
}

// consent changes nothing: it takes away what was not given.
func consent(id string) contract.ChangeConsent {
	return contract.ChangeConsent{ID: id, Purpose: contract.PurposeContact}
}

func oneByOne(id string) contract.ChooseDigest {
	return contract.ChooseDigest{ID: id, Digest: contract.DigestNone}
}

func contactReading(id string) contract.ContactReading {
	return contract.ContactReading{ID: id, Reason: "demo"}
}

func pdf(id string) contract.AddAttachment {
	return contract.AddAttachment{
		ID: contract.NewID[contract.AttachmentID](), RequestID: contract.RequestID(id), Name: "demo.pdf", Content: []byte("%PDF-1.7\n%%EOF"),
	}
}

func note(id string) contract.AddNote {
	return contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: id, Text: "demo"}
}

func publish(id string) contract.Publish {
	return contract.Publish{ID: id, Title: "demo", Version: &stale}
}

// endpointCalls are those about one thing, and those about none; every endpoint has one.
func endpointCalls(own things) []call {
	return slices.Concat(
		complaintCalls(own), askCalls(), administrationCalls(), requestCalls(own), offerCalls(own), boardCalls(), matcherCalls(own),
		directoryCalls(own), peopleCalls(own), signInCalls(own), webhookCalls(), messageCalls(own), ownCalls(),
	)
}

// ownCalls are those for one's own data: whose it is, the token says.
func ownCalls() []call {
	return []call{
		about(list, contract.RequestOwn, contract.AskOwn{}), about(list, contract.OfferOwn, contract.AskOwn{}),
		about(list, contract.MatcherOwn, contract.Empty{}), about(list, contract.NotifyOwn, contract.Empty{}),
		about(list, contract.DirectoryOwn, contract.AskOwn{}),
	}
}

// askCalls are those about asks.
func askCalls() []call {
	return []call{
		on(aRequest, contract.MatcherWaves, byID).without(),
		on(aPair, contract.MatcherStartWave, func(id string) contract.StartWave { return contract.StartWave{NeedLineID: contract.NeedLineID(id)} }),
		on(aPair, contract.MatcherStopWave, func(id string) contract.StopWave { return contract.StopWave{NeedLineID: contract.NeedLineID(id)} }),
		on(anAsk, contract.MatcherAsk, byID),
		about(list, contract.MatcherAsks, contract.ListAsks{}),
		about(noThing, contract.MatcherFindAsk, byCode()),
		on(anAsk, contract.MatcherMoveAsk, move("not_now")),
		on(anOffer, contract.MatcherStanding, func(id string) contract.AskStanding {
			return contract.AskStanding{OfferID: contract.OfferID(id)}
		}).without(),
	}
}

// byCode asks for what a code that nothing has names.
func byCode() contract.FindByCode { return contract.FindByCode{Code: contract.NewCode()} }

// requestCalls are those about requests.
func requestCalls(own things) []call {
	return []call{
		on(aRequest, contract.RequestGet, byID),
		on(aRequest, contract.RequestMove, move("hold")),
		on(aRequest, contract.RequestTry, move("hold")),
		on(aRequest, contract.RequestVerifyPhone, move("verify_phone")),
		on(aRequest, contract.RequestCorrect, func(id string) contract.CorrectRequest {
			return contract.CorrectRequest{ID: contract.RequestID(id), Version: stale}
		}),
		on(aRequest, contract.RequestNote, note),
		on(aRequest, contract.RequestContact, contactReading),
		on(aRequest, contract.RequestConsent, consent).ofHolders(),
		on(aRequest, contract.RequestDigest, oneByOne).ofHolders(),
		on(aRequest, contract.RequestErase, move("erase")),
		about(noThing, contract.RequestSubmit, contract.SubmitRequest{}),
		about(noThing, contract.RequestFind, byCode()),
		about(list, contract.RequestList, contract.ListRequests{}),
		about(list, contract.RequestCount, contract.Empty{}),
		about(noThing, contract.RequestProjections, contract.GetProjections{IDs: []string{string(own.request.ID)}}),
		on(aRequest, contract.RequestEdit, func(id string) contract.EditRequest {
			f := contract.RequestFields{Title: "demo", Urgency: contract.Routine}
			return contract.EditRequest{ID: contract.RequestID(id), Was: f, Now: f}
		}),
		on(aRequest, contract.RequestAttach, pdf),
		on(aRequest, contract.RequestAttachment, func(id string) contract.AttachmentByID {
			return contract.AttachmentByID{ID: own.attachment.ID, RequestID: contract.RequestID(id)}
		}),
		on(aRequest, contract.RequestDetach, func(id string) contract.AttachmentByID {
			return contract.AttachmentByID{ID: contract.NewID[contract.AttachmentID](), RequestID: contract.RequestID(id)}
		}),
		on(aRequest, contract.RequestAlike, byID),
		on(aRequest, contract.RequestLink, func(id string) contract.LinkRequests {
			return contract.LinkRequests{ID: contract.RequestID(id), OtherID: contract.RequestID(id), Linked: true}
		}),
		about(noThing, contract.RequestLookUp, contract.LookUpCaller{}),
		about(list, contract.RequestMentions, contract.AskMentions{}),
		on(aRequest, contract.RequestFollowUp, func(id string) contract.FollowUp { return contract.FollowUp{ID: contract.RequestID(id)} }),
		about(noThing, contract.RequestKeepPlace, contract.KeepPlace{RequestID: own.request.ID}),
		about(noThing, contract.RequestPlaces, contract.AskPlaces{}),
		about(noThing, contract.RequestSeeMention, contract.SeeMention{NoteID: contract.NewID[contract.NoteID]()}),
	}
}

// offerCalls are those about offers.
func offerCalls(own things) []call {
	return []call{
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
		on(anOffer, contract.OfferConsent, consent).ofHolders(),
		on(anOffer, contract.OfferDigest, oneByOne).ofHolders(),
		on(anOffer, contract.OfferErase, move("erase")),
		about(noThing, contract.OfferSubmit, contract.SubmitOffer{}),
		about(noThing, contract.OfferFind, byCode()),
		about(list, contract.OfferList, contract.ListOffers{}),
		about(list, contract.OfferCount, contract.Empty{}),
		about(noThing, contract.OfferProjections, contract.GetProjections{IDs: []string{string(own.offer.ID)}}),
	}
}

// boardCalls are those about sessions and the public board.
func boardCalls() []call {
	return []call{
		about(noThing, contract.OfferRecordSession, contract.RecordSession{}),
		about(list, contract.OfferSessions, contract.ListSessions{}),
		about(list, contract.OfferSessionTotals, contract.AskSessionTotals{}),
		on(aSession, contract.OfferSession, byID),
		on(aSession, contract.OfferKeepRoster, func(id string) contract.KeepRoster { return contract.KeepRoster{ID: contract.SessionID(id)} }),
		on(aSession, contract.OfferRoster, func(id string) contract.ReadRoster {
			return contract.ReadRoster{ID: contract.SessionID(id), Reason: "demo"}
		}),
		on(aSession, contract.OfferVoidSession, func(id string) contract.VoidSession {
			return contract.VoidSession{ID: contract.SessionID(id), Reason: "demo"}
		}),
		on(aRequest, contract.RequestPublish, publish),
		on(aRequest, contract.RequestUnpublish, move("unpublish")),
		on(anOffer, contract.OfferPublish, publish),
		on(anOffer, contract.OfferUnpublish, move("unpublish")),
		about(noThing, contract.RequestBoard, contract.AskBoard{}),
		about(noThing, contract.OfferBoard, contract.AskBoard{}),
	}
}

// matcherCalls are those about matches, plans and policies.
func matcherCalls(own things) []call {
	return []call{
		on(aMatch, contract.MatcherGet, byID),
		on(aMatch, contract.MatcherMove, move("reschedule")),
		on(aMatch, contract.MatcherSetAppointment, func(id string) contract.SetAppointment {
			return contract.SetAppointment{MatchID: contract.MatchID(id), Version: &stale}
		}),
		on(aMatch, contract.MatcherAppointment, byID),
		on(aMatch, contract.MatcherAppointments, func(id string) contract.ListAppointments {
			return contract.ListAppointments{MatchID: contract.MatchID(id)}
		}),
		about(noThing, contract.MatcherMakeCalendar, contract.MakeCalendar{}),
		about(list, contract.MatcherCalendars, contract.Empty{}),
		on(aCalendar, contract.MatcherRevokeCalendar, func(id string) contract.CalendarByID {
			return contract.CalendarByID{ID: contract.CalendarID(id)}
		}),
		about(noThing, contract.MatcherFind, byCode()),
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
				ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), NeedLineID: contract.NeedLineID(id), OfferLineID: own.offer.OfferLines[0].ID,
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
		on(organisation, contract.MatcherReplay, func(id string) contract.ReplayPast {
			return contract.ReplayPast{Policies: []contract.ReplayPolicy{{Organisation: id, Document: []byte(`{"none":1}`)}}}
		}),
		about(noThing, contract.MatcherHonours, contract.Empty{}),
	}
}

// directoryCalls are those about what the directory holds.
func directoryCalls(own things) []call {
	return []call{
		about(noThing, contract.DirectoryReference, contract.AskReference{}),
		about(noThing, contract.DirectoryCampaigns, contract.Empty{}),
		on(organisation, contract.DirectoryRegister, func(id string) contract.OrganisationDraft {
			return contract.OrganisationDraft{Code: "demo", Name: "示例", Kind: "charity", Level: "city", RegionCode: "610000", ParentCode: id}
		}),
		about(noThing, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: "xian"}),
		about(list, contract.DirectoryOrganisations, contract.ListOrganisations{}),
		about(list, contract.DirectoryRollUp, contract.AskRollUp{}),
		about(noThing, contract.DirectoryHonours, contract.AskHonours{}),
		about(list, contract.DirectoryColleagues, contract.AskColleagues{Path: paths["xian"]}),
		about(list, contract.DirectoryReadings, contract.AskReadings{SubjectID: string(own.request.ID)}),
		about(noThing, contract.DirectoryCampaign, contract.CampaignDraft{}),
		about(list, contract.DirectoryAlerts, contract.Empty{}),
		about(noThing, contract.DirectoryRecordErasure, contract.RecordErasure{}),
		about(noThing, contract.DirectoryErasures, contract.ListErasures{Thing: contract.ThingRequest}),
	}
}

// messageCalls are those about messages to people: all but the log are for services.
func messageCalls(own things) []call {
	return []call{
		about(noThing, contract.RequestReach, contract.AskReach{ID: string(own.request.ID)}),
		about(noThing, contract.OfferReach, contract.AskReach{ID: string(own.offer.ID)}),
		about(noThing, contract.RequestBounced, contract.Bounced{ID: string(own.request.ID)}),
		about(noThing, contract.OfferBounced, contract.Bounced{ID: string(own.offer.ID)}),
		about(list, contract.NotifyMessages, contract.ListMessages{}),
		about(noThing, contract.NotifyChannels, contract.Empty{}),
		on(oneself, contract.DirectoryNotices, personByID),
		on(oneself, contract.DirectorySetNotices, func(id string) contract.SetStaffNotices {
			return contract.SetStaffNotices{PersonID: contract.PersonID(id)}
		}),
		on(oneself, contract.DirectoryEndNotices, personByID),
		about(noThing, contract.DirectoryListeners, contract.AskListeners{}),
		about(noThing, contract.DirectoryReach, contract.AskReach{ID: string(own.person.ID)}),
		about(noThing, contract.DirectoryBounced, contract.Bounced{ID: string(own.person.ID)}),
		about(noThing, contract.NotifyBounce, contract.MailBounce{}),
	}
}

// peopleCalls are those about people and keys.
func peopleCalls(own things) []call {
	return []call{
		on(organisation, contract.DirectoryAddPerson, personDraft),
		on(organisation, contract.DirectoryInvite, personDraft),
		about(list, contract.DirectoryPeople, contract.ListPeople{}),
		on(aPerson, contract.DirectoryPerson, personByID).asking(access.ManagePeople),
		on(aPerson, contract.DirectoryHistory, personByID).asking(access.ManagePeople),
		on(aPerson, contract.DirectoryMakeLogin, func(id string) contract.MakeLogin { return contract.MakeLogin{PersonID: contract.PersonID(id)} }),
		on(aPerson, contract.DirectoryGrant, func(id string) contract.GrantRole {
			return contract.GrantRole{PersonID: contract.PersonID(id), Role: contract.RoleHelper, Organisation: "xian"}
		}),
		on(organisation, contract.DirectoryGrant, func(id string) contract.GrantRole {
			return contract.GrantRole{PersonID: own.person.ID, Role: contract.RoleHelper, Organisation: id}
		}),
		on(aPerson, contract.DirectoryWithdraw, func(id string) contract.WithdrawRole {
			return contract.WithdrawRole{PersonID: contract.PersonID(id), RoleID: contract.NewID[contract.RoleID]()}
		}),
		on(aPerson, contract.DirectoryRevoke, func(id string) contract.RevokeIdentity {
			return contract.RevokeIdentity{PersonID: contract.PersonID(id)}
		}).asking(access.ManagePeople),
		on(aKey, contract.DirectoryRevoke, func(id string) contract.RevokeIdentity {
			return contract.RevokeIdentity{APIKeyID: contract.APIKeyID(id)}
		}).asking(access.ManageKeys),
		on(organisation, contract.DirectoryMakeAPIKey, func(id string) contract.MakeAPIKey {
			return contract.MakeAPIKey{Organisation: id, Role: contract.RoleHelper, Name: "demo"}
		}),
		about(list, contract.DirectoryAPIKeys, contract.ListAPIKeys{}),
		about(noThing, contract.DirectoryFirst, contract.Empty{}),
	}
}

// signInCalls are those by which somebody signs in.
func signInCalls(own things) []call {
	return []call{
		about(noThing, contract.DirectoryRedeemLogin, contract.RedeemLogin{Secret: "none"}),
		about(noThing, contract.DirectoryAuthenticate, contract.Authenticate{Key: "none"}),
		about(noThing, contract.DirectorySignIn, contract.SignIn{Name: "none", Password: "none"}),
		about(noThing, contract.DirectorySignInSubject, contract.Subject{Issuer: "none", Subject: "none"}),
		about(noThing, contract.DirectoryProve, contract.Prove{PersonID: own.person.ID, Code: "none"}),
		on(oneself, contract.DirectorySetPassword, func(id string) contract.SetPassword {
			return contract.SetPassword{PersonID: contract.PersonID(id)}
		}),
		on(oneself, contract.DirectorySetLanguage, func(id string) contract.SetLanguage {
			return contract.SetLanguage{PersonID: contract.PersonID(id), Language: "en"}
		}),
		on(oneself, contract.DirectoryBeginTOTP, personByID),
		on(oneself, contract.DirectoryConfirmTOTP, func(id string) contract.ConfirmTOTP {
			return contract.ConfirmTOTP{PersonID: contract.PersonID(id), FactorID: contract.NewID[contract.FactorID](), Name: "demo", Code: "none"}
		}),
		on(oneself, contract.DirectoryAddPasskey, passkey),
		on(oneself, contract.DirectoryPasskeys, personByID),
		on(oneself, contract.DirectoryUsePasskey, func(id string) contract.UsePasskey { return contract.UsePasskey{Passkey: passkey(id)} }),
		on(oneself, contract.DirectoryRemoveFactor, func(id string) contract.RemoveFactor {
			return contract.RemoveFactor{PersonID: contract.PersonID(id), FactorID: contract.NewID[contract.FactorID]()}
		}),
		on(oneself, contract.DirectoryRecoveryCodes, personByID),
		on(oneself, contract.DirectoryLinkSubject, func(id string) contract.LinkSubject {
			return contract.LinkSubject{PersonID: contract.PersonID(id), Subject: contract.Subject{Issuer: "demo", Subject: "demo"}}
		}),
		on(oneself, contract.DirectoryUnlinkSubject, func(id string) contract.UnlinkSubject {
			return contract.UnlinkSubject{PersonID: contract.PersonID(id), Issuer: "demo"}
		}),
		about(noThing, contract.DirectoryAudit, contract.AuditEntry{}),
	}
}

// webhookCalls are those about webhooks.
func webhookCalls() []call {
	return []call{
		about(noThing, contract.NotifyRegister, contract.WebhookDraft{}),
		about(list, contract.NotifyWebhooks, contract.ListWebhooks{}),
		on(aWebhook, contract.NotifyWebhook, hook),
		on(aWebhook, contract.NotifySchedule, func(id string) contract.ScheduleNotices {
			return contract.ScheduleNotices{ID: contract.EndpointID(id)}
		}),
		on(aWebhook, contract.NotifyEdit, func(id string) contract.EditWebhook { return contract.EditWebhook{ID: contract.EndpointID(id)} }),
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

// complaintCalls are those about complaints and about who answers for them.
func complaintCalls(own things) []call {
	keep := func(id string) contract.KeepComplaint {
		return contract.KeepComplaint{ID: contract.NewID[contract.ComplaintID](), SubjectID: id, Text: "demo"}
	}
	read := func(id string) contract.ReadComplaint {
		return contract.ReadComplaint{ID: own.complaint.ID, SubjectID: id}
	}
	return []call{
		on(aMatch, contract.MatcherComplain, func(id string) contract.FileComplaint {
			return contract.FileComplaint{ID: contract.NewID[contract.ComplaintID](), MatchID: contract.MatchID(id), Kind: contract.ComplaintRude, About: contract.SideHelper}
		}),
		on(aComplaint, contract.MatcherComplaint, func(id string) contract.ComplaintByID {
			return contract.ComplaintByID{ID: contract.ComplaintID(id)}
		}),
		on(aComplaint, contract.MatcherDecide, func(id string) contract.DecideComplaint {
			return contract.DecideComplaint{ID: contract.ComplaintID(id), Move: "take", Version: &stale}
		}),
		about(list, contract.MatcherComplaints, contract.ListComplaints{}),
		about(list, contract.MatcherCountComplaints, contract.Empty{}),
		on(aRequest, contract.RequestKeepComplaint, keep),
		on(aRequest, contract.RequestReadComplaint, read),
		on(anOffer, contract.OfferKeepComplaint, keep).ofMatches(),
		on(anOffer, contract.OfferReadComplaint, func(id string) contract.ReadComplaint {
			return contract.ReadComplaint{ID: own.reported.ID, SubjectID: id}
		}),
		about(noThing, contract.OfferSuspend, contract.SuspendHelper{}),
		about(noThing, contract.DirectorySafeguard, contract.AskSafeguard{Path: paths["xian"]}),
		on(organisation, contract.DirectoryNameSafeguard, func(id string) contract.NameSafeguard {
			return contract.NameSafeguard{Organisation: id}
		}),
	}
}

// usesUp are the last words of calls and routes after which a thing is gone.
var usesUp = []string{"remove", "revoke", "erase"}

// id returns the id of xian's thing of a kind; a new one for a call that uses it up.
func (w *tree) id(q call, used bool) string {
	gone := strings.HasPrefix(q.subject, http.MethodDelete) ||
		slices.ContainsFunc(usesUp, func(end string) bool { return strings.HasSuffix(q.subject, end) })
	made := map[thingKind]func() string{
		aRequest: func() string { return string(w.request("xian").ID) }, anOffer: func() string { return string(w.offer("xian").ID) },
		aWebhook: func() string { return string(w.webhook("xian").ID) }, aPerson: func() string { return string(w.person("xian").ID) },
		aKey: func() string { return string(w.apiKey("xian").ID) },
	}[q.thing]
	if used && gone && made != nil {
		return made()
	}
	return map[thingKind]string{
		aRequest: string(w.own.request.ID), anOffer: string(w.own.offer.ID), aMatch: string(w.own.match.ID),
		aPair: string(w.own.request.NeedLines[0].ID), aPlan: string(w.own.plan.ID), aWebhook: string(w.own.webhook.ID),
		aComplaint: string(w.own.complaint.ID), anAsk: string(w.own.ask.ID), aSession: string(w.own.session.ID), aCalendar: string(w.own.calendar.ID), aForm: w.own.form, anUpload: contract.NewID[string](),
		aPerson: string(w.own.person.ID), oneself: string(w.own.person.ID), aKey: string(w.own.key.ID), organisation: "xian",
	}[q.thing]
}

// nobodys returns an id or code that nothing has.
func nobodys(kind thingKind) string {
	if kind == organisation {
		return "nowhere"
	}
	return contract.NewID[string]()
}
