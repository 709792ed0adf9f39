package request

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/pg"
	"heli/pkg/reminder"
)

const (
	maxMentions   = 20 // of one note
	shownMentions = 100
)

// Note stores a remark of staff and whom it mentions. A repeat of its id changes
// nothing.
func (s *Service) Note(ctx context.Context, q contract.AddNote) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Empty{}, err
	}
	if err := checkNote(q); err != nil {
		return contract.Empty{}, err
	}
	if !contract.ValidID(q.SubjectID) {
		return contract.Empty{}, errUnknown
	}
	defer s.relay.Wake()
	note := contract.Note{ID: q.ID, At: s.now(), AuthorID: a.ID(), AuthorName: a.Name, Text: strings.TrimSpace(q.Text)}
	return contract.Empty{}, s.store.db.InTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.store.lockRequest(ctx, tx, contract.RequestID(q.SubjectID))
		switch {
		case err != nil:
			return missing(err)
		case !sees(a, row.requestRow):
			return errUnknown
		case row.ErasedAt != nil:
			return errErased
		}
		if err := s.store.insertNote(ctx, tx, row.ID, note); err != nil || len(q.Mentions) == 0 {
			return err
		}
		return s.mention(ctx, tx, row.requestRow, note, q.Mentions)
	})
}

// mention stores whom a note mentions, and a fact for each who was not mentioned in
// it before, for whoever wants mail.
func (s *Service) mention(ctx context.Context, tx *sqlx.Tx, r requestRow, note contract.Note, people []contract.PersonID) error {
	fresh, err := s.store.insertMentions(ctx, tx, r.ID, note, people)
	if err != nil {
		return err
	}
	var reminders []reminder.Reminder
	for _, person := range fresh {
		if string(person) != note.AuthorID {
			reminders = append(reminders, r.personal(contract.ReminderMentioned, person, note.At))
		}
	}
	return reminder.Add(ctx, tx, note.At, reminders...)
}

func checkNote(q contract.AddNote) error {
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	c.Paragraph("text", q.Text, 1, maxNote)
	c.Size("mentions", len(q.Mentions), 0, maxMentions)
	for i, id := range q.Mentions {
		check.ID(c, check.At("mentions", i, ""), id)
	}
	return c.Err()
}

// Mentions returns where the actor is mentioned, of what the actor sees still.
func (s *Service) Mentions(ctx context.Context, q contract.AskMentions) (contract.Mentions, error) {
	found := contract.Mentions{Items: []contract.Mention{}}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil || !contract.ValidID(a.PersonID) {
		return found, err
	}
	var err error
	if found.Unseen, err = s.store.countMentions(ctx, a.PersonID); err != nil || q.CountOnly {
		return found, pg.MapContext(ctx, err)
	}
	found.Items, err = s.store.listMentions(ctx, a.PersonID, shownMentions)
	return found, pg.MapContext(ctx, err)
}

// SeeMention marks a mention of the actor as seen. One that is none, or marked
// already, stays as it is.
func (s *Service) SeeMention(ctx context.Context, q contract.SeeMention) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil || !contract.ValidID(a.PersonID) || !contract.ValidID(q.NoteID) {
		return contract.Empty{}, err
	}
	return contract.Empty{}, pg.MapContext(ctx, s.store.seeMention(ctx, q.NoteID, a.PersonID, s.now()))
}

// distinct returns the ids without repeats.
func distinct(ids []contract.PersonID) []string {
	var list []string
	for _, id := range ids {
		if !slices.Contains(list, string(id)) {
			list = append(list, string(id))
		}
	}
	return list
}
