package request

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// moveEdit changes what is asked for; the stage stays.
const moveEdit = "edit"

// What an edit may be refused for.
var (
	errMeanwhile   = fault.NewConflict("changed_meanwhile", "somebody else has changed the same field; compare and save again")
	errNotEditable = fault.NewConflict("not_editable", "the request is closed")
)

// Reasons by which history says what was edited.
const (
	editedTitle       = "edited_title"
	editedDescription = "edited_description"
	editedUrgency     = "edited_urgency"
	editedNeededBy    = "edited_needed_by"
	editedLine        = "edited_line"
	addedLine         = "added_line"
	removedLine       = "removed_line"
)

// Edit changes what staff may change of a live request, each field recorded by
// itself. A field that somebody else has changed meanwhile to something else is
// not overwritten: the whole edit is a Conflict then, changed_meanwhile. An edit
// that finds everything as it wants it changes nothing, and so does a repeat.
func (s *Service) Edit(ctx context.Context, q contract.EditRequest) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.WriteNotes); err != nil {
		return contract.Moved{}, err
	}
	q.Was, q.Now = normalFields(q.Was), normalFields(q.Now)
	if err := s.checkEdit(q); err != nil {
		return contract.Moved{}, err
	}
	m := contract.Move{ID: string(q.ID), Move: moveEdit}
	return s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		if r.row.Stage == Closed {
			return errNotEditable
		}
		e := edit{record: r}
		if err := e.merge(q); err != nil {
			return err
		}
		if err := s.storeLines(ctx, tx, e); err != nil {
			return err
		}
		e.settle(newHand(a, s.now()))
		if len(e.removed) > 0 && r.situation().Fulfilled() {
			return r.move(newHand(contract.System(), s.now()), moveComplete, "")
		}
		return nil
	})
}

func (s *Service) storeLines(ctx context.Context, tx *sqlx.Tx, e edit) error {
	for _, l := range e.lines {
		if err := s.store.updateLine(ctx, tx, l); err != nil {
			return err
		}
	}
	for _, l := range e.added {
		if err := s.store.insertLine(ctx, tx, l); err != nil {
			return err
		}
	}
	for _, l := range e.removed {
		if err := s.store.deleteLine(ctx, tx, l); err != nil {
			return err
		}
	}
	return nil
}

// normalFields has no spaces around what was typed, and the line ends and times
// that are stored.
func normalFields(f contract.RequestFields) contract.RequestFields {
	f.Title = strings.TrimSpace(f.Title)
	f.Description = strings.TrimSpace(strings.ReplaceAll(f.Description, "\r\n", "\n"))
	f.Lines = slices.Clone(f.Lines)
	for i := range f.Lines {
		f.Lines[i].Specification = strings.TrimSpace(f.Lines[i].Specification)
	}
	return f
}

func (s *Service) checkEdit(q contract.EditRequest) error {
	ref, err := s.reference.Get()
	if err != nil {
		return err
	}
	c := check.New(ref)
	c.Text("title", q.Now.Title, 1, maxTitle)
	c.Paragraph("description", q.Now.Description, 0, maxDescription)
	c.Urgency("urgency", q.Now.Urgency)
	if !sameTime(q.Now.NeededBy, q.Was.NeededBy) {
		c.Between("needed_by", q.Now.NeededBy, s.now().Add(-needPast), s.now().Add(needFuture))
	}
	if len(q.Now.Lines) != len(q.Was.Lines) {
		c.Add("lines", check.Malformed)
	}
	for i, l := range q.Now.Lines {
		c.Text(check.At("lines", i, "specification"), l.Specification, 0, maxSpecification)
		c.Quantity(check.At("lines", i, "quantity"), l.Quantity)
	}
	if len(q.Added) > 0 {
		checkLines(c, q.Added)
	}
	return c.Err()
}

// edit is a record on which an edit is worked out.
type edit struct {
	*record
	lines, added, removed []lineRow
	changed               []string // reasons, in order
	conflict              bool
}

// merge takes over what the editor changed, or says why not.
func (e *edit) merge(q contract.EditRequest) error {
	row := &e.row
	take(e, editedTitle, q.Was.Title, q.Now.Title, &row.Title, equal)
	take(e, editedDescription, q.Was.Description, q.Now.Description, &row.Description, equal)
	take(e, editedUrgency, q.Was.Urgency, q.Now.Urgency, &row.Urgency, equal)
	take(e, editedNeededBy, q.Was.NeededBy, q.Now.NeededBy, &row.NeededBy, sameTime)
	for i := range q.Now.Lines {
		if err := e.mergeLine(i, q.Was.Lines[i], q.Now.Lines[i]); err != nil {
			return err
		}
	}
	e.add(q.Added)
	if err := e.remove(q.Removed); err != nil {
		return err
	}
	e.rank()
	if e.conflict {
		return errMeanwhile
	}
	if len(e.record.lines) > maxLines {
		return fault.NewInvalid(fault.Field{Location: "lines", Code: check.TooMany})
	}
	return nil
}

