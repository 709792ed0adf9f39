package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/services/web/site"
)

const tagRequests = "requests"

func (a *api) addRequests() {
	add(a, operation{
		method: http.MethodPost, path: "/requests", id: "submit_request", tag: tagRequests, status: http.StatusCreated,
		audience: anybody, unchecked: true, summary: "Submit a request",
		description: "Without an API key this is a public submission. 202 says that it is kept safely and passed on later: " +
			"id, code, lines and tracking_token are final already.",
	}, a.submitRequest)
	add(a, operation{
		method: http.MethodGet, path: "/requests", id: "list_requests", tag: tagRequests,
		summary: "List requests", description: "Most urgent first, then longest waiting. Contacts are masked.",
	}, a.listRequests)
	add(a, operation{
		method: http.MethodGet, path: "/requests/{id}", id: "get_request", tag: tagRequests, audience: holders,
		summary: "Read a request", description: "With its lines, history and, for staff, notes. Contacts are masked.",
	}, a.getRequest)
	add(a, operation{
		method: http.MethodPatch, path: "/requests/{id}", id: "correct_request", tag: tagRequests, audience: holders,
		summary: "Correct a request", description: "While nothing is matched. What is left out stays.",
	}, a.correctRequest)
	for _, m := range requestMoves {
		addMove(a, tagRequests, m, a.moveRequest(m.name))
	}
}

// SubmittedRequest is the answer to a submission.
type SubmittedRequest struct {
	ID            contract.RequestID  `json:"id"`
	Code          string              `json:"code" doc:"Short, to read out"`
	State         string              `json:"state"`
	NeedLines     []contract.NeedLine `json:"need_lines"`
	TrackingToken string              `json:"tracking_token" doc:"Speaks for this request: keep it secret"`
}

func (a *api) submitRequest(ctx context.Context, in *submissionInput[RequestInput]) (*created[SubmittedRequest], error) {
	check := func(v RequestInput) error {
		return a.Intake.CheckRequest(ctx, contract.SubmitRequest{Draft: v.draft()})
	}
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
	submitted, spooled, err := a.Intake.SubmitRequest(ctx, contract.SubmitRequest{
		Key: key, BodyHash: callFrom(ctx).bodyHash(), ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(),
		Draft: in.Body.Value.draft(), SubmittedAt: a.Clock(),
	})
	if err != nil {
		return nil, err
	}
	return &created[SubmittedRequest]{createdOr202(spooled), SubmittedRequest{
		submitted.ID, submitted.Code, submitted.State, submitted.NeedLines,
		site.Token(a.Keys, site.Track, string(submitted.ID), submitted.Generation),
	}}, nil
}

func createdOr202(spooled bool) int {
	if spooled {
		return http.StatusAccepted
	}
	return http.StatusCreated
}

// requestFilter says which requests a list holds. Several values of one filter
// are given by commas or by repeating it, and each of them matches.
type requestFilter struct {
	PageInput
	State         []string  `query:"state,explode" doc:"Shown states"`
	Urgency       []string  `query:"urgency,explode"`
	Category      []string  `query:"category,explode" doc:"With the categories below"`
	Region        string    `query:"region" doc:"A region code, with what lies in it"`
	Organisation  string    `query:"organisation" doc:"Code of the owner"`
	Campaign      string    `query:"campaign"`
	Source        string    `query:"source"`
	Text          string    `query:"q" doc:"A code, or words of the title"`
	UpdatedAfter  time.Time `query:"updated_after"`
	Queue         string    `query:"queue" enum:"due,awaiting,stuck" doc:"Those that somebody must look at: to follow up now, awaiting a helper's answer, accepted by a helper who has not begun in time"`
	IncludeClosed bool      `query:"include_closed" doc:"Closed ones too; asking for their state includes them anyway"`
}

func (a *api) listRequests(ctx context.Context, in *requestFilter) (*answer[List[contract.Request]], error) {
	states := values[string](in.State)
	listing, err := bus.Call(ctx, a.Bus, contract.RequestList, contract.ListRequests{
		Page: in.page(), States: states, Urgencies: values[contract.Urgency](in.Urgency), Categories: values[string](in.Category),
		RegionCode: in.Region, Organisation: in.Organisation, Campaign: in.Campaign, Source: in.Source, Text: in.Text,
		Queue: in.Queue, UpdatedAfter: in.UpdatedAfter, IncludeClosed: in.IncludeClosed || len(states) > 0,
	})
	return listOf(listing), err
}

// values splits the values of a filter, given by commas or repeated.
func values[T ~string](given []string) []T {
	var list []T
	for _, some := range given {
		for value := range strings.SplitSeq(some, ",") {
			if value = strings.TrimSpace(value); value != "" {
				list = append(list, T(value))
			}
		}
	}
	return list
}

func (a *api) getRequest(ctx context.Context, in *IDInput) (*answer[contract.Request], error) {
	request, err := bus.Call(ctx, a.Bus, contract.RequestGet, contract.GetByID{ID: in.ID})
	return &answer[contract.Request]{request}, err
}

// RequestCorrection is what may be changed while nothing is matched.
type RequestCorrection struct {
	Version     int64             `json:"version" doc:"The version that was read"`
	Title       *string           `json:"title,omitempty" maxLength:"200"`
	Description *string           `json:"description,omitempty" maxLength:"4000"`
	Contact     *ContactInput     `json:"contact,omitempty" doc:"A new phone has to be verified anew"`
	Urgency     *contract.Urgency `json:"urgency,omitempty"`
}

type correctRequestInput struct {
	IDInput
	Body RequestCorrection
}

func (a *api) correctRequest(ctx context.Context, in *correctRequestInput) (*answer[contract.Moved], error) {
	q := contract.CorrectRequest{
		ID: contract.RequestID(in.ID), Version: in.Body.Version, Title: in.Body.Title,
		Description: in.Body.Description, Urgency: in.Body.Urgency,
	}
	if in.Body.Contact != nil {
		contact := in.Body.Contact.contact()
		q.Contact = &contact
	}
	moved, err := bus.Call(ctx, a.Bus, contract.RequestCorrect, q)
	return &answer[contract.Moved]{moved}, err
}

func (a *api) moveRequest(name string) mover {
	return func(ctx context.Context, m contract.Move) (contract.Moved, error) {
		if name == verifyPhone {
			return bus.Call(ctx, a.Bus, contract.RequestVerifyPhone, m)
		}
		return site.MoveRequest(ctx, a.Bus, m)
	}
}
