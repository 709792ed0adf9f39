package notify

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

const (
	// perSender is how many messages one process has on their way at once: mail
	// servers and providers allow few connections.
	perSender       = 4
	messageInterval = 5 * time.Second
	budgetSpan      = 7 * oneDay
	// criticalShare is how many times the budget may be used where life is at risk.
	// It has an end there, too: anybody may give another's address and say so.
	criticalShare = 3
	// unlimited is the budget of staff, who choose a summary where it is too much.
	unlimited = math.MaxInt32
)

// way is how a message went.
type way struct {
	channel contract.Channel
	code    string
	path    string
}

func (s *Service) takeMessages(ctx context.Context, inFlight int) ([]messageTask, error) {
	if len(s.senders) == 0 || inFlight >= perSender {
		return nil, nil
	}
	now := s.now()
	return s.worker.takeMessages(ctx, now, now.Add(s.tuning.lease), perSender-inFlight)
}

// sendMessage makes one attempt and books what came of it. When that fails the
// lease runs out and the message is sent again, under the same Message-ID.
func (s *Service) sendMessage(ctx context.Context, t messageTask) {
	ctx = contract.WithActor(ctx, contract.System())
	a, err := s.attemptMessage(ctx, t)
	interrupted := ctx.Err() != nil && (err != nil || a.result.reason != "")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookTime)
	defer cancel()
	switch {
	case err != nil && !fault.Is(err, fault.Unavailable) && !interrupted:
		s.log.Error("cannot send a message", "message", t.ID, "error", err)
		err = s.bookAttempt(ctx, t, attempted{result: result{reason: reasonInternal}})
	case err != nil || interrupted: // nothing was sent: another service is away, or we stop
		err = s.worker.releaseMessage(ctx, t, s.soon(), "")
	case a.notBefore != nil:
		err = s.worker.releaseMessage(ctx, t, a.notBefore, a.meets)
	default:
		err = s.bookAttempt(ctx, t, a)
	}
	if err != nil {
		s.log.Warn("cannot book an attempt to send a message, it will be repeated", "message", t.ID, "error", err)
	}
}

// soon is when a message is tried again for which a service could not be asked.
func (s *Service) soon() *time.Time {
	at := s.now().Add(schedule[1])
	return &at
}

// bookAttempt tells the person's service of a mailbox that is not there, then
// writes the attempt.
func (s *Service) bookAttempt(ctx context.Context, t messageTask, a attempted) error {
	if a.result.reason == reasonBounced {
		if err := s.tellBounced(ctx, t.Thing, t.SubjectID, a.person); err != nil {
			return err
		}
	}
	v := judge(try{kind: t.Kind, tries: t.Tries}, a.result, health{State: stateActive}, s.now(), s.tuning.jitter())
	if err := s.worker.bookMessage(ctx, t, v, a.result, a.way, s.now()); err != nil {
		return err
	}
	what := a.result.reason
	if what == "" {
		what = stateDelivered
	}
	s.written.WithLabelValues(string(a.way.channel), what).Inc()
	return nil
}

// attempted is what one attempt came to: a result, or a time before which there
// must be none.
type attempted struct {
	result    result
	notBefore *time.Time
	meets     string // digest of the address whose other messages it waits for
	way       way
	person    string
}

func ended(reason string) attempted { return attempted{result: result{reason: reason, final: true}} }

// attemptMessage sends a message where it is still true and its person may be
// written to now. An error says that this could not be found out.
func (s *Service) attemptMessage(ctx context.Context, t messageTask) (attempted, error) {
	if t.Thing == contract.ThingPerson || t.Thing == contract.ThingOrganisation {
		return s.attemptStaff(ctx, t)
	}
	said, reason, err := s.stillTrue(ctx, t)
	if err != nil || reason != "" {
		return ended(reason), err
	}
	person, err := s.reach(ctx, t, contract.AskReach{
		AtOnce: said.rule.atOnce != "", Until: said.rule.closesAt(t, said.until), HeardBy: said.heardBy,
	})
	if fault.Is(err, fault.NotFound) {
		return ended(reasonUnknown), nil
	}
	if err != nil {
		return attempted{}, err
	}
	said.person = person
	a := attempted{way: way{channel: person.Channel, code: person.Code, path: person.Path}, person: person.Person, notBefore: person.NotBefore}
	switch {
	case !said.holds():
		a.result, a.notBefore = result{reason: reasonOutdated, final: true}, nil
	case person.Refusal != "":
		a.result = result{reason: person.Refusal, final: true}
	case person.NotBefore == nil:
		if a.notBefore = s.meets(t, person); a.notBefore != nil {
			a.meets = person.Person
		} else {
			a.result, err = s.tell(ctx, said)
		}
	}
	return a, err
}

// saying is a message that is still true.
type saying struct {
	task    messageTask
	rule    rule
	heardBy *time.Time // nil: it may be late
	person  contract.Reach
	standing
}

