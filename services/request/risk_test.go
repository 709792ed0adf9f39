package request

import (
	"slices"
	"testing"

	"heli/pkg/contract"
)

// TestWhoMayBeInDangerComesFirst holds that a request whose words say so stands
// before a critical one, without another state, and that nobody is told why but who
// may read the text.
func TestWhoMayBeInDangerComesFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	submit := func(title string, urgency contract.Urgency) contract.SubmittedRequest {
		t.Helper()
		answer, err := b.Submit(as(t, contract.RolePublic, ""), submission1(draft(func(d *contract.RequestDraft) {
			d.Title, d.Urgency = title, urgency
		})))
		must(t, err)
		return answer
	}
	critical := submit("急需口罩", contract.Critical)
	raised := submit("我不想活了，想找人说说话", contract.Planned)
	listing, err := b.List(coordinator, contract.ListRequests{})
	must(t, err)
	var order []contract.RequestID
	for _, r := range listing.Items {
		order = append(order, r.ID)
	}
	if !slices.Equal(order, []contract.RequestID{raised.ID, critical.ID}) {
		t.Errorf("the queue is %v", order)
	}
	first := listing.Items[0]
	if raised.State != string(Submitted) || first.Urgency != contract.Planned || !slices.Equal(first.Risks, []string{"self_harm"}) {
		t.Errorf("raised as %s %s %v", first.State, first.Urgency, first.Risks)
	}
	title := "想找人说说话"
	_, err = b.Correct(coordinator, contract.CorrectRequest{ID: raised.ID, Version: first.Version, Title: &title})
	must(t, err)
	listing, err = b.List(coordinator, contract.ListRequests{})
	must(t, err)
	if listing.Items[0].ID != critical.ID || listing.Items[1].Risks != nil {
		t.Error("corrected words are raised still")
	}
}

func TestErasureForgetsTheDanger(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	r, err := b.Submit(coordinator, submission1(draft(func(d *contract.RequestDraft) {
		d.NeedLines[0].Specification = "丈夫打我"
	})))
	must(t, err)
	_, err = b.Erase(coordinator, contract.Move{ID: string(r.ID), Reason: "asked for"})
	must(t, err)
	var rank int
	must(t, b.admin.GetContext(t.Context(), &rank, `SELECT urgency_rank FROM request.requests WHERE id = $1`, r.ID))
	if rank < 0 {
		t.Errorf("the rank is %d still", rank)
	}
}
