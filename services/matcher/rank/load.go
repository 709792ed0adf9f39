package rank

import (
	"time"

	"heli/pkg/contract"
)

// UsualMinutes is what help counts of a helper's week where nobody says how long it
// takes, and the least room that a week must have for any.
const UsualMinutes = 60

// Load is how much was asked of a helper this week, over all organisations, and how
// much they take.
type Load struct {
	Used        int64      // asks
	Budget      *int64     // asks a week that the helper set; nil means none
	Minutes     int64      // of help agreed or given in the week
	MostMinutes *int64     // a week that the helper set; nil means none
	RestsUntil  *time.Time // after heavy help; nil means no rest
}

// Full reports whether no more can be asked in this week, whatever it is.
func (l *Load) Full() bool {
	return l.Budget != nil && l.Used >= *l.Budget || l.MostMinutes != nil && l.Minutes+UsualMinutes > *l.MostMinutes
}

// Timed reports whether an amount of a unit says how long help takes.
func Timed(u contract.Unit) bool { return u == "hour" || u == "session" }

// Minutes returns how many minutes of a helper's week an amount takes: an hour for
// each hour and session, and an hour for any other help.
func Minutes(u contract.Unit, quantity int64) int64 {
	if Timed(u) {
		return quantity * UsualMinutes
	}
	return UsualMinutes
}

// breaksLoad applies to helpers who set a limit alone: goods and rooms do not tire,
// and who set none is spared by the load factor instead.
func breaksLoad(q *Question, o *Offer) bool {
	return o.Helper != "" && (o.Load.Full() || o.Load.RestsUntil != nil && q.at.Now.Before(*o.Load.RestsUntil))
}

// room returns how much of the need's unit the helper's week has room for, and
// false where they set no hours or the unit is not one of time.
func (q *Question) room(o *Offer) (int64, bool) {
	if o.Helper == "" || o.Load.MostMinutes == nil || !Timed(q.need.Unit) {
		return 0, false
	}
	return max(*o.Load.MostMinutes-o.Load.Minutes, 0) / UsualMinutes, true
}

func (q *Question) budget(o *Offer) int64 {
	if o.Load.Budget != nil {
		return *o.Load.Budget
	}
	return q.at.Policy.WeeklyBudget
}
