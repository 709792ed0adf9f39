package main

import (
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// complaints are what a browser says of pages while it shows them: exceptions,
// errors, and what breaks the Content-Security-Policy. A status that a page answers
// with is none, nor is a connection that is lost.
type complaints struct {
	mu   sync.Mutex
	said []string
}

// hear gathers the complaints of a tab, and has the test fail of any at its end.
func (b browser) hear() {
	b.t.Helper()
	c := &complaints{}
	if err := chromedp.Listen(b.ctx, c.note); err != nil {
		b.t.Fatalf("listen to the browser: %v", err)
	}
	if _, err := chromedp.Call(b.ctx, log.Enable, cdp.Empty{}); err != nil {
		b.t.Fatalf("listen to the browser's log: %v", err)
	}
	b.t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, said := range c.said {
			b.t.Errorf("the browser complains: %s", said)
		}
	})
}

func (c *complaints) note(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			said = string(e.Entry.Source) + ": " + e.Entry.Text
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError && len(e.Args) > 0 {
			said = string(e.Args[0].Value)
		}
		if strings.Contains(said, "Failed to fetch") {
			said = ""
		}
	}
	if said == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, said)
}
