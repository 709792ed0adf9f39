package main

import (
	"encoding/json"
	"fmt"
)

// result prints what a command found: the document as JSON, or the text.
func (t terminal) result(asJSON bool, document any, text string) error {
	if asJSON {
		content, err := json.MarshalIndent(document, "", "  ")
		if err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
		text = string(content) + "\n"
	}
	if _, err := fmt.Fprint(t.out, text); err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	return nil
}

// tell says on the way how things go.
func (t terminal) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(t.err, format+"\n", args...) // nobody is left to tell
}
