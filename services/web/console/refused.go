package console

import (
	"net/http"
	"net/url"
	"strings"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// staleVersion is the conflict of somebody who looked at an older version.
const staleVersion = "stale_version"

// refusal is an act that could not be done, with what was typed for it.
type refusal struct {
	err  error
	form url.Values
	name string // of the form
}

// kept returns what was typed, with what is wrong with it.
func (f *refusal) kept(p *templates.Page) templates.Kept {
	if f == nil {
		return templates.Kept{}
	}
	kept := keptFrom(f.name, f.form)
	kept.Errors = templates.ErrorsOf(p, f.err)
	return kept
}

// keptText is kept for a form whose text field is not called reason.
func (f *refusal) keptText(p *templates.Page) templates.Kept {
	kept := f.kept(p)
	if kept.Form == templates.FormNote {
		kept.Reason = f.form.Get("text")
	}
	return kept
}

// refused says why an act could not be done. After a conflict it tells what
// happened since the reader looked; what was typed into a form that the page
// does not have any more is shown too.
func (c console) refused(
	r *http.Request, d templates.Desk, f *refusal, thing contract.Thing, history []contract.HistoryEntry, stillThere bool,
) *templates.Notice {
	if f == nil {
		return d.Notice
	}
	text, stands := c.problem(r, f.err)
	switch {
	case fault.As(f.err).Code == staleVersion:
		text = d.T("console.stale")
	case !stands:
		text = d.Fault(f.err)
	}
	n := &templates.Notice{Tone: templates.ToneError, Text: text, Fields: templates.ErrorsOf(d.Page, f.err), Thing: thing}
	if seen, ok := seenAt(f.form); ok && fault.Is(f.err, fault.Conflict) {
		n.Changed = since(history, seen)
	}
	if !stillThere {
		n.Typed = typedIn(f.form)
	}
	return n
}

// typedIn joins what people typed into a form.
func typedIn(form url.Values) string {
	var typed []string
	for _, name := range []string{"reason", "to", "quantity", "at", "text"} {
		if value := strings.TrimSpace(form.Get(name)); value != "" {
			typed = append(typed, value)
		}
	}
	return strings.Join(typed, " · ")
}

// hasMove reports whether a page still shows a move.
func hasMove(set templates.MoveSet, name string) bool {
	for _, move := range set.Moves {
		if move.Name == name {
			return true
		}
	}
	return false
}
