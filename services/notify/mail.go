package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"heli/pkg/contract"
)

// mailer sends mail through one SMTP server.
type mailer struct {
	host     string
	options  []mail.Option
	from     *netmail.Address
	bounces  *netmail.Address // the envelope's sender: what cannot be delivered goes there
	composer *composer
	clock    func() time.Time
}

// newMailer reads where mail goes: smtps:// speaks TLS from the first byte, and
// smtp:// must be able to turn to it (STARTTLS) unless the address says ?tls=off.
// A name without a password is refused, and so is a password without TLS.
func newMailer(c MessageConfig, roots *tls.Config, w *composer, clock func() time.Time) (*mailer, error) {
	server, err := url.Parse(c.SMTPURL)
	if err != nil || server.Hostname() == "" || server.Scheme != "smtp" && server.Scheme != "smtps" || strings.Trim(server.Path, "/") != "" {
		return nil, errors.New("--smtp-url must be like smtps://user:password@mail.example:465 or smtp://user:password@mail.example:587")
	}
	m := &mailer{host: server.Hostname(), composer: w, clock: clock}
	if m.from, err = netmail.ParseAddress(c.MailFrom); err != nil {
		return nil, errors.New("--mail-from must be an address such as Heli <help@heli.example>")
	}
	m.bounces = m.from
	if c.MailBounces != "" {
		if m.bounces, err = netmail.ParseAddress(c.MailBounces); err != nil {
			return nil, errors.New("--mail-bounces must be an address such as bounces@heli.example")
		}
		if strings.LastIndexByte(m.bounces.Address, '@')+1+tokenLength > maxLocal {
			return nil, fmt.Errorf("--mail-bounces may have %d characters before the @ at most: each message adds a name of its own", maxLocal-1-tokenLength)
		}
	}
	m.options, err = smtpOptions(server, roots)
	return m, err
}

func smtpOptions(server *url.URL, roots *tls.Config) ([]mail.Option, error) {
	plain := server.Scheme == "smtp" && server.Query().Get("tls") == "off"
	options := []mail.Option{mail.WithTimeout(attemptTime), mail.WithoutNoop(), mail.WithTLSPolicy(mail.TLSMandatory)}
	port := 587
	switch {
	case server.Scheme == "smtps":
		port, options = 465, append(options, mail.WithSSL())
	case plain:
		port, options = 25, append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if given := server.Port(); given != "" {
		var err error
		if port, err = strconv.Atoi(given); err != nil {
			return nil, fmt.Errorf("--smtp-url: the port %q is none", given)
		}
	}
	options = append(options, mail.WithPort(port))
	if roots != nil {
		options = append(options, mail.WithTLSConfig(roots))
	}
	if server.User == nil {
		return options, nil
	}
	password, given := server.User.Password()
	switch {
	case !given:
		return nil, errors.New("--smtp-url names a user without a password")
	case plain:
		return nil, errors.New("--smtp-url would send a password without TLS")
	}
	return append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(server.User.Username()), mail.WithPassword(password)), nil
}

func (m *mailer) channel() contract.Channel { return contract.ChannelMail }

// send hands one mail to the server. A repeat has the same Message-ID, by which
// mailboxes recognise it.
func (m *mailer) send(ctx context.Context, id contract.MessageID, address string, c content) result {
	message, err := m.message(id, address, c)
	if err != nil {
		return result{reason: reasonBounced, final: true} // the address is none
	}
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return result{reason: reasonConnection}
	}
	if err = client.DialAndSendWithContext(ctx, message); err == nil || message.IsDelivered() {
		return result{status: smtpOK}
	}
	return mailResult(ctx, err)
}

const smtpOK = 250

// mailResult names the failure of a mail without quoting it: servers repeat the
// address. A mailbox that is not there ends the message, and so does a refusal of
// the message itself; what is wrong with us may be mended, and is tried again.
func mailResult(ctx context.Context, err error) result {
	var failed *mail.SendError
	switch {
	case ctx.Err() != nil:
		return result{reason: reasonTimeout}
	case !errors.As(err, &failed):
		return result{reason: reasonOfError(err)}
	}
	r := result{status: failed.ErrorCode(), reason: reasonStatus}
	if failed.IsTemp() || r.status < 500 {
		return r
	}
	switch failed.Reason { //nolint:exhaustive // the others are about us
	case mail.ErrSMTPRcptTo:
		r.reason, r.final = reasonRefused, true
		if class := failed.EnhancedStatusCode(); class == "" || strings.HasPrefix(class, "5.1.") || strings.HasPrefix(class, "5.2.") {
			r.reason = reasonBounced
		}
	case mail.ErrSMTPData, mail.ErrSMTPDataClose:
		r.reason, r.final = reasonRefused, true
	}
	return r
}

// message returns a mail in both forms. One click on the unsubscribe button of a
// mail program is a POST to the same address (RFC 8058), which must be HTTPS.
func (m *mailer) message(id contract.MessageID, address string, c content) (*mail.Msg, error) {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	message.FromMailAddress(m.from)
	message.EnvelopeFromMailAddress(m.envelope(id))
	if err := message.To(address); err != nil {
		return nil, fmt.Errorf("set recipient: %w", err)
	}
	message.Subject(c.Subject)
	message.SetDateWithValue(m.clock())
	message.SetMessageIDWithValue(string(id) + "@" + domainOf(m.from.Address))
	message.SetGenHeader(mail.HeaderContentLang, string(c.Lang))
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers
	if message.SetListUnsubscribeOneClick(c.Unsubscribe) != nil {
		message.SetListUnsubscribe(c.Unsubscribe)
	}
	page, err := m.composer.html(c)
	if err != nil {
		return nil, err
	}
	message.SetBodyString(mail.TypeTextPlain, c.plain())
	message.AddAlternativeString(mail.TypeTextHTML, page)
	return message, nil
}

// envelope returns where a mail goes back to that cannot be delivered: an address of
// its own, which names it, where the operator has one for what comes back.
func (m *mailer) envelope(id contract.MessageID) *netmail.Address {
	if m.bounces == m.from {
		return m.from
	}
	at := strings.LastIndexByte(m.bounces.Address, '@')
	return &netmail.Address{Address: m.bounces.Address[:at] + "+" + bounceToken(m.composer.keys, id) + m.bounces.Address[at:]}
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
