package contract

import "strings"

// Endpoint names a call: its subject and the types of question and answer.
type Endpoint[Q, R any] struct {
	Subject string
}

// Service returns the service that answers: the second part of the subject.
func (e Endpoint[Q, R]) Service() string { return strings.Split(e.Subject, ".")[1] }

// Verb returns the last part of the subject.
func (e Endpoint[Q, R]) Verb() string { return e.Subject[strings.LastIndexByte(e.Subject, '.')+1:] }

// Empty is a question or an answer that says nothing.
type Empty struct{}

// Page asks for a part of a list.
type Page struct {
	Limit  int    `json:"limit,omitempty"`  // 1 to 100; 0 means 50
	Cursor string `json:"cursor,omitempty"` // opaque, URL-safe; empty for the first page
}

// Listing is a part of a list; NextCursor is empty on the last page.
type Listing[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}
