package notify

import (
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

func TestOnlyPublicAddressesAreReached(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "114.114.114.114": true, "2400:3200::1": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.255.255.254": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false, "169.254.169.254": false, "192.0.0.1": false,
		"198.18.0.1": false, "203.0.113.9": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fc00::1": false, "fd12::1": false, "fe80::1": false, "fe80::1%eth0": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false,
		"64:ff9b::808:808": false, "64:ff9b:1::7f00:1": false, "2002:7f00:1::": false, "2002:808:808::": false,
		"2001::1": false, "2001:db8::1": false, "100::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %v, want %v", text, got, want)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestAddressesAtRegistration(t *testing.T) {
	t.Parallel()
	strict := guard{}
	open := guard{allow: loopback.WebhookAllow, resolver: resolver(func() netip.Addr { return netip.MustParseAddr("127.0.0.9") })}
	for _, c := range []struct {
		guard  guard
		url    string
		code   string
		exempt bool
	}{
		{strict, "https://hook.example.org/in?x=1", "", false},
		{strict, "https://hook.example.org:8443/", "", false},
		{strict, "http://hook.example.org/", codeURL, false},
		{strict, "ftp://hook.example.org/", codeURL, false},
		{strict, "https://user:word@hook.example.org/", codeURL, false},
		{strict, "https://user@hook.example.org/", codeURL, false},
		{strict, "https://hook.example.org/#part", codeURL, false},
		{strict, "https:///path", codeURL, false},
		{strict, "hook.example.org", codeURL, false},
		{strict, "", codeURL, false},
		{strict, "https://hook.example.org/\x00", codeURL, false},
		{strict, "https://hook.example.org/" + strings.Repeat("a", maxURL), check.TooLong, false},
		{strict, "https://127.0.0.1/", codePrivate, false},
		{strict, "https://8.8.8.8/", codePrivate, false},
		{strict, "https://[::1]/", codePrivate, false},
		{strict, "https://[fe80::1%25eth0]/", codePrivate, false},
		{strict, "https://2130706433/", codePrivate, false},
		{strict, "https://0x7f.1/", codePrivate, false},
		{strict, "https://127.1./", codePrivate, false},
		{strict, "https://localhost/", codePrivate, false},
		{strict, "http://127.0.0.1:9000/", codeURL, false},
		{open, "http://127.0.0.1:9000/", "", true},
		{open, "https://127.0.0.1:9000/", "", true},
		{open, "http://[::ffff:127.0.0.1]:9000/", "", true},
		{open, "http://hook.example.org/", "", true},
		{open, "http://10.0.0.1/", codeURL, false},
		{open, "https://10.0.0.1/", codePrivate, false},
		{open, "ftp://127.0.0.1/", codeURL, true},
	} {
		checker := check.New(nil)
		exempt := c.guard.checkURL(t.Context(), checker, c.url)
		code := ""
		if f := fault.As(checker.Err()); f != nil {
			code = f.Fields[0].Code
		}
		if code != c.code || exempt != c.exempt {
			t.Errorf("%.60q: code %q, exempt %v", c.url, code, exempt)
		}
	}
}

// listen counts the connections at an address of this machine.
func listen(t *testing.T) (port string, connections *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	connections = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { must(t, listener.Close()); <-done })
	_, port, err = net.SplitHostPort(listener.Addr().String())
	must(t, err)
	return port, connections
}

func TestRebindingReachesNothing(t *testing.T) {
	t.Parallel()
	port, connections := listen(t)
	for _, text := range []string{"127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "::1", "64:ff9b::7f00:1"} {
		b := setup(t, Config{}, func(tuned *tuning) {
			tuned.resolver = resolver(func() netip.Addr { return netip.MustParseAddr(text) })
		})
		w := b.register(t, xian, "https://hook.example.org:"+port+"/")
		b.run(t)
		d := b.only(t, w)
		if d.Type != typeVerify || d.State != statePending || len(d.Attempts) != 1 || d.Attempts[0].Reason != reasonAddress {
			t.Errorf("%s: %+v", text, d)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestPlainHTTPStaysWithinWhatIsAllowed(t *testing.T) {
	t.Parallel()
	address := atomic.Pointer[netip.Addr]{}
	point := func(text string) { a := netip.MustParseAddr(text); address.Store(&a) }
	point("127.0.0.1")
	port, connections := listen(t)
	b := setup(t, loopback, func(tuned *tuning) {
		tuned.resolver = resolver(func() netip.Addr { return *address.Load() })
	})
	w := b.register(t, xian, "http://hook.example.org:"+port+"/")
	if w.State != stateActive {
		t.Fatalf("an allowed address is %s", w.State)
	}
	point("8.8.8.8")
	b.hear(t, fact("accepted"))
	b.run(t)
	if d := b.only(t, w); d.Attempts[0].Reason != reasonAddress {
		t.Errorf("plain HTTP to the open internet: %+v", d.Attempts)
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestUnknownCertificateIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, loopback)
	r := newTLSReceiver(t)
	w := b.register(t, xian, r)
	b.hear(t, fact("accepted"))
	b.run(t)
	if d := b.only(t, w); d.Attempts[0].Reason != reasonTLS {
		t.Errorf("attempt %+v", d.Attempts[0])
	}
	if contract.ValidID(w.ID) && w.Secret == "" {
		t.Error("no secret at registration")
	}
}
