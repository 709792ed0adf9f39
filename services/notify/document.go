package notify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"heli/pkg/contract"
)

// cloudEvent is a CloudEvents 1.0 document in structured JSON, with the
// extension sequence: events of one subject come in no order, but are numbered.
type cloudEvent struct {
	SpecVersion     string           `json:"specversion"`
	ID              contract.EventID `json:"id"`
	Source          string           `json:"source"`
	Type            string           `json:"type"`
	Subject         string           `json:"subject"`
	Time            time.Time        `json:"time"`
	DataContentType string           `json:"datacontenttype"`
	Sequence        string           `json:"sequence,omitempty"`
	Data            any              `json:"data"`
}

const contentType = "application/cloudevents+json"

// factData is what an event tells. Who wants more follows the link, with rights
// of their own.
type factData struct {
	State       string               `json:"state"`
	Version     int64                `json:"version"`
	RequestID   contract.RequestID   `json:"request_id,omitempty"`
	OfferID     contract.OfferID     `json:"offer_id,omitempty"`
	MatchID     contract.MatchID     `json:"match_id,omitempty"`
	AskID       contract.AskID       `json:"ask_id,omitempty"`
	NeedLineID  contract.NeedLineID  `json:"need_line_id,omitempty"`
	OfferLineID contract.OfferLineID `json:"offer_line_id,omitempty"`
	Category    string               `json:"category,omitempty"`
	RegionCode  string               `json:"region_code,omitempty"`
	Urgency     string               `json:"urgency,omitempty"`
	Quantity    *int64               `json:"quantity,omitempty"`
	Fulfilled   *int64               `json:"fulfilled,omitempty"`
	Unit        string               `json:"unit,omitempty"`
	Link        string               `json:"link,omitempty"`
}

// endpointData is what a verification or test event tells.
type endpointData struct {
	EndpointID contract.EndpointID `json:"endpoint_id"`
	Challenge  string              `json:"challenge,omitempty"`
}

var collections = map[contract.Thing]string{
	contract.ThingRequest: "requests", contract.ThingOffer: "offers", contract.ThingMatch: "matches", contract.ThingAsk: "asks",
}

// linkOf returns where the API shows what a fact is about, an appointment with its match;
// empty for what it does not show.
func linkOf(e contract.Event, publicURL string) string {
	thing, id := e.Thing, e.AggregateID
	if thing == contract.ThingAppointment {
		thing, id = contract.ThingMatch, string(e.Data.MatchID)
	}
	collection := collections[thing]
	if collection == "" {
		return ""
	}
	return strings.TrimSuffix(publicURL, "/") + "/api/v1/" + collection + "/" + id
}

// factRow returns a fact as it is stored and sent; links begin with the public
// address, which may be empty.
func factRow(e contract.Event, publicURL string, now time.Time) (eventRow, error) {
	d := e.Data
	data := factData{
		State: e.State, Version: e.Version, RequestID: d.RequestID, OfferID: d.OfferID, MatchID: d.MatchID, AskID: d.AskID,
		NeedLineID: d.NeedLineID, OfferLineID: d.OfferLineID, Category: d.Category, RegionCode: d.RegionCode, Urgency: d.Urgency,
		Quantity: d.Quantity, Fulfilled: d.Fulfilled, Unit: d.Unit,
	}
	data.Link = linkOf(e, publicURL)
	document := newCloudEvent(e.ID, e.Type(), e.AggregateID, e.Time, data)
	document.Sequence = strconv.FormatInt(e.Version, 10)
	sight := sightOf(e.Paths)
	if e.Data.PersonID != "" {
		sight = []string{} // told to one of the staff, and in nobody's feed
	}
	row, err := document.row(sight, now)
	row.Patterns = patternsOf(e)
	return row, err
}

// endpointRow returns an event about an endpoint, which is in no feed.
func endpointRow(id contract.EventID, kind string, endpoint contract.EndpointID, data any, now time.Time) (eventRow, error) {
	return newCloudEvent(id, kind, string(endpoint), now, data).row([]string{}, now)
}

func newCloudEvent(id contract.EventID, kind, subject string, at time.Time, data any) cloudEvent {
	return cloudEvent{
		SpecVersion: "1.0", ID: id, Source: "/heli", Type: kind, Subject: subject, Time: at.UTC(),
		DataContentType: "application/json", Data: data,
	}
}

func (c cloudEvent) row(sight []string, now time.Time) (eventRow, error) {
	document, err := json.Marshal(c)
	if err != nil {
		return eventRow{}, fmt.Errorf("encode event: %w", err)
	}
	return eventRow{
		ID: c.ID, Type: c.Type, Document: string(document), Sight: sight, Numbered: len(sight) == 0, CreatedAt: now,
	}, nil
}
