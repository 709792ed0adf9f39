package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/templates"
)

// act does what a form asks for and then sends the reader on; what is refused
// shows the page again with everything that was typed. do returns the name of
// the form with its outcome.
func (c console) act(
	w http.ResponseWriter, r *http.Request, next string,
	again func(http.ResponseWriter, *http.Request, *refusal) error,
	do func(context.Context, url.Values) (string, error),
) error {
	if err := r.ParseForm(); err != nil {
		return malformed(err)
	}
	name, err := do(r.Context(), r.PostForm)
	if err != nil {
		return c.refuse(w, r, &refusal{err, r.PostForm, name}, again)
	}
	return done(w, r, next)
}

// refuse shows a page again after an act that the reader can mend or repeat.
// What the reader may not do, or not see, has a page of its own.
func (c console) refuse(
	w http.ResponseWriter, r *http.Request, f *refusal, again func(http.ResponseWriter, *http.Request, *refusal) error,
) error {
	switch fault.KindOf(f.err) {
	case fault.Invalid, fault.Conflict, fault.Unavailable:
		return again(w, r, f)
	default:
		return f.err
	}
}

// noteID is the new note's id: of the form that was refused, so that sending it
// again makes one note.
func noteID(f *refusal) string {
	if f != nil && f.name == templates.FormNote {
		return f.form.Get("note_id")
	}
	return contract.NewID[string]()
}

func noteFrom(subject string, form url.Values) contract.AddNote {
	return contract.AddNote{ID: contract.NoteID(form.Get("note_id")), SubjectID: subject, Text: strings.TrimSpace(form.Get("text"))}
}
