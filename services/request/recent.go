package request

import (
	"sync"

	"heli/pkg/contact"
	"heli/pkg/contract"
)

// recentRows is how many submissions are kept: several times what comes in the
// moment until the matcher asks.
const recentRows = 512

// recent keeps submissions as they were stored until the matcher has asked for
// them, which it does a moment later: reading them again took a tenth of a
// submission's cost. It is a copy that may be missing and is never relied on.
type recent struct {
	mu   sync.Mutex
	rows map[contract.RequestID]fullRow
	ring []contract.RequestID // the oldest is at next, once it is full
	next int
}

func newRecent() *recent { return &recent{rows: map[contract.RequestID]fullRow{}} }

// keep takes a record that was committed.
func (r *recent) keep(stored *record, phoneIndex *string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := stored.row.ID
	if len(r.ring) < recentRows {
		r.ring = append(r.ring, id)
	} else {
		delete(r.rows, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % recentRows
	}
	r.rows[id] = fullRow{requestRow: stored.row, Lines: document[[]lineRow]{stored.lines}, Contact: contact.Row{PhoneIndex: phoneIndex}}
}

// take returns a request, of its contact the index alone, once, if it is here in the version
// asked for or a newer one. The newest, which 0 asks for, only the tables know.
func (r *recent) take(id contract.RequestID, least int64) (fullRow, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	row, ok := r.rows[id]
	delete(r.rows, id)
	return row, ok && least > 0 && row.Version >= least
}

// forget drops a request that changed.
func (r *recent) forget(id contract.RequestID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.rows, id)
}
