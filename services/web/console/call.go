package console

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/word"
	"heli/services/web/page"
	"heli/services/web/templates"
)

const callPath = "/console/requests/new"

// consentVersion names what the script says before a caller agrees. It changes
// with that text.
const consentVersion = "2026-11-spoken"

// newCall shows the empty form for a call.
func (c console) newCall(w http.ResponseWriter, r *http.Request) error {
	return c.callPage(w, r, http.StatusOK, templates.CallForm{Values: url.Values{
		"id": {contract.NewID[string]()}, "code": {contract.NewCode()}, "key": {contract.NewID[string]()}, "mode": {string(contract.ModeAny)},
	}, Lines: callLines(r.URL.Query())})
}

func (c console) callPage(w http.ResponseWriter, r *http.Request, status int, f templates.CallForm) error {
	d := c.desk(r, &url.URL{Path: callPath}, c.Pages.Printer(r).T("desk.call"))
	role := contract.ActorFrom(r.Context()).Role
	f.Categories, f.Regions, f.Urgencies = c.categoryChoices(d), c.regionChoices(d), urgencyChoices(d)
	f.MayOpen, f.MayVerify = access.May(role, access.OpenAtOnce), access.May(role, access.VerifyPhone)
	c.Pages.Render(w, r, status, templates.ConsoleCall(d, f))
	return nil
}

// saveCall saves what was noted down, looks the caller up, or adds a line: the
// button says which. Whatever cannot be taken comes back as it was typed.
func (c console) saveCall(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	form := r.PostForm
	f := templates.CallForm{Values: form, Lines: callLines(form), Returned: true}
	switch form.Get("do") {
	case "look_up":
		f.Caller = c.lookUpCaller(r, form.Get("contact.phone"))
		return c.callPage(w, r, http.StatusOK, f)
	case "add_line":
		f.Lines = min(f.Lines+1, templates.CallLines)
		return c.callPage(w, r, http.StatusOK, f)
	}
	id, err := c.submitCall(r.Context(), form, f.Lines, c.Pages.Printer(r).Zone())
	if err == nil {
		return done(w, r, requestPath(id))
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		f.Errors = templates.ErrorsOf(c.Pages.Of(r), err)
	case fault.Conflict, fault.Unavailable:
		f.Failure = c.Pages.Printer(r).Fault(err)
	default:
		return err
	}
	return c.callPage(w, r, page.StatusOf(err), f)
}

func callLines(form url.Values) int {
	n, err := strconv.Atoi(form.Get("lines"))
	if err != nil {
		return 1
	}
	return min(max(n, 1), templates.CallLines)
}

func (c console) lookUpCaller(r *http.Request, phone string) *templates.Caller {
	listing, err := bus.Call(r.Context(), c.Bus, contract.RequestLookUp, contract.LookUpCaller{Phone: phone})
	if err != nil {
		return &templates.Caller{Error: c.Pages.Printer(r).Fault(err)}
	}
	return &templates.Caller{Requests: listing.Items}
}

// submitCall stores the request, and that the phone was called back where the form
// says so. Sending the form twice makes one request.
func (c console) submitCall(ctx context.Context, form url.Values, lines int, zone *time.Location) (contract.RequestID, error) {
	q, err := callFrom(form, lines, zone, c.districtOf)
	if err != nil {
		return "", err
	}
	q.SubmittedAt = c.Clock()
	answer, err := bus.Call(ctx, c.Bus, contract.RequestSubmit, q)
	if err != nil {
		return "", err
	}
	if form.Get("called_back") != "on" || q.Draft.Contact.Phone == "" {
		return answer.ID, nil
	}
	_, err = bus.Call(ctx, c.Bus, contract.RequestVerifyPhone, contract.Move{ID: string(answer.ID), Move: "verify_phone"})
	return answer.ID, err
}

// callFrom reads the form. What staff enter needs no consent of a form: it is
// spoken, or there is a reason why it could not be had.
func callFrom(
	form url.Values, lines int, zone *time.Location, districtOf func(city, name string) (string, bool),
) (contract.SubmitRequest, error) {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	var wrong []fault.Field
	d := contract.RequestDraft{
		Title: text("title"), Description: strings.ReplaceAll(text("description"), "\r\n", "\n"),
		Urgency: contract.Urgency(text("urgency")), Mode: contract.Mode(text("mode")), RegionCode: text("region_code"),
		NeedLines: callNeeds(form, lines, &wrong), NeededBy: dayFrom("needed_by", text("needed_by"), nil, zone, &wrong),
		Vulnerability: form["vulnerability"], OnBehalfOf: text("on_behalf_of"), Source: "hotline",
		Contact: contract.Contact{
			Name: text("contact.name"), Phone: text("contact.phone"), Wechat: text("contact.wechat"), SafeHours: text("contact.safe_hours"),
		},
	}
	if name := text("district"); name != "" {
		code, found := districtOf(d.RegionCode, name)
		if !found {
			wrong = append(wrong, fault.Field{Location: "district", Code: "district"})
		}
		d.RegionCode = code
	}
	switch {
	case form.Get("consent") == "on":
		d.Consent = contract.Consent{Version: consentVersion, Purposes: []string{"matching", contract.PurposeContact}}
	case text("consent.emergency") != "":
		d.Consent.Emergency = text("consent.emergency")
	default:
		wrong = append(wrong, fault.Field{Location: "consent", Code: "consent_spoken"})
	}
	if form.Get("open") == "on" {
		d.State = "open"
	}
	if d.Contact.Name == "" {
		wrong = append(wrong, fault.Field{Location: "contact.name", Code: check.Required})
	}
	if len(wrong) > 0 {
		return contract.SubmitRequest{}, fault.NewInvalid(wrong...)
	}
	hash, err := idempotency.Hash(d)
	q := contract.SubmitRequest{
		Key: "call:" + text("key"), BodyHash: hash, ID: contract.RequestID(text("id")), Code: text("code"), Draft: d,
	}
	return q, err
}

// callNeeds reads the lines that hold anything; the first always.
func callNeeds(form url.Values, lines int, wrong *[]fault.Field) []contract.NeedLine {
	var needs []contract.NeedLine
	for n := range lines {
		at := func(field string) string { return check.At("need_lines", n, field) }
		text := func(field string) string { return strings.TrimSpace(form.Get(at(field))) }
		if n > 0 && text("category") == "" && text("specification") == "" && text("quantity") == "" {
			continue
		}
		need := contract.NeedLine{Category: text("category"), Specification: text("specification"), Unit: contract.Unit(text("unit"))}
		if need.Unit == "" {
			need.Unit = "other"
		}
		var ok bool
		if need.Quantity, ok = amountFrom(text("quantity"), need.Unit); !ok {
			*wrong = append(*wrong, fault.Field{Location: at("quantity"), Code: "quantity"})
		}
		needs = append(needs, need)
	}
	return needs
}

// districtOf returns the one region directly below another whose name begins as
// somebody has said it, and false for none or several.
func (c console) districtOf(city, name string) (code string, found bool) {
	ref := c.snapshot()
	if ref == nil {
		return city, false
	}
	said := word.Fold(name)
	for _, region := range ref.Regions() {
		if region.Parent != city {
			continue
		}
		for _, known := range region.Names {
			whole := word.Fold(known)
			if whole == said {
				return region.Code, true
			}
			if strings.HasPrefix(whole, said) && code != region.Code {
				if code != "" {
					return city, false
				}
				code = region.Code
			}
		}
	}
	return code, code != ""
}
