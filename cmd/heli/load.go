package main

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/cmd/heli/demo"
	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
)

const (
	demoSeed        = 1
	demoConcurrency = 16
	// demoMark is the name under which an installation remembers that the demo
	// is loaded.
	demoMark = "demo"
)

// patience is how long a machine with much to do may take for one call of many.
const patience = time.Minute

// patiently calls as bus.Call does, and waits longer for the answer.
func patiently[Q, R any](ctx context.Context, b *bus.Bus, e contract.Endpoint[Q, R], q Q) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return bus.Call(ctx, b, e, q)
}

// loadDemo loads the demo unless it is there: all its ids and source_ids are
// fixed, so that after a start that broke off a repeat adds what is missing.
func loadDemo(ctx context.Context, t terminal, p *platform.Platform) (demo.Scenario, error) {
	ref, err := snapshot(ctx, p.Bus)
	if err != nil {
		return demo.Scenario{}, err
	}
	s, err := demo.Generate(ref, demoSeed, time.Now())
	if err != nil {
		return demo.Scenario{}, err
	}
	if loaded, err := p.Marked(ctx, demoMark); err != nil || loaded {
		return s, err
	}
	t.tell("loading the demo")
	if err := loadOrganisations(ctx, p.Bus, s); err != nil {
		return s, fmt.Errorf("load the demo's organisations: %w", err)
	}
	// The lists name their owner. Meanwhile all services hear of the new
	// coordinators, to whom the scenario's public submissions go.
	if err := loadRelief(ctx, t, p.Bus); err != nil {
		return s, fmt.Errorf("load the lists of 2020: %w", err)
	}
	if err := loadScenario(ctx, p.Bus, s); err != nil {
		return s, fmt.Errorf("load the demo's scenario: %w", err)
	}
	if err := loadSessions(ctx, p.Bus, s.Sessions); err != nil {
		return s, fmt.Errorf("load the demo's sessions: %w", err)
	}
	if err := loadMatches(ctx, p.Bus, s.Matches); err != nil {
		return s, fmt.Errorf("load the demo's matches: %w", err)
	}
	return s, p.Mark(ctx, demoMark)
}

func loadOrganisations(ctx context.Context, b *bus.Bus, s demo.Scenario) error {
	ctx, err := platform.AsAdministrator(ctx, b, "root")
	if err != nil {
		return err
	}
	for wave := range waves(s.Organisations) {
		if err := registerAll(ctx, b, wave); err != nil {
			return err
		}
	}
	if _, err := patiently(ctx, b, contract.DirectoryCampaign, s.Campaign); err != nil {
		return fmt.Errorf("start campaign %s: %w", s.Campaign.Code, err)
	}
	for _, person := range s.People {
		if _, err := patiently(ctx, b, contract.DirectoryAddPerson, person); err != nil {
			return fmt.Errorf("add a person of %s: %w", person.Organisation, err)
		}
	}
	return nil
}

// waves parts organisations, parents first, so that no parent is in one wave
// with its child.
func waves(all []contract.OrganisationDraft) iter.Seq[[]contract.OrganisationDraft] {
	return func(yield func([]contract.OrganisationDraft) bool) {
		depth, wave := map[string]int{}, map[int][]contract.OrganisationDraft{}
		for _, o := range all {
			depth[o.Code] = depth[o.ParentCode] + 1
			wave[depth[o.Code]] = append(wave[depth[o.Code]], o)
		}
		for n := 1; len(wave[n]) > 0; n++ {
			if !yield(wave[n]) {
				return
			}
		}
	}
}

func registerAll(ctx context.Context, b *bus.Bus, all []contract.OrganisationDraft) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(demoConcurrency)
	for _, o := range all {
		group.Go(func() error {
			if _, err := patiently(ctx, b, contract.DirectoryRegister, o); err != nil {
				return fmt.Errorf("register %s: %w", o.Code, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func loadScenario(ctx context.Context, b *bus.Bus, s demo.Scenario) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(demoConcurrency)
	for n, o := range s.Offers {
		group.Go(func() error {
			ctx := contract.WithActor(ctx, o.Actor)
			_, err := patiently(ctx, b, contract.OfferSubmit, o.Submit)
			if d := o.Submit.Draft; err == nil && onBoard(n, d.State) {
				err = putOnBoard(ctx, b, contract.OfferPublish, string(o.Submit.ID), d.Title)
			}
			return err
		})
	}
	for n, r := range s.Requests {
		group.Go(func() error {
			ctx := contract.WithActor(ctx, r.Actor)
			_, err := patiently(ctx, b, contract.RequestSubmit, r.Submit)
			if d := r.Submit.Draft; err == nil && onBoard(n, d.State) {
				err = putOnBoard(ctx, b, contract.RequestPublish, string(r.Submit.ID), d.Title)
			}
			return err
		})
	}
	return group.Wait()
}

// putOnBoard publishes an entry, unless help has come since it was loaded.
func putOnBoard(ctx context.Context, b *bus.Bus, e contract.Endpoint[contract.Publish, contract.Moved], id, title string) error {
	_, err := patiently(ctx, b, e, contract.Publish{ID: id, Title: title})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// onBoard reports whether staff published an entry of the scenario: one of a few
// of those that they entered, whose words are theirs.
func onBoard(n int, state string) bool {
	const oneOf = 4
	return n%oneOf == 0 && state != ""
}

// loadSessions records what was done, for each organisation.
func loadSessions(ctx context.Context, b *bus.Bus, all []contract.SessionDraft) error {
	ctx, err := platform.AsAdministrator(ctx, b, "root")
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(demoConcurrency)
	for _, d := range all {
		group.Go(func() error {
			_, err := patiently(ctx, b, contract.OfferRecordSession, contract.RecordSession{Draft: d})
			return err
		})
	}
	return group.Wait()
}

// loadRelief imports the real lists of 2020, as their licence allows.
func loadRelief(ctx context.Context, t terminal, b *bus.Bus) error {
	folder, err := demo.Relief()
	if err != nil {
		return err
	}
	o := importer.Options{Organisation: "root", Source: demo.Source, Open: true, Vouch: true}
	for _, list := range []struct {
		file string
		how  read
	}{{"needs.csv", (*importer.Importer).Needs}, {"offers.csv", (*importer.Importer).Offers}} {
		if err := importList(ctx, t, b, o, folder, list.file, list.how); err != nil {
			return err
		}
	}
	return nil
}

func importList(ctx context.Context, t terminal, b *bus.Bus, o importer.Options, folder fs.FS, name string, how read) error {
	file, err := folder.Open(name)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = file.Close() }() // read only, nothing can be lost
	report, err := importAs(ctx, t, b, o, file, how)
	if err != nil {
		return err
	}
	if n := report.Counts.RefusedRows; n > 0 {
		return fmt.Errorf("%d rows of %s were refused, the first because %s", n, name, firstRefusal(report))
	}
	return nil
}

func firstRefusal(r importer.Report) string {
	for _, row := range r.Rows {
		if row.Outcome == importer.Refused {
			return fmt.Sprintf("line %d: %s", row.Line, row.Reason)
		}
	}
	return "none"
}
