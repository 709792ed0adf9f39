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
	Button      string
	Link        string
	Code        string // with its label
	Why         string
	Stop        string // label of the link Unsubscribe
	Unsubscribe string
	Short       string // for an SMS
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

// compose writes what the person that the reach is of is told: one thing, or several in
// a summary, which leads to the page where all of them stand.
func (c *composer) compose(told []saying, person contract.Reach, now time.Time) content {
	r, t := told[0].rule, told[0].task
	if len(told) > 1 {
		r = rule{page: pageTrack}
	}
	lang := c.texts.Choose(person.Language, strings.Join(person.Languages, ","))
	p := c.texts.Printer(lang, time.UTC, now)
	m := content{
		Lang: lang, Link: c.link(r, t, person, told[0].generation), Code: p.T("message.code", "code", person.Code),
		Why: p.T("message.why"), Stop: p.T("message.stop"),
		Unsubscribe: c.publicURL + "/" + pageUnsubscribe + "/" + c.keys.Bearer(pageUnsubscribe, t.SubjectID, 0),
	}
	kind, args := r.kind, []any{"code", person.Code, "link", m.Link}
	switch {
	case person.Discreet:
		kind = "discreet"
	case len(told) > 1:
		kind, args = "today", append(args, "count", len(told))
		for _, one := range told {
			m.Lines = append(m.Lines, pointer{p.T("message."+one.rule.kind+".subject", "code", person.Code), c.link(one.rule, one.task, person, one.generation)})
		}
	}
	m.Subject, m.Lead = p.T("message."+kind+".subject", args...), p.T("message."+kind+".lead")
	m.Button, m.Short = p.T("message.open."+r.opens()), p.T("message."+kind+".sms", args...)
	return m
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
	parts := []string{m.Lead, m.list(), m.Button + "\n" + m.Link, m.Code, "--\n" + m.Why + "\n" + m.Stop + "\n" + m.Unsubscribe}
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
