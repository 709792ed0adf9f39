package directory

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"
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
	signed map[string][]signedHead // by organisation, in the order of the rows
	last   auditRow
	held   int64 // the last row of this chain that a signature names and that is there
	breaks []Break
}

// signedHead is a row that was the last of its chain when it was signed.
type signedHead struct {
	seq  int64
	hash []byte
	at   time.Time
}

// signedByChain sorts signed heads by chain.
func signedByChain(all []SignedHeads) map[string][]signedHead {
	signed := map[string][]signedHead{}
	for _, document := range all {
		for _, h := range document.Heads {
			signed[h.Organisation] = append(signed[h.Organisation], signedHead{h.Seq, h.Hash, document.At})
		}
	}
	for _, heads := range signed {
		slices.SortStableFunc(heads, func(a, b signedHead) int { return cmp.Compare(a.seq, b.seq) })
	}
	return signed
}

// see takes the next row. After a break it goes on with the stored hash, so
// that one edit is one break.
func (w *chainWalk) see(row auditRow) {
	if row.OrganisationID != w.last.OrganisationID {
		w.finish()
		w.last, w.held = auditRow{OrganisationID: row.OrganisationID}, 0
	}
	switch {
	case row.Seq != w.last.Seq+1:
		w.report(w.last.Seq+1, "rows are missing")
	case !bytes.Equal(row.Previous, w.last.Hash):
		w.report(row.Seq, "it does not follow the row before")
	case !bytes.Equal(row.Hash, auditHash(row)):
		w.report(row.Seq, "its content was changed")
	}
	w.compare(row)
	w.last = row
}

// compare looks whether a row is the one that was signed. One that is not was
// replaced, itself or one before it since the last signature, all hashes with it.
func (w *chainWalk) compare(row auditRow) {
	signed := w.signed[row.OrganisationID]
	for len(signed) > 0 && signed[0].seq <= row.Seq {
		if s := signed[0]; s.seq == row.Seq {
			if !bytes.Equal(s.hash, row.Hash) {
				w.report(w.held+1, fmt.Sprintf("it or a row up to %d was replaced: row %d is not the one that was signed on %s",
					s.seq, s.seq, s.at.Format(time.RFC3339)))
			}
			w.held = row.Seq
		}
		signed = signed[1:]
	}
	w.signed[row.OrganisationID] = signed
}

// finish compares the last row of a chain with its head.
func (w *chainWalk) finish() {
	head, ok := w.heads[w.last.OrganisationID]
	delete(w.heads, w.last.OrganisationID)
	switch {
	case w.last.OrganisationID == "":
	case w.cutOff():
		w.report(w.last.Seq+1, "the end was cut off: a later row was signed")
	case !ok:
		w.report(w.last.Seq, "the head is missing")
	case head.Seq > w.last.Seq:
		w.report(w.last.Seq+1, "the end was cut off")
	case head.Seq < w.last.Seq || !bytes.Equal(head.Hash, w.last.Hash):
		w.report(w.last.Seq, "the head names another row")
	}
}

// cutOff reports whether a later row than the last one was signed.
func (w *chainWalk) cutOff() bool {
	signed := w.signed[w.last.OrganisationID]
	delete(w.signed, w.last.OrganisationID)
	return len(signed) > 0
}

// end finishes the last chain and returns all breaks, among them the chains of
// which nothing is left but the head.
func (w *chainWalk) end() []Break {
	w.finish()
	for organisation, head := range w.heads {
		if head.Seq > 0 {
			w.breaks = append(w.breaks, Break{Organisation: organisation, Seq: 1, Reason: "all rows are missing"})
			delete(w.signed, organisation)
		}
	}
	for organisation, signed := range w.signed {
		if len(signed) > 0 {
			w.breaks = append(w.breaks, Break{Organisation: organisation, Seq: 1, Reason: "all rows are missing, and the head with them"})
		}
	}
	slices.SortStableFunc(w.breaks, func(a, b Break) int { return cmp.Compare(a.Organisation, b.Organisation) })
	return w.breaks
}

func (w *chainWalk) report(seq int64, reason string) {
	w.breaks = append(w.breaks, Break{Organisation: w.last.OrganisationID, Seq: seq, Reason: reason})
}
