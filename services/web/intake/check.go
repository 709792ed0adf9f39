package intake

import (
	"slices"
	"time"

	"heli/pkg/app"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/reference"
)

// While a service cannot be reached, these checks stand for its own, so that
// what was acknowledged is not refused later. They are the service's or
// stricter; a draft that passes here passes there.
const (
	maxTitle         = 200
	maxDescription   = 4000
	maxSpecification = 300
	maxLines         = 200
	maxSkills        = 32
	maxRegions       = 100
	maxCredentials   = 20
	maxNumber        = 100
)

// checker returns a checker, and whether there is any reference data yet.
func checker(r *app.Reference) (*check.Checker, bool) {
	var ref *reference.Snapshot
	if r != nil {
		if current, err := r.Get(); err == nil {
			ref = current
		}
	}
	return check.New(ref), ref != nil
}

func checkRequest(r *app.Reference, q contract.SubmitRequest, a contract.Actor, now time.Time) error {
	c, known := checker(r)
	d := q.Draft
	c.Text("title", d.Title, 1, maxTitle)
	c.Paragraph("description", d.Description, 0, maxDescription)
	c.Urgency("urgency", d.Urgency)
	checkPlace(c, known, d.Mode, d.RegionCode, d.Point)
	if c.Size("need_lines", len(d.NeedLines), 1, maxLines) {
		for i, l := range d.NeedLines {
			at := func(field string) string { return check.At("need_lines", i, field) }
			checkLine(c, known, at, l.Category, l.Item, l.Specification)
			c.Quantity(at("quantity"), l.Quantity)
			c.Unit(at("unit"), l.Unit)
		}
	}
	checkWants(c, d.Languages, d.Skills, d.Safeguards, d.Windows, d.TimeZone)
	check.EachOf(c, "vulnerability", d.Vulnerability, contract.Vulnerabilities())
	c.Between("needed_by", d.NeededBy, now.AddDate(0, 0, -6), now.AddDate(2, 0, 0))
	c.Text("on_behalf_of", d.OnBehalfOf, 0, 100)
	c.Sharing("sharing", d.Sharing)
	checkPerson(c, a, d.Contact, d.Consent)
	c.Guardian(a.Role == contract.RolePublic && slices.Contains(d.Vulnerability, "child"), d.Consent, d.Contact)
	return c.Err()
}

func checkOffer(r *app.Reference, q contract.SubmitOffer, a contract.Actor, now time.Time) error {
	c, known := checker(r)
	d := q.Draft
	c.Text("title", d.Title, 1, maxTitle)
	c.Paragraph("description", d.Description, 0, maxDescription)
	checkPlace(c, known, d.Mode, d.RegionCode, d.Point)
	c.Radius("radius_m", d.RadiusM)
	if c.Size("service_regions", len(d.ServiceRegions), 0, maxRegions) && known {
		for i, code := range d.ServiceRegions {
			c.Region(check.At("service_regions", i, ""), code)
		}
	}
	if c.Size("offer_lines", len(d.OfferLines), 1, maxLines) {
		for i, l := range d.OfferLines {
			at := func(field string) string { return check.At("offer_lines", i, field) }
			checkLine(c, known, at, l.Category, l.Item, l.Specification)
			c.Quantity(at("capacity.quantity"), l.Capacity.Quantity)
			c.Unit(at("capacity.unit"), l.Capacity.Unit)
			c.Period(at("capacity.per"), l.Capacity.Per)
		}
	}
	checkWants(c, d.Languages, d.Skills, d.Safeguards, d.Windows, d.TimeZone)
	checkCredentials(c, d.Credentials)
	c.Between("valid_until", d.ValidUntil, now, now.AddDate(5, 0, 0))
	c.Sharing("sharing", d.Sharing)
	checkPerson(c, a, d.Contact, d.Consent)
	if d.Adult != nil && !*d.Adult {
		c.Add("adult", "adult_only")
	}
	return c.Err()
}

func checkCredentials(c *check.Checker, credentials []contract.Credential) {
	if !c.Size("credentials", len(credentials), 0, maxCredentials) {
		return
	}
	for i, v := range credentials {
		c.Text(check.At("credentials", i, "kind"), v.Kind, 1, maxNumber)
		c.Text(check.At("credentials", i, "number"), v.Number, 0, maxNumber)
		c.Text(check.At("credentials", i, "issuer"), v.Issuer, 0, maxTitle)
	}
}

func checkPlace(c *check.Checker, known bool, mode contract.Mode, region string, point *contract.Point) {
	c.Mode("mode", mode)
	if known {
		c.Region("region_code", region)
	} else if region == "" {
		c.Add("region_code", check.Required)
	}
	c.Point("point", point)
}

func checkLine(c *check.Checker, known bool, at func(string) string, category, item, specification string) {
	if known {
		c.Category(at("category"), category)
		c.Item(at("item"), item)
	}
	c.Text(at("specification"), specification, 0, maxSpecification)
}

func checkWants(c *check.Checker, languages, skills, safeguards []string, windows []contract.Window, zone string) {
	c.Languages("languages", languages)
	c.Tokens("skills", skills, maxSkills)
	check.EachOf(c, "safeguards", safeguards, contract.Safeguards())
	c.Windows("windows", windows)
	c.Zone("time_zone", zone)
}

func checkPerson(c *check.Checker, a contract.Actor, contact contract.Contact, consent contract.Consent) {
	if a.Role == contract.RolePublic || contact != (contract.Contact{}) {
		c.Contact("contact", contact)
	}
	if a.Role == contract.RolePublic || consent.Version != "" {
		c.Consent("consent", consent)
	}
}
