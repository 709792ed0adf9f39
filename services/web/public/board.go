package public

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/services/web/templates"
)

// boardPath is where the public board is.
const boardPath = "/board"

// How many entries a page of the board, a feed and an embedded page show.
const (
	boardPage  = 20
	feedLength = 50
	embedded   = 10
)

// boardFilter is what the address of the board asks for.
type boardFilter struct {
	kind string // "request", "offer" or both
	ask  contract.AskBoard
}

// boardFilterOf reads a filter from an address. What is no value of a filter
// matches nothing there is, and is Invalid.
func boardFilterOf(query url.Values, limit int) (boardFilter, error) {
	f := boardFilter{kind: query.Get("kind"), ask: contract.AskBoard{Limit: limit, RegionCode: query.Get("region")}}
	if !slices.Contains([]string{"", string(contract.ThingRequest), string(contract.ThingOffer)}, f.kind) {
		return f, fault.NewInvalid(fault.Field{Location: "kind", Code: "unknown"})
	}
	if category := query.Get("category"); category != "" {
		f.ask.Categories = []string{category}
	}
	if urgency := query.Get("urgency"); urgency != "" {
		f.ask.Urgencies = []contract.Urgency{contract.Urgency(urgency)}
	}
	var before contract.BoardPlace
	more, err := cursor.Decode(query.Get("cursor"), &before)
	if more {
		f.ask.Before = &before
	}
	return f, err
}

// boards are the owners of what is on the board, by thing.
var boards = []struct {
	thing contract.Thing
	board contract.Endpoint[contract.AskBoard, contract.Listing[contract.Published]]
}{
	{contract.ThingRequest, contract.RequestBoard}, {contract.ThingOffer, contract.OfferBoard},
}

// published returns what is on the board and fits, the newest first, and the
// cursor of the next page. Both owners keep the same order, so their pages are
// merged and cut.
func (p pages) published(ctx context.Context, f boardFilter) ([]contract.Published, string, error) {
	var all []contract.Published
	full := false
	for _, owner := range boards {
		// Only needs are urgent.
		if f.kind != "" && f.kind != string(owner.thing) || owner.thing == contract.ThingOffer && len(f.ask.Urgencies) > 0 {
			continue
		}
		listing, err := bus.Call(ctx, p.Bus, owner.board, f.ask)
		if err != nil {
			return nil, "", err
		}
		full = full || len(listing.Items) == f.ask.Limit
		all = append(all, listing.Items...)
	}
	slices.SortFunc(all, newestFirst)
	cut := len(all) > f.ask.Limit
	all = all[:min(len(all), f.ask.Limit)]
	if !cut && !full || len(all) == 0 {
		return all, "", nil
	}
	last := all[len(all)-1]
	return all, cursor.Encode(contract.BoardPlace{At: last.At, ID: last.ID}), nil
}

// newestFirst is the order of the board: by time, then by id, both descending.
func newestFirst(a, b contract.Published) int {
	if byTime := b.At.Compare(a.At); byTime != 0 {
		return byTime
	}
	if a.ID > b.ID {
		return -1
	}
	return 1
}

// board shows what is published, with filters.
func (p pages) board(w http.ResponseWriter, r *http.Request) error {
	r = publicly(r)
	f, err := boardFilterOf(r.URL.Query(), boardPage)
	if err != nil {
		return err
	}
	found, next, err := p.published(r.Context(), f)
	if err != nil {
		return err
	}
	page, ref := p.Pages.Of(r), p.snapshot()
	shown := templates.Board{
		Filter: p.boardFields(page, ref, f), Entries: p.boardEntries(page, ref, found), Next: next,
		Atom: feedAddress(r, "/board.atom"), JSON: feedAddress(r, "/board.json"),
		Embed: p.PublicURL + feedAddress(r, "/board/embed", "lang"), // the line names its language
	}
	p.Pages.RenderCached(w, r, templates.BoardPage(page, shown))
	return nil
}

// boardEntry shows one entry of the board.
func (p pages) boardEntry(w http.ResponseWriter, r *http.Request) error {
	r = publicly(r)
	entry, err := p.publishedAs(r.Context(), chi.URLParam(r, "code"))
	if err != nil {
		return err
	}
	page := p.Pages.Of(r)
	p.Pages.RenderCached(w, r, templates.BoardEntryPage(page, p.boardEntryOf(page, p.snapshot(), entry)))
	return nil
}

