package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"heli/cmd/heli/platform"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/importer"
	"heli/pkg/reference"
)

// importCommand reads tables.
type importCommand struct {
	Needs         importNeeds         `cmd:"" help:"Rows of needs: those with one source_id are one request."`
	Offers        importOffers        `cmd:"" help:"Rows of offers: those with one source_id are one offer."`
	Organisations importOrganisations `cmd:"" help:"Organisations, parents in any order."`
	Sessions      importSessions      `cmd:"" help:"Service sessions, from which person-times are counted."`
}

// importFlags are common to all tables.
type importFlags struct {
	place        `embed:""`
	File         string `arg:"" type:"existingfile" placeholder:"FILE" help:"CSV (UTF-8 or GB18030) or XLSX, the columns named in the first line."`
	Organisation string `name:"organisation" default:"root" placeholder:"CODE" help:"Organisation that owns what is imported, or the parent of organisations that name none."`
	DryRun       bool   `name:"dry-run" help:"Check every row and store nothing."`
	JSON         bool   `name:"json" help:"Print the whole report as JSON, a line for each row of the file."`
}

// entryFlags are for needs and offers.
type entryFlags struct {
	Source string `name:"source" default:"import" placeholder:"TEXT" help:"Names the list: a source_id is known again within it."`
	Open   bool   `name:"open" default:"true" negatable:"" help:"Make requests open and offers available at once."`
}

type importNeeds struct {
	importFlags `embed:""`
	entryFlags  `embed:""`
}

type importOffers struct {
	importFlags `embed:""`
	entryFlags  `embed:""`
	Vouch       bool `name:"vouch" default:"true" negatable:"" help:"The organisation vouches for professions and phones of what it imports."`
}

type importOrganisations struct {
	importFlags `embed:""`
}

type importSessions struct {
	importFlags `embed:""`
	Source      string `name:"source" default:"import" placeholder:"TEXT" help:"Names the list: a source_id is known again within it."`
}

// read is one of the importer's ways to read a file.
type read func(*importer.Importer, context.Context, io.Reader) (importer.Report, error)

// Run imports needs.
func (c *importNeeds) Run(ctx context.Context, t terminal) error {
	return c.run(ctx, t, importer.Options{Source: c.Source, Open: c.Open}, (*importer.Importer).Needs)
}

// Run imports offers.
func (c *importOffers) Run(ctx context.Context, t terminal) error {
	return c.run(ctx, t, importer.Options{Source: c.Source, Open: c.Open, Vouch: c.Vouch}, (*importer.Importer).Offers)
}

// Run imports organisations.
func (c *importOrganisations) Run(ctx context.Context, t terminal) error {
	return c.run(ctx, t, importer.Options{}, (*importer.Importer).Organisations)
}

// Run imports sessions.
func (c *importSessions) Run(ctx context.Context, t terminal) error {
	return c.run(ctx, t, importer.Options{Source: c.Source}, (*importer.Importer).Sessions)
}

// run imports through the installation, wherever it runs. Refused rows are
// reported and the others go in; only a file that is no such table fails.
func (f importFlags) run(ctx context.Context, t terminal, o importer.Options, how read) error {
	options, err := f.options(quiet(t.err))
	if err != nil {
		return err
	}
	file, err := os.Open(f.File)
	if err != nil {
		return fmt.Errorf("open table: %w", err)
	}
	defer func() { _ = file.Close() }() // read only, nothing can be lost
	o.Organisation, o.DryRun = f.Organisation, f.DryRun
	return platform.Attach(ctx, options, func(ctx context.Context, a platform.Attached) error {
		report, err := importAs(ctx, t, a.Bus, o, file, how)
		if err != nil {
			return errors.Join(fmt.Errorf("import %s: %w", f.File, err), t.resultIfAny(f.JSON, report))
		}
		return t.result(f.JSON, report, reportText(report))
	})
}

// resultIfAny prints the report of an import that broke off.
func (t terminal) resultIfAny(asJSON bool, r importer.Report) error {
	if len(r.Rows) == 0 {
		return nil
	}
	return t.result(asJSON, r, reportText(r))
}

// importAs reads a table as administrator of the organisation.
func importAs(ctx context.Context, t terminal, b *bus.Bus, o importer.Options, file io.Reader, how read) (importer.Report, error) {
	ref, err := snapshot(ctx, b)
	if err != nil {
		return importer.Report{}, err
	}
	ctx, err = platform.AsAdministrator(ctx, b, o.Organisation)
	if err != nil {
		return importer.Report{}, err
	}
	p := startProgress(t.err)
	defer p.stop()
	return how(importer.New(ref, calls(b, p.count), time.Now, o), ctx, file)
}

// snapshot returns the reference data of the installation.
func snapshot(ctx context.Context, b *bus.Bus) (*reference.Snapshot, error) {
	answer, err := bus.Call(contract.WithActor(ctx, contract.System()), b, contract.DirectoryReference, contract.AskReference{})
	if err != nil {
		return nil, fmt.Errorf("read reference data: %w", err)
	}
	if answer.Reference == nil {
		return nil, errors.New("read reference data: the directory gave none")
	}
	return reference.NewSnapshot(*answer.Reference), nil
}

// calls submit over the bus, and tell done of each.
func calls(b *bus.Bus, done func()) importer.Calls {
	return importer.Calls{
		Request:  submission(b, contract.RequestSubmit, done),
		Offer:    submission(b, contract.OfferSubmit, done),
		Register: submission(b, contract.DirectoryRegister, done),
		Session:  submission(b, contract.OfferRecordSession, done),
	}
}

func submission[Q, R any](b *bus.Bus, e contract.Endpoint[Q, R], done func()) func(context.Context, Q) (R, error) {
	return func(ctx context.Context, q Q) (R, error) {
		defer done()
		return patiently(ctx, b, e, q)
	}
}

// reportText names every refused row, then counts.
func reportText(r importer.Report) string {
	var b strings.Builder
	for _, row := range r.Rows {
		if row.Outcome == importer.Refused {
			fmt.Fprintf(&b, "line %d (%s) refused: %s\n", row.Line, row.SourceID, row.Reason)
		}
	}
	outcomes := []importer.Outcome{importer.Created, importer.Changed, importer.Unchanged, importer.Valid, importer.Refused}
	fmt.Fprintf(&b, "rows: %d, refused rows: %d, lines taken: %d", r.Counts.Rows, r.Counts.RefusedRows, r.Counts.Lines)
	for _, outcome := range outcomes {
		if n := r.Counts.Things[outcome]; n > 0 || outcome == importer.Created {
			fmt.Fprintf(&b, ", %s: %d", outcome, n)
		}
	}
	b.WriteByte('\n')
	return b.String()
}
