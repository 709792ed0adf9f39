package templates

import (
	"slices"
	"strconv"
	"strings"

	"heli/pkg/contract"
)

// Names of the forms on the page of a request.
const (
	FormEdit   = "edit"
	FormAttach = "attach"
)

// Parts of the page of a request beside those of other pages.
const (
	PartPresent = "present"
	PartMap     = "map"
)

// EditCard is the form that changes what is asked for.
type EditCard struct {
	May    bool
	Open   bool // unfolded
	Action string
	// Was is what the editor saw, as JSON: the service compares with it.
	Was                          string
	Title, Description, NeededBy string
	Urgency                      string
	Lines                        []EditLine
	Added                        EditLine
	AddedCategory, AddedUnit     string
	Urgencies, Categories        []Option
	Errors                       Errors
	Clashes                      []Clash
}

// EditLine is a need line in the form.
type EditLine struct {
	ID, Name                string
	Specification, Quantity string
	Unit                    contract.Unit
	Removable, Removed      bool // Removed: ticked
}

// Clash is a field that somebody else has changed to something else meanwhile.
type Clash struct {
	Label, Theirs, Yours string
}

// parts cuts two texts into what both begin with, what differs, and what both end
// with.
func (c Clash) parts() (before, theirs, yours, after string) {
	a, b := []rune(c.Theirs), []rune(c.Yours)
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return string(a[:start]), string(a[start : len(a)-end]), string(b[start : len(b)-end]), string(a[len(a)-end:])
}

func (c Clash) before() string { before, _, _, _ := c.parts(); return before }
func (c Clash) theirs() string { _, theirs, _, _ := c.parts(); return theirs }
func (c Clash) yours() string  { _, _, yours, _ := c.parts(); return yours }
func (c Clash) after() string  { _, _, _, after := c.parts(); return after }

// AttachCard lists the files beside a request, with the form for another.
type AttachCard struct {
	May    bool
	Action string
	ID     string // the new file's, so that sending it twice stores it once
	Files  []contract.Attachment
	Error  string
}

func sizeOf(d Desk, bytes int) string {
	const kilo = 1024
	return d.T("desk.file.size", "kb", d.Number(int64((bytes+kilo-1)/kilo)))
}

// NearbyMap is a request with its candidates, drawn from coordinates.
type NearbyMap struct {
	Places []MapPlace // the request first
	Marks  []MapMark
	Rings  []MapRing
}

// MapMark stands for the places at one spot of the drawing.
type MapMark struct {
	Label  string
	X, Y   float64
	Exact  bool
	Itself bool
}

// width is that of the mark, which grows with what stands in it.
func (m MapMark) width() float64 {
	const letter, most = 9, 12
	return 20 + letter*float64(min(len([]rune(m.Label)), most))
}

// text is the label, cut where it is too long for the drawing.
func (m MapMark) text() string {
	const most = 12
	if runes := []rune(m.Label); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return m.Label
}

// MapPlace is one place on the map.
type MapPlace struct {
	Label    string // what stands on the map and in the table
	Name     string
	Href     string
	Distance string
	Exact    bool // else the middle of its region
	Region   string
	Itself   bool // the request
}

// MapRing is a circle of equal distance from the request.
type MapRing struct {
	Radius float64
	Label  string
}

// Sides of the drawing.
const (
	MapWidth  = 640
	MapHeight = 400
)

