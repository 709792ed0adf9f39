package templates

import (
	"strconv"
	"time"

	"heli/pkg/contract"
)

// Dashboard is what was counted of a scope; a part that could not be had is nil.
type Dashboard struct {
	Days         int
	Organisation string
	Region       string
	Campaign     string
	Country      string // the code that stands for everywhere
	Category     string
	Regions      []Option
	Categories   []Option
	From, Until  time.Time
	Requests     *contract.RequestFigures
	Offers       *contract.OfferFigures
	Matches      *contract.MatchFigures
}

// DashboardDays are the spans to choose from.
func DashboardDays() []int { return []int{1, 7, 14, 30, 90, 365} }

func dashboardDays(d Desk) []Option {
	var options []Option
	for _, days := range DashboardDays() {
		options = append(options, Option{Value: strconv.Itoa(days), Label: d.T("figure.days", "count", days)})
	}
	return options
}

// days are all days of the span in the reader's zone, first to last.
func (v Dashboard) days(d Desk) []string {
	var days []string
	last := v.Until.In(d.Zone()).Format(time.DateOnly)
	for at := v.From.In(d.Zone()); len(days) <= contract.MaxFigureDays; at = at.AddDate(0, 0, 1) {
		day := at.Format(time.DateOnly)
		if day > last {
			break
		}
		days = append(days, day)
	}
	return days
}

func valuesOf(days []string, counts []contract.DayCount) []int64 {
	byDay := map[string]int64{}
	for _, one := range counts {
		byDay[one.Day] = one.Count
	}
	values := make([]int64, len(days))
	for n, day := range days {
		values[n] = byDay[day]
	}
	return values
}

// today is the count of the last day.
func (v Dashboard) today(d Desk, counts []contract.DayCount) int64 {
	day := v.Until.In(d.Zone()).Format(time.DateOnly)
	for _, one := range counts {
		if one.Day == day {
			return one.Count
		}
	}
	return 0
}

// flow is how many needs came, and what became of them, by day.
func (v Dashboard) flow(d Desk) (Lines, FigureData) {
	days := v.days(d)
	lines := Lines{First: days[0], Last: days[len(days)-1]}
	f := FigureData{Title: d.T("figure.flow"), Lead: d.T("figure.flow_lead"), Columns: []Column{{Label: d.T("figure.day")}}}
	add := func(label string, counts []contract.DayCount) {
		lines.Series = append(lines.Series, Series{label, valuesOf(days, counts)})
		f.Columns = append(f.Columns, Column{Label: label, Numeric: true})
	}
	if v.Requests != nil {
		add(d.T("figure.came"), v.Requests.Days)
	}
	if v.Matches != nil {
		add(d.T("figure.proposed"), v.Matches.Proposed)
		add(d.T("figure.confirmed"), v.Matches.Confirmed)
	}
	for n, day := range days {
		row := []string{day}
		for _, series := range lines.Series {
			row = append(row, d.Number(series.Values[n]))
		}
		f.Rows = append(f.Rows, row)
	}
	return lines, f
}

// ageLabels name the spans between the ages that are counted.
func ageLabels(d Desk) []string {
	bounds := contract.AgeBounds()
	labels := make([]string, 0, len(bounds)+1)
	for _, bound := range bounds {
		labels = append(labels, d.T("figure.age_below", "span", d.Span(bound)))
	}
	return append(labels, d.T("figure.age_above", "span", d.Span(bounds[len(bounds)-1])))
}

// open is what is open by urgency and age.
func (v Dashboard) open(d Desk) ([]Stack, FigureData) {
	labels := ageLabels(d)
	f := FigureData{Title: d.T("figure.open"), Lead: d.T("figure.open_lead"), Columns: []Column{{Label: d.T("console.column.urgency")}}}
	for _, label := range labels {
		f.Columns = append(f.Columns, Column{Label: label, Numeric: true})
	}
	var stacks []Stack
	for _, urgency := range contract.Urgencies() {
		stack, total := Stack{Label: d.Urgency(urgency), Parts: make([]int64, len(labels))}, int64(0)
		for _, one := range v.Requests.Open {
			if one.Urgency == urgency && one.Age < len(labels) {
				stack.Parts[one.Age] += one.Count
				total += one.Count
			}
		}
		stack.Shown = d.Number(total)
		row := []string{stack.Label}
		for _, part := range stack.Parts {
			row = append(row, d.Number(part))
		}
		stacks, f.Rows = append(stacks, stack), append(f.Rows, row)
	}
	return stacks, f
}

