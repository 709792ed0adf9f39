package request

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"heli/pkg/check"
	"heli/pkg/contract"
)

// census holds what figures count of every request, some ninety bytes each, so that
// a million are counted in a glance whatever is asked of them. PostgreSQL is the
// truth: it is read whole once, and after that what changed. Safe for concurrent use.
type census struct {
	mu         sync.RWMutex
	rows       []counted
	at         map[uuid.UUID]int32 // of a request, in rows
	paths      codes
	regions    codes
	campaigns  codes
	reasons    codes
	categories codes // of a request all together
}

// counted is a request in the census.
type counted struct {
	id               uuid.UUID
	createdAt        int64 // µs since 1970
	updatedAt        int64
	lat, lon         float64 // NaN without a point
	path, category   int32
	region, campaign int32
	reason           int32
	urgency          int8
	closed, unserved bool
}

// countedRow is a request as the census reads it.
type countedRow struct {
	ID                          uuid.UUID
	Path, Region, Campaign      string
	Reason, Facets              string
	UrgencyRank                 int
	Closed, Unserved            bool
	CreatedMicros, UpdateMicros int64
	Lat, Lon                    *float64
}

// codes numbers what many requests have in common.
type codes struct {
	names []string
	at    map[string]int32
}

func (c *codes) number(name string) int32 {
	n, ok := c.at[name]
	if !ok {
		n = int32(len(c.names)) //nolint:gosec // far fewer than requests
		name = strings.Clone(name)
		c.names, c.at[name] = append(c.names, name), n
	}
	return n
}

// those tells of each number whether its name is one of those that count.
func (c *codes) those(counts func(string) bool) []bool {
	found := make([]bool, len(c.names))
	for n, name := range c.names {
		found[n] = counts(name)
	}
	return found
}

func newCodes() codes { return codes{at: map[string]int32{}} }

func newCensus() *census {
	return &census{
		at: map[uuid.UUID]int32{}, paths: newCodes(), regions: newCodes(), campaigns: newCodes(), reasons: newCodes(), categories: newCodes(),
	}
}

// replace takes what another one holds in the place of everything.
func (c *census) replace(whole *census) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows, c.at = whole.rows, whole.at
	c.paths, c.regions, c.campaigns, c.reasons, c.categories = whole.paths, whole.regions, whole.campaigns, whole.reasons, whole.categories
}

// change puts rows in the place of what is known of these requests; one without a
// row is there no more.
func (c *census) change(ids []uuid.UUID, rows []countedRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	for _, row := range rows {
		delete(gone, row.ID)
		c.put(row)
	}
	for id := range gone {
		c.remove(id)
	}
}

func (c *census) put(r countedRow) {
	row := counted{
		id: r.ID, createdAt: r.CreatedMicros, updatedAt: r.UpdateMicros, lat: math.NaN(), lon: math.NaN(),
		path: c.paths.number(r.Path), category: c.categories.number(r.Facets), region: c.regions.number(r.Region),
		campaign: c.campaigns.number(r.Campaign), reason: c.reasons.number(r.Reason),
		urgency: int8(r.UrgencyRank), closed: r.Closed, unserved: r.Unserved, //nolint:gosec // of five ranks
	}
	if r.Lat != nil && r.Lon != nil {
		row.lat, row.lon = *r.Lat, *r.Lon
	}
	if n, ok := c.at[r.ID]; ok {
		c.rows[n] = row
		return
	}
	c.at[r.ID] = int32(len(c.rows)) //nolint:gosec // two billion requests do not fit into memory
	c.rows = append(c.rows, row)
}

func (c *census) remove(id uuid.UUID) {
	n, ok := c.at[id]
	if !ok {
		return
	}
	last := len(c.rows) - 1
	c.rows[n] = c.rows[last]
	c.at[c.rows[n].id] = n
	c.rows = c.rows[:last]
	delete(c.at, id)
}

// sight is a range of paths, end excluded.
type sight struct {
	Path string `db:"path"`
	End  string `db:"path_end"`
}

func (s sight) holds(path string) bool { return path >= s.Path && path < s.End }

// figures counts the requests of a scope that lie within all sights.
func (c *census) figures(scope check.FigureScope, q contract.AskFigures, now time.Time, zone *time.Location, sights ...sight) contract.RequestFigures {
	c.mu.RLock()
	defer c.mu.RUnlock()
	t := newCount(q, now, zone, len(c.regions.names), len(c.reasons.names))
	within := c.paths.those(func(path string) bool {
		return !slices.ContainsFunc(sights, func(s sight) bool { return !s.holds(path) })
	})
	regions := c.regions.those(oneOf(scope.Regions))
	campaigns := c.campaigns.those(func(name string) bool { return q.Campaign == "" || name == q.Campaign })
	inCategories := oneOf(scope.Categories)
	categories := c.categories.those(func(facets string) bool {
		return scope.Categories == nil || slices.ContainsFunc(strings.Fields(facets), func(facet string) bool {
			category, is := strings.CutPrefix(facet, facetCategory)
			return is && inCategories(category)
		})
	})
	for n := range c.rows {
		r := &c.rows[n]
		if within[r.path] && regions[r.region] && campaigns[r.campaign] && categories[r.category] {
			t.add(r)
		}
	}
	return t.figures(c.regions.names, c.reasons.names)
}

