package bus

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

var errPlain = errors.New("the connection to NATS would not be encrypted: begin its address with tls://, " +
	"or end it with ?tls=disable in a network that nobody else can read")

// secure checks that what leaves this machine is encrypted, unless the address
// says otherwise, and returns the addresses (one or several, with commas
// between) as the client reads them.
func secure(addresses string) (string, error) {
	var servers []string
	for address := range strings.SplitSeq(addresses, ",") {
		server, err := secureOne(strings.TrimSpace(address))
		if err != nil {
			return "", err
		}
		servers = append(servers, server)
	}
	return strings.Join(servers, ","), nil
}

func secureOne(address string) (string, error) {
	if !strings.Contains(address, "://") {
		address = "nats://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("read NATS URL: it is malformed (not shown, it may hold a password)")
	}
	query := u.Query()
	plain := query.Get("tls") == "disable"
	query.Del("tls")
	u.RawQuery = query.Encode()
	switch u.Scheme {
	case "tls", "wss":
		return u.String(), nil
	case "nats", "ws":
		if plain || local(u.Hostname()) {
			return u.String(), nil
		}
		return "", errPlain
	default:
		return "", fmt.Errorf("read NATS URL: %q is no scheme of NATS; use tls:// or nats://", u.Scheme)
	}
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || ip != nil && ip.IsLoopback()
}
