package web_test

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"heli/pkg/contract"
)

// sharedPicture finds the path of the picture that goes with a link.
var sharedPicture = regexp.MustCompile(`property="og:image" content="http://[^/"]+(/[^"]+)"`)

// board answers as the owner of a thing does, from what was put there.
func (s *services) board(thing contract.Thing) func(context.Context, contract.AskBoard) (contract.Listing[contract.Published], error) {
	return func(_ context.Context, q contract.AskBoard) (contract.Listing[contract.Published], error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		listing := contract.Listing[contract.Published]{Items: []contract.Published{}}
		for _, p := range s.published {
			fits := p.Thing == thing && (q.Code == "" || q.Code == p.Code) &&
				(len(q.Categories) == 0 || slices.Contains(q.Categories, p.Lines[0].Category)) &&
				(q.Before == nil || p.At.Before(q.Before.At))
			if fits {
				listing.Items = append(listing.Items, p)
			}
		}
		slices.SortFunc(listing.Items, func(a, b contract.Published) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
		listing.Items = listing.Items[:min(len(listing.Items), q.Limit)]
		return listing, nil
	}
}

// publish puts n needs and as many offers on the board, by turns, and returns the
// codes of the needs, the oldest first.
func (s *services) publish(n int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var codes []string
	begin := time.Date(2020, 2, 1, 8, 0, 0, 0, time.UTC)
	for i := range 2 * n {
		p := contract.Published{
			Thing: contract.ThingRequest, ID: contract.NewID[string](), Code: contract.NewCode(), At: begin.Add(time.Duration(i) * time.Minute),
			Title: "公开的口罩", Mode: contract.ModeDelivery, RegionCode: "610113", Urgency: contract.Urgent, Shown: true,
			Lines: []contract.PublishedLine{{Category: "ppe", Unit: "piece", Few: true}},
		}
		if i%2 == 1 {
			p.Thing, p.Urgency, p.Title, p.Lines[0].Category = contract.ThingOffer, "", "公开的<b>车辆</b>", "transport"
		} else {
			codes = append(codes, p.Code)
		}
		s.published = append(s.published, p)
	}
	return codes
}

func TestBoardShowsBothAndGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	codes := b.publish(15)
	r := b.reader()
	r.get("/board?lang=zh-Hans").shows(http.StatusOK, "公开的口罩", "少量", "雁塔区", "公开的&lt;b&gt;车辆&lt;/b&gt;", codes[14], "我能帮这个忙", "cursor=")
	if strings.Contains(r.page, codes[0]) {
		t.Error("the first page shows the oldest")
	}
	_, after, _ := strings.Cut(r.page, "cursor=")
	next, _, _ := strings.Cut(after, `"`)
	r.get("/board?cursor="+next).shows(http.StatusOK, codes[0])
	r.get("/board?kind=request&category=ppe").shows(http.StatusOK, "公开的口罩")
	if strings.Contains(r.page, "车辆</b>") || strings.Contains(r.page, "公开的&lt;b&gt;车辆") {
		t.Error("offers are shown where needs were asked for")
	}
	r.get("/board?kind=people").shows(http.StatusUnprocessableEntity)
	r.get("/board?cursor=x").shows(http.StatusUnprocessableEntity)
	r.get("/board/"+codes[3]).shows(http.StatusOK, `property="og:title"`, "公开的口罩")
	picture := sharedPicture.FindStringSubmatch(r.page)
	if picture == nil {
		t.Fatal("a link to the board has no picture")
	}
	r.get(picture[1]).shows(http.StatusOK, "PNG")
	r.get("/board/" + contract.NewCode()).shows(http.StatusNotFound)
	r.get("/offer?for="+codes[3]).shows(http.StatusOK, codes[3], `value="610113"`)
}

func TestFeedsAreWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	codes := b.publish(2)
	r := b.reader()
	r.get("/board.atom?lang=zh-Hans").shows(http.StatusOK, "http://www.w3.org/2005/Atom", "/board/"+codes[1])
	var feed struct {
		Entries []struct {
			ID string `xml:"id"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(r.page), &feed); err != nil || len(feed.Entries) != 4 {
		t.Errorf("%d entries, %v", len(feed.Entries), err)
	}
	r.get("/board.json?kind=request").shows(http.StatusOK, "https://jsonfeed.org/version/1.1")
	var document struct {
		Items []struct {
			URL string `json:"url"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(r.page), &document); err != nil || len(document.Items) != 2 {
		t.Errorf("%d items, %v", len(document.Items), err)
	}
}
