package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"heli/pkg/contract"
)

// OfferInput is what somebody can give, as the API takes it.
type OfferInput struct {
	Title          string            `json:"title" maxLength:"200"`
	Description    string            `json:"description,omitempty" maxLength:"4000"`
	Organisation   string            `json:"organisation,omitempty" doc:"Code of the agency that fields it"`
	HelperID       contract.HelperID `json:"helper_id,omitempty" doc:"Recognises a helper over several offers"`
	OfferLines     []OfferLineInput  `json:"offer_lines" minItems:"1" maxItems:"200"`
	Mode           contract.Mode     `json:"mode" doc:"any: can help in each way"`
	RegionCode     string            `json:"region_code" doc:"A code of GET /regions"`
	Point          *contract.Point   `json:"point,omitempty" doc:"WGS-84"`
	RadiusM        *int64            `json:"radius_m,omitempty" doc:"Metres around the point"`
	ServiceRegions []string          `json:"service_regions,omitempty" maxItems:"100" doc:"Region codes that are served"`
	Languages      []string          `json:"languages,omitempty" doc:"BCP 47 tags"`
	Skills         []string          `json:"skills,omitempty" maxItems:"32"`
	Safeguards     []string          `json:"safeguards,omitempty" doc:"Protections that the offer satisfies"`
	Credentials    []CredentialInput `json:"credentials,omitempty" maxItems:"20"`
	Windows        []contract.Window `json:"windows,omitempty" doc:"Weekly times; none means any time"`
	TimeZone       string            `json:"time_zone,omitempty" example:"Asia/Shanghai"`
	ValidUntil     *time.Time        `json:"valid_until,omitempty"`
	Sharing        contract.Sharing  `json:"sharing,omitempty"`
	State          string            `json:"state,omitempty" enum:"submitted,available" doc:"With an API key: available makes every move on the way at once"`
	Contact        *ContactInput     `json:"contact,omitempty" doc:"Required without an API key"`
	Consent        *ConsentInput     `json:"consent,omitempty" doc:"Required without an API key"`
	Adult          *bool             `json:"adult,omitempty" doc:"Whether the one who offers is 18 or older; false is refused"`
	Source         string            `json:"source,omitempty"`
	SourceID       string            `json:"source_id,omitempty" maxLength:"200"`
	Vouched        bool              `json:"vouched,omitempty" doc:"With an API key: the organisation vouches for credentials and phone"`
}

// OfferLineInput is one category and capacity of an offer.
type OfferLineInput struct {
	Category      string        `json:"category" doc:"A code of GET /categories"`
	Item          string        `json:"item,omitempty" doc:"A code of GET /items"`
	Specification string        `json:"specification,omitempty" maxLength:"300"`
	SourceText    string        `json:"source_text,omitempty" maxLength:"1000"`
	Capacity      CapacityInput `json:"capacity"`
}

// CapacityInput is how much can be given, per period or in total.
type CapacityInput struct {
	Quantity *int64          `json:"quantity,omitempty" nullable:"true" minimum:"1" maximum:"1000000000000" doc:"null or left out means not stated"`
	Unit     contract.Unit   `json:"unit"`
	Per      contract.Period `json:"per"`
}

// CredentialInput is a proof of a profession; somebody with the right verifies it.
type CredentialInput struct {
	Kind       string     `json:"kind" example:"psych"`
	Number     string     `json:"number,omitempty"`
	Issuer     string     `json:"issuer,omitempty"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
}

// TransformSchema names the choices of the fields that have some.
func (OfferInput) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	choose(s, "mode", contract.Modes())
	choose(s, "safeguards", contract.Safeguards())
	choose(s, "sharing", sharings)
	return s
}

// TransformSchema names units and periods.
func (CapacityInput) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	choose(s, "unit", contract.Units())
	choose(s, "per", []contract.Period{contract.PerTotal, contract.PerDay, contract.PerWeek})
	return s
}

func (in OfferInput) draft() contract.OfferDraft {
	d := contract.OfferDraft{
		Title: in.Title, Description: in.Description, Organisation: in.Organisation, HelperID: in.HelperID,
		OfferLines: make([]contract.OfferLine, len(in.OfferLines)), Mode: in.Mode, RegionCode: in.RegionCode,
		Point: in.Point, RadiusM: in.RadiusM, ServiceRegions: in.ServiceRegions, Languages: in.Languages,
		Skills: in.Skills, Safeguards: in.Safeguards, Credentials: make([]contract.Credential, len(in.Credentials)),
		Windows: in.Windows, TimeZone: in.TimeZone, ValidUntil: in.ValidUntil, Sharing: in.Sharing, State: in.State,
		Contact: in.Contact.contact(), Consent: in.Consent.consent(), Adult: in.Adult, Source: in.Source, SourceID: in.SourceID,
		Vouched: in.Vouched,
	}
	for i, l := range in.OfferLines {
		d.OfferLines[i] = contract.OfferLine{
			ID: contract.NewID[contract.OfferLineID](), Category: l.Category, Item: l.Item,
			Specification: l.Specification, SourceText: l.SourceText, Capacity: contract.Capacity(l.Capacity),
		}
	}
	for i, c := range in.Credentials {
		d.Credentials[i] = contract.Credential{Kind: c.Kind, Number: c.Number, Issuer: c.Issuer, ValidUntil: c.ValidUntil}
	}
	return d
}
