package matcher

import (
	"testing"
	"time"

	"heli/pkg/contract"
)

// TestFiguresTellWaitsLoadAndWhatIsMissing counts two requests of which one got
// help after an hour, and one that speaks no language of any offer.
func TestFiguresTellWaitsLoadAndWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.clock.Now()
	helped := need(new(int64(1)), func(p *contract.ProjectedRequest) {
		p.WaitingSince, p.Campaign, p.Urgency = now.Add(-time.Hour), "winter", contract.Urgent
	})
	alone := need(new(int64(1)), func(p *contract.ProjectedRequest) { p.Languages = []string{"yue"} })
	b.tell(t, helped, "open")
	b.tell(t, alone, "open")
	offer := help(new(int64(5)), func(p *contract.ProjectedOffer) { p.Languages = []string{"zh"} })
	b.tellOffer(t, offer, "available")
	b.matched(t, helped, offer, new(int64(1)))
	ask := contract.AskFigures{From: now.Add(-24 * time.Hour), Until: now.Add(24 * time.Hour), TimeZone: "Asia/Shanghai"}
	got, err := b.Figures(asCoordinator(t), ask)
	must(t, err)
	if len(got.Proposed) != 1 || got.Proposed[0].Count != 1 || len(got.Confirmed) != 0 {
		t.Errorf("days = %+v %+v", got.Proposed, got.Confirmed)
	}
	if len(got.Waits) != 1 || got.Waits[0].Urgency != contract.Urgent || got.Waits[0].ProposedMedianS == nil || *got.Waits[0].ProposedMedianS != 3600 {
		t.Errorf("waits = %+v", got.Waits)
	}
	if len(got.Load) != 1 || got.Load[0] != (contract.LoadCount{Asked: 0, Helpers: 1}) {
		t.Errorf("load = %+v", got.Load)
	}
	if len(got.Missing) != 1 || got.Missing[0] != (contract.KeyCount{Key: "language", Count: 1}) {
		t.Errorf("missing = %+v of %d", got.Missing, got.Looked)
	}
	ask.Campaign = "summer"
	if got, err = b.Figures(asCoordinator(t), ask); err != nil || len(got.Proposed) != 0 || got.Looked != 0 {
		t.Errorf("of another campaign: %+v %v", got, err)
	}
	ask.Campaign = ""
	if got, err = b.Figures(as(t.Context(), contract.RoleCoordinator, "root/nowhere/"), ask); err != nil || len(got.Proposed)+len(got.Load) != 0 {
		t.Errorf("a neighbour counts %+v %v", got, err)
	}
}
