package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"heli/pkg/contract"
	"heli/pkg/seal"
)

// MessageConfig is what an operator decides about messages to people. Without any
// of it nobody is written to and no message is stored.
type MessageConfig struct {
	SMTPURL     string   `name:"smtp-url" env:"HELI_SMTP_URL" placeholder:"URL" help:"Mail server for messages to people, as smtps://user:password@host:465, or smtp:// with STARTTLS."`
	MailFrom    string   `name:"mail-from" env:"HELI_MAIL_FROM" placeholder:"ADDRESS" help:"Whom mail comes from, as Heli <help@heli.example>."`
	MailBounces string   `name:"mail-bounces" env:"HELI_MAIL_BOUNCES" placeholder:"ADDRESS" help:"Where mail goes back to that cannot be delivered: each message adds +NAME before the @, so that what comes back names it (default: whom it comes from)."`
	SMSURL      string   `name:"sms-url" env:"HELI_SMS_URL" secret:"" placeholder:"URL" help:"Request that sends an SMS; {{phone}} and {{text}} are filled in."`
	SMSMethod   string   `name:"sms-method" env:"HELI_SMS_METHOD" default:"POST" enum:"GET,POST,PUT" help:"Method of that request."`
	SMSHeaders  []string `name:"sms-header" env:"HELI_SMS_HEADERS" sep:"|" secret:"" placeholder:"NAME: VALUE" help:"Header of that request, repeatable; in the environment separated by |."`
	SMSBody     string   `name:"sms-body" env:"HELI_SMS_BODY" secret:"" placeholder:"TEMPLATE" help:"Body of that request: JSON or a form, by its Content-Type; {{phone}} and {{text}} are filled in."`
	SMSSuccess  string   `name:"sms-success" env:"HELI_SMS_SUCCESS" placeholder:"REGEXP" help:"What the answer must match, for providers that answer 200 to everything."`
	Budget      int      `name:"messages-per-week" env:"HELI_MESSAGES_PER_WEEK" default:"7" placeholder:"N" help:"Messages that one person gets in a week at most; three times as many where life is at risk."`
}

// sender is a way to people.
type sender interface {
	channel() contract.Channel
	// send makes one attempt. It never quotes the address.
	send(ctx context.Context, id contract.MessageID, address string, c content) result
}

// Channels returns the channels that are set up, the preferred one first, or
// what is wrong with the settings.
func (c Config) Channels() ([]contract.Channel, error) {
	senders, err := c.senders(nil, nil, nil)
	return channelsOf(senders), err
}

func channelsOf(senders []sender) []contract.Channel {
	channels := []contract.Channel{}
	for _, s := range senders {
		channels = append(channels, s.channel())
	}
	return channels
}

// senders returns the ways that are set up: mail before SMS, which costs money.
func (c Config) senders(roots *tls.Config, w *composer, clock func() time.Time) ([]sender, error) {
	var all []sender
	if c.SMTPURL != "" {
		m, err := newMailer(c.MessageConfig, roots, w, clock)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if c.SMSURL != "" {
		t, err := newTexter(c.MessageConfig)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	if len(all) > 0 && !strings.HasPrefix(c.PublicURL, "http") {
		return nil, errors.New("messages lead to the pages: say where they are by --public-url")
	}
	return all, nil
}

// setUpMessages makes what messages need of the service.
func (s *Service) setUpMessages(keys *seal.Keys, c Config, t tuning) (err error) {
	if s.composer, err = newComposer(keys, c.PublicURL); err != nil {
		return err
	}
	if s.senders, err = c.senders(t.roots, s.composer, s.clock); err != nil {
		return err
	}
	s.budget = c.Budget
	s.messages = &courier[messageTask]{what: "send messages", take: s.takeMessages, send: s.sendMessage, woken: make(chan struct{}, 1)}
	return nil
}
