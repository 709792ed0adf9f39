package main

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/testkit"
	"heli/services/directory"
	"heli/services/matcher"
	"heli/services/notify"
	"heli/services/offer"
	"heli/services/request"
	"heli/services/web/inbound"
	"heli/services/web/intake"
	"heli/services/web/site"
)

// tree is every service of the platform in this process, with five organisations
// and things that two of them own:
//
//	root ─ shaanxi ─ xian ─ yanta
//	     │         └ baoji
//	     └ hubei
type tree struct {
	t     *testing.T
	world *testkit.World
	bus   *bus.Bus
	own   things // of xian
	other things // of hubei
}

// things are what one organisation owns, none of it shared.
type things struct {
	request contract.SubmittedRequest
	offer   contract.SubmittedOffer
	match   contract.Match
	ask     contract.Ask
	webhook contract.Webhook
	person  contract.Person
	key     contract.MadeAPIKey
	plan    contract.Plan
	session contract.ServiceSession
	// calendar is an address for calendar programs.
	calendar contract.Calendar
	// One complaint is kept with the request, the other with the offer.
	complaint, reported contract.Complaint
	// attachment is beside the request.
	attachment contract.Attachment
	alert      contract.Alert // about the person
	form, post string         // of another program; the post waits to be looked at
}

// marks are what an answer shows of the things: their ids.
func (o things) marks() []string {
	return []string{
		string(o.request.ID), string(o.request.NeedLines[0].ID), string(o.offer.ID), string(o.offer.OfferLines[0].ID), string(o.match.ID),
		string(o.webhook.ID), string(o.person.ID), string(o.key.ID), string(o.plan.ID), o.alert.ID, string(o.attachment.ID),
		string(o.complaint.ID), string(o.reported.ID), string(o.session.ID), string(o.calendar.ID), string(o.ask.ID), o.form, o.post,
	}
}

// paths are those of the organisations, by code.
var paths = map[string]string{
	"root": "root/", "shaanxi": "root/shaanxi/", "xian": "root/shaanxi/xian/", "yanta": "root/shaanxi/xian/yanta/",
	"baoji": "root/shaanxi/baoji/", "hubei": "root/hubei/",
}

// relations of an organisation to xian, by the one that stands for it. Sight goes
// up: those that own a thing and those above it see it.
var relations = []struct {
	name, code string
	sees       bool
}{
	{"own", "xian", true}, {"above", "shaanxi", true}, {"below", "yanta", false}, {"sibling", "baoji", false}, {"foreign", "hubei", false},
}

func plantTree(t *testing.T) *tree {
	t.Helper()
	world := testkit.NewWorld(t, "directory", "request", "offer", "matcher", "notify", "web")
	w := &tree{t: t, world: world, bus: testkit.Bus(t, world.Server, "web")}
	hooks := notify.Config{WebhookAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PublicURL: "https://heli.example"}
	for _, service := range []struct { // in the order in which one waits for another
		name string
		run  func(context.Context, app.Deps) error
	}{
		{"directory", func(ctx context.Context, d app.Deps) error {
			return directory.Run(ctx, d, directory.Config{ReadingsPerHour: 1})
		}},
		{"request", func(ctx context.Context, d app.Deps) error { return request.Run(ctx, d, request.Config{}) }},
		{"offer", func(ctx context.Context, d app.Deps) error { return offer.Run(ctx, d, offer.Config{}) }},
		{"matcher", matcher.Run},
		{"notify", func(ctx context.Context, d app.Deps) error { return notify.Run(ctx, d, hooks) }},
	} {
		w.start(world.Deps(t, service.name), service.run)
	}
	for _, code := range []string{"shaanxi", "hubei", "xian", "baoji", "yanta"} {
		above := strings.Split(paths[code], "/")
		ask(w, contract.System(), contract.DirectoryRegister, contract.OrganisationDraft{
			Code: code, Name: "示例 " + code, Kind: "charity", Level: "city", RegionCode: "610000", ParentCode: above[len(above)-3],
		})
	}
	w.own, w.other = w.things("xian"), w.things("hubei")
	return w
}

// start runs a service until the test ends, and returns when it is ready.
func (w *tree) start(d app.Deps, run func(context.Context, app.Deps) error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, d) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("%s: %v", d.Name, err)
		}
	})
	limited, stop := context.WithTimeout(w.t.Context(), waitLimit)
	defer stop()
	if err := d.Health.Await(limited); err != nil {
		w.t.Fatalf("%s is not ready: %v", d.Name, err)
	}
}

