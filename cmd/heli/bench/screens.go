package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ScreensResult tells what open consoles showed.
type ScreensResult struct {
	Seen      int     `json:"seen"` // changes on screens; one console more sees each once
	LiveP50MS float64 `json:"live_p50_ms"`
	LiveP99MS float64 `json:"live_p99_ms"`
	LiveMaxMS float64 `json:"live_max_ms"`
	Parts     int     `json:"parts"`     // of pages that were loaded anew
	Errors    int     `json:"errors"`    // parts that could not be loaded, and were tried again
	SettledS  float64 `json:"settled_s"` // from the last change until all show what is there
	Missed    int     `json:"missed"`    // rows that a console does not show then, or shows as they were
	Doubled   int     `json:"doubled"`   // rows that one page showed twice
}

const (
	// throttle is how long a page waits between two looks, as its part says.
	throttle = 500 * time.Millisecond
	// firstRetry and mostRetry bound the wait of a part that could not be loaded, as
	// live.js has them.
	firstRetry = time.Second
	mostRetry  = 30 * time.Second
	// settled is how long the consoles may lag behind the last change.
	settled = 40 * time.Second
)

// Screens opens the queue many times, as the page does in a browser: a stream of what
// changes, and the part loaded anew when something did, at most twice a second, and
// again after a while where that failed. It reads what to open and what was changed
// from in until its end, and writes to out that all are open and then what they
// showed. See Consoles, which has it run in a process of its own.
func Screens(ctx context.Context, in io.Reader, out io.Writer) error {
	told, say := json.NewDecoder(in), json.NewEncoder(out)
	var task screensTask
	if err := told.Decode(&task); err != nil {
		return fmt.Errorf("read what to open: %w", err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: task.Consoles}
	defer transport.CloseIdleConnections()
	w := &wall{reader: pageReader{task.URL, task.Session, &http.Client{Transport: transport}}, changed: map[string]map[int64]time.Time{}}
	first, err := w.reader.get(ctx, changedView)
	if err != nil {
		return err
	}
	open, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for range task.Consoles {
		c := &console{wall: w, versions: map[string]int64{}}
		c.look(first, time.Now())
		w.consoles = append(w.consoles, c)
		running.Go(func() { c.follow(open) })
	}
	if err := w.awaitOpen(ctx); err != nil {
		return err
	}
	if err := say.Encode(screensWord{Open: true}); err != nil {
		return fmt.Errorf("say that all are open: %w", err)
	}
	if err := w.hear(told); err != nil {
		return err
	}
	r, err := w.settle(ctx, first)
	if err != nil {
		return err
	}
	if err := say.Encode(screensWord{Result: &r}); err != nil {
		return fmt.Errorf("say what was shown: %w", err)
	}
	return nil
}

// wall is all consoles, with when which version of a request was there.
type wall struct {
	reader   pageReader
	consoles []*console

	mu      sync.Mutex
	changed map[string]map[int64]time.Time
	seen    []sighting
	parts   int
	errors  int
	doubled int
	failed  error
}

// sighting is a version of a request on a screen for the first time.
type sighting struct {
	id      string
	version int64
	at      time.Time
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
		if !c.load(ctx) || !waitUntil(ctx, began.Add(throttle)) {
			return
		}
	}
}

// load loads the part, again and again where that fails. It returns false when ctx
// has ended.
func (c *console) load(ctx context.Context) bool {
	for wait := firstRetry; ; wait = min(2*wait, mostRetry) {
		page, err := c.reader.get(ctx, changedView)
		if ctx.Err() != nil {
			return false
		}
		if err == nil {
			c.look(page, time.Now())
			return true
		}
		c.refused()
		jitter := time.Duration((0.5 + rand.Float64()) * float64(wait)) //nolint:gosec // no secret
		if !waitUntil(ctx, time.Now().Add(jitter)) {
			return false
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
		id := strings.Clone(row[1])                    // else it holds the page
		version, _ := strconv.ParseInt(row[2], 10, 64) // the pattern lets digits through alone
		seen[id] = version
		for v := c.versions[id] + 1; v <= version && c.versions[id] > 0; v++ {
			c.seen = append(c.seen, sighting{id, v, at})
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
		parts, failed := w.parts, w.failed
		w.mu.Unlock()
		if failed != nil || parts >= 2*len(w.consoles) {
			return failed
		}
		if !waitUntil(ctx, time.Now().Add(lookInterval)) {
			return ctx.Err()
		}
	}
}

// hear takes in what was changed, until nothing is any more.
func (w *wall) hear(told *json.Decoder) error {
	for {
		var change screenChange
		err := told.Decode(&change)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what was changed: %w", err)
		}
		w.note(change)
	}
}

func (w *wall) note(change screenChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed[change.ID] == nil {
		w.changed[change.ID] = map[int64]time.Time{}
	}
	w.changed[change.ID][change.Version] = change.At
}

// settle waits until every console shows what is there, or it has taken too long, and
// returns what they showed until then. The rows are those of the first page, in the
// versions that they were changed to.
func (w *wall) settle(ctx context.Context, first string) (ScreensResult, error) {
	began := time.Now()
	want := map[string]int64{}
	for _, row := range shownRow.FindAllStringSubmatch(first, -1) {
		want[row[1]], _ = strconv.ParseInt(row[2], 10, 64) // the pattern lets digits through alone
	}
	for id, versions := range w.changed {
		want[id] = slices.Max(slices.Collect(maps.Keys(versions)))
	}
	for {
		r := w.judge(want)
		r.SettledS = round(time.Since(began).Seconds())
		if r.Missed == 0 || time.Since(began) > settled {
			w.time(&r)
			return r, nil
		}
		if !waitUntil(ctx, time.Now().Add(lookInterval)) {
			return r, ctx.Err()
		}
	}
}

// judge compares what each console shows with what is there.
func (w *wall) judge(want map[string]int64) ScreensResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := ScreensResult{Parts: w.parts, Errors: w.errors, Doubled: w.doubled}
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
	return r
}

// time tells how long after a change it was seen.
func (w *wall) time(r *ScreensResult) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var latency []time.Duration
	for _, s := range w.seen {
		if when, ok := w.changed[s.id][s.version]; ok {
			latency = append(latency, s.at.Sub(when))
		}
	}
	r.Seen = len(latency)
	r.LiveP50MS, r.LiveP99MS, r.LiveMaxMS = quantile(latency, 0.5), quantile(latency, 0.99), quantile(latency, 1)
}
