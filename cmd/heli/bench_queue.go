package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"heli/cmd/heli/bench"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

type benchQueue struct {
	benchPlace `embed:""`
	Requests   int           `name:"requests" default:"1000000" help:"How many there are; with --data they stay for the next time."`
	Rounds     int           `name:"rounds" default:"100" help:"How often the page is asked for with every filter; 0 leaves it out."`
	Only       []string      `name:"only" placeholder:"FILTER" help:"Filters that are asked for, such as tab=due; default: all."`
	Tabs       int           `name:"tabs" default:"300" help:"How often the counts at the tabs are asked for; 0 leaves it out."`
	Lists      int           `name:"lists" default:"500" help:"How often a list of 50 requests is asked for over the API; 0 leaves it out."`
	Counts     int           `name:"counts" default:"30" help:"How often the dashboard's figures are counted with every filter; 0 leaves it out."`
	Consoles   int           `name:"consoles" default:"200" help:"How many are open while requests change; 0 leaves it out."`
	Rate       float64       `name:"rate" default:"50" help:"Changes per second."`
	Duration   time.Duration `name:"duration" default:"20s" help:"How long requests change."`
}

// Run measures in a platform of its own, which it fills.
func (c *benchQueue) Run(ctx context.Context, t terminal) error {
	if c.Requests < 1 || c.Rounds < 0 || c.Consoles < 0 || c.Counts < 0 || c.Lists < 0 || c.Tabs < 0 || c.Rate <= 0 {
		return errors.New("--requests and --rate must be above 0, --rounds, --tabs, --lists, --counts and --consoles not below")
	}
	return c.measure(ctx, t, func(ctx context.Context, p *platform.Platform, client clientMaker) (any, string, error) {
		db, err := pg.Open(ctx, p.AdminURL, pg.WithConnections(1))
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = db.Close() }() // what is of worth is committed
		system := contract.WithActor(ctx, contract.System())
		ref, err := bus.Call(system, p.Bus, contract.DirectoryReference, contract.AskReference{})
		if err != nil {
			return nil, "", fmt.Errorf("read reference data: %w", err)
		}
		if err := registerForBench(system, p); err != nil {
			return nil, "", err
		}
		session, err := signInForBench(system, p)
		if err != nil {
			return nil, "", err
		}
		finish, err := c.profile()
		if err != nil {
			return nil, "", err
		}
		r, err := bench.Queue(ctx, db, *ref.Reference, bench.QueueOptions{
			URL: "http://" + p.Address, Bus: p.Bus, Session: session, Requests: c.Requests, Rounds: c.Rounds, Only: c.Only,
			Progress: func(rows int) { t.tell("%d requests", rows) },
		})
		if err == nil && c.Tabs > 0 {
			r.Tabs, err = bench.Tabs(ctx, p.Bus, c.Tabs)
		}
		if err == nil && c.Lists > 0 {
			r.List, err = c.lists(ctx, p.Bus, client)
		}
		if err == nil && c.Counts > 0 {
			r.Counts, err = bench.Counts(ctx, p.Bus, c.Counts)
		}
		if err == nil && c.Consoles > 0 {
			r.Live, err = c.consoles(ctx, p, session)
		}
		return r, queueText(r), errors.Join(err, finish())
	})
}

func (c *benchQueue) lists(ctx context.Context, b *bus.Bus, client clientMaker) (bench.ListFigure, error) {
	if err := bench.Settle(ctx, b); err != nil {
		return bench.ListFigure{}, err
	}
	caller, err := client(ctx, 1)
	if err != nil {
		return bench.ListFigure{}, err
	}
	defer caller.Close()
	return bench.Lists(ctx, caller, c.Lists)
}

// consoles measures open ones, which another process of this program opens.
func (c *benchQueue) consoles(ctx context.Context, p *platform.Platform, session string) (bench.ConsolesResult, error) {
	program, err := os.Executable()
	if err != nil {
		return bench.ConsolesResult{}, fmt.Errorf("find this program: %w", err)
	}
	screens := exec.CommandContext(ctx, program, "bench", "screens") //nolint:gosec // this program
	screens.Stderr = os.Stderr
	return bench.Consoles(ctx, p.Bus, bench.ConsolesOptions{
		URL: "http://" + p.Address, Session: session, Consoles: c.Consoles, Rate: c.Rate, Duration: c.Duration, Screens: screens,
	})
}

