package page

import (
	"net/http"

	"github.com/go-chi/chi/v5/middleware"
)

// packLevel is gzip's; more costs time and gains little.
const packLevel = 5

// Packed compresses pages for who takes that. Pages that hold somebody's secret
// are left out: what is sent with them could be guessed from their length (BREACH).
func Packed(next http.Handler) http.Handler {
	return middleware.Compress(packLevel, "text/html", "application/atom+xml", "application/feed+json", "text/javascript")(next)
}
