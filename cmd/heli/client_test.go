package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// public returns a client without a key, coordinator one with a key of root.
func (i *instance) public() client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	i.t.Cleanup(transport.CloseIdleConnections)
	return client{t: i.t, base: i.url + "/api/v1", http: &http.Client{Transport: transport, Timeout: waitLimit}}
}

func (i *instance) coordinator() client {
	i.t.Helper()
	c := i.public()
	c.key = heli(i.t, "apikey", "create", "--organisation", "root", "--role", "coordinator", "--name", "test", "--data", i.data)
	return c
}

// client calls the API.
type client struct {
	t    *testing.T
	base string
	key  string // of the API; none for the public
	http *http.Client
}

// do sends one call and returns the status and the body of its answer. With an
// idempotency key it may be repeated.
func (c client) do(ctx context.Context, method, path, idempotencyKey string, body any) (status int, answer []byte, err error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("encode body: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return 0, nil, fmt.Errorf("make call: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if idempotencyKey != "" {
		r.Header.Set("Idempotency-Key", idempotencyKey)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("send call: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// answer is what any call of the API may say, as far as the tests look at it.
type answer struct {
	ID            string     `json:"id"`
	Code          string     `json:"code"`
	State         string     `json:"state"`
	ClosedReason  string     `json:"closed_reason"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Secret        string     `json:"secret"`
	URL           string     `json:"url"`
	TrackingToken string     `json:"tracking_token"`
	NeedLines     []lineView `json:"need_lines"`
	OfferLines    []lineView `json:"offer_lines"`
	Contact       struct {
		Phone string `json:"phone"`
	} `json:"contact"`
	Items []struct {
		ID          string `json:"id"`
		OfferID     string `json:"offer_id"`
		OfferLineID string `json:"offer_line_id"`
	} `json:"items"`
}

type lineView struct {
	ID string `json:"id"`
}

// get and post call and demand a status; a post without a body sends {}.
func (c client) get(want int, path string) answer {
	c.t.Helper()
	return c.call(want, http.MethodGet, path, "", nil)
}

func (c client) post(want int, path string, body any) answer {
	c.t.Helper()
	if body == nil {
		body = struct{}{}
	}
	return c.call(want, http.MethodPost, path, "", body)
}

func (c client) call(want int, method, path, idempotencyKey string, body any) answer {
	c.t.Helper()
	status, content, err := c.do(c.t.Context(), method, path, idempotencyKey, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	waits := want == http.StatusCreated && status == http.StatusAccepted
	if status != want && !waits {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, content)
	}
	var a answer
	if err := json.Unmarshal(content, &a); err != nil {
		c.t.Fatalf("%s %s: read answer: %v: %s", method, path, err, content)
	}
	if waits {
		c.awaitCreated(path + "/" + a.ID)
	}
	return a
}

// awaitCreated waits for what a busy machine has taken and not stored yet.
func (c client) awaitCreated(path string) {
	c.t.Helper()
	eventually(c.t, func() string {
		status, _, err := c.do(c.t.Context(), http.MethodGet, path, "", nil)
		if err != nil || status != http.StatusOK {
			return fmt.Sprintf("%s is not there: %d, %v", path, status, err)
		}
		return ""
	})
}
