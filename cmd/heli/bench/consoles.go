package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
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
}

// ConsolesResult tells how well open consoles follow.
type ConsolesResult struct {
	Consoles  int     `json:"consoles"`
	Changes   int     `json:"changes"`
	Seen      int     `json:"seen"` // changes on screens; one console more sees each once
	LiveP50MS float64 `json:"live_p50_ms"`
	LiveP99MS float64 `json:"live_p99_ms"`
	LiveMaxMS float64 `json:"live_max_ms"`
	Parts     int     `json:"parts"`   // of pages that were loaded anew
	Errors    int     `json:"errors"`  // parts that could not be loaded
	Missed    int     `json:"missed"`  // rows that a console does not show in the end, or shows as they were
	Doubled   int     `json:"doubled"` // rows that one page showed twice
	// KBPerConsole is what the heap holds more while they are open, the measuring
	// side's half of every connection included.
	KBPerConsole float64 `json:"kb_per_console"`
}

const (
	// changedView is what the consoles show: its rows change.
	changedView = "/console?tab=all&part=queue"
	// throttle is how long a page waits between two looks, as its part says.
	throttle = 500 * time.Millisecond
	// settled is how long the consoles may lag behind the last change.
	settled = 5 * time.Second
)

var shownRow = regexp.MustCompile(`<tr id="row-([^"]+)" data-version="(\d+)"`)

// Consoles opens the queue many times, as the page does in a browser: a stream of
// what changes, and the part loaded anew when something did, at most twice a
// second. Meanwhile requests that they show are changed at a rate.
func Consoles(ctx context.Context, b *bus.Bus, o ConsolesOptions) (ConsolesResult, error) {
	r := ConsolesResult{Consoles: o.Consoles}
	transport := &http.Transport{MaxIdleConnsPerHost: o.Consoles}
	defer transport.CloseIdleConnections()
	reader := pageReader{o.URL, o.Session, &http.Client{Transport: transport}}
	first, err := reader.get(ctx, changedView)
	if err != nil {
		return r, err
	}
	before := heapNow()
	open, stop := context.WithCancel(ctx)
	defer stop()
	w := &wall{reader: reader, changed: map[string]map[int64]time.Time{}}
	var running sync.WaitGroup
	for range o.Consoles {
		c := &console{wall: w, versions: map[string]int64{}}
		c.look(first, time.Now())
		w.consoles = append(w.consoles, c)
		running.Go(func() { c.follow(open) })
	}
	if err := w.awaitOpen(ctx); err != nil {
		return r, err
	}
	r.KBPerConsole = round((heapNow() - before) / 1024 / float64(o.Consoles))
	if r.Changes, err = w.change(ctx, b, shownRow.FindAllStringSubmatch(first, -1), o); err != nil {
		return r, err
	}
	select {
	case <-time.After(settled):
	case <-ctx.Done():
		return r, ctx.Err()
	}
	last, err := reader.get(ctx, changedView)
	stop()
	running.Wait()
	if err != nil {
		return r, err
	}
	w.judge(&r, last)
	return r, nil
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

// wall is all consoles, with when which version of a request was there.
type wall struct {
	reader   pageReader
	consoles []*console

	mu      sync.Mutex
	changed map[string]map[int64]time.Time
	latency []time.Duration
	parts   int
	errors  int
	doubled int
	failed  error
}

// console is one open page.
type console struct {
	*wall
	versions map[string]int64 // shown now
}

// follow reads the stream and looks again, until ctx ends.
func (c *console) follow(ctx context.Context) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.reader.base+"/console/live", nil)
	if err != nil {
		c.fail(err)
		return
	}
	request.Header.Set("Cookie", c.reader.session)
	response, err := c.reader.client.Do(request)
	if err != nil {
		c.fail(err)
		return
	}
	defer func() { _ = response.Body.Close() }() // ctx has ended it
	wake := make(chan struct{}, 1)
	var looking sync.WaitGroup
	looking.Go(func() { c.keepLooking(ctx, wake) })
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "event: changed") {
			select {
			case wake <- struct{}{}:
			default: // it will look anyway
			}
		}
	}
	looking.Wait()
}

// keepLooking loads the part at a change: at once, then at most twice a second.
func (c *console) keepLooking(ctx context.Context, wake <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
		began := time.Now()
		page, err := c.reader.get(ctx, changedView)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			c.look(page, time.Now())
		} else {
			c.refused() // as the page does, it looks again with the next change
		}
		if !waitUntil(ctx, began.Add(throttle)) {
			return
		}
	}
}

// look takes in what the page shows.
func (c *console) look(page string, at time.Time) {
	rows := shownRow.FindAllStringSubmatch(page, -1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parts++
	seen := map[string]int64{}
	for _, row := range rows {
		if _, twice := seen[row[1]]; twice {
			c.doubled++
		}
		version, _ := strconv.ParseInt(row[2], 10, 64) // the pattern lets digits through alone
		seen[strings.Clone(row[1])] = version          // else it holds the page
		for v := c.versions[row[1]] + 1; v <= version; v++ {
			if when, ok := c.changed[row[1]][v]; ok {
				c.latency = append(c.latency, at.Sub(when))
			}
		}
	}
	c.versions = seen
}

func (w *wall) refused() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors++
}

func (w *wall) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
}

// awaitOpen waits until every console has looked after its stream began.
func (w *wall) awaitOpen(ctx context.Context) error {
	for {
		w.mu.Lock()
		parts, failed := w.parts+w.errors, w.failed
		w.mu.Unlock()
		if failed != nil || parts >= 2*len(w.consoles) {
			return failed
		}
		if !waitUntil(ctx, time.Now().Add(lookInterval)) {
			return ctx.Err()
		}
	}
}

// change renames the requests in turn, at the rate, and returns how often.
func (w *wall) change(ctx context.Context, b *bus.Bus, rows [][]string, o ConsolesOptions) (n int, err error) {
	versions := map[string]int64{}
	for _, row := range rows {
		versions[row[1]], _ = strconv.ParseInt(row[2], 10, 64)
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
		w.note(id, moved.Version)
		n++
	}
	return n, ctx.Err()
}

func (w *wall) note(id string, version int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed[id] == nil {
		w.changed[id] = map[int64]time.Time{}
	}
	w.changed[id][version] = time.Now()
}

// judge compares what each console shows in the end with what is there.
func (w *wall) judge(r *ConsolesResult, last string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	want := map[string]int64{}
	for _, row := range shownRow.FindAllStringSubmatch(last, -1) {
		want[row[1]], _ = strconv.ParseInt(row[2], 10, 64)
	}
	for _, c := range w.consoles {
		for id, version := range want {
			if c.versions[id] != version {
				r.Missed++
			}
		}
		for id := range c.versions {
			if _, there := want[id]; !there {
				r.Doubled++
			}
		}
	}
	r.Doubled += w.doubled
	r.Seen, r.Parts, r.Errors = len(w.latency), w.parts, w.errors
	r.LiveP50MS, r.LiveP99MS = quantile(w.latency, 0.5), quantile(w.latency, 0.99)
	r.LiveMaxMS = quantile(w.latency, 1)
}
