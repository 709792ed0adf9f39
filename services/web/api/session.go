package api

import (
	"context"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const tagSessions = "sessions"

func (a *api) addSessions() {
	record := operation{
		method: http.MethodPost, path: "/sessions", id: "record_session", tag: tagSessions, status: http.StatusCreated,
		summary: "Record a service session",
		description: "When, how long, for how many people; never for whom. A value that is seldom meant is 422 with the code unusual " +
			"until it is sent with confirmed. A repeat with the same source and source_id changes nothing.",
	}
	add(a, record, a.recordSession)
	add(a, operation{
		method: http.MethodGet, path: "/sessions", id: "list_sessions", tag: tagSessions, summary: "List service sessions",
		description: "The latest first, those that were taken back among them.",
	}, a.listSessions)
	add(a, operation{
		method: http.MethodGet, path: "/sessions/totals", id: "sum_sessions", tag: tagSessions, summary: "Count person-times",
		description: "By organisation, category, campaign, region or month; what was taken back does not count.",
	}, a.sumSessions)
	add(a, operation{
		method: http.MethodPost, path: "/sessions/{id}/void", id: "void_session", tag: tagSessions, summary: "Take a session back",
		description: "It stays in the list, with the reason, and does not count. Repeating it changes nothing.",
	}, a.voidSession)
}

// SessionInput is a session to record.
type SessionInput struct {
	Organisation string        `json:"organisation,omitempty" maxLength:"64" doc:"Code of yours or of one below it; yours when left out"`
	HeldOn       string        `json:"held_on" format:"date" example:"2020-02-14"`
	Minutes      int64         `json:"minutes" minimum:"1"`
	People       int64         `json:"people" minimum:"1" doc:"Served: person-times"`
	Helpers      int64         `json:"helpers,omitempty" minimum:"1" doc:"Who gave it; 1 when left out"`
	Mode         contract.Mode `json:"mode" enum:"remote,onsite"`
	Group        bool          `json:"group,omitempty" doc:"Several people at once"`
	Category     string        `json:"category" maxLength:"64"`
	RegionCode   string        `json:"region_code,omitempty" maxLength:"12"`
	Campaign     string        `json:"campaign,omitempty" maxLength:"64"`
	MatchID      string        `json:"match_id,omitempty" maxLength:"64"`
	Source       string        `json:"source,omitempty" maxLength:"64"`
	SourceID     string        `json:"source_id,omitempty" maxLength:"64"`
	Confirmed    bool          `json:"confirmed,omitempty" doc:"What is unusual about it is right"`
}

type sessionInput struct {
	KeyInput
	Body SessionInput
}

// recordSession gives the session an id that follows from the Idempotency-Key,
// so that a repeat is the same session.
func (a *api) recordSession(ctx context.Context, in *sessionInput) (*answer[contract.ServiceSession], error) {
	b := in.Body
	d := contract.SessionDraft{
		ID: contract.NewID[contract.SessionID](), Organisation: b.Organisation, HeldOn: b.HeldOn, Minutes: b.Minutes, People: b.People,
		Helpers: b.Helpers, Mode: b.Mode, Group: b.Group, Category: b.Category, RegionCode: b.RegionCode, Campaign: b.Campaign,
		MatchID: contract.MatchID(b.MatchID), Source: b.Source, SourceID: b.SourceID, Confirmed: b.Confirmed,
	}
	recorded, err := bus.Call(ctx, a.Bus, contract.OfferRecordSession, contract.RecordSession{Key: in.key(ctx), BodyHash: callFrom(ctx).bodyHash(), Draft: d})
	return &answer[contract.ServiceSession]{recorded}, err
}

type sessionFilter struct {
	Organisation string `query:"organisation" maxLength:"64" doc:"Code, with those below it"`
	Category     string `query:"category" maxLength:"64"`
	Region       string `query:"region" maxLength:"12" doc:"Code, with what lies in it"`
	Campaign     string `query:"campaign" maxLength:"64"`
	From         string `query:"from" maxLength:"10" doc:"YYYY-MM-DD, that day included"`
	To           string `query:"to" maxLength:"10" doc:"YYYY-MM-DD, that day included"`
}

func (f sessionFilter) filter() contract.SessionFilter {
	return contract.SessionFilter{
		Organisation: f.Organisation, Category: f.Category, RegionCode: f.Region, Campaign: f.Campaign, From: f.From, To: f.To,
	}
}

type sessionList struct {
	PageInput
	sessionFilter
}

func (a *api) listSessions(ctx context.Context, in *sessionList) (*answer[List[contract.ServiceSession]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.OfferSessions, contract.ListSessions{Page: in.page(), SessionFilter: in.filter()})
	return listOf(listing), err
}

type sessionSums struct {
	sessionFilter
	By string `query:"by" enum:"organisation,category,campaign,region,month" default:"category"`
}

func (a *api) sumSessions(ctx context.Context, in *sessionSums) (*answer[contract.SessionTotals], error) {
	totals, err := bus.Call(ctx, a.Bus, contract.OfferSessionTotals, contract.AskSessionTotals{
		SessionFilter: in.filter(), By: contract.SessionGrouping(in.By),
	})
	return &answer[contract.SessionTotals]{totals}, err
}

// VoidBody says why a session does not count.
type VoidBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}

type voidInput struct {
	IDInput
	Body VoidBody
}

func (a *api) voidSession(ctx context.Context, in *voidInput) (*answer[contract.ServiceSession], error) {
	voided, err := bus.Call(ctx, a.Bus, contract.OfferVoidSession, contract.VoidSession{ID: contract.SessionID(in.ID), Reason: in.Body.Reason})
	return &answer[contract.ServiceSession]{voided}, err
}
