package request

import (
	"context"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

func (b *bench) alike(ctx context.Context, t *testing.T, r contract.SubmittedRequest) []contract.Alike {
	t.Helper()
	found, err := b.Alike(ctx, contract.GetByID{ID: string(r.ID)})
	must(t, err)
	return found.Items
}

func (b *bench) refer(t *testing.T, r contract.SubmittedRequest, to string) error {
	t.Helper()
	_, err := b.Move(as(t, contract.RoleCoordinator, xian), contract.Move{ID: string(r.ID), Move: moveRefer, To: to, Reason: "theirs"})
	return err
}

// TestRepeatsAreFound submits one need in several ways, and others beside it.
func TestRepeatsAreFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	otherPhone := func(d *contract.RequestDraft) { d.Contact.Phone = "+86 100 0000 9999" }
	first := b.opened(t)
	b.clock.Advance(time.Hour)
	samePhone := b.opened(t, func(d *contract.RequestDraft) {
		d.Title, d.Description, d.RegionCode, d.Point = "心理援助", "想找人聊聊", "610000", nil
		d.NeedLines = []contract.NeedLine{{Category: "psych", Unit: "session"}}
	})
	sameWords := b.opened(t, otherPhone, func(d *contract.RequestDraft) { d.Title = "需要口罩！masks" })
	b.opened(t, otherPhone, func(d *contract.RequestDraft) {
		d.Title, d.Description, d.Point = "志愿者分拣物资", "明天上午十人", nil
		d.NeedLines = []contract.NeedLine{{Category: "labour.sorting", Unit: "person"}}
	})
	ctx := as(t, contract.RoleCoordinator, xian)
	found := b.alike(ctx, t, first)
	if len(found) != 2 {
		t.Fatalf("found %+v", found)
	}
	for i, want := range []contract.RequestID{sameWords.ID, samePhone.ID} {
		if found[i].Request.ID != want || found[i].Linked {
			t.Errorf("%d is %s, score %.2f", i, found[i].Request.Title, found[i].Score)
		}
	}
	if got := b.alike(as(t, contract.RoleCoordinator, shaanxi), t, samePhone); len(got) == 0 || got[0].Request.ID != first.ID {
		t.Errorf("from the other side: %+v", got)
	}
	_, err := b.Alike(as(t, contract.RoleCoordinator, hubei), contract.GetByID{ID: string(first.ID)})
	wantFault(t, err, fault.NotFound, "")
}

// TestLinksAreOneHoweverOften links from both sides at once, repeats, and unlinks.
func TestLinksAreOneHoweverOften(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	one, two := b.opened(t), b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	link := func(id, other contract.RequestID, linked bool) error {
		_, err := b.Link(ctx, contract.LinkRequests{ID: id, OtherID: other, Linked: linked})
		return err
	}
	var group sync.WaitGroup
	failures := make(chan error, 8)
	for i := range 8 {
		group.Go(func() {
			if i%2 == 0 {
				failures <- link(one.ID, two.ID, true)
			} else {
				failures <- link(two.ID, one.ID, true)
			}
		})
	}
	group.Wait()
	close(failures)
	for err := range failures {
		must(t, err)
	}
	repeats := func() int {
		return b.count(t, `SELECT coalesce(sum(repeats), 0) FROM request.requests`)
	}
	if n := b.count(t, `SELECT count(*) FROM request.history WHERE move = 'link'`); n != 2 || repeats() != 2 {
		t.Errorf("%d entries and %d repeats, want one on either side", n, repeats())
	}
	if found := b.alike(ctx, t, one); len(found) != 1 || !found[0].Linked {
		t.Errorf("found %+v", found)
	}
	for range 2 {
		must(t, link(two.ID, one.ID, false))
	}
	if n := b.count(t, `SELECT count(*) FROM request.history WHERE move = 'unlink'`); n != 2 || repeats() != 0 {
		t.Errorf("%d entries and %d repeats after the link ended", n, repeats())
	}
	foreign := b.opened(t)
	must(t, b.refer(t, foreign, "hubei"))
	wantFault(t, link(one.ID, foreign.ID, true), fault.NotFound, "")
	wantFault(t, link(one.ID, one.ID, true), fault.Invalid, "")
}

