// Package bounce owns the reading of mail that came back: delivery status
// notifications (RFC 3464), as a mail server's pipe or a provider posts them. It
// keeps nothing of them, and never decides what follows.
package bounce

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// MaxBytes bounds a notification: it may hold the mail that came back, of which
// ours are small.
const MaxBytes = 1 << 20

const (
	maxParts  = 20
	maxBlocks = 20
)

// addressed are the header fields that may hold the envelope's sender of the mail
// that came back, to which a notification goes.
var addressed = []string{"X-Original-To", "Delivered-To", "Envelope-To", "To"}

// token is the name of a message in the address that it goes back to (VERP).
var token = regexp.MustCompile(`\+([A-Za-z2-7]{26}-[A-Za-z2-7]{16})@`)

// status is an enhanced status code (RFC 3463) before a remark in parentheses.
var status = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}`)

// Read returns which message a notification is about and what became of it.
// Whatever is none, or names no message of ours, is Invalid.
func Read(content []byte) (contract.MailBounce, error) {
	message, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return contract.MailBounce{}, wrong("bounce_unreadable", err)
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || !strings.EqualFold(parameters["report-type"], "delivery-status") {
		return contract.MailBounce{}, wrong("bounce_no_report", errors.New("no multipart/report of delivery-status"))
	}
	found := contract.MailBounce{Token: tokenIn(message.Header)}
	if err := readParts(message.Body, parameters["boundary"], &found); err != nil {
		return contract.MailBounce{}, wrong("bounce_unreadable", err)
	}
	switch {
	case found.Action == "":
		return contract.MailBounce{}, wrong("bounce_no_report", errors.New("no recipient with an action"))
	case found.Token == "":
		return contract.MailBounce{}, wrong("bounce_unnamed", errors.New("no address that names a message"))
	}
	return found, nil
}

func wrong(code string, because error) error {
	return fault.NewInvalid(fault.Field{Location: "body", Code: code}).Because(because)
}

func tokenIn(header mail.Header) string {
	for _, name := range addressed {
		for _, value := range header[textproto.CanonicalMIMEHeaderKey(name)] {
			if m := token.FindStringSubmatch(value); m != nil {
				return m[1]
			}
		}
	}
	return ""
}

// readParts looks through the parts of a report: what became of the recipient, and
// the mail itself, whose Return-Path names it where the report's own header does not.
func readParts(body io.Reader, boundary string, found *contract.MailBounce) error {
	parts := multipart.NewReader(body, boundary)
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read part: %w", err)
		}
		if err := readPart(part, found); err != nil {
			return err
		}
	}
	return errors.New("too many parts")
}

func readPart(part *multipart.Part, found *contract.MailBounce) error {
	kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil {
		return nil //nolint:nilerr // a part of no kind is the words for people
	}
	var content io.Reader = part
	if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "base64") {
		content = base64.NewDecoder(base64.StdEncoding, part)
	}
	switch kind {
	case "message/delivery-status", "message/global-delivery-status":
		return readStatus(content, found)
	case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
		header, err := textproto.NewReader(bufio.NewReader(content)).ReadMIMEHeader()
		if err != nil && !errors.Is(err, io.EOF) || found.Token != "" {
			return nil //nolint:nilerr // what is cut off may name it all the same, elsewhere
		}
		if m := token.FindStringSubmatch(header.Get("Return-Path")); m != nil {
			found.Token = m[1]
		}
	}
	return nil
}

// readStatus reads the fields of the message, which are not wanted, and those of its
// recipients: ours have one, and of several a failure counts.
func readStatus(content io.Reader, found *contract.MailBounce) error {
	blocks := textproto.NewReader(bufio.NewReader(content))
	for range maxBlocks {
		fields, err := blocks.ReadMIMEHeader()
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("read status: %w", err)
		}
		action := strings.ToLower(strings.TrimSpace(fields.Get("Action")))
		if action != "" && (found.Action == "" || action == "failed") {
			found.Action, found.Status = action, status.FindString(strings.TrimSpace(fields.Get("Status")))
		}
		if last {
			return nil
		}
	}
	return errors.New("too many recipients")
}
