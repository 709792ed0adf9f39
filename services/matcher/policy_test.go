package matcher

import (
	"encoding/json"
	"errors"
	"testing"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/testkit"
	"heli/services/matcher/rank"
)

func encoded(t *testing.T, p rank.Policy) json.RawMessage {
	t.Helper()
	document, err := json.Marshal(p)
	must(t, err)
	return document
}

func TestTheNearestPolicyDecides(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ref, err := b.reference.Get()
	must(t, err)
	put := func(path, category string, version int64, mode rank.Mode) (policyScope, policyInForce) {
		return policyScope{path, category}, policyInForce{rank.Policy{Mode: mode}, policyRow{Version: version, Path: path, Category: category, CreatedBy: "a person"}}
	}
	all := policies{}
	for _, p := range []struct {
		path, category string
		version        int64
		mode           rank.Mode
	}{
		{"", "", 1, rank.Assisted}, {"", "psych", 2, rank.Manual}, {"root/shaanxi/", "", 3, rank.Automatic},
		{"root/shaanxi/", "labour", 4, rank.Manual}, {"root/shaanxi/xian/", "labour.sorting", 5, rank.Automatic},
	} {
		scope, one := put(p.path, p.category, p.version, p.mode)
		all[scope] = one
	}
	for _, tc := range []struct {
		path, category string
		version        int64
	}{
		{"root/", "ppe", 1}, {"root/", "psych", 2}, {"root/hubei/", "labour", 1}, {"root/shaanxi/", "ppe", 3},
		{"root/shaanxi/", "psych", 3}, {"root/shaanxi/xian/", "labour.sorting", 5}, {"root/shaanxi/xian/", "labour.disinfection", 4},
		{"root/shaanxi/xian/yanta/", "labour.sorting", 5}, {"root/shaanxi/baoji/", "labour.sorting", 4},
	} {
		if got := all.of(ref, tc.path, tc.category).row.Version; got != tc.version {
			t.Errorf("%s in %s follows %d, want %d", tc.category, tc.path, got, tc.version)
		}
	}
	if all.newest() != 5 {
		t.Errorf("the newest is %d", all.newest())
	}
	if mode := all.mode(ref, "root/shaanxi/", "psych"); mode != rank.Automatic {
		t.Errorf("an organisation's mode is %s", mode)
	}
	psych, _ := ref.Category("psych")
	seeded := policies{policyScope{}: policyInForce{rank.Policy{Mode: rank.Automatic}, policyRow{Version: 1}}}
	asking := testkit.Reference()
	for i := range asking.Categories {
		asking.Categories[i].Matching = "wave"
	}
	if mode := seeded.mode(reference.NewSnapshot(asking), "root/", "labour"); mode != rank.Wave {
		t.Errorf("a category that is asked for in waves has the mode %s", mode)
	}
	if mode := seeded.mode(ref, "root/", "psych"); string(mode) != psych.Matching {
		t.Errorf("under the first policy the mode is %s, want the category's %s", mode, psych.Matching)
	}
	if mode := (policies{policyScope{}: all[policyScope{}]}).mode(ref, "root/", "psych"); mode != rank.Assisted {
		t.Errorf("under an installation's policy that somebody set the mode is %s", mode)
	}
}

func TestAPolicyIsSetAndRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := as(t.Context(), contract.RoleAdministrator, contract.RootPath)
	audited := b.serveDirectory(t)
	near := rank.Default()
	near.Weights.Closeness = 50
	q := contract.SetPolicy{Organisation: testkit.Xian.Code, Category: "labour", Document: encoded(t, near), Reason: "the roads are cut", Key: "k", BodyHash: "h"}
	first, err := b.SetPolicy(root, q)
	must(t, err)
	again, err := b.SetPolicy(root, q)
	must(t, err)
	if first.Path != testkit.Xian.Path || again.Version != first.Version || b.policyFor(testkit.Xian.Path, "labour.sorting").Weights.Closeness != 50 {
		t.Errorf("set %+v, then %+v", first, again)
	}
	if entry := <-audited; entry.Action != contract.ActSetPolicy || entry.Reason != q.Reason || entry.Path != testkit.Xian.Path {
		t.Errorf("audited %+v", entry)
	}

	bad := near
	bad.Weights.Text, bad.HoldS = -1, nil
	q = contract.SetPolicy{Organisation: testkit.Xian.Code, Category: "labour", Document: encoded(t, bad), Reason: "a slip"}
	_, err = b.SetPolicy(root, q)
	if f := fault.As(err); f.Kind != fault.Invalid || len(f.Fields) < 2 || f.Fields[0].Location != "weights.text" {
		t.Errorf("a negative weight: %v", err)
	}
	for name, document := range map[string]string{"unknown factor": `{"weights":{"luck":1}}`, "overflow": `{"weights":{"text":1e999}}`, "no object": `[]`} {
		q.Document = json.RawMessage(document)
		if _, err := b.SetPolicy(root, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.policyFor(testkit.Xian.Path, "labour").row.Version != first.Version {
		t.Error("a refused policy took the old one's place")
	}

	q.Document = json.RawMessage("null")
	_, err = b.SetPolicy(root, q)
	must(t, err)
	if got := b.policyFor(testkit.Xian.Path, "labour").row.Path; got != "" {
		t.Errorf("after it was withdrawn the policy of %q is in force", got)
	}
	q.Organisation, q.Category = "", ""
	if _, err := b.SetPolicy(root, q); !fault.Is(err, fault.Conflict) {
		t.Errorf("the installation without a policy: %v", err)
	}
}

func TestPoliciesStayInSight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serveDirectory(t)
	document := encoded(t, rank.Default())
	elsewhere := as(t.Context(), contract.RoleAdministrator, "root/hubei/")
	for name, q := range map[string]contract.SetPolicy{"another branch": {Organisation: testkit.Xian.Code}, "an unknown one": {Organisation: "nobody"}} {
		q.Document, q.Reason = document, "why"
		if _, err := b.SetPolicy(elsewhere, q); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.SetPolicy(elsewhere, contract.SetPolicy{Document: document, Reason: "why"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the installation's by one branch: %v", err)
	}
	if _, err := b.SetPolicy(asCoordinator(t), contract.SetPolicy{Document: document, Reason: "why"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a coordinator: %v", err)
	}
	_, err := b.SetPolicy(as(t.Context(), contract.RoleAdministrator, contract.RootPath), contract.SetPolicy{Organisation: testkit.Xian.Code, Document: document, Reason: "why"})
	must(t, err)
	seen, err := b.Policies(elsewhere, contract.Empty{})
	must(t, err)
	own, errOwn := b.Policies(asCoordinator(t), contract.Empty{})
	must(t, errors.Join(err, errOwn))
	if len(seen.Items) != 1 || len(own.Items) != 2 {
		t.Errorf("another branch sees %d, its own %d", len(seen.Items), len(own.Items))
	}
}
