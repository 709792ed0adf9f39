package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
)

// replayPatience is as long as the matcher works on one call, and a little more.
const replayPatience = 35 * time.Second

// replayCommand tries policies on the past.
type replayCommand struct {
	place        `embed:""`
	Policy       []string `name:"policy" required:"" sep:"none" placeholder:"POLICY" help:"Version of a stored policy, played in its scope; or a JSON file with one, for the whole installation or as ORGANISATION/CATEGORY=FILE for either; or current, for those in force. Repeat it to compare."`
	Since        string   `name:"since" placeholder:"TIME" help:"Play the needs that arrived from then on: 2026-01-31 or 2026-01-31T08:00:00+08:00 (default: all)."`
	Until        string   `name:"until" placeholder:"TIME" help:"Play the needs that arrived before (default: until now)."`
	Organisation string   `name:"organisation" default:"root" placeholder:"CODE" help:"Organisation whose needs are played, and those below it."`
	JSON         bool     `name:"json" help:"Print the results as JSON."`
}

// Run plays the recorded past under each policy and prints what would have come
// of it, side by side.
func (c *replayCommand) Run(ctx context.Context, t terminal) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	options, err := c.options(quiet(t.err))
	if err != nil {
		return err
	}
	return platform.Attach(ctx, options, func(ctx context.Context, a platform.Attached) error {
		ctx, err := platform.AsAdministrator(ctx, a.Bus, c.Organisation)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, replayPatience)
		defer cancel()
		answer, err := bus.Call(ctx, a.Bus, contract.MatcherReplay, q)
		if err != nil {
			return fmt.Errorf("replay the past: %w", err)
		}
		text, err := replayText(c.labels(), answer)
		if err != nil {
			return err
		}
		return t.result(c.JSON, answer, text)
	})
}

// question reads the policies and times of the command line.
func (c *replayCommand) question() (contract.ReplayPast, error) {
	var q contract.ReplayPast
	for _, given := range c.Policy {
		p, err := readPolicy(given)
		if err != nil {
			return q, err
		}
		q.Policies = append(q.Policies, p)
	}
	var err error
	if q.Since, err = readMoment("--since", c.Since); err != nil {
		return q, err
	}
	q.Until, err = readMoment("--until", c.Until)
	return q, err
}

// currentPolicies is how the command line names the policies in force.
const currentPolicies = "current"

// readPolicy takes a number as a version, and all else as the name of a file, with
// the scope in front of it: ORGANISATION/CATEGORY=, where either may be left out.
func readPolicy(given string) (contract.ReplayPolicy, error) {
	if given == currentPolicies {
		return contract.ReplayPolicy{InForce: true}, nil
	}
	if version, err := strconv.ParseInt(given, 10, 64); err == nil {
		return contract.ReplayPolicy{Version: version}, nil
	}
	var p contract.ReplayPolicy
	file := given
	if scope, name, scoped := strings.Cut(given, "="); scoped {
		p.Organisation, p.Category, _ = strings.Cut(scope, "/")
		file = name
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return p, fmt.Errorf("read policy: %w; name a version, a JSON file or %s", err, currentPolicies)
	}
	if !json.Valid(document) {
		return p, fmt.Errorf("%s is no JSON document: write a policy as GET /api/v1/policy shows it", file)
	}
	p.Document = document
	return p, nil
}

// readMoment reads a day, in this machine's zone, or a time; nil when not given.
func readMoment(flag, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no bound is no fault
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return &day, nil
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, fmt.Errorf("%s %q is no time: write 2026-01-31 or 2026-01-31T08:00:00+08:00", flag, text)
	}
	return &moment, nil
}

// labels name the policies as the command line does.
func (c *replayCommand) labels() []string {
	labels := make([]string, len(c.Policy))
	for i, given := range c.Policy {
		if scope, file, scoped := strings.Cut(given, "="); scoped {
			labels[i] = scope + "=" + filepath.Base(file)
		} else {
			labels[i] = filepath.Base(given)
		}
		if _, err := strconv.ParseInt(given, 10, 64); err == nil {
			labels[i] = "version " + given
		}
	}
	return labels
}

