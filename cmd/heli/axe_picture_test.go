package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// picturesIn names a folder that gets pictures of every page that is looked at: light
// on a desk, dark on a phone.
const picturesIn = "HELI_TEST_PICTURES"

// picture keeps what the window shows, where somebody wants to look too.
func (b browser) picture(doing, screen string) {
	b.t.Helper()
	folder := os.Getenv(picturesIn)
	if folder == "" {
		return
	}
	name := strings.NewReplacer(" ", "_", "/", "_", ",", "").Replace(doing) + "." + screen + ".jpg"
	content := found(b, doing+": take a picture", chromedp.FullScreenshot(75))
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		b.t.Fatalf("%s: keep a picture: %v", doing, err)
	}
}
