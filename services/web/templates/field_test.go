package templates_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"heli/pkg/fault"
	"heli/pkg/locale"
	"heli/services/web/templates"
)

func TestFieldTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	p := templates.NewPage(printer(t, locale.Simplified), &url.URL{Path: "/request"})
	in := templates.Input{
		Name: "need_lines[0].quantity", Label: "数量", Hint: "多少", Error: "请填写", Value: `"><script>`,
		Required: true, MaxLength: 9, Attrs: templ.Attributes{"inputmode": "numeric"},
	}
	html := render(t, templates.Field(p, in))
	for _, want := range []string{
		`for="f-need_lines-0--quantity"`, `id="f-need_lines-0--quantity"`, `name="need_lines[0].quantity"`,
		`aria-describedby="f-need_lines-0--quantity-hint f-need_lines-0--quantity-error"`, `aria-invalid="true"`,
		`maxlength="9"`, ` required`, `inputmode="numeric"`, `value="&#34;&gt;&lt;script&gt;"`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in\n%s", want, html)
		}
	}
}

func TestRightFieldHasNoMarks(t *testing.T) {
	t.Parallel()
	p := templates.NewPage(printer(t, locale.English), &url.URL{Path: "/request"})
	html := render(t, templates.Field(p, templates.Input{Name: "title", Label: "Title"}))
	for _, unwanted := range []string{"aria-invalid", "aria-describedby", "required", "maxlength"} {
		if strings.Contains(html, unwanted) {
			t.Errorf("%s in\n%s", unwanted, html)
		}
	}
}

func TestErrorsOf(t *testing.T) {
	t.Parallel()
	p := templates.NewPage(printer(t, locale.English), &url.URL{Path: "/request"})
	errs := templates.ErrorsOf(p, fault.NewInvalid(
		fault.Field{Location: "title", Code: "required"},
		fault.Field{Location: "contact.phone", Code: "not_a_phone"},
		fault.Field{Location: "consent", Code: "consent"},
	))
	if len(errs) != 3 || errs.At("title") != p.T("invalid.required") || errs.At("contact.phone") != p.T("invalid.not_a_phone") {
		t.Errorf("errors are %v", errs)
	}
	if errs.At("description") != "" || templates.ErrorsOf(p, fault.NewNotFound("request")) != nil {
		t.Error("what is right has an error")
	}
	summary := render(t, templates.ErrorSummary(p, errs))
	if !strings.Contains(summary, `href="#f-contact-phone"`) || !strings.Contains(summary, p.T("summary.title", "count", 3)) {
		t.Errorf("summary is\n%s", summary)
	}
	if strings.Contains(summary, p.T("label.consent")) || !strings.Contains(summary, p.T("invalid.consent")) {
		t.Errorf("the summary says all that is agreed to again:\n%s", summary)
	}
}

func TestSelectKeepsWhatWasChosen(t *testing.T) {
	t.Parallel()
	p := templates.NewPage(printer(t, locale.English), &url.URL{Path: "/request"})
	options := []templates.Option{{Value: "a", Label: "A"}, {Value: "b", Label: "B", Group: "G"}}
	chosen := render(t, templates.Select(p, templates.Input{Name: "x", Label: "X", Options: options, Value: "b", Required: true}))
	if !strings.Contains(chosen, `<option value="b" selected>`) || strings.Contains(chosen, p.T("field.choose")) {
		t.Errorf("the choice is lost:\n%s", chosen)
	}
	open := render(t, templates.Select(p, templates.Input{Name: "x", Label: "X", Options: options}))
	if !strings.Contains(open, p.T("field.choose")) || !strings.Contains(open, `<optgroup label="G">`) {
		t.Errorf("nothing asks to choose:\n%s", open)
	}
}