// standing is how the match or ask stands that a message is about; zero for none.
type standing struct {
	state      string
	agreed     bool       // the helper said yes, whoever asked
	generation int        // of the answer's token
	until      *time.Time // to which an answer is awaited
}

// holds reports whether a message about a request or an offer as a whole is true of it.
func (s saying) holds() bool {
	return s.task.About != nil || s.rule.holds(s.person.State)
}

// stillTrue returns why a message is not sent, as far as its person need not be asked
// for; nothing when it is. A message that takes another back is only for who got that.
func (s *Service) stillTrue(ctx context.Context, t messageTask) (said saying, reason string, err error) {
	r, known := ruleOf(t.Kind, t.Thing)
	switch {
	case !known:
		return said, reasonUnknown, nil
	case t.EndsAt != nil && s.now().After(*t.EndsAt):
		return said, reasonOutdated, nil
	}
	said.task, said.rule = t, r
	if t.About != nil {
		if said.standing, err = s.standingOf(ctx, r, *t.About); fault.Is(err, fault.NotFound) {
			return said, reasonOutdated, nil
		}
		if err != nil || !r.holds(said.state) {
			return said, reasonOutdated, err
		}
	}
	if reason, err := s.notTold(ctx, said); err != nil || reason != "" {
		return said, reason, err
	}
	said.heardBy, reason, err = s.stillNews(ctx, t)
	return said, reason, err
}

// notTold returns why a message takes back what nobody was told: neither by a message,
// nor, of a helper, when they said yes.
func (s *Service) notTold(ctx context.Context, said saying) (string, error) {
	if said.rule.takesBack == "" || said.agreed && said.rule.to == contract.ThingOffer {
		return "", nil
	}
	if told, err := s.worker.told(ctx, said.rule.takesBack, said.task); err != nil || told {
		return "", err
	}
	return reasonNotTold, nil
}

func (s *Service) standingOf(ctx context.Context, r rule, id string) (standing, error) {
	if r.ask {
		ask, err := bus.Call(ctx, s.bus, contract.MatcherAsk, contract.GetByID{ID: id})
		return standing{state: ask.State, generation: ask.Generation, until: &ask.Until}, err
	}
	match, err := bus.Call(ctx, s.bus, contract.MatcherGet, contract.GetByID{ID: id})
	agreed := slices.ContainsFunc(match.History, func(h contract.HistoryEntry) bool { return h.Move == "accept" })
	return standing{state: match.State, agreed: agreed, generation: match.Generation, until: match.HoldUntil}, err
}

// Who knows where somebody is reached, and is told that mail comes back.
var (
	reachOf = map[contract.Thing]contract.Endpoint[contract.AskReach, contract.Reach]{
		contract.ThingRequest: contract.RequestReach, contract.ThingOffer: contract.OfferReach, contract.ThingPerson: contract.DirectoryReach,
	}
	bouncedOf = map[contract.Thing]contract.Endpoint[contract.Bounced, contract.Empty]{
		contract.ThingRequest: contract.RequestBounced, contract.ThingOffer: contract.OfferBounced, contract.ThingPerson: contract.DirectoryBounced,
	}
)

// tellBounced tells who keeps a person's address that there is no such mailbox.
func (s *Service) tellBounced(ctx context.Context, thing contract.Thing, id, person string) error {
	_, err := bus.Call(ctx, s.bus, bouncedOf[thing], contract.Bounced{ID: id, Person: person})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// reach asks where a message may go; q says how it stands to summaries.
func (s *Service) reach(ctx context.Context, t messageTask, q contract.AskReach) (contract.Reach, error) {
	q.ID, q.Key, q.Reason, q.Channels = t.SubjectID, auditKey(t), t.Kind, channelsOf(s.senders)
	q.Critical, q.Since, q.Path = t.Critical, t.DueAt, t.OrgPath
	return bus.Call(ctx, s.bus, reachOf[t.Thing], q)
}

// auditKey names one reading of an address: each attempt is one.
func auditKey(t messageTask) string { return string(t.ID) + "/" + strconv.Itoa(t.Attempt) }

// budgetOf is how many messages may go to a person in a week, this one among them.
func (s *Service) budgetOf(t messageTask) int {
	if t.Critical {
		return s.budget * criticalShare
	}
	return s.budget
}

// deliverTo reserves a place in the person's week and sends the message.
func (s *Service) deliverTo(ctx context.Context, t messageTask, person contract.Reach, budget int, c content) (result, error) {
	now := s.now()
	room, err := s.worker.reserveMessage(ctx, t.ID, person.Person, now, now.Add(-budgetSpan), budget)
	if err != nil {
		return result{}, err
	}
	if !room {
		return result{reason: reasonBudget, final: true}, nil
	}
	n := slices.IndexFunc(s.senders, func(sender sender) bool { return sender.channel() == person.Channel })
	if n < 0 {
		return result{reason: reasonUnknown, final: true}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.tuning.timeout)
	defer cancel()
	began := time.Now()
	sent := s.senders[n].send(ctx, t.ID, person.Address, c)
	sent.duration = time.Since(began)
	return sent, nil
}
