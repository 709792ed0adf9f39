package main

import (
	"context"
	"fmt"
	"testing"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/testkit"
	"heli/services/directory"
	"heli/services/matcher"
	"heli/services/offer"
	"heli/services/request"
)

// Phones of people who meet, by number alone.
const (
	phoneOfRequester = "+86 100 0000 2001"
	phoneOfStranger  = "+86 100 0000 2002"
	phoneOfHelper    = "+86 100 0000 3001"
)

// plantLand starts the services of which complaints are a matter, and returns how
// to end the offer service and the matcher and how to start them again.
func plantLand(t *testing.T) (w *tree, offers, matches *interruptible) {
	t.Helper()
	world := testkit.NewWorld(t, "directory", "request", "offer", "matcher", "web")
	w = &tree{t: t, world: world, bus: testkit.Bus(t, world.Server, "web")}
	w.start(world.Deps(t, "directory"), func(ctx context.Context, d app.Deps) error { return directory.Run(ctx, d, directory.Config{}) })
	w.start(world.Deps(t, "request"), func(ctx context.Context, d app.Deps) error { return request.Run(ctx, d, request.Config{}) })
	offers = &interruptible{w: w, name: "offer", run: func(ctx context.Context, d app.Deps) error { return offer.Run(ctx, d, offer.Config{}) }}
	matches = &interruptible{w: w, name: "matcher", run: matcher.Run}
	offers.start()
	matches.start()
	for _, code := range []string{"shaanxi", "xian", "hubei"} {
		ask(w, contract.System(), contract.DirectoryRegister, contract.OrganisationDraft{
			Code: code, Name: "示例 " + code, Kind: "charity", Level: "city", RegionCode: "610000", ParentCode: map[string]string{"xian": "shaanxi"}[code],
		})
	}
	return w, offers, matches
}

// interruptible is a service that ends and starts again within a test.
type interruptible struct {
	w    *tree
	name string
	run  func(context.Context, app.Deps) error
	end  func()
}

func (i *interruptible) start() {
	i.w.t.Helper()
	d := i.w.world.Deps(i.w.t, i.name)
	ctx, cancel := context.WithCancel(context.WithoutCancel(i.w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- i.run(ctx, d) }()
	over := false
	i.end = func() {
		if over {
			return
		}
		over = true
		cancel()
		if err := <-ended; err != nil {
			i.w.t.Errorf("%s: %v", i.name, err)
		}
	}
	i.w.t.Cleanup(i.end)
	limited, stop := context.WithTimeout(i.w.t.Context(), waitLimit)
	defer stop()
	if err := d.Health.Await(limited); err != nil {
		i.w.t.Fatalf("%s is not ready: %v", i.name, err)
	}
}

// needs submits an open request of somebody with a phone.
func (w *tree) needs(code, phone string) contract.SubmittedRequest {
	w.t.Helper()
	return ask(w, actor(contract.RoleCoordinator, code), contract.RequestSubmit, contract.SubmitRequest{
		ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(), Draft: contract.RequestDraft{
			Title: "company", Urgency: contract.Urgent, Mode: contract.ModeRemote, RegionCode: "610100", State: "open", Consent: agreed,
			Contact: contract.Contact{Name: "演示", Phone: phone}, NeedLines: []contract.NeedLine{{Category: "care", Unit: "person"}},
		},
	})
}

// helps submits an available offer of somebody with a phone, for everybody.
func (w *tree) helps(code, phone string) contract.SubmittedOffer {
	w.t.Helper()
	return ask(w, actor(contract.RoleCoordinator, code), contract.OfferSubmit, contract.SubmitOffer{
		ID: contract.NewID[contract.OfferID](), Code: contract.NewCode(), Draft: contract.OfferDraft{
			Title: "company", Mode: contract.ModeRemote, RegionCode: "610100", State: "available", Vouched: true, Sharing: contract.SharingNetwork, Consent: agreed,
			Contact:    contract.Contact{Name: "演示", Phone: phone},
			OfferLines: []contract.OfferLine{{Category: "care", Capacity: contract.Capacity{Unit: "person", Per: contract.PerTotal}}},
		},
	})
}

func (w *tree) propose(code string, r contract.SubmittedRequest, o contract.SubmittedOffer) (contract.Match, error) {
	w.t.Helper()
	return bus.Call(contract.WithActor(w.t.Context(), actor(contract.RoleCoordinator, code)), w.bus, contract.MatcherPropose, contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), NeedLineID: r.NeedLines[0].ID, OfferLineID: o.OfferLines[0].ID,
	})
}

func (w *tree) matched(code string, r contract.SubmittedRequest, o contract.SubmittedOffer) contract.Match {
	w.t.Helper()
	m, err := w.propose(code, r, o)
	if err != nil {
		w.t.Fatalf("propose: %v", err)
	}
	return m
}

// suggested returns whether an offer is among the suggestions for a request.
func (w *tree) suggested(code string, r contract.SubmittedRequest, o contract.SubmittedOffer) bool {
	w.t.Helper()
	found := ask(w, actor(contract.RoleCoordinator, code), contract.MatcherSuggest, contract.Suggest{RequestID: r.ID, MinVersion: r.Version, Limit: 50})
	for _, s := range found.Items {
		if s.OfferID == o.ID {
			return true
		}
	}
	return false
}

// awaitOffer waits until the matcher has heard of an offer.
func (w *tree) awaitOffer(code string, r contract.SubmittedRequest, o contract.SubmittedOffer) {
	w.t.Helper()
	eventually(w.t, func() string {
		_, err := bus.Call(contract.WithActor(w.t.Context(), actor(contract.RoleCoordinator, code)), w.bus, contract.MatcherVerdict,
			contract.AskVerdict{RequestID: r.ID, OfferID: o.ID})
		if err != nil {
			return "verdict on the offer: " + err.Error()
		}
		return ""
	})
}

