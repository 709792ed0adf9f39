package index

import "sync/atomic"

// deaths note which rows of a block died in which version. Few do before the
// block is packed anew, so the versions have room only where somebody died.
// Whoever writes holds the index's lock; reading needs none.
type deaths struct {
	count atomic.Int64
	rows  []atomic.Uint64                            // a bit for each row that died
	pages []atomic.Pointer[[deathRows]atomic.Uint64] // their versions, where any of deathRows rows died
}

const deathRows = 64

func newDeaths(rows int) *deaths {
	n := (rows + deathRows - 1) / deathRows
	return &deaths{rows: make([]atomic.Uint64, n), pages: make([]atomic.Pointer[[deathRows]atomic.Uint64], n)}
}

// note takes down that a row died, before the version can be seen.
func (d *deaths) note(row int, version uint64) {
	page := d.pages[row/deathRows].Load()
	if page == nil {
		page = &[deathRows]atomic.Uint64{}
		d.pages[row/deathRows].Store(page)
	}
	page[row%deathRows].Store(version)
	d.rows[row/deathRows].Or(1 << (row % deathRows))
	d.count.Add(1)
}

// version returns in which version a row died, 0 while it lives.
func (d *deaths) version(row int) uint64 {
	if d.rows[row/deathRows].Load()>>(row%deathRows)&1 == 0 {
		return 0
	}
	return d.pages[row/deathRows].Load()[row%deathRows].Load()
}

// alive reports whether a row was there at a version.
func (d *deaths) alive(row int, version uint64) bool {
	died := d.version(row)
	return died == 0 || died > version
}

// from returns which of the deathRows rows from one on have died by now.
func (d *deaths) from(row int) uint64 {
	at, shift := row/deathRows, row%deathRows
	gone := d.rows[at].Load() >> shift
	if shift > 0 && at+1 < len(d.rows) {
		gone |= d.rows[at+1].Load() << (deathRows - shift)
	}
	return gone
}
