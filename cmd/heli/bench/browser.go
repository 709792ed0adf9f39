package bench

import (
	"context"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// Browsers returns the names of the programs that pages are measured and tested in,
// the lightest first: the first is Chromium without its windows, which starts in half
// the time.
func Browsers() []string {
	return []string{
		"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	}
}

// StartBrowser returns a context with one tab of a browser that starts with the first
// action, and what ends it.
func StartBrowser(ctx context.Context) (context.Context, context.CancelFunc) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	for _, name := range Browsers() {
		if path, err := exec.LookPath(name); err == nil {
			options = append(options, chromedp.ExecPath(path))
			break
		}
	}
	allocated, end := chromedp.NewExecAllocator(ctx, options...)
	tab, closeTab := chromedp.NewContext(allocated)
	return tab, func() {
		closeTab()
		end()
	}
}
