package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// outputGrace is how long we wait for the last output of a process that ended.
const outputGrace = 5 * time.Second

// process is a running child.
type process struct {
	cmd  *exec.Cmd
	log  *serverLog
	done chan struct{} // closed when it has ended and was reaped
	err  error         // how it ended; read after done
}

// startProcess starts the command from a goroutine that keeps its OS thread
// until the child has ended: the parent-death signal follows the thread, not
// the process.
func startProcess(cmd *exec.Cmd, log *serverLog) (*process, error) {
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = outputGrace
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// shutDown asks for a fast shutdown and waits; when ctx ends first it asks for
// an immediate one, from which the next start recovers.
func (p *process) shutDown(ctx context.Context) error {
	if err := p.signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	if err := p.signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-p.done // the postmaster ends its children by force after 5 s
	return fmt.Errorf("stop PostgreSQL gently: %w", ctx.Err())
}

func (p *process) signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal PostgreSQL: %w", err)
	}
	return nil
}

// serverLog passes the server's lines on to the log and keeps the last ones
// that say why it failed. It is safe for concurrent use.
type serverLog struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte
	failure string
}

// Write takes part of the server's output; it never fails.
func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, b...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 {
			return len(b), nil
		}
		l.line(strings.TrimSpace(string(l.partial[:end])))
		l.partial = l.partial[end+1:]
	}
}

// line logs one line. The errors of statements are logged by the services
// whose statements they are, so here they are for debugging only.
func (l *serverLog) line(text string) {
	if text == "" {
		return
	}
	level := slog.LevelDebug
	switch severity, _, _ := strings.Cut(text, ":"); severity {
	case "FATAL", "PANIC", "initdb", "postgres":
		l.failure = text
		if severity == "PANIC" {
			level = slog.LevelError
		}
	case "WARNING":
		level = slog.LevelWarn
	default:
		if l.failure == "" && strings.Contains(text, "error") {
			l.failure = text
		}
	}
	l.log.Log(context.Background(), level, "postgres", "line", text)
}

// forget drops the last failure: what clients met while the server was starting
// says nothing about its end.
func (l *serverLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure = ""
}

// lastFailure returns the last line that told of a failure.
func (l *serverLog) lastFailure() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == "" {
		return "no reason given"
	}
	return l.failure
}
