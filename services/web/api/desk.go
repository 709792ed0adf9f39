package api

import (
	"context"
	"net/http"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// addDesk adds what staff do beside a request or an offer.
func (a *api) addDesk() {
	route := func(method, path, id, summary string) operation {
		return operation{method: method, path: "/requests/{id}" + path, id: id, tag: tagRequests, summary: summary}
	}
	note := route(http.MethodPost, "/notes", "note_request", "Write a note for colleagues")
	note.status = http.StatusNoContent
	add(a, note, a.noteTo(contract.RequestNote))
	add(a, operation{
		method: http.MethodPost, path: "/offers/{id}/notes", id: "note_offer", tag: tagOffers, summary: "Write a note for colleagues", status: http.StatusNoContent,
	}, a.noteTo(contract.OfferNote))
	edit := route(http.MethodPost, "/edit", "edit_request", "Change fields and need lines, as staff")
	edit.description = "Only what differs between was and now is changed; what somebody else has changed meanwhile is a conflict. " +
		"Added lines bear ids of yours, so that a repeat is harmless; removed ones must be held by no match."
	add(a, edit, a.editRequest)
	add(a, route(http.MethodGet, "/alike", "alike_requests", "List requests that may ask for the same"), a.alike)
	add(a, route(http.MethodPost, "/link", "link_requests", "Link a request with its duplicate"), a.link(true))
	add(a, route(http.MethodPost, "/unlink", "unlink_requests", "Take a link back"), a.link(false))
	read := route(http.MethodGet, "/attachments/{attachment}", "get_attachment", "Read an attachment, its content in base64")
	add(a, read, a.attachment)
}

// NoteInput is a note for colleagues.
type NoteInput struct {
	ID       contract.NoteID     `json:"id,omitempty" doc:"An id of yours (UUID), so that a repeat is one note"`
	Text     string              `json:"text" minLength:"1" maxLength:"4000"`
	Mentions []contract.PersonID `json:"mentions,omitempty" maxItems:"20" doc:"Colleagues who are to see it"`
}

type noteInput struct {
	IDInput
	Body NoteInput
}

func (a *api) noteTo(e contract.Endpoint[contract.AddNote, contract.Empty]) func(context.Context, *noteInput) (*struct{}, error) {
	return func(ctx context.Context, in *noteInput) (*struct{}, error) {
		if in.Body.ID == "" {
			in.Body.ID = contract.NewID[contract.NoteID]()
		}
		_, err := bus.Call(ctx, a.Bus, e, contract.AddNote{ID: in.Body.ID, SubjectID: in.ID, Text: in.Body.Text, Mentions: in.Body.Mentions})
		return nil, err
	}
}

// EditInput is what an editor saw and what it shall be.
type EditInput struct {
	Was     contract.RequestFields `json:"was" doc:"As it was read; lines that are removed left out"`
	Now     contract.RequestFields `json:"now"`
	Added   []contract.NeedLine    `json:"added,omitempty" maxItems:"20"`
	Removed []contract.NeedLineID  `json:"removed,omitempty" maxItems:"200"`
}

type editInput struct {
	IDInput
	Body EditInput
}

func (a *api) editRequest(ctx context.Context, in *editInput) (*answer[contract.Moved], error) {
	moved, err := bus.Call(ctx, a.Bus, contract.RequestEdit, contract.EditRequest{
		ID: contract.RequestID(in.ID), Was: in.Body.Was, Now: in.Body.Now, Added: in.Body.Added, Removed: in.Body.Removed,
	})
	return &answer[contract.Moved]{moved}, err
}

func (a *api) alike(ctx context.Context, in *IDInput) (*answer[List[contract.Alike]], error) {
	listing, err := bus.Call(ctx, a.Bus, contract.RequestAlike, contract.GetByID{ID: in.ID})
	return listOf(listing), err
}

// DuplicateInput names the other request.
type DuplicateInput struct {
	OtherID contract.RequestID `json:"other_id"`
	Urgency contract.Urgency   `json:"urgency,omitempty" doc:"Of the first, more urgent than it is; it stays when left out"`
}

type duplicateInput struct {
	IDInput
	Body DuplicateInput
}

func (a *api) link(linked bool) func(context.Context, *duplicateInput) (*answer[contract.Moved], error) {
	return func(ctx context.Context, in *duplicateInput) (*answer[contract.Moved], error) {
		moved, err := bus.Call(ctx, a.Bus, contract.RequestLink, contract.LinkRequests{
			ID: contract.RequestID(in.ID), OtherID: in.Body.OtherID, Linked: linked, Urgency: in.Body.Urgency,
		})
		return &answer[contract.Moved]{moved}, err
	}
}

type attachmentInput struct {
	IDInput
	Attachment contract.AttachmentID `path:"attachment" maxLength:"64"`
}

func (a *api) attachment(ctx context.Context, in *attachmentInput) (*answer[contract.AttachmentContent], error) {
	file, err := bus.Call(ctx, a.Bus, contract.RequestAttachment, contract.AttachmentByID{ID: in.Attachment, RequestID: contract.RequestID(in.ID)})
	return &answer[contract.AttachmentContent]{file}, err
}
