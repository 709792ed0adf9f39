package public

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/services/web/templates"
)

// place reads the region of a form: a chosen one if it belongs to what is
// typed now, else the only one that fits. Where several fit people must choose.
func (p pages) place(s *sheet, page *templates.Page) (string, templates.Places) {
	typed, chosen := s.text("place"), s.text("region_code")
	if s.ref == nil {
		return chosen, templates.Places{}
	}
	if typed == "" {
		if _, ok := s.ref.Region(chosen); ok {
			return chosen, templates.Places{}
		}
		return "", templates.Places{}
	}
	shown := p.choices(page, s.ref, typed, "")
	fits := slices.ContainsFunc(shown.Options, func(o templates.Option) bool { return o.Value == chosen })
	switch {
	case fits && s.text("place_asked") == typed:
		shown.Chosen = chosen
	case s.text("place_asked") == typed && len(shown.Options) == 1 && s.near(shown.Options[0].Value, chosen):
		shown.Options = append(shown.Options, templates.Option{Value: chosen, Label: regionName(page, s.ref, chosen)})
		shown.Chosen = chosen
	case shown.Chosen != "":
	case len(shown.Options) == 0:
		s.add("place", "place_unknown", nil)
		return "", shown
	default:
		shown.Error = page.T("invalid.choose")
		s.add("place", "place_which", nil)
		return "", shown
	}
	return shown.Chosen, shown
}

// form returns what both public forms show of a sheet.
func (p pages) form(ctx context.Context, s *sheet, page *templates.Page) templates.Form {
	f := templates.Form{Values: s.values, Lines: s.lines(), Messages: p.writes(ctx)}
	if s.ref != nil {
		f.Categories = categoryOptions(page, s.ref)
	}
	return f
}

func categoryOptions(page *templates.Page, ref *reference.Snapshot) []templates.Option {
	var options []templates.Option
	for _, c := range ref.Categories() {
		if c.Retired {
			continue
		}
		options = append(options, templates.Option{Value: c.Code, Label: categoryName(page, ref, c.Code)})
	}
	return options
}

func categoryName(page *templates.Page, ref *reference.Snapshot, code string) string {
	c, ok := ref.Category(code)
	if !ok {
		return code
	}
	return page.Pick(c.Names["en"], c.Names["zh-Hans"], c.Names["zh-Hant"])
}

// sensitive reports whether help of this kind should not be seen by others who
// look at the screen.
func sensitive(ref *reference.Snapshot, category string) bool {
	c, ok := ref.Category(category)
	return ok && c.Sensitive
}

// newSheet returns an empty form under a fresh key, with the category of the
// link that led here.
func (p pages) newSheet(r *http.Request, categoryField string) *sheet {
	s := &sheet{
		values: url.Values{"key": {newKey()}, "lines": {"1"}, "challenge": {p.Guard.Challenge()}}, ref: p.snapshot(),
	}
	if category := r.URL.Query().Get("category"); category != "" {
		s.values.Set(categoryField, category)
	}
	return s
}

// snapshot returns the reference data; nil before any was ever read, when the
// forms show no choices.
func (p pages) snapshot() *reference.Snapshot {
	ref, err := p.Reference.Get()
	if err != nil {
		return nil
	}
	return ref
}

// refusedStatus is the status of a form that is shown again.
func refusedStatus(err error) int {
	if err == nil || fault.Is(err, fault.Invalid) {
		return http.StatusUnprocessableEntity
	}
	if fault.Is(err, fault.Unavailable) {
		return http.StatusServiceUnavailable
	}
	return http.StatusConflict
}

// publicly returns the request's context for somebody without an account.
func publicly(r *http.Request) *http.Request {
	return r.WithContext(contract.WithActor(r.Context(), contract.Actor{Role: contract.RolePublic}))
}
