package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// noonZone returns a zone in which it is about noon now, so that nobody sleeps while
// a test runs.
func noonZone() string {
	const noon = 12
	behind := time.Now().UTC().Hour() - noon // the names of these zones have the sign of POSIX
	return fmt.Sprintf("Etc/GMT%+d", behind)
}

// TestARequesterHearsOnceADay goes the way of a requester who chooses one summary a
// day where a letter ends messages: what may wait waits for the morning, and what was
// settled by then is not told.
func TestARequesterHearsOnceADay(t *testing.T) {
	t.Parallel()
	office := startPostOffice(t)
	i := startProgram(t, os.Args[0], nil, installed(t), "--public-url", "https://heli.example",
		"--smtp-url", "smtp://"+office.address+"?tls=off", "--mail-from", "Heli <help@heli.example>")
	need := requestDraft(planted["title"], "", 10)
	delete(need, "state")
	need["urgency"], need["time_zone"] = "soon", noonZone()
	contact := map[string]any{"name": planted["name"], "phone": "+86" + planted["phone"], "email": planted["email"]}
	need["contact"], need["consent"] = contact, wantsMessages
	made := i.public().call(http.StatusCreated, http.MethodPost, "/requests", "planted-key-of-128-bits-0009", need)
	received := office.next(t)
	stop := stopLink.FindStringSubmatch(received)
	if stop == nil {
		t.Fatalf("a letter without a way out:\n%s", received)
	}
	if got := i.postForm(t, stop[1], url.Values{"digest": {"daily"}}); got.status != http.StatusOK {
		t.Fatalf("choose one summary a day: %d", got.status)
	}

	staff := i.coordinator()
	staff.post(http.StatusOK, "/requests/"+made.ID+"/triage", map[string]any{})
	staff.post(http.StatusOK, "/requests/"+made.ID+"/ask_info", map[string]any{"reason": "how many?"})
	i.awaitMessage("question", "pending", "next_at > now() + interval '10 hours'")
	staff.post(http.StatusOK, "/requests/"+made.ID+"/close", map[string]any{"reason": "unfulfillable"})
	i.awaitMessage("closed", "pending", "next_at > now() + interval '10 hours'")
	staff.post(http.StatusOK, "/requests/"+made.ID+"/reopen", map[string]any{"reason": "found more"})
	staff.post(http.StatusOK, "/requests/"+made.ID+"/ask_info", map[string]any{"reason": "how many?"})

	// The night passes: what was due since yesterday is due now.
	if _, err := i.database().ExecContext(t.Context(),
		`UPDATE notify.messages SET due_at = due_at - interval '1 day', next_at = now() WHERE state = 'pending'`); err != nil {
		t.Fatalf("let the night pass: %v", err)
	}
	summary := office.next(t)
	if !strings.Contains(summary, "We have a question") || strings.Contains(summary, "was closed") || !strings.Contains(summary, made.Code) {
		t.Errorf("a request that is open again and asked about:\n%s", summary)
	}
	i.awaitMessage("closed", "dead", "reason = 'outdated'")
}

// awaitMessage waits until the one message of a kind is in a state, and something
// else is true of it.
func (i *instance) awaitMessage(kind, state, where string) {
	i.t.Helper()
	eventually(i.t, func() string {
		if count(i.t, i.database(), `SELECT count(*) FROM notify.messages WHERE kind = $1 AND state = $2 AND `+where, kind, state) == 1 {
			return ""
		}
		return kind + " is not " + state
	})
}
