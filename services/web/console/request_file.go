package console

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-chi/chi/v5"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/services/web/site"
	"heli/services/web/templates"
)

// formMemory is how much of an upload is held in memory: all of it, since what is
// not must not lie on a disk in clear.
const formMemory = contract.MaxAttachmentBytes + 64<<10

// attachFile stores the file of a form beside a request.
func (c console) attachFile(w http.ResponseWriter, r *http.Request) error {
	id := contract.RequestID(chi.URLParam(r, "id"))
	q, err := attachmentFrom(r, id)
	if err == nil {
		_, err = bus.Call(r.Context(), c.Bus, contract.RequestAttach, q)
	}
	if err != nil {
		return c.refuse(w, r, &refusal{err, url.Values{"attachment_id": {string(q.ID)}}, templates.FormAttach}, c.refuseRequest)
	}
	site.TouchRequest(r.Context(), c.Bus, id)
	return done(w, r, requestPath(id))
}

func attachmentFrom(r *http.Request, id contract.RequestID) (contract.AddAttachment, error) {
	q := contract.AddAttachment{RequestID: id}
	if err := r.ParseMultipartForm(formMemory); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return q, fault.NewInvalid(fault.Field{Location: "file", Code: "file_size"})
		}
		return q, malformed(err)
	}
	q.ID = contract.AttachmentID(r.PostForm.Get("attachment_id"))
	file, header, err := r.FormFile("file")
	if err != nil {
		return q, fault.NewInvalid(fault.Field{Location: "file", Code: check.Required})
	}
	defer file.Close() //nolint:errcheck // it is in memory
	q.Name = header.Filename
	if q.Content, err = io.ReadAll(io.LimitReader(file, contract.MaxAttachmentBytes+1)); err != nil {
		return q, malformed(err)
	}
	return q, nil
}

// showFile sends an attachment to be kept, never to be shown in our place: what is
// in it was written by others.
func (c console) showFile(w http.ResponseWriter, r *http.Request) error {
	file, err := bus.Call(r.Context(), c.Bus, contract.RequestAttachment, contract.AttachmentByID{
		ID: contract.AttachmentID(chi.URLParam(r, "attachment")), RequestID: contract.RequestID(chi.URLParam(r, "id")),
	})
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", file.MediaType)
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	header.Set("Content-Length", strconv.Itoa(len(file.Content)))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(file.Content) // the reader has gone away; nobody is left to tell
	return nil
}

func (c console) removeFile(w http.ResponseWriter, r *http.Request) error {
	id := contract.RequestID(chi.URLParam(r, "id"))
	_, err := bus.Call(r.Context(), c.Bus, contract.RequestDetach, contract.AttachmentByID{
		ID: contract.AttachmentID(chi.URLParam(r, "attachment")), RequestID: id,
	})
	if err != nil {
		return c.refuse(w, r, &refusal{err, url.Values{}, templates.FormAttach}, c.refuseRequest)
	}
	site.TouchRequest(r.Context(), c.Bus, id)
	return done(w, r, requestPath(id))
}

func (c console) attachCard(d templates.Desk, request contract.Request, may bool, f *refusal) templates.AttachCard {
	a := templates.AttachCard{
		May: may && request.ErasedAt == nil, Action: requestPath(request.ID) + "/attachments", Files: request.Attachments,
		ID: contract.NewID[string](),
	}
	if f != nil && f.name == templates.FormAttach {
		a.Error = templates.ErrorsOf(d.Page, f.err).At("file")
		if id := f.form.Get("attachment_id"); contract.ValidID(id) {
			a.ID = id
		}
	}
	return a
}
