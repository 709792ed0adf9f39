// Package notify owns what Heli tells others. To programs: webhook endpoints, every
// delivery to them with each attempt, and the feed of facts to pull; these ask no
// other service what a fact means, and carry no more than ids, states and amounts.
// To people: messages by mail and SMS, with each attempt. It never decides a match
// and never stores or logs where a person can be reached.
package notify

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"heli/pkg/contract"
)

// Endpoint states. An endpoint is unverified until its owner has proven that
// the address is theirs; a disabled one gets nothing until it proves so again.
const (
	stateUnverified = "unverified"
	stateActive     = "active"
	stateDisabled   = "disabled"
	stateRemoved    = "removed" // seen by nobody; keeps the log consistent
)

// Delivery states. What is gathered waits for a digest, what is digested was told
// of in one.
const (
	statePending   = "pending"
	stateGathered  = "gathered"
	stateDigested  = "digested"
	stateDelivered = "delivered"
	stateDead      = "dead"
)

// Types of events that are about an endpoint itself.
const (
	typeVerify = "heli.endpoint.verify"
	typeTest   = "heli.endpoint.test"
	typeDigest = "heli.endpoint.digest"
)

// Reasons of failed attempts and of dead deliveries, and why an endpoint is disabled.
const (
	reasonTimeout          = "timeout"
	reasonAddress          = "address_refused" // the guard let no packet out
	reasonDNS              = "dns"
	reasonTLS              = "tls"
	reasonConnection       = "connection"
	reasonStatus           = "status"
	reasonRedirect         = "redirect"
	reasonGone             = "gone"      // 410: the receiver wants no more
	reasonSlowDown         = "slow_down" // 429, 502, 504
	reasonChallenge        = "challenge_missing"
	reasonAnswer           = "answer_unreadable" // no robot of the kind speaks like this
	reasonRobotRefused     = "robot_refused"
	reasonRobotGuarded     = "robot_guarded" // its keyword, signature or list of addresses
	reasonRobotGone        = "robot_gone"
	reasonUnwritten        = "not_written"
	reasonSecret           = "secret_unreadable" //nolint:gosec // the name of a failure
	reasonExhausted        = "tries_exhausted"
	reasonFailing          = "failing" // for disableAfter
	reasonUnproven         = "not_verified"
	reasonEndpointDisabled = "endpoint_disabled"
	reasonEndpointRemoved  = "endpoint_removed"
	reasonMoved            = "endpoint_moved" // a proof of its former address
)

// schedule holds the waits before the tries of a delivery, each counted from the
// failure before it: ten tries in about 76 hours.
var schedule = []time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	jitterShare   = 0.1 // either way
	maxRetryAfter = 24 * time.Hour
	// longestPause is for a receiver that asks for less without saying how long, and
	// for one that fails.
	longestPause = time.Minute
	// restShare is the part of the time it has failed that an endpoint is left alone
	// after another failure.
	restShare = 10
	// disableAfter is how long an endpoint may fail without one success between.
	disableAfter = 5 * 24 * time.Hour
)

// try is what is known of a delivery when its answer is judged.
type try struct {
	kind  string        // event type
	tries int           // with the one that is judged
	pace  time.Duration // how long the endpoint rests after a success
}

// result is what came of one attempt; the reason is empty for a success.
type result struct {
	status     int // 0: no answer
	reason     string
	retryAfter time.Duration
	answer     string
	duration   time.Duration
	final      bool // trying again would change nothing
}

// health is the part of an endpoint that attempts change.
type health struct {
	State        string     `db:"state"`
	Reason       string     `db:"reason"`
	FailingSince *time.Time `db:"failing_since"`
	SlowUntil    *time.Time `db:"slow_until"`
}

// verdict is what becomes of a delivery and of its endpoint.
type verdict struct {
	state    string
	reason   string
	nextAt   *time.Time
	endpoint health
}

