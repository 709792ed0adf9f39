package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"heli/pkg/testkit"
)

const typedPassword = "violet tractor humming"

// virtualKey plugs a security key into the browser.
func virtualKey() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
				HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			},
		})
		return err
	})
}

// freePort returns an address of this machine that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// TestSomebodyEnrolsInABrowser follows an invitation: password, passkey,
// recovery codes; then signs in by the passkey, adds an authenticator app, and
// signs in by password and code.
func TestSomebodyEnrolsInABrowser(t *testing.T) {
	t.Parallel()
	address := freePort(t)
	url := "http://localhost:" + address[strings.LastIndexByte(address, ':')+1:]
	i := startHeli(t, testkit.DataDir(t), "--listen", address, "--public-url", url)
	b := startBrowser(t)
	link := heli(t, "login", "--name", "管理员", "--data", i.data)
	if !strings.HasPrefix(link, url+"/console/login#") {
		t.Fatalf("the link is %s", link)
	}

	b.do("follow the link", virtualKey(), chromedp.Navigate(url+"/?lang=zh-Hans"), chromedp.Navigate(link), await(`form[action="/console/enrol/password"]`))
	b.do("go around", chromedp.Navigate(url+"/console"), await(`form[action="/console/enrol/password"]`))
	b.do("set a password that is common", fill("login_name", "boss"), fill("password", "password2020!"),
		press(`form[action="/console/enrol/password"] button`), await(`#f-password-error`))
	b.do("set a password", fill("password", typedPassword),
		press(`form[action="/console/enrol/password"] button`), await(`form[data-passkey="create"]:not([hidden])`))
	b.do("go around again", chromedp.Navigate(url+"/console"), await(`form[data-passkey="create"]:not([hidden])`))
	b.do("add a passkey", press(`form[data-passkey="create"] button`), await(`.recovery-codes li:nth-child(10)`))
	recovery := b.text("read a recovery code", `(//ol[@class="recovery-codes"]/li)[1]`)
	b.do("go on", chromedp.Navigate(url+"/console"), await(`.console-nav`))

	signOut := press(`form[action="/console/logout"] button`)
	signedOut := await(`form[action="/console/login"]`) // the page before has fields of the same names
	b.do("sign in by passkey", signOut, await(`form[data-passkey="get"]:not([hidden])`),
		press(`form[data-passkey="get"] button`), await(`.console-nav`))

	secret := b.addAuthenticator(url)
	b.do("sign in by password", signOut, signedOut, fill("name", "boss"), fill("password", typedPassword),
		press(`form[action="/console/login"] button.btn-primary`), await(`input[name="code"]`))
	b.do("type a wrong code", fill("code", "000000"), press(`form[action="/console/login/code"] button`), await(`[data-error-summary]`))
	// The code that was used to add the authenticator is used up; the next one counts.
	code, err := totp.GenerateCode(secret, time.Now().Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	b.do("type the code", fill("code", code), press(`form[action="/console/login/code"] button`), await(`.console-nav`))
	b.do("sign in by a recovery code", signOut, signedOut, fill("name", "管理员"), fill("password", typedPassword),
		press(`form[action="/console/login"] button.btn-primary`), await(`input[name="code"]`),
		fill("code", recovery), press(`form[action="/console/login/code"] button`), await(`.console-nav`))
}

// addAuthenticator sets an authenticator app up and returns its secret.
func (b browser) addAuthenticator(url string) string {
	b.t.Helper()
	b.do("set up an app", chromedp.Navigate(url+"/console/account"), press(`form[action="/console/account/totp"] button`), await(`svg.qr`))
	secret := found(b, "read the secret", chromedp.Value(chromedp.CSS(`input[name="secret"]`)))
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	b.do("confirm the app", fill("code", code), press(`form[action="/console/account/totp/confirm"] button`),
		chromedp.WaitVisible(`//form[@action="/console/account/factors/remove"]`))
	return secret
}
