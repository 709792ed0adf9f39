package console_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// answerFigures answers with figures of a small week.
func (d *desk) answerFigures() {
	day := began.Format(time.DateOnly)
	stub(d, contract.RequestFigure, func(ctx context.Context, _ contract.AskFigures) (contract.RequestFigures, error) {
		return contract.RequestFigures{
			Days: []contract.DayCount{{Day: day, Count: 12}}, Open: []contract.AgeCount{{Urgency: contract.Critical, Age: 1, Count: 3}, {Urgency: contract.Soon, Age: 4, Count: 40}},
			Closed:  []contract.KeyCount{{Key: "expired", Count: 5}},
			Regions: []contract.RegionCount{{RegionCode: "610100", Count: 40, Unserved: 30}, {RegionCode: "610102", Count: 3}},
			Cells:   []contract.CellCount{{Lat: 34.3, Lon: 108.9, Count: 7}},
		}, access.Require(contract.ActorFrom(ctx), access.ReadFigures)
	})
	stub(d, contract.OfferFigure, func(context.Context, contract.AskFigures) (contract.OfferFigures, error) {
		return contract.OfferFigures{
			Capacities: []contract.CapacityCount{{Category: "ppe", Unit: "piece", Offers: 4, Capacity: 5000, Free: 1250}},
			Regions:    []contract.RegionCount{{RegionCode: "610100", Count: 17}},
			Places:     []contract.PlaceCapacity{{RegionCode: "610100", Category: "ppe", Unit: "piece", Free: 1250}, {RegionCode: "610100", Category: "shelter", Unit: "room", Free: 6}},
		}, d.listErr
	})
	stub(d, contract.MatcherFigure, func(context.Context, contract.AskFigures) (contract.MatchFigures, error) {
		return contract.MatchFigures{
			Proposed: []contract.DayCount{{Day: day, Count: 8}}, Confirmed: []contract.DayCount{},
			Waits: []contract.WaitCount{{Urgency: contract.Critical, Proposed: 3, ProposedMedianS: new(int64(600)), ProposedP90S: new(int64(3600))}},
			Load:  []contract.LoadCount{{Asked: 0, Helpers: 9}, {Asked: 5, Helpers: 1}}, Missing: []contract.KeyCount{{Key: "language", Count: 2}}, Looked: 60,
		}, nil
	})
}

// TestFiguresAreAsRecorded compares the dashboard, the wall and the map with
// testdata; HELI_WRITE_GOLDEN=1 records anew.
func TestFiguresAreAsRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerFigures()
	r := d.signIn(contract.RoleCoordinator)
	for _, lang := range []string{"en", "zh-Hans", "zh-Hant"} {
		r.lang = lang
		for name, path := range map[string]string{
			"dashboard": "/console/dashboard?days=7", "wall": "/console/wall", "map": "/console/map?layers=1&layer=needs&layer=gaps&layer=offers&layer=points",
		} {
			page := r.get(path)
			if page.status != http.StatusOK || len(page.body) > 150<<10 || strings.Contains(page.body, "style=") {
				t.Fatalf("%s: %d, %d bytes", path, page.status, len(page.body))
			}
			got := strings.ReplaceAll(volatile.ReplaceAllString(page.body, "VOLATILE"), "><", ">\n<") + "\n"
			golden := filepath.Join("testdata", name+"."+lang+".html")
			if os.Getenv("HELI_WRITE_GOLDEN") != "" {
				must(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s in %s (-recorded +now):\n%s", name, lang, diff)
			}
		}
	}
}

func TestFiguresAreOfTheScopeInTheAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.answerFigures()
	r := d.signIn(contract.RoleCoordinator)
	r.get("/console/dashboard?days=30&organisation=xian&region=610100&campaign=winter&category=ppe").shows(t, http.StatusOK, "10 minutes / 1 hour", "1,250", "11+")
	got := last[contract.AskFigures](d, contract.RequestFigure.Subject)
	if got.RegionCode != "610100" || got.Campaign != "winter" || got.Category != "ppe" || got.Path == "" || got.TimeZone != "Asia/Shanghai" ||
		got.Until.Sub(got.From) < 29*24*time.Hour || got.CellDegrees != 0 {
		t.Errorf("asked %+v", got)
	}
	r.get("/console/map?region=610100&layers=1&layer=points").shows(t, http.StatusOK, "map-need-point")
	if got := last[contract.AskFigures](d, contract.RequestFigure.Subject); got.CellDegrees == 0 {
		t.Error("the points were not asked for")
	}
	if page := r.get("/console/wall?part=wall"); page.status != http.StatusOK || !strings.HasPrefix(page.body, `<div id="part-wall"`) {
		t.Errorf("the part gives %d %.100s", page.status, page.body)
	}
	d.change(func() { d.listErr = fault.NewUnavailable(errors.New("down")) })
	r.get("/console/dashboard").shows(t, http.StatusOK, "a part is missing", "Open now, by age")
	if got := d.signIn(contract.RoleAgencyLead).get("/console/dashboard"); got.status != http.StatusForbidden {
		t.Errorf("an agency lead counts the organisation: %d", got.status)
	}
}

func TestAPoolIsPausedAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.signIn(contract.RoleAgencyLead)
	r.get("/console/pool").shows(t, http.StatusOK, "N95 口罩现货", `value="pause"`, "4,800", "3 offers have a credential", `href="/console/offers?tab=ending"`)
	r.get("/console/offers?tab=ending").shows(t, http.StatusOK, "Credentials ending")
	if got := last[contract.ListOffers](d, contract.OfferList.Subject); got.Queue != contract.QueueEnding || got.States != nil {
		t.Errorf("the queue asks for %+v", got)
	}
	r.post("/console/pool/all", url.Values{"move": {"pause"}}).shows(t, http.StatusOK, "Done: 1.")
	if got := last[contract.Move](d, contract.OfferMove.Subject); got.ID != offerID || got.Move != "pause" {
		t.Errorf("moved %+v", got)
	}
	r.post("/console/pool/all", url.Values{"move": {"block"}}).shows(t, http.StatusUnprocessableEntity)
	d.change(func() { d.moveErr = fault.NewConflict("stale_version", "") })
	r.post("/console/pool", url.Values{"move": {"pause"}, "id": {offerID}, "version": {"3"}}).shows(t, http.StatusConflict)
	r.post("/console/pool/all", url.Values{"move": {"pause"}}).shows(t, http.StatusOK, "Not possible now: 1.")
}
