package matcher

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
	"heli/services/matcher/rank"
)

// document returns the default policy in another mode.
func document(t testing.TB, mode rank.Mode) json.RawMessage {
	t.Helper()
	p := rank.Default()
	p.Mode = mode
	data, err := json.Marshal(p)
	must(t, err)
	return data
}

// bothModes asks for the stored policy, which is assisted, and an automatic one.
func bothModes(t testing.TB) contract.ReplayPast {
	t.Helper()
	return contract.ReplayPast{Policies: []contract.ReplayPolicy{{Version: 1}, {Document: document(t, rank.Automatic)}}}
}

func (b *bench) replayed(ctx context.Context, t testing.TB, q contract.ReplayPast) contract.ReplayedPast {
	t.Helper()
	answer, err := b.Replay(ctx, q)
	must(t, err)
	return answer
}

// arrived is a need that arrives ten minutes from now.
func (b *bench) arrived(t testing.TB, quantity int64) contract.ProjectedRequest {
	t.Helper()
	r := need(&quantity, func(p *contract.ProjectedRequest) { p.WaitingSince = b.clock.Now().Add(10 * time.Minute) })
	b.tell(t, r, "open")
	return r
}

func TestReplayComparesPolicies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tellOffer(t, help(new(int64(1))), "available")
	b.tellOffer(t, help(new(int64(5))), "available")
	b.arrived(t, 3)
	b.clock.Advance(2 * time.Hour)
	got := b.replayed(asCoordinator(t), t, bothModes(t))
	if got.Record.Needs != 1 || got.Record.Offers != 2 || len(got.Policies) != 2 {
		t.Fatalf("replayed %+v", got)
	}
	assisted, automatic := got.Policies[0], got.Policies[1]
	if assisted.Version != 1 || assisted.Mode != "assisted" || assisted.UnitsMatched != 3 || *assisted.Urgencies[1].MedianS != 1200 {
		t.Errorf("assisted: %+v", assisted)
	}
	if automatic.Version != 0 || automatic.Mode != "automatic" || automatic.UnitsMatched != 3 || *automatic.Urgencies[1].MedianS != 0 {
		t.Errorf("automatic: %+v", automatic)
	}
	first, err := json.Marshal(got)
	must(t, err)
	again, err := json.Marshal(b.replayed(asCoordinator(t), t, bothModes(t)))
	must(t, err)
	if !bytes.Equal(first, again) {
		t.Errorf("replayed\n%s\nthen\n%s", first, again)
	}
	if broken := b.broken(t); len(broken) > 0 {
		t.Errorf("a replay reserved: %v", broken)
	}
}

func TestReplayKeepsToItsSpan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.tellOffer(t, help(new(int64(5))), "available")
	b.arrived(t, 1)
	b.clock.Advance(24 * time.Hour)
	b.arrived(t, 1)
	b.clock.Advance(24 * time.Hour)
	middle := b.clock.Now().Add(-24 * time.Hour)
	for name, q := range map[string]contract.ReplayPast{"since": {Since: &middle}, "until": {Until: &middle}} {
		q.Policies = bothModes(t).Policies
		if got := b.replayed(asCoordinator(t), t, q); got.Record.Needs != 1 || got.Policies[1].UnitsMatched != 1 {
			t.Errorf("%s the middle: %+v", name, got)
		}
	}
}

func TestReplayNeverMakesADeclinedPair(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.matched(t, need(new(int64(1))), help(new(int64(1))), nil)
	b.move(asCoordinator(t), t, m, "decline")
	b.clock.Advance(time.Hour)
	got := b.replayed(asCoordinator(t), t, bothModes(t))
	if got.Record.Refused != 1 || got.Policies[0].Matches != 0 || got.Policies[1].Matches != 0 {
		t.Errorf("replayed %+v", got)
	}
}

// What ended is brought back as far as its matches tell of it.
func TestReplayCountsWhatIsErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, o := need(new(int64(2))), help(new(int64(2)))
	m := b.matched(t, r, o, nil)
	lonely, idle := need(new(int64(1))), help(new(int64(1)), func(p *contract.ProjectedOffer) { p.Available = false })
	unopened := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Open = false })
	b.tell(t, lonely, "open")
	b.tell(t, unopened, "submitted")
	b.tellOffer(t, idle, "paused")
	b.clock.Advance(time.Hour)
	for _, move := range []string{"accept", "start", "report", "confirm"} {
		b.move(asCoordinator(t), t, m, move)
	}
	r.Version, lonely.Version, o.Version = 2, 2, 2
	b.tell(t, r, "closed")
	b.tell(t, lonely, "closed")
	b.tellOffer(t, o, "withdrawn")
	b.clock.Advance(time.Hour)
	got := b.replayed(asCoordinator(t), t, bothModes(t))
	want := contract.ReplayRecord{Needs: 1, NeedsRebuilt: 1, NeedsErased: 1, NeedsUnopened: 1, Offers: 1, OffersRebuilt: 1, OffersIdle: 1}
	if got.Record != want {
		t.Errorf("record %+v, want %+v", got.Record, want)
	}
	if got.Policies[1].UnitsMatched != 2 {
		t.Errorf("replayed %+v", got.Policies[1])
	}
}