// TestABlockedPairNeverReturns: two people meet in one organisation, one is
// harassed, and neither a new request in another organisation nor a new offer in a
// third brings them together again.
func TestABlockedPairNeverReturns(t *testing.T) {
	t.Parallel()
	w, _, _ := plantLand(t)
	first := w.matched("xian", w.needs("xian", phoneOfRequester), w.helps("xian", phoneOfHelper))
	ask(w, holder(contract.RoleRequester, first.RequestID), contract.MatcherComplain, contract.FileComplaint{
		ID: contract.NewID[contract.ComplaintID](), MatchID: first.ID, Kind: contract.ComplaintHarassment,
	})
	again, stranger, offered := w.needs("hubei", "100 0000 2001"), w.needs("hubei", phoneOfStranger), w.helps("shaanxi", "+8610000003001")
	w.awaitOffer("hubei", stranger, offered)
	if w.suggested("hubei", again, offered) || !w.suggested("hubei", stranger, offered) {
		t.Errorf("suggested to the one who was harassed: %v, to a stranger: %v", w.suggested("hubei", again, offered), w.suggested("hubei", stranger, offered))
	}
	verdict := ask(w, actor(contract.RoleCoordinator, "hubei"), contract.MatcherVerdict, contract.AskVerdict{RequestID: again.ID, OfferID: offered.ID})
	if verdict.Fits || verdict.Key != "rule.refused" || len(verdict.Args) != 0 {
		t.Errorf("the verdict says %+v", verdict)
	}
	if _, err := w.propose("hubei", again, offered); fault.As(err) == nil || fault.As(err).Code != "pair_refused" {
		t.Errorf("proposed all the same: %v", err)
	}
	plan := ask(w, actor(contract.RoleCoordinator, "hubei"), contract.MatcherPlan, contract.AskPlan{})
	for _, p := range plan.Pairs {
		if p.RequestID == again.ID {
			t.Errorf("planned all the same: %+v", p)
		}
	}
	if _, err := w.propose("hubei", stranger, offered); err != nil {
		t.Errorf("nobody keeps these two apart: %v", err)
	}
}

// TestDangerOutlivesWhatIsDown: the offer service is away while danger is
// reported, and the matcher starts anew before it is back. The helper's offers
// rest in every organisation, those too that come later, until somebody who
// answers for it reinstates them.
func TestDangerOutlivesWhatIsDown(t *testing.T) {
	t.Parallel()
	w, offers, matches := plantLand(t)
	named := ask(w, contract.System(), contract.DirectoryAddPerson, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: "负责人 演示", Role: contract.RoleCoordinator, Organisation: "shaanxi",
	})
	ask(w, actor(contract.RoleAdministrator, "root"), contract.DirectoryNameSafeguard, contract.NameSafeguard{Organisation: "shaanxi", PersonID: named.ID})
	here, there := w.helps("xian", phoneOfHelper), w.helps("hubei", phoneOfHelper)
	m := w.matched("xian", w.needs("xian", phoneOfRequester), here)
	ask(w, holder(contract.RoleAnswerer, m.ID), contract.MatcherMove, contract.Move{ID: string(m.ID), Move: "accept"})

	offers.end()
	filed := ask(w, holder(contract.RoleRequester, m.RequestID), contract.MatcherComplain, contract.FileComplaint{
		ID: contract.NewID[contract.ComplaintID](), MatchID: m.ID, Kind: contract.ComplaintSafeguarding,
	})
	matches.end()
	matches.start()
	stranger := w.needs("hubei", phoneOfStranger)
	if w.suggested("hubei", stranger, there) {
		t.Error("a suspended helper is suggested")
	}
	if got := ask(w, actor(contract.RoleCoordinator, "xian"), contract.MatcherGet, contract.GetByID{ID: string(m.ID)}); got.State != "disputed" {
		t.Errorf("the match is %s", got.State)
	}
	offers.start()
	later := w.helps("hubei", phoneOfHelper)
	w.awaitOffers("paused", true, here.ID, there.ID, later.ID)
	handler := contract.Actor{Role: contract.RoleCoordinator, Name: named.Name, PersonID: named.ID, Path: paths["shaanxi"]}
	eventually(t, func() string {
		c := ask(w, handler, contract.MatcherComplaint, contract.ComplaintByID{ID: filed.ID})
		if !c.Paused || c.ResponsibleID != named.ID || c.State != "open" {
			return fmt.Sprintf("the complaint to be paused and to land with %s: %+v", named.ID, c)
		}
		return ""
	})
	if n := ask(w, handler, contract.MatcherCountComplaints, contract.Empty{}).ByState; n["open"] != 1 || n["mine"] != 1 {
		t.Errorf("who answers for it is told of %v", n)
	}
	ask(w, handler, contract.MatcherDecide, contract.DecideComplaint{ID: filed.ID, Move: "close", Outcome: "unfounded", Reinstate: true})
	w.awaitOffers("available", false, here.ID, there.ID, later.ID)
}

// awaitOffers waits until offers are shown in a state, and suspended or not.
func (w *tree) awaitOffers(state string, suspended bool, ids ...contract.OfferID) {
	w.t.Helper()
	eventually(w.t, func() string {
		for _, id := range ids {
			o, err := bus.Call(contract.WithActor(w.t.Context(), contract.System()), w.bus, contract.OfferGet, contract.GetByID{ID: string(id)})
			if err != nil || o.State != state || o.Suspended != suspended {
				return fmt.Sprintf("offer %s to be %s: %s, suspended %v, %v", id, state, o.State, o.Suspended, err)
			}
		}
		return ""
	})
}
