package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"heli/pkg/check"
)

const (
	maxURL = 2000
	// Codes of wrong addresses: keys below "invalid." in the catalogues.
	codeURL     = "url"
	codePrivate = "private_address"

	lookUpTime     = 3 * time.Second
	idleTime       = 30 * time.Second
	maxHeaderBytes = 16 << 10
)

// errAddress says that the guard kept a connection from being made.
var errAddress = errors.New("address is not public")

// guard decides which addresses webhooks may reach. It judges the address that
// is dialled, after DNS, so that a name that changes its mind gains nothing.
//
// doyensec/safeurl does not fit: there an allow-list shuts out every other
// address, ports other than 80 and 443 have to be listed one by one, IPv6 is all
// or nothing, redirects are followed, and an address with a zone panics.
type guard struct {
	allow    []netip.Prefix // by the operator, over plain HTTP too
	resolver *net.Resolver
}

// Special networks inside what is otherwise public (IANA special-purpose
// registries). Of IPv6 only 2000::/3 is public at all: loopback, unique local,
// link-local, IPv4-compatible and both NAT64 prefixes are outside.
var (
	publicIPv6 = netip.MustParsePrefix("2000::/3")
	special    = []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("224.0.0.0/3"),
		netip.MustParsePrefix("2001::/23"),     // Teredo among them
		netip.MustParsePrefix("2001:db8::/32"), // documentation
		netip.MustParsePrefix("2002::/16"),     // 6to4 holds an IPv4 address
		netip.MustParsePrefix("3fff::/20"),     // documentation
	}
)

// public reports whether an address belongs to the open internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Zone() != "" || (a.Is6() && !publicIPv6.Contains(a)) {
		return false
	}
	return a.IsValid() && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// allows reports whether the operator opened the address.
func (g guard) allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// client returns a client for one scheme that follows no redirect and knows no
// proxy. Plain HTTP reaches only what the operator opened.
func (g guard) client(scheme string) *http.Client {
	control := func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("read address: %w", errors.Join(err, errAddress))
		}
		if g.allows(target.Addr()) || (scheme == "https" && public(target.Addr())) {
			return nil
		}
		return errAddress
	}
	dialer := &net.Dialer{Resolver: g.resolver, Control: control}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableCompression: true, IdleConnTimeout: idleTime,
			MaxIdleConnsPerHost: perEndpoint, MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// numeric matches a last label that some resolvers read as an IPv4 address, such
// as those of "127.1" and "0x7f000001" (WHATWG URL, "ends in a number").
var numeric = regexp.MustCompile(`(?i)^([0-9]+|0x[0-9a-f]*)$`)

// checkURL reports an address that webhooks may not be sent to, and returns
// whether the operator opened it, so that its owner need prove nothing.
func (g guard) checkURL(ctx context.Context, c *check.Checker, text string) (exempt bool) {
	if len(text) > maxURL {
		c.Add("url", check.TooLong, "max", maxURL)
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		c.Add("url", codeURL)
		return false
	}
	exempt = g.opened(ctx, u.Hostname())
	switch {
	case exempt && u.Scheme == "http":
	case u.Scheme != "https":
		c.Add("url", codeURL)
	case !exempt && literal(u.Hostname()):
		c.Add("url", codePrivate)
	}
	return exempt
}

// literal reports whether a host is an address, however it is written, or this
// machine itself.
func literal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	return numeric.MatchString(last) || last == "localhost"
}

// opened reports whether all addresses of a host are the operator's exceptions.
func (g guard) opened(ctx context.Context, host string) bool {
	if len(g.allow) == 0 {
		return false
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return g.allows(a)
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	found, err := g.resolver.LookupNetIP(ctx, "ip", host)
	return err == nil && len(found) > 0 && !slices.ContainsFunc(found, func(a netip.Addr) bool { return !g.allows(a) })
}
