package bus

import (
	"context"
	"strings"
	"sync"
)

// link tells those who wait on the server that the connection they wait on is
// gone: no answer can come over it any more.
type link struct {
	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
}

func newLink() *link {
	l := &link{}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// current returns a context that ends when the connection next breaks.
func (l *link) current() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ctx
}

func (l *link) broke() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
	l.ctx, l.cancel = context.WithCancel(context.Background())
}

// adminRight learns from a violation that this connection may not create
// streams and durables, so that it is not tried, and refused, again and again.
type adminRight struct {
	mu     sync.Mutex
	denied chan struct{}
}

func newAdminRight() *adminRight { return &adminRight{denied: make(chan struct{})} }

// refused returns a channel that is closed once the server refused.
func (r *adminRight) refused() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.denied
}

// violated reports whether the violation concerns administration, and notes it.
func (r *adminRight) violated(text string) bool {
	if !strings.Contains(text, `"$JS.API.INFO"`) {
		return false
	}
	r.note()
	return true
}

func (r *adminRight) note() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.denied:
	default:
		close(r.denied)
	}
}

// forget lets the right be tried again on a new connection, since the server's
// permissions may have changed.
func (r *adminRight) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.denied:
		r.denied = make(chan struct{})
	default:
	}
}
