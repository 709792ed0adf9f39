// Package reach owns when and where somebody may be written to: whether they
// agreed, which of their addresses, and at which hours. It does no I/O: the
// services that keep contacts ask it, and record each reading themselves.
package reach

import (
	"slices"
	"time"

	"heli/pkg/contract"
)

// Person is what is known of somebody without opening the contact.
type Person struct {
	Consent     contract.Consent
	Erased      bool
	MailBounces bool
	SafeHours   bool   // there are some
	Zone        string // IANA
	Digest      contract.Digest
}

// Decide says whether a message may go now. It opens the contact only where it
// may be needed, at most once; open records the reading before it reads. The
// answer holds a refusal, a time, or an address with its channel.
func Decide(p Person, q contract.AskReach, now time.Time, open func() (contract.Contact, error)) (contract.Reach, error) {
	if refusal := p.refusal(); refusal != "" {
		return contract.Reach{Refusal: refusal}, nil
	}
	now = now.In(zone(p.Zone))
	at, together := p.summary(q)
	if together && at.After(now) {
		return later(at), nil
	}
	if !p.SafeHours {
		if at := awake(nil, q, now); at.After(now) {
			return later(at), nil
		}
	}
	c, err := open()
	if err != nil {
		return contract.Reach{}, err
	}
	safe, understood := parseHours(c.SafeHours)
	if !understood {
		return contract.Reach{Refusal: contract.RefusedHours}, nil
	}
	channel, address, refusal := choose(c, q.Channels, p.MailBounces)
	if refusal != "" {
		return contract.Reach{Refusal: refusal}, nil
	}
	if at := awake(safe, q, now); at.After(now) {
		return later(at), nil
	}
	return contract.Reach{Channel: channel, Address: address, Summary: together}, nil
}

// answerTime is how long before something ends a message must come that tells of it.
const answerTime = 2 * time.Hour

// awake returns when somebody with these safe hours may be written to next: outside of
// quiet hours, unless that is too late.
func awake(safe hours, q contract.AskReach, now time.Time) time.Time {
	at := permitted(safe, q.Critical).next(now)
	if inTime(q.HeardBy, at) {
		return at
	}
	return permitted(safe, true).next(now)
}

// inTime reports whether a message that comes then leaves time to act on it.
func inTime(by *time.Time, at time.Time) bool { return by == nil || by.Sub(at) >= answerTime }

// summary returns when the summary comes that tells of a message, and whether it may
// wait for that. Safe hours, which only an opened contact tells, may delay a summary
// by a day.
func (p Person) summary(q contract.AskReach) (at time.Time, waits bool) {
	if p.Digest != contract.DigestDaily || q.AtOnce || q.Critical {
		return time.Time{}, false
	}
	at = Times{Digest: p.Digest, TimeZone: p.Zone}.Due(q.Since)
	latest := at
	if p.SafeHours {
		latest = at.AddDate(0, 0, 1)
	}
	return at, inTime(q.Until, latest) && inTime(q.HeardBy, latest)
}

func (p Person) refusal() string {
	switch {
	case p.Erased:
		return contract.RefusedErased
	case !p.Consent.Has(contract.PurposeMessages):
		return contract.RefusedConsent
	default:
		return ""
	}
}

func later(at time.Time) contract.Reach {
	at = at.UTC()
	return contract.Reach{NotBefore: &at}
}

// choose returns the first channel that the person has an address for. Mail that
// bounces gives way to the next channel.
func choose(c contract.Contact, channels []contract.Channel, bounces bool) (contract.Channel, string, string) {
	addresses := map[contract.Channel]string{contract.ChannelMail: c.Email, contract.ChannelSMS: c.Phone}
	if bounces && c.Email != "" {
		delete(addresses, contract.ChannelMail)
	}
	for _, channel := range channels {
		if address := addresses[channel]; address != "" {
			return channel, address, ""
		}
	}
	if bounces && slices.Contains(channels, contract.ChannelMail) {
		return "", "", contract.RefusedBounces
	}
	return "", "", contract.RefusedNoAddress
}

// zone falls back to UTC when this machine knows fewer zones than the one that
// took the submission in.
func zone(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return location
}
