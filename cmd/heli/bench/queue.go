package bench

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// QueueOptions say how many requests there are, and who looks at them how often.
type QueueOptions struct {
	URL      string
	Bus      *bus.Bus
	Session  string // the Cookie of a coordinator above all organisations
	Requests int
	Rounds   int      // of every filter
	Only     []string // filters that are asked for; none: all
	Progress func(rows int)
}

// QueueResult holds how long the server takes for the queue's page, by filter.
type QueueResult struct {
	Requests      int            `json:"requests"`
	Organisations int            `json:"organisations"`
	FillS         float64        `json:"fill_s"`
	Filters       []FilterFigure `json:"filters"`
	// What the very first page after the start took, while the services read what they
	// hold; it is in none of the other figures.
	FirstMS float64 `json:"first_ms"`
	// The slowest of the filters, without and with a text search.
	FilterP99MS float64        `json:"filter_p99_ms"`
	TextP99MS   float64        `json:"text_p99_ms"`
	DeepP99MS   float64        `json:"deep_p99_ms"` // a hundred pages on
	Live        ConsolesResult `json:"live"`
	Tabs        TabsFigure     `json:"tabs"`
	Counts      []CountFigure  `json:"counts"` // of the dashboard
	List        ListFigure     `json:"list"`   // of requests, over the API
}

// TabsFigure is what the counts took that stand at the queue's tabs.
type TabsFigure struct {
	Queues  map[string]int64 `json:"queues"`
	FirstMS float64          `json:"first_ms"`
	P50MS   float64          `json:"p50_ms"`
	P99MS   float64          `json:"p99_ms"`
}

// FilterFigure is what one filter took.
type FilterFigure struct {
	Filter string `json:"filter"`
	Rows   int    `json:"rows"` // of its page
	// FirstMS is the first of the answers that warm up, which are in no other figure.
	FirstMS float64 `json:"first_ms"`
	P50MS   float64 `json:"p50_ms"`
	P99MS   float64 `json:"p99_ms"`
}

// warmUpPages is how often a filter is asked before it is measured.
const warmUpPages = 3

// Queue fills the request service with requests and asks for the queue's page,
// one after the other, with every filter.
func Queue(ctx context.Context, db *pg.DB, ref contract.Reference, o QueueOptions) (QueueResult, error) {
	r := QueueResult{Requests: o.Requests, Organisations: queueOrganisations}
	began := time.Now()
	if err := fillQueue(ctx, db, o.Requests, ref, o.Progress); err != nil {
		return r, err
	}
	r.FillS = round(time.Since(began).Seconds())
	filters, err := o.filters(ctx, db)
	if err != nil || o.Rounds == 0 {
		return r, err
	}
	reader := pageReader{o.URL, o.Session, &http.Client{}}
	defer reader.client.CloseIdleConnections()
	began = time.Now()
	if _, err := reader.get(ctx, "/console?tab=all"); err != nil {
		return r, err
	}
	r.FirstMS = quantile([]time.Duration{time.Since(began)}, 1)
	if err := Settle(ctx, o.Bus); err != nil {
		return r, err
	}
	for _, filter := range filters {
		f, err := reader.measure(ctx, filter, o.Rounds)
		if err != nil {
			return r, err
		}
		r.Filters = append(r.Filters, f)
		if strings.Contains(filter, "text=") {
			r.TextP99MS = max(r.TextP99MS, f.P99MS)
		} else {
			r.FilterP99MS = max(r.FilterP99MS, f.P99MS)
		}
	}
	r.DeepP99MS, err = reader.deep(ctx, o.Rounds)
	return r, err
}

func (o QueueOptions) filters(ctx context.Context, db *pg.DB) ([]string, error) {
	if len(o.Only) > 0 {
		return o.Only, nil
	}
	return queueFilters(ctx, db)
}

// Tabs asks for the counts at the tabs, rounds times after a first one.
func Tabs(ctx context.Context, b *bus.Bus, rounds int) (TabsFigure, error) {
	ctx = contract.WithActor(ctx, contract.Actor{Role: contract.RoleCoordinator, Name: "heli bench", Path: contract.RootPath})
	var f TabsFigure
	var samples []time.Duration
	for i := range warmUpPages + rounds {
		began := time.Now()
		counts, err := bus.Call(ctx, b, contract.RequestCount, contract.Empty{})
		if err != nil {
			return f, fmt.Errorf("count for the tabs: %w", err)
		}
		took := time.Since(began)
		if i == 0 {
			f.FirstMS = quantile([]time.Duration{took}, 1)
		}
		if i >= warmUpPages {
			samples = append(samples, took)
		}
		f.Queues = counts.Queues
	}
	f.P50MS, f.P99MS = quantile(samples, 0.5), quantile(samples, 0.99)
	return f, nil
}

