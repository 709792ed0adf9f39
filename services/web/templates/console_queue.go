package templates

import (
	"slices"
	"strconv"
	"strings"

	"heli/pkg/contract"
)

// Queue is a page of the requests that wait for somebody.
type Queue struct {
	Tabs      []Tab
	Views     []SavedView
	Filters   Filters
	Columns   []string
	Rows      []contract.Request
	Next      string
	BulkMoves []string // what may be done to many at once; none when empty
	MayExport bool
}

// SavedView is a view that the reader may open.
type SavedView struct {
	ID      string
	Name    string
	Href    string
	By      string // who shares it; empty for the reader's own
	Own     bool
	Shared  bool
	First   bool // opened first
	Current bool
}

// Filters are what a list is narrowed by, as it stands in the address.
type Filters struct {
	// Form tells several forms on one page apart, and their fields; usually empty.
	Form         string
	Tab          string
	Text         string
	Urgency      string
	Category     string
	Region       string
	State        string
	Level        string // of organisations
	Organisation string
	Campaign     string
	Claimed      string
	Age          string
	Source       string
	Language     string
	Categories   []Option
	Regions      []Option
	States       []Option
	Urgencies    []Option
	Levels       []Option
	Campaigns    []Option
	Claims       []Option
	Ages         []Option
	Languages    []Option
}

// Any reports whether anything is filtered.
func (f Filters) Any() bool {
	return f.Text+f.Urgency+f.Category+f.Region+f.State+f.Level+f.rare() != ""
}

// Narrowed reports whether more than the place is filtered.
func (f Filters) Narrowed() bool { return f.Text+f.Urgency+f.Category+f.State+f.Level+f.rare() != "" }

func (f Filters) id(name string) string { return either(f.Form, "filter") + "-" + name }

// rare are the filters that are not always in sight.
func (f Filters) rare() string {
	return f.Organisation + f.Campaign + f.Claimed + f.Age + f.Source + f.Language
}

// QueueColumns are the columns of the queue that can be chosen, beside the
// request itself, in their order.
func QueueColumns() []string {
	return []string{"urgency", "needs", "place", "waiting", columnWaits, "state", "owner", "claimed", "campaign", "source", "languages"}
}

// columnWaits says for which helpers a request waits, and since when.
const columnWaits = "waits"

// UsualColumns are those that a tab shows unless others are chosen: where for whom a
// request waits is what it is about, that in place of the state.
func UsualColumns(tab string) []string {
	if tab == contract.QueueAwaiting || tab == contract.QueueStuck {
		return []string{"urgency", "needs", "place", "waiting", columnWaits, "owner", "claimed"}
	}
	return []string{"urgency", "needs", "place", "waiting", "state", "owner", "claimed"}
}

// columnLabel names a column; empty is the request itself.
func columnLabel(d Desk, name string) string {
	switch name {
	case "":
		return d.T("thing.request")
	case columnWaits, "claimed", "campaign", "source", "languages":
		return d.T("queue.column." + name)
	default:
		return d.T("console.column." + name)
	}
}

// shownColumns are the columns with the request itself behind the urgency.
func shownColumns(columns []string) []string {
	at := 0
	if len(columns) > 0 && columns[0] == "urgency" {
		at = 1
	}
	return slices.Insert(slices.Clone(columns), at, "")
}

func queueColumns(d Desk, q Queue) []Column {
	var head []Column
	if len(q.BulkMoves) > 0 {
		head = append(head, Column{Label: d.T("queue.pick")})
	}
	for _, name := range shownColumns(q.Columns) {
		head = append(head, Column{Label: columnLabel(d, name)})
	}
	return head
}

// QueueHead is the first row of an exported queue: the code, and what the page
// shows.
func QueueHead(d Desk, columns []string) []string {
	head := []string{d.T("queue.column.code")}
	for _, name := range shownColumns(columns) {
		head = append(head, columnLabel(d, name))
	}
	return head
}

