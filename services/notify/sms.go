package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"heli/pkg/contract"
)

// texter sends SMS through any provider that takes an HTTP request: what it looks
// like is a template of the operator's.
type texter struct {
	method  string
	url     string
	header  http.Header
	body    string
	escape  func(string) string
	success *regexp.Regexp // nil: the status tells
	client  *http.Client
}

var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// placeholders are what a template may hold.
var placeholders = []string{"phone", "text"}

// escapes says how a value is written into a body of a media type.
var escapes = map[string]func(string) string{
	"application/json":                  escapeJSON,
	"application/x-www-form-urlencoded": url.QueryEscape,
}

func escapeJSON(s string) string {
	quoted, _ := json.Marshal(s) // a string always is
	return string(quoted[1 : len(quoted)-1])
}

// newTexter reads the template of a provider's request. An unknown field, a body
// of a type whose values nobody could escape, and a template that nobody's phone
// or text gets into are refused.
func newTexter(c MessageConfig) (*texter, error) {
	t := &texter{method: c.SMSMethod, url: c.SMSURL, header: http.Header{}, body: c.SMSBody}
	for _, line := range c.SMSHeaders {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, errors.New("--sms-header must be like Authorization: Bearer 123")
		}
		t.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	if c.SMSSuccess != "" {
		var err error
		if t.success, err = regexp.Compile(c.SMSSuccess); err != nil {
			return nil, fmt.Errorf("--sms-success is no regular expression: %w", err)
		}
	}
	t.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return t, nil
}

func (t *texter) check() error {
	target, err := url.Parse(placeholder.ReplaceAllString(t.url, "x"))
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return errors.New("--sms-url must be like https://sms.example/send")
	}
	if target.Scheme == "http" && !isLoopback(target.Hostname()) {
		return errors.New("--sms-url must be https: phone numbers go there")
	}
	for _, found := range placeholder.FindAllStringSubmatch(t.url+t.body, -1) {
		if !slices.Contains(placeholders, found[1]) {
			return fmt.Errorf("the SMS template has an unknown field {{%s}}: it may hold {{phone}} and {{text}}", found[1])
		}
	}
	for _, field := range placeholders {
		if !strings.Contains(placeholder.ReplaceAllString(t.url+t.body, "{{$1}}"), "{{"+field+"}}") {
			return fmt.Errorf("the SMS template has no field {{%s}}", field)
		}
	}
	if t.body == "" {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(t.header.Get("Content-Type"))
	if t.escape = escapes[kind]; t.escape == nil {
		return errors.New("--sms-header must give a Content-Type of application/json or application/x-www-form-urlencoded")
	}
	return nil
}

func isLoopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

func (t *texter) channel() contract.Channel { return contract.ChannelSMS }

// send hands one SMS to the provider. Providers know no id of ours, so a text that
// was taken when the process died comes twice.
func (t *texter) send(ctx context.Context, _ contract.MessageID, address string, c content) result {
	fill := func(template string, escape func(string) string) string {
		values := map[string]string{"phone": address, "text": c.Short}
		return placeholder.ReplaceAllStringFunc(template, func(field string) string {
			return escape(values[placeholder.FindStringSubmatch(field)[1]])
		})
	}
	request, err := http.NewRequestWithContext(ctx, t.method, fill(t.url, url.QueryEscape), strings.NewReader(fill(t.body, t.escape)))
	if err != nil {
		return result{reason: reasonConnection}
	}
	request.Header = t.header.Clone()
	response, err := t.client.Do(request)
	if err != nil {
		return result{reason: reasonOfError(err)}
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	_ = response.Body.Close() // what was read counts; the rest is not wanted
	return t.judge(response, answer, err)
}

// judge says what an answer means. The template fits or fits not, whoever it is
// for, so nothing that a provider answers is about the person alone.
func (t *texter) judge(response *http.Response, answer []byte, err error) result {
	r := result{status: response.StatusCode, reason: reasonOf(response.StatusCode)}
	switch {
	case r.reason == reasonGone:
		r.reason = reasonStatus
	case r.reason == "" && err != nil:
		r.reason = reasonOfError(err)
	case r.reason == "" && t.success != nil && !t.success.Match(answer):
		r.reason = reasonRefused
	}
	return r
}
