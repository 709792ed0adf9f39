package notify

import (
	"slices"
	"testing"
	"time"

	"heli/pkg/contract"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	active := health{State: stateActive}
	for name, c := range map[string]struct {
		try      try
		result   result
		health   health
		state    string
		reason   string
		wait     time.Duration
		endpoint string
		pause    time.Duration
	}{
		"success":              {try{tries: 1}, result{}, active, stateDelivered, "", 0, stateActive, 0},
		"first failure":        {try{tries: 1}, result{reason: reasonStatus}, active, statePending, reasonStatus, 5 * time.Second, stateActive, 0},
		"second failure":       {try{tries: 2}, result{reason: reasonStatus}, active, statePending, reasonStatus, 5 * time.Minute, stateActive, 0},
		"ninth failure":        {try{tries: 9}, result{reason: reasonTimeout}, active, statePending, reasonTimeout, 24 * time.Hour, stateActive, 0},
		"tenth failure":        {try{tries: 10}, result{reason: reasonTimeout}, active, stateDead, reasonExhausted, 0, stateActive, 0},
		"gone":                 {try{tries: 1}, result{reason: reasonGone}, active, stateDead, reasonGone, 0, stateDisabled, 0},
		"retry after, longer":  {try{tries: 1}, result{reason: reasonSlowDown, retryAfter: time.Minute}, active, statePending, reasonSlowDown, time.Minute, stateActive, time.Minute},
		"retry after, shorter": {try{tries: 3}, result{reason: reasonStatus, retryAfter: time.Minute}, active, statePending, reasonStatus, 30 * time.Minute, stateActive, time.Minute},
		"slow down":            {try{tries: 1}, result{reason: reasonSlowDown}, active, statePending, reasonSlowDown, 5 * time.Second, stateActive, 5 * time.Second},
		"slow down, late":      {try{tries: 5}, result{reason: reasonSlowDown}, active, statePending, reasonSlowDown, 5 * time.Hour, stateActive, time.Minute},
		"failing 5 days":       {try{tries: 1}, result{reason: reasonTimeout}, health{State: stateActive, FailingSince: ago(disableAfter)}, stateDead, reasonEndpointDisabled, 0, stateDisabled, time.Minute},
		"failing almost":       {try{tries: 1}, result{reason: reasonTimeout}, health{State: stateActive, FailingSince: ago(disableAfter - 1)}, statePending, reasonTimeout, 5 * time.Second, stateActive, time.Minute},
		"failing a while":      {try{tries: 1}, result{reason: reasonStatus}, health{State: stateActive, FailingSince: ago(time.Minute)}, statePending, reasonStatus, 5 * time.Second, stateActive, 6 * time.Second},
		"working again":        {try{tries: 2}, result{}, health{State: stateActive, FailingSince: ago(time.Minute)}, stateDelivered, "", 0, stateActive, 0},
		"removed meanwhile":    {try{tries: 1}, result{reason: reasonTimeout}, health{State: stateRemoved}, stateDead, reasonEndpointRemoved, 0, stateRemoved, 0},
		"disabled meanwhile":   {try{tries: 1}, result{reason: reasonTimeout}, health{State: stateDisabled}, stateDead, reasonEndpointDisabled, 0, stateDisabled, 0},
		"proof":                {try{kind: typeVerify, tries: 1}, result{}, health{State: stateUnverified}, stateDelivered, "", 0, stateActive, 0},
		"proof of a disabled":  {try{kind: typeVerify, tries: 1}, result{}, health{State: stateDisabled, Reason: reasonGone}, stateDelivered, "", 0, stateActive, 0},
		"proof of a removed":   {try{kind: typeVerify, tries: 1}, result{}, health{State: stateRemoved}, stateDelivered, "", 0, stateRemoved, 0},
		"no proof yet":         {try{kind: typeVerify, tries: 1}, result{reason: reasonChallenge}, health{State: stateUnverified}, statePending, reasonChallenge, 5 * time.Second, stateUnverified, 0},
		"no proof at all":      {try{kind: typeVerify, tries: 10}, result{reason: reasonChallenge}, health{State: stateUnverified}, stateDead, reasonExhausted, 0, stateDisabled, 0},
		"no proof, disabled":   {try{kind: typeVerify, tries: 1}, result{reason: reasonChallenge}, health{State: stateDisabled}, statePending, reasonChallenge, 5 * time.Second, stateDisabled, 0},
	} {
		v := judge(c.try, c.result, c.health, now, 0.5)
		if failing := v.endpoint.FailingSince != nil; failing != (c.result.reason != "") {
			t.Errorf("%s: it fails from now on: %v", name, failing)
		}
		var wait, pause time.Duration
		if v.nextAt != nil {
			wait = v.nextAt.Sub(now)
		}
		if v.endpoint.SlowUntil != nil {
			pause = v.endpoint.SlowUntil.Sub(now)
		}
		if v.state != c.state || v.reason != c.reason || wait != c.wait || v.endpoint.State != c.endpoint || pause != c.pause {
			t.Errorf("%s: %+v, wait %v, pause %v", name, v, wait, pause)
		}
	}
}

func TestScheduleIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	var total time.Duration
	for _, d := range schedule {
		total += d
		if low, high := stretch(d, 0), stretch(d, 1); low != d*9/10 || high != d*11/10 {
			t.Errorf("%v is stretched to %v and %v", d, low, high)
		}
	}
	if len(schedule) != 10 || total.Round(time.Hour) != 76*time.Hour {
		t.Errorf("%d tries over %v, want 10 over about 76 h", len(schedule), total)
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	e := contract.Event{Thing: contract.ThingMatch, State: "reported_done"}
	for pattern, want := range map[string]struct{ valid, match bool }{
		"*": {true, true}, "heli.*": {true, true}, "match.*": {true, true}, "heli.match.*": {true, true},
		"match.reported_done": {true, true}, "heli.match.reported_done": {true, true}, "match.accepted": {true, false},
		"request.*": {true, false}, "": {}, "match": {}, "match.": {}, "matches.*": {}, "match.*.x": {}, "match.Reported": {},
		"heli.heli.*": {}, "match.%": {}, "*.open": {}, "endpoint.test": {},
	} {
		normal, valid := normalPattern(pattern)
		if match := valid && slices.Contains(patternsOf(e), normal); valid != want.valid || match != want.match {
			t.Errorf("%q: valid %v, matches %v", pattern, valid, match)
		}
	}
	if got := likePattern("match.reported_*"); got != `heli.match.reported\_%` {
		t.Errorf("like pattern %q", got)
	}
}

func TestSightGoesUp(t *testing.T) {
	t.Parallel()
	got := sightOf([]string{xian, hubei})
	if !slices.Equal(got, []string{"root/", hubei, shaanxi, xian}) {
		t.Errorf("sight %v", got)
	}
	if len(sightOf(nil)) != 0 {
		t.Error("somebody sees what nobody owns")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "-1": 0, "soon": 0, "99999999999": 24 * time.Hour,
		"99999999999999999999999": 0, "Tue, 24 Nov 2026 08:00:30 GMT": 30 * time.Second, "Mon, 23 Nov 2026 08:00:00 GMT": 0,
		"Tue, 24 Nov 2099 08:00:30 GMT": 24 * time.Hour,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	secret := "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
	long := ""
	for len(long) < 2*maxExcerpt {
		long += "救"
	}
	for answer, want := range map[string]string{
		"ok":            "ok",
		"a\r\nb\x00":    "a  b",
		"\xff":          "�",
		"key " + secret: "key …",
		"raw c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0 and whsec_other": "raw … and …",
		long: long[:maxExcerpt/3*3],
	} {
		if got := excerpt([]byte(answer), []string{secret}); got != want {
			t.Errorf("%.40q: %.60q", answer, got)
		}
	}
}

func TestProof(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{
		"abc": true, " abc\n": true, `{"challenge":"abc"}`: true, `{"challenge":"abd"}`: false, "": false, "abcd": false,
		`{"data":{"challenge":"abc"}}`: false, `"abc"`: false,
	} {
		if proves([]byte(answer), "abc") != want {
			t.Errorf("%q: want %v", answer, want)
		}
	}
}