func drawn(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func precision(d Desk, p MapPlace) string {
	if p.Exact {
		return d.T("desk.map.exact")
	}
	return d.T("desk.map.region", "region", p.Region)
}

// AlikeView is the page of the requests that may ask for the same.
type AlikeView struct {
	Request contract.Request
	Alike   []contract.Alike
	Action  string
	// Chosen is the one shown beside the request; nil for none.
	Chosen *contract.Alike
	// Merged are the lines of the request and all linked to it, by what is asked for.
	Merged []MergedLine
	// Timeline is what happened to all of them.
	Timeline  []Step
	Urgencies []Option // more urgent than the request is
}

// MergedLine is what several requests ask for of one thing.
type MergedLine struct {
	Name     string
	Unit     contract.Unit
	Quantity *int64 // nil where one does not state it
	Matched  int64
	Codes    []string
}

// Compared is one row of two requests side by side.
type Compared struct {
	Name, One, Other string
}

// comparison lists facts of both requests; those that are empty on both sides are
// left out.
func comparison(d Desk, one, other contract.Request) []Compared {
	of := func(r contract.Request) []Fact {
		return append([]Fact{
			{d.T("label.title"), r.Title},
			{d.T("label.description"), r.Description},
			{d.T("console.column.state"), d.State(contract.ThingRequest, r.State)},
			{d.T("console.column.urgency"), d.Urgency(r.Urgency)},
			{d.T("console.needs"), linesOf(d, r.NeedLines)},
			{d.T("console.contact.name"), r.Contact.Name},
			{d.T("console.contact.phone"), r.Contact.Phone},
			{d.T("desk.asked_at"), d.DateTime(r.CreatedAt)},
		}, requestFacts(d, r)...)
	}
	var rows []Compared
	others := of(other)
	for i, fact := range of(one) {
		if fact.Value != "" || others[i].Value != "" {
			rows = append(rows, Compared{fact.Name, fact.Value, others[i].Value})
		}
	}
	return rows
}

func linesOf(d Desk, lines []contract.NeedLineView) string {
	names := make([]string, len(lines))
	for i, l := range lines {
		names[i] = strings.TrimSpace(lineName(d, l.Category, l.Item, l.Specification) + " " + d.Quantity(l.Quantity, l.Unit))
	}
	return d.List(names)
}

// LineName names what a line is about: its item, else its category.
func LineName(d Desk, category, item string) string { return lineName(d, category, item, "") }

// TimelineOf is all that happened to a request, newest first: its own moves,
// those of its matches, notes, and who read the contact.
func TimelineOf(d Desk, r contract.Request, matches []contract.Match, readings []contract.Reading) []Step {
	steps := stepsOf(d, contract.ThingRequest, r.History)
	for _, m := range matches {
		for _, step := range stepsOf(d, contract.ThingMatch, m.History) {
			step.Title = d.T("desk.timeline.match", "code", m.Code, "move", step.Title)
			steps = append(steps, step)
		}
	}
	for _, note := range r.Notes {
		steps = append(steps, Step{At: note.At, Title: d.T("desk.timeline.note"), By: note.AuthorName, Text: note.Text})
	}
	for _, reading := range readings {
		steps = append(steps, Step{
			At: reading.At, Title: d.T("desk.timeline.reading"), Text: reading.Reason, Tone: ToneWarning,
			By: byWhom(d, contract.HistoryEntry{ActorName: reading.ActorName, Role: reading.Role}),
		})
	}
	return NewestFirst(steps)
}

// NewestFirst orders the entries of a timeline.
func NewestFirst(steps []Step) []Step {
	slices.SortStableFunc(steps, func(a, b Step) int { return b.At.Compare(a.At) })
	return steps
}

// CallForm is the form that is filled in during a call.
type CallForm struct {
	Values map[string][]string
	Errors Errors
	// Failure says why the form could not be taken although it is right.
	Failure             string
	Lines               int
	Categories, Regions []Option
	Urgencies           []Option
	Caller              *Caller
	// Returned says that the form holds what was just sent.
	Returned           bool
	MayOpen, MayVerify bool
}

// Caller is what was found by the phone.
type Caller struct {
	Requests []contract.Request
	Error    string
}

func (f CallForm) value(name string) string {
	if values := f.Values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// in returns the field of a name.
func (f CallForm) in(d Desk, name, label string) Input {
	return Input{
		Name: name, Label: d.T(label), Value: f.value(name), Values: f.Values[name], Error: f.Errors.At(name),
	}
}

func (f CallForm) numbers() []int {
	numbers := make([]int, max(f.Lines, 1))
	for n := range numbers {
		numbers[n] = n
	}
	return numbers
}

// CallLines is how many needs the form takes.
const CallLines = 8

// scriptSteps are what is read out during a call, in order.
func scriptSteps() []string {
	return []string{"greet", "danger", "callback", "what", "where", "when", "safe", "consent", "code"}
}
