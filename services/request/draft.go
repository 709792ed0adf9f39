package request

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
	maxName          = 100
	maxNote          = 4000
)

// A deadline may lie a little back: the row was copied from a list, or waited
// in the spool.
const (
	needPast   = 7 * 24 * time.Hour
	needFuture = 2 * 366 * 24 * time.Hour
)

const defaultZone = "Asia/Shanghai"

// normal returns the draft without spaces around what was typed and with the
// defaults filled in, so that what is compared and stored has one form.
func normal(d contract.RequestDraft) contract.RequestDraft {
	for _, s := range []*string{&d.Title, &d.Description, &d.RegionCode, &d.AtOrganisation, &d.Campaign,
		&d.Incident, &d.TimeZone, &d.OnBehalfOf, &d.Source, &d.SourceID, &d.Consent.Emergency} {
		*s = strings.TrimSpace(*s)
	}
	if d.Sharing == "" {
		d.Sharing = contract.SharingOwn
	}
	if d.TimeZone == "" {
		d.TimeZone = defaultZone
	}
	if d.State == "" {
		d.State = string(Submitted)
	}
	d.NeedLines = slices.Clone(d.NeedLines)
	for i := range d.NeedLines {
		l := &d.NeedLines[i]
		l.Specification, l.SourceText = strings.TrimSpace(l.Specification), strings.TrimSpace(l.SourceText)
		if l.ID == "" {
			l.ID = contract.NewID[contract.NeedLineID]()
		}
	}
	return d
}

// checkDraft returns an Invalid fault with every wrong field of a normal draft.
func checkDraft(ref *reference.Snapshot, d contract.RequestDraft, a contract.Actor, now time.Time) error {
	c := check.New(ref)
	c.Text("title", d.Title, 1, maxTitle)
	c.Paragraph("description", d.Description, 0, maxDescription)
	c.Urgency("urgency", d.Urgency)
	c.Mode("mode", d.Mode)
	c.Region("region_code", d.RegionCode)
	c.Point("point", d.Point)
	checkLines(c, d.NeedLines)
	c.Languages("languages", d.Languages)
	c.Tokens("skills", d.Skills, maxSkills)
	check.EachOf(c, "safeguards", d.Safeguards, contract.Safeguards())
	check.EachOf(c, "vulnerability", d.Vulnerability, contract.Vulnerabilities())
	c.Windows("windows", d.Windows)
	c.Between("needed_by", d.NeededBy, now.Add(-needPast), now.Add(needFuture))
	c.Zone("time_zone", d.TimeZone)
	if d.Language != "" {
		c.Language("language", d.Language)
	}
	c.Token("at_organisation", d.AtOrganisation)
	c.Token("campaign", d.Campaign)
	c.Token("incident", d.Incident)
	c.Text("on_behalf_of", d.OnBehalfOf, 0, maxName)
	c.Sharing("sharing", d.Sharing)
	check.OneOf(c, "state", d.State, []string{string(Submitted), string(Open)})
	c.Token("source", d.Source)
	c.Text("source_id", d.SourceID, 0, maxTitle)
	checkPerson(c, d, a)
	if looksFirst(ref, d, a) {
		c.Add("state", "look_first")
	}
	return c.Err()
}

func checkLines(c *check.Checker, lines []contract.NeedLine) {
	if !c.Size("need_lines", len(lines), 1, maxLines) {
		return
	}
	seen := map[contract.NeedLineID]bool{}
	for i, l := range lines {
		at := func(field string) string { return check.At("need_lines", i, field) }
		check.ID(c, at("id"), l.ID)
		if seen[l.ID] {
			c.Add(at("id"), check.Malformed)
		}
		seen[l.ID] = true
		c.Offered(at("category"), l.Category)
		c.Item(at("item"), l.Item)
		c.Text(at("specification"), l.Specification, 0, maxSpecification)
		c.Paragraph(at("source_text"), l.SourceText, 0, maxSourceText)
		c.Quantity(at("quantity"), l.Quantity)
		c.Unit(at("unit"), l.Unit)
	}
}

// checkPerson looks at who asks. Staff may enter what has no contact, such as a
// hospital's published list, since they can be asked themselves.
func checkPerson(c *check.Checker, d contract.RequestDraft, a contract.Actor) {
	if a.Role == contract.RolePublic || d.Contact != (contract.Contact{}) {
		c.Contact("contact", d.Contact)
	}
	if a.Role == contract.RolePublic || d.Consent.Version != "" {
		c.Consent("consent", d.Consent)
	}
	if d.Consent.Emergency != "" && (a.Role == contract.RolePublic || d.Consent.Version != "") {
		c.Add("consent.emergency", check.Malformed)
	}
	c.Text("consent.emergency", d.Consent.Emergency, 0, maxTitle)
	c.Guardian(a.Role == contract.RolePublic && slices.Contains(d.Vulnerability, "child"), d.Consent, d.Contact)
}

// looksFirst reports whether a person has to look at a draft before it is open for
// matching: a program does not open what somebody under 18 needs of a sensitive
// kind.
func looksFirst(ref *reference.Snapshot, d contract.RequestDraft, a contract.Actor) bool {
	minor := d.Consent.Guardian != "" || slices.Contains(d.Vulnerability, "child")
	return a.Role == contract.RoleIntegrator && d.State == string(Open) && minor &&
		slices.ContainsFunc(d.NeedLines, func(l contract.NeedLine) bool {
			category, _ := ref.Category(l.Category)
			return category.Sensitive
		})
}
