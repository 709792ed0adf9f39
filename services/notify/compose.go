package notify

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/locale"
	"heli/pkg/seal"
)

//go:embed mail.html
var mailPage string

// content is a message in the words of its reader. It holds a code and links, and
// nothing of what anybody needs or is called.
type content struct {
	Lang        locale.Language
	Subject     string
	Lead        string
	Lines       []pointer // of a summary
	Button      string    // empty: the lines lead further
	Link        string
	Code        string // with its label
	Why         string
	Stop        string // label of the link Unsubscribe
	Unsubscribe string
	Stops       []pointer // the same for each offer, where there are several
	Short       string    // for an SMS
}

// composer writes messages from the catalogues.
type composer struct {
	texts     *locale.Catalogue
	page      *template.Template
	keys      *seal.Keys
	publicURL string
}

func newComposer(keys *seal.Keys, publicURL string) (*composer, error) {
	texts, err := locale.New()
	if err != nil {
		return nil, fmt.Errorf("read catalogues: %w", err)
	}
	page, err := template.New("mail").Parse(mailPage)
	if err != nil {
		return nil, fmt.Errorf("read mail template: %w", err)
	}
	return &composer{texts: texts, page: page, keys: keys, publicURL: strings.TrimSuffix(publicURL, "/")}, nil
}

// compose writes what a person is told: one thing, or several in a summary, which leads
// to the page where all of them stand. A summary of several offers has a line and a way
// out for each, and no page of its own.
func (c *composer) compose(told []saying, now time.Time) content {
	r, t, person := told[0].rule, told[0].task, told[0].person
	if len(told) > 1 {
		r = rule{page: pageTrack}
	}
	lang := c.texts.Choose(person.Language, strings.Join(person.Languages, ","))
	p := c.texts.Printer(lang, time.UTC, now)
	m := content{
		Lang: lang, Link: c.link(r, t, person, told[0].generation), Code: p.T("message.code", "code", person.Code),
		Why: p.T("message.why"), Stop: p.T("message.stop"), Unsubscribe: c.unsubscribe(t.SubjectID),
	}
	kind, args := r.kind, []any{"code", person.Code, "link", m.Link}
	switch {
	case person.Discreet:
		kind = "discreet"
	case len(told) > 1:
		kind, args = "today", append(args, "count", len(told))
		m.Lines, m.Stops = c.lines(p, told)
	}
	m.Button, m.Short = p.T("message.open."+r.opens()), p.T("message."+kind+".sms", args...)
	if m.Stops != nil {
		kind, m.Button, m.Code = "today_all", "", ""
		m.Unsubscribe = c.unsubscribe(subjects(told)...)
	}
	m.Subject, m.Lead = p.T("message."+kind+".subject", args...), p.T("message."+kind+".lead")
	return m
}

// lines returns a line for each thing that a summary tells of; and where it tells of
// several offers, a way out of the messages of each.
func (c *composer) lines(p *locale.Printer, told []saying) (lines, stops []pointer) {
	codes := map[string]string{}
	for _, one := range told {
		code := one.person.Code
		codes[one.task.SubjectID] = code
		lines = append(lines, pointer{p.T("message."+one.rule.kind+".subject", "code", code), c.link(one.rule, one.task, one.person, one.generation)})
	}
	if len(codes) == 1 {
		return lines, nil
	}
	for _, id := range subjects(told) {
		stops = append(stops, pointer{p.T("message.stop_one", "code", codes[id]), c.unsubscribe(id)})
	}
	return lines, stops
}

// subjects returns the ids of what is told of, each once.
func subjects(told []saying) (ids []string) {
	for _, one := range told {
		if !slices.Contains(ids, one.task.SubjectID) {
			ids = append(ids, one.task.SubjectID)
		}
	}
	return ids
}

// maxWaysOut is for how many things one address speaks: in the head of a letter it is
// on one line of at most 998 characters (RFC 5322, 2.1.1).
const maxWaysOut = 8

// unsubscribe returns the address that ends the messages about these things.
func (c *composer) unsubscribe(ids ...string) string {
	var tokens []string
	for _, id := range ids[:min(len(ids), maxWaysOut)] {
		tokens = append(tokens, c.keys.Bearer(pageUnsubscribe, id, 0))
	}
	return c.publicURL + "/" + pageUnsubscribe + "/" + strings.Join(tokens, contract.TokensApart)
}

// link returns the page of a message: with a token that opens it, except where
// somebody else may read along. What is after # is in no log.
func (c *composer) link(r rule, t messageTask, person contract.Reach, generation int) string {
	address := c.publicURL + "/" + r.page
	switch {
	case r.page == pageAnswer && t.About != nil:
		return address + "#" + c.keys.Bearer(pageAnswer, *t.About, generation)
	case r.page == pageTrack && !person.Discreet:
		return address + "#" + c.keys.Bearer(pageTrack, t.SubjectID, person.Generation)
	default:
		return address
	}
}

// plain returns a message as the text part of a mail.
func (m content) plain() string {
	open, stop := m.Button+"\n"+m.Link, m.Stop+"\n"+m.Unsubscribe
	if m.Button == "" {
		open = ""
	}
	if m.Stops != nil {
		stop = list(m.Stops)
	}
	parts := []string{m.Lead, list(m.Lines), open, m.Code, "--\n" + m.Why + "\n" + stop}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return strings.Join(parts, "\n\n") + "\n"
}

// html returns a message as the HTML part of a mail: it loads nothing.
func (c *composer) html(m content) (string, error) {
	var page bytes.Buffer
	if err := c.page.Execute(&page, m); err != nil {
		return "", fmt.Errorf("fill mail: %w", err)
	}
	return page.String(), nil
}