// replayText says what was played, then puts the policies side by side.
func replayText(labels []string, r contract.ReplayedPast) (string, error) {
	var b strings.Builder
	k := r.Record
	fmt.Fprintf(&b, "played %d need lines from %s until %s and %d offer lines; %d declined pairs are never made\n",
		k.Needs, r.Since.Local().Format(time.DateTime), r.Until.Local().Format(time.DateTime), k.Offers, k.Refused)
	fmt.Fprintf(&b, "of these, rebuilt from their matches alone: %d need lines, %d offer lines\n", k.NeedsRebuilt, k.OffersRebuilt)
	fmt.Fprintf(&b, "left out: %d need lines whose details were erased, %d that were never opened; %d offer lines whose details were erased, %d that were never available\n\n",
		k.NeedsErased, k.NeedsUnopened, k.OffersErased, k.OffersIdle)
	table := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "policy\t%s\n", strings.Join(labels, "\t"))
	for _, row := range replayRows() {
		fmt.Fprint(table, row.name)
		for _, p := range r.Policies {
			fmt.Fprintf(table, "\t%s", row.value(p))
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return "", fmt.Errorf("lay out results: %w", err)
	}
	return b.String(), nil
}

// replayRow is a row of the comparison.
type replayRow struct {
	name  string
	value func(contract.ReplayResult) string
}

func replayRows() []replayRow {
	rows := []replayRow{
		{"mode", func(p contract.ReplayResult) string { return p.Mode }},
		{"matches", func(p contract.ReplayResult) string { return strconv.Itoa(p.Matches) }},
		{"need lines served", func(p contract.ReplayResult) string { return fmt.Sprintf("%d of %d", p.Served, p.Needs) }},
		{"need lines covered", func(p contract.ReplayResult) string { return fmt.Sprintf("%d of %d", p.Covered, p.Needs) }},
		{"share, mean of the lines", func(p contract.ReplayResult) string { return fmt.Sprintf("%.1f %%", 100*p.MeanShare) }},
		{"units matched", func(p contract.ReplayResult) string {
			return fmt.Sprintf("%d of %d (%.1f %%)", p.UnitsMatched, p.Units, 100*p.Share)
		}},
	}
	for i, u := range contract.Urgencies() {
		rows = append(rows,
			replayRow{"wait, " + string(u), func(p contract.ReplayResult) string { return waitText(p.Urgencies[i]) }},
			replayRow{"unmatched, " + string(u), func(p contract.ReplayResult) string {
				return fmt.Sprintf("%d of %d", p.Urgencies[i].Unmatched, p.Urgencies[i].Needs)
			}})
	}
	return append(rows,
		replayRow{"mean distance", distanceText},
		replayRow{"load of helpers", func(p contract.ReplayResult) string { return spreadText(p.Helpers) }},
		replayRow{"load of organisations", func(p contract.ReplayResult) string { return spreadText(p.Organisations) }})
}

// waitText gives the median and the 90th percentile.
func waitText(u contract.ReplayUrgency) string {
	if u.MedianS == nil || u.P90S == nil {
		return "–"
	}
	return fmt.Sprintf("median %s, p90 %s", spanText(*u.MedianS), spanText(*u.P90S))
}

// spanText writes seconds in the two largest units that matter.
func spanText(seconds int64) string {
	minutes := (seconds + 30) / 60
	switch {
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	default:
		return fmt.Sprintf("%d d %d h", minutes/60/24, minutes/60%24)
	}
}

func distanceText(p contract.ReplayResult) string {
	if p.MeanKM == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f km over %d", *p.MeanKM, p.Measured)
}

func spreadText(s contract.LoadSpread) string {
	return fmt.Sprintf("Gini %.2f, %d of %d used, at most %d", s.Gini, s.Used, s.Able, s.Most)
}
