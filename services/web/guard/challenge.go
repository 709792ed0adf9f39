package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"heli/pkg/seal"
)

// A challenge asks for several small puzzles in place of one large, so that the
// work varies little: its answers are numbers n_i for which SHA-256 of
// "<mac>:<i>:<n_i>" begins with puzzleBits zero bits. That is 8 × 2^13 hashes on
// average and twice as many in one of a hundred cases: 0.15 s in the middle on a
// desktop, well under 2 s on a phone. Checking takes 8. proof.js solves them.
const (
	puzzles    = 8
	puzzleBits = 13
	nonceBytes = 16
	maxAnswer  = 12 // digits
	// challengeLife lets somebody in distress take a day for a form.
	challengeLife = 24 * time.Hour
	// fastest is the shortest time in which a person fills a form.
	fastest = 3 * time.Second
)

// challenge is what a form asks of the browser.
type challenge struct {
	nonce  string
	issued time.Time
	mac    string
}

// Challenge returns the text of a fresh challenge. It is not stored.
func (g *Guard) Challenge() string {
	raw := make([]byte, nonceBytes)
	_, _ = rand.Read(raw) // crypto/rand.Read never returns an error
	body := strconv.FormatInt(g.clock().Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString(raw)
	return body + "." + g.keys.Token("challenge", body, 0)
}

// parseChallenge reads a challenge and reports whether it is one of ours.
func parseChallenge(keys *seal.Keys, text string) (challenge, bool) {
	at := strings.LastIndexByte(text, '.')
	if at < 0 || !keys.CheckToken(text[at+1:], "challenge", text[:at], 0) {
		return challenge{}, false
	}
	issued, nonce, _ := strings.Cut(text[:at], ".")
	seconds, err := strconv.ParseInt(issued, 10, 64)
	return challenge{nonce: nonce, issued: time.Unix(seconds, 0), mac: text[at+1:]}, err == nil
}

// solvedBy reports whether a proof, the answers with commas between, is right.
func (c challenge) solvedBy(proof string) bool {
	answers := strings.Split(proof, ",")
	if len(answers) != puzzles {
		return false
	}
	for i, answer := range answers {
		if len(answer) > maxAnswer || !solves(c.mac, i, answer) {
			return false
		}
	}
	return true
}

func solves(mac string, puzzle int, answer string) bool {
	sum := sha256.Sum256([]byte(mac + ":" + strconv.Itoa(puzzle) + ":" + answer))
	return bits.LeadingZeros16(uint16(sum[0])<<8|uint16(sum[1])) >= puzzleBits
}
