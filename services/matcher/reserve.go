package matcher

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/outbox"
	"heli/services/matcher/rank"
)

// arrivalWait is how long a command waits for a need or an offer that was
// submitted a moment ago to arrive here.
const arrivalWait = 2 * time.Second

// Propose reserves an offer line for a need line: the match is proposed and
// held until the policy's deadline. It is a conflict when a hard rule stops the
// pair, when the need or the capacity is gone, or when the two are matched
// already. Repeating it with the same id or key gives the first answer.
func (s *Service) Propose(ctx context.Context, q contract.Propose) (contract.Match, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Propose); err != nil {
		return contract.Match{}, err
	}
	if first, ok, err := s.repeated(ctx, q, actor); ok || err != nil {
		return first, err
	}
	p, err := s.findPair(ctx, q)
	if err != nil {
		return contract.Match{}, err
	}
	m, err := s.draft(q, p, actor)
	if err != nil {
		return contract.Match{}, err
	}
	command := idempotency.Command{Key: q.Key, BodyHash: q.BodyHash, Now: s.clock()}
	answer, _, err := idempotency.Once(ctx, s.db, command, func(tx *sqlx.Tx) (contract.Match, error) {
		return viewOf(m, actor), s.reserve(ctx, tx, m, actor)
	})
	if err != nil {
		return contract.Match{}, err
	}
	return answer, s.afterMatch(ctx, m)
}

// repeated returns the match that a repeat of a command has made before.
func (s *Service) repeated(ctx context.Context, q contract.Propose, actor contract.Actor) (contract.Match, bool, error) {
	m, err := s.store.getMatch(ctx, s.db, q.ID)
	if fault.Is(err, fault.NotFound) {
		return contract.Match{}, false, nil
	}
	if err != nil {
		return contract.Match{}, false, err
	}
	if m.NeedLineID != q.NeedLineID || m.OfferLineID != q.OfferLineID {
		return contract.Match{}, false, fault.NewConflict("id_taken", "this id belongs to another match")
	}
	return viewOf(m, actor), true, nil
}

// candidatePair is a need line and an offer line that somebody wants to match.
type candidatePair struct {
	request contract.ProjectedRequest
	need    rank.Need
	line    rank.Offer
}

// findPair returns both sides as the actor may see them. What was opened or
// became available a moment ago is fetched; what arrives is waited for.
func (s *Service) findPair(ctx context.Context, q contract.Propose) (candidatePair, error) {
	var p candidatePair
	var needKnown, lineKnown bool
	s.await(ctx, func() bool {
		p.need, needKnown = s.board.index.Need(q.NeedLineID)
		p.line, lineKnown = s.board.index.Offer(q.OfferLineID)
		return needKnown && lineKnown
	})
	if !needKnown {
		return p, fault.NewNotFound("need line")
	}
	if !lineKnown {
		return p, fault.NewNotFound("offer line")
	}
	if err := s.freshen(ctx, p); err != nil {
		return p, err
	}
	return s.sides(contract.ActorFrom(ctx), q)
}

// freshen fetches what looks not ready: its event may still be on the way.
func (s *Service) freshen(ctx context.Context, p candidatePair) error {
	if r, _ := s.board.request(p.need.RequestID); !r.Open {
		if err := s.refreshRequest(ctx, p.need.RequestID); err != nil {
			return err
		}
	}
	if !p.line.Available {
		return s.refreshOffer(ctx, p.line.OfferID)
	}
	return nil
}

func (s *Service) sides(actor contract.Actor, q contract.Propose) (p candidatePair, err error) {
	var held bool
	if p.need, held = s.board.index.Need(q.NeedLineID); held {
		p.request, held = s.board.request(p.need.RequestID)
	}
	if !held || !pairable(actor, p.request.Path, p.request.Sharing) {
		return p, fault.NewNotFound("need line")
	}
	if p.line, held = s.board.index.Offer(q.OfferLineID); !held || !pairable(actor, p.line.Path, p.line.Sharing) {
		return p, fault.NewNotFound("offer line")
	}
	return p, nil
}

func pairable(actor contract.Actor, path string, sharing contract.Sharing) bool {
	return actor.Sees(path) || sharing == contract.SharingNetwork
}

// await waits until the board holds what ready looks for, or a short time has passed.
func (s *Service) await(ctx context.Context, ready func() bool) {
	ctx, cancel := context.WithTimeout(ctx, arrivalWait)
	defer cancel()
	for {
		arrival := s.board.arrival()
		if ready() {
			return
		}
		select {
		case <-arrival:
		case <-ctx.Done():
			return
		}
	}
}

