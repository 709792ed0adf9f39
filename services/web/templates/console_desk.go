package templates

import (
	"strconv"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/services/web/explain"
)

// Desk is what every page of the console knows: the reader, the names of
// categories, regions and reasons, the frame, and what became of the last act.
type Desk struct {
	*Page
	explain.Reader
	Frame Console
	// NameOf returns what an organisation is called, by its code.
	NameOf func(code string) string
	Notice *Notice
}

// Notice says what became of an act, above the page that it was made on.
type Notice struct {
	Tone Tone
	Text string
	// Fields are what is wrong with what was typed.
	Fields Errors
	// Changed is what happened to the thing since the reader looked at it.
	Changed []contract.HistoryEntry
	// Thing is what Changed is about.
	Thing contract.Thing
	// Typed is what was typed into a form that the page does not have any more.
	Typed string
}

// Names of the parts of pages that reload themselves.
const (
	PartQueue       = "queue"
	PartRequest     = "request"
	PartSuggestions = "suggestions"
	PartHistory     = "history"
	PartOffer       = "offer"
	PartMatches     = "matches"
	PartMatch       = "match"
)

// address returns where a part of the page is loaded from.
func (d Desk) address(part string) string { return d.With("part", part) }

// Tab is one of several views of a list.
type Tab struct {
	Href    string
	Label   string
	Count   int64
	Counted bool
	Current bool
}

// Kept is what was typed into a form that could not be taken.
type Kept struct {
	// Form names the form, such as a move or a pair of lines.
	Form         string
	Reason       string
	Organisation string
	Quantity     string
	At           string
	Errors       Errors
}

// of returns what was kept for a form, nothing for the others.
func (k Kept) of(form string) Kept {
	if k.Form != form {
		return Kept{}
	}
	return k
}

// MoveSet is what can be done to a thing now.
type MoveSet struct {
	Thing   contract.Thing
	ID      string
	Action  string // where the forms are sent
	Version int64
	Seen    time.Time // when the thing last changed, as the reader sees it
	Moves   []Move
	Kept    Kept
	// Unit is what a quantity counts.
	Unit contract.Unit
}

// Move is one move of a life cycle with what it asks for.
type Move struct {
	Name         string
	Reason       bool
	Reasons      []string // codes to choose from; free text when empty
	Organisation bool
	Quantity     string // what is proposed; empty when it asks for none
	At           bool
	Danger       bool
	// OnBehalfOf is whose answer staff record by it.
	OnBehalfOf string
}

// asks reports whether a move unfolds a form: one that asks for something, or
// one that is not to be made by a slip of the hand.
func (m Move) asks() bool { return m.Reason || m.Organisation || m.Quantity != "" || m.At || m.Danger }

func (m Move) kind() ButtonKind {
	if m.Danger {
		return ButtonDanger
	}
	return ButtonPlain
}

func (s MoveSet) form(move string) string { return "move-" + s.ID + "-" + move }

func reasonOptions(d Desk, codes []string) []Option {
	options := make([]Option, 0, len(codes))
	for _, code := range codes {
		options = append(options, Option{Value: code, Label: d.Reason(code)})
	}
	return options
}

// stepsOf turns a history into a timeline, newest first.
func stepsOf(d Desk, thing contract.Thing, history []contract.HistoryEntry) []Step {
	steps := make([]Step, 0, len(history))
	for _, entry := range history {
		step := Step{At: entry.At, Title: d.Move(thing, entry.Move), By: byWhom(d, entry), Tone: stateTone(entry.To)}
		if entry.From != entry.To && entry.To != "" {
			step.Title += " → " + d.State(thing, entry.To)
		}
		if entry.Reason != "" {
			step.Text = d.Reason(entry.Reason)
		}
		if l := entry.Line; l != nil {
			step.Text += " · " + LineName(d, l.Category, l.Item) + " · " + d.Quantity(l.Quantity, l.Unit)
		}
		steps = append(steps, step)
	}
	for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
		steps[i], steps[j] = steps[j], steps[i]
	}
	return steps
}

func byWhom(d Desk, entry contract.HistoryEntry) string {
	parts := make([]string, 0, 3)
	if entry.ActorName != "" {
		parts = append(parts, entry.ActorName)
	}
	parts = append(parts, d.Role(entry.Role))
	if entry.OnBehalfOf != "" {
		parts = append(parts, d.OnBehalfOf(entry.OnBehalfOf))
	}
	return strings.Join(parts, " · ")
}

// joined names a list of codes.
func joined(d Desk, codes []string, name func(string) string) string {
	names := make([]string, 0, len(codes))
	for _, code := range codes {
		names = append(names, name(code))
	}
	return d.List(names)
}

func windowsOf(d Desk, windows []contract.Window) string {
	texts := make([]string, 0, len(windows))
	for _, w := range windows {
		texts = append(texts, d.Window(w))
	}
	return d.List(texts)
}

func pointOf(point *contract.Point) string {
	if point == nil {
		return ""
	}
	return strconv.FormatFloat(point.Lat, 'f', 4, 64) + ", " + strconv.FormatFloat(point.Lon, 'f', 4, 64)
}

func dateTimeOf(d Desk, at *time.Time) string {
	if at == nil {
		return ""
	}
	return d.DateTime(*at)
}

func yes(d Desk, is bool) string {
	if is {
		return d.T("console.yes")
	}
	return d.T("console.no")
}

// lineName names what a line is about: its item, else its category, with what
// was specified.
func lineName(d Desk, category, item, specification string) string {
	name := d.Category(category)
	if item != "" {
		name = d.Item(item)
	}
	if specification != "" {
		name += " · " + specification
	}
	return name
}
