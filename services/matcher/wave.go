package matcher

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/services/matcher/index"
	"heli/services/matcher/rank"
	"heli/services/matcher/wave"
)

const (
	tendEvery = time.Second
	tendBatch = 100
	// idleLook is how long nobody is looked for after all who fit were asked, unless
	// somebody new fits before.
	idleLook = 15 * time.Minute
	// widest bounds among how many of those who fit best a wave is chosen.
	widest = 160
	// unbounded is how often somebody may be asked who set no budget.
	unbounded = 1 << 20
)

// tendWaves does what is due of asking. All of it follows from the tables, so that
// whoever does it twice, or after a crash, does the same.
func (s *Service) tendWaves(ctx context.Context) error {
	return errors.Join(s.endAsks(ctx), s.endWaves(ctx), s.expireAsks(ctx), s.lookAtWaves(ctx))
}

// lookAtWaves asks more helpers where too few answers are to be hoped for, and
// tells those asked where nothing is missing any more.
func (s *Service) lookAtWaves(ctx context.Context) error {
	ids, err := s.worker.dueWaves(ctx, s.clock(), tendBatch)
	if err != nil {
		return err
	}
	var failed error
	for _, id := range ids {
		failed = errors.Join(failed, s.look(ctx, id))
	}
	return failed
}

// glance is everything about a need line that a decision is made from, as it was
// at one moment.
type glance struct {
	wave    waveRow
	lacks   lacking
	open    []askRow
	request contract.ProjectedRequest
	need    rank.Need
	// backups said yes when nothing was missing, others were never asked.
	backups, others []candidate
	byHelper        map[string]candidate
}

// candidate is an offer line that fits, with what is known of its helper.
type candidate struct {
	wave.Candidate
	found index.Candidate
	line  rank.Offer
}

// look decides about one need line and does it, in one transaction. Who answers or
// decides meanwhile is let past: the next look sees it.
func (s *Service) look(ctx context.Context, id contract.NeedLineID) error {
	g, err := s.glance(ctx, s.worker, s.worker.db, id)
	if fault.Is(err, fault.NotFound) {
		return nil // the request is on its way here, or has ended
	}
	if err != nil {
		return err
	}
	now := s.localTime(g)
	next := g.decide(now)
	if g.sleeps(now) {
		next = wave.Next{Look: wake(now)}
	}
	if next.Look.IsZero() {
		next.Look = s.clock().Add(idleLook)
	}
	var sent []askRow
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		sent, err = s.carryWave(ctx, tx, g, next)
		return err
	})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	s.afterAsks(ctx, sent)
	return nil
}

// localTime is what time it is where the need is.
func (s *Service) localTime(g glance) time.Time {
	return s.clock().In(s.board.zone(g.request.TimeZone))
}

// sleeps reports whether nobody is to be asked at this hour. What is critical, and
// what somebody has started just now, does not wait for the morning.
func (g glance) sleeps(now time.Time) bool {
	begun := g.wave.Sent == 0 && !g.wave.Automatic
	return g.need.Urgency != contract.Critical && !begun && wake(now).After(now)
}

// glance reads what there is to know, in the sight of who looks.
func (s *Service) glance(ctx context.Context, sight store, db *pg.DB, id contract.NeedLineID) (glance, error) {
	g := glance{byHelper: map[string]candidate{}}
	var err error
	if g.wave, err = sight.getWave(ctx, db, selectWaveSQL, id); err != nil && !fault.Is(err, fault.NotFound) {
		return g, err
	}
	if g.lacks, err = sight.getLacking(ctx, db, selectLackingSQL, id); err != nil {
		return g, err
	}
	if g.open, err = s.worker.openAsks(ctx, s.worker.db, id); err != nil {
		return g, err
	}
	var held bool
	if g.need, held = s.board.index.Need(id); held {
		g.request, held = s.board.request(g.need.RequestID)
	}
	if !held {
		return g, fault.NewNotFound("need line")
	}
	before, err := s.worker.listSpent(ctx, id)
	if err != nil {
		return g, err
	}
	return g, s.findCandidates(ctx, &g, before)
}

