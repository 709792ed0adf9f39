package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
)

const (
	tokenBytes = 24 // 192 bits
	pinLetters = 10 // 45 bits: guarded by a limit of tries
)

// pinAlphabet leaves out letters that people mix up by ear or on paper, as the
// codes of pkg/contract do.
const pinAlphabet = "34679ACDEFGHJKMNPQRTWXY"

// Token returns the secret that speaks for one thing, such as ("request", its
// id, 0): 32 characters, URL-safe. It is never stored: the same arguments give
// the same token, and a higher generation makes the former ones worthless.
func (k *Keys) Token(purpose, id string, generation int) string {
	return k.primary().tokenOf(purpose, id, generation)
}

// Bearer returns the token with its purpose and id before it, such as
// "track_<id>.<secret>": the text that people are given.
func (k *Keys) Bearer(purpose, id string, generation int) string {
	return purpose + "_" + id + "." + k.Token(purpose, id, generation)
}

// CheckToken reports, in constant time, whether the token is the one that
// Token returns.
func (k *Keys) CheckToken(token, purpose, id string, generation int) bool {
	right := false
	for _, set := range k.all {
		right = equal(token, set.tokenOf(purpose, id, generation)) || right
	}
	return right
}

// Pin returns a secret of 10 letters for people to type beside a code. Tries
// must be limited.
func (k *Keys) Pin(purpose, id string, generation int) string {
	return k.primary().pinOf(purpose, id, generation)
}

// wordLetters are few, to be said on the phone: a word is no key to anything.
const wordLetters = 4

// CodeWord returns what both sides of a thing can tell each other on the phone, to
// know who calls: 4 letters, the same for both.
func (k *Keys) CodeWord(id string) string {
	return k.primary().pinOf("code_word", id, 0)[:wordLetters]
}

// CheckPin reports, in constant time, whether the typed PIN is the one that Pin
// returns. Case, spaces and dashes do not matter.
func (k *Keys) CheckPin(typed, purpose, id string, generation int) bool {
	pin := strings.NewReplacer(" ", "", "-", "").Replace(strings.ToUpper(strings.TrimSpace(typed)))
	right := false
	for _, set := range k.all {
		right = equal(pin, set.pinOf(purpose, id, generation)) || right
	}
	return right
}

func (s keySet) tokenOf(purpose, id string, generation int) string {
	return text(digest(s.token, purpose, id, strconv.Itoa(generation))[:tokenBytes])
}

// pinOf takes the digest as a number in base 23. 256 bits over 46 leave no bias
// that could be measured.
func (s keySet) pinOf(purpose, id string, generation int) string {
	number := new(big.Int).SetBytes(digest(s.pin, purpose, id, strconv.Itoa(generation)))
	base, digit := big.NewInt(int64(len(pinAlphabet))), new(big.Int)
	var pin [pinLetters]byte
	for i := range pin {
		number.DivMod(number, base, digit)
		pin[i] = pinAlphabet[digit.Int64()]
	}
	return string(pin[:])
}

// digest returns HMAC-SHA256 of the parts, each behind its length, so that no
// two lists of parts read alike.
func digest(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:]) // a hash never returns an error
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
