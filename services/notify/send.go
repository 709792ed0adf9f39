package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	attemptTime    = 15 * time.Second // from the look-up to the last byte read
	maxAnswerBytes = 64 << 10
	maxExcerpt     = 1024 // bytes
)

// attempt sends a delivery once and returns what came of it.
func (s *Service) attempt(ctx context.Context, t task) result {
	secrets, err := s.openSecrets(t.EndpointID, t.Secrets)
	if err != nil {
		s.log.Error("cannot sign for a webhook endpoint", "endpoint", t.EndpointID, "error", err)
		return result{reason: reasonSecret}
	}
	ctx, cancel := context.WithTimeout(ctx, s.tuning.timeout)
	defer cancel()
	began := time.Now()
	r := s.post(ctx, t, secrets)
	r.duration = time.Since(began)
	return r
}

func (s *Service) post(ctx context.Context, t task, secrets []string) result {
	out, err := s.newRequest(ctx, t, secrets)
	if err != nil {
		s.log.Error("cannot write to an endpoint", "endpoint", t.EndpointID, "delivery", t.ID, "error", err)
		return result{reason: reasonUnwritten}
	}
	response, err := s.clients[out.request.URL.Scheme].Do(out.request)
	if err != nil {
		return result{reason: reasonOfError(err)}
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	_ = response.Body.Close() // what was read counts; the rest is not wanted
	r := result{status: response.StatusCode, reason: s.reason(t, response.StatusCode, answer)}
	r.answer = excerpt(answer, out.hidden)
	switch {
	case err != nil && response.StatusCode < 300:
		r.reason = reasonOfError(err)
	case r.reason != "":
		r.retryAfter = retryAfter(response.Header.Get("Retry-After"), s.now())
		if r.reason == reasonSlowDown && r.retryAfter == 0 {
			r.retryAfter = vendors[t.Kind].pause
		}
	case t.Type == typeVerify && !t.Exempt && !t.Kind.Robot() && !proves(answer, s.challenge(t.EventID)):
		r.reason = reasonChallenge
	}
	return r
}

// reason returns why an answer is a failure, or nothing.
func (s *Service) reason(t task, status int, answer []byte) string {
	if t.Kind.Robot() {
		return robotReason(t.Kind, status, answer)
	}
	return reasonOf(status)
}

// newRequest returns an attempt as the kind of the endpoint wants it.
func (s *Service) newRequest(ctx context.Context, t task, secrets []string) (outgoing, error) {
	out, err := outgoing{}, error(nil)
	if t.Kind.Robot() {
		out, err = s.robotRequest(ctx, t, secrets[0])
	} else {
		out, err = s.webhookRequest(ctx, t, secrets)
	}
	if err != nil {
		return out, err
	}
	out.request.Header.Set("User-Agent", "Heli-Webhook/1")
	// Not sent: it tells net/http that the request may be repeated when a kept
	// connection turns out to be closed. The webhook id makes that harmless.
	out.request.Header["Idempotency-Key"] = nil
	return out, nil
}

// webhookRequest returns an event as Standard Webhooks sends it, signed.
func (s *Service) webhookRequest(ctx context.Context, t task, secrets []string) (outgoing, error) {
	body := []byte(t.Document)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return outgoing{}, fmt.Errorf("address a webhook: %w", err)
	}
	if request.Header, err = signatureHeaders(t.EventID, s.now(), body, secrets); err != nil {
		return outgoing{}, err
	}
	request.Header.Set("Content-Type", contentType)
	hidden := append(secrets, s.challenge(t.EventID), request.Header.Get(webhook.HeaderWebhookSignature))
	return outgoing{request: request, hidden: hidden}, nil
}

// reasonOfError names the failure of a request without quoting it.
func reasonOfError(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var timeout *url.Error
	switch {
	case errors.Is(err, errAddress):
		return reasonAddress
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return reasonTimeout
	case errors.As(err, &dns):
		return reasonDNS
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert):
		return reasonTLS
	default:
		return reasonConnection
	}
}

// retryAfter reads the header in both its forms (RFC 9110, 10.2.3): seconds or a
// date. What is unreadable or past is 0; nobody is waited for longer than a day.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// proves reports whether an answer is the challenge: alone, or as the member
// "challenge" of a JSON object. Merely echoing the event is no proof.
func proves(answer []byte, challenge string) bool {
	var object struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(answer, &object) == nil && object.Challenge == challenge {
		return true
	}
	return strings.TrimSpace(string(answer)) == challenge
}

var anySecret = regexp.MustCompile(secretPrefix + `[A-Za-z0-9+/_=-]*`)

// excerpt returns the beginning of an answer as one line of text, without the
// secrets, which a careless receiver may echo.
func excerpt(answer []byte, secrets []string) string {
	text := anySecret.ReplaceAllString(string(answer), "…")
	for _, secret := range secrets {
		for part := range strings.FieldsSeq(secret) {
			part = strings.TrimPrefix(strings.TrimPrefix(part, "v1,"), secretPrefix)
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return strings.TrimSpace(cut(text, maxExcerpt))
}

// cut shortens a text to at most so many bytes without splitting a character.
func cut(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	for bytes > 0 && !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes]
}
