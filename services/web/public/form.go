package public

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/word"
	"heli/services/web/templates"
)

// consentVersion names the text that the consent box shows. It changes with
// the text.
const consentVersion = "2026-11"

// purposes are what that text asks consent for.
func purposes() []string { return []string{"matching", "contact"} }

// keyBytes make an idempotency key of 128 bits.
const keyBytes = 16

func newKey() string {
	raw := make([]byte, keyBytes)
	_, _ = rand.Read(raw) // crypto/rand.Read never returns an error
	return base64.RawURLEncoding.EncodeToString(raw)
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)

// sheet reads a form and collects what in it cannot be read. Everything else
// is for the service to judge.
type sheet struct {
	values url.Values
	ref    *reference.Snapshot
	wrong  []fault.Field
}

// readForm parses the body as a form.
func readForm(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, formFault(err)
	}
	return r.PostForm, nil
}

// formFault turns a failure to parse a form into what the page says.
func formFault(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return fault.New(fault.Invalid, "invalid", "the form cannot be read").Because(err)
}

func (s *sheet) add(location, code string, args map[string]any) {
	s.wrong = append(s.wrong, fault.Field{Location: location, Code: code, Args: args})
}

func (s *sheet) text(name string) string { return strings.TrimSpace(s.values.Get(name)) }

// paragraph has the line ends that the rest of the world uses.
func (s *sheet) paragraph(name string) string { return strings.ReplaceAll(s.text(name), "\r\n", "\n") }

