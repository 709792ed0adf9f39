package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"heli/pkg/app"
	"heli/pkg/contract"
	"heli/pkg/locale"
)

// writer writes what robots say: what happened, where, and a link for those who
// may look; never a name, a contact or a text of a need.
type writer struct {
	catalogue *locale.Catalogue
	reference *app.Reference // names of regions and categories; nil: their codes
	publicURL string
}

// told is what a message needs of an event.
type told struct {
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
}

// text returns what a robot says of a delivery, in the language of its group.
func (w writer) text(t task, now time.Time) (string, error) {
	var e told
	if err := json.Unmarshal([]byte(t.Document), &e); err != nil {
		return "", fmt.Errorf("read event: %w", err)
	}
	zone, ok := w.catalogue.Zone(t.TimeZone)
	if !ok {
		zone = time.UTC
	}
	p := w.catalogue.Printer(locale.Language(t.Language), zone, now)
	switch e.Type {
	case typeVerify:
		return p.T("message.line", "text", p.T("message.verify")), nil
	case typeTest:
		return p.T("message.line", "text", p.T("message.test")), nil
	case typeDigest:
		return w.digest(p, e)
	default:
		return w.fact(p, e)
	}
}

func (w writer) fact(p *locale.Printer, e told) (string, error) {
	var d factData
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return "", fmt.Errorf("read fact: %w", err)
	}
	thing, state := thingOf(e.Type)
	key := "message." + string(thing)
	critical := d.Urgency == string(contract.Critical)
	if critical {
		key += ".critical"
	}
	switch {
	case state == submitted:
		key += ".new"
	case !critical:
		key += ".state"
	}
	text := p.T(key, "region", w.region(p, d.RegionCode), "category", w.category(p, d.Category), "state", p.State(thing, state))
	return p.T("message.line", "text", text) + "\n" + w.page(thing, e.Subject), nil
}

// submitted is the state of what is new, whatever it is.
const submitted = "submitted"

// thingOf returns what an event is about, and the state that was reached.
func thingOf(kind string) (contract.Thing, string) {
	thing, state, _ := strings.Cut(strings.TrimPrefix(kind, typePrefix), ".")
	return contract.Thing(thing), state
}

// page returns the address of a thing's page in the console.
func (w writer) page(thing contract.Thing, id string) string {
	return strings.TrimSuffix(w.publicURL, "/") + "/console/" + collections[thing] + "/" + id
}

func (w writer) region(p *locale.Printer, code string) string {
	if w.reference != nil {
		if names, err := w.reference.Get(); err == nil {
			if r, ok := names.Region(code); ok {
				return cmp.Or(p.Pick(r.Names["en"], r.Names["zh-Hans"], r.Names["zh-Hant"]), code)
			}
		}
	}
	return cmp.Or(code, p.T("message.unstated"))
}

func (w writer) category(p *locale.Printer, code string) string {
	if w.reference != nil {
		if names, err := w.reference.Get(); err == nil {
			if c, ok := names.Category(code); ok {
				return cmp.Or(p.Pick(c.Names["en"], c.Names["zh-Hans"], c.Names["zh-Hant"]), code)
			}
		}
	}
	return cmp.Or(code, p.T("message.unstated"))
}

// digest writes one line for each kind of thing, with counts by state.
func (w writer) digest(p *locale.Printer, e told) (string, error) {
	var d digestData
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return "", fmt.Errorf("read digest: %w", err)
	}
	title := p.T("message.digest.title", "since", p.DateTime(d.Since), "until", p.DateTime(d.Until))
	lines := []string{p.T("message.line", "text", title)}
	for _, thing := range spoken {
		var items []string
		for _, c := range d.Counts {
			if c.Thing == thing {
				items = append(items, countText(p, c))
			}
		}
		if len(items) > 0 {
			lines = append(lines, p.T("message.digest."+string(thing), "list", p.List(items)))
		}
	}
	return strings.Join(append(lines, strings.TrimSuffix(w.publicURL, "/")+"/console"), "\n"), nil
}

func countText(p *locale.Printer, c stateCount) string {
	name := p.T("message.digest.new")
	if c.State != submitted {
		name = strings.ToLower(p.State(c.Thing, c.State))
	}
	if c.Critical == 0 {
		return p.T("message.digest.item", "count", c.Count, "state", name)
	}
	return p.T("message.digest.item_critical", "count", c.Count, "state", name, "critical", c.Critical)
}

// digestData is what a digest tells.
type digestData struct {
	EndpointID contract.EndpointID `json:"endpoint_id"`
	Since      time.Time           `json:"since"`
	Until      time.Time           `json:"until"`
	Counts     []stateCount        `json:"counts"`
}

// stateCount is how often things reached a state, and how often critical ones did.
type stateCount struct {
	Thing    contract.Thing `json:"thing"`
	State    string         `json:"state"`
	Count    int            `json:"count"`
	Critical int            `json:"critical,omitempty"`
}

// countStates counts what was gathered: what is new first, then what is most.
func countStates(rows []gatheredRow) []stateCount {
	counts := map[string]*stateCount{}
	for _, row := range rows {
		thing, state := thingOf(row.Type)
		c := counts[row.Type]
		if c == nil {
			c = &stateCount{Thing: thing, State: state}
			counts[row.Type] = c
		}
		c.Count++
		if row.Urgency == string(contract.Critical) {
			c.Critical++
		}
	}
	list := make([]stateCount, 0, len(counts))
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b stateCount) int {
		if isNew := a.State == submitted; isNew != (b.State == submitted) {
			return map[bool]int{true: -1, false: 1}[isNew]
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Thing, b.Thing), cmp.Compare(a.State, b.State))
	})
	return list
}
