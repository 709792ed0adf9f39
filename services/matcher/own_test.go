package matcher

import (
	"testing"

	"heli/pkg/contract"
)

// TestOneLearnsOfComplaintsNothingThatTellsWho complains of one helper from ever
// more requesters: before there are enough, the helper is told nothing.
func TestOneLearnsOfComplaintsNothingThatTellsWho(t *testing.T) {
	t.Parallel()
	b, _ := setupComplaints(t)
	o := help(new(int64(9)), recognisable)
	b.tellOffer(t, o, "available")
	helper := asToken(t, contract.RoleOfferer, o.OfferID)
	for people := 1; people <= contract.OwnPeople; people++ {
		r := need(new(int64(1)))
		b.tell(t, r, "open")
		must(t, b.follow(t.Context()))
		m, err := b.Propose(asCoordinator(t), proposal(r, o, new(int64(1))))
		must(t, err)
		b.move(asToken(t, contract.RoleAnswerer, m.ID), t, m, "accept")
		made, err := b.Complain(asToken(t, contract.RoleRequester, r.RequestID), complaint(m, contract.ComplaintRude))
		must(t, err)
		own, err := b.Own(helper, contract.Empty{})
		must(t, err)
		want := contract.AboutOneself{}
		if people == contract.OwnPeople {
			want = contract.AboutOneself{Told: true, Open: people}
		}
		if own.About != want || len(own.Complaints) != 0 {
			t.Errorf("after %d people the helper is told %+v and %v", people, own.About, own.Complaints)
		}
		mine, err := b.Own(asToken(t, contract.RoleRequester, r.RequestID), contract.Empty{})
		must(t, err)
		if len(mine.Complaints) != 1 || mine.Complaints[0].ID != made.ID || mine.About.Told || len(mine.Steps) == 0 {
			t.Errorf("who complained takes along %+v", mine)
		}
	}
	if staff, err := b.Own(asCoordinator(t), contract.Empty{}); err == nil {
		t.Errorf("staff get %+v as their own", staff)
	}
}
