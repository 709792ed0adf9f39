package rank_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
	"heli/services/matcher/rank"
)

func TestRules(t *testing.T) {
	t.Parallel()
	check(t, []pair{
		{"fits", func(*rank.Need, *rank.Offer, *rank.Moment) {}, ""},
		{"same category", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Category = "labour.disinfection" }, ""},
		{"narrower offer", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Category, o.Category = "labour", "labour.disinfection"
		}, rank.RuleCategory},
		{"other category", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Category = "food" }, rank.RuleCategory},
		{"nothing remains", func(n *rank.Need, _ *rank.Offer, _ *rank.Moment) { n.Remaining = amount(0) }, rank.RuleRemaining},
		{"paused", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Available = false }, rank.RuleAvailable},
		{"expires now", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.ValidUntil = after(0) }, rank.RuleExpired},
		{"expires later", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.ValidUntil = after(time.Second) }, ""},
		{"remote against on site", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Mode = contract.ModeRemote }, rank.RuleMode},
		{"any against on site", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Mode = contract.ModeAny }, ""},
		{"refused", func(_ *rank.Need, _ *rank.Offer, m *rank.Moment) {
			m.Refused = func(n *rank.Need, o *rank.Offer) bool { return n.RequestID == "r" && o.OfferID == "f" }
		}, rank.RuleRefused},
		{"other pair refused", func(_ *rank.Need, _ *rank.Offer, m *rank.Moment) {
			m.Refused = func(*rank.Need, *rank.Offer) bool { return false }
		}, ""},
		{"lacks a skill", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Skills, o.Skills = []string{"spraying", "driving"}, []string{"Driving"}
		}, rank.RuleSkill},
		{"has the skills", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Skills, o.Skills = []string{"driving"}, []string{"cooking", "Driving"}
		}, ""},
		{"a woman asked for", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Safeguards, o.Safeguards = []string{"woman"}, []string{"man"}
		}, rank.RuleSafeguard},
		{"a woman comes", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Safeguards, o.Safeguards = []string{"woman"}, []string{"two_people", "woman"}
		}, ""},
		{"week is full", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{Used: 2, Budget: amount(2)}
		}, rank.RuleLoad},
		{"week has room", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{Used: 1, Budget: amount(2)}
		}, ""},
		{"no budget set", func(_ *rank.Need, o *rank.Offer, m *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{Used: 2 * m.Policy.WeeklyBudget}
		}, ""},
		{"hours are full", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{Minutes: 61, MostMinutes: amount(120)}
		}, rank.RuleLoad},
		{"hours have room", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{Minutes: 60, MostMinutes: amount(120)}
		}, ""},
		{"rests", func(_ *rank.Need, o *rank.Offer, m *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{RestsUntil: new(m.Now.Add(time.Second))}
		}, rank.RuleLoad},
		{"has rested", func(_ *rank.Need, o *rank.Offer, m *rank.Moment) {
			o.Helper, o.Load = "h", rank.Load{RestsUntil: &m.Now}
		}, ""},
		{"goods do not tire", func(_ *rank.Need, o *rank.Offer, _ *rank.Moment) { o.Load.Used = 1000 }, ""},
	})
}

func TestVisibility(t *testing.T) {
	t.Parallel()
	owners := func(need, offer, acting string, needSharing, offerSharing contract.Sharing) func(*rank.Need, *rank.Offer, *rank.Moment) {
		return func(n *rank.Need, o *rank.Offer, m *rank.Moment) {
			n.Path, o.Path, m.Acting = need, offer, acting
			n.Sharing, o.Sharing = needSharing, offerSharing
		}
	}
	const own, network = contract.SharingOwn, contract.SharingNetwork
	check(t, []pair{
		{"own need, own offer", owners("root/a/", "root/a/", "root/a/", own, own), ""},
		{"own need, offer below", owners("root/a/", "root/a/b/", "root/a/", own, own), ""},
		{"own need, foreign offer", owners("root/a/", "root/b/", "root/a/", own, own), rank.RuleVisibility},
		{"own need, network offer", owners("root/a/", "root/b/", "root/a/", own, network), ""},
		{"both below", owners("root/a/", "root/b/", "root/", own, own), ""},
		{"foreign need", owners("root/b/", "root/a/", "root/a/", own, own), rank.RuleVisibility},
		{"own offer put forward", owners("root/b/", "root/a/", "root/a/", network, own), ""},
		{"two of others", owners("root/b/", "root/c/", "root/a/", network, network), rank.RuleVisibility},
		{"need above", owners("root/", "root/a/", "root/a/", own, network), rank.RuleVisibility},
		{"like name is not below", owners("root/ab/", "root/ab/", "root/a/", own, own), rank.RuleVisibility},
		{"as the need's owner", owners("root/a/", "root/a/b/", "", own, own), ""},
		{"as the need's owner, foreign offer", owners("root/a/b/", "root/a/", "", own, own), rank.RuleVisibility},
		{"nobody acts", owners("", "root/a/", "", network, network), rank.RuleVisibility},
	})
}