func equal[T comparable](a, b T) bool { return a == b }

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

func sameAmount(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// take takes over one field where it was changed by the editor alone.
func take[T any](e *edit, reason string, was, now T, stands *T, same func(a, b T) bool) {
	switch {
	case same(was, now), same(now, *stands):
	case !same(was, *stands):
		e.conflict = true
	default:
		*stands = now
		if len(e.changed) == 0 || e.changed[len(e.changed)-1] != reason {
			e.changed = append(e.changed, reason)
		}
	}
}

// mergeLine changes a need line. What matches hold already cannot be taken back
// by asking for less.
func (e *edit) mergeLine(i int, was, now contract.LineFields) error {
	n := slices.IndexFunc(e.record.lines, func(l lineRow) bool { return l.ID == now.ID })
	if n < 0 && was.ID == now.ID && contract.ValidID(now.ID) { // removed meanwhile
		e.conflict = e.conflict || was.Specification != now.Specification || !sameAmount(was.Quantity, now.Quantity)
		return nil
	}
	if n < 0 || was.ID != now.ID {
		return fault.NewInvalid(fault.Field{Location: check.At("lines", i, "id"), Code: check.Unknown})
	}
	line, before := &e.record.lines[n], e.record.lines[n]
	take(e, editedLine, was.Specification, now.Specification, &line.Specification, equal)
	take(e, editedLine, was.Quantity, now.Quantity, &line.Quantity, sameAmount)
	if sameAmount(line.Quantity, before.Quantity) && line.Specification == before.Specification {
		return nil
	}
	if held := line.Proposed + line.Matched; !sameAmount(line.Quantity, before.Quantity) && orOne(line.Quantity) < held {
		return fault.NewInvalid(fault.Field{Location: check.At("lines", i, "quantity"), Code: "held", Args: map[string]any{"count": held}})
	}
	e.lines = append(e.lines, *line)
	return nil
}

// add appends the lines that are not there yet.
func (e *edit) add(lines []contract.NeedLine) {
	for _, l := range lines {
		if slices.ContainsFunc(e.record.lines, func(there lineRow) bool { return there.ID == l.ID }) {
			continue
		}
		line := lineRow{
			ID: l.ID, RequestID: e.row.ID, Position: len(e.record.lines), Category: l.Category, Item: l.Item,
			Specification: strings.TrimSpace(l.Specification), SourceText: l.SourceText, Quantity: l.Quantity, Unit: l.Unit,
		}
		e.record.lines, e.added = append(e.record.lines, line), append(e.added, line)
		e.changed = append(e.changed, addedLine)
	}
}

// remove takes lines away that no match holds or has served. A request keeps one
// at least.
func (e *edit) remove(ids []contract.NeedLineID) error {
	for i, id := range ids {
		n := slices.IndexFunc(e.record.lines, func(l lineRow) bool { return l.ID == id })
		if n < 0 {
			continue
		}
		line := e.record.lines[n]
		if used := max(line.Proposed+line.Matched, line.InProgress, line.Reported, line.Confirmed, line.Disputed); used > 0 {
			return fault.NewInvalid(fault.Field{Location: check.At("removed", i, ""), Code: "line_held"})
		}
		if len(e.record.lines) == 1 {
			return fault.NewInvalid(fault.Field{Location: check.At("removed", i, ""), Code: "last_line"})
		}
		e.record.lines = slices.Delete(e.record.lines, n, n+1)
		e.removed, e.changed = append(e.removed, line), append(e.changed, removedLine)
	}
	return nil
}

// settle makes one version and one fact of all that changed, and an entry of
// history of each.
func (e *edit) settle(h hand) {
	gone := e.removed
	for i, reason := range e.changed {
		if i == 0 {
			e.record.settle(h, moveEdit, reason)
		} else {
			e.note(h, moveEdit, e.row.State, reason)
		}
		if reason == removedLine {
			l := gone[0]
			gone = gone[1:]
			e.history[len(e.history)-1].Line.value = &contract.NeedLine{ID: l.ID, Category: l.Category, Item: l.Item, Quantity: l.Quantity, Unit: l.Unit}
		}
	}
}
