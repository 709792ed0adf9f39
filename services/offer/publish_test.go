package offer

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// board is what everybody reads.
func (b *bench) board(t *testing.T, q contract.AskBoard) []contract.Published {
	t.Helper()
	listing, err := b.Board(as(t, contract.RolePublic, ""), q)
	must(t, err)
	return listing.Items
}

// TestOnTheBoardWhileAvailable follows an offer onto the board, aside, and off it.
func TestOnTheBoardWhileAvailable(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	o := b.available(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	_, err := b.Publish(coordinator, contract.Publish{ID: string(o.ID), Title: "防护物资 · 西安市"})
	must(t, err)
	if e := <-d.entries; e.Action != contract.ActPublishOffer || e.SubjectID != string(o.ID) {
		t.Errorf("audited %+v", e)
	}
	shown := func(want int) {
		t.Helper()
		if got := b.board(t, contract.AskBoard{Code: o.Code}); len(got) != want {
			t.Errorf("%d on the board, want %d", len(got), want)
		}
	}
	shown(1)
	b.move(t, o.ID, "pause")
	shown(0)
	b.move(t, o.ID, "resume")
	shown(1)
	b.move(t, o.ID, "withdraw")
	shown(0)
	var kept int
	must(t, b.admin.GetContext(t.Context(), &kept, `SELECT count(*) FROM offer.publications`))
	if kept != 0 {
		t.Error("what was withdrawn is published still")
	}
	_, err = b.Publish(coordinator, contract.Publish{ID: string(o.ID), Title: "防护物资"})
	wantFault(t, err, fault.Conflict, "not_publishable")
}

func TestPublishingAnOfferIsRefused(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	o := b.available(t)
	q := contract.Publish{ID: string(o.ID), Title: "防护物资"}
	_, err := b.Publish(as(t, contract.RoleCoordinator, hubei), q)
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Publish(asOfferer(t, o.ID), q)
	wantFault(t, err, fault.Forbidden, "")
	_, err = b.Unpublish(as(t, contract.RoleAuditor, xian), contract.Move{ID: string(o.ID)})
	wantFault(t, err, fault.Forbidden, "")
}
