package public

import (
	"net/http"
	"strings"

	"github.com/gorilla/feeds"

	"heli/services/web/templates"
)

// feedCache lets readers and proxies keep a feed for a minute.
const feedCache = "public, max-age=60"

// feedAddress is the address of a feed under what a page is asked for, without some of
// that.
func feedAddress(r *http.Request, path string, without ...string) string {
	query := r.URL.Query()
	for _, name := range append(without, "cursor") {
		query.Del(name)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// boardAtom is the board as an Atom feed (RFC 4287).
func (p pages) boardAtom(w http.ResponseWriter, r *http.Request) error {
	return p.feed(w, r, "application/atom+xml; charset=utf-8", (*feeds.Feed).ToAtom)
}

// boardJSON is the board as a JSON feed, version 1.1.
func (p pages) boardJSON(w http.ResponseWriter, r *http.Request) error {
	return p.feed(w, r, "application/feed+json; charset=utf-8", (*feeds.Feed).ToJSON)
}

func (p pages) feed(w http.ResponseWriter, r *http.Request, mediaType string, write func(*feeds.Feed) (string, error)) error {
	r = publicly(r)
	f, err := boardFilterOf(r.URL.Query(), feedLength)
	if err != nil {
		return err
	}
	found, _, err := p.published(r.Context(), f)
	if err != nil {
		return err
	}
	page := p.Pages.Of(r)
	text, err := write(p.feedOf(page, r, p.boardEntries(page, p.snapshot(), found)))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", feedCache)
	w.Header().Set("Access-Control-Allow-Origin", "*") // everybody may read it, scripts of other sites too
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Del("Set-Cookie")
	p.Pages.WriteCached(w, r, []byte(text))
	return nil
}

func (p pages) feedOf(page *templates.Page, r *http.Request, entries []templates.BoardEntry) *feeds.Feed {
	feed := &feeds.Feed{
		Title: page.T("board.title"), Description: page.T("board.lead"), Subtitle: page.T("board.lead"),
		Id: p.PublicURL + boardPath, Link: &feeds.Link{Href: p.PublicURL + feedAddress(r, boardPath)},
		Author: &feeds.Author{Name: page.T("app.name")},
	}
	for _, e := range entries {
		if feed.Updated.IsZero() {
			feed.Updated = e.At
		}
		feed.Add(&feeds.Item{
			Id: e.Address, Title: e.Heading(page), Link: &feeds.Link{Href: e.Address}, Description: e.Describe(page),
			Created: e.At, Updated: e.At, Content: strings.Join(e.Lines, "\n"),
		})
	}
	if feed.Updated.IsZero() {
		feed.Updated = p.Clock().UTC()
	}
	return feed
}
