package request

import (
	"context"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func (b *bench) move(ctx context.Context, r contract.SubmittedRequest, name string) error {
	_, err := b.Move(ctx, contract.Move{ID: string(r.ID), Move: name})
	return err
}

// asColleague acts as another coordinator of xian.
func asColleague(t *testing.T) context.Context {
	t.Helper()
	a := contract.ActorFrom(as(t, contract.RoleCoordinator, xian))
	a.Name, a.PersonID = "Another Demo", "01900000-0000-7000-8000-00000000c011"
	return contract.WithActor(t.Context(), a)
}

// claimer returns who has claimed a request, as a coordinator above sees it.
func (b *bench) claimer(t *testing.T, r contract.SubmittedRequest) string {
	t.Helper()
	got, err := b.Get(as(t, contract.RoleCoordinator, contract.RootPath), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	return got.ClaimedByID
}

// lastMove returns the move that a history ends with, and why and by whom it was made.
func (b *bench) lastMove(t *testing.T, r contract.SubmittedRequest) contract.HistoryEntry {
	t.Helper()
	got, err := b.Get(as(t, contract.RoleCoordinator, contract.RootPath), contract.GetByID{ID: string(r.ID)})
	must(t, err)
	return got.History[len(got.History)-1]
}

func TestAClaimIsOnePersonsUntilItsTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.opened(t)
	mine, peer := as(t, contract.RoleCoordinator, xian), asColleague(t)
	must(t, b.move(mine, r, moveClaim))
	got, err := b.Get(mine, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	if until := b.clock.Now().Add(24 * time.Hour); got.ClaimedUntil == nil || !got.ClaimedUntil.Equal(until) {
		t.Errorf("claimed until %v, want %v", got.ClaimedUntil, until)
	}
	wantFault(t, b.move(peer, r, moveClaim), fault.Conflict, "claimed_by_other")
	wantFault(t, b.move(peer, r, moveUnclaim), fault.Conflict, "claimed_by_other")
	b.clock.Advance(20 * time.Hour)
	must(t, b.move(mine, r, moveClaim)) // begins the time anew
	b.clock.Advance(20 * time.Hour)
	if b.claimer(t, r) == "" {
		t.Fatal("a renewed claim ended early")
	}
	b.clock.Advance(5 * time.Hour)
	if b.claimer(t, r) != "" {
		t.Fatal("a claim outlived its time")
	}
	must(t, b.move(peer, r, moveClaim))
	if b.claimer(t, r) != contract.ActorFrom(peer).ID() {
		t.Error("a claim that is over keeps others away")
	}
}

func TestWhoMayReleaseAClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		ctx context.Context
		may bool
	}{
		"oneself":             {as(t, contract.RoleCoordinator, xian), true},
		"administrator there": {as(t, contract.RoleAdministrator, xian), true},
		"colleague":           {asColleague(t), false},
		"coordinator above":   {as(t, contract.RoleCoordinator, shaanxi), true},
		"auditor above":       {as(t, contract.RoleAuditor, shaanxi), false},
	} {
		r := b.opened(t)
		must(t, b.move(as(t, contract.RoleCoordinator, xian), r, moveClaim))
		if err := b.move(c.ctx, r, moveUnclaim); (err == nil) != c.may {
			t.Errorf("%s: %v", name, err)
		}
		if (b.claimer(t, r) == "") != c.may {
			t.Errorf("%s: claimed by %q", name, b.claimer(t, r))
		}
		must(t, b.move(as(t, contract.RoleCoordinator, xian), r, moveUnclaim)) // a repeat is harmless
	}
}

// TestTheLimitOfClaimsHoldsAtOnce claims more than the limit at the same moment.
func TestTheLimitOfClaimsHoldsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	var requests []contract.SubmittedRequest
	for range 2 * testClaims {
		requests = append(requests, b.opened(t))
	}
	var group sync.WaitGroup
	failures := make(chan error, len(requests))
	for _, r := range requests {
		group.Go(func() { failures <- b.move(ctx, r, moveClaim) })
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			wantFault(t, err, fault.Conflict, "max_claims")
		}
	}
	if n := b.count(t, `SELECT count(*) FROM request.requests WHERE claimed_by IS NOT NULL`); n != testClaims {
		t.Fatalf("%d claims, want %d", n, testClaims)
	}
	for _, r := range requests {
		if b.claimer(t, r) != "" {
			_, err := b.Move(ctx, contract.Move{ID: string(r.ID), Move: moveClose, Reason: "rejected"})
			must(t, err)
			wantFault(t, b.move(ctx, r, moveClaim), fault.Conflict, "illegal_move")
			break
		}
	}
	if n := b.count(t, `SELECT count(*) FROM request.requests WHERE claimed_by IS NOT NULL`); n != testClaims-1 {
		t.Errorf("%d claims after one request was closed, want %d", n, testClaims-1)
	}
}

// TestClaimsThatAreOverAreReleased runs the service's own work twice.
func TestClaimsThatAreOverAreReleased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	over, running := b.opened(t), b.opened(t)
	must(t, b.move(ctx, over, moveClaim))
	b.clock.Advance(23 * time.Hour)
	must(t, b.move(ctx, running, moveClaim))
	b.clock.Advance(time.Hour)
	for range 2 {
		must(t, b.releaseClaims(t.Context()))
	}
	if n := b.count(t, `SELECT count(*) FROM request.requests WHERE claimed_by IS NOT NULL`); n != 1 || b.claimer(t, running) == "" {
		t.Errorf("%d claims, want the running one alone", n)
	}
	if m := b.lastMove(t, over); m.Move != moveUnclaim || m.Role != contract.RoleSystem || m.Reason != claimOver {
		t.Errorf("recorded %+v", m)
	}
	told, err := b.Mentions(ctx, contract.AskMentions{})
	must(t, err)
	if told.Unseen != 1 || len(told.Items) != 1 || told.Items[0].Kind != contract.MentionClaimOver || told.Items[0].RequestID != over.ID {
		t.Errorf("who had claimed it is told %+v", told)
	}
	_, err = b.SeeMention(ctx, contract.SeeMention{NoteID: told.Items[0].NoteID})
	must(t, err)
	if told, err = b.Mentions(ctx, contract.AskMentions{CountOnly: true}); err != nil || told.Unseen != 0 {
		t.Errorf("it was seen, and %d wait: %v", told.Unseen, err)
	}
	if n := b.count(t, `SELECT count(*) FROM request.history WHERE move = 'unclaim'`); n != 1 {
		t.Errorf("%d releases recorded, want 1", n)
	}
}
