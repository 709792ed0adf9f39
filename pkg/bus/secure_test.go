package bus_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"heli/pkg/bus"
)

func TestWhatLeavesTheMachineIsEncrypted(t *testing.T) {
	t.Parallel()
	for address, refusal := range map[string]string{
		"nats://nats.example.org:4222":               "tls://",
		"nats.example.org:4222":                      "tls://",
		"nats://10.0.0.7":                            "tls://",
		"nats://127.0.0.1:1,nats://nats.example.org": "tls://",
		"ftp://127.0.0.1":                            "scheme",
		"nats://a b":                                 "malformed",
		"nats://127.0.0.1:1":                         "",
		"localhost:1":                                "",
		"nats://[::1]:1":                             "",
		"tls://127.0.0.1:1":                          "",
		"nats://127.0.0.1:1?tls=disable":             "",
		"nats://nats.invalid:4222?tls=disable, tls://127.0.0.1": "",
	} {
		b, err := bus.Connect(t.Context(), bus.Options{URL: address, Name: "web"})
		if err == nil {
			b.Close()
		}
		if (err != nil) != (refusal != "") || err != nil && !strings.Contains(err.Error(), refusal) {
			t.Errorf("%s: %v, want %q", address, err, refusal)
		}
	}
}

func TestTLSByACertificateOfOurOwn(t *testing.T) {
	t.Parallel()
	certificate, file := selfSigned(t)
	s := startNATS(t, func(o *server.Options) {
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}
	})
	address := strings.Replace(s.ClientURL(), "nats://", "tls://", 1)
	trusting := s.connect(t, "web", func(o *bus.Options) { o.URL, o.CAFile = address, file })
	eventually(t, "the bus is connected over TLS", trusting.Connected)
	doubting := s.connect(t, "matcher", func(o *bus.Options) { o.URL = address })
	if doubting.Connected() {
		t.Error("an unknown certificate was trusted")
	}
}

// selfSigned returns a certificate for 127.0.0.1 and a file that holds it.
func selfSigned(t *testing.T) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
