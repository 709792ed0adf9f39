package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/micro"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/embedded"
	"heli/pkg/fault"
)

// party is somebody as the matrix calls: a role of an organisation, or the
// holder of a token.
type party struct {
	contract.Actor
	relation string
	sees     bool
	// of is what a token speaks for, or is joined with; empty for staff.
	of []thingKind
}

// parties are every role at every relation to xian's things.
func (w *tree) parties() []party {
	all := []party{{Actor: contract.Actor{Role: contract.RolePublic}, relation: "nobody", of: []thingKind{"none"}}}
	for _, r := range relations {
		for _, role := range []contract.Role{
			contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleAgencyLead, contract.RoleHelper, contract.RoleAuditor, contract.RoleIntegrator,
		} {
			all = append(all, party{Actor: actor(role, r.code), relation: r.name, sees: r.sees})
		}
	}
	person := actor(contract.RoleHelper, "xian")
	person.PersonID = w.own.person.ID
	all = append(all, party{Actor: person, relation: themselves, sees: true})
	for _, owner := range []struct {
		things
		name string
		sees bool
	}{{w.own, "own", true}, {w.other, "foreign", false}} {
		all = append(all,
			party{holder(contract.RoleRequester, owner.request.ID), owner.name, owner.sees, []thingKind{aRequest, aMatch}},
			party{holder(contract.RoleOfferer, owner.offer.ID), owner.name, owner.sees, []thingKind{anOffer, aMatch}},
			party{holder(contract.RoleAnswerer, owner.match.ID), owner.name, owner.sees, []thingKind{aMatch}})
	}
	return all
}

// themselves is the relation of xian's person to who they are.
const themselves = "oneself"

// Outcomes of a call.
const (
	reached   = "reached" // what comes then is not a matter of access
	forbidden = "forbidden"
	unknown   = "unknown" // as if there were nothing
)

// want is the outcome that the table of pkg/access gives.
func (c party) want(q call) string {
	rule, _ := access.OfEndpoint(q.subject)
	return c.under(rule, q)
}

func (c party) under(rule access.Rule, q call) string {
	switch {
	case !rule.May(c.Role), q.byHolder && c.Staff(), q.byRoot && contract.Checked:
		return forbidden
	case q.thing == noThing || q.thing == list, c.relation == themselves && (q.thing == aPerson || q.thing == oneself):
		return reached
	case q.asks != "" && !access.May(c.Role, q.asks):
		return forbidden
	case q.thing == oneself:
		return unknown
	case q.byMatch && c.Role == contract.RoleAnswerer && c.sees:
		return reached
	case q.reads != "" && !access.May(c.Role, q.reads), !c.sees, c.of != nil && !slices.Contains(c.of, q.thing):
		return unknown
	default:
		return reached
	}
}

func outcome(err error) string {
	switch fault.KindOf(err) {
	case fault.Forbidden:
		return forbidden
	case fault.NotFound:
		return unknown
	case fault.Unavailable, fault.Internal:
		return err.Error()
	default:
		return reached
	}
}

// TestMatrixOfCalls calls every endpoint in every role as every organisation and
// compares with the table. Another's id is answered as one that nobody has, and
// no answer shows anything of another's.
//
// Under the build tag nochecks the checks pass everybody, and what is left to
// show is that the row policies let nothing through.
func TestMatrixOfCalls(t *testing.T) {
	t.Parallel()
	w := plantTree(t)
	parties := w.parties()
	for _, q := range endpointCalls(w.own) {
		for _, c := range parties {
			id := w.id(q, c.want(q) == reached)
			a := c.Actor
			if c.of != nil && c.want(q) == reached && q.thing != aMatch && !q.byMatch && id != "" {
				a.Subject = id // the token of what is used up
			}
			ctx := contract.WithActor(t.Context(), a)
			answer, err := q.do(ctx, w, id)
			if !contract.Checked {
				w.shownNothing(q, c, answer, err)
				continue
			}
			got, want := outcome(err), c.want(q)
			if q.thing == noThing && got == unknown {
				got = reached // it asked for nothing that is there
			}
			if got != want {
				t.Errorf("%s as %s %s: %s (%v), want %s", q.subject, c.relation, c.Role, got, err, want)
			}
			w.shownNothing(q, c, answer, err)
			if outcome(err) != unknown {
				continue
			}
			if _, other := q.do(ctx, w, nobodys(q.thing)); refusal(err) != refusal(other) {
				t.Errorf("%s as %s %s tells another's (%v) from what is not there (%v)", q.subject, c.relation, c.Role, err, other)
			}
		}
	}
	w.seesItsOwn()
	w.joinsNothingForeign()
}

