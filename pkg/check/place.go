package check

import (
	"math"
	"strings"
	"time"

	"heli/pkg/contract"
)

const (
	// MaxQuantity bounds amounts: ten billion yuan in fen.
	MaxQuantity = int64(1_000_000_000_000)
	maxWindows  = 168 // the hours of a week
	maxRadiusM  = 5_000_000
	maxPurposes = 20
)

// Region reports a region that the snapshot does not know.
func (c *Checker) Region(location, code string) {
	if code == "" {
		c.Add(location, Required)
	} else if _, ok := c.ref.Region(code); !ok {
		c.Add(location, Unknown)
	}
}

// Category reports a category that the snapshot does not know.
func (c *Checker) Category(location, code string) {
	if code == "" {
		c.Add(location, Required)
	} else if _, ok := c.ref.Category(code); !ok {
		c.Add(location, Unknown)
	}
}

// Offered reports a category that the snapshot does not know, or that has been
// retired: nothing new takes it.
func (c *Checker) Offered(location, code string) {
	if known, ok := c.ref.Category(code); ok && known.Retired {
		c.Add(location, Unknown)
		return
	}
	c.Category(location, code)
}

// Item reports an item that the snapshot does not know; empty is allowed.
func (c *Checker) Item(location, code string) {
	if _, ok := c.ref.Item(code); !ok && code != "" {
		c.Add(location, Unknown)
	}
}

// Quantity reports an amount below 1 or above MaxQuantity; nil is "not stated".
func (c *Checker) Quantity(location string, n *int64) { c.between(location, n, MaxQuantity) }

// Radius reports a distance in metres that is none.
func (c *Checker) Radius(location string, metres *int64) { c.between(location, metres, maxRadiusM) }

func (c *Checker) between(location string, n *int64, max int64) {
	if n != nil && (*n < 1 || *n > max) {
		c.Add(location, OutOfRange, "min", 1, "max", max)
	}
}

// Point reports degrees that are nowhere; nil is allowed.
func (c *Checker) Point(location string, p *contract.Point) {
	if p == nil {
		return
	}
	if !(math.Abs(p.Lat) <= 90) { // also refuses what is no number
		c.Add(location+".lat", OutOfRange, "min", -90, "max", 90)
	}
	if !(math.Abs(p.Lon) <= 180) {
		c.Add(location+".lon", OutOfRange, "min", -180, "max", 180)
	}
}

// usualZone is that of nearly all rows: it is right without being read from disk
// each time.
const usualZone = "Asia/Shanghai"

// Zone reports what is no IANA time zone; empty is allowed.
func (c *Checker) Zone(location, name string) {
	if name == "" || name == usualZone {
		return
	}
	// "Local" would be this machine's zone.
	if _, err := time.LoadLocation(name); err != nil || name == "Local" || len(name) > maxToken {
		c.Add(location, NotAZone)
	}
}

// Windows reports weekly spans whose weekday or times are none. A span that
// ends at or before its begin runs past midnight.
func (c *Checker) Windows(location string, windows []contract.Window) {
	if !c.Size(location, len(windows), 0, maxWindows) {
		return
	}
	for i, w := range windows {
		if w.Weekday < 1 || w.Weekday > 7 {
			c.Add(At(location, i, "weekday"), OutOfRange, "min", 1, "max", 7)
		}
		if !clock(w.From) || w.From == "24:00" {
			c.Add(At(location, i, "from"), NotATime)
		}
		if !clock(w.To) {
			c.Add(At(location, i, "to"), NotATime)
		}
	}
}

// clock reports whether s is "HH:MM" from 00:00 to 24:00.
func clock(s string) bool {
	if s == "24:00" {
		return true
	}
	_, err := time.Parse("15:04", s)
	return err == nil && len(s) == len("15:04")
}

// Between reports a time before the earliest or after the latest; nil is allowed.
func (c *Checker) Between(location string, t *time.Time, earliest, latest time.Time) {
	switch {
	case t == nil:
	case t.Before(earliest):
		c.Add(location, InThePast)
	case t.After(latest):
		c.Add(location, TooLate)
	}
}

// Guardian looks at who answers for a person in need. Where minor is set it has to
// be said whether a guardian agrees; that none can be asked is said, too.
func (c *Checker) Guardian(minor bool, consent contract.Consent, contact contract.Contact) {
	switch {
	case consent.Guardian != "":
		OneOf(c, "consent.guardian", consent.Guardian, []string{contract.GuardianGiven, contract.GuardianUnreachable})
	case minor:
		c.Add("consent.guardian", "guardian")
	}
	if consent.Guardian == contract.GuardianGiven && strings.TrimSpace(contact.Guardian) == "" {
		c.Add("contact.guardian", Required)
	}
	c.Text("contact.guardian", contact.Guardian, 0, maxGuardian)
}

// maxGuardian is how long a guardian's name and relationship may be.
const maxGuardian = 100

// Consent reports a consent that names no version of its text.
func (c *Checker) Consent(location string, v contract.Consent) {
	if v.Version == "" {
		c.Add(location+".version", Required)
	}
	c.Token(location+".version", v.Version)
	c.Tokens(location+".purposes", v.Purposes, maxPurposes)
}
