package public

import (
	"context"
	"net/http"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// newRequest shows the empty form.
func (p pages) newRequest(w http.ResponseWriter, r *http.Request) error {
	s := p.newSheet(r, "need_lines[0].category")
	page := p.Pages.Of(r)
	p.answerBoard(r, s, page, "need_lines[0].category")
	p.Pages.Render(w, r, http.StatusOK, templates.RequestForm(page, p.requestForm(r.Context(), s, page)))
	return nil
}

// submitRequest takes the form: shown again with everything typed when
// something is wrong or a line is to be added, else the request is passed on
// and its private page opened.
func (p pages) submitRequest(w http.ResponseWriter, r *http.Request) error {
	values, err := readForm(r)
	if err != nil {
		return err
	}
	s := &sheet{values: values, ref: p.snapshot()}
	page := p.Pages.Of(r)
	if s.again() {
		f := p.requestForm(r.Context(), s, page)
		_, f.Places = p.place(&sheet{values: values, ref: s.ref}, page)
		p.Pages.Render(w, r, http.StatusOK, templates.RequestForm(page, f))
		return nil
	}
	draft, places := p.requestDraft(s, page)
	answer, err := p.sendRequest(publicly(r), s, draft)
	if err == nil {
		p.openPage(w, site.Track, string(answer.ID), answer.Generation)
		http.Redirect(w, r, "/track?show=new", http.StatusSeeOther)
		return nil
	}
	f := p.requestForm(r.Context(), s, page)
	f.Places, f.Errors = places, s.errors(page, err)
	if !fault.Is(err, fault.Invalid) {
		f.Failure = page.Fault(err)
	}
	p.Pages.Render(w, r, refusedStatus(err), templates.RequestForm(page, f))
	return nil
}

// requestForm is the form with what was typed, and whether life may be at risk.
func (p pages) requestForm(ctx context.Context, s *sheet, page *templates.Page) templates.Form {
	f := p.form(ctx, s, page)
	f.Danger = s.endangered()
	return f
}

// endangered reports whether the numbers to call come before all else: by what was
// chosen, or by words of danger. They are looked at and kept nowhere.
func (s *sheet) endangered() bool {
	return inDanger(drafted(contract.RequestDraft{
		Title: s.text("title"), Description: s.text("description"), Urgency: contract.Urgency(s.text("urgency")),
		Vulnerability: s.list("vulnerability"), NeedLines: s.needLines(),
	}))
}

// sendRequest passes a draft on, unless the form itself cannot be read; then it
// returns everything that is wrong.
func (p pages) sendRequest(r *http.Request, s *sheet, draft contract.RequestDraft) (contract.SubmittedRequest, error) {
	key := s.key()
	s.values.Set("key", key)
	if err := p.admit(r.Context(), s); err != nil {
		return contract.SubmittedRequest{}, err
	}
	hash, err := idempotency.Hash(draft)
	if err != nil {
		return contract.SubmittedRequest{}, err
	}
	q := contract.SubmitRequest{
		Key: "form:" + key, BodyHash: hash, ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(),
		Draft: draft, SubmittedAt: p.Clock(),
	}
	if len(s.wrong) > 0 {
		return contract.SubmittedRequest{}, fault.NewInvalid(s.fields(p.Intake.CheckRequest(r.Context(), q))...)
	}
	answer, _, err := p.Intake.SubmitRequest(r.Context(), q)
	return answer, err
}

func (p pages) requestDraft(s *sheet, page *templates.Page) (contract.RequestDraft, templates.Places) {
	region, places := p.place(s, page)
	d := contract.RequestDraft{
		Title: s.text("title"), Description: s.paragraph("description"), Urgency: contract.Urgency(s.text("urgency")),
		Mode: contract.Mode(s.text("mode")), RegionCode: region, NeedLines: s.needLines(),
		Languages: s.list("languages"), Safeguards: s.list("safeguards"), Vulnerability: s.list("vulnerability"),
		Windows: s.windows(), NeededBy: s.day("needed_by", page.Zone()), TimeZone: zoneName(page.Zone()), Language: string(page.Lang()),
		Contact: s.contact(), OnBehalfOf: s.text("on_behalf_of"), Consent: s.consent(),
	}
	return d, places
}

// needLines reads the lines that hold anything; the first always.
func (s *sheet) needLines() []contract.NeedLine {
	var lines []contract.NeedLine
	for n := range s.lines() {
		at := func(field string) string { return check.At("need_lines", n, field) }
		category, what := s.text(at("category")), s.text(at("specification"))
		if n > 0 && category == "" && what == "" && s.text(at("quantity")) == "" {
			continue
		}
		unit := s.unit(at("unit"), category)
		lines = append(lines, contract.NeedLine{
			Category: category, Item: s.item(what), Specification: what,
			Quantity: s.quantity(at("quantity"), unit), Unit: unit,
		})
	}
	return lines
}

// zoneName is the IANA name of the reader's zone; empty where it has none.
func zoneName(zone *time.Location) string {
	if name := zone.String(); name != "UTC" && name != "Local" {
		return name
	}
	return ""
}
