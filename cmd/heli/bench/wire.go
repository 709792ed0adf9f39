package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// wire is one connection that sends the same call again and again. It writes
// prepared bytes and reads the answer where it stands: who measures beside what
// is measured must not take its processor.
type wire struct {
	conn   net.Conn
	reader *bufio.Reader
	call   []byte
	want   int
}

// wires opens connections for one call.
func (c *Client) wires(ctx context.Context, n int, path string, body []byte, want int) ([]*wire, error) {
	base, err := url.Parse(c.base)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	var call bytes.Buffer
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make call: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	request.Header.Set("Content-Type", "application/json")
	if err := request.Write(&call); err != nil {
		return nil, fmt.Errorf("encode call: %w", err)
	}
	all := make([]*wire, 0, n)
	for range n {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", base.Host)
		if err != nil {
			closeAll(all)
			return nil, fmt.Errorf("connect: %w", err)
		}
		all = append(all, &wire{conn: conn, reader: bufio.NewReader(conn), call: call.Bytes(), want: want})
	}
	return all, nil
}

func closeAll(all []*wire) {
	for _, w := range all {
		_ = w.conn.Close() // all that was asked was answered
	}
}

// send makes the call once; any status but the wanted is an error.
func (w *wire) send() error {
	if err := w.conn.SetDeadline(time.Now().Add(callTime)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if _, err := w.conn.Write(w.call); err != nil {
		return fmt.Errorf("send call: %w", err)
	}
	response, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	content, err := io.ReadAll(response.Body)
	if closing := response.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != w.want {
		return fmt.Errorf("answered %s, not %s: %s", response.Status, strconv.Itoa(w.want), bytes.TrimSpace(content))
	}
	return nil
}
