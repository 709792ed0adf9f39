package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"heli/pkg/contract"
)

// outgoing is one attempt on its way, with what no excerpt of the answer shows.
type outgoing struct {
	request *http.Request
	hidden  []string
}

// robotRequest returns a text for a robot as its kind wants it, signed where the
// robot signs. The id of the event goes along for whoever stands between; robots
// do not look at it.
func (s *Service) robotRequest(ctx context.Context, t task, sealed string) (outgoing, error) {
	var key robotKey
	if err := json.Unmarshal([]byte(sealed), &key); err != nil {
		return outgoing{}, fmt.Errorf("read the key of a robot: %w", err)
	}
	text, err := s.writer.text(t, s.now())
	if err != nil {
		return outgoing{}, err
	}
	address, body, err := robotMessage(t.Kind, key, text, s.now())
	if err != nil {
		return outgoing{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return outgoing{}, fmt.Errorf("address a robot: %w", err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set(webhook.HeaderWebhookID, string(t.EventID))
	return outgoing{request: request, hidden: append(key.hidden(), robotKey{URL: address}.hidden()...)}, nil
}

// robotMessage returns where a text goes and how it is written there.
func robotMessage(kind contract.EndpointKind, key robotKey, text string, now time.Time) (address string, body []byte, err error) {
	var message any
	address = key.URL
	switch kind {
	case contract.KindSlack:
		message = map[string]string{"text": slackText.Replace(text)}
	case contract.KindFeishu:
		m := map[string]any{"msg_type": "text", "content": map[string]string{"text": feishuText.Replace(text)}}
		if key.Secret != "" {
			at := strconv.FormatInt(now.Unix(), 10)
			m["timestamp"], m["sign"] = at, feishuSignature(at, key.Secret)
		}
		message = m
	default: // WeCom and DingTalk
		message = map[string]any{"msgtype": "text", "text": map[string]string{"content": text}}
	}
	if kind == contract.KindDingTalk && key.Secret != "" {
		if address, err = dingTalkAddress(key, now); err != nil {
			return "", nil, err
		}
	}
	body, err = json.Marshal(message)
	if err != nil {
		return "", nil, fmt.Errorf("encode message: %w", err)
	}
	return address, body, nil
}

// Names come from tables that people write: none may call a whole group.
var (
	slackText  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	feishuText = strings.NewReplacer("<", "＜", ">", "＞")
)

// dingTalkAddress adds the time in milliseconds and the signature of it to an
// address.
func dingTalkAddress(key robotKey, now time.Time) (string, error) {
	u, err := url.Parse(key.URL)
	if err != nil {
		return "", fmt.Errorf("read the address of a robot: %w", err)
	}
	at := strconv.FormatInt(now.UnixMilli(), 10)
	query := u.Query()
	query.Set("timestamp", at)
	query.Set("sign", dingTalkSignature(at, key.Secret))
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// dingTalkSignature is the HMAC of time and secret under the secret.
func dingTalkSignature(at, secret string) string {
	return signature(secret, at+"\n"+secret)
}

// feishuSignature is the HMAC of nothing under time and secret.
func feishuSignature(at, secret string) string {
	return signature(at+"\n"+secret, "")
}

func signature(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(message)) // a hash takes everything
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
