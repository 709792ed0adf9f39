package api

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

func (a *api) addAppointments() {
	add(a, operation{
		method: http.MethodGet, path: "/appointments", id: "list_appointments", tag: tagMatches, summary: "List appointments",
		description: "Of matches that your organisation, or one below it, has a side of; the earliest first, those called off among them. " +
			"Where they are is told with each one alone.",
	}, a.listAppointments)
	add(a, operation{
		method: http.MethodGet, path: "/matches/{id}/appointment", id: "get_appointment", tag: tagMatches,
		summary: "Read the appointment of a match", description: "404 where it has none.",
	}, a.getAppointment)
	add(a, operation{
		method: http.MethodPut, path: "/matches/{id}/appointment", id: "set_appointment", tag: tagMatches,
		summary: "Make or move the appointment of a match",
		description: "Times are those that the zone's clock shows. Its start is when the match uses capacity, and its length counts against the " +
			"hours a week that the helper gives. 409 when capacity or those hours are gone then, or the helper has another appointment. " +
			"To call it off: POST /matches/{id}/unschedule.",
	}, a.setAppointment)
}

type appointmentFilter struct {
	PageInput
	Since time.Time `query:"since" doc:"Those that end later; left out: now"`
	Until time.Time `query:"until" doc:"Those that begin before"`
}

func (a *api) listAppointments(ctx context.Context, in *appointmentFilter) (*answer[List[contract.Appointment]], error) {
	q := contract.ListAppointments{Page: in.page()}
	if !in.Since.IsZero() {
		q.Since = &in.Since
	}
	if !in.Until.IsZero() {
		q.Until = &in.Until
	}
	listing, err := bus.Call(ctx, a.Bus, contract.MatcherAppointments, q)
	return listOf(listing), err
}

func (a *api) getAppointment(ctx context.Context, in *IDInput) (*answer[contract.Appointment], error) {
	found, err := bus.Call(ctx, a.Bus, contract.MatcherAppointment, contract.GetByID{ID: in.ID})
	return &answer[contract.Appointment]{found}, err
}

// AppointmentInput is when and where the help of a match takes place.
type AppointmentInput struct {
	Start      string `json:"start" maxLength:"16" example:"2020-02-14T09:30" doc:"As the zone's clock shows it"`
	End        string `json:"end" maxLength:"16" example:"2020-02-14T10:30" doc:"Within a day after the start"`
	Zone       string `json:"zone" maxLength:"64" example:"Asia/Shanghai" doc:"IANA"`
	Fold       string `json:"fold,omitempty" enum:"earlier,later" doc:"Which one is meant of an hour that the clock shows twice"`
	Place      string `json:"place,omitempty" maxLength:"300" doc:"An address, or the link of a meeting. The helper sees an address only after contacts are released"`
	Version    *int64 `json:"version,omitempty" doc:"Of the match, as it was read; another one is a conflict"`
	OnBehalfOf string `json:"on_behalf_of,omitempty" enum:"helper" doc:"Whose wish staff record"`
}

type appointmentInput struct {
	KeyInput
	IDInput
	Body AppointmentInput
}

func (a *api) setAppointment(ctx context.Context, in *appointmentInput) (*answer[contract.Appointment], error) {
	b := in.Body
	made, err := bus.Call(ctx, a.Bus, contract.MatcherSetAppointment, contract.SetAppointment{
		MatchID: contract.MatchID(in.ID), Start: b.Start, End: b.End, Zone: b.Zone, Fold: b.Fold, Place: b.Place,
		Version: b.Version, OnBehalfOf: b.OnBehalfOf, Key: in.key(ctx),
	})
	return &answer[contract.Appointment]{made}, err
}
