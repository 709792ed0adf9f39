package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// securityPath is where RFC 9116 wants the file.
const securityPath = "/.well-known/security.txt"

// securityLasts is how long what the file says is good: it is made anew at every
// reading, while somebody runs this.
const securityLasts = 30 * 24 * time.Hour

// checkSecurityContacts wants addresses that RFC 9116 takes.
func (c Config) checkSecurityContacts() error {
	for _, contact := range c.SecurityContact {
		u, err := url.Parse(contact)
		if err != nil || !slices.Contains([]string{"mailto", "https", "tel"}, u.Scheme) || u.Opaque == "" && u.Host == "" {
			return errors.New("--security-contact must be like mailto:security@heli.example or https://heli.example/report")
		}
	}
	return nil
}

// securityText tells where to report a weakness (RFC 9116).
func (c Config) securityText(publicURL string, clock func() time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		for _, contact := range c.SecurityContact {
			fmt.Fprintf(&b, "Contact: %s\n", contact)
		}
		fmt.Fprintf(&b, "Expires: %s\n", clock().Add(securityLasts).UTC().Format(time.RFC3339))
		fmt.Fprintf(&b, "Preferred-Languages: en, zh\nCanonical: %s%s\n", publicURL, securityPath)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(b.String())) // nobody is left to tell
	}
}
