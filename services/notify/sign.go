package notify

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"heli/pkg/contract"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
	// keptSecret is how long the former secret signs too after a rotation.
	keptSecret = 24 * time.Hour
)

// newSecret returns a signing secret as Standard Webhooks writes it.
func newSecret() string {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // crypto/rand.Read never returns an error
	return secretPrefix + base64.StdEncoding.EncodeToString(raw)
}

// signatureHeaders returns the headers of one attempt, with a signature by each
// secret, the newest first.
func signatureHeaders(id contract.EventID, at time.Time, body []byte, secrets []string) (http.Header, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signer, err := webhook.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("read secret: %w", err)
		}
		if signatures[i], err = signer.Sign(string(id), at, body); err != nil {
			return nil, fmt.Errorf("sign event: %w", err)
		}
	}
	h := http.Header{}
	h.Set(webhook.HeaderWebhookID, string(id))
	h.Set(webhook.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(webhook.HeaderWebhookSignature, strings.Join(signatures, " "))
	return h, nil
}

// seal returns a secret as it is stored, bound to its endpoint.
func (s *Service) seal(id contract.EndpointID, secret string) []byte {
	return s.keys.Seal([]byte(secret), []byte(id))
}

// openSecrets returns the readable secrets of an endpoint; an error when the
// first, the newest, is not.
func (s *Service) openSecrets(id contract.EndpointID, sealed [][]byte) ([]string, error) {
	var secrets []string
	for i, one := range sealed {
		plain, err := s.keys.Open(one, []byte(id))
		if err != nil && i == 0 {
			return nil, fmt.Errorf("open secret: %w", err)
		}
		if err == nil {
			secrets = append(secrets, string(plain))
		}
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("open secret: endpoint %s has none", id)
	}
	return secrets, nil
}

// challenge returns what an endpoint has to answer to a verification event. It
// is never stored: the event's id gives it.
func (s *Service) challenge(id contract.EventID) string {
	return s.keys.Token("webhook_challenge", string(id), 0)
}