// queueFilters are single filters, each with a common and a rare value where it
// has any.
func queueFilters(ctx context.Context, db *pg.DB) ([]string, error) {
	category, rareCategory, err := extremes(ctx, db, "n.category")
	if err != nil {
		return nil, err
	}
	region, rareRegion, err := extremes(ctx, db, "r.region_code")
	if err != nil {
		return nil, err
	}
	return []string{
		"tab=all", "tab=new", "tab=to_match", "tab=awaiting", "tab=stuck", "tab=in_progress", "tab=follow_up", "tab=due", "tab=disputed",
		"tab=due&category=" + rareCategory, "tab=due&region=" + rareRegion, "tab=due&urgency=planned",
		"tab=awaiting&category=" + rareCategory, "tab=awaiting&region=" + rareRegion, "tab=stuck&category=" + rareCategory, "tab=stuck&urgency=planned",
		"tab=all&category=" + category, "tab=all&category=" + rareCategory, "tab=all&urgency=critical", "tab=all&urgency=planned",
		"tab=all&region=" + region, "tab=all&region=" + rareRegion, "tab=all&region=610000", "tab=all&organisation=bench7",
		"tab=all&campaign=spring", "tab=all&campaign=winter", "tab=all&claimed=me", "tab=all&claimed=" + claimedBy, "tab=all&claimed=none", "tab=all&age=over_1d", "tab=all&age=over_30d",
		"tab=all&age=under_1d", "tab=all&state=open", "tab=all&state=disputed", "tab=all&state=closed", "tab=all&source=hotline", "tab=all&source=letter",
		"tab=all&language=zh", "tab=all&language=yue", "tab=all&language=bo",
		"tab=all&text=" + url.QueryEscape("口罩"), "tab=all&text=" + url.QueryEscape("制氧机"), "tab=all&text=" + url.QueryEscape("轮椅"),
		"tab=all&text=" + url.QueryEscape("輪椅兩台"), "tab=all&text=" + url.QueryEscape("无此物品"), "tab=all&text=" + url.QueryEscape("联系 123456"),
	}, nil
}

// pageReader reads pages as somebody who is signed in.
type pageReader struct {
	base, session string
	client        *http.Client
}

// get returns a page of the console; anything but a page is an error.
func (p pageReader) get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Cookie", p.session)
	response, err := p.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK || response.Request.URL.Path != strings.Split(path, "?")[0] {
		return "", fmt.Errorf("%s gave %d at %s", path, response.StatusCode, response.Request.URL.Path)
	}
	return string(body), nil
}

// rowMark begins a row of the queue.
const rowMark = `<tr id="row-`

func (p pageReader) measure(ctx context.Context, filter string, rounds int) (FilterFigure, error) {
	f := FilterFigure{Filter: filter}
	if plain, err := url.QueryUnescape(filter); err == nil {
		f.Filter = plain
	}
	var samples []time.Duration
	for i := range warmUpPages + rounds {
		began := time.Now()
		page, err := p.get(ctx, "/console?"+filter)
		if err != nil {
			return f, err
		}
		took := time.Since(began)
		if i == 0 {
			f.FirstMS = quantile([]time.Duration{took}, 1)
		}
		if i >= warmUpPages {
			samples = append(samples, took)
		}
		f.Rows = strings.Count(page, rowMark)
	}
	f.P50MS, f.P99MS = quantile(samples, 0.5), quantile(samples, 0.99)
	return f, nil
}

// deepPages is how far the reader turns.
const deepPages = 100

// nextPage is the link to the rest of a list.
var nextPage = regexp.MustCompile(`<a href="(/console\?[^"]*cursor=[^"]+)" class="btn`)

// deep turns the pages of the whole queue and returns how long the last took.
func (p pageReader) deep(ctx context.Context, rounds int) (float64, error) {
	path := "/console?tab=all"
	for range deepPages {
		page, err := p.get(ctx, path)
		if err != nil {
			return 0, err
		}
		next := nextPage.FindStringSubmatch(page)
		if next == nil {
			break
		}
		path = html.UnescapeString(next[1])
	}
	f, err := p.measure(ctx, strings.TrimPrefix(path, "/console?"), rounds)
	return f.P99MS, err
}
