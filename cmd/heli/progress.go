package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const progressInterval = 500 * time.Millisecond

// progress shows on a terminal, and only there, how many things are done.
type progress struct {
	done    atomic.Int64
	out     io.Writer
	end     chan struct{}
	waiting sync.WaitGroup
}

func startProgress(out io.Writer) *progress {
	p := &progress{out: out, end: make(chan struct{})}
	if isTerminal(out) {
		p.waiting.Go(p.show)
	}
	return p
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *progress) count() { p.done.Add(1) }

func (p *progress) show() {
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-p.end:
			_, _ = fmt.Fprint(p.out, "\r\x1b[K") // a terminal that is gone needs no cleaning
			return
		case <-ticker.C:
			_, _ = fmt.Fprintf(p.out, "\r%d submitted", p.done.Load())
		}
	}
}

func (p *progress) stop() {
	close(p.end)
	p.waiting.Wait()
}