// actor is somebody of an organisation.
func actor(role contract.Role, code string) contract.Actor {
	return contract.Actor{Role: role, Name: "Demo", PersonID: contract.PersonID("person-" + string(role)), Path: paths[code]}
}

// holder has the token of one thing.
func holder[T ~string](role contract.Role, id T) contract.Actor {
	return contract.Actor{Role: role, Subject: string(id)}
}

// ask calls as somebody and fails the test when that is refused.
func ask[Q, R any](w *tree, a contract.Actor, e contract.Endpoint[Q, R], q Q) R {
	w.t.Helper()
	answer, err := bus.Call(contract.WithActor(w.t.Context(), a), w.bus, e, q)
	if err != nil {
		w.t.Fatalf("%s as %s of %s: %v", e.Subject, a.Role, a.Path, err)
	}
	return answer
}

func (w *tree) things(code string) (o things) {
	w.t.Helper()
	coordinator := actor(contract.RoleCoordinator, code)
	o.request, o.offer = w.request(code), w.offer(code)
	one := int64(1)
	o.match = ask(w, coordinator, contract.MatcherPropose, contract.Propose{
		ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(), Quantity: &one,
		NeedLineID: o.request.NeedLines[0].ID, OfferLineID: o.offer.OfferLines[0].ID,
	})
	o.ask = w.asked(code, o.request)
	o.complaint = w.complaint(coordinator, o.match)
	o.reported = w.complaint(holder(contract.RoleAnswerer, o.match.ID), o.match)
	o.webhook, o.person, o.key = w.webhook(code), w.person(code), w.apiKey(code)
	o.session = ask(w, coordinator, contract.OfferRecordSession, contract.RecordSession{Draft: contract.SessionDraft{
		ID: contract.NewID[contract.SessionID](), HeldOn: "2020-02-14", Minutes: 50, People: 2, Group: true, Mode: contract.ModeRemote, Category: "psych", Confirmed: true,
	}})
	ask(w, coordinator, contract.OfferKeepRoster, contract.KeepRoster{ID: o.session.ID, Names: []string{"演示"}})
	start := w.world.Clock.Now().AddDate(0, 0, len(code)) // one helper has all offers, and cannot be in two places
	ask(w, coordinator, contract.MatcherSetAppointment, contract.SetAppointment{
		MatchID: o.match.ID, Start: start.Format(contract.AppointmentForm), End: start.Add(time.Hour).Format(contract.AppointmentForm), Zone: "UTC", Place: "demo",
	})
	o.calendar = w.calendar(code)
	o.attachment = ask(w, coordinator, contract.RequestAttach, pdf(string(o.request.ID)))
	o.form, o.post = w.form(coordinator)
	o.plan = ask(w, coordinator, contract.MatcherPlan, contract.AskPlan{})
	policy := ask(w, coordinator, contract.MatcherPolicy, contract.Empty{})
	ask(w, actor(contract.RoleAdministrator, code), contract.MatcherSetPolicy, contract.SetPolicy{Organisation: code, Document: policy.Document, Reason: "demo"})
	reader := coordinator
	reader.PersonID = o.person.ID
	for range 2 { // one too many
		ask(w, reader, contract.RequestContact, contactReading(string(o.request.ID)))
	}
	o.alert = ask(w, actor(contract.RoleAuditor, code), contract.DirectoryAlerts, contract.Empty{}).Items[0]
	return o
}

// calendar makes an address for calendar programs.
func (w *tree) calendar(code string) contract.Calendar {
	w.t.Helper()
	return ask(w, actor(contract.RoleCoordinator, code), contract.MatcherMakeCalendar, contract.MakeCalendar{
		ID: contract.NewID[contract.CalendarID](), Name: "demo",
	})
}

// asked asks somebody else for what the need lacks.
func (w *tree) asked(code string, r contract.SubmittedRequest) contract.Ask {
	w.t.Helper()
	other := somebody
	other.Phone = "+86 100 0000 5678"
	w.offerOf(code, other)
	coordinator := actor(contract.RoleCoordinator, code)
	ctx, cancel := context.WithTimeout(w.t.Context(), waitLimit)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	ask(w, coordinator, contract.MatcherStartWave, contract.StartWave{NeedLineID: r.NeedLines[0].ID})
	for {
		asks := ask(w, coordinator, contract.MatcherAsks, contract.ListAsks{RequestID: r.ID}).Items
		if len(asks) > 0 {
			return asks[0]
		}
		select { // the offer is on its way to the matcher
		case <-ticker.C:
		case <-ctx.Done():
			w.t.Fatal("nobody is asked")
		}
	}
}

