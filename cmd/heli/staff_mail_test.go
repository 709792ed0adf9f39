package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/pg"
)

// wantsStaffMail adds a coordinator of root who signs in by an address and hears at
// once, and returns their id.
func (i *instance) wantsStaffMail(db *pg.DB) string {
	i.t.Helper()
	id := contract.NewID[string]()
	for _, q := range []string{
		`INSERT INTO directory.person (id, organisation_id, name, language, login_name, created_at)
			SELECT $1, id, '示例·值班', 'en', $2, now() FROM directory.organisation WHERE code = 'root'`,
		`INSERT INTO directory.person_role (id, person_id, organisation_id, role, granted_at)
			SELECT gen_random_uuid(), $1, id, 'coordinator', now() FROM directory.organisation WHERE code = 'root' AND $2 <> ''`,
		`INSERT INTO directory.notice (person_id, mail, digest, time_zone) SELECT $1, true, 'none', 'UTC' WHERE $2 <> ''`,
	} {
		if _, err := db.ExecContext(i.t.Context(), q, id, planted["email"]); err != nil {
			i.t.Fatalf("add staff: %v", err)
		}
	}
	return id
}

// posts sends a body with a bearer and wants a status.
func (i *instance) posts(status int, path, bearer, media, body string) {
	i.t.Helper()
	request, err := http.NewRequestWithContext(i.t.Context(), http.MethodPost, i.url+path, strings.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Content-Type", media)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		i.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != status {
		i.t.Fatalf("%s answers %d %v, want %d", path, response.StatusCode, err, status)
	}
}

// TestStaffHearByMailAndWhatComesBackIsTaken goes from a colleague's note over the
// mail to its return by the mail server's pipe, after which nothing more is sent
// there; then what is said of the address is looked for in the log.
func TestStaffHearByMailAndWhatComesBackIsTaken(t *testing.T) {
	t.Parallel()
	office, secret := startPostOffice(t), filepath.Join(t.TempDir(), "secret")
	const word = "what the mail server shows"
	if err := os.WriteFile(secret, []byte(word), 0o600); err != nil {
		t.Fatal(err)
	}
	i := startProgram(t, os.Args[0], []string{"HELI_LOG_LEVEL=debug"}, installed(t), "--public-url", "https://heli.example",
		"--smtp-url", "smtp://"+office.address+"?tls=off", "--mail-from", "Heli <help@heli.example>", "--mail-bounces", "bounces@heli.example",
		"--bounce-secret-file", secret)
	db := i.database()
	person, staff := i.wantsStaffMail(db), i.coordinator()
	made := staff.post(http.StatusCreated, "/requests", requestDraft(planted["title"], "open", 10))
	mention := func() {
		body := `{"text":"` + planted["reason"] + `","mentions":["` + person + `"]}`
		i.posts(http.StatusNoContent, "/api/v1/requests/"+made.ID+"/notes", staff.key, "application/json", body)
	}
	mention()
	letter := office.next(t)
	if !strings.Contains(letter, "https://heli.example/console/requests/"+made.ID) || len(leaks([]byte(strings.ReplaceAll(letter, planted["email"], "")))) > 0 {
		t.Errorf("told %s", letter)
	}
	report := "To: " + <-office.senders + "\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n" +
		"Final-Recipient: rfc822; " + planted["email"] + "\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
	for range 2 {
		i.posts(http.StatusOK, "/inbound/bounce", word, "message/rfc822", report)
	}
	mention()
	const last = `SELECT state || ' ' || reason FROM notify.messages WHERE thing = 'person' ORDER BY created_at`
	eventually(t, func() string {
		var states []string
		err := db.SelectContext(t.Context(), &states, last)
		if err != nil || len(states) != 2 || states[0] != "dead bounced" || states[1] != "dead bounces" {
			return "the second mention to be kept back: " + strings.Join(states, ", ")
		}
		return ""
	})
	log, err := os.ReadFile(i.log)
	if found := leaks(log); err != nil || len(found) > 0 {
		t.Errorf("the log tells %v, %v", found, err)
	}
}
