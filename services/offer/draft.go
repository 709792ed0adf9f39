package offer

import (
	"slices"
	"strings"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/reference"
)

// Limits of a draft, in characters and entries.
const (
	maxTitle         = 200
	maxDescription   = 4000
	maxSpecification = 300
	maxSourceText    = 1000
	maxLines         = 200 // imported lists of supplies are long
	maxSkills        = 32
	maxRegions       = 200
	maxCredentials   = 20
	maxNumber        = 100
	maxNote          = 4000
	maxReason        = 2000
)

// An offer may say that it ends a little back: the row was copied from a list,
// or waited in the spool. It then expires at once.
const (
	validPast   = 7 * 24 * time.Hour
	validFuture = 5 * 366 * 24 * time.Hour
)

const defaultZone = "Asia/Shanghai"

// normal returns the draft without spaces around what was typed and with the
// defaults filled in, so that what is compared and stored has one form.
// Nobody says of a credential that it is verified by writing so.
func normal(d contract.OfferDraft, a contract.Actor) contract.OfferDraft {
	for _, s := range []*string{&d.Title, &d.Description, &d.Organisation, &d.RegionCode, &d.TimeZone,
		&d.Source, &d.SourceID} {
		*s = strings.TrimSpace(*s)
	}
	if d.Sharing == "" {
		d.Sharing = contract.SharingOwn
		if a.Role == contract.RolePublic {
			d.Sharing = contract.SharingNetwork
		}
	}
	if d.TimeZone == "" {
		d.TimeZone = defaultZone
	}
	if d.State == "" {
		d.State = string(Submitted)
	}
	d.OfferLines = normalLines(d.OfferLines)
	d.Credentials = slices.Clone(d.Credentials)
	for i, c := range d.Credentials {
		d.Credentials[i] = contract.Credential{
			N: i + 1, Kind: strings.TrimSpace(c.Kind), Number: strings.TrimSpace(c.Number),
			Issuer: strings.TrimSpace(c.Issuer), ValidUntil: c.ValidUntil,
		}
	}
	return d
}

func normalLines(lines []contract.OfferLine) []contract.OfferLine {
	lines = slices.Clone(lines)
	for i := range lines {
		l := &lines[i]
		l.Specification, l.SourceText = strings.TrimSpace(l.Specification), strings.TrimSpace(l.SourceText)
		if l.ID == "" {
			l.ID = contract.NewID[contract.OfferLineID]()
		}
		if l.Capacity.Per == "" {
			l.Capacity.Per = contract.PerTotal
		}
	}
	return lines
}

// checkDraft returns an Invalid fault with every wrong field of a normal draft.
func checkDraft(ref *reference.Snapshot, d contract.OfferDraft, a contract.Actor, now time.Time) error {
	c := check.New(ref)
	c.Text("title", d.Title, 1, maxTitle)
	c.Paragraph("description", d.Description, 0, maxDescription)
	c.Token("organisation", d.Organisation)
	if d.HelperID != "" {
		check.ID(c, "helper_id", d.HelperID)
	}
	checkLines(c, d.OfferLines)
	c.Mode("mode", d.Mode)
	checkPlace(c, d)
	c.Languages("languages", d.Languages)
	c.Tokens("skills", d.Skills, maxSkills)
	check.EachOf(c, "safeguards", d.Safeguards, contract.Safeguards())
	checkCredentials(c, d.Credentials)
	c.Windows("windows", d.Windows)
	c.Zone("time_zone", d.TimeZone)
	if d.Language != "" {
		c.Language("language", d.Language)
	}
	c.Between("valid_until", d.ValidUntil, now.Add(-validPast), now.Add(validFuture))
	c.Sharing("sharing", d.Sharing)
	check.OneOf(c, "state", d.State, []string{string(Submitted), string(Available)})
	c.Token("source", d.Source)
	c.Text("source_id", d.SourceID, 0, maxTitle)
	checkPerson(c, d, a)
	return c.Err()
}

func checkLines(c *check.Checker, lines []contract.OfferLine) {
	if !c.Size("offer_lines", len(lines), 1, maxLines) {
		return
	}
	seen := map[contract.OfferLineID]bool{}
	for i, l := range lines {
		at := func(field string) string { return check.At("offer_lines", i, field) }
		check.ID(c, at("id"), l.ID)
		if seen[l.ID] {
			c.Add(at("id"), check.Malformed)
		}
		seen[l.ID] = true
		c.Offered(at("category"), l.Category)
		c.Item(at("item"), l.Item)
		c.Text(at("specification"), l.Specification, 0, maxSpecification)
		c.Paragraph(at("source_text"), l.SourceText, 0, maxSourceText)
		c.Quantity(at("capacity.quantity"), l.Capacity.Quantity)
		c.Unit(at("capacity.unit"), l.Capacity.Unit)
		c.Period(at("capacity.per"), l.Capacity.Per)
	}
}

func checkPlace(c *check.Checker, d contract.OfferDraft) {
	c.Region("region_code", d.RegionCode)
	c.Point("point", d.Point)
	c.Radius("radius_m", d.RadiusM)
	if !c.Size("service_regions", len(d.ServiceRegions), 0, maxRegions) {
		return
	}
	for i, code := range d.ServiceRegions {
		c.Region(check.At("service_regions", i, ""), code)
	}
}

func checkCredentials(c *check.Checker, credentials []contract.Credential) {
	if !c.Size("credentials", len(credentials), 0, maxCredentials) {
		return
	}
	for i, v := range credentials {
		at := func(field string) string { return check.At("credentials", i, field) }
		c.Text(at("kind"), v.Kind, 1, maxNumber)
		c.Text(at("number"), v.Number, 0, maxNumber)
		c.Text(at("issuer"), v.Issuer, 0, maxTitle)
	}
}

// checkPerson looks at who offers. Staff may enter what has no contact, such as
// a factory's published list, since they can be asked themselves.
func checkPerson(c *check.Checker, d contract.OfferDraft, a contract.Actor) {
	if a.Role == contract.RolePublic || d.Contact != (contract.Contact{}) {
		c.Contact("contact", d.Contact)
	}
	if a.Role == contract.RolePublic || d.Consent.Version != "" {
		c.Consent("consent", d.Consent)
	}
	if d.Adult != nil && !*d.Adult {
		c.Add("adult", "adult_only")
	}
	if d.Consent.Emergency != "" { // nobody offers help in somebody else's name
		c.Add("consent.emergency", check.Malformed)
	}
}