// TestARepeatRaisesUrgencyByDecisionAlone never lowers it.
func TestARepeatRaisesUrgencyByDecisionAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.opened(t), b.opened(t)
	ctx := as(t, contract.RoleCoordinator, xian)
	urgency := func() contract.Urgency { return b.fields(t, one).Urgency }
	for _, c := range []struct{ given, want contract.Urgency }{{"", contract.Urgent}, {contract.Routine, contract.Urgent}, {contract.Critical, contract.Critical}} {
		_, err := b.Link(ctx, contract.LinkRequests{ID: one.ID, OtherID: two.ID, Linked: true, Urgency: c.given})
		must(t, err)
		if urgency() != c.want {
			t.Errorf("with %q it is %s, want %s", c.given, urgency(), c.want)
		}
	}
}

func TestACallersRequestsAreLookedUpWithARecord(t *testing.T) {
	t.Parallel()
	b, d := setupBus(t)
	r := b.opened(t)
	foreign, err := b.Submit(as(t, contract.RoleCoordinator, hubei), submission1(draft()))
	must(t, err)
	ctx := as(t, contract.RoleCoordinator, xian)
	found, err := b.LookUp(ctx, contract.LookUpCaller{Phone: "100-0000-1234"})
	must(t, err)
	if len(found.Items) != 1 || found.Items[0].ID != r.ID || found.Items[0].ID == foreign.ID {
		t.Errorf("found %d", len(found.Items))
	}
	if e := <-d.entries; e.Action != contract.ActLookUpPhone || e.Path != xian || e.SubjectID != contract.ActorFrom(ctx).ID() {
		t.Errorf("recorded %+v", e)
	}
	_, err = b.LookUp(ctx, contract.LookUpCaller{Phone: "hello"})
	wantFault(t, err, fault.Invalid, "")
	_, err = b.LookUp(as(t, contract.RoleAuditor, xian), contract.LookUpCaller{Phone: "100-0000-1234"})
	wantFault(t, err, fault.Forbidden, "")
	d.refuse = true
	if found, err := b.LookUp(ctx, contract.LookUpCaller{Phone: "100-0000-1234"}); !fault.Is(err, fault.Unavailable) || len(found.Items) > 0 {
		t.Errorf("without a record: %v, %v", found, err)
	}
}

func TestMentionsAreCountedAndSeen(t *testing.T) {
	t.Parallel()
	b, _ := setupBus(t)
	r := b.opened(t)
	ctx, colleague := as(t, contract.RoleCoordinator, xian), asColleague(t)
	mentioned := contract.ActorFrom(colleague).PersonID
	note := contract.AddNote{
		ID: contract.NewID[contract.NoteID](), SubjectID: string(r.ID), Text: "@Another Demo 请回电", Mentions: []contract.PersonID{mentioned, mentioned},
	}
	for range 2 {
		_, err := b.Note(ctx, note)
		must(t, err)
	}
	found, err := b.Mentions(colleague, contract.AskMentions{})
	must(t, err)
	if found.Unseen != 1 || len(found.Items) != 1 || found.Items[0].Text != note.Text || found.Items[0].RequestID != r.ID {
		t.Errorf("found %+v", found)
	}
	if mine, err := b.Mentions(ctx, contract.AskMentions{}); err != nil || len(mine.Items) > 0 {
		t.Errorf("somebody else's mentions: %+v, %v", mine, err)
	}
	for range 2 {
		_, err = b.SeeMention(colleague, contract.SeeMention{NoteID: note.ID})
		must(t, err)
	}
	if found, err = b.Mentions(colleague, contract.AskMentions{CountOnly: true}); err != nil || found.Unseen != 0 {
		t.Errorf("still %d, %v", found.Unseen, err)
	}
	// Who was mentioned where others now work sees nothing of it.
	must(t, b.refer(t, r, "hubei"))
	if found, err = b.Mentions(colleague, contract.AskMentions{}); err != nil || len(found.Items) > 0 {
		t.Errorf("after the referral: %+v, %v", found, err)
	}
}
