package templates

import (
	"html"
	"net/url"
	"strings"
	"time"

	"heli/pkg/contract"
)

// Board is a page of the public board.
type Board struct {
	Filter  BoardFilter
	Entries []BoardEntry
	Next    string
	// Atom and JSON are the addresses of the same as feeds.
	Atom, JSON string
	// Embed is the address, with the host, of the same for the frame of another site.
	Embed string
}

// frame is the line of HTML that shows the board in another site, in the reader's
// language.
func (b Board) frame(p *Page) string {
	join := "?"
	if strings.Contains(b.Embed, "?") {
		join = "&"
	}
	return `<iframe src="` + html.EscapeString(b.Embed+join+"lang="+string(p.Lang())) + `" title="` + p.T("board.title") +
		`" width="100%" height="600" loading="lazy"></iframe>`
}

// BoardFilter is what of the board is shown, and the choices there are.
type BoardFilter struct {
	Kind, Category, Region, Urgency string
	Categories, Regions             []Option
}

// BoardEntry is one need or offer on the board, in the reader's language but for
// the words of the staff who published it.
type BoardEntry struct {
	Thing   contract.Thing
	Code    string
	Title   string
	Summary string
	Urgency contract.Urgency
	Lines   []string
	Place   string
	Point   string
	Mode    string
	At      time.Time
	// Address is the entry's own page, with the host.
	Address string
}

// path is the entry's own page.
func (e BoardEntry) path() string { return "/board/" + e.Code }

// answer is the form on which a reader answers the entry: an offer for a need, a
// request for an offer.
func (e BoardEntry) answer() string {
	form := "/offer"
	if e.Thing == contract.ThingOffer {
		form = "/request"
	}
	return form + "?" + url.Values{"for": {e.Code}}.Encode()
}

// Heading is the title with what it is.
func (e BoardEntry) Heading(p *Page) string {
	return p.T("board.kind."+string(e.Thing)) + " · " + e.Title
}

// Describe is the entry in one line, for feeds and for who shares it.
func (e BoardEntry) Describe(p *Page) string {
	parts := append([]string{}, e.Lines...)
	if e.Urgency != "" {
		parts = append(parts, p.Urgency(e.Urgency))
	}
	parts = append(parts, e.Place, e.Mode)
	text := strings.Join(parts, " · ")
	if e.Summary != "" {
		text = e.Summary + "\n" + text
	}
	return text
}

func boardKinds(p *Page) []Option {
	return []Option{
		{Value: string(contract.ThingRequest), Label: p.T("board.kind.request")}, {Value: string(contract.ThingOffer), Label: p.T("board.kind.offer")},
	}
}

// urgencyNames are the urgencies without their spans.
func urgencyNames(p *Page) []Option {
	var options []Option
	for _, urgency := range contract.Urgencies() {
		options = append(options, Option{Value: string(urgency), Label: p.Urgency(urgency)})
	}
	return options
}

// any makes a choice that need not be made a filter: what is not chosen matches all.
func (in Input) any(p *Page) Input {
	in.None = p.T("board.any")
	return in
}
