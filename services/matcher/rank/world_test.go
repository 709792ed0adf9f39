package rank_test

import (
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/reference"
	"heli/services/matcher/rank"
)

// world is a small China with the categories, items and regions that the tests
// speak of. Beijing and Shanghai hold their districts directly; 610100 is Xi'an,
// 610300 Baoji; 429004 Xiantao is a county that its province governs itself.
func world() *reference.Snapshot {
	region := func(code, parent, level string, lat, lon float64) contract.Region {
		r := contract.Region{Code: code, Parent: parent, Level: level}
		if lat != 0 {
			r.Point = &contract.Point{Lat: lat, Lon: lon}
		}
		return r
	}
	category := func(code, parent string, credential bool, modes ...contract.Mode) contract.Category {
		return contract.Category{Code: code, Parent: parent, Credential: credential, Sensitive: credential, Modes: modes}
	}
	return reference.NewSnapshot(contract.Reference{
		Regions: []contract.Region{
			region("000000", "", "country", 0, 0),
			region("110000", "000000", "province", 39.905, 116.405),
			region("110101", "110000", "county", 39.917, 116.418),
			region("110105", "110000", "county", 39.921, 116.486),
			region("310000", "000000", "province", 31.231, 121.472),
			region("310101", "310000", "county", 0, 0),
			region("420000", "000000", "province", 30.58, 114.30),
			region("429004", "420000", "city", 30.36, 113.45),
			region("610000", "000000", "province", 34.26, 108.95),
			region("610100", "610000", "city", 34.34, 108.94),
			region("610102", "610100", "county", 34.26, 108.96),
			region("610113", "610100", "county", 34.22, 108.94),
			region("610300", "610000", "city", 34.36, 107.24),
			region("610302", "610300", "county", 34.37, 107.14),
		},
		Categories: []contract.Category{
			category("legal", "", true, contract.ModeRemote, contract.ModeOnsite),
			category("psych", "", true, contract.ModeRemote, contract.ModeOnsite),
			category("medical", "", true, contract.ModeRemote, contract.ModeOnsite, contract.ModeDelivery),
			category("ppe", "", false, contract.ModeDelivery),
			category("food", "", false, contract.ModeOnsite, contract.ModeDelivery),
			category("labour", "", false, contract.ModeOnsite),
			category("labour.disinfection", "labour", false, contract.ModeOnsite),
		},
		Items: []contract.Item{
			{Code: "surgical_mask", Category: "ppe", Unit: "piece", Per: map[contract.Unit]int64{"box": 50}},
			{Code: "gown", Category: "ppe", Unit: "piece"},
		},
	})
}

// noon is a Wednesday, 12:00 in Shanghai.
var noon = time.Date(2026, time.November, 25, 4, 0, 0, 0, time.UTC)

func moment() rank.Moment {
	return rank.Moment{Now: noon, Reference: world(), Policy: rank.Default()}
}

// labour is a need and an offer that fit each other in every way.
func labour() (rank.Need, rank.Offer) {
	return rank.Need{
			ID: "n", RequestID: "r", Path: "root/xian/", Sharing: contract.SharingOwn,
			Category: "labour.disinfection", Unit: "person", Urgency: contract.Routine, Since: noon.Add(-time.Hour),
			Mode: contract.ModeOnsite, Region: "610102",
		}, rank.Offer{
			ID: "o", OfferID: "f", Path: "root/", Sharing: contract.SharingNetwork, Available: true,
			Category: "labour", Unit: "person", Mode: contract.ModeOnsite, Region: "610113",
		}
}

func amount(n int64) *int64 { return &n }

func at(lat, lon float64) *contract.Point { return &contract.Point{Lat: lat, Lon: lon} }

func after(d time.Duration) *time.Time {
	t := noon.Add(d)
	return &t
}

func schedule(t testing.TB, zone string, windows ...contract.Window) rank.Schedule {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	s, err := rank.NewSchedule(windows, place)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pair is one row of a table of rules: what differs from the pair that fits.
type pair struct {
	name   string
	change func(*rank.Need, *rank.Offer, *rank.Moment)
	want   rank.Rule
}

func check(t *testing.T, table []pair) {
	t.Helper()
	for _, tc := range table {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			n, o := labour()
			m := moment()
			tc.change(&n, &o, &m)
			if got := rank.Ask(&n, m).Check(&o); got != tc.want {
				t.Errorf("broke %q, want %q", got, tc.want)
			}
		})
	}
}
