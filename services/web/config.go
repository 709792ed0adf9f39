package web

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"heli/services/web/session"
)

// shortestSecret is what nobody guesses over the network.
const shortestSecret = 24

// Config is what web is told, by flags or the environment.
type Config struct {
	Listen       string   `name:"listen" env:"HELI_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the pages and the API are served."`
	PublicURL    string   `name:"public-url" env:"HELI_PUBLIC_URL" placeholder:"URL" help:"Where readers reach the pages, when a proxy stands before them."`
	TrustedProxy []string `name:"trusted-proxy" env:"HELI_TRUSTED_PROXY" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`
	// SecurityContact is where a weakness may be reported (RFC 9116).
	SecurityContact []string `name:"security-contact" env:"HELI_SECURITY_CONTACT" placeholder:"URI" help:"Where a weakness may be reported, as mailto: or https:; shown in /.well-known/security.txt."`
	// WritesPerMinute is the number of public submissions from one address
	// above which further ones are slowed down. Shelters and carriers share
	// addresses, so it is high.
	WritesPerMinute int `name:"writes-per-minute" env:"HELI_WRITES_PER_MINUTE" default:"6000" placeholder:"N" help:"Public submissions from one address before they are slowed down."`
	// BounceSecretFile holds what a mail server shows that posts what comes back.
	BounceSecretFile string `name:"bounce-secret-file" env:"HELI_BOUNCE_SECRET_FILE" placeholder:"FILE" help:"File with the secret, of 24 characters or more, with which mail that comes back (RFC 3464) is posted to /inbound/bounce, as a bearer or the password of Basic."`
	// The identity provider vouches for people; it gives them no right.
	OIDCIssuer     string `name:"oidc-issuer" env:"HELI_OIDC_ISSUER" placeholder:"URL" help:"Identity provider (OpenID Connect) whose accounts staff may link and sign in with."`
	OIDCClientID   string `name:"oidc-client-id" env:"HELI_OIDC_CLIENT_ID" placeholder:"ID" help:"What the provider knows this installation by."`
	OIDCSecretFile string `name:"oidc-secret-file" env:"HELI_OIDC_SECRET_FILE" placeholder:"FILE" help:"File with the client secret."`
	OIDCName       string `name:"oidc-name" env:"HELI_OIDC_NAME" placeholder:"TEXT" help:"What people call the provider (default: its host)."`
}

// oidc returns the identity provider; none when no issuer is named. Its secret
// is read from a file, so that no list of processes shows it.
func (c Config) oidc() (session.OIDC, error) {
	if c.OIDCIssuer == "" {
		return session.OIDC{}, nil
	}
	issuer, err := url.Parse(c.OIDCIssuer)
	if err != nil || issuer.Host == "" || issuer.Scheme != "https" && issuer.Hostname() != "127.0.0.1" && issuer.Hostname() != "localhost" {
		return session.OIDC{}, fmt.Errorf("--oidc-issuer must be like https://id.example")
	}
	if c.OIDCClientID == "" || c.OIDCSecretFile == "" {
		return session.OIDC{}, fmt.Errorf("--oidc-issuer needs --oidc-client-id and --oidc-secret-file")
	}
	secret, err := os.ReadFile(c.OIDCSecretFile)
	if err != nil {
		return session.OIDC{}, fmt.Errorf("read --oidc-secret-file: %w", err)
	}
	return session.OIDC{
		Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: strings.TrimSpace(string(secret)), Name: c.OIDCName,
	}, nil
}

// bounceSecret reads the secret of /inbound/bounce; none when no file is named. It is
// read from a file, so that no list of processes shows it.
func (c Config) bounceSecret() (string, error) {
	if c.BounceSecretFile == "" {
		return "", nil
	}
	content, err := os.ReadFile(c.BounceSecretFile)
	if err != nil {
		return "", fmt.Errorf("read --bounce-secret-file: %w", err)
	}
	secret := strings.TrimSpace(string(content))
	if len(secret) < shortestSecret {
		return "", fmt.Errorf("--bounce-secret-file must hold %d characters or more", shortestSecret)
	}
	return secret, nil
}

// public returns the address of the pages for readers and whether it is https;
// listening stands in where nothing is said.
func (c Config) public(listening string) (address string, https bool, err error) {
	if c.PublicURL == "" {
		return "http://" + listening, false, nil
	}
	parsed, err := url.Parse(c.PublicURL)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") || strings.Trim(parsed.Path, "/") != "" {
		return "", false, fmt.Errorf("--public-url must be like https://heli.example, without a path")
	}
	return parsed.Scheme + "://" + parsed.Host, parsed.Scheme == "https", nil
}

func (c Config) checkProxies() error {
	for _, cidr := range c.TrustedProxy {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("--trusted-proxy must be like 10.0.0.0/8: %w", err)
		}
	}
	return nil
}
