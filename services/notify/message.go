package notify

import (
	"slices"
	"strconv"
	"time"

	"heli/pkg/contract"
)

// Reasons of messages that were not sent, beside those that the services give who
// know the person (contract.Refused…) and those of webhooks.
const (
	reasonOutdated = "outdated" // what it says is not true any more
	reasonNotTold  = "not_told" // it takes back what was never said
	reasonBudget   = "budget"   // the person got enough this week
	reasonBounced  = "bounced"  // there is no such mailbox
	reasonRefused  = "refused"  // the server or provider wants no such message
	reasonUnknown  = "unknown"  // the person's service knows nothing of it
	reasonInternal = "internal" // see the log
)

// The pages that messages lead to: also the purposes of their tokens.
const (
	pageTrack       = "track"
	pageAnswer      = "answer"
	pageUnsubscribe = "unsubscribe"
)

// Kinds of messages: what the catalogues call them below "message.".
const (
	kindProposal  = "proposal"
	kindNoLonger  = "no_longer"
	kindHappened  = "happened"
	kindAsked     = "asked"
	kindFilled    = "filled"
	kindReceived  = "received"
	kindQuestion  = "question"
	kindFound     = "found"
	kindLost      = "lost"
	kindCame      = "came"
	kindCameAgain = "came_again"
	kindCameLast  = "came_last"
	kindClosed    = "closed"
	kindTomorrow  = "tomorrow"
	kindSoon      = "soon"
	kindStands    = "stands"
	kindStandsEnd = "stands_last"
	kindPaper     = "credential"
	kindHoldEnds  = "hold_ending"
	kindHoldOver  = "hold_over"
	kindMoved     = "moved"
	kindCalledOff = "called_off"
)

const (
	oneDay = 24 * time.Hour
	// happenedAfter is when a helper is asked, counted from the time of the help.
	happenedAfter = 2 * oneDay
)

// rule is one kind of message that follows from a fact.
type rule struct {
	kind string
	to   contract.Thing // whose person gets it
	page string
	// after is how long after the fact it is due; from the time of the help where
	// that lies ahead.
	after time.Duration
	// while are the states in which it is still true, of the thing that the fact is
	// about. Empty is all.
	while []string
	// takesBack is the kind of message that must have been delivered before.
	takesBack string
	// before says that it means nothing after the time that the fact names.
	before bool
	// unless are reasons of the fact for which nobody is written to.
	unless []string
	// ask says that it is about a question of a wave, not about a match.
	ask bool
	// once is told a single time in a life, however often the state comes.
	once bool
	// atOnce is why it cannot wait for the summary of a day; empty where it can, unless
	// life is at risk or what it asks for ends before.
	atOnce string
	// inTime is why it must be heard before what it changes begins: no summary and no
	// quiet hours hold it longer than that. Empty where it may be late.
	inTime string
	// news says that it tells how something stands: the newest alone is told, to whom
	// does not know it.
	news bool
}

// Why a kind of message is in no summary.
const (
	outInVain = "somebody may set out in vain"
	isNear    = "the appointment is near"
	mayCall   = "the helper may call from now on, and the reader should know who that is"
)

var (
	agreed   = []string{"accepted", "contact_released", "in_progress"}
	over     = []string{"cancelled", "failed"}
	reported = []string{"reported_done"}
	offered  = []string{"available", "exhausted"}
)

