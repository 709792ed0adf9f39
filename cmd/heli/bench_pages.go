package main

import (
	"context"
	"fmt"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/platform"
)

type benchPages struct {
	benchPlace `embed:""`
	URL        string  `name:"url" placeholder:"URL" help:"Measure the platform that runs there (default: an empty one of its own)."`
	Kbit       float64 `name:"kbit" default:"400" help:"Throughput of the network in kbit/s."`
	LatencyMS  float64 `name:"latency-ms" default:"400" help:"Delay of every request in ms."`
}

// publicPages are those that anybody opens.
func publicPages() []string {
	return []string{"/", "/request?lang=zh-Hans", "/offer?lang=zh-Hans", "/board", "/board/embed", "/track", "/answer", "/honours", "/request/print"}
}

// Run loads every public page over a slow network, in Chromium.
func (c *benchPages) Run(ctx context.Context, t terminal) error {
	measure := func(ctx context.Context, url string) (any, string, error) {
		results, err := bench.Pages(ctx, bench.PagesOptions{URL: url, Paths: publicPages(), KbitPerS: c.Kbit, LatencyMS: c.LatencyMS})
		text := ""
		for _, r := range results {
			text += fmt.Sprintf("%s requests %d wire_bytes %d first_paint_ms %.0f\n", r.Path, r.Requests, r.WireBytes, r.FirstPaintMS)
		}
		return results, text, err
	}
	if c.URL != "" {
		figures, text, err := measure(ctx, c.URL)
		if err != nil {
			return err
		}
		return t.result(c.JSON, figures, text)
	}
	return c.measure(ctx, t, func(ctx context.Context, p *platform.Platform, _ clientMaker) (any, string, error) {
		return measure(ctx, "http://"+p.Address)
	})
}