// findCandidates fills in who fits and may be asked, each helper once.
func (s *Service) findCandidates(ctx context.Context, g *glance, before []spent) error {
	policy := s.policyFor(g.request.Path, g.need.Category)
	at, err := s.moment(policy, g.request.Path, s.notSpent(g.need.RequestID, before))
	if err != nil {
		return err
	}
	g.need.Remaining = nil // what is missing is decided here, not by the board
	if g.lacks.Quantity != nil {
		g.need.Remaining = new(g.lacks.missing())
	}
	standBy := map[string]bool{}
	for _, b := range before {
		standBy[helperOf(b.HelperKey, b.OfferID)] = b.Again && b.StandsBy
	}
	for _, found := range s.board.index.Top(g.need, at, widest) {
		line, held := s.board.index.Offer(found.Line)
		offer, _ := s.board.offer(found.Offer)
		helper := helperOf(string(line.Helper), found.Offer)
		if _, twice := g.byHelper[helper]; !held || twice || g.wave.Automatic && !offer.phoneVerified {
			continue
		}
		g.byHelper[helper] = candidate{wave.Candidate{
			Helper: helper, Score: found.Score, Units: found.Quantity, Left: left(line.Load),
		}, found, line}
	}
	return s.weigh(ctx, g, standBy)
}

// withoutNone leaves out helpers without a phone, who have no key.
func withoutNone(keys []string) []string {
	return slices.DeleteFunc(keys, func(key string) bool { return key == "" })
}

// notSpent refuses, besides the request's own pairs, whoever is not asked again.
func (s *Service) notSpent(id contract.RequestID, before []spent) refusal {
	others := s.board.refusalOf(id)
	gone := map[string]bool{}
	for _, b := range before {
		if helper := helperOf(b.HelperKey, b.OfferID); !b.Again {
			gone[helper] = true
		}
	}
	return func(n *rank.Need, o *rank.Offer) bool {
		return gone[helperOf(string(o.Helper), o.OfferID)] || others != nil && others(n, o)
	}
}

func left(l rank.Load) int {
	if l.Budget == nil {
		return unbounded
	}
	return int(max(*l.Budget-l.Used, 0))
}

// standByYes is how sure it is that somebody comes who said yes before.
const standByYes = 20

// weigh adds how everybody answered before.
func (s *Service) weigh(ctx context.Context, g *glance, standBy map[string]bool) error {
	var keys []string
	var offers []contract.OfferID
	for _, c := range g.byHelper {
		keys, offers = append(keys, string(c.line.Helper)), append(offers, c.found.Offer)
	}
	for _, a := range g.open {
		keys, offers = append(keys, a.HelperKey), append(offers, a.OfferID)
	}
	histories, err := s.worker.askHistories(ctx, withoutNone(keys), offers, s.clock())
	if err != nil {
		return err
	}
	for helper, c := range g.byHelper {
		c.History = histories[helper]
		c.Recent = max(c.History.Sent, float64(c.line.Load.Used)) // proposals are asks of this week, too
		if standBy[helper] {
			c.History = wave.History{Asked: standByYes, Accepted: standByYes}
			g.backups = append(g.backups, c)
		} else {
			g.others = append(g.others, c)
		}
		g.byHelper[helper] = c
	}
	for i, a := range g.open {
		g.open[i].history = histories[a.helper()]
	}
	return nil
}

// decide says whom to ask: those who stand by first, others for what is not to be
// hoped for from them. The time is in the zone of the need.
func (g glance) decide(now time.Time) wave.Next {
	policy := wave.PolicyFor(g.need.Urgency)
	n := wave.Need{Key: string(g.need.ID), Missing: g.lacks.missing()}
	if g.need.Urgency != contract.Critical {
		n.Night = nightfall(now)
	}
	asked := make([]wave.Ask, 0, len(g.open))
	for _, a := range g.open {
		asked = append(asked, wave.Ask{Units: min(a.Quantity, max(n.Missing, 1)), History: a.history, At: a.CreatedAt})
	}
	first := policy.Decide(n, asked, plain(g.backups), now)
	for _, c := range first.Ask {
		asked = append(asked, wave.Ask{Units: min(max(c.Units, 1), max(n.Missing, 1)), History: c.History, At: now})
	}
	next := policy.Decide(n, asked, plain(g.others), now)
	next.Ask = append(first.Ask, next.Ask...)
	return next
}

func plain(all []candidate) []wave.Candidate {
	plain := make([]wave.Candidate, len(all))
	for i, c := range all {
		plain[i] = c.Candidate
	}
	return plain
}
