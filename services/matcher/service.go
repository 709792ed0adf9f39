package matcher

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"heli/pkg/access"
	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/outbox"
	"heli/pkg/pg"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
)

// Service answers what fits, and decides what is reserved.
type Service struct {
	db        *pg.DB // behind the wall of who acts, as store
	bus       *bus.Bus
	store     store
	worker    store // sees all, for the service's own work
	relay     *outbox.Relay
	board     *board
	reference *app.Reference
	clock     func() time.Time
	log       *slog.Logger
	reloading sync.Mutex
	blocking  sync.Mutex // held while who is kept apart is read
	instance  string     // tells this process from others of the service
	policies  atomic.Pointer[policies]
	planning  chan struct{} // holds one: whoever plans in this process
	replaying chan struct{} // holds one: whoever plays the past in it
	week      atomic.Int64  // the Monday whose use of helpers' limits is on the board
}

// moment returns everything around a pair now, under the policy for a category of
// the owner's needs, for an organisation that acts.
func (s *Service) moment(p policyInForce, acting string, refused refusal) (rank.Moment, error) {
	ref, err := s.reference.Get()
	if err != nil {
		return rank.Moment{}, err
	}
	return rank.Moment{Now: s.clock(), Acting: acting, Reference: ref, Policy: p.Policy, Refused: refused}, nil
}

// policyFor returns the policy in force for a category of an organisation's
// needs; the installation's while there is no reference data.
func (s *Service) policyFor(path, category string) policyInForce {
	inForce := *s.policies.Load()
	ref, err := s.reference.Get()
	if err != nil {
		return inForce.installation()
	}
	return inForce.of(ref, path, category)
}

// heldRequest returns a request as the actor may see it for matching, fetching
// it when it is not at hand or older than the version asked for.
func (s *Service) heldRequest(ctx context.Context, id contract.RequestID, least int64) (contract.ProjectedRequest, error) {
	unknown := fault.NewNotFound("request")
	if !contract.ValidID(id) {
		return contract.ProjectedRequest{}, unknown
	}
	held, ok := s.board.request(id)
	if !ok || held.Version < least {
		if err := s.refreshRequest(ctx, id); err != nil {
			return held, err
		}
		held, ok = s.board.request(id)
	}
	actor := contract.ActorFrom(ctx)
	if !ok || !pairable(actor, held.Path, held.Sharing) {
		return contract.ProjectedRequest{}, unknown
	}
	return held, s.store.requireRequest(ctx, id)
}

// Suggest returns the best offers for each open need line of a request, and
// for lines without any what is missing.
func (s *Service) Suggest(ctx context.Context, q contract.Suggest) (contract.Suggestions, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Suggest); err != nil {
		return contract.Suggestions{}, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = 10
	}
	if limit < 1 || limit > 50 {
		return contract.Suggestions{}, fault.NewInvalid(fault.Field{
			Location: "limit", Code: "out_of_range", Args: map[string]any{"min": 1, "max": 50},
		})
	}
	held, err := s.heldRequest(ctx, q.RequestID, q.MinVersion)
	if err != nil {
		return contract.Suggestions{}, err
	}
	refused := s.board.refusalOf(q.RequestID)
	answer := contract.Suggestions{Items: []contract.Suggestion{}, Missing: []contract.Missing{}, Version: held.Version}
	for _, line := range held.Lines {
		policy := s.policyFor(held.Path, line.Category)
		at, err := s.moment(policy, actor.Path, refused)
		if err != nil {
			return contract.Suggestions{}, err
		}
		answer.PolicyVersion = max(answer.PolicyVersion, policy.row.Version)
		s.suggestForLine(contract.NeedLineID(line.ID), at, limit, &answer)
	}
	return answer, nil
}