func TestPlace(t *testing.T) {
	t.Parallel()
	type change = func(*rank.Need, *rank.Offer, *rank.Moment)
	places := func(mode contract.Mode, need, offer string, areas ...string) change {
		return func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Mode, o.Mode, n.Region, o.Region, o.ServiceRegions = mode, mode, need, offer, areas
			n.Category, o.Category = "unlisted", "unlisted"
		}
	}
	points := func(radius int64, need, offer *contract.Point) change {
		return func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Point, o.Point, o.RadiusM = need, offer, &radius
		}
	}
	const onsite, remote, delivery = contract.ModeOnsite, contract.ModeRemote, contract.ModeDelivery
	check(t, []pair{
		{"on site, own prefecture", places(onsite, "610102", "610113"), ""},
		{"on site, next prefecture", places(onsite, "610302", "610113"), rank.RulePlace},
		{"on site, offer of a whole prefecture", places(onsite, "610302", "610300"), ""},
		{"on site, need known by province only", places(onsite, "610000", "610113"), rank.RulePlace},
		{"on site, districts of Beijing", places(onsite, "110101", "110105"), ""},
		{"on site, Beijing and Shanghai", places(onsite, "110101", "310101"), rank.RulePlace},
		{"on site, county governed by its province", places(onsite, "429004", "429004"), ""},
		{"on site, region unknown", places(onsite, "", "610113"), rank.RulePlace},
		{"delivery everywhere", places(delivery, "310101", "610113"), ""},
		{"remote everywhere", places(remote, "310101", "610113"), ""},
		{"remote for one province", places(remote, "310101", "610113", "610000"), rank.RulePlace},
		{"delivery to one of two areas", places(delivery, "610302", "110101", "310000", "610000"), ""},
		{"delivery outside the areas", places(delivery, "110101", "110101", "310000"), rank.RulePlace},
		{"on site inside a far area", places(onsite, "310101", "610113", "310000"), ""},
		{"inside the radius", points(6000, at(34.26, 108.96), at(34.22, 108.94)), ""},
		{"outside the radius", points(4000, at(34.26, 108.96), at(34.22, 108.94)), rank.RulePlace},
		{"radius without the need's point", points(1, nil, at(34.22, 108.94)), ""},
		{"radius without the offer's point", points(1, at(34.22, 108.94), nil), ""},
		{"radius without points, other prefecture", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Region, o.RadiusM = "610302", amount(500_000)
		}, rank.RulePlace},
		{"remote ignores the radius", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Mode, o.Mode, n.Point, o.Point, o.RadiusM = remote, remote, at(31, 121), at(34, 108), amount(1)
		}, ""},
		{"outside the radius, inside the area", func(n *rank.Need, o *rank.Offer, _ *rank.Moment) {
			n.Point, o.Point, o.RadiusM, o.ServiceRegions = at(34.26, 108.96), at(34.22, 108.94), amount(1), []string{"610102"}
		}, ""},
	})
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		need, offer []string
		fits        bool
	}{
		{[]string{"zh"}, []string{"zh-CN"}, true}, {[]string{"zh-Hant"}, []string{"cmn"}, true},
		{[]string{"zh-TW"}, []string{"zh_Hans_CN"}, true}, {[]string{"zho"}, []string{"zh"}, true},
		{[]string{"yue"}, []string{"zh"}, false}, {[]string{"zh"}, []string{"yue"}, false},
		{[]string{"zh-yue"}, []string{"yue-HK"}, true}, {[]string{"zh-cmn-Hans"}, []string{"zh"}, true},
		{[]string{"wuu"}, []string{"zh"}, false}, {[]string{"en-GB"}, []string{"en-US"}, true},
		{[]string{"eng"}, []string{"EN"}, true}, {[]string{"iw"}, []string{"he"}, true},
		{[]string{"ug", "zh"}, []string{"en", "zh"}, true}, {[]string{"ug"}, []string{"en", "zh"}, false},
		{nil, []string{"zh"}, true}, {[]string{"ug"}, nil, true}, {[]string{"not a tag"}, []string{"zh"}, false},
	} {
		n, o := labour()
		n.Languages, o.Languages = tc.need, tc.offer
		if got := rank.Ask(&n, moment()).Check(&o); (got == "") != tc.fits {
			t.Errorf("%v and %v: broke %q, want fits %v", tc.need, tc.offer, got, tc.fits)
		}
	}
}

