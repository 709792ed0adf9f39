package public

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// held is everything that Heli holds about the holder of a private page.
type held struct {
	ExportedAt time.Time         `json:"exported_at"`
	Request    *contract.Request `json:"request,omitempty"`
	Offer      *contract.Offer   `json:"offer,omitempty"`
	Contact    contract.Contact  `json:"contact"`
	Matches    []contract.Match  `json:"matches"`
	Asks       []contract.Ask    `json:"asks,omitempty"` // of a helper
	kept
}

// gather reads everything of a subject, the contact in clear: that reading is
// recorded, as every one is.
func (p pages) gather(ctx context.Context, s subject) (held, error) {
	h := held{ExportedAt: p.Clock(), Request: s.request, Offer: s.offer}
	endpoint, q := contract.RequestContact, contract.ListMatches{Page: contract.Page{Limit: maxMatches}}
	if s.offer != nil {
		endpoint, q.OfferID = contract.OfferContact, s.offer.ID
	} else {
		q.RequestID = s.request.ID
	}
	var err error
	if h.Contact, err = bus.Call(ctx, p.Bus, endpoint, contract.ContactReading{ID: s.id, Reason: "export by its owner"}); err != nil {
		return h, err
	}
	if h.Matches, err = everyMatch(ctx, p.Bus, q); err != nil {
		return h, err
	}
	if s.offer != nil {
		if h.Asks, err = everyAsk(ctx, p.Bus, s.offer.ID); err != nil {
			return h, err
		}
	}
	h.kept, err = p.keptOf(ctx, s)
	h.Links = linksOf(s, h.Matches, h.Asks)
	return h, err
}