// rules says which messages follow from the facts of a type. Who is to be reminded,
// and when, is decided by the service that knows: a reminder is a fact like others.
var rules = map[string][]rule{
	"heli.request.submitted":  {{kind: kindReceived, to: contract.ThingRequest, page: pageTrack, once: true}},
	"heli.request.needs_info": {{kind: kindQuestion, to: contract.ThingRequest, page: pageTrack, while: []string{"needs_info"}}},
	"heli.request.closed": {{
		kind: kindClosed, to: contract.ThingRequest, page: pageTrack, while: []string{"closed"}, unless: []string{"withdrawn", "confirmed"},
	}},
	"heli.match.proposed":       {{kind: kindProposal, to: contract.ThingOffer, page: pageAnswer, while: []string{"proposed"}}},
	"heli.reminder.hold_ending": {{kind: kindHoldEnds, to: contract.ThingOffer, page: pageAnswer, while: []string{"proposed"}, before: true}},
	"heli.match.hold_expired":   {{kind: kindHoldOver, to: contract.ThingOffer, page: pageAnswer, takesBack: kindProposal, unless: []string{"not_now", "handed_on"}}},
	"heli.match.accepted": {
		{kind: kindFound, to: contract.ThingRequest, page: pageTrack, while: agreed, atOnce: mayCall},
		{kind: kindHappened, to: contract.ThingOffer, page: pageAnswer, while: agreed, after: happenedAfter},
	},
	"heli.match.reported_done":               {{kind: kindCame, to: contract.ThingRequest, page: pageTrack, while: reported}},
	"heli.match.cancelled":                   {{kind: kindNoLonger, to: contract.ThingOffer, page: pageAnswer, takesBack: kindProposal, atOnce: outInVain}},
	"heli.match.withdrawn":                   {{kind: kindLost, to: contract.ThingRequest, page: pageTrack, takesBack: kindFound, atOnce: outInVain}},
	"heli.match.no_show":                     {{kind: kindLost, to: contract.ThingRequest, page: pageTrack, takesBack: kindFound, atOnce: outInVain}},
	"heli.ask.asked":                         {{kind: kindAsked, to: contract.ThingOffer, page: pageAnswer, while: []string{"asked"}, ask: true}},
	"heli.reminder.confirmation_asked":       {{kind: kindCameAgain, to: contract.ThingRequest, page: pageTrack, while: reported}},
	"heli.reminder.confirmation_asked_again": {{kind: kindCameLast, to: contract.ThingRequest, page: pageTrack, while: reported}},
	"heli.reminder.appointment_tomorrow": {
		{kind: kindTomorrow, to: contract.ThingRequest, page: pageTrack, while: agreed, before: true, atOnce: isNear},
		{kind: kindTomorrow, to: contract.ThingOffer, page: pageAnswer, while: agreed, before: true, atOnce: isNear},
	},
	"heli.reminder.appointment_soon": {
		{kind: kindSoon, to: contract.ThingRequest, page: pageTrack, while: agreed, before: true, atOnce: isNear},
		{kind: kindSoon, to: contract.ThingOffer, page: pageAnswer, while: agreed, before: true, atOnce: isNear},
	},
	"heli.appointment.moved": {
		{kind: kindMoved, to: contract.ThingRequest, page: pageTrack, while: agreed, before: true, inTime: outInVain, news: true},
		{kind: kindMoved, to: contract.ThingOffer, page: pageAnswer, while: agreed, before: true, inTime: outInVain, news: true},
	},
	// That the help itself is off is told to helpers by their match, and to requesters
	// where the helper gave it up.
	"heli.appointment.cancelled": {
		{
			kind: kindCalledOff, to: contract.ThingRequest, page: pageTrack, while: slices.Concat(agreed, over), inTime: outInVain, news: true,
			unless: []string{"withdrawn", "no_show"},
		},
		{kind: kindCalledOff, to: contract.ThingOffer, page: pageAnswer, while: agreed, inTime: outInVain, news: true},
	},
	"heli.reminder.availability_asked":       {{kind: kindStands, to: contract.ThingOffer, page: pageTrack, while: offered}},
	"heli.reminder.availability_asked_again": {{kind: kindStandsEnd, to: contract.ThingOffer, page: pageTrack, while: offered}},
	"heli.reminder.credential_ending":        {{kind: kindPaper, to: contract.ThingOffer, page: pageTrack, while: offered}},
	"heli.ask.filled":                        {{kind: kindFilled, to: contract.ThingOffer, page: pageAnswer, takesBack: kindAsked, ask: true}},
}