func TestCredential(t *testing.T) {
	t.Parallel()
	verified := func(kind string, until *time.Time) []contract.Credential {
		return []contract.Credential{{Kind: "driving"}, {Kind: kind, VerifiedBy: "someone", ValidUntil: until}}
	}
	for name, tc := range map[string]struct {
		category    string
		credentials []contract.Credential
		fits        bool
	}{
		"none":                  {"legal", nil, false},
		"not verified":          {"legal", []contract.Credential{{Kind: "legal"}}, false},
		"verified":              {"legal", verified("legal", nil), true},
		"the profession":        {"legal", verified("Lawyer", after(time.Hour)), true},
		"the paper":             {"legal", verified("律师执业证", nil), true},
		"run out":               {"legal", verified("legal", after(0)), false},
		"another kind":          {"legal", verified("nurse", nil), false},
		"counsel":               {"psych", verified("legal counsel", nil), false},
		"clinical psychologist": {"psych", verified("clinical_psychologist", nil), true},
		"student is no dent":    {"medical", verified("student", nil), false},
		"none asked for":        {"labour", nil, true},
	} {
		n, o := labour()
		n.Category, o.Category, o.Credentials = tc.category, tc.category, tc.credentials
		if got := rank.Ask(&n, moment()).Check(&o); (got == "") != tc.fits {
			t.Errorf("%s: broke %q, want fits %v", name, got, tc.fits)
		}
	}
}

// TestCantoneseLawyer is the example of the domain: everything fits but the tongue.
func TestCantoneseLawyer(t *testing.T) {
	t.Parallel()
	n, o := labour()
	n.Category, o.Category, n.Mode, o.Mode = "legal", "legal", contract.ModeRemote, contract.ModeAny
	n.Languages, o.Languages = []string{"yue"}, []string{"zh", "en"}
	o.Credentials = []contract.Credential{{Kind: "legal", VerifiedBy: "someone"}}
	v := rank.Ask(&n, moment()).Judge(&o)
	want := []rank.Reason{{Rule: rank.RuleLanguage, Key: "rule.language", Args: map[string]any{
		"languages": []string{"yue"}, "offer_languages": []string{"zh", "en"},
	}}}
	if d := cmp.Diff(want, v.Broken); d != "" || v.Fits || v.Score != 0 {
		t.Errorf("verdict %+v\n%s", v, d)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		remaining, free     *int64
		needUnit, offerUnit contract.Unit
		needItem, offerItem string
		rule                rank.Rule
		quantity, taken     int64
	}{
		"neither stated":       {nil, nil, "piece", "piece", "", "", "", 1, 1},
		"need stated":          {amount(7), nil, "piece", "piece", "", "", "", 7, 7},
		"offer stated":         {nil, amount(9), "piece", "piece", "", "", "", 9, 9},
		"the less of both":     {amount(7), amount(5), "piece", "piece", "", "", "", 5, 5},
		"nothing free":         {amount(7), amount(0), "piece", "piece", "", "", rank.RuleCapacity, 0, 0},
		"other units":          {nil, nil, "piece", "kg", "", "", rank.RuleUnit, 0, 0},
		"unit not stated":      {amount(2), amount(3), "", "kg", "", "", "", 2, 2},
		"boxes for pieces":     {amount(120), amount(2), "piece", "box", "surgical_mask", "surgical_mask", "", 100, 2},
		"part of a box":        {amount(30), amount(2), "piece", "box", "surgical_mask", "surgical_mask", "", 30, 1},
		"pieces for boxes":     {amount(3), amount(149), "box", "piece", "surgical_mask", "surgical_mask", "", 2, 100},
		"not a whole box":      {amount(3), amount(49), "box", "piece", "surgical_mask", "surgical_mask", rank.RuleCapacity, 0, 0},
		"item of the offer":    {amount(50), amount(1), "piece", "box", "", "surgical_mask", "", 50, 1},
		"item of the need":     {amount(50), amount(1), "piece", "box", "surgical_mask", "", "", 50, 1},
		"boxes of other items": {amount(50), amount(1), "piece", "box", "gown", "surgical_mask", rank.RuleUnit, 0, 0},
		"item without a box":   {amount(50), amount(1), "piece", "box", "gown", "gown", rank.RuleUnit, 0, 0},
		"very many":            {nil, amount(1 << 62), "piece", "box", "surgical_mask", "surgical_mask", "", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, o := labour()
			n.Category, o.Category, n.Mode, o.Mode = "ppe", "ppe", contract.ModeDelivery, contract.ModeDelivery
			n.Remaining, o.Free, n.Unit, o.Unit = tc.remaining, tc.free, tc.needUnit, tc.offerUnit
			n.Item, o.Item = tc.needItem, tc.offerItem
			q := rank.Ask(&n, moment())
			v := q.Judge(&o)
			if got := q.Check(&o); got != tc.rule || v.Quantity != tc.quantity {
				t.Fatalf("broke %q with quantity %d, want %q and %d", got, v.Quantity, tc.rule, tc.quantity)
			}
			if taken, ok := q.Reserve(&o, v.Quantity); tc.rule == "" && (!ok || taken != tc.taken) {
				t.Errorf("takes %d of the offer, want %d", taken, tc.taken)
			}
		})
	}
}