// What others were given stays theirs: their needs are not played.
func TestReplayStaysInSight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hubei := func(p *contract.ProjectedRequest) { p.Organisation, p.Path = "hubei", "root/hubei/" }
	theirs := need(new(int64(2)), hubei, func(p *contract.ProjectedRequest) { p.Sharing = contract.SharingNetwork })
	o := help(new(int64(3)), func(p *contract.ProjectedOffer) { p.Sharing = contract.SharingNetwork })
	b.tell(t, theirs, "open")
	b.tellOffer(t, o, "available")
	_, err := b.Propose(as(t.Context(), contract.RoleCoordinator, contract.RootPath), proposal(theirs, o, nil))
	must(t, err)
	b.arrived(t, 3)
	b.clock.Advance(time.Hour)
	got := b.replayed(asCoordinator(t), t, bothModes(t))
	if got.Record.Needs != 1 || got.Policies[1].UnitsMatched != 1 {
		t.Errorf("Xi'an replayed %+v", got)
	}
	nothing := as(t.Context(), contract.RoleAuditor, "root/gansu/")
	if got := b.replayed(nothing, t, bothModes(t)); got.Record.Needs != 0 {
		t.Errorf("Gansu replayed %+v", got)
	}
	_, err = b.Replay(as(t.Context(), contract.RoleAgencyLead, testkit.Xian.Path), bothModes(t))
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("an agency lead: %v", err)
	}
}

func TestReplayRefusesBadQuestions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.clock.Now()
	for name, tc := range map[string]struct {
		q    contract.ReplayPast
		want []string
	}{
		"no policy":   {contract.ReplayPast{}, []string{"policies"}},
		"many":        {contract.ReplayPast{Policies: make([]contract.ReplayPolicy, 7)}, []string{"policies", "policies[0].version"}},
		"both":        {contract.ReplayPast{Policies: []contract.ReplayPolicy{{Version: 1, Document: json.RawMessage(`{}`)}}}, []string{"policies[0].version"}},
		"unknown key": {contract.ReplayPast{Policies: []contract.ReplayPolicy{{Document: json.RawMessage(`{"luck": 1}`)}}}, []string{"policies[0].document"}},
		"no sense":    {contract.ReplayPast{Policies: []contract.ReplayPolicy{{Version: 1}, {Document: json.RawMessage(`{"mode": "wild"}`)}}}, []string{"policies[1].document.mode"}},
		"backwards":   {contract.ReplayPast{Policies: []contract.ReplayPolicy{{Version: 1}}, Since: &now, Until: &now}, []string{"until"}},
	} {
		_, err := b.Replay(asCoordinator(t), tc.q)
		f := fault.As(err)
		if f == nil || f.Kind != fault.Invalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, location := range tc.want {
			if f.Fields[i].Location != location {
				t.Errorf("%s: %v, want %v", name, f.Fields, tc.want)
			}
		}
	}
	_, err := b.Replay(asCoordinator(t), contract.ReplayPast{Policies: []contract.ReplayPolicy{{Version: 99}}})
	wantFault(t, err, fault.NotFound, "not_found")
	var foreign int64
	must(t, b.admin.GetContext(t.Context(), &foreign, `INSERT INTO matcher.policies (org_path, document, created_at)
		VALUES ('root/hubei/', $1, $2) RETURNING version`, []byte(document(t, rank.Manual)), now))
	_, err = b.Replay(asCoordinator(t), contract.ReplayPast{Policies: []contract.ReplayPolicy{{Version: foreign}}})
	wantFault(t, err, fault.NotFound, "not_found")
}

// A policy is tried in its scope; elsewhere those in force go on.
func TestReplayPlaysAPolicyInItsScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serveDirectory(t)
	b.tellOffer(t, help(new(int64(5))), "available")
	b.arrived(t, 1)
	b.clock.Advance(2 * time.Hour)
	automatic := document(t, rank.Automatic)
	got := b.replayed(asCoordinator(t), t, contract.ReplayPast{Policies: []contract.ReplayPolicy{
		{InForce: true}, {Document: automatic, Organisation: testkit.Xian.Code, Category: "labour"}, {Document: automatic, Category: "ppe"},
	}})
	inForce, own, other := got.Policies[0], got.Policies[1], got.Policies[2]
	if !inForce.InForce || inForce.Mode != "assisted" || *inForce.Urgencies[1].MedianS != 1200 {
		t.Errorf("in force: %+v", inForce)
	}
	if own.Path != testkit.Xian.Path || own.Category != "labour" || own.Mode != "automatic" || *own.Urgencies[1].MedianS != 0 {
		t.Errorf("for labour in Xi'an: %+v", own)
	}
	if other.Category != "ppe" || *other.Urgencies[1].MedianS != 1200 {
		t.Errorf("for what nobody asked for: %+v", other)
	}
	_, err := b.Replay(asCoordinator(t), contract.ReplayPast{Policies: []contract.ReplayPolicy{{Document: automatic, Organisation: "nobody"}}})
	wantFault(t, err, fault.NotFound, "not_found")
	_, err = b.Replay(asCoordinator(t), contract.ReplayPast{Policies: []contract.ReplayPolicy{{Document: automatic, Category: "nothing"}}})
	if f := fault.As(err); f.Kind != fault.Invalid || f.Fields[0].Location != "policies[0].category" {
		t.Errorf("for an unknown category: %v", err)
	}
}

func TestOneReplayAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.replaying <- struct{}{} // somebody plays
	_, err := b.Replay(asCoordinator(t), bothModes(t))
	wantFault(t, err, fault.Unavailable, "replay_busy")
	<-b.replaying
	b.replayed(asCoordinator(t), t, bothModes(t))
}