// form connects one of another program, with a post that does not fit.
func (w *tree) form(coordinator contract.Actor) (id, post string) {
	w.t.Helper()
	d := w.world.Deps(w.t, "web")
	forms, ctx := inbound.New(d, intake.New(d)), contract.WithActor(w.t.Context(), coordinator)
	form, secret, err := forms.Create(ctx, importer.Needs, inbound.Settings{Name: "demo"})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := forms.Receive(w.t.Context(), form.ID, inbound.Post{Query: url.Values{"secret": {secret}}, Body: []byte(`{"a":"b"}`)}); err != nil {
		w.t.Fatal(err)
	}
	waiting, err := forms.Posts(ctx, form.ID, inbound.Look)
	if err != nil || len(waiting) != 1 {
		w.t.Fatal(len(waiting), err)
	}
	return form.ID, waiting[0].ID
}

// complaint files one about the requester of a match, and its words.
func (w *tree) complaint(by contract.Actor, m contract.Match) contract.Complaint {
	w.t.Helper()
	filed := ask(w, by, contract.MatcherComplain, contract.FileComplaint{
		ID: contract.NewID[contract.ComplaintID](), MatchID: m.ID, Kind: contract.ComplaintRude, About: contract.SideRequester,
	})
	if err := site.KeepComplaint(contract.WithActor(w.t.Context(), by), w.bus, filed, "demo"); err != nil {
		w.t.Fatal(err)
	}
	return filed
}

// somebody is whose contact and consent the things have.
var (
	somebody = contract.Contact{Name: "演示", Phone: "+86 100 0000 1234"}
	agreed   = contract.Consent{Version: "1", Purposes: []string{contract.PurposeMatching}}
)

// request submits one that an organisation owns.
func (w *tree) request(code string) contract.SubmittedRequest {
	w.t.Helper()
	quantity := int64(3)
	return ask(w, actor(contract.RoleCoordinator, code), contract.RequestSubmit, contract.SubmitRequest{
		ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(), Draft: contract.RequestDraft{
			Title: "masks", Urgency: contract.Urgent, Mode: contract.ModeDelivery, RegionCode: "610100", State: "open", Contact: somebody, Consent: agreed,
			NeedLines: []contract.NeedLine{{Category: "ppe", Item: "mask_n95", Quantity: &quantity, Unit: "piece"}},
		},
	})
}

// offer submits one that an organisation owns.
func (w *tree) offer(code string) contract.SubmittedOffer {
	w.t.Helper()
	return w.offerOf(code, somebody)
}

func (w *tree) offerOf(code string, contact contract.Contact) contract.SubmittedOffer {
	w.t.Helper()
	quantity := int64(3)
	return ask(w, actor(contract.RoleCoordinator, code), contract.OfferSubmit, contract.SubmitOffer{
		ID: contract.NewID[contract.OfferID](), Code: contract.NewCode(), Draft: contract.OfferDraft{
			Title: "masks", Mode: contract.ModeDelivery, RegionCode: "610100", State: "available", Vouched: true, Contact: contact, Consent: agreed,
			OfferLines: []contract.OfferLine{{Category: "ppe", Item: "mask_n95", Capacity: contract.Capacity{Quantity: &quantity, Unit: "piece", Per: contract.PerTotal}}},
		},
	})
}

// webhook registers an endpoint of an organisation, whose address never answers.
func (w *tree) webhook(code string) contract.Webhook {
	w.t.Helper()
	return ask(w, actor(contract.RoleIntegrator, code), contract.NotifyRegister, contract.WebhookDraft{
		ID: contract.NewID[contract.EndpointID](), URL: "http://127.0.0.1:1/", Events: []string{"*"},
	})
}

// person adds somebody in the one role that everybody who manages people may give.
func (w *tree) person(code string) contract.Person {
	w.t.Helper()
	return ask(w, contract.System(), contract.DirectoryAddPerson, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: "演示", Role: contract.RoleHelper, Organisation: code,
	})
}

func (w *tree) apiKey(code string) contract.MadeAPIKey {
	w.t.Helper()
	return ask(w, contract.System(), contract.DirectoryMakeAPIKey, contract.MakeAPIKey{Organisation: code, Role: contract.RoleHelper, Name: "demo"})
}

// refusal is all that a caller learns of a refused call.
func refusal(err error) string {
	f := fault.As(err)
	return string(f.Kind) + " " + f.Code + " " + f.Detail
}