func (s *sheet) list(name string) []string {
	var list []string
	for _, value := range s.values[name] {
		if value != "" && !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

// lines is how many lines the form shows.
func (s *sheet) lines() int {
	n, err := strconv.Atoi(s.text("lines"))
	if err != nil {
		return 1
	}
	return min(max(n, 1), templates.MaxFormLines)
}

// again reports whether the form is only to be shown again: with a line more, or
// with the draft that the device has kept.
func (s *sheet) again() bool {
	switch s.text("do") {
	case "add_line":
		s.values.Set("lines", strconv.Itoa(min(s.lines()+1, templates.MaxFormLines)))
		return true
	case "resume":
		return true
	default:
		return false
	}
}

// quantity reads an amount: empty is "not stated", money is written in yuan and
// kept in fen, full-width digits and separators are understood.
func (s *sheet) quantity(location string, unit contract.Unit) *int64 {
	typed := digits(s.text(location))
	if typed == "" {
		return nil
	}
	const whole, decimals = 64, 100
	if unit == "fen" {
		yuan, err := strconv.ParseFloat(typed, whole)
		if err == nil && yuan > 0 && yuan < 1e12 {
			fen := int64(yuan*decimals + 0.5)
			return &fen
		}
	} else if n, err := strconv.ParseInt(typed, 10, whole); err == nil && n > 0 {
		return &n
	}
	s.add(location, "quantity", nil)
	return nil
}

// digits returns a typed number in plain digits, without separators.
func digits(typed string) string {
	return strings.NewReplacer(",", "", " ", "").Replace(word.Fold(strings.TrimSpace(typed)))
}

// unit returns the unit of a line; the usual one of its category when none is chosen.
func (s *sheet) unit(location, category string) contract.Unit {
	if chosen := s.text(location); chosen != "" {
		return contract.Unit(chosen)
	}
	if s.ref != nil {
		if c, ok := s.ref.Category(category); ok && len(c.Units) > 0 {
			return c.Units[0]
		}
	}
	return "other"
}

// item returns the code of the item that people call by the name, if any.
func (s *sheet) item(name string) string {
	if s.ref == nil {
		return ""
	}
	if item, ok := s.ref.ItemNamed(name); ok {
		return item.Code
	}
	return ""
}

// day reads a date as the end of that day in the reader's zone; nil for none.
func (s *sheet) day(location string, zone *time.Location) *time.Time {
	typed := s.text(location)
	if typed == "" {
		return nil
	}
	day, err := time.ParseInLocation(time.DateOnly, typed, zone)
	if err != nil {
		s.add(location, "date", nil)
		return nil
	}
	end := day.AddDate(0, 0, 1).Add(-time.Second).UTC()
	return &end
}

// windows reads the weekdays with one span of hours; the whole day without one.
func (s *sheet) windows() []contract.Window {
	days, from, to := s.list("windows.days"), s.text("windows.from"), s.text("windows.to")
	if len(days) == 0 && from == "" && to == "" {
		return nil
	}
	if len(days) == 0 {
		days = []string{"1", "2", "3", "4", "5", "6", "7"}
	}
	if from == "" {
		from = "00:00"
	}
	if to == "" {
		to = "24:00"
	}
	var windows []contract.Window
	for _, day := range days {
		n, err := strconv.Atoi(day)
		if err != nil {
			n = 0 // the service says that it is none
		}
		windows = append(windows, contract.Window{Weekday: n, From: from, To: to})
	}
	return windows
}

func (s *sheet) contact() contract.Contact {
	return contract.Contact{
		Name: s.text("contact.name"), Phone: s.text("contact.phone"), Email: s.text("contact.email"),
		Wechat: s.text("contact.wechat"), SafeHours: s.text("contact.safe_hours"), Guardian: s.text("contact.guardian"),
	}
}

func (s *sheet) consent() contract.Consent {
	if s.values.Get("consent") != "on" {
		s.add("consent", "consent", nil)
		return contract.Consent{}
	}
	given := contract.Consent{Version: consentVersion, Purposes: purposes(), Guardian: s.text("consent.guardian")}
	if s.values.Get("messages") == "on" {
		given = given.With(contract.PurposeMessages, true)
	}
	return given
}

// key returns the form's idempotency key; a new one when it was lost.
func (s *sheet) key() string {
	if key := s.text("key"); keyForm.MatchString(key) {
		return key
	}
	return newKey()
}

// shownAt are locations of a draft that the form shows in another place.
var shownAt = strings.NewReplacer("consent.version", "consent", "region_code", "place")

var listed = regexp.MustCompile(`^(languages|safeguards|vulnerability|service_regions)\[\d+\]$|^(windows)\[\d+\](\..+)$`)

// fields returns the wrong fields of the form and of the service, each once, at
// the places where the form shows them.
func (s *sheet) fields(err error) []fault.Field {
	all := s.wrong
	if fault.Is(err, fault.Invalid) {
		all = append(slices.Clone(all), fault.As(err).Fields...)
	}
	var fields []fault.Field
	for _, field := range all {
		field.Location = shownAt.Replace(listed.ReplaceAllString(field.Location, "$1$2$3"))
		if field.Location == "windows.weekday" {
			field.Location = "windows.days"
		}
		if !slices.ContainsFunc(fields, func(f fault.Field) bool { return f.Location == field.Location }) {
			fields = append(fields, field)
		}
	}
	return fields
}

// order is how the forms go from top to bottom.
var order = []string{"title", "need_lines", "offer_lines", "description", "urgency", "place", "mode", "radius_m",
	"service_regions", "credentials", "contact", "on_behalf_of", "vulnerability", "safeguards", "languages", "windows"}

func position(location string) int {
	n := slices.IndexFunc(order, func(name string) bool { return strings.HasPrefix(location, name) })
	if n < 0 {
		return len(order)
	}
	return n
}

// errors returns the sentences for the wrong fields, in the order of the form.
func (s *sheet) errors(page *templates.Page, err error) templates.Errors {
	fields := s.fields(err)
	if len(fields) == 0 {
		return nil
	}
	slices.SortStableFunc(fields, func(a, b fault.Field) int {
		return cmp.Compare(position(a.Location), position(b.Location))
	})
	errs := templates.ErrorsOf(page, fault.NewInvalid(fields...))
	for n := range errs {
		if errs[n].Location == "consent" {
			errs[n].Label = "" // a whole paragraph, and the sentence says it
		}
	}
	return errs
}
