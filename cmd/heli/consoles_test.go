package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heli/pkg/contract"
)

// desks are organisations, each with those in whose sight it is.
var desks = map[string][]string{
	"root": {"root"}, "north": {"north", "root"}, "town": {"town", "north", "root"}, "south": {"south", "root"},
}

var versionedRow = regexp.MustCompile(`<tr id="row-([^"]+)" data-version="(\d+)"`)

// openConsole is the queue of somebody, as a browser keeps it.
type openConsole struct {
	visitor
	desk string

	mu    sync.Mutex
	shown map[string]string // version by id
	ever  map[string]bool   // ids that were ever shown
	err   error
}

// follow reads the stream and loads the part whenever something changed, until ctx
// ends.
func (c *openConsole) follow(ctx context.Context) {
	response, err := c.open(ctx, "/console/live")
	if err != nil {
		c.failed(ctx, err)
		return
	}
	defer func() { _ = response.Body.Close() }() // ctx has ended it
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "event: changed") {
			c.failed(ctx, c.look(ctx))
		}
	}
}

func (c *openConsole) open(ctx context.Context, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	response, err := c.client.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s gave %s", path, response.Status)
	}
	return response, err
}

func (c *openConsole) look(ctx context.Context) error {
	response, err := c.open(ctx, "/console?tab=all&part=queue")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read part: %w", err)
	}
	rows := versionedRow.FindAllStringSubmatch(string(body), -1)
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.shown)
	for _, row := range rows {
		if _, twice := c.shown[row[1]]; twice {
			return fmt.Errorf("row %s is shown twice", row[1])
		}
		c.shown[row[1]], c.ever[row[1]] = row[2], true
	}
	return nil
}

func (c *openConsole) failed(ctx context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.err == nil && ctx.Err() == nil {
		c.err = err
	}
}

// listed returns the version of each request that a list call gives.
func (c client) listed(ctx context.Context) map[string]string {
	c.t.Helper()
	status, content, err := c.do(ctx, http.MethodGet, "/requests?limit=100", "", nil)
	if err != nil || status != http.StatusOK {
		c.t.Fatalf("list requests: %d, %v: %s", status, err, content)
	}
	var list struct {
		Items []struct {
			ID      string `json:"id"`
			Version int64  `json:"version"`
		} `json:"items"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		c.t.Fatalf("read list: %v", err)
	}
	rows := map[string]string{}
	for _, item := range list.Items {
		rows[item.ID] = fmt.Sprint(item.Version)
	}
	return rows
}

// TestOpenConsolesEndWithWhatIsThere opens queues in several sights while requests
// come, change, go and are handed over: each ends with exactly what a list call gives,
// and none ever shows a row that was not in its sight.
func TestOpenConsolesEndWithWhatIsThere(t *testing.T) {
	t.Parallel()
	i := startHeli(t, installed(t))
	i.registerDesks()
	staff, owned := map[string]client{}, map[string]map[string]bool{}
	var consoles []*openConsole
	ctx, cancel := context.WithCancel(t.Context())
	var open sync.WaitGroup
	for _, desk := range slices.Sorted(maps.Keys(desks)) {
		staff[desk], owned[desk] = i.clientOf(desk), map[string]bool{}
		for n := range 3 {
			link := heli(t, "login", "--organisation", desk, "--role", "coordinator", "--name", fmt.Sprint("调度员", n), "--demo", "--data", i.data)
			c := &openConsole{visitor: newVisitor(t, i.url), desk: desk, shown: map[string]string{}, ever: map[string]bool{}}
			c.post("/console/login", url.Values{"token": {link[strings.IndexByte(link, '#')+1:]}}).leadsTo(t, "/console")
			consoles = append(consoles, c)
			open.Go(func() { c.follow(ctx) })
		}
	}
	if handed := changeAtRandom(staff, owned); handed == 0 {
		t.Fatal("nothing was handed over")
	}
	for _, c := range consoles {
		eventually(t, func() string {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.err != nil {
				t.Fatalf("the console of %s: %v", c.desk, c.err)
			}
			want := staff[c.desk].listed(ctx)
			if len(want) == 0 {
				t.Fatalf("%s has nothing to show", c.desk)
			}
			return cmp.Diff(want, c.shown)
		})
	}
	cancel()
	open.Wait()
	for _, c := range consoles {
		for id := range c.ever {
			if !owned[c.desk][id] {
				t.Errorf("a console of %s showed %s, which it never saw", c.desk, id)
			}
		}
	}
}

// changeAtRandom makes changes one after the other, and notes into whose sight each
// request comes before it does. It returns how many were handed over.
func changeAtRandom(staff map[string]client, owned map[string]map[string]bool) (handed int) {
	r := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // a failure is to be had again
	names := slices.Sorted(maps.Keys(desks))
	at := map[string]string{} // the desk of a request
	var ids []string
	for n := range 120 {
		if n < 12 || r.IntN(4) == 0 {
			desk := names[r.IntN(len(names))]
			id := staff[desk].post(http.StatusCreated, "/requests", requestDraft(fmt.Sprint("口罩 ", n), "open", 1)).ID
			for _, above := range desks[desk] {
				owned[above][id] = true
			}
			ids, at[id] = append(ids, id), desk
			continue
		}
		id, to := ids[r.IntN(len(ids))], names[r.IntN(len(names))]
		move, body := []string{"hold", "resume", "close", "claim", "refer"}[r.IntN(5)], map[string]any{"reason": "other"}
		if move == "close" {
			body["reason"] = "expired"
		}
		if move == "refer" {
			body["to"] = to
			for _, above := range desks[to] {
				owned[above][id] = true
			}
		}
		c := staff[at[id]]
		status, content, err := c.do(c.t.Context(), http.MethodPost, "/requests/"+id+"/"+move, "", body)
		switch {
		case err != nil || status >= http.StatusInternalServerError:
			c.t.Fatalf("%s: %d, %v: %s", move, status, err, content)
		case status == http.StatusOK && move == "refer":
			at[id] = to
			handed++
		} // a move that its state refuses changes nothing
	}
	return handed
}

// registerDesks adds the organisations below root.
func (i *instance) registerDesks() {
	i.t.Helper()
	link := heli(i.t, "login", "--role", "administrator", "--name", "管理员", "--demo", "--data", i.data)
	v := newVisitor(i.t, i.url)
	v.post("/console/login", url.Values{"token": {link[strings.IndexByte(link, '#')+1:]}}).leadsTo(i.t, "/console")
	for _, o := range [][2]string{{"north", "root"}, {"town", "north"}, {"south", "root"}} {
		made := v.post("/console/registry/new", url.Values{
			"id": {contract.NewID[string]()}, "code": {o[0]}, "name": {o[0]}, "kind": {"charity"}, "level": {"city"},
			"region_code": {"610100"}, "parent_code": {o[1]},
		})
		if made.status != http.StatusSeeOther {
			i.t.Fatalf("register %s: %d: %s", o[0], made.status, made.body)
		}
	}
}

// clientOf returns a client with a key of an organisation.
func (i *instance) clientOf(organisation string) client {
	i.t.Helper()
	c := i.public()
	c.key = heli(i.t, "apikey", "create", "--organisation", organisation, "--role", "coordinator", "--name", "test", "--data", i.data)
	return c
}
