package matcher

import (
	"cmp"
	"math"
	"slices"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/index"
	"heli/services/matcher/plan"
	"heli/services/matcher/rank"
)

// Costs of a plan, in millionths. A pair costs one less its score. Leaving a
// unit unmatched costs more than any pair, so that nobody waits for a better one
// while a fitting one is free, and up to ten times as much with urgency.
const (
	costUnit     = 1_000_000
	urgencyPrice = 9
)

// assignment gives the rows of the board the numbers of a plan and back. Its
// amounts are in the item's base unit, in which boxes and pieces add up.
type assignment struct {
	index  index.Index
	moment rank.Moment // acting for each need's owner
	policy func(*rank.Need) rank.Policy
	needs  []rank.Need
	lines  []rank.Offer // on offer, sorted, so that equal costs go by id
	found  []known      // by need
	keys   map[contract.OfferLineID]plan.OfferKey
	input  plan.Input
	// only names the pair that a request and an offer are left with, where planning
	// had joined them more than once: they may have no more than one live match.
	only map[pair]contract.PairRef
	// busy names the pairs that a helper is left with, to whom planning had given more
	// than their week has room for.
	busy map[contract.HelperID]map[contract.PairRef]bool
}

// newAssignment numbers need lines and all lines that are on offer.
func newAssignment(i index.Index, at rank.Moment, policy func(*rank.Need) rank.Policy, needs []rank.Need, lines []rank.Offer) *assignment {
	slices.SortFunc(needs, func(a, b rank.Need) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(lines, func(a, b rank.Offer) int { return cmp.Compare(a.ID, b.ID) })
	a := &assignment{
		index: i, moment: at, policy: policy, only: map[pair]contract.PairRef{}, needs: needs, lines: lines,
		busy: map[contract.HelperID]map[contract.PairRef]bool{},
		keys: make(map[contract.OfferLineID]plan.OfferKey, len(lines)), found: make([]known, len(needs)),
	}
	for n := range needs {
		a.input.Needs = append(a.input.Needs, a.need(plan.NeedKey(n)))
	}
	groups := newGroups(at.Policy)
	for n := range lines {
		key := plan.OfferKey(n)
		a.keys[lines[n].ID] = key
		a.input.Offers = append(a.input.Offers, plan.Offer{
			Key: key, Capacity: capacityOf(&lines[n]) * scale(at.Reference, lines[n].Item, lines[n].Unit), Group: groups.of(&lines[n]),
		})
	}
	a.input.Groups = groups.all
	return a
}

// at is the moment under the need's own policy.
func (a *assignment) at(n *rank.Need) rank.Moment {
	at := a.moment
	at.Policy = a.policy(n)
	return at
}

func (a *assignment) need(key plan.NeedKey) plan.Need {
	n := &a.needs[key]
	urgency := rank.Ask(n, a.at(n)).Urgency()
	return plan.Need{
		Key: key, Quantity: orOne(n.Remaining) * scale(a.moment.Reference, n.Item, n.Unit),
		Price: costUnit + int64(math.Round(urgencyPrice*costUnit*urgency)),
	}
}

// orOne counts an amount that is not stated as one.
func orOne(amount *int64) int64 {
	if amount == nil {
		return 1
	}
	return max(*amount, 0)
}

// scale returns how many of the item's base unit one of a unit holds.
func scale(ref *reference.Snapshot, item string, unit contract.Unit) int64 {
	known, ok := ref.Item(item)
	if !ok {
		return 1
	}
	num, den, ok := ref.Convert(item, unit, known.Unit)
	if !ok || den != 1 {
		return 1
	}
	return num
}

// known are a need's candidates as far as somebody asked for them.
type known struct {
	candidates []plan.Candidate // by cost, equal costs by key
	complete   bool             // no other offer fits
}

// Best implements plan.Source. Several goroutines may ask, each for other needs.
func (a *assignment) Best(key plan.NeedKey, k int) []plan.Candidate {
	for ask := k; ; ask *= 2 {
		allowed := a.allowedOf(key, a.search(key, ask))
		if len(allowed) >= k || a.found[key].complete {
			return allowed[:min(k, len(allowed))]
		}
	}
}

// search returns at least so many of the need's candidates, allowed or not, if
// there are so many. It looks until the last has no equal behind it: the plan
// orders equal costs by key, the index by what rounding has taken away.
func (a *assignment) search(key plan.NeedKey, least int) []plan.Candidate {
	have := &a.found[key]
	for ask := least + 1; len(have.candidates) < least && !have.complete; ask *= 2 {
		need := a.needs[key]
		found := a.index.Top(need, a.at(&need), ask)
		have.complete = len(found) < ask
		have.candidates = a.candidates(&need, found)
		if !have.complete {
			open := cost(found[len(found)-1].Score) // others may cost the same
			have.candidates = slices.DeleteFunc(have.candidates, func(c plan.Candidate) bool { return c.Cost >= open })
		}
	}
	return have.candidates
}

// candidates leaves out lines that came after the numbering, and pairs whose
// units add up only by another item's conversion.
func (a *assignment) candidates(need *rank.Need, found []index.Candidate) []plan.Candidate {
	candidates := make([]plan.Candidate, 0, len(found))
	for _, f := range found {
		key, known := a.keys[f.Line]
		if known && a.commensurable(need, &a.lines[key]) {
			candidates = append(candidates, plan.Candidate{Offer: key, Cost: cost(f.Score)})
		}
	}
	slices.SortStableFunc(candidates, func(x, y plan.Candidate) int {
		return cmp.Or(cmp.Compare(x.Cost, y.Cost), cmp.Compare(x.Offer, y.Offer))
	})
	return candidates
}

// allowedOf leaves out pairs that may not be together with others.
func (a *assignment) allowedOf(key plan.NeedKey, candidates []plan.Candidate) []plan.Candidate {
	if len(a.only)+len(a.busy) == 0 {
		return candidates
	}
	need := &a.needs[key]
	allowed := make([]plan.Candidate, 0, len(candidates))
	for _, c := range candidates {
		line := &a.lines[c.Offer]
		ref := contract.PairRef{NeedLineID: need.ID, OfferLineID: line.ID}
		only, joined := a.only[pair{need.RequestID, line.OfferID}]
		kept, full := a.busy[line.Helper]
		if (!joined || only == ref) && (!full || kept[ref]) {
			allowed = append(allowed, c)
		}
	}
	return allowed
}

func (a *assignment) commensurable(need *rank.Need, line *rank.Offer) bool {
	inNeed := scale(a.moment.Reference, need.Item, need.Unit)
	taken, ok := rank.Ask(need, a.at(need)).Reserve(line, scale(a.moment.Reference, line.Item, line.Unit))
	return ok && taken == inNeed
}

func cost(score float64) int64 { return int64(math.Round((1 - score) * costUnit)) }

// part returns the pairs that may not be beside others of a plan, and keeps the
// next one from making them.
func (a *assignment) part(pairs []plan.Pair) []plan.Pair {
	parted := a.partJoined(pairs)
	gone := make(map[plan.Pair]bool, len(parted))
	for _, p := range parted {
		gone[p] = true
	}
	return append(parted, a.spare(slices.DeleteFunc(slices.Clone(pairs), func(p plan.Pair) bool { return gone[p] }))...)
}

// partJoined leaves a request and an offer that are joined more than once with the
// pair that most would be lost without, and returns the others.
func (a *assignment) partJoined(pairs []plan.Pair) []plan.Pair {
	joined := map[pair][]plan.Pair{}
	for _, p := range pairs {
		joins := pair{a.needs[p.Need].RequestID, a.lines[p.Offer].OfferID}
		joined[joins] = append(joined[joins], p)
	}
	var parted []plan.Pair
	for joins, all := range joined {
		if len(all) == 1 {
			continue
		}
		slices.SortFunc(all, func(x, y plan.Pair) int {
			return cmp.Or(cmp.Compare(a.worth(y), a.worth(x)), cmp.Compare(x.Need, y.Need), cmp.Compare(x.Offer, y.Offer))
		})
		a.only[joins] = contract.PairRef{NeedLineID: a.needs[all[0].Need].ID, OfferLineID: a.lines[all[0].Offer].ID}
		parted = append(parted, all[1:]...)
	}
	return parted
}

// worth is what would be lost without a pair.
func (a *assignment) worth(p plan.Pair) int64 {
	return p.Units * (a.input.Needs[p.Need].Price - p.Cost)
}

// planned turns a pair of the plan back. A remainder that is less than one of the
// need's unit is dropped: nobody sends half a box.
func (a *assignment) planned(p plan.Pair) (contract.PlannedPair, bool) {
	need := &a.needs[p.Need]
	line, held := a.index.Offer(a.lines[p.Offer].ID)
	quantity := p.Units / scale(a.moment.Reference, need.Item, need.Unit)
	if !held || quantity < 1 {
		return contract.PlannedPair{}, false
	}
	return contract.PlannedPair{
		RequestID: need.RequestID, NeedLineID: need.ID, OfferID: line.OfferID, OfferLineID: line.ID,
		Quantity: quantity, Unit: need.Unit, Category: need.Category, Urgency: need.Urgency,
		Score: rank.Ask(need, a.at(need)).Score(&line), Factors: []contract.Factor{},
	}, true
}

// factors are the reasons of a pair.
func (a *assignment) factors(p plan.Pair) []contract.Factor {
	line, _ := a.index.Offer(a.lines[p.Offer].ID)
	need := &a.needs[p.Need]
	return rank.Ask(need, a.at(need)).Factors(&line)
}

// instead says whom the need's own best offer serves, where it serves others, and
// what it would cost all together to have it serve the need.
func (a *assignment) instead(best *plan.Plan, need plan.NeedKey) *contract.Instead {
	e, err := best.Explain(need)
	if err != nil || e.Served {
		return nil
	}
	line, held := a.index.Offer(a.lines[e.Best].ID)
	if !held {
		return nil
	}
	instead := &contract.Instead{OfferID: line.OfferID, OfferLineID: line.ID, Serves: []contract.NeedLineID{}, Loss: e.Loss}
	for _, m := range e.Moves {
		if m.From == e.Best && m.Need != need {
			instead.Serves = append(instead.Serves, a.needs[m.Need].ID)
		}
	}
	return instead
}

// groups price load: of a helper over all that the helper offers, and of an
// organisation over all of its helpers. Goods and rooms do not tire.
type groups struct {
	policy rank.Policy
	all    []plan.Group
	byName map[string]plan.GroupKey
}

func newGroups(p rank.Policy) *groups { return &groups{policy: p, byName: map[string]plan.GroupKey{}} }

// of returns the group whose load an offer's units are.
func (g *groups) of(o *rank.Offer) plan.GroupKey {
	if o.Helper == "" {
		return 0
	}
	organisation := g.named("organisation "+o.Path, 0, g.organisationSteps)
	return g.named("helper "+string(o.Helper)+" of "+o.Path, organisation, g.helperSteps)
}

func (g *groups) named(name string, parent plan.GroupKey, steps func() []plan.Step) plan.GroupKey {
	key, known := g.byName[name]
	if !known {
		key = plan.GroupKey(len(g.all) + 1)
		g.byName[name] = key
		g.all = append(g.all, plan.Group{Key: key, Parent: parent, Load: steps()})
	}
	return key
}

// share is what a factor contributes to a score at most, as cost.
func (g *groups) share(weight float64) float64 {
	w := g.policy.Weights
	total := w.Urgency + w.Closeness + w.Skill + w.Language + w.Text + w.Time + w.HelperLoad + w.OrganisationLoad + w.Response + w.Continuity
	return costUnit * weight / total
}

const loadSteps = 4

// helperSteps rise to the whole share within the week's budget.
func (g *groups) helperSteps() []plan.Step {
	return steps(g.share(g.policy.Weights.HelperLoad), max(1, g.policy.WeeklyBudget/loadSteps))
}

// organisationSteps rise to the whole share within twice the amount at which the
// factor has fallen to one half.
func (g *groups) organisationSteps() []plan.Step {
	return steps(g.share(g.policy.Weights.OrganisationLoad), max(1, 2*g.policy.OrganisationHalf/loadSteps))
}

func steps(share float64, width int64) []plan.Step {
	rising := make([]plan.Step, 0, loadSteps+1)
	for n := range loadSteps {
		rising = append(rising, plan.Step{Width: width, Cost: int64(math.Round(share * float64(n) / loadSteps))})
	}
	return append(rising, plan.Step{Width: plan.Unlimited, Cost: int64(math.Round(share))})
}

// linesOnOffer returns every line of the board that is available now.
func (b *board) linesOnOffer() []rank.Offer {
	var lines []rank.Offer
	for o := range b.index.Offers() {
		if o.Available && (o.Free == nil || *o.Free > 0) {
			lines = append(lines, o)
		}
	}
	return lines
}