// withHeld lets show answer with everything held; without a right token it opens
// the door. It is a POST, since it leaves a record.
func (p pages) withHeld(show func(http.ResponseWriter, *http.Request, held) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := p.tracked(r)
		if fault.Is(err, fault.NotFound) {
			http.Redirect(w, r, "/track", http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
		if s.spooled != nil {
			return p.showProblem(w, r, nil, fault.NewUnavailable(nil))
		}
		h, err := p.gather(s.as(r.Context()), s)
		if err != nil {
			return p.showProblem(w, r, nil, err)
		}
		return show(w, r, h)
	}
}

// downloadHeld sends everything as a JSON file.
func (p pages) downloadHeld(w http.ResponseWriter, _ *http.Request, h held) error {
	content, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="heli.json"`)
	_, err = w.Write(content)
	return err
}

// showHeld shows everything on a page.
func (p pages) showHeld(w http.ResponseWriter, r *http.Request, h held) error {
	page := p.Pages.Of(r)
	view := templates.Held{ExportedAt: page.DateTime(h.ExportedAt)}
	if h.Request != nil {
		view.Digest = p.digestOf(r.Context(), h.Request.Consent, h.Request.Digest)
		p.heldRequest(page, *h.Request, &view)
	} else {
		view.Digest, view.DigestAll = p.digestOf(r.Context(), h.Offer.Consent, h.Offer.Digest), helperKnown(*h.Offer)
		p.heldOffer(page, *h.Offer, &view)
	}
	view.Writes = p.writes(r.Context())
	view.Contact = contactFacts(page, h.Contact)
	for _, m := range h.Matches {
		view.Matches = append(view.Matches, templates.Fact{
			Name: m.Code, Value: page.State(contract.ThingMatch, m.State) + " · " + page.DateTime(m.CreatedAt),
		})
	}
	for _, a := range h.Asks {
		view.Matches = append(view.Matches, templates.Fact{
			Name: page.T("thing.ask") + " " + a.Code, Value: page.State(contract.ThingAsk, a.State) + " · " + page.DateTime(a.CreatedAt),
		})
	}
	view.Files, view.Parts = heldFiles(page, h), p.heldParts(page, h)
	p.Pages.Render(w, r, http.StatusOK, templates.HeldPage(page, view))
	return nil
}

func contactFacts(page *templates.Page, c contract.Contact) []templates.Fact {
	return []templates.Fact{
		{Name: page.T("fact.name"), Value: c.Name}, {Name: page.T("label.contact.phone"), Value: c.Phone},
		{Name: page.T("label.contact.wechat"), Value: c.Wechat}, {Name: page.T("label.contact.email"), Value: c.Email},
		{Name: page.T("fact.safe_hours"), Value: c.SafeHours}, {Name: page.T("label.contact.guardian"), Value: c.Guardian},
	}
}

func (p pages) heldRequest(page *templates.Page, q contract.Request, view *templates.Held) {
	view.Sensitive = p.sensitiveRequest(q)
	ref := p.snapshot()
	view.Consent, view.Given = q.Consent.Version, q.Consent.Has(contract.PurposeContact)
	view.Messages = q.Consent.Has(contract.PurposeMessages)
	view.Emergency, view.Live = q.Consent.Emergency, slices.Contains(q.Moves, moveWithdraw)
	view.What = []templates.Fact{
		{Name: page.T("label.tracking_code"), Value: q.Code}, {Name: page.T("label.title"), Value: q.Title},
		{Name: page.T("label.description"), Value: q.Description}, {Name: page.T("label.on_behalf_of"), Value: q.OnBehalfOf},
		{Name: page.T("fact.urgency"), Value: page.Urgency(q.Urgency)}, {Name: page.T("fact.mode"), Value: page.Mode(q.Mode)},
		{Name: page.T("label.place"), Value: placeName(page, ref, q.RegionCode) + pointText(q.Point)},
		{Name: page.T("label.languages"), Value: named(page, q.Languages, page.Tongue)},
		{Name: page.T("label.vulnerability"), Value: named(page, q.Vulnerability, page.Vulnerability)},
		{Name: page.T("label.safeguards"), Value: named(page, q.Safeguards, page.Safeguard)},
		{Name: page.T("label.windows"), Value: windowsText(page, q.Windows)},
		{Name: page.T("label.submitted_at"), Value: page.DateTime(q.CreatedAt)},
	}
	for _, l := range q.NeedLines {
		view.What = append(view.What, templates.Fact{
			Name: page.T("label.need"), Value: lineName(page, ref, l.Category, l.Specification) + " · " + page.Quantity(l.Quantity, l.Unit) + " " + l.SourceText,
		})
	}
	view.Steps = steps(page, contract.ThingRequest, q.History)
}

func (p pages) heldOffer(page *templates.Page, o contract.Offer, view *templates.Held) {
	ref := p.snapshot()
	view.Consent, view.Given = o.Consent.Version, o.Consent.Has(contract.PurposeContact)
	view.Messages = o.Consent.Has(contract.PurposeMessages)
	view.Live = slices.Contains(o.Moves, moveWithdraw)
	view.What = []templates.Fact{
		{Name: page.T("label.tracking_code"), Value: o.Code}, {Name: page.T("label.title"), Value: o.Title},
		{Name: page.T("label.description"), Value: o.Description}, {Name: page.T("fact.mode"), Value: page.Mode(o.Mode)},
		{Name: page.T("label.place"), Value: placeName(page, ref, o.RegionCode) + pointText(o.Point)},
		{Name: page.T("label.languages"), Value: named(page, o.Languages, page.Tongue)},
		{Name: page.T("label.safeguards"), Value: named(page, o.Safeguards, page.Safeguard)},
		{Name: page.T("label.windows"), Value: windowsText(page, o.Windows)},
		{Name: page.T("label.submitted_at"), Value: page.DateTime(o.CreatedAt)},
	}
	for _, l := range o.OfferLines {
		view.What = append(view.What, templates.Fact{
			Name: page.T("label.offer_lines"), Value: lineName(page, ref, l.Category, l.Specification) + " · " + page.Capacity(l.Capacity) + " " + l.SourceText,
		})
	}
	for _, c := range o.Credentials {
		view.What = append(view.What, templates.Fact{Name: page.Credential(c.Kind), Value: page.List([]string{c.Number, c.Issuer})})
	}
	view.Steps = steps(page, contract.ThingOffer, o.History)
}

func pointText(point *contract.Point) string {
	if point == nil {
		return ""
	}
	format := func(degrees float64) string { return strconv.FormatFloat(degrees, 'f', -1, 64) }
	return " (" + format(point.Lat) + ", " + format(point.Lon) + ")"
}

func named(page *templates.Page, codes []string, name func(string) string) string {
	texts := make([]string, len(codes))
	for i, code := range codes {
		texts[i] = name(code)
	}
	return page.List(texts)
}

// changeConsent withdraws the consent to give the contact away or to be written to,
// or gives it again.
func (p pages) changeConsent(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, func(ctx context.Context, s subject, values url.Values) error {
		endpoint := contract.RequestConsent
		if s.offer != nil {
			endpoint = contract.OfferConsent
		}
		q := contract.ChangeConsent{ID: s.id, Purpose: cmp.Or(values.Get("purpose"), contract.PurposeContact), Given: values.Get("given") == "yes"}
		_, err := bus.Call(ctx, p.Bus, endpoint, q)
		return err
	})
}
