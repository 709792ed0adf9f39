package vault

import "time"

// Retention says how long what has ended is kept, in days; 0 keeps it for good.
type Retention struct {
	KeepContactsDays int `name:"keep-contacts-days" env:"HELI_KEEP_CONTACTS_DAYS" default:"180" placeholder:"DAYS" help:"How long the contact of a request or offer is kept after its end; 0 for good."`
	KeepClosedDays   int `name:"keep-closed-days" env:"HELI_KEEP_CLOSED_DAYS" default:"730" placeholder:"DAYS" help:"How long a request or offer is kept after its end, before everything personal of it is erased; 0 for good."`
}

// Contacts returns the time before which things must have ended for their contact
// to go; the zero time when contacts are kept for good. Closed is the same for
// everything personal.
func (r Retention) Contacts(now time.Time) time.Time { return before(now, r.KeepContactsDays) }

// Closed is documented at Contacts.
func (r Retention) Closed(now time.Time) time.Time { return before(now, r.KeepClosedDays) }

func before(now time.Time, days int) time.Time {
	if days <= 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, -days)
}
