package request

import (
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// words are what staff write about a request for everybody.
func words(r contract.SubmittedRequest) contract.Publish {
	return contract.Publish{ID: string(r.ID), Title: "防护物资 · 西安市", Summary: "社区统一接收。", NearPoint: true}
}

// openRequest submits a request that is open, with a point.
func (b *bench) openRequest(t *testing.T) contract.SubmittedRequest {
	t.Helper()
	answer, err := b.Submit(as(t, contract.RoleCoordinator, xian), submission1(draft(func(d *contract.RequestDraft) {
		d.State, d.Title, d.Description, d.Point = string(Open), planted, planted, &contract.Point{Lat: 34.2612345, Lon: 108.9423456}
	})))
	must(t, err)
	return answer
}

// board is what everybody reads.
func (b *bench) board(t *testing.T, q contract.AskBoard) []contract.Published {
	t.Helper()
	listing, err := b.Board(as(t, contract.RolePublic, ""), q)
	must(t, err)
	return listing.Items
}

func TestPublishedInWordsOfStaffAlone(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.openRequest(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	_, err := b.Publish(coordinator, words(r))
	must(t, err)
	if e := <-d.entries; e.Action != contract.ActPublishRequest || e.SubjectID != string(r.ID) || e.Path != xian {
		t.Errorf("audited %+v", e)
	}
	found := b.board(t, contract.AskBoard{Categories: []string{"ppe"}, RegionCode: "610000", Urgencies: contract.Urgencies()})
	if len(found) != 1 || found[0].Code != r.Code || found[0].Title != words(r).Title || !found[0].Shown {
		t.Fatalf("on the board: %+v", found)
	}
	if p := found[0].Point; p == nil || *p == (contract.Point{Lat: 34.261, Lon: 108.942}) {
		t.Errorf("the place is told as %v", p)
	}
	for _, table := range holding(t, b.admin.DB, "request", planted) {
		if table == "publications" {
			t.Error("what the person wrote is on the board")
		}
	}
	if got := b.board(t, contract.AskBoard{Code: r.Code}); len(got) != 1 {
		t.Errorf("by its code: %+v", got)
	}
	if got := b.board(t, contract.AskBoard{RegionCode: "420000"}); len(got) != 0 {
		t.Errorf("in another province: %+v", got)
	}
}

func TestOnTheBoardWhileHelpIsMissing(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	for name, tt := range map[string]struct {
		move  contract.Move
		shown int
		kept  bool
	}{
		"on hold":   {contract.Move{Move: "hold", Reason: "other"}, 0, true},
		"closed":    {contract.Move{Move: "close", Reason: "no_longer_needed"}, 0, false},
		"withdrawn": {contract.Move{Move: "withdraw", OnBehalfOf: "requester"}, 0, false},
		"referred":  {contract.Move{Move: "refer", To: "hubei", Reason: "other"}, 0, false},
		"erased":    {contract.Move{Move: "erase", Reason: "asked for"}, 0, false},
		"claimed":   {contract.Move{Move: "claim"}, 1, true},
	} {
		r := b.openRequest(t)
		_, err := b.Publish(coordinator, words(r))
		must(t, err)
		tt.move.ID = string(r.ID)
		_, err = b.Move(coordinator, tt.move)
		must(t, err)
		if got := b.board(t, contract.AskBoard{Code: r.Code}); len(got) != tt.shown {
			t.Errorf("%s: %d on the board, want %d", name, len(got), tt.shown)
		}
		var kept bool
		must(t, b.admin.GetContext(t.Context(), &kept, `SELECT EXISTS (SELECT FROM request.publications WHERE subject_id = $1)`, r.ID))
		if kept != tt.kept {
			t.Errorf("%s: the publication is kept: %t", name, kept)
		}
	}
}

func TestPublishingIsRefused(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.openRequest(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	reach := words(r)
	reach.Summary = "请拨 138 0000 1234"
	_, err := b.Publish(coordinator, reach)
	wantFault(t, err, fault.Invalid, "")
	_, err = b.Publish(as(t, contract.RoleCoordinator, hubei), words(r))
	wantFault(t, err, fault.NotFound, "")
	_, err = b.Publish(as(t, contract.RoleAgencyLead, xian), words(r))
	wantFault(t, err, fault.Forbidden, "")
	d.refuse = true
	_, err = b.Publish(coordinator, words(r))
	wantFault(t, err, fault.Unavailable, "")
	d.refuse = false
	if got := b.board(t, contract.AskBoard{}); len(got) != 0 {
		t.Errorf("on the board all the same: %+v", got)
	}
	_, err = b.Move(coordinator, contract.Move{ID: string(r.ID), Move: "close", Reason: "no_longer_needed"})
	must(t, err)
	_, err = b.Publish(coordinator, words(r))
	wantFault(t, err, fault.Conflict, "not_publishable")
}

func TestUnpublishTwice(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r := b.openRequest(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	_, err := b.Publish(coordinator, words(r))
	must(t, err)
	first, err := b.Unpublish(coordinator, contract.Move{ID: string(r.ID)})
	must(t, err)
	again, err := b.Unpublish(coordinator, contract.Move{ID: string(r.ID)})
	must(t, err)
	if got := b.board(t, contract.AskBoard{}); len(got) != 0 || again.Version != first.Version {
		t.Errorf("%d on the board; version %d, then %d", len(got), first.Version, again.Version)
	}
}

func TestBoardGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	coordinator := as(t, contract.RoleCoordinator, xian)
	for range 3 {
		r := b.openRequest(t)
		_, err := b.Publish(coordinator, words(r))
		must(t, err)
	}
	seen := map[string]bool{}
	q := contract.AskBoard{Limit: 2}
	for range 2 {
		for _, p := range b.board(t, q) {
			seen[p.ID] = true
			q.Before = &contract.BoardPlace{At: p.At, ID: p.ID}
		}
	}
	if len(seen) != 3 {
		t.Errorf("two pages show %d of 3", len(seen))
	}
	_, err := b.Board(as(t, contract.RolePublic, ""), contract.AskBoard{Before: &contract.BoardPlace{ID: "none"}})
	wantFault(t, err, fault.Invalid, "")
}