func (s *Service) suggestForLine(id contract.NeedLineID, at rank.Moment, limit int, answer *contract.Suggestions) {
	need, ok := s.board.index.Need(id)
	if !ok {
		return
	}
	found := s.board.index.Best(need, at, limit)
	for _, c := range found {
		answer.Items = append(answer.Items, contract.Suggestion{
			NeedLineID: c.Need, OfferID: c.Offer, OfferLineID: c.Line,
			Quantity: c.Quantity, Score: c.Score, Factors: c.Factors,
		})
	}
	if len(found) > 0 {
		return
	}
	for _, m := range s.board.index.Missing(need, at) {
		answer.Missing = append(answer.Missing, contract.Missing{
			NeedLineID: id, Rule: m.Rule(), Count: m.Count, Key: m.Key, Args: m.Args,
		})
	}
}

// Verdict says for the best pair of lines of a request and an offer why it
// fits, or which rule stops it.
func (s *Service) Verdict(ctx context.Context, q contract.AskVerdict) (contract.Verdict, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Suggest); err != nil {
		return contract.Verdict{}, err
	}
	request, err := s.heldRequest(ctx, q.RequestID, 0)
	if err != nil {
		return contract.Verdict{}, err
	}
	lines := s.board.linesOf(q.OfferID)
	if len(lines) == 0 || !pairable(actor, lines[0].Path, lines[0].Sharing) {
		return contract.Verdict{}, fault.NewNotFound("offer")
	}
	if err := s.store.requireOffer(ctx, q.OfferID); err != nil {
		return contract.Verdict{}, err
	}
	refused := s.board.refusalOf(q.RequestID)
	return s.bestVerdict(request, lines, func(category string) (rank.Moment, error) {
		return s.moment(s.policyFor(request.Path, category), actor.Path, refused)
	})
}

// bestVerdict judges every pair of lines and returns the one that fits best,
// else the one that gets furthest through the rules.
func (s *Service) bestVerdict(
	request contract.ProjectedRequest, lines []rank.Offer, moment func(category string) (rank.Moment, error),
) (contract.Verdict, error) {
	var best contract.Verdict
	furthest := -1
	for _, nl := range request.Lines {
		need, ok := s.board.index.Need(contract.NeedLineID(nl.ID))
		if !ok {
			continue
		}
		at, err := moment(need.Category)
		if err != nil {
			return best, err
		}
		for _, line := range lines {
			v, reach := verdictOf(need, line, s.board.index.Verdict(need, line, at))
			if reach > furthest || (v.Fits && v.Score > best.Score) {
				best, furthest = v, reach
			}
		}
	}
	return best, nil
}

// verdictOf converts a verdict and says how far the pair got: the number of
// rules before the first broken one, or more than all when it fits.
func verdictOf(need rank.Need, line rank.Offer, v rank.Verdict) (contract.Verdict, int) {
	answer := contract.Verdict{Fits: v.Fits, NeedLineID: need.ID, OfferLineID: line.ID, Score: v.Score, Factors: v.Factors}
	if v.Fits {
		return answer, len(rank.Rules())
	}
	first := v.Broken[0]
	answer.Rule, answer.Key, answer.Args = string(first.Rule), first.Key, first.Args
	return answer, slices.Index(rank.Rules(), first.Rule)
}

// Get returns a match with its factors and history.
func (s *Service) Get(ctx context.Context, q contract.GetByID) (contract.Match, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadMatches); err != nil {
		return contract.Match{}, err
	}
	m, err := s.visibleMatch(ctx, contract.MatchID(q.ID))
	if err != nil {
		return contract.Match{}, err
	}
	history, err := s.store.listHistory(ctx, string(m.ID))
	if err != nil {
		return contract.Match{}, err
	}
	view := viewOf(m, actor)
	if err := json.Unmarshal(m.Factors, &view.Factors); err != nil {
		return contract.Match{}, err
	}
	view.History = historyOf(history, actor)
	view.Appointment, err = s.appointmentOf(ctx, m.ID)
	return view, err
}

func (s *Service) visibleMatch(ctx context.Context, id contract.MatchID) (matchRow, error) {
	m, err := s.store.getMatch(ctx, s.db, id)
	if err != nil {
		return m, err
	}
	actor := contract.ActorFrom(ctx)
	if actor.Role != contract.RoleSystem && !scopeOf(actor).sees(m) {
		return matchRow{}, fault.NewNotFound("match")
	}
	return m, nil
}