// waits is how long needs wait, by urgency.
func (v Dashboard) waits(d Desk) ([]Bar, FigureData) {
	f := FigureData{Title: d.T("figure.waits"), Lead: d.T("figure.waits_lead"), Columns: []Column{
		{Label: d.T("console.column.urgency")}, {Label: d.T("figure.proposed_count"), Numeric: true}, {Label: d.T("figure.median"), Numeric: true},
		{Label: d.T("figure.p90"), Numeric: true}, {Label: d.T("figure.confirmed_count"), Numeric: true}, {Label: d.T("figure.median"), Numeric: true},
		{Label: d.T("figure.p90"), Numeric: true},
	}}
	var bars []Bar
	for _, urgency := range contract.Urgencies() {
		for _, w := range v.Matches.Waits {
			if w.Urgency != urgency {
				continue
			}
			bars = append(bars, waitBar(d, d.T("figure.to_proposal", "urgency", d.Urgency(urgency)), w.ProposedMedianS, w.ProposedP90S))
			if w.ConfirmedMedian != nil {
				bars = append(bars, waitBar(d, d.T("figure.to_confirmation", "urgency", d.Urgency(urgency)), w.ConfirmedMedian, w.ConfirmedP90S))
			}
			f.Rows = append(f.Rows, []string{
				d.Urgency(urgency), d.Number(w.Proposed), spanOf(d, w.ProposedMedianS), spanOf(d, w.ProposedP90S),
				d.Number(w.Confirmed), spanOf(d, w.ConfirmedMedian), spanOf(d, w.ConfirmedP90S),
			})
		}
	}
	return bars, f
}

func waitBar(d Desk, label string, median, p90 *int64) Bar {
	bar := Bar{Label: label, Shown: spanOf(d, median) + " / " + spanOf(d, p90)}
	if median != nil {
		bar.Value = *median
	}
	return bar
}

func spanOf(d Desk, seconds *int64) string {
	if seconds == nil {
		return "–"
	}
	return d.Span(secondsOf(max(*seconds, 60)))
}

// keyed is a bar for each code.
func keyed(d Desk, title, lead, head string, counts []contract.KeyCount, name func(string) string) ([]Bar, FigureData) {
	f := FigureData{Title: title, Lead: lead, Columns: []Column{{Label: head}, {Label: d.T("figure.count"), Numeric: true}}}
	var bars []Bar
	for _, one := range counts {
		bars = append(bars, Bar{Label: name(one.Key), Value: one.Count, Shown: d.Number(one.Count)})
		f.Rows = append(f.Rows, []string{name(one.Key), d.Number(one.Count)})
	}
	return bars, f
}

func (v Dashboard) missing(d Desk) ([]Bar, FigureData) {
	return keyed(d, d.T("figure.missing"), d.T("figure.missing_lead", "count", v.Matches.Looked), d.T("figure.rule"), v.Matches.Missing,
		func(rule string) string { return d.T("rule_name." + rule) })
}

func (v Dashboard) closed(d Desk) ([]Bar, FigureData) {
	return keyed(d, d.T("figure.closed"), "", d.T("console.move.reason"), v.Requests.Closed, d.Reason)
}

// capacity is what is free, by category and unit.
func (v Dashboard) capacity(d Desk) ([]Bar, FigureData) {
	f := FigureData{Title: d.T("figure.capacity"), Lead: d.T("figure.capacity_lead"), Columns: []Column{
		{Label: d.T("console.column.category")}, {Label: d.T("figure.offers"), Numeric: true}, {Label: d.T("figure.free"), Numeric: true},
		{Label: d.T("figure.stated"), Numeric: true}, {Label: d.T("figure.unstated"), Numeric: true},
	}}
	var bars []Bar
	for _, c := range v.Offers.Capacities {
		name := d.Category(c.Category) + " · " + d.UnitName(c.Unit)
		bar := Bar{Label: name, Shown: d.T("figure.of", "free", d.Amount(c.Free, c.Unit), "all", d.Amount(c.Capacity, c.Unit))}
		if c.Capacity > 0 {
			bar.Value = 100 * c.Free / c.Capacity
		} else {
			bar.Shown = d.T("figure.not_stated", "count", c.Unstated)
		}
		bars = append(bars, bar)
		f.Rows = append(f.Rows, []string{name, d.Number(c.Offers), d.Amount(c.Free, c.Unit), d.Amount(c.Capacity, c.Unit), d.Number(c.Unstated)})
	}
	return bars[:min(len(bars), shownCapacities)], f
}

