package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// PagesOptions say what is loaded over which network.
type PagesOptions struct {
	URL       string   // of the platform, without a path
	Paths     []string // of the pages
	KbitPerS  float64  // down and up
	LatencyMS float64  // of every request
}

// PageResult is what one page costs somebody who has nothing of it yet.
type PageResult struct {
	Path         string  `json:"path"`
	Requests     int     `json:"requests"`
	WireBytes    int64   `json:"wire_bytes"` // of all responses, with their heads
	FirstPaintMS float64 `json:"first_paint_ms"`
}

// conditions throttle the network of a page. The generated commands know their
// newer form alone, which the Chromium of Debian does not have.
type conditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`            // ms
	DownloadThroughput float64 `json:"downloadThroughput"` // bytes/s
	UploadThroughput   float64 `json:"uploadThroughput"`
}

var emulateConditions = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// bytesPerKbit is how many bytes a kilobit is.
const bytesPerKbit = 1000.0 / 8

// Pages loads each page on a phone with an empty cache, over the throttled network,
// and returns what came over the wire and when something was first seen.
func Pages(ctx context.Context, o PagesOptions) ([]PageResult, error) {
	ctx, stop := StartBrowser(ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start Chromium: %w; heli setup --tests installs it", err)
	}
	var results []PageResult
	for _, path := range o.Paths {
		r, err := loadPage(ctx, o, path)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", path, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// received counts what a page asks for. The browser tells it from a goroutine of its own.
type received struct {
	mu       sync.Mutex
	requests int
	bytes    float64
}

func (w *received) hear(event any) {
	if e, ok := event.(*network.EventLoadingFinished); ok {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests++
		w.bytes += e.EncodedDataLength
	}
}

// firstPaint waits until something is seen, and returns when, in ms after the
// address was entered.
const firstPaint = `new Promise((resolve) => new PerformanceObserver((list, observer) => {
	const paint = list.getEntriesByName("first-contentful-paint")[0];
	if (paint) { observer.disconnect(); resolve(paint.startTime); }
}).observe({ type: "paint", buffered: true }))`

// loadPage loads one page in a context that knows nothing of the others.
func loadPage(ctx context.Context, o PagesOptions, path string) (PageResult, error) {
	ctx, stop := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	defer stop()
	ctx, stopWaiting := context.WithTimeout(ctx, time.Minute)
	defer stopWaiting()
	r, seen := PageResult{Path: path}, &received{}
	if err := chromedp.Listen(ctx, seen.hear); err != nil {
		return r, err
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		return r, err
	}
	throughput := o.KbitPerS * bytesPerKbit
	slow := conditions{Latency: o.LatencyMS, DownloadThroughput: throughput, UploadThroughput: throughput}
	if _, err := chromedp.Call(ctx, emulateConditions, slow); err != nil {
		return r, err
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(o.URL+path)); err != nil {
		return r, err
	}
	paint, err := chromedp.Run(ctx, chromedp.Evaluate[float64](firstPaint, chromedp.EvalAwaitPromise))
	if err != nil {
		return r, err
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	r.Requests, r.WireBytes, r.FirstPaintMS = seen.requests, int64(seen.bytes), paint
	return r, nil
}