// guardedByTables are the rules that the transaction decides: what the board
// knows of them may be old.
var guardedByTables = []rank.Rule{rank.RuleRemaining, rank.RuleCapacity, rank.RuleLoad, rank.RuleRefused, rank.RuleAvailable}

// draft makes the row of a new match from a pair that breaks no hard rule.
func (s *Service) draft(q contract.Propose, p candidatePair, actor contract.Actor) (matchRow, error) {
	at, err := s.moment(s.policyFor(p.request.Path, p.need.Category), actingPath(actor, p.request.Path), nil)
	if err != nil {
		return matchRow{}, err
	}
	question := rank.Ask(&p.need, at)
	for _, broken := range question.Checks(&p.line) {
		if !slices.Contains(guardedByTables, broken.Rule) {
			return matchRow{}, fault.NewConflict("rule_"+string(broken.Rule), "the pair breaks the rule "+string(broken.Rule))
		}
	}
	quantity, err := amount(q.Quantity, question.Quantity(&p.line))
	if err != nil {
		return matchRow{}, err
	}
	offerQuantity, ok := question.Reserve(&p.line, quantity)
	if !ok {
		return matchRow{}, fault.NewConflict("rule_unit", "the units do not convert")
	}
	factors, err := json.Marshal(question.Factors(&p.line))
	if err != nil {
		return matchRow{}, fmt.Errorf("encode factors: %w", err)
	}
	return s.newRow(q, p, quantity, offerQuantity, question.Score(&p.line), factors), nil
}

// actingPath returns on whose behalf a pair is made: plans and automatics act
// as the request's owner.
func actingPath(actor contract.Actor, owner string) string {
	if actor.Role == contract.RoleSystem {
		return owner
	}
	return actor.Path
}

func amount(asked *int64, suggested int64) (int64, error) {
	if asked == nil {
		return max(suggested, 1), nil
	}
	if *asked < 1 {
		return 0, fault.NewInvalid(fault.Field{Location: "quantity", Code: "out_of_range", Args: map[string]any{"min": 1, "max": maxQuantity}})
	}
	if *asked > maxQuantity {
		return 0, fault.NewInvalid(fault.Field{Location: "quantity", Code: "out_of_range", Args: map[string]any{"min": 1, "max": maxQuantity}})
	}
	return *asked, nil
}

// maxQuantity bounds an amount, as for need lines.
const maxQuantity = int64(1_000_000_000_000)

func (s *Service) newRow(q contract.Propose, p candidatePair, quantity, offerQuantity int64, score float64, factors []byte) matchRow {
	now := s.clock()
	zone := p.line.Schedule.Zone()
	when := now
	if q.At != nil {
		when = *q.At
	}
	policy := s.policyFor(p.request.Path, p.need.Category)
	hold := holdUntil(now, policy.Hold(p.request.Urgency), p.request.Urgency, zone)
	return matchRow{
		ID: q.ID, Code: q.Code, State: Proposed, Version: 1,
		RequestID: p.request.RequestID, NeedLineID: p.need.ID, OfferID: p.line.OfferID, OfferLineID: p.line.ID,
		RequestOrg: p.request.Organisation, RequestPath: p.request.Path,
		OfferOrg: path.Base(p.line.Path), OfferPath: p.line.Path, HelperKey: string(p.line.Helper), RequesterKey: p.request.RequesterKey,
		Category: p.need.Category, RegionCode: p.request.RegionCode, Urgency: p.request.Urgency,
		Quantity: quantity, Unit: p.need.Unit, OfferQuantity: offerQuantity,
		PeriodStart: periodStart(p.line.Per, when, zone), At: q.At, HoldUntil: &hold,
		AskedAt: &p.request.WaitingSince, Campaign: p.request.Campaign, Minutes: rank.Minutes(p.need.Unit, quantity),
		PolicyVersion: policy.row.Version, Score: score, Factors: factors, Generation: 1,
		CreatedAt: now, UpdatedAt: now,
	}
}

// reserve guards and writes a new match. Locks: need line, capacity, match.
func (s *Service) reserve(ctx context.Context, tx *sqlx.Tx, m matchRow, actor contract.Actor) error {
	if err := s.store.requireOpen(ctx, tx, m.RequestID); err != nil {
		return err
	}
	if err := s.store.requireAvailable(ctx, tx, m.OfferID); err != nil {
		return err
	}
	if err := s.store.reserveNeed(ctx, tx, m.NeedLineID, m.Quantity); err != nil {
		return err
	}
	if err := s.store.reserveCapacity(ctx, tx, m.OfferLineID, m.PeriodStart, m.OfferQuantity); err != nil {
		return err
	}
	if err := s.store.askHelper(ctx, tx, m.HelperKey, thisWeek(m.CreatedAt)); err != nil {
		return err
	}
	if err := s.requireRoom(ctx, tx, m); err != nil {
		return err
	}
	return s.enter(ctx, tx, m, actor)
}