// judge decides by the answer what becomes of a delivery and of its endpoint.
// Jitter is from 0 up to 1.
func judge(t try, r result, h health, now time.Time, jitter float64) verdict {
	if r.reason == "" {
		if t.kind == typeVerify && h.State != stateRemoved {
			h.State, h.Reason = stateActive, ""
		}
		h.FailingSince = nil
		if t.pace > 0 {
			rested := now.Add(t.pace)
			h.SlowUntil = &rested
		}
		return verdict{state: stateDelivered, endpoint: h}
	}
	h = h.failed(t, r, now)
	v := verdict{state: stateDead, endpoint: h}
	switch {
	case final(r.reason), r.final:
		v.reason = r.reason
	case t.tries >= len(schedule):
		v.reason = reasonExhausted
	case h.State == stateRemoved:
		v.reason = reasonEndpointRemoved
	case h.State == stateDisabled && t.kind != typeVerify:
		v.reason = reasonEndpointDisabled
	default:
		next := now.Add(max(stretch(schedule[t.tries], jitter), r.retryAfter))
		v.state, v.reason, v.nextAt = statePending, r.reason, &next
	}
	return v
}

// failed returns the endpoint's health after a failed attempt.
func (h health) failed(t try, r result, now time.Time) health {
	if h.FailingSince == nil {
		h.FailingSince = &now
	}
	if pause := pauseFor(t, r, now.Sub(*h.FailingSince)); pause > 0 {
		until := now.Add(pause)
		if h.SlowUntil == nil || h.SlowUntil.Before(until) {
			h.SlowUntil = &until
		}
	}
	switch {
	case h.State == stateRemoved:
	case final(r.reason):
		h.State, h.Reason = stateDisabled, r.reason
	case h.State == stateUnverified && t.kind == typeVerify && t.tries >= len(schedule):
		h.State, h.Reason = stateDisabled, reasonUnproven
	case h.State == stateActive && now.Sub(*h.FailingSince) >= disableAfter:
		h.State, h.Reason = stateDisabled, reasonFailing
	}
	return h
}

// final reports whether a failure says that the receiver will never take anything.
func final(reason string) bool { return reason == reasonGone || reason == reasonRobotGone }

// pauseFor returns how long the whole endpoint is left alone: as long as the
// receiver says, or a little when it only says that it has too much to do. One that
// fails is asked the more seldom the longer it has failed, whatever waits for it;
// a single success ends that.
func pauseFor(t try, r result, failing time.Duration) time.Duration {
	switch {
	case r.retryAfter > 0:
		return r.retryAfter
	case r.reason == reasonSlowDown:
		return min(schedule[min(t.tries, len(schedule)-1)], longestPause)
	default:
		return min(failing/restShare, longestPause)
	}
}

// stretch moves a wait by the jitter, so that what failed together does not come
// back together.
func stretch(d time.Duration, jitter float64) time.Duration {
	return time.Duration(float64(d) * (1 + jitterShare*(2*jitter-1)))
}

// reasonOf returns why a status is a failure, or nothing for a success.
func reasonOf(status int) string {
	switch {
	case status >= 200 && status < 300:
		return ""
	case status >= 300 && status < 400:
		return reasonRedirect
	case status == 410:
		return reasonGone
	case status == 429, status == 502, status == 504:
		return reasonSlowDown
	default:
		return reasonStatus
	}
}

var (
	things       = []contract.Thing{contract.ThingRequest, contract.ThingOffer, contract.ThingMatch, contract.ThingAsk, contract.ThingAppointment, contract.ThingReminder}
	statePattern = regexp.MustCompile(`^(\*|[a-z][a-z_]{0,39})$`)
)

// typePrefix begins the type of every event; people may leave it out.
const typePrefix = "heli."

// normalPattern returns a pattern as it is stored, without the prefix, and
// whether it can match anything.
func normalPattern(pattern string) (string, bool) {
	pattern = strings.TrimPrefix(pattern, typePrefix)
	if pattern == "*" {
		return pattern, true
	}
	thing, state, _ := strings.Cut(pattern, ".")
	return pattern, slices.Contains(things, contract.Thing(thing)) && statePattern.MatchString(state)
}

// patternsOf returns every pattern that matches an event.
func patternsOf(e contract.Event) []string {
	return []string{"*", string(e.Thing) + ".*", string(e.Thing) + "." + e.State}
}

// likePattern returns a pattern as SQL's LIKE has it.
func likePattern(pattern string) string {
	return strings.NewReplacer("_", `\_`, "*", "%").Replace(typePrefix + pattern)
}

// sightOf returns the paths of all organisations that see rows of the paths:
// the owners and everybody above them, sorted.
func sightOf(paths []string) []string {
	sight := []string{}
	for _, path := range paths {
		for i := range len(path) {
			if path[i] == '/' {
				sight = append(sight, path[:i+1])
			}
		}
	}
	slices.Sort(sight)
	return slices.Compact(sight)
}

// organisationOf returns the code at the end of a path.
func organisationOf(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