// QueueCells is a row of an exported queue: the code, and what the page shows.
func QueueCells(d Desk, request contract.Request, columns []string) []string {
	cells := []string{request.Code}
	for _, name := range shownColumns(columns) {
		cells = append(cells, cellText(d, request, name))
	}
	return cells
}

func cellText(d Desk, request contract.Request, column string) string {
	switch column {
	case "":
		return either(request.Title, d.T("console.erased"))
	case "urgency":
		return d.Urgency(request.Urgency)
	case "needs":
		var lines []string
		for _, line := range request.NeedLines {
			lines = append(lines, strings.TrimSpace(lineName(d, line.Category, line.Item, "")+" "+d.Quantity(line.Quantity, line.Unit)))
		}
		return d.List(lines)
	case "place":
		return d.Region(request.RegionCode)
	case "waiting":
		return d.DateTime(request.CreatedAt)
	case columnWaits:
		var waits []string
		for _, w := range request.Waits {
			waits = append(waits, strings.TrimSpace(waitOwner(d, w)+" "+d.T("queue.waits."+w.Queue, "time", d.DateTime(w.Since))))
		}
		return d.List(waits)
	case "state":
		return d.State(contract.ThingRequest, request.State)
	case "owner":
		return d.NameOf(request.Organisation)
	case "claimed":
		return request.ClaimedBy
	case "campaign":
		return request.Campaign
	case "source":
		return request.Source
	case "languages":
		return joined(d, request.Languages, d.Tongue)
	default:
		return ""
	}
}

// shownLines is how many need lines a row of the queue shows.
const shownLines = 2

func firstLines(lines []contract.NeedLineView) []contract.NeedLineView {
	return lines[:min(len(lines), shownLines)]
}

// shownWaits is how many waits a row of the queue shows.
const shownWaits = 2

func firstWaits(waits []contract.Wait) []contract.Wait {
	return waits[:min(len(waits), shownWaits)]
}

// waitOwner is what the organisation is called of whose offer an answer or a start
// is awaited; empty while that is not known.
func waitOwner(d Desk, w contract.Wait) string {
	if w.Organisation == "" {
		return ""
	}
	return d.NameOf(w.Organisation)
}

func columnOptions(d Desk) []Option {
	var options []Option
	for _, name := range QueueColumns() {
		options = append(options, Option{Value: name, Label: columnLabel(d, name)})
	}
	return options
}

func moveOptions(d Desk, moves []string) []Option {
	var options []Option
	for _, name := range moves {
		options = append(options, Option{Value: name, Label: d.Move(contract.ThingRequest, name)})
	}
	return options
}

// Bulk is an act on many requests: what would happen, or what has.
type Bulk struct {
	ID     string
	Move   string
	Asked  Move // what the move asks for
	Reason string
	To     string
	Back   string // address of the queue
	Query  string // of that address
	// Asks says that something must be given before it can be tried.
	Asks bool
	Done bool
	Rows []BulkRow
	// Undo is the move that takes it back, for the requests of which it does.
	Undo     string
	Undoable []string
}

// kind is that of the button that does it, the only one of its page.
func (b Bulk) kind() ButtonKind {
	if b.Asked.Danger {
		return ButtonDanger
	}
	return ButtonPrimary
}

// BulkRow is one of the requests.
type BulkRow struct {
	ID, Code, Title string
	From, To        string // shown states
	Stage           string
	Version         int64
	Problem         error
}

func (b Bulk) moving() (rows []BulkRow) {
	for _, row := range b.Rows {
		if row.Problem == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

func (b Bulk) refusing() (rows []BulkRow) {
	for _, row := range b.Rows {
		if row.Problem != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// pick is the value of a request in the form; with the version that was looked at.
func (r BulkRow) pick() string {
	if r.Version == 0 {
		return r.ID
	}
	return r.ID + "@" + strconv.FormatInt(r.Version, 10)
}

// PaletteGroup are things of one kind that the palette leads to.
type PaletteGroup struct {
	Label string
	Items []NavItem
}
