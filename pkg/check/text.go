package check

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"

	"heli/pkg/contract"
)

// DemoPhone begins the numbers of the demo's invented people: +86 100 0000 xxxx
// is in no operator's plan and rings nowhere. It passes as a phone.
const DemoPhone = "+861000000"

const (
	demoPhoneLength = len(DemoPhone) + 4
	defaultRegion   = "CN"
	maxPhone        = 40
	maxEmail        = 254 // RFC 5321, section 4.5.3.1.3
	maxLanguages    = 20
	maxToken        = 64
)

// Text reports a line of text that is missing, too long, holds characters that
// no line holds, or nothing that can be read. Lengths are in characters; a min
// of 0 lets it be empty.
func (c *Checker) Text(location, s string, min, max int) { c.text(location, s, min, max, false) }

// Paragraph is Text that may hold several lines.
func (c *Checker) Paragraph(location, s string, min, max int) { c.text(location, s, min, max, true) }

func (c *Checker) text(location, s string, min, max int, lines bool) {
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	switch {
	case n == 0 && min > 0:
		c.Add(location, Required)
	case n == 0 && len(s) <= 4*max:
	case !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError):
		c.Add(location, NotText)
	case utf8.RuneCountInString(s) > max:
		c.Add(location, TooLong, "max", max)
	case n < min:
		c.Add(location, TooShort, "min", min)
	case strings.ContainsFunc(s, func(r rune) bool { return control(r, lines) }):
		c.Add(location, ControlCharacters)
	case strings.ContainsFunc(s, directing) || !readable(s):
		c.Add(location, WrongScript)
	}
}

func control(r rune, lines bool) bool {
	if lines && (r == '\n' || r == '\r' || r == '\t') {
		return false
	}
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// directing reports the characters that change the direction of what follows
// them: they make a text look like another one (Unicode TR 36, section 2.8).
func directing(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// readable reports that there is at least a letter or a digit.
func readable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// Token reports a short technical name, such as a skill or a source, that is
// too long or holds spaces or control characters. Empty is allowed.
func (c *Checker) Token(location, s string) {
	c.Text(location, s, 0, maxToken)
	if strings.ContainsFunc(s, unicode.IsSpace) {
		c.Add(location, Malformed)
	}
}

// Tokens reports a list of technical names that is too long or holds a wrong one.
func (c *Checker) Tokens(location string, list []string, max int) {
	if !c.Size(location, len(list), 0, max) {
		return
	}
	for i, s := range list {
		if s == "" {
			c.Add(At(location, i, ""), Required)
		}
		c.Token(At(location, i, ""), s)
	}
}

// NormalPhone returns a phone in E.164 form, and false for what cannot be one.
// Without a country code it is read as a Chinese number. The demo's range passes.
func NormalPhone(s string) (string, bool) {
	if len(s) > maxPhone {
		return "", false
	}
	if plain(s) {
		return s, true
	}
	number, err := phonenumbers.Parse(s, defaultRegion)
	if err != nil {
		return "", false
	}
	normal := phonenumbers.Format(number, phonenumbers.E164)
	return normal, demoPhone(normal) || phonenumbers.IsValidNumber(number)
}

// plain reports a number that needs no reading: in E.164 form, of the demo or
// of the blocks +86 13… and 18…, which are mobile phones throughout. Reading
// costs a tenth of a submission, and happens more than once.
func plain(s string) bool {
	if len(s) != demoPhoneLength || !strings.HasPrefix(s, "+86") {
		return false
	}
	if strings.ContainsFunc(s[1:], func(r rune) bool { return r < '0' || r > '9' }) {
		return false
	}
	return demoPhone(s) || s[3:5] == "13" || s[3:5] == "18"
}

func demoPhone(normal string) bool {
	return strings.HasPrefix(normal, DemoPhone) && len(normal) == demoPhoneLength
}

// Phone reports what cannot be a phone number; empty is allowed.
func (c *Checker) Phone(location, s string) {
	if s == "" {
		return
	}
	if _, ok := NormalPhone(s); !ok {
		c.Add(location, NotAPhone)
	}
}

// Email reports what cannot be a mail address; empty is allowed.
func (c *Checker) Email(location, s string) {
	if s == "" {
		return
	}
	address, err := mail.ParseAddress(s)
	if err != nil || address.Address != s || len(s) > maxEmail {
		c.Add(location, NotAnEmail)
	}
}

// Contact reports a contact without a name or without any way to reach the
// person, and every wrong field in it.
func (c *Checker) Contact(location string, v contract.Contact) {
	c.Text(location+".name", v.Name, 1, 100)
	c.Phone(location+".phone", v.Phone)
	c.Email(location+".email", v.Email)
	c.Text(location+".wechat", v.Wechat, 0, 60)
	c.Text(location+".safe_hours", v.SafeHours, 0, 200)
	if v.Phone == "" && v.Email == "" && v.Wechat == "" {
		c.Add(location+".phone", ContactWayRequired)
	}
}

// Languages reports every element that is no BCP 47 tag.
func (c *Checker) Languages(location string, tags []string) {
	if !c.Size(location, len(tags), 0, maxLanguages) {
		return
	}
	for i, tag := range tags {
		c.Language(At(location, i, ""), tag)
	}
}

// Language reports what is no BCP 47 tag, such as "zh-Hans" or "yue".
func (c *Checker) Language(location, tag string) {
	if len(tag) > maxToken {
		c.Add(location, NotALanguage)
		return
	}
	if _, err := language.Parse(tag); err != nil {
		c.Add(location, NotALanguage)
	}
}
