// Package contract owns the messages and subjects that Heli's services share:
// the only thing they share in meaning. It holds no rule of any service and
// does no I/O.
package contract

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Ids are UUIDv7 (RFC 9562) in text form, opaque to everybody outside, and
// distinct types, so that none is taken for another.

// RequestID names a request.
type RequestID string

// NeedLineID names a need line of a request.
type NeedLineID string

// OfferID names an offer.
type OfferID string

// OfferLineID names an offer line of an offer.
type OfferLineID string

// MatchID names a match.
type MatchID string

// OrganisationID names an organisation.
type OrganisationID string

// PersonID names somebody who works in an organisation.
type PersonID string

// HelperID names a helper.
type HelperID string

// EventID names a fact.
type EventID string

// EndpointID names a webhook's endpoint.
type EndpointID string

// DeliveryID names a fact's way to an endpoint.
type DeliveryID string

// MessageID names a message to a person.
type MessageID string

// NoteID names a remark of staff.
type NoteID string

// APIKeyID names a key of the API.
type APIKeyID string

// NewID returns a fresh UUIDv7. It panics when the system has no randomness,
// since nothing safe can go on from there.
func NewID[T ~string]() T { return T(uuid.Must(uuid.NewV7()).String()) }

// IDTime returns when an id was made, to the millisecond; false for what is no
// UUIDv7 (RFC 9562, section 5.7).
func IDTime[T ~string](id T) (time.Time, bool) {
	parsed, err := uuid.Parse(string(id))
	if err != nil || parsed.Version() != 7 {
		return time.Time{}, false
	}
	ms := int64(binary.BigEndian.Uint64(parsed[:8]) >> 16)
	return time.UnixMilli(ms).UTC(), true
}

// ValidID reports whether the text has the form of an id. Services check it
// before a look-up, so that a malformed id is as unknown as a foreign one.
func ValidID[T ~string](id T) bool {
	return len(id) == 36 && uuid.Validate(string(id)) == nil
}

// codeAlphabet leaves out 0 O, 1 I L, U V, 5 S, 8 B, 2 Z: letters that people
// mix up by ear or on paper. 23 is prime, so that the check letter finds every
// single wrong letter and every swap of neighbours.
const codeAlphabet = "34679ACDEFGHJKMNPQRTWXY"

const codeLetters = 8

// NewCode returns a short code such as "K7FM-3QRAG" for people to read out: 8
// random letters (36 bits) and a check letter. Uniqueness is the store's duty.
func NewCode() string {
	raw := make([]byte, codeLetters)
	for i := range raw {
		raw[i] = codeAlphabet[randomBelow(len(codeAlphabet))]
	}
	return formatCode(string(raw) + string(checkLetter(string(raw))))
}

// ParseCode returns the canonical form of a typed code and whether its check
// letter is right. Case, spaces and dashes do not matter.
func ParseCode(typed string) (string, bool) {
	letters := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(typed)))
	if len(letters) != codeLetters+1 {
		return "", false
	}
	for _, r := range letters {
		if !strings.ContainsRune(codeAlphabet, r) {
			return "", false
		}
	}
	if checkLetter(letters[:codeLetters]) != letters[codeLetters] {
		return "", false
	}
	return formatCode(letters), true
}

func formatCode(letters string) string { return letters[:4] + "-" + letters[4:] }

// checkLetter makes the sum of all nine letters, weighted by their places 1 to
// 9, a multiple of 23, as ISBN-10 does with 11.
func checkLetter(letters string) byte {
	sum := 0
	for i := range letters {
		sum += (i + 1) * strings.IndexByte(codeAlphabet, letters[i])
	}
	return codeAlphabet[sum*ninthInverse%len(codeAlphabet)]
}

// ninthInverse solves 9·c + sum ≡ 0 (mod 23): -1/9 ≡ 5.
const ninthInverse = 5

// randomBelow draws without bias by rejecting the last partial range.
func randomBelow(n int) int {
	limit := 256 - 256%n
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // crypto/rand.Read never returns an error
		if int(b[0]) < limit {
			return int(b[0]) % n
		}
	}
}
