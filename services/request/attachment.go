package request

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/seal"
	"heli/pkg/vault"
)

// Moves of history about attachments; they change no state.
const (
	moveAttach = "attach"
	moveDetach = "detach"
)

var errAttachments = fault.NewConflict("too_many_attachments", "the request has as many attachments as it may have")

// Attach stores a picture or a PDF beside a request, sealed under a key of its
// own, without what a picture tells of the place and the device it was made with.
// A repeat of its id changes nothing.
func (s *Service) Attach(ctx context.Context, q contract.AddAttachment) (contract.Attachment, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Attachment{}, err
	}
	q.Name = strings.TrimSpace(q.Name)
	if err := checkAttachment(q); err != nil {
		return contract.Attachment{}, err
	}
	if _, err := s.read(ctx, string(q.RequestID)); err != nil {
		return contract.Attachment{}, err // before the work on the file
	}
	mediaType, clean, err := s.clean(ctx, q.Content)
	if err != nil {
		return contract.Attachment{}, err
	}
	row, key := s.sealAttachment(q, mediaType, clean)
	row.At, row.AuthorID, row.AuthorName = s.now(), a.ID(), a.Name
	m := contract.Move{ID: string(q.RequestID), Move: moveAttach}
	_, err = s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		return s.attach(ctx, tx, r, newHand(a, row.At), row, key)
	})
	if err != nil {
		return contract.Attachment{}, err
	}
	return row.view(q.Name), nil
}

func checkAttachment(q contract.AddAttachment) error {
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	c.Text("name", q.Name, 1, maxTitle)
	switch {
	case len(q.Content) == 0:
		c.Add("file", check.Required)
	case len(q.Content) > contract.MaxAttachmentBytes:
		c.Add("file", "file_size")
	}
	return c.Err()
}

// clean makes one file clean at a time: a picture takes a hundred megabytes.
func (s *Service) clean(ctx context.Context, content []byte) (string, []byte, error) {
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return "", nil, fault.NewUnavailable(ctx.Err())
	}
	mediaType, clean, err := cleaned(content)
	if err == nil && len(clean) > contract.MaxAttachmentBytes {
		err = wrongFile("file_size")
	}
	return mediaType, clean, err
}

func (s *Service) attach(ctx context.Context, tx *sqlx.Tx, r *record, h hand, row attachmentRow, key seal.WrappedKey) error {
	n, err := s.store.countAttachments(ctx, tx, row.RequestID)
	if err != nil {
		return err
	}
	if n >= contract.MaxAttachments {
		return errAttachments
	}
	fresh, err := s.store.insertAttachment(ctx, tx, row)
	if err != nil || !fresh {
		return err
	}
	if err := vault.Keep(ctx, tx, string(row.ID), key); err != nil {
		return err
	}
	r.touch(h)
	r.note(h, moveAttach, r.row.State, "")
	return nil
}

// sealAttachment returns the row with its name and content sealed, and the key
// that opens them.
func (s *Service) sealAttachment(q contract.AddAttachment, mediaType string, clean []byte) (attachmentRow, seal.WrappedKey) {
	key, wrapped := s.keys.NewPersonKey(string(q.ID))
	return attachmentRow{
		ID: q.ID, RequestID: q.RequestID, MediaType: mediaType, Bytes: len(clean),
		Name: key.Seal([]byte(q.Name), attachmentPart(q.ID, "name")), Content: key.Seal(clean, attachmentPart(q.ID, "content")),
	}, wrapped
}

// attachmentPart ties a sealed part to its row and column.
func attachmentPart(id contract.AttachmentID, part string) []byte {
	return []byte("attachment " + string(id) + " " + part)
}

func (r attachmentRow) view(name string) contract.Attachment {
	return contract.Attachment{
		ID: r.ID, At: r.At.UTC(), AuthorName: r.AuthorName, Name: name, MediaType: r.MediaType, Bytes: r.Bytes,
	}
}

// attachments lists what stands beside a request, the oldest first.
func (s *Service) attachments(ctx context.Context, id contract.RequestID) ([]contract.Attachment, error) {
	rows, err := s.store.listAttachments(ctx, id)
	if err != nil {
		return nil, pg.MapContext(ctx, err)
	}
	views := make([]contract.Attachment, len(rows))
	for i, row := range rows {
		name, err := s.openPart(row, "name", row.Name)
		if err != nil {
			return nil, err
		}
		views[i] = row.view(string(name))
	}
	return views, nil
}

func (s *Service) openPart(row attachmentRow, part string, sealed []byte) ([]byte, error) {
	key, err := s.keys.OpenPersonKey(string(row.ID), row.Wrapped)
	if err != nil {
		return nil, fmt.Errorf("open key of attachment %s: %w", row.ID, err)
	}
	plain, err := key.Open(sealed, attachmentPart(row.ID, part))
	if err != nil {
		return nil, fmt.Errorf("open attachment %s: %w", row.ID, err)
	}
	return plain, nil
}

// Attachment returns an attachment in clear, to staff and to the person of the
// request.
func (s *Service) Attachment(ctx context.Context, q contract.AttachmentByID) (contract.AttachmentContent, error) {
	row, err := s.attachment(ctx, q)
	if err != nil {
		return contract.AttachmentContent{}, err
	}
	name, err := s.openPart(row, "name", row.Name)
	if err != nil {
		return contract.AttachmentContent{}, err
	}
	content, err := s.openPart(row, "content", row.Content)
	if err != nil {
		return contract.AttachmentContent{}, err
	}
	return contract.AttachmentContent{Attachment: row.view(string(name)), Content: content}, nil
}

func (s *Service) attachment(ctx context.Context, q contract.AttachmentByID) (attachmentRow, error) {
	if a := contract.ActorFrom(ctx); access.Require(a, access.ExportOwn) != nil {
		if err := access.Require(a, access.WriteNotes); err != nil {
			return attachmentRow{}, err
		}
	}
	if _, err := s.read(ctx, string(q.RequestID)); err != nil {
		return attachmentRow{}, err
	}
	if !contract.ValidID(q.ID) {
		return attachmentRow{}, errUnknown
	}
	row, err := s.store.selectAttachment(ctx, q)
	return row, pg.MapContext(ctx, missing(err))
}

// Detach deletes an attachment for good. One that is gone already is no error.
func (s *Service) Detach(ctx context.Context, q contract.AttachmentByID) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Empty{}, err
	}
	if !contract.ValidID(q.ID) {
		return contract.Empty{}, errUnknown
	}
	m := contract.Move{ID: string(q.RequestID), Move: moveDetach}
	_, err := s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		gone, err := s.store.deleteAttachment(ctx, tx, q)
		if err != nil || !gone {
			return err
		}
		h := newHand(a, s.now())
		r.touch(h)
		r.note(h, moveDetach, r.row.State, "")
		return nil
	})
	return contract.Empty{}, err
}
