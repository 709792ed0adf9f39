// Package cursor owns the form in which a place in a list travels: opaque and
// URL-safe. What a cursor holds is the list's own affair; it is not secret and
// not trusted, so a list checks sight anew on every page.
package cursor

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"heli/pkg/fault"
)

// maxLength keeps a foreign text from being decoded at length.
const maxLength = 1024

// Encode returns the place as text. It panics on a value that JSON cannot
// hold, which is a defect of the caller.
func Encode(place any) string {
	data, err := json.Marshal(place)
	if err != nil {
		//nolint:forbidigo // a defect of the caller, not a condition
		panic(fmt.Errorf("encode cursor: %w", err))
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// Decode reads a text of Encode into place and returns whether there was one:
// false for the empty cursor of a first page. Anything else than a cursor is
// Invalid.
func Decode(text string, place any) (bool, error) {
	if text == "" {
		return false, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, place)
	}
	if err != nil || len(text) > maxLength {
		return false, fault.NewInvalid(fault.Field{Location: "cursor", Code: "malformed"}).Because(err)
	}
	return true, nil
}

// Limits of a page: what is asked for nothing, and what is given at most.
const (
	defaultLimit = 50
	maxLimit     = 100
)

// Limit returns how many rows a page holds; Invalid outside 0 to 100.
func Limit(asked int) (int, error) {
	switch {
	case asked == 0:
		return defaultLimit, nil
	case asked < 0 || asked > maxLimit:
		args := map[string]any{"min": 1, "max": maxLimit}
		return 0, fault.NewInvalid(fault.Field{Location: "limit", Code: "out_of_range", Args: args})
	default:
		return asked, nil
	}
}
