package request

import (
	"bytes"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// TestOwnDataIsWholeAndNobodyElses keeps files and complaints with two requests and
// asks for one's own by the token of one.
func TestOwnDataIsWholeAndNobodyElses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mine, other := b.opened(t), b.opened(t)
	staff := as(t, contract.RoleCoordinator, xian)
	stored, err := b.attach(staff, mine.ID, photo(t, 1))
	must(t, err)
	foreign, err := b.attach(staff, other.ID, photo(t, 1))
	must(t, err)
	written, about := contract.NewID[contract.ComplaintID](), contract.NewID[contract.ComplaintID]()
	for id, text := range map[contract.ComplaintID]string{written: "he did not come", about: "of staff, about the requester"} {
		_, err := b.KeepComplaint(staff, contract.KeepComplaint{ID: id, SubjectID: string(mine.ID), Text: text})
		must(t, err)
	}
	_, err = b.Note(staff, contract.AddNote{ID: contract.NewID[contract.NoteID](), SubjectID: string(mine.ID), Text: planted})
	must(t, err)
	me := asRequester(t, mine.ID)
	own, err := b.Own(me, contract.AskOwn{Complaints: []contract.ComplaintID{written}})
	must(t, err)
	if len(own.Attachments) != 1 || own.Attachments[0].ID != stored.ID || own.Attachments[0].Name != stored.Name || own.Attachments[0].AuthorName != "" {
		t.Errorf("files %+v", own.Attachments)
	}
	if len(own.Complaints) != 1 || own.Complaints[0].Text != "he did not come" || own.Notes != 1 {
		t.Errorf("complaints %+v, notes %d", own.Complaints, own.Notes)
	}
	file, err := b.Attachment(me, contract.AttachmentByID{ID: stored.ID, RequestID: mine.ID})
	must(t, err)
	if len(file.Content) != stored.Bytes || !bytes.HasPrefix(file.Content, []byte{0xff, 0xd8}) {
		t.Errorf("the file has %d bytes, want %d", len(file.Content), stored.Bytes)
	}
	for _, q := range []contract.AttachmentByID{{ID: foreign.ID, RequestID: other.ID}, {ID: foreign.ID, RequestID: mine.ID}} {
		_, err := b.Attachment(me, q)
		wantFault(t, err, fault.NotFound, "")
	}
	_, err = b.Own(staff, contract.AskOwn{})
	wantFault(t, err, fault.Forbidden, "")
}
