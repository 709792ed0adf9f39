package public

import (
	"net/http"
	"strconv"
	"strings"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// newOffer shows the empty form.
func (p pages) newOffer(w http.ResponseWriter, r *http.Request) error {
	s := p.newSheet(r, "offer_lines[0].category")
	page := p.Pages.Of(r)
	p.answerBoard(r, s, page, "offer_lines[0].category")
	p.Pages.Render(w, r, http.StatusOK, templates.OfferForm(page, p.form(r.Context(), s, page)))
	return nil
}

// submitOffer takes the form, as submitRequest does that of a request.
func (p pages) submitOffer(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	s := &sheet{values: values, ref: p.snapshot()}
	page := p.Pages.Of(r)
	if s.again() {
		f := p.form(r.Context(), s, page)
		_, f.Places = p.place(&sheet{values: values, ref: s.ref}, page)
		p.Pages.Render(w, r, http.StatusOK, templates.OfferForm(page, f))
		return nil
	}
	draft, places := p.offerDraft(s, page)
	answer, err := p.sendOffer(publicly(r), s, draft)
	if err == nil {
		p.openPage(w, site.Track, string(answer.ID), answer.Generation)
		http.Redirect(w, r, "/track?show=new", http.StatusSeeOther)
		return nil
	}
	f := p.form(r.Context(), s, page)
	f.Places, f.Errors = places, s.errors(page, err)
	if !fault.Is(err, fault.Invalid) {
		f.Failure = page.Fault(err)
	}
	p.Pages.Render(w, r, refusedStatus(err), templates.OfferForm(page, f))
	return nil
}

func (p pages) sendOffer(r *http.Request, s *sheet, draft contract.OfferDraft) (contract.SubmittedOffer, error) {
	key := s.key()
	s.values.Set("key", key)
	if err := p.admit(r.Context(), s); err != nil {
		return contract.SubmittedOffer{}, err
	}
	hash, err := idempotency.Hash(draft)
	if err != nil {
		return contract.SubmittedOffer{}, err
	}
	q := contract.SubmitOffer{
		Key: "form:" + key, BodyHash: hash, ID: contract.NewID[contract.OfferID](), Code: contract.NewCode(),
		Draft: draft, SubmittedAt: p.Clock(),
	}
	if len(s.wrong) > 0 {
		return contract.SubmittedOffer{}, fault.NewInvalid(s.fields(p.Intake.CheckOffer(r.Context(), q))...)
	}
	answer, _, err := p.Intake.SubmitOffer(r.Context(), q)
	return answer, err
}

func (p pages) offerDraft(s *sheet, page *templates.Page) (contract.OfferDraft, templates.Places) {
	region, places := p.place(s, page)
	d := contract.OfferDraft{
		Title: s.text("title"), Description: s.paragraph("description"), OfferLines: s.offerLines(),
		Mode: contract.Mode(s.text("mode")), RegionCode: region, ServiceRegions: p.serviceRegions(s),
		Languages: s.list("languages"), Safeguards: s.list("safeguards"), Credentials: s.credentials(page),
		Windows: s.windows(), TimeZone: zoneName(page.Zone()), Language: string(page.Lang()), ValidUntil: s.day("valid_until", page.Zone()),
		Contact: s.contact(), Consent: s.consent(), Adult: new(s.values.Get("adult") == "on"),
	}
	// A radius counts from a point; the place's centre stands for one.
	if metres, err := strconv.ParseInt(s.text("radius_m"), 10, 64); err == nil && s.ref != nil {
		if point, ok := s.ref.PointOf(region); ok {
			d.RadiusM, d.Point = &metres, &point
		}
	}
	return d, places
}

// serviceRegions reads the further places, separated by commas; each must be
// the only one of its name.
func (p pages) serviceRegions(s *sheet) []string {
	typed := strings.FieldsFunc(s.text("service_regions"), func(r rune) bool { return strings.ContainsRune(",，、;；", r) })
	var codes []string
	for _, name := range typed {
		if strings.TrimSpace(name) == "" || s.ref == nil {
			continue
		}
		found := p.places.find(s.ref, name)
		if len(found) != 1 {
			s.add("service_regions", "places_unclear", map[string]any{"name": strings.TrimSpace(name)})
			return nil
		}
		codes = append(codes, found[0].Code)
	}
	return codes
}

func (s *sheet) offerLines() []contract.OfferLine {
	var lines []contract.OfferLine
	for n := range s.lines() {
		at := func(field string) string { return check.At("offer_lines", n, field) }
		category, what := s.text(at("category")), s.text(at("specification"))
		if n > 0 && category == "" && what == "" && s.text(at("capacity.quantity")) == "" {
			continue
		}
		unit, per := s.unit(at("capacity.unit"), category), contract.Period(s.text(at("capacity.per")))
		if per == "" {
			per = contract.PerTotal
		}
		lines = append(lines, contract.OfferLine{
			Category: category, Item: s.item(what), Specification: what,
			Capacity: contract.Capacity{Quantity: s.quantity(at("capacity.quantity"), unit), Unit: unit, Per: per},
		})
	}
	return lines
}

// credentials reads the one credential that the form asks for; none when it is
// left empty.
func (s *sheet) credentials(page *templates.Page) []contract.Credential {
	c := contract.Credential{
		Kind: s.text("credentials[0].kind"), Number: s.text("credentials[0].number"), Issuer: s.text("credentials[0].issuer"),
		ValidUntil: s.day("credentials[0].valid_until", page.Zone()),
	}
	if c == (contract.Credential{}) {
		return nil
	}
	return []contract.Credential{c}
}
