package index

import (
	"math"
	"strings"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

// probe is a question in the terms of marks, hot rows and nodes: it says
// quickly which surely do not fit, and what the others score at most.
type probe struct {
	reverse bool // an offer asks for needs
	nothing bool // nobody can fit

	marks   marks  // what a need asks for, or an offer has
	tongue  uint64 // any of these languages will do; 0 for no wish
	hours   rank.Hours
	time    [manyHours + 1]float64     // greatest value of the time factor by common hours
	ageless bool                       // hours say nothing in this year
	some    [rank.AnyWay + 1]rank.Ways // shared with any of those who offer some of these
	ways    [rank.AnyWay + 1]rank.Ways // shared with a side that offers these

	at      vector
	located bool // at is known, be it a region's centre
	exact   bool // at is a stated point
	reachM  float64

	base             float64 // what every pair has
	shares           rank.Values
	half             [rank.AnyWay + 1]float64
	skill            [8]float64 // value of the skill factor by the other side's skills
	known            int        // skills of the question
	languages        []languageBit
	budget           int64
	organisationHalf int64

	acting      string
	ownPasses   bool // what lies below the acting organisation may be paired
	netPasses   bool // what is shared with the network may be
	anyPasses   bool
	sight       []uint8 // by path: not known yet, below, not below
	paths       []string
	textCeiling float64 // of a node
	like        likeness
	byWords     bool
	item        uint32 // of the need; noItem when it is of none that an offer has
}

// manyHours stands for so many hours and more.
const manyHours = 15

// languageBit is what a language of the need is worth.
type languageBit struct {
	bit   uint64
	value float64
}

const (
	sightUnknown uint8 = iota
	sightBelow
	sightApart
)

// askFor prepares the search of offers for a need.
func (p *probe) askFor(y *symbols, n *rank.Need, q *rank.Question, at rank.Moment) {
	p.begin(y, q, at)
	p.reverse, p.reachM = false, math.Inf(1)
	p.knowSkills(len(n.Skills))
	skills, skillsKnown := known(y.skill, n.Skills, fold, 0, skillBits)
	guards, guardsKnown := known(y.guard, n.Safeguards, fold, tongueBits, guardBits)
	p.nothing = !skillsKnown || !guardsKnown || (n.Remaining != nil && *n.Remaining <= 0)
	p.marks = marks{skills, guards}
	if q.Credential() {
		p.marks.tags |= 1 << credentialAt
	}
	p.prepareLanguages(y, n.Languages)
	p.hours = q.Hours()
	p.share(q.Ways)
	p.locate(n.Point, n.Region, at)

	below := strings.HasPrefix(n.Path, p.acting)
	p.netPasses, p.ownPasses = below, below || n.Sharing == contract.SharingNetwork
	p.nothing = p.nothing || (!p.netPasses && !p.ownPasses && !p.anyPasses)

	p.add(rank.FactorUrgency, q.Urgency())
	if len(n.Continuity) == 0 {
		p.add(rank.FactorContinuity, rank.Neutral)
	} else {
		p.add(rank.FactorContinuity, 1)
	}
	p.textCeiling = rank.MostText
	if p.item, _ = y.items.find(n.Item); p.item != noItem {
		p.textCeiling = 1
	}
	p.byWords = p.shares[rank.FactorText] > 0
	if len(n.Words) == 0 && p.item == noItem {
		p.byWords, p.textCeiling = false, 0
	}
}

// askBy prepares the search of needs for an offer. The question is one of no
// need: it knows the moment alone.
func (p *probe) askBy(y *symbols, o *rank.Offer, q *rank.Question, at rank.Moment) {
	p.begin(y, q, at)
	p.reverse, p.reachM = true, math.Inf(1)
	p.knowSkills(len(o.Skills))
	m, h, _ := y.offerRow(o)
	p.marks, p.hours, p.nothing = m.marks, m.hours, h.flags&shut != 0
	if p.tongue = m.tags & tongueMask; len(o.Languages) == 0 {
		p.tongue = 0
	}
	p.share(func(wanted rank.Ways) rank.Ways { return wanted & h.ways }) // a category may leave fewer
	p.locate(o.Point, o.Region, at)
	if p.exact {
		p.reachM = float64(h.reachM)
	}

	below := strings.HasPrefix(o.Path, p.acting)
	p.netPasses, p.ownPasses = below, below || o.Sharing == contract.SharingNetwork

	p.add(rank.FactorLanguage, 1)
	p.add(rank.FactorContinuity, 1)
	p.add(rank.FactorResponse, float64(h.response))
	p.add(rank.FactorOrganisationLoad, rank.OrganisationValue(p.organisationHalf, int64(h.organisation)))
	if h.flags&helped == 0 {
		p.add(rank.FactorHelperLoad, 1)
	} else {
		p.add(rank.FactorHelperLoad, rank.HelperValue(int64(h.used), p.budgetOf(&h)))
	}
	switch {
	case o.Item != "":
		p.textCeiling = 1
	case len(o.Words) > 0:
		p.textCeiling = rank.MostText
	}
}

// begin sets what both directions share.
func (p *probe) begin(y *symbols, q *rank.Question, at rank.Moment) {
	ceiling := rank.NewCeiling(at.Policy.Weights)
	for i := range p.shares {
		p.shares[i] = ceiling.Share(i)
	}
	p.base, p.budget, p.organisationHalf = ceiling.Of(&rank.Values{}), at.Policy.WeeklyBudget, at.Policy.OrganisationHalf
	p.acting = q.Acting()
	p.anyPasses = p.acting == ""
	p.paths = y.paths.all()
	p.sight = append(p.sight[:0], make([]uint8, len(p.paths))...)
	p.item, p.byWords, p.textCeiling = noItem, false, 0
	p.languages, p.tongue = p.languages[:0], 0
	for w := range p.half {
		p.half[w] = q.HalfCeiling(rank.Ways(w))
	}
	for hours := range p.time {
		p.time[hours] = q.TimeCeiling(hours)
	}
	p.time[manyHours] = 1
	p.ageless = !rank.HoursHold(at.Now)
}

// knowSkills sets how many skills the question has and what that is worth.
func (p *probe) knowSkills(n int) {
	p.known = n
	for other := range p.skill {
		p.skill[other] = p.skillAfresh(other)
	}
}

func (p *probe) skillAfresh(other int) float64 {
	if p.reverse {
		return rank.SkillValue(other, p.known)
	}
	return rank.SkillValue(p.known, other)
}

// skillOf returns the value of the skill factor for a side with so many skills.
func (p *probe) skillOf(other uint8) float64 {
	if int(other) < len(p.skill) {
		return p.skill[other]
	}
	return p.skillAfresh(int(other))
}

// organisation returns what an organisation with so many live matches brings.
func (p *probe) organisation(load float32) float64 {
	share := p.shares[rank.FactorOrganisationLoad]
	if share == 0 {
		return 0
	}
	return share * rank.OrganisationValue(p.organisationHalf, int64(load))
}

// share notes which ways are shared with a side that offers some.
func (p *probe) share(shared func(rank.Ways) rank.Ways) {
	for w := range p.ways {
		p.ways[w] = shared(rank.Ways(w))
		p.some[w] = 0
		for part := range w + 1 {
			if part&w == part {
				p.some[w] |= p.ways[part]
			}
		}
	}
}

func (p *probe) add(factor int, value float64) { p.base += p.shares[factor] * value }

func (p *probe) prepareLanguages(y *symbols, names []string) {
	if len(names) == 0 {
		p.add(rank.FactorLanguage, 1)
		return
	}
	for i, name := range names {
		bits, held := known(y.tongue, []string{name}, rank.Tongue, 0, tongueBits)
		if !held { // only who states none fits, and has every bit
			bits = 1 << (uint(len(y.tongue.all())) % tongueBits)
		}
		p.tongue |= bits
		p.languages = append(p.languages, languageBit{bits, rank.LanguageValue(i)})
	}
}

func (p *probe) locate(point *contract.Point, region string, at rank.Moment) {
	place := rank.PlaceOf(at.Reference, point, region)
	p.exact, p.located = point != nil, place != nil
	if p.located {
		p.at = vectorOf(*place)
	}
}

// admits reports whether rows with such marks may fit.
func (p *probe) admits(m *marks) bool {
	if p.tongue != 0 && m.tags&p.tongue == 0 {
		return false
	}
	if p.reverse {
		return m.skills&^p.marks.skills == 0 && m.tags&^tongueMask&^p.marks.tags == 0
	}
	return p.marks.skills&^m.skills == 0 && p.marks.tags&^m.tags == 0
}

// sees reports whether the acting organisation may pair a row.
func (p *probe) sees(h *hot) bool {
	if p.anyPasses || (p.netPasses && h.flags&shared != 0) {
		return true
	}
	if int(h.path) >= len(p.sight) {
		return true // came after the search began: the rules decide
	}
	if p.sight[h.path] == sightUnknown {
		p.sight[h.path] = sightApart
		if strings.HasPrefix(p.paths[h.path], p.acting) {
			p.sight[h.path] = sightBelow
		}
	}
	return p.ownPasses && p.sight[h.path] == sightBelow
}

// common returns how many hours others have in common with the question.
func (p *probe) common(hours *rank.Hours) int {
	if p.ageless {
		return manyHours
	}
	return p.hours.Common(hours)
}

// budgetOf returns what counts as a full week of a row's helper.
func (p *probe) budgetOf(h *hot) int64 {
	if h.flags&budgeted != 0 {
		return int64(h.budget)
	}
	return p.budget
}

// language returns the greatest value of the language factor for rows with
// such tags.
func (p *probe) language(tags uint64) float64 {
	for i := range p.languages {
		if tags&p.languages[i].bit != 0 {
			return p.languages[i].value
		}
	}
	return 0
}

// closeness returns the greatest value of the closeness factor for the shared
// ways, and false when what lies at least so far away is out of reach.
func (p *probe) closeness(shared rank.Ways, chord2, reachM float32, placed bool) (float64, bool) {
	if shared == 0 {
		return 0, false
	}
	if shared&rank.Remote != 0 {
		return 1, true
	}
	switch {
	case !p.located:
		return rank.UnknownPlace, true
	case !placed: // a region's centre may stand for it
		return max(rank.UnknownPlace, p.half[shared]/(p.half[shared]+rank.LeastAboutM)), true
	}
	m := leastM(chord2)
	if p.exact && (m > float64(reachM) || m > p.reachM) {
		return 0, false
	}
	if !p.exact {
		m = max(m, rank.LeastAboutM)
	}
	return p.half[shared] / (p.half[shared] + m), true
}

// node returns what the rows below a node score at most, and false when none
// fits.
func (p *probe) node(n *node) (float64, bool) {
	if !p.admits(&n.marks) {
		return 0, false
	}
	hours := p.common(&n.hours)
	if hours == 0 {
		return 0, false
	}
	near, reached := p.closeness(p.some[n.ways], n.chord2(&p.at), n.reachM, true)
	if !reached {
		return 0, false
	}
	bound := p.base + p.shares[rank.FactorCloseness]*near + p.shares[rank.FactorText]*p.textCeiling +
		p.shared(hours, p.language(n.tags))
	if p.reverse {
		return bound + p.shares[rank.FactorUrgency] + p.shares[rank.FactorSkill]*p.skillOf(n.skills), true
	}
	return bound + p.shares[rank.FactorSkill]*p.skillOf(n.skills) + p.shares[rank.FactorHelperLoad] +
		p.shares[rank.FactorResponse]*float64(n.response) +
		p.organisation(n.organisation), true
}

// shared returns what hours and language bring to a score at most.
func (p *probe) shared(hours int, language float64) float64 {
	return p.shares[rank.FactorTime]*p.time[min(hours, manyHours)] + p.shares[rank.FactorLanguage]*language
}

// text returns what the text factor brings a row of the leaf at hand at most.
func (p *probe) text(h *hot, row int) float64 {
	switch {
	case !p.byWords:
		return 0
	case p.item != noItem && h.item == p.item:
		return p.shares[rank.FactorText]
	default:
		return p.shares[rank.FactorText] * p.like.sums[row]
	}
}

// row returns what a row at a squared chord scores at most without its text, time
// and language, and false when it surely does not fit.
func (p *probe) row(h *hot, chord2 float32) (float64, bool) {
	if h.flags&shut != 0 || !p.sees(h) {
		return 0, false
	}
	near, reached := p.closeness(p.ways[h.ways], chord2, h.reachM, h.flags&located != 0)
	if !reached {
		return 0, false
	}
	bound := p.base + p.shares[rank.FactorCloseness]*near
	if p.reverse {
		return bound + p.shares[rank.FactorUrgency] + p.shares[rank.FactorSkill]*p.skillOf(h.skills) +
			p.shares[rank.FactorText]*p.textCeiling, true
	}
	load := 1.0
	if h.flags&helped != 0 {
		load = rank.HelperValue(int64(h.used), p.budgetOf(h))
	}
	return bound + p.shares[rank.FactorSkill]*p.skillOf(h.skills) + p.shares[rank.FactorHelperLoad]*load +
		p.shares[rank.FactorResponse]*float64(h.response) +
		p.organisation(h.organisation), true
}
