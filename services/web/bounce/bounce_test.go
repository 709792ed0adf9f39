package bounce

import (
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

const named = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnop"

// notification is what Postfix writes when a mail comes back, cut to what counts.
const notification = `Return-Path: <>
Received: by mail.heli.example (Postfix) id 4Bounce; Fri, 27 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mail.heli.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces+abcdefghijklmnopqrstuvwxyz-abcdefghijklmnop@heli.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/mail"

This is a MIME-encapsulated message.

--B/mail
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B/mail
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.heli.example
X-Postfix-Queue-ID: 4Bounce

Final-Recipient: rfc822; somebody@example.org
Original-Recipient: rfc822;somebody@example.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <somebody@example.org>: Recipient address
    rejected: User unknown

--B/mail
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <bounces+abcdefghijklmnopqrstuvwxyz-abcdefghijklmnop@heli.example>
From: Heli <help@heli.example>
To: somebody@example.org
Subject: ?

Hello
--B/mail--
`

func changed(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(notification) }

func TestNotificationsOfMailServersAreRead(t *testing.T) {
	t.Parallel()
	failed := contract.MailBounce{Token: named, Action: "failed", Status: "5.1.1"}
	for name, c := range map[string]struct {
		content string
		want    contract.MailBounce
	}{
		"as Postfix writes it":       {notification, failed},
		"with lines of the internet": {strings.ReplaceAll(notification, "\n", "\r\n"), failed},
		"named by the mail alone":    {changed("To: bounces+"+named+"@heli.example\nAuto", "To: postmaster@heli.example\nAuto"), failed},
		"in another case":            {changed("Action: failed", "action:  FAILED", "Status: 5.1.1", "STATUS: 5.1.1 (bad mailbox)"), failed},
		"the mail's header alone":    {changed("message/rfc822", "text/rfc822-headers"), failed},
		"only late":                  {changed("failed", "delayed", "5.1.1", "4.4.1"), contract.MailBounce{Token: named, Action: "delayed", Status: "4.4.1"}},
		"a status that is none":      {changed("Status: 5.1.1", "Status: bad"), contract.MailBounce{Token: named, Action: "failed"}},
		"of several the failure": {
			changed("Final-Recipient: rfc822; somebody", "Final-Recipient: rfc822; other@example.org\nAction: relayed\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; somebody"), failed,
		},
		"encoded": {
			changed("Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.heli.example\nX-Postfix-Queue-ID: 4Bounce\n\nFinal",
				"Content-Type: message/delivery-status\nContent-Transfer-Encoding: quoted-printable\n\nReporting-MTA: dns; mail.heli.exam=\nple\n\nFinal"), failed,
		},
	} {
		if got, err := Read([]byte(c.content)); err != nil || got != c.want {
			t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
		}
	}
}

func TestWhatIsNoNotificationIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, code string }{
		"nothing":              {"", "bounce_unreadable"},
		"no mail":              {"\x00\xff\xfe", "bounce_unreadable"},
		"a holiday":            {"To: bounces+" + named + "@heli.example\nContent-Type: text/plain\n\nI am away", "bounce_no_report"},
		"a report of a virus":  {changed("delivery-status; b", "disposition-notification; b"), "bounce_no_report"},
		"no recipient":         {changed("Action: failed\n", ""), "bounce_no_report"},
		"cut off":              {notification[:strings.Index(notification, "Final-Recipient")], "bounce_unreadable"},
		"of nobody's message":  {changed(named, "sales"), "bounce_unnamed"},
		"endless parts":        {changed("--B/mail--", strings.Repeat("--B/mail\nContent-Type: text/plain\n\nx\n", 50)+"--B/mail--"), "bounce_unreadable"},
		"a boundary of nobody": {changed(`boundary="B/mail"`, `boundary="other"`), "bounce_no_report"},
	} {
		_, err := Read([]byte(c.content))
		if f := fault.As(err); f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(notification))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := Read(content)
		if err == nil && (got.Token == "" || got.Action == "") {
			t.Errorf("%+v", got)
		}
	})
}