// ruleOf returns the rule of a kind for one side; false for one of another release.
func ruleOf(kind string, to contract.Thing) (rule, bool) {
	for _, list := range rules {
		if n := slices.IndexFunc(list, func(r rule) bool { return r.kind == kind && r.to == to }); n >= 0 {
			return list[n], true
		}
	}
	return rule{}, false
}

// messagesOf returns the messages that follow from a fact.
func messagesOf(e contract.Event, now time.Time) []messageRow {
	var rows []messageRow
	for _, r := range rules[e.Type()] {
		subject := string(e.Data.RequestID)
		if r.to == contract.ThingOffer {
			subject = string(e.Data.OfferID)
		}
		if subject == "" || len(e.Paths) == 0 || slices.Contains(r.unless, e.Data.Reason) {
			continue
		}
		due := dueOf(e, r, now)
		row := messageRow{
			ID: contract.NewID[contract.MessageID](), Kind: r.kind, Thing: r.to, SubjectID: subject, About: aboutOf(e),
			Occasion: occasionOf(e, r), OrgPath: ownerOf(e, r.to), Critical: e.Data.Urgency == string(contract.Critical),
			Waits: r.atOnce == "" && e.Data.Urgency != string(contract.Critical), NextAt: due, DueAt: due, EndsAt: endOf(e, r), HeardBy: heardBy(e, r), CreatedAt: now,
		}
		if r.news {
			row.Revision, row.Stood, row.Stands = &e.Version, e.Data.Stood, e.Data.Stands
		}
		rows = append(rows, row)
	}
	return rows
}

// aboutOf returns the id of the match or the ask that a message is about; nil for
// one about a request or an offer as a whole.
func aboutOf(e contract.Event) *string {
	about := string(e.Data.MatchID)
	if e.Thing == contract.ThingAsk {
		about = e.AggregateID
	}
	if about == "" {
		return nil
	}
	return &about
}

// occasionOf keeps a kind of message from being sent twice about the same: a state
// is told of at every change of a request, and may come again another day.
func occasionOf(e contract.Event, r rule) string {
	switch {
	case r.news:
		return e.AggregateID + "/" + strconv.FormatInt(e.Version, 10)
	case e.Thing != contract.ThingRequest:
		return e.AggregateID
	case r.once:
		return ""
	default:
		return e.Time.UTC().Format(time.DateOnly)
	}
}

// ownerOf returns the path of the organisation that owns the thing: a match names
// the request's first.
func ownerOf(e contract.Event, thing contract.Thing) string {
	if thing == contract.ThingOffer {
		return e.Paths[len(e.Paths)-1]
	}
	return e.Paths[0]
}

func dueOf(e contract.Event, r rule, now time.Time) *time.Time {
	from := now
	if r.after > 0 && e.Data.At != nil && e.Data.At.After(now) {
		from = *e.Data.At
	}
	due := from.Add(r.after)
	return &due
}

// endOf returns when a message means nothing any more; nil for never.
func endOf(e contract.Event, r rule) *time.Time {
	if !r.before {
		return nil
	}
	return e.Data.At
}

// opens is what the page is opened for: where something is taken back, nobody has
// to answer any more.
func (r rule) opens() string {
	if r.takesBack != "" {
		return pageTrack
	}
	return r.page
}

// closesAt returns when the answer that a message asks for is too late: the earlier of
// the end of what it announces and of what is held or asked. Nil where it asks for none.
func (r rule) closesAt(t messageTask, until *time.Time) *time.Time {
	if r.takesBack != "" {
		return nil
	}
	if t.EndsAt != nil && (until == nil || t.EndsAt.Before(*until)) {
		return t.EndsAt
	}
	return until
}

// holds reports whether a message is still true in a state.
func (r rule) holds(state string) bool { return len(r.while) == 0 || slices.Contains(r.while, state) }
