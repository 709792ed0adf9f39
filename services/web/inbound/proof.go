package inbound

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

// newSecret returns a secret of 192 random bits, to be pasted into a form builder.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return "hin_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// proves reports whether a post shows that it knows one of the secrets. It takes as
// long for a wrong proof as for a right one.
func (s Settings) proves(p Post, secrets []string) bool {
	given := given(s, p)
	right := false
	for _, secret := range secrets {
		if s.Proof == Signature {
			right = signs(given, p.Body, secret) || right
		} else {
			right = same(given, []byte(secret)) || right
		}
	}
	return right && len(given) > 0
}

// given returns the proof that a post brings: the header's; of a secret also the
// password of Basic, a bearer, or the query's.
func given(s Settings, p Post) []byte {
	text := p.Header.Get(s.header())
	if s.Proof == Secret && text == "" {
		request := http.Request{Header: p.Header}
		if _, password, ok := request.BasicAuth(); ok {
			text = password
		} else if bearer, ok := strings.CutPrefix(p.Header.Get("Authorization"), "Bearer "); ok {
			text = bearer
		} else {
			text = p.Query.Get("secret")
		}
	}
	return []byte(strings.TrimSpace(text))
}

// signs reports whether a text is the HMAC-SHA256 of a body, in hex or base64, with
// "sha256=" before it or without.
func signs(given, body []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	sum := mac.Sum(nil)
	text := strings.TrimPrefix(string(given), "sha256=")
	inHex := same([]byte(strings.ToLower(text)), []byte(hex.EncodeToString(sum)))
	inBase64 := same([]byte(text), []byte(base64.StdEncoding.EncodeToString(sum)))
	return inHex || inBase64
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
