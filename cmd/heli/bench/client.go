// Package bench owns how Heli is measured from outside: the load, the clock and
// the figures. It never starts anything and never looks inside a service; what
// it measures is what a caller of the API or of the bus sees. Fill alone writes
// past the services, into a database that nothing but a measurement uses.
package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// callTime bounds one call, far above what is still worth measuring.
const callTime = 30 * time.Second

// Client calls the API of one installation with one key.
type Client struct {
	base, key string
	http      *http.Client
}

// NewClient returns a client that keeps up to so many connections open.
func NewClient(base, key string, connections int) *Client {
	transport := &http.Transport{
		MaxIdleConns: connections, MaxIdleConnsPerHost: connections, DisableCompression: true,
	}
	return &Client{base: base + "/api/v1", key: key, http: &http.Client{Transport: transport, Timeout: callTime}}
}

// Close closes the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// post sends a body and decodes the answer; any status but the wanted is an error.
func (c *Client) post(ctx context.Context, path string, body []byte, want int, answer any) error {
	return c.call(ctx, http.MethodPost, path, body, want, answer)
}

func (c *Client) get(ctx context.Context, path string, answer any) error {
	return c.call(ctx, http.MethodGet, path, nil, http.StatusOK, answer)
}

func (c *Client) call(ctx context.Context, method, path string, body []byte, want int, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make call: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("call %s: %w", path, err)
	}
	content, err := io.ReadAll(response.Body)
	if closing := response.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	if response.StatusCode != want {
		return fmt.Errorf("%s answered %d, not %d: %s", path, response.StatusCode, want, bytes.TrimSpace(content))
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("decode answer of %s: %w", path, err)
	}
	return nil
}
