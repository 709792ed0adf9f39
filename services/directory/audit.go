package directory

import (
	"bytes"
	"fmt"
)

// Break is a place where an organisation's audit chain does not hold.
type Break struct {
	Organisation string // id
	Seq          int64  // the first row that is wrong or missing
	Reason       string
}

// Error names the place.
func (b Break) Error() string {
	return fmt.Sprintf("audit chain of organisation %s breaks at row %d: %s", b.Organisation, b.Seq, b.Reason)
}

// chainWalk checks the rows of chains, ordered by organisation and seq, one by one.
type chainWalk struct {
	heads  map[string]auditHead
	last   auditRow
	breaks []Break
}

// see takes the next row. After a break it goes on with the stored hash, so
// that one edit is one break.
func (w *chainWalk) see(row auditRow) {
	if row.OrganisationID != w.last.OrganisationID {
		w.finish()
		w.last = auditRow{OrganisationID: row.OrganisationID}
	}
	switch {
	case row.Seq != w.last.Seq+1:
		w.report(w.last.Seq+1, "rows are missing")
	case !bytes.Equal(row.Previous, w.last.Hash):
		w.report(row.Seq, "it does not follow the row before")
	case !bytes.Equal(row.Hash, auditHash(row)):
		w.report(row.Seq, "its content was changed")
	}
	w.last = row
}

// finish compares the last row of a chain with its head.
func (w *chainWalk) finish() {
	head, ok := w.heads[w.last.OrganisationID]
	delete(w.heads, w.last.OrganisationID)
	switch {
	case w.last.OrganisationID == "":
	case !ok:
		w.report(w.last.Seq, "the head is missing")
	case head.Seq > w.last.Seq:
		w.report(w.last.Seq+1, "the end was cut off")
	case head.Seq < w.last.Seq || !bytes.Equal(head.Hash, w.last.Hash):
		w.report(w.last.Seq, "the head names another row")
	}
}

// end finishes the last chain and returns all breaks, among them the chains of
// which nothing is left but the head.
func (w *chainWalk) end() []Break {
	w.finish()
	for organisation, head := range w.heads {
		if head.Seq > 0 {
			w.breaks = append(w.breaks, Break{Organisation: organisation, Seq: 1, Reason: "all rows are missing"})
		}
	}
	return w.breaks
}

func (w *chainWalk) report(seq int64, reason string) {
	w.breaks = append(w.breaks, Break{Organisation: w.last.OrganisationID, Seq: seq, Reason: reason})
}
