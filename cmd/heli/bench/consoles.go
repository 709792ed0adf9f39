package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// ConsolesOptions say how many consoles are open, and how fast what they show
// changes.
type ConsolesOptions struct {
	URL      string
	Session  string
	Consoles int
	Rate     float64 // changes per second
	Duration time.Duration
	// Screens is a process that runs Screens: what opens the consoles must not count
	// as what serves them.
	Screens *exec.Cmd
}

// ConsolesResult tells how well open consoles follow.
type ConsolesResult struct {
	ScreensResult
	Consoles int `json:"consoles"`
	Changes  int `json:"changes"`
	// KBPerConsole is what the heap and the stacks of the platform hold more while
	// they are open: the server's end of their connections.
	KBPerConsole float64 `json:"kb_per_console"`
}

// screensTask tells the process of the screens what to open; a screenChange for each
// change follows.
type screensTask struct {
	URL      string `json:"url"`
	Session  string `json:"session"`
	Consoles int    `json:"consoles"`
}

// screenChange says when which version of a request was there.
type screenChange struct {
	ID      string    `json:"id"`
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
}

// screensWord is what the screens say: that all are open, and how it went.
type screensWord struct {
	Open   bool           `json:"open,omitempty"`
	Result *ScreensResult `json:"result,omitempty"`
}

// changedView is what the consoles show: its rows change.
const changedView = "/console?tab=all&part=queue"

var shownRow = regexp.MustCompile(`<tr id="row-([^"]+)" data-version="(\d+)"`)

// Consoles has another process open the queue many times, and changes requests that
// it shows at a rate.
func Consoles(ctx context.Context, b *bus.Bus, o ConsolesOptions) (r ConsolesResult, err error) {
	r.Consoles = o.Consoles
	reader := pageReader{o.URL, o.Session, &http.Client{}}
	defer reader.client.CloseIdleConnections()
	first, err := reader.get(ctx, changedView)
	if err != nil {
		return r, err
	}
	before := heapNow()
	s, err := startScreens(o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	if err := s.open(); err != nil {
		return r, err
	}
	r.KBPerConsole = round((heapNow() - before) / 1024 / float64(o.Consoles))
	if r.Changes, err = s.change(ctx, b, shownRow.FindAllStringSubmatch(first, -1), o); err != nil {
		return r, err
	}
	r.ScreensResult, err = s.result()
	return r, err
}

// heapNow returns the bytes that are in use, in the heap and the stacks. A pool gives
// back what nobody uses with the second collection, and a stack shrinks by half with
// each.
func heapNow() float64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// screens is the process that has the consoles open.
type screens struct {
	command *exec.Cmd
	input   io.WriteCloser
	tell    *json.Encoder
	hear    *json.Decoder
}

func startScreens(o ConsolesOptions) (*screens, error) {
	input, err := o.Screens.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("connect screens: %w", err)
	}
	output, err := o.Screens.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("connect screens: %w", err)
	}
	if err := o.Screens.Start(); err != nil {
		return nil, fmt.Errorf("start screens: %w", err)
	}
	s := &screens{o.Screens, input, json.NewEncoder(input), json.NewDecoder(output)}
	if err := s.tell.Encode(screensTask{o.URL, o.Session, o.Consoles}); err != nil {
		return nil, errors.Join(fmt.Errorf("set up screens: %w", err), s.end())
	}
	return s, nil
}

// open waits until all consoles are.
func (s *screens) open() error {
	var word screensWord
	if err := s.hear.Decode(&word); err != nil || !word.Open {
		return fmt.Errorf("open screens: %w", errors.Join(err, s.input.Close()))
	}
	return nil
}

// result tells the screens that nothing changes any more and returns what they saw.
func (s *screens) result() (ScreensResult, error) {
	if err := s.input.Close(); err != nil {
		return ScreensResult{}, fmt.Errorf("end changes: %w", err)
	}
	var word screensWord
	if err := s.hear.Decode(&word); err != nil || word.Result == nil {
		return ScreensResult{}, fmt.Errorf("hear from screens: %w", err)
	}
	return *word.Result, nil
}

// end waits for the process, which ends with its input.
func (s *screens) end() error {
	_ = s.input.Close() // it may be closed already
	if err := s.command.Wait(); err != nil {
		return fmt.Errorf("end screens: %w", err)
	}
	return nil
}

// change renames the requests in turn, at the rate, and returns how often.
func (s *screens) change(ctx context.Context, b *bus.Bus, rows [][]string, o ConsolesOptions) (n int, err error) {
	versions := map[string]int64{}
	for _, row := range rows {
		versions[row[1]], _ = strconv.ParseInt(row[2], 10, 64) // the pattern lets digits through alone
	}
	ctx = contract.WithActor(ctx, contract.Actor{Role: contract.RoleCoordinator, Name: "heli bench", Path: contract.RootPath})
	began := time.Now()
	gap := time.Duration(float64(time.Second) / o.Rate)
	for due := began; due.Sub(began) < o.Duration && waitUntil(ctx, due); due = due.Add(gap) {
		id := rows[n%len(rows)][1]
		title := fmt.Sprintf("改动 %d", n)
		moved, err := bus.Call(ctx, b, contract.RequestCorrect, contract.CorrectRequest{
			ID: contract.RequestID(id), Version: versions[id], Title: &title,
		})
		if err != nil {
			return n, fmt.Errorf("change request: %w", err)
		}
		versions[id] = moved.Version
		if err := s.tell.Encode(screenChange{id, moved.Version, time.Now()}); err != nil {
			return n, fmt.Errorf("tell screens: %w", err)
		}
		n++
	}
	return n, ctx.Err()
}
