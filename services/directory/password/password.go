// Package password owns which passwords are good enough and how they are kept:
// as argon2id hashes (RFC 9106). It knows no person and stores nothing.
package password

import (
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"
)

// Lengths of a password, in characters.
const (
	MinLength = 12
	MaxLength = 128
)

// Codes of what is wrong with a password.
const (
	TooShort = "too_short"
	TooLong  = "too_long"
	// Common is one that is found by trying what many people choose.
	Common = "common_password"
)

// memoryKiB, passes and lanes are OWASP's parameters for argon2id: 19 MiB, so
// that many sign-ins at once do not take all of a small machine.
const (
	memoryKiB = 19 << 10
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// atOnce bounds the memory that checks of passwords take together.
const atOnce = 4

// Hasher makes and checks hashes, a few at a time. It is safe for concurrent use.
type Hasher struct {
	params argon2id.Params
	turn   chan struct{}
}

// dummy is a hash with the parameters above, compared with where there is none.
const dummy = "$argon2id$v=19$m=19456,t=2,p=1$XnoujiuGM5Wt8hGXo3p5nA$Zex1Sp+/rD2pEewnPcP0PMla0RoFcs9CHAGG0pQ/tlE"

// New returns a hasher.
func New() *Hasher {
	return &Hasher{
		params: argon2id.Params{Memory: memoryKiB, Iterations: passes, Parallelism: lanes, SaltLength: saltBytes, KeyLength: keyBytes},
		turn:   make(chan struct{}, atOnce),
	}
}

// Hash returns what is stored of a password.
func (h *Hasher) Hash(password string) (string, error) {
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	hash, err := argon2id.CreateHash(normal(password), &h.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Matches reports whether a password has the hash. For an empty hash, nobody's,
// it takes as long and is false.
func (h *Hasher) Matches(password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = dummy
	}
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	right, err := argon2id.ComparePasswordAndHash(normal(password), hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return right && known, nil
}

// Check returns what is wrong with a password: empty when it is good enough.
// own are words that say who chose it, such as their name. There are no rules
// about kinds of characters (NIST SP 800-63B-4).
func Check(password string, own ...string) string {
	switch n := utf8.RuneCountInString(normal(password)); {
	case n < MinLength:
		return TooShort
	case n > MaxLength:
		return TooLong
	case guessable(normal(password), own):
		return Common
	default:
		return ""
	}
}

// normal makes one text of those that look alike but are typed differently.
func normal(password string) string { return norm.NFKC.String(password) }