// publishedAs returns what is on the board under a code.
func (p pages) publishedAs(ctx context.Context, code string) (contract.Published, error) {
	for _, owner := range boards {
		listing, err := bus.Call(ctx, p.Bus, owner.board, contract.AskBoard{Code: code, Limit: 1})
		if err != nil {
			return contract.Published{}, err
		}
		if len(listing.Items) > 0 {
			return listing.Items[0], nil
		}
	}
	return contract.Published{}, fault.NewNotFound("publication")
}

// boardEmbed shows the newest entries in the frame of another site: it runs no
// script and gives no cookie, so that a reader of that site is followed by nobody.
func (p pages) boardEmbed(w http.ResponseWriter, r *http.Request) error {
	r = publicly(r)
	f, err := boardFilterOf(r.URL.Query(), embedded)
	if err != nil {
		return err
	}
	found, _, err := p.published(r.Context(), f)
	if err != nil {
		return err
	}
	page := p.Pages.Of(r)
	w.Header().Del("Set-Cookie") // a language asked for is not remembered here
	p.Pages.Embeddable(w)
	p.Pages.RenderCached(w, r, templates.BoardEmbed(page, p.PublicURL, p.boardEntries(page, p.snapshot(), found)))
	return nil
}

// boardFields are the filters of the board with what was chosen.
func (p pages) boardFields(page *templates.Page, ref *reference.Snapshot, f boardFilter) templates.BoardFilter {
	chosen := templates.BoardFilter{Kind: f.kind, Region: f.ask.RegionCode}
	if len(f.ask.Categories) > 0 {
		chosen.Category = f.ask.Categories[0]
	}
	if len(f.ask.Urgencies) > 0 {
		chosen.Urgency = string(f.ask.Urgencies[0])
	}
	if ref == nil {
		return chosen
	}
	chosen.Categories = categoryOptions(page, ref)
	for _, region := range ref.Regions() {
		if region.Level == "province" || region.Code == chosen.Region {
			chosen.Regions = append(chosen.Regions, templates.Option{Value: region.Code, Label: regionName(page, ref, region.Code)})
		}
	}
	return chosen
}

func (p pages) boardEntries(page *templates.Page, ref *reference.Snapshot, found []contract.Published) []templates.BoardEntry {
	entries := make([]templates.BoardEntry, len(found))
	for n, entry := range found {
		entries[n] = p.boardEntryOf(page, ref, entry)
	}
	return entries
}

func (p pages) boardEntryOf(page *templates.Page, ref *reference.Snapshot, e contract.Published) templates.BoardEntry {
	shown := templates.BoardEntry{
		Thing: e.Thing, Code: e.Code, Title: e.Title, Summary: e.Summary, Urgency: e.Urgency, At: e.At,
		Place: placeName(page, ref, e.RegionCode), Mode: page.Mode(e.Mode), Address: p.PublicURL + boardPath + "/" + e.Code,
	}
	for _, l := range e.Lines {
		amount := page.Quantity(l.Quantity, l.Unit)
		if l.Few {
			amount = page.T("board.few")
		}
		shown.Lines = append(shown.Lines, lineName(page, ref, l.Category, amount))
	}
	if e.Point != nil {
		shown.Point = page.T("board.point", "lat", e.Point.Lat, "lon", e.Point.Lon)
	}
	return shown
}

// answerBoard fills a form that answers an entry of the board: what it is about,
// where, and in which way. Without the entry the form stays empty.
func (p pages) answerBoard(r *http.Request, s *sheet, page *templates.Page, categoryField string) {
	code := r.URL.Query().Get("for")
	if code == "" || s.ref == nil {
		return
	}
	r = publicly(r)
	entry, err := p.publishedAs(r.Context(), code)
	if err != nil {
		return
	}
	s.values.Set("description", page.T("board.for", "code", entry.Code, "title", entry.Title))
	s.values.Set("mode", string(entry.Mode))
	s.values.Set("place", entry.RegionCode)
	if len(entry.Lines) > 0 {
		s.values.Set(categoryField, entry.Lines[0].Category)
	}
}
