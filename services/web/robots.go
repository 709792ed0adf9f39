package web

import (
	"io"
	"net/http"
)

// robotsPath is where RFC 9309 wants the file.
const robotsPath = "/robots.txt"

// robots asks search engines to leave alone what is for signed-in staff and for
// programs. The pages of single people are not named: they forbid it themselves,
// which only whoever reads them learns.
func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "User-agent: *\nDisallow: /console\nDisallow: /api/v1/\nAllow: /api/v1/docs\n") // nobody is left to tell
}