// joinsNothingForeign names things of others beside one's own: in a body, too, they
// are answered as what is not there.
func (w *tree) joinsNothingForeign() {
	w.t.Helper()
	ctx := contract.WithActor(w.t.Context(), actor(contract.RoleCoordinator, "hubei"))
	propose := func(line string) error {
		_, err := bus.Call(ctx, w.bus, contract.MatcherPropose, contract.Propose{
			ID: contract.NewID[contract.MatchID](), Code: contract.NewCode(),
			NeedLineID: w.other.request.NeedLines[0].ID, OfferLineID: contract.OfferLineID(line),
		})
		return err
	}
	foreign, none := propose(string(w.own.offer.OfferLines[0].ID)), propose(nobodys(aPair))
	if foreign == nil || contract.Checked && (outcome(foreign) != unknown || refusal(foreign) != refusal(none)) {
		w.t.Errorf("another's offer line gives %v, one that is not there %v", foreign, none)
	}
	join := func(code string) error {
		ctx := contract.WithActor(w.t.Context(), actor(contract.RoleAdministrator, "hubei"))
		_, err := bus.Call(ctx, w.bus, contract.DirectoryCampaign, contract.CampaignDraft{
			Code: "demo", Name: map[string]string{"zh-Hans": "演示"}, Organisations: []string{code},
		})
		return err
	}
	if foreign, none := join("xian"), join("nowhere"); foreign == nil || refusal(foreign) != refusal(none) {
		w.t.Errorf("another organisation in a campaign gives %v, one that is not there %v", foreign, none)
	}
	submit := func(code string) error {
		_, err := bus.Call(ctx, w.bus, contract.RequestSubmit, contract.SubmitRequest{
			ID: contract.NewID[contract.RequestID](), Code: contract.NewCode(), Draft: contract.RequestDraft{
				Title: "masks", Urgency: contract.Urgent, Mode: contract.ModeDelivery, RegionCode: "610100", AtOrganisation: code,
				Contact: contract.Contact{Name: "演示", Phone: "+86 100 0000 1234"}, Consent: contract.Consent{Version: "1", Purposes: []string{"matching"}},
				NeedLines: []contract.NeedLine{{Category: "ppe", Unit: "piece"}},
			},
		})
		return err
	}
	if foreign, none := submit("xian"), submit("nowhere"); contract.Checked && (foreign == nil || refusal(foreign) != refusal(none)) {
		w.t.Errorf("another organisation gives %v, one that is not there %v", foreign, none)
	}
}

// shownNothing fails when a call of who must not see xian's things reaches one, or
// its answer shows one.
func (w *tree) shownNothing(q call, c party, answer any, err error) {
	w.t.Helper()
	if c.sees || err != nil || q.thing == noThing {
		return
	}
	text, failed := json.Marshal(answer)
	if failed != nil {
		w.t.Fatal(failed)
	}
	if q.thing != list {
		w.t.Errorf("%s lets %s %s reach what is not theirs: %s", q.subject, c.relation, c.Role, text)
	}
	for _, mark := range append(w.own.marks(), `"`+paths["xian"]+`"`) {
		around := mark == `"`+paths["xian"]+`"` && c.relation == "below" && slices.Contains([]string{contract.MatcherPolicies.Subject, contract.MatcherPolicyVersions.Subject}, q.subject)
		if strings.Contains(string(text), mark) && !around {
			w.t.Errorf("%s shows %s %s what is not theirs: %s", q.subject, c.relation, c.Role, text)
		}
	}
}

// seesItsOwn shows that the lists hold what they keep from others.
func (w *tree) seesItsOwn() {
	w.t.Helper()
	all := map[string]string{
		contract.RequestList.Subject: string(w.own.request.ID), contract.OfferList.Subject: string(w.own.offer.ID),
		contract.MatcherList.Subject: string(w.own.match.ID), contract.MatcherAsks.Subject: string(w.own.ask.ID), contract.MatcherComplaints.Subject: string(w.own.complaint.ID), contract.MatcherPolicies.Subject: `"` + paths["xian"] + `"`,
		contract.DirectoryPeople.Subject: string(w.own.person.ID), contract.DirectoryAPIKeys.Subject: string(w.own.key.ID),
		contract.DirectoryAlerts.Subject: w.own.alert.ID, contract.NotifyWebhooks.Subject: string(w.own.webhook.ID),
		contract.OfferSessions.Subject:          string(w.own.session.ID),
		contract.DirectoryOrganisations.Subject: `"` + paths["xian"] + `"`,
	}
	for _, q := range endpointCalls(w.own) {
		mark, ok := all[q.subject]
		if !ok {
			continue
		}
		for _, code := range []string{"xian", "shaanxi"} {
			answer, err := q.do(contract.WithActor(w.t.Context(), actor(contract.RoleAdministrator, code)), w, "")
			text, failed := json.Marshal(answer)
			if err := errors.Join(err, failed); err != nil || !strings.Contains(string(text), mark) {
				w.t.Errorf("%s does not show %s its own: %s, %v", q.subject, code, text, err)
			}
		}
	}
}

// TestEveryEndpointIsInTheMatrix compares what the running services answer, by
// their own account, with the rows and with the calls of the matrix.
func TestEveryEndpointIsInTheMatrix(t *testing.T) {
	t.Parallel()
	w := plantTree(t)
	var answered, called []string
	for _, service := range embedded.Services() {
		if service == "web" {
			continue
		}
		answered = append(answered, w.answeredBy(service)...)
	}
	for _, q := range endpointCalls(w.own) {
		called = append(called, q.subject)
	}
	slices.Sort(answered)
	if rows := access.Endpoints(); !slices.Equal(answered, rows) {
		t.Errorf("services answer %v\nthe table has %v", answered, rows)
	}
	slices.Sort(called)
	if called = slices.Compact(called); !slices.Equal(answered, called) {
		t.Errorf("services answer %v\nthe matrix calls %v", answered, called)
	}
}

func (w *tree) answeredBy(service string) []string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), waitLimit)
	defer cancel()
	reply, err := w.world.Server.Conn(w.t, embedded.Administrator).RequestWithContext(ctx, "$SRV.INFO."+service, nil)
	if err != nil {
		w.t.Fatalf("ask %s what it answers: %v", service, err)
	}
	var info micro.Info
	if err := json.Unmarshal(reply.Data, &info); err != nil {
		w.t.Fatal(err)
	}
	subjects := make([]string, len(info.Endpoints))
	for i, e := range info.Endpoints {
		subjects[i] = e.Subject
	}
	return subjects
}
