package notify

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"heli/pkg/contract"
)

func smsConfig(url string) MessageConfig {
	return MessageConfig{
		SMSURL: url, SMSMethod: "POST", SMSBody: `{"to": "{{phone}}", "text": "{{ text }}"}`,
		SMSHeaders: []string{"Content-Type: application/json; charset=utf-8", "Authorization: Bearer 123"}, SMSSuccess: `"code":\s*0`,
	}
}

func TestAnSMSGoesThroughTheTemplate(t *testing.T) {
	provider := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"code": 0}`)) })
	s, err := newTexter(smsConfig(provider.URL + "?from=heli"))
	must(t, err)
	text := "Heli \"QGGN\"\n合力 & more\\"
	if r := s.send(t.Context(), "id", plantedPhone, content{Short: text}); r.reason != "" || r.status != http.StatusOK {
		t.Fatalf("%+v", r)
	}
	got := provider.got()
	var body map[string]string
	must(t, json.Unmarshal([]byte(got[0].body), &body))
	if body["to"] != plantedPhone || body["text"] != text || got[0].header.Get("Authorization") != "Bearer 123" {
		t.Errorf("%+v %v", body, got[0].header)
	}
}

func TestAnSMSByFormAndByAddress(t *testing.T) {
	provider := newReceiver(t, status(http.StatusOK))
	c := smsConfig(provider.URL + "?to={{phone}}")
	c.SMSBody, c.SMSHeaders, c.SMSSuccess = "text={{text}}", []string{"Content-Type: application/x-www-form-urlencoded"}, ""
	s, err := newTexter(c)
	must(t, err)
	if r := s.send(t.Context(), "id", plantedPhone, content{Short: "a&b=合力"}); r.reason != "" {
		t.Fatalf("%+v", r)
	}
	values, err := url.ParseQuery(provider.got()[0].body)
	must(t, err)
	if values.Get("text") != "a&b=合力" {
		t.Errorf("%v", values)
	}
}

func TestWhatAProviderAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"success in words too":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"code":0}`)) }, ""},
		"an error that is a 200": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"code":9}`)) }, reasonRefused},
		"too many":               {status(http.StatusTooManyRequests), reasonSlowDown},
		"its own failure":        {status(http.StatusInternalServerError), reasonStatus},
		"gone is no 410 of ours": {status(http.StatusGone), reasonStatus},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com", http.StatusFound)
		}, reasonRedirect},
	} {
		provider := newReceiver(t, c.answer)
		s, err := newTexter(smsConfig(provider.URL))
		must(t, err)
		if r := s.send(t.Context(), "id", plantedPhone, content{Short: "text"}); r.reason != c.want || r.final {
			t.Errorf("%s: %+v, want %q and another try", name, r, c.want)
		}
	}
}

func TestWrongSettingsAreRefusedAtTheStart(t *testing.T) {
	good := MessageConfig{SMTPURL: "smtps://u:p@mail.example", MailFrom: "help@heli.example"}
	for name, c := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no mail server":        {func(c *Config) { c.SMTPURL = "mail.example:587" }, "--smtp-url must be like"},
		"another protocol":      {func(c *Config) { c.SMTPURL = "https://mail.example" }, "--smtp-url must be like"},
		"user without password": {func(c *Config) { c.SMTPURL = "smtp://u@mail.example" }, "without a password"},
		"password without TLS":  {func(c *Config) { c.SMTPURL = "smtp://u:p@mail.example?tls=off" }, "without TLS"},
		"from nobody":           {func(c *Config) { c.MailFrom = "" }, "--mail-from"},
		"bounces nowhere":       {func(c *Config) { c.MailBounces = "x" }, "--mail-bounces"},
		"no pages":              {func(c *Config) { c.PublicURL = "" }, "--public-url"},
		"unknown field": {func(c *Config) {
			c.MessageConfig = smsConfig("https://sms.example")
			c.SMSBody = `{"a":"{{phone}}{{text}}{{name}}"}`
		}, "unknown field {{name}}"},
		"unknown field in URL":   {func(c *Config) { c.MessageConfig = smsConfig("https://sms.example/{{user}}") }, "unknown field {{user}}"},
		"nobody's phone":         {func(c *Config) { c.MessageConfig = smsConfig("https://sms.example"); c.SMSBody = `{"a":"{{text}}"}` }, "no field {{phone}}"},
		"no text":                {func(c *Config) { c.MessageConfig = smsConfig("https://sms.example"); c.SMSBody = `{"a":"{{phone}}"}` }, "no field {{text}}"},
		"phones in clear":        {func(c *Config) { c.MessageConfig = smsConfig("http://sms.example") }, "must be https"},
		"body of unknown type":   {func(c *Config) { c.MessageConfig = smsConfig("https://sms.example"); c.SMSHeaders = nil }, "Content-Type"},
		"header without a value": {func(c *Config) { c.MessageConfig = smsConfig("https://sms.example"); c.SMSHeaders = []string{"x"} }, "--sms-header"},
		"broken expression":      {func(c *Config) { c.MessageConfig = smsConfig("https://sms.example"); c.SMSSuccess = "(" }, "--sms-success"},
	} {
		config := Config{PublicURL: publicURL, MessageConfig: good}
		c.change(&config)
		if channels, err := config.Channels(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v %v, want %q", name, channels, err, c.says)
		}
	}
	both := Config{PublicURL: publicURL, MessageConfig: smsConfig("https://sms.example")}
	both.SMTPURL, both.MailFrom = good.SMTPURL, good.MailFrom
	channels, err := both.Channels()
	if err != nil || len(channels) != 2 || channels[0] != contract.ChannelMail {
		t.Errorf("%v %v", channels, err)
	}
}