// Find returns the match behind a short code, for web's form of code and PIN.
func (s *Service) Find(ctx context.Context, q contract.FindByCode) (contract.Found, error) {
	code, ok := contract.ParseCode(q.Code)
	if !ok {
		return contract.Found{}, fault.NewNotFound("match")
	}
	return s.worker.findMatch(ctx, code) // by the public, who see nothing yet
}

// place is where a list of matches goes on.
type place struct {
	Below contract.MatchID `json:"b"`
}

// List returns matches that the actor sees, newest first.
func (s *Service) List(ctx context.Context, q contract.ListMatches) (contract.Listing[contract.Match], error) {
	var answer contract.Listing[contract.Match]
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadMatches); err != nil {
		return answer, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return answer, err
	}
	var from place
	if _, err := cursor.Decode(q.Cursor, &from); err != nil {
		return answer, err
	}
	rows, err := s.store.listMatches(ctx, scopeOf(actor), q, s.clock(), from.Below, limit+1)
	if err != nil {
		return answer, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		answer.NextCursor = cursor.Encode(place{rows[limit-1].ID})
	}
	answer.Items = make([]contract.Match, len(rows))
	for i, m := range rows {
		answer.Items[i] = viewOf(m, actor)
	}
	return answer, nil
}

// Count returns how many matches the actor sees, by state and in the queue "stuck".
func (s *Service) Count(ctx context.Context, _ contract.Empty) (contract.Counts, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadMatches); err != nil {
		return contract.Counts{}, err
	}
	counts, err := s.store.countMatches(ctx, scopeOf(actor), s.clock())
	return contract.Counts{ByState: counts}, err
}

// viewOf converts a row for a reader: a token's holder learns nothing of the
// organisations behind.
func viewOf(m matchRow, reader contract.Actor) contract.Match {
	v := contract.Match{
		ID: m.ID, Code: m.Code, State: string(m.State), Version: m.Version,
		RequestID: m.RequestID, NeedLineID: m.NeedLineID, OfferID: m.OfferID, OfferLineID: m.OfferLineID,
		Category: m.Category, Quantity: m.Quantity, Unit: m.Unit, At: m.At, Reason: m.Reason,
		Reported: m.Reported, Confirmed: m.Confirmed, PolicyVersion: m.PolicyVersion, Score: m.Score,
		RequestOwner: m.RequestOrg, OfferOwner: m.OfferOrg, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
		Generation: m.Generation, Moves: Moves.Available(m.State, reader.Role),
	}
	if m.State == Proposed {
		v.HoldUntil = m.HoldUntil
	}
	v.ResolveBy = m.resolveBy()
	v.StartBy = m.startBy()
	return v
}

func historyOf(rows []historyRow, reader contract.Actor) []contract.HistoryEntry {
	entries := make([]contract.HistoryEntry, len(rows))
	for i, h := range rows {
		entries[i] = contract.HistoryEntry{
			At: h.At, Move: h.Move, From: string(h.From), To: string(h.To), Role: h.Role, OnBehalfOf: h.OnBehalfOf,
		}
		if reader.Staff() || reader.Role == contract.RoleSystem {
			entries[i].ActorID, entries[i].ActorName, entries[i].Reason = h.ActorID, h.ActorName, h.Reason
		}
	}
	return entries
}

// New returns a service; Run in run.go loads it and keeps it going.
func New(d app.Deps, i *index.Fast) *Service {
	return &Service{
		db: d.DB, bus: d.Bus, store: store{db: d.DB}, worker: store{db: d.Worker}, relay: outbox.NewRelay(d.Worker, d.Bus, d.Log),
		board: newBoard(i), reference: d.Reference, clock: d.Clock, log: d.Log,
		instance: contract.NewID[string](), planning: make(chan struct{}, 1), replaying: make(chan struct{}, 1),
	}
}
