package replay

import (
	"math"
	"slices"
	"time"

	"heli/pkg/contract"
)

// tally is what a run counts on its way.
type tally struct {
	matches  int
	helpers  map[string]int64 // matches of each
	owners   map[string]int64 // matches of each organisation, by path
	measured int
	metres   float64
}

func newTally() tally { return tally{helpers: map[string]int64{}, owners: map[string]int64{}} }

// count notes a match before it is made.
func (t *tally) count(n *need, l *line, now time.Time) {
	t.matches++
	t.owners[l.Path]++
	if l.Helper != "" {
		t.helpers[string(l.Helper)]++
	}
	if n.got == 0 {
		n.first = now
	}
}

func (t *tally) travelled(metres float64) {
	t.measured++
	t.metres += metres
}

// result measures what the run came to.
func (r *run) result() contract.ReplayResult {
	result := contract.ReplayResult{Mode: string(r.policies.Installation.Mode), Matches: r.tally.matches, Measured: r.tally.measured}
	waits := map[contract.Urgency][]time.Duration{}
	needs := map[contract.Urgency]int{}
	for _, n := range r.needs {
		result.Needs++
		needs[n.Urgency]++
		result.Units += n.wanted
		result.UnitsMatched += n.got
		result.MeanShare += float64(n.got) / float64(max(n.wanted, 1))
		if n.got > 0 {
			result.Served++
			waits[n.Urgency] = append(waits[n.Urgency], n.waited())
		}
		if n.got == n.wanted {
			result.Covered++
		}
	}
	result.Share = float64(result.UnitsMatched) / float64(max(result.Units, 1))
	result.MeanShare /= float64(max(result.Needs, 1))
	for _, u := range contract.Urgencies() {
		result.Urgencies = append(result.Urgencies, waitingOf(u, needs[u], waits[u]))
	}
	if r.tally.measured > 0 {
		result.MeanKM = new(r.tally.metres / float64(r.tally.measured) / 1000)
	}
	result.Helpers, result.Organisations = r.spreads()
	return result
}

func waitingOf(u contract.Urgency, needs int, waits []time.Duration) contract.ReplayUrgency {
	slices.Sort(waits)
	return contract.ReplayUrgency{
		Urgency: u, Needs: needs, Served: len(waits), Unmatched: needs - len(waits),
		MedianS: quantileS(waits, 0.5), P90S: quantileS(waits, 0.9),
	}
}

// quantileS returns the smallest of sorted waits that so great a share does not
// exceed (nearest rank), in seconds; nil for none.
func quantileS(waits []time.Duration, share float64) *int64 {
	if len(waits) == 0 {
		return nil
	}
	rank := max(int(math.Ceil(share*float64(len(waits)))), 1)
	return new(int64(waits[rank-1] / time.Second))
}

// spreads tells how matches spread over the helpers and over the organisations
// that offer something in a category that was asked for.
func (r *run) spreads() (helpers, organisations contract.LoadSpread) {
	able := map[string]bool{} // by the category offered
	for _, l := range r.lines {
		if _, known := able[l.Category]; !known {
			able[l.Category] = slices.ContainsFunc(r.needs, func(n *need) bool { return r.tools.Reference.Covers(l.Category, n.Category) })
		}
		if !able[l.Category] {
			continue
		}
		r.tally.owners[l.Path] += 0
		if l.Helper != "" {
			r.tally.helpers[string(l.Helper)] += 0
		}
	}
	return spread(r.tally.helpers), spread(r.tally.owners)
}

// spread computes the Gini coefficient from sorted counts x1 ≤ … ≤ xn:
// 2·Σ i·xi / (n·Σ xi) − (n+1)/n.
func spread(matches map[string]int64) contract.LoadSpread {
	counts := make([]int64, 0, len(matches))
	s := contract.LoadSpread{Able: len(matches)}
	for _, n := range matches {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	var sum, ranked int64
	for i, n := range counts {
		sum += n
		ranked += int64(i+1) * n
		s.Most = max(s.Most, n)
		if n > 0 {
			s.Used++
		}
	}
	if sum > 0 {
		n := float64(len(counts))
		s.Gini = 2*float64(ranked)/(n*float64(sum)) - (n+1)/n
	}
	return s
}