// shownCapacities keeps the picture small; the table holds all.
const shownCapacities = 16

// places are offers by region, each leading to what lies in it; the table says what
// is free there of each category.
func (v Dashboard) places(d Desk) ([]Bar, FigureData) {
	f := FigureData{Title: d.T("figure.places"), Lead: d.T("figure.places_lead"), Columns: []Column{
		{Label: d.T("console.column.place")}, {Label: d.T("figure.offers"), Numeric: true}, {Label: d.T("figure.free")},
	}}
	free := map[string][]string{}
	for _, one := range v.Offers.Places {
		free[one.RegionCode] = append(free[one.RegionCode], d.Category(one.Category)+" "+d.Amount(one.Free, one.Unit))
	}
	var bars []Bar
	for _, one := range v.Offers.Regions {
		bar := Bar{Label: d.Region(one.RegionCode), Value: one.Count, Shown: d.Number(one.Count)}
		if one.RegionCode != v.Region && one.RegionCode != v.Country {
			bar.Href = d.With("region", one.RegionCode)
		}
		bars = append(bars, bar)
		f.Rows = append(f.Rows, []string{bar.Label, bar.Shown, d.List(free[one.RegionCode])})
	}
	return bars, f
}

// load is how many helpers were asked how often in the last week.
func (v Dashboard) load(d Desk) ([]Bar, FigureData) {
	f := FigureData{Title: d.T("figure.load"), Lead: d.T("figure.load_lead"), Columns: []Column{
		{Label: d.T("figure.asked")}, {Label: d.T("figure.helpers"), Numeric: true},
	}}
	bounds := contract.LoadBounds()
	bars := make([]Bar, len(bounds)+1)
	for n := range bars {
		bars[n] = Bar{Label: loadLabel(bounds, n), Shown: "0"}
	}
	if len(v.Matches.Load) == 0 {
		return nil, f
	}
	for _, one := range v.Matches.Load {
		if one.Asked < len(bars) {
			bars[one.Asked].Value, bars[one.Asked].Shown = one.Helpers, d.Number(one.Helpers)
		}
	}
	for _, bar := range bars {
		f.Rows = append(f.Rows, []string{bar.Label, bar.Shown})
	}
	return bars, f
}

func loadLabel(bounds []int64, n int) string {
	switch {
	case n == len(bounds):
		return strconv.FormatInt(bounds[n-1]+1, 10) + "+"
	case n == 0 || bounds[n] == bounds[n-1]+1:
		return strconv.FormatInt(bounds[n], 10)
	default:
		return strconv.FormatInt(bounds[n-1]+1, 10) + "–" + strconv.FormatInt(bounds[n], 10)
	}
}

// wallFigure is one large number.
type wallFigure struct {
	Label string
	Value string
	Tone  Tone
}

func (v Dashboard) wall(d Desk) []wallFigure {
	var figures []wallFigure
	if v.Requests != nil {
		open, critical, unserved := int64(0), int64(0), int64(0)
		for _, one := range v.Requests.Open {
			open += one.Count
			if one.Urgency == contract.Critical {
				critical += one.Count
			}
		}
		for _, one := range v.Requests.Regions {
			unserved += one.Unserved
		}
		figures = append(figures,
			wallFigure{d.T("wall.critical"), d.Number(critical), ToneStrong}, wallFigure{d.T("wall.open"), d.Number(open), TonePlain},
			wallFigure{d.T("wall.unserved"), d.Number(unserved), ToneWarning}, wallFigure{d.T("wall.came"), d.Number(v.today(d, v.Requests.Days)), TonePlain})
	}
	if v.Matches != nil {
		figures = append(figures,
			wallFigure{d.T("wall.proposed"), d.Number(v.today(d, v.Matches.Proposed)), ToneInfo},
			wallFigure{d.T("wall.confirmed"), d.Number(v.today(d, v.Matches.Confirmed)), ToneSuccess})
	}
	if v.Offers != nil {
		offers := int64(0)
		for _, one := range v.Offers.Regions {
			offers += one.Count
		}
		figures = append(figures, wallFigure{d.T("wall.offers"), d.Number(offers), TonePlain})
	}
	return figures
}
