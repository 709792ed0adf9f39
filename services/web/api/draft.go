package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"heli/pkg/contract"
)

// RequestInput is what somebody asks for, as the API takes it.
type RequestInput struct {
	Title          string            `json:"title" maxLength:"200" doc:"One line that says what is needed"`
	Description    string            `json:"description,omitempty" maxLength:"4000"`
	Urgency        contract.Urgency  `json:"urgency" doc:"How soon help must come: at once, within 24 h, 72 h, 7 days, or by appointment"`
	Mode           contract.Mode     `json:"mode" doc:"How help may come"`
	RegionCode     string            `json:"region_code" example:"610113" doc:"A code of GET /regions"`
	Point          *contract.Point   `json:"point,omitempty" doc:"WGS-84"`
	NeedLines      []NeedLineInput   `json:"need_lines" minItems:"1" maxItems:"200"`
	Languages      []string          `json:"languages,omitempty" doc:"BCP 47 tags; zh is Mandarin, yue Cantonese"`
	Skills         []string          `json:"skills,omitempty" maxItems:"32"`
	Safeguards     []string          `json:"safeguards,omitempty" doc:"Protections that the help must satisfy"`
	Windows        []contract.Window `json:"windows,omitempty" doc:"Weekly times, ISO weekdays from 1 Monday; none means any time"`
	NeededBy       *time.Time        `json:"needed_by,omitempty"`
	Vulnerability  []string          `json:"vulnerability,omitempty" doc:"Grounds for special care, apart from urgency"`
	AtOrganisation string            `json:"at_organisation,omitempty" doc:"Code of the organisation that shall have it"`
	Campaign       string            `json:"campaign,omitempty"`
	Incident       string            `json:"incident,omitempty"`
	TimeZone       string            `json:"time_zone,omitempty" example:"Asia/Shanghai" doc:"IANA zone of the windows"`
	Contact        *ContactInput     `json:"contact,omitempty" doc:"Required without an API key"`
	OnBehalfOf     string            `json:"on_behalf_of,omitempty" maxLength:"100" doc:"For whom, when not for oneself"`
	Sharing        contract.Sharing  `json:"sharing,omitempty" doc:"Who besides the owner may match with it"`
	Consent        *ConsentInput     `json:"consent,omitempty" doc:"Required without an API key"`
	State          string            `json:"state,omitempty" enum:"submitted,open" doc:"With an API key: open makes every move on the way at once"`
	Source         string            `json:"source,omitempty" doc:"Where it came from; with source_id, repeating is harmless"`
	SourceID       string            `json:"source_id,omitempty" maxLength:"200"`
}

// NeedLineInput is one category, quantity and unit of a request.
type NeedLineInput struct {
	Category      string        `json:"category" example:"ppe" doc:"A code of GET /categories"`
	Item          string        `json:"item,omitempty" doc:"A code of GET /items"`
	Specification string        `json:"specification,omitempty" maxLength:"300"`
	SourceText    string        `json:"source_text,omitempty" maxLength:"1000" doc:"The words as first written, for imports"`
	Quantity      *int64        `json:"quantity,omitempty" nullable:"true" minimum:"1" maximum:"1000000000000" doc:"In the unit's smallest part; null or left out means not stated"`
	Unit          contract.Unit `json:"unit"`
}

// ContactInput is how to reach a person; one way at least is needed.
type ContactInput struct {
	Name      string `json:"name"`
	Phone     string `json:"phone,omitempty"`
	Email     string `json:"email,omitempty"`
	Wechat    string `json:"wechat,omitempty"`
	SafeHours string `json:"safe_hours,omitempty" doc:"When it is safe to call"`
	Guardian  string `json:"guardian,omitempty" maxLength:"100" doc:"Of a request: who answers for a person under 18, name and relationship"`
}

func (c *ContactInput) contact() contract.Contact {
	if c == nil {
		return contract.Contact{}
	}
	return contract.Contact(*c)
}

// ConsentInput is what the person agreed to.
type ConsentInput struct {
	Version   string   `json:"version,omitempty" doc:"Version of the text that was shown"`
	Purposes  []string `json:"purposes,omitempty"`
	Emergency string   `json:"emergency,omitempty" maxLength:"200" doc:"Staff only, in place of a version, for a request: why it was entered though consent could not be had"`
	Guardian  string   `json:"guardian,omitempty" enum:"given,unreachable" doc:"Of a request for a person under 18: whether a guardian agrees, or none can be asked; required without an API key where vulnerability has child"`
}

func (c *ConsentInput) consent() contract.Consent {
	if c == nil {
		return contract.Consent{}
	}
	return contract.Consent(*c)
}

// TransformSchema names the choices of the fields that have some.
func (RequestInput) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	choose(s, "urgency", contract.Urgencies())
	choose(s, "mode", contract.Modes())
	choose(s, "safeguards", contract.Safeguards())
	choose(s, "vulnerability", contract.Vulnerabilities())
	choose(s, "sharing", sharings)
	return s
}

// TransformSchema names the units.
func (NeedLineInput) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	choose(s, "unit", contract.Units())
	return s
}

var sharings = []contract.Sharing{contract.SharingOwn, contract.SharingNetwork}

// choose limits a property, or each element of a list, to some values.
func choose[T ~string](s *huma.Schema, property string, values []T) {
	target := s.Properties[property]
	if target.Items != nil {
		target = target.Items
	}
	target.Enum = make([]any, len(values))
	for i, value := range values {
		target.Enum[i] = string(value)
	}
}

func (in RequestInput) draft() contract.RequestDraft {
	d := contract.RequestDraft{
		Title: in.Title, Description: in.Description, Urgency: in.Urgency, Mode: in.Mode, RegionCode: in.RegionCode,
		Point: in.Point, NeedLines: make([]contract.NeedLine, len(in.NeedLines)), Languages: in.Languages,
		Skills: in.Skills, Safeguards: in.Safeguards, Windows: in.Windows, NeededBy: in.NeededBy,
		Vulnerability: in.Vulnerability, AtOrganisation: in.AtOrganisation, Campaign: in.Campaign,
		Incident: in.Incident, TimeZone: in.TimeZone, Contact: in.Contact.contact(), OnBehalfOf: in.OnBehalfOf,
		Sharing: in.Sharing, Consent: in.Consent.consent(), State: in.State, Source: in.Source, SourceID: in.SourceID,
	}
	for i, l := range in.NeedLines {
		d.NeedLines[i] = contract.NeedLine{
			ID: contract.NewID[contract.NeedLineID](), Category: l.Category, Item: l.Item,
			Specification: l.Specification, SourceText: l.SourceText, Quantity: l.Quantity, Unit: l.Unit,
		}
	}
	return d
}
