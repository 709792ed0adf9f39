// Package templates owns the typed components that every page is built from:
// layouts, fields, badges, messages, tables. It never calls a service, never
// decides what a reader may see, and holds no text: all of it comes from the
// catalogues by way of the Page.
//
// One way throughout: a component takes the *Page first, since it carries the
// reader's Printer, and then one value with what it shows. No component writes
// a style attribute or a script: the Content-Security-Policy forbids both.
package templates

import (
	"net/url"
	"strings"

	"heli/pkg/locale"
	"heli/services/web/assets"
)

// Page is what a component knows of the reader and of the page being shown. Its
// Printer is embedded, so that p.T, p.DateTime and the others are at hand.
type Page struct {
	*locale.Printer
	// Path is the path of the page, without the query.
	Path string
	// Base is where readers reach the pages, without a slash at the end; empty where
	// no link of the page leaves it.
	Base string
	// WeChat says that the page is shown within WeChat, which saves no files.
	WeChat bool
	// Query is the query of the page, without the language; never a secret.
	Query url.Values
}

// NewPage returns the page data for a reader and an address.
func NewPage(printer *locale.Printer, address *url.URL) *Page {
	query := address.Query()
	query.Del("lang")
	return &Page{Printer: printer, Path: address.Path, Query: query}
}

// In returns the address of the same page in another language.
func (p *Page) In(lang locale.Language) string { return p.With("lang", string(lang)) }

// Here returns the address of the page.
func (p *Page) Here() string { return p.With("", "") }

// homeButton leads back to where the reader's work begins, beside what is better tried first.
func (p *Page) homeButton(second bool) ButtonProps {
	button := ButtonProps{Label: p.T("error.home"), Href: "/", Kind: ButtonPrimary, Icon: GlyphHome}
	if p.Path == "/console" || strings.HasPrefix(p.Path, "/console/") {
		button.Label, button.Href = p.T("error.console"), "/console"
	}
	if second {
		button.Kind = ButtonPlain
	}
	return button
}

// With returns the address of the same page with one query value replaced; an
// empty value takes it away.
func (p *Page) With(name, value string) string {
	query := url.Values{}
	for key, values := range p.Query {
		query[key] = values
	}
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
	if len(query) == 0 {
		return p.Path
	}
	return p.Path + "?" + query.Encode()
}

// Head says what a public page's frame shows.
type Head struct {
	Title string
	// Sensitive pages get the quick-exit button.
	Sensitive bool
	// Wide pages use the whole width of a desk screen, others a reading width.
	Wide bool
	// Staff pages are those by which staff sign in, with passkeys too.
	Staff bool
	// Share is what other sites and search engines show of a link to the page; nil
	// for pages that are nobody else's business.
	Share *Share
	// Atom and JSON are the addresses of feeds of the page.
	Atom, JSON string
}

// Share is what a link to a page says of it where it is passed on.
type Share struct {
	Title, Text string
	Address     string // with the host; empty for the page's own
}

// share describes the page by the texts of two keys.
func (p *Page) share(title, text string) *Share {
	return &Share{Title: p.T(title), Text: p.T(text)}
}

// Size of the pictures that go with links, in pixels (assets/src/share.mjs).
const (
	pictureWidth  = "1200"
	pictureHeight = "630"
)

// picture is the address of the picture that goes with a link, in the page's language.
func (p *Page) picture() string { return p.Base + assets.URL("share-"+string(p.Lang())+".png") }

// Console says what the console's frame shows.
type Console struct {
	Title        string
	Person       string // display name of who is signed in
	PersonID     string
	Answer       bool   // the page answers a form
	Organisation string // its name
	Nav          []NavItem
	// Live is the path of the stream that says when something changed; empty
	// for a page that does not change by itself.
	Live string
}

// waiting is how much waits behind all entries together.
func (c Console) waiting() int64 {
	var sum int64
	for _, item := range c.Nav {
		sum += item.Count
	}
	return sum
}

// NavItem is one entry of the console's navigation. Count is shown when above 0.
type NavItem struct {
	Href    string
	Label   string
	Icon    Glyph
	Count   int64
	Current bool
}