// benchScreens is the process that opens consoles for benchQueue.
type benchScreens struct{}

// Run opens what standard input says, and writes what was shown to standard output.
func (benchScreens) Run(ctx context.Context, t terminal) error {
	return bench.Screens(ctx, os.Stdin, t.out)
}

func queueText(r bench.QueueResult) string {
	text := fmt.Sprintf("requests %d\norganisations %d\nfill_s %.1f\n", r.Requests, r.Organisations, r.FillS)
	for _, f := range r.Filters {
		text += fmt.Sprintf("%-40s rows %-3d first_ms %.1f p50_ms %.1f p99_ms %.1f\n", f.Filter, f.Rows, f.FirstMS, f.P50MS, f.P99MS)
	}
	text += fmt.Sprintf("tabs due %d awaiting %d stuck %d first_ms %.1f p50_ms %.1f p99_ms %.1f\n",
		r.Tabs.Queues[contract.QueueDue], r.Tabs.Queues[contract.QueueAwaiting], r.Tabs.Queues[contract.QueueStuck], r.Tabs.FirstMS, r.Tabs.P50MS, r.Tabs.P99MS)
	for _, f := range r.Counts {
		text += fmt.Sprintf("count %-34s open %-7d p50_ms %.1f max_ms %.1f\n", f.Filter, f.Open, f.P50MS, f.MaxMS)
	}
	text += fmt.Sprintf("list answers %d rows %d p50_ms %.1f p99_ms %.1f\n", r.List.Answers, r.List.Rows, r.List.P50MS, r.List.P99MS)
	text += liveText(r.Live)
	return text + fmt.Sprintf("first_ms %.1f\nfilter_p99_ms %.1f\ntext_p99_ms %.1f\ndeep_p99_ms %.1f\n", r.FirstMS, r.FilterP99MS, r.TextP99MS, r.DeepP99MS)
}

func liveText(r bench.ConsolesResult) string {
	return fmt.Sprintf("consoles %d\nchanges %d\nparts %d\nerrors %d\nseen %d\nlive_p50_ms %.0f\nlive_p99_ms %.0f\nlive_max_ms %.0f\nsettled_s %.1f\nmissed %d\ndoubled %d\nkb_per_console %.1f\n",
		r.Consoles, r.Changes, r.Parts, r.Errors, r.Seen, r.LiveP50MS, r.LiveP99MS, r.LiveMaxMS, r.SettledS, r.Missed, r.Doubled, r.KBPerConsole)
}

// registerForBench makes the organisation that a filter names.
func registerForBench(ctx context.Context, p *platform.Platform) error {
	_, err := bus.Call(ctx, p.Bus, contract.DirectoryRegister, contract.OrganisationDraft{
		Code: "bench7", Name: "heli bench", Kind: "charity", Level: "city", RegionCode: "610000", ParentCode: "root",
	})
	if err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("register organisation: %w", err)
	}
	return nil
}

// signInForBench adds a coordinator above all organisations, follows their login
// link, and returns the Cookie of their session.
func signInForBench(ctx context.Context, p *platform.Platform) (string, error) {
	person, err := bus.Call(ctx, p.Bus, contract.DirectoryAddPerson, contract.PersonDraft{
		ID: contract.NewID[contract.PersonID](), Name: "heli bench", Role: contract.RoleCoordinator, Organisation: "root", Demo: true,
	})
	if err != nil {
		return "", fmt.Errorf("add coordinator: %w", err)
	}
	login, err := bus.Call(ctx, p.Bus, contract.DirectoryMakeLogin, contract.MakeLogin{PersonID: person.ID})
	if err != nil {
		return "", fmt.Errorf("make login link: %w", err)
	}
	body := strings.NewReader(url.Values{"token": {login.Secret}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Address+"/console/login", body)
	if err != nil {
		return "", fmt.Errorf("make sign-in: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", p.URL)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	var cookies []string
	for _, cookie := range response.Cookies() {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	if len(cookies) == 0 {
		return "", fmt.Errorf("sign in: the answer was %s, without a session", response.Status)
	}
	return strings.Join(cookies, "; "), nil
}