// oneOf reports whether a code is among codes, of which nil are all.
func oneOf(codes []string) func(string) bool {
	known := make(map[string]bool, len(codes))
	for _, code := range codes {
		known[code] = true
	}
	return func(code string) bool { return codes == nil || known[code] }
}

// maxCells is how many cells a map shows; those with the most come first.
const maxCells = 150

// count is one pass over the census.
type count struct {
	days        days
	ages        []int64 // µs since 1970: who came until then has reached the age
	from, until int64
	degrees     float64

	byDay    []int64
	open     [5][]int64 // by urgency and age
	closed   []int64    // by reason
	regions  []int64
	unserved []int64
	cells    map[[2]float64]int64
}

func newCount(q contract.AskFigures, now time.Time, zone *time.Location, regions, reasons int) *count {
	t := &count{
		days: daysOf(q.From, q.Until, zone), from: q.From.UnixMicro(), until: q.Until.UnixMicro(), degrees: q.CellDegrees,
		closed: make([]int64, reasons), regions: make([]int64, regions), unserved: make([]int64, regions), cells: map[[2]float64]int64{},
	}
	for _, age := range contract.AgeBounds() {
		t.ages = append(t.ages, now.Add(-age).UnixMicro())
	}
	for urgency := range t.open {
		t.open[urgency] = make([]int64, len(t.ages)+1)
	}
	t.byDay = make([]int64, len(t.days.begin))
	return t
}

func (t *count) add(r *counted) {
	if r.createdAt >= t.from && r.createdAt < t.until {
		t.byDay[t.days.of(r.createdAt)]++
	}
	if r.closed {
		if r.updatedAt >= t.from && r.updatedAt < t.until {
			t.closed[r.reason]++
		}
		return
	}
	age := 0
	for age < len(t.ages) && r.createdAt <= t.ages[age] {
		age++
	}
	t.open[r.urgency][age]++
	t.regions[r.region]++
	if r.unserved {
		t.unserved[r.region]++
	}
	if t.degrees > 0 && !math.IsNaN(r.lat) {
		t.cells[[2]float64{math.Floor(r.lat / t.degrees), math.Floor(r.lon / t.degrees)}]++
	}
}

// figures returns what was counted, in the order that readers are used to.
func (t *count) figures(regions, reasons []string) contract.RequestFigures {
	f := contract.RequestFigures{
		Days: []contract.DayCount{}, Open: []contract.AgeCount{}, Closed: []contract.KeyCount{}, Regions: []contract.RegionCount{},
	}
	for n, count := range t.byDay {
		if count > 0 {
			f.Days = append(f.Days, contract.DayCount{Day: t.days.name(n), Count: count})
		}
	}
	for rank, urgency := range contract.Urgencies() {
		for age, count := range t.open[rank] {
			if count > 0 {
				f.Open = append(f.Open, contract.AgeCount{Urgency: urgency, Age: age, Count: count})
			}
		}
	}
	for n, count := range t.closed {
		if count > 0 {
			f.Closed = append(f.Closed, contract.KeyCount{Key: reasons[n], Count: count})
		}
	}
	for n, count := range t.regions {
		if count > 0 {
			f.Regions = append(f.Regions, contract.RegionCount{RegionCode: regions[n], Count: count, Unserved: t.unserved[n]})
		}
	}
	slices.SortFunc(f.Closed, func(a, b contract.KeyCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(f.Regions, func(a, b contract.RegionCount) int { return cmp.Compare(a.RegionCode, b.RegionCode) })
	f.Cells = t.mostCells()
	return f
}

func (t *count) mostCells() []contract.CellCount {
	cells := make([]contract.CellCount, 0, len(t.cells))
	for at, count := range t.cells {
		cells = append(cells, contract.CellCount{Lat: (at[0] + 0.5) * t.degrees, Lon: (at[1] + 0.5) * t.degrees, Count: count})
	}
	slices.SortFunc(cells, func(a, b contract.CellCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Lat, b.Lat), cmp.Compare(a.Lon, b.Lon))
	})
	return cells[:min(len(cells), maxCells)]
}

// days are the days of a zone that a span touches.
type days struct {
	first time.Time // noon of the first
	begin []int64   // µs since 1970, ascending
}

func daysOf(from, until time.Time, zone *time.Location) days {
	year, month, day := from.In(zone).Date()
	d := days{first: time.Date(year, month, day, 12, 0, 0, 0, zone)}
	for n := 0; ; n++ {
		at := time.Date(year, month, day+n, 0, 0, 0, 0, zone)
		if at.Day() != d.first.AddDate(0, 0, n).Day() {
			at = at.Add(time.Hour) // the clock was put forward at midnight
		}
		if n > 0 && !at.Before(until) {
			return d
		}
		d.begin = append(d.begin, at.UnixMicro())
	}
}

// of returns the day of a moment in the span: days are of nearly the same length.
func (d days) of(at int64) int {
	const day = int64(24 * time.Hour / time.Microsecond)
	n := min(max(int((at-d.begin[0])/day), 0), len(d.begin)-1)
	for n > 0 && at < d.begin[n] {
		n--
	}
	for n+1 < len(d.begin) && at >= d.begin[n+1] {
		n++
	}
	return n
}

func (d days) name(n int) string { return d.first.AddDate(0, 0, n).Format(time.DateOnly) }
