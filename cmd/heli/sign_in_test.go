package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// visitor is a browser without script.
type visitor struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newVisitor(t *testing.T, address string) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return visitor{t, address, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is an answer as the visitor sees it.
type page struct {
	status   int
	location string
	retry    string
	body     string
}

func (v visitor) send(method, path string, form url.Values) page {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return page{response.StatusCode, response.Header.Get("Location"), response.Header.Get("Retry-After"), string(body)}
}

func (v visitor) post(path string, form url.Values) page { return v.send(http.MethodPost, path, form) }
func (v visitor) get(path string) page                   { return v.send(http.MethodGet, path, nil) }

// session returns the secret that the browser holds.
func (v visitor) session() string {
	v.t.Helper()
	u, err := url.Parse(v.url)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, cookie := range v.client.Jar.Cookies(u) {
		if cookie.Name == "heli_session" {
			return cookie.Value
		}
	}
	return ""
}

// leadsTo fails unless a form was taken and leads on.
func (p page) leadsTo(t *testing.T, location string) {
	t.Helper()
	if p.status != http.StatusSeeOther || p.location != location {
		t.Fatalf("%d to %q, want to %q:\n%.2000s", p.status, p.location, location, p.body)
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(factor_id|secret|uri)" value="([^"]*)"`)

// enrol follows a link to its end, without script, and returns the authenticator's secret.
func (v visitor) enrol(link, login string) string {
	v.t.Helper()
	_, token, _ := strings.Cut(link, "#")
	v.post("/console/login", url.Values{"token": {token}}).leadsTo(v.t, "/console")
	v.get("/console").leadsTo(v.t, "/console/enrol")
	v.get("/console/people").leadsTo(v.t, "/console/enrol")
	v.post("/console/enrol/password", url.Values{"name": {"测试员" + login}, "login_name": {login}, "password": {typedPassword}}).leadsTo(v.t, "/console/enrol")
	form := url.Values{"name": {"手机"}}
	for _, match := range hidden.FindAllStringSubmatch(v.post("/console/enrol/totp", url.Values{}).body, -1) {
		form.Set(match[1], strings.ReplaceAll(match[2], "&amp;", "&"))
	}
	code, err := totp.GenerateCode(form.Get("secret"), time.Now())
	if err != nil {
		v.t.Fatal(err)
	}
	form.Set("code", code)
	if p := v.post("/console/enrol/totp/confirm", form); !strings.Contains(p.body, "recovery-codes") {
		v.t.Fatalf("no recovery codes: %d\n%.2000s", p.status, p.body)
	}
	if p := v.get("/console"); p.status != http.StatusOK {
		v.t.Fatalf("after enrolling the console gives %d", p.status)
	}
	return form.Get("secret")
}

// TestTheFirstAdministratorAndTheWrongOnes enrols by the link that heli up
// prints, signs in and out, and then tries everything that is wrong: the answers
// are alike, and many of them are told to wait.
func TestTheFirstAdministratorAndTheWrongOnes(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	var link string
	select {
	case link = <-i.first:
	case <-time.After(waitLimit):
		t.Fatal("heli up prints no link for the first administrator")
	}
	owner := newVisitor(t, i.url)
	secret := owner.enrol(link, "boss")
	if p := newVisitor(t, i.url).post("/console/login", url.Values{"token": {link[strings.IndexByte(link, '#')+1:]}}); p.status != http.StatusForbidden {
		t.Errorf("the link works again: %d", p.status)
	}

	before := owner.session()
	owner.post("/console/login", url.Values{"name": {"BOSS"}, "password": {typedPassword}}).leadsTo(t, "/console/login/code")
	between := owner.session()
	code, err := totp.GenerateCode(secret, time.Now().Add(30*time.Second)) // the present one has been used
	if err != nil {
		t.Fatal(err)
	}
	owner.post("/console/login/code", url.Values{"code": {code}}).leadsTo(t, "/console")
	if after := owner.session(); before == between || between == after || after == "" {
		t.Error("the session's secret stays the same")
	}

	answers := map[string]bool{}
	for _, try := range [][2]string{{"nobody", typedPassword}, {"boss", "wrong password"}, {"boss", typedPassword}} {
		stranger := newVisitor(t, i.url)
		first := stranger.post("/console/login", url.Values{"name": {try[0]}, "password": {try[1]}})
		second := stranger.post("/console/login/code", url.Values{"code": {"000000"}})
		answers[fmt.Sprintf("%d %q %s | %d %s", first.status, first.location, first.body, second.status, second.body)] = true
	}
	if len(answers) != 1 {
		t.Errorf("what is wrong is told apart: %v", answers)
	}

	slowed := map[string]int{}
	for _, name := range []string{"boss", "nobody"} {
		stranger := newVisitor(t, i.url)
		for n := range 40 {
			p := stranger.post("/console/login", url.Values{"name": {name}, "password": {"wrong password"}})
			if p.status == http.StatusTooManyRequests && p.retry != "" {
				slowed[name] = n
				break
			}
		}
	}
	if slowed["boss"] == 0 || slowed["nobody"] == 0 {
		t.Errorf("wrong passwords are not slowed down: %v", slowed)
	}
	if p := owner.get("/console/account"); p.status != http.StatusOK {
		t.Errorf("the owner's session suffers: %d", p.status)
	}
}
