package public

import (
	"context"
	"sync"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

const (
	// channelsFresh is how long an answer about the channels is believed.
	channelsFresh = time.Minute
	// channelsTime bounds the question: a form is not kept waiting for it.
	channelsTime = 300 * time.Millisecond
)

// channels remembers on which ways people are written to.
type channels struct {
	mu    sync.Mutex
	known []contract.Channel
	until time.Time
}

// writes reports whether people are written to at all: only then pages offer it.
// As long as notify cannot be asked, the last answer counts; before any, no.
func (p pages) writes(ctx context.Context) bool {
	p.channels.mu.Lock()
	defer p.channels.mu.Unlock()
	if now := p.Clock(); now.After(p.channels.until) {
		p.channels.until = now.Add(channelsFresh)
		ctx, cancel := context.WithTimeout(ctx, channelsTime)
		defer cancel()
		if answer, err := bus.Call(ctx, p.Bus, contract.NotifyChannels, contract.Empty{}); err == nil {
			p.channels.known = answer.Channels
		}
	}
	return len(p.channels.known) > 0
}
