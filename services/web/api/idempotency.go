package api

import (
	"context"
	"net/http"
	"strings"
	"unicode"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// A key that nobody's credential scopes must not be guessable, since a repeat
// is told the first answer, tracking token included. 22 characters of base64
// hold 132 bits; keys of few different characters hold less than they look.
const (
	minPublicKey      = 22
	minPublicDistinct = 8
)

// KeyInput is what every write takes.
type KeyInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Repeating a call under the same key gives the first answer, for 7 days; another body under it is a conflict. Required, with at least 128 random bits (22 characters), when no API key is sent."`
}

// key returns the key as the services know it: scoped by credential and route,
// empty when none was sent.
func (in KeyInput) key(ctx context.Context) string {
	if in.IdempotencyKey == "" {
		return ""
	}
	c := callFrom(ctx)
	return c.credential + ":" + c.operation + ":" + in.IdempotencyKey
}

// submissionKey is key for submissions, which the public may send too.
func (in KeyInput) submissionKey(ctx context.Context) (string, error) {
	if contract.ActorFrom(ctx).Role == contract.RolePublic {
		if code := weakness(in.IdempotencyKey); code != "" {
			return "", in.refuse(ctx, code)
		}
	}
	return in.key(ctx), nil
}

func (in KeyInput) refuse(ctx context.Context, code string) error {
	p := newProblem(http.StatusUnprocessableEntity, "invalid", "a call without an API key needs an Idempotency-Key of at least 128 random bits")
	field := fault.Field{Location: "header.Idempotency-Key", Code: code}
	p.Errors = []ProblemField{fieldOf(callFrom(ctx).printer, field.Location, field)}
	return p
}

// weakness returns why a key is not good enough for the public, or nothing.
func weakness(key string) string {
	if key == "" {
		return "required"
	}
	different := map[rune]bool{}
	for _, letter := range key {
		if letter > unicode.MaxASCII || !unicode.IsLetter(letter) && !unicode.IsDigit(letter) && !strings.ContainsRune("-_.+/=:", letter) {
			return weakKey
		}
		different[letter] = true
	}
	if len(key) < minPublicKey || len(different) < minPublicDistinct {
		return weakKey
	}
	return ""
}

// weakKey is the code of a key that could be guessed.
const weakKey = "weak_key"