// enter writes a new match for which everything is reserved. The helper's row of
// load is locked before: a complaint about them waits for that, or is seen.
func (s *Service) enter(ctx context.Context, tx *sqlx.Tx, m matchRow, actor contract.Actor) error {
	if err := s.store.requireUnrefused(ctx, tx, m); err != nil {
		return err
	}
	if err := s.store.insertMatch(ctx, tx, m); err != nil {
		return err
	}
	return s.record(ctx, tx, m, historyRow{Move: "propose", To: Proposed}, actor)
}

// record writes the history row and the fact of a match that reached a state.
func (s *Service) record(ctx context.Context, tx *sqlx.Tx, m matchRow, h historyRow, actor contract.Actor) error {
	h.SubjectID, h.At, h.Role, h.ActorID, h.ActorName = string(m.ID), m.UpdatedAt, actor.Role, actor.ID(), actor.Name
	if err := s.store.insertHistory(ctx, tx, h); err != nil {
		return err
	}
	return outbox.Add(ctx, tx, eventOf(m))
}

// eventOf returns the fact that a match reached its state.
func eventOf(m matchRow) contract.Event {
	fulfilled := m.Reported
	if m.State == Confirmed && m.Confirmed != nil {
		fulfilled = m.Confirmed
	}
	return contract.Event{
		SchemaVersion: contract.EventVersion, ID: contract.NewID[contract.EventID](), Thing: contract.ThingMatch,
		State: string(m.State), AggregateID: string(m.ID), Version: m.Version, Time: m.UpdatedAt,
		Organisation: m.RequestOrg, Paths: paths(m.RequestPath, m.OfferPath),
		Data: contract.EventData{
			RequestID: m.RequestID, OfferID: m.OfferID, MatchID: m.ID,
			NeedLineID: m.NeedLineID, OfferLineID: m.OfferLineID,
			Category: m.Category, RegionCode: m.RegionCode, Urgency: string(m.Urgency),
			Quantity: &m.Quantity, Held: &m.OfferQuantity, At: new(m.takesPlace()), Fulfilled: fulfilled, Unit: string(m.Unit), Reason: reasonCode(m),
			OfferOrganisation: m.OfferOrg, StartBy: m.startBy(),
		},
	}
}

// startBy returns until when the help should have begun, while it is accepted.
func (m matchRow) startBy() *time.Time {
	if m.State == Accepted || m.State == ContactReleased {
		return m.StartBy
	}
	return nil
}

// takesPlace returns when the match uses the offer's capacity: it decides the period.
func (m matchRow) takesPlace() time.Time {
	if m.At != nil {
		return *m.At
	}
	return m.CreatedAt
}

func paths(a, b string) []string {
	if a == b {
		return []string{a}
	}
	return []string{a, b}
}

// reasonCodes are the reasons that may leave in a fact: what somebody typed may not.
var reasonCodes = []string{
	"no_time", "too_far", "not_suitable", "unwell", "already_helping", "no_answer", "other",
	"request_closed", "offer_ended", "capacity_shrank", "hold_expired", lineRemoved, moveNotNow, reasonHandedOn,
}

func reasonCode(m matchRow) string {
	if m.Reason == "" || slices.Contains(reasonCodes, m.Reason) {
		return m.Reason
	}
	return "other"
}

// afterMatch does what follows a committed change of a match. The change
// stands whatever happens here, so failures are only logged.
func (s *Service) afterMatch(ctx context.Context, m matchRow) error {
	s.relay.Wake()
	ctx = context.WithoutCancel(ctx)
	c := changes{Requests: []contract.RequestID{m.RequestID}, Offers: []contract.OfferID{m.OfferID}}
	if err := s.publishChanges(ctx, c); err != nil {
		s.log.WarnContext(ctx, "show a changed match", "match", m.ID, "error", err)
	}
	if !m.State.Holds() {
		if err := s.findWaiting(ctx, m.OfferID); err != nil {
			s.log.WarnContext(ctx, "look for waiting needs", "offer", m.OfferID, "error", err)
		}
	}
	return nil
}
