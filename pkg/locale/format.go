package locale

import (
	"strconv"
	"time"

	"heli/pkg/contract"
)

// unitFen is money, kept in its smallest part.
const unitFen contract.Unit = "fen"

// relativeLimit is from when on a date says more than "30 days ago".
const relativeLimit = 30 * 24 * time.Hour

// Number writes a whole number with its thousands apart, as all three languages do.
func (p *Printer) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Percent writes a share between 0 and 1.
func (p *Printer) Percent(share float64) string {
	return strconv.FormatFloat(share*100, 'f', 0, 64) + "%"
}

// Date writes the day in the reader's zone.
func (p *Printer) Date(t time.Time) string {
	if p.lang == English {
		return t.In(p.zone).Format("2 Jan 2006")
	}
	return t.In(p.zone).Format("2006年1月2日")
}

// DateTime writes day and minute in the reader's zone.
func (p *Printer) DateTime(t time.Time) string { return p.DateTimeIn(t, p.zone) }

// DateTimeIn writes day and minute in another zone, which is to be named beside it.
func (p *Printer) DateTimeIn(t time.Time, zone *time.Location) string {
	if p.lang == English {
		return t.In(zone).Format("2 Jan 2006, 15:04")
	}
	return t.In(zone).Format("2006年1月2日 15:04")
}

// Relative writes how long ago or how far ahead a moment is, or the date when
// it is more than 30 days away.
func (p *Printer) Relative(t time.Time) string {
	distance := t.Sub(p.now)
	switch ahead := distance > 0; {
	case distance.Abs() < time.Minute:
		return p.T("time.now")
	case distance.Abs() > relativeLimit:
		return p.Date(t)
	case ahead:
		return p.T("time.ahead", "span", p.Span(distance))
	default:
		return p.T("time.ago", "span", p.Span(-distance))
	}
}

// Span writes a length of time in its greatest unit: minutes, hours or days.
func (p *Printer) Span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return p.T("span.minutes", "count", int64(d/time.Minute))
	case d < 48*time.Hour:
		return p.T("span.hours", "count", int64(d/time.Hour))
	default:
		return p.T("span.days", "count", int64(d/(24*time.Hour)))
	}
}

// Weekday names a day of the week, 1 Monday to 7 Sunday (ISO 8601).
func (p *Printer) Weekday(day int) string { return p.T("weekday." + strconv.Itoa(day)) }

// Window writes a weekly span of time.
func (p *Printer) Window(w contract.Window) string {
	return p.T("window", "day", p.Weekday(w.Weekday), "from", w.From, "to", w.To)
}

// Quantity writes an amount with its unit; nil is "not stated". Fen are written
// in yuan.
func (p *Printer) Quantity(quantity *int64, unit contract.Unit) string {
	if quantity == nil {
		return p.T("quantity.not_stated")
	}
	return p.Amount(*quantity, unit)
}

// Amount writes a stated amount with its unit. Fen are written in yuan.
func (p *Printer) Amount(amount int64, unit contract.Unit) string {
	if unit == unitFen {
		return p.T("unit.fen", "yuan", p.yuan(amount))
	}
	return p.T("unit."+string(unit), "count", amount)
}

// yuan writes fen as yuan, with the fen only where there are any.
func (p *Printer) yuan(fen int64) string {
	text := p.Number(fen / 100)
	if rest := fen % 100; rest != 0 {
		text += "." + strconv.FormatInt(100+max(rest, -rest), 10)[1:]
	}
	return text
}

// Capacity writes how much can be given, and per which period.
func (p *Printer) Capacity(c contract.Capacity) string {
	if c.Quantity == nil {
		return p.T("quantity.not_stated")
	}
	return p.T("capacity."+string(c.Per), "quantity", p.Amount(*c.Quantity, c.Unit))
}

// Distance writes metres as metres or kilometres.
func (p *Printer) Distance(metres float64) string {
	if metres < 1000 {
		return p.T("distance.metres", "metres", int64(metres))
	}
	decimals := 1
	if metres >= 10_000 {
		decimals = 0
	}
	return p.T("distance.kilometres", "kilometres", strconv.FormatFloat(metres/1000, 'f', decimals, 64))
}
