// Package importer owns the way of tables into Heli: rows of needs, offers,
// organisations and sessions become drafts, which the caller's calls submit. It normalises
// items, units, quantities and places, keeps what people wrote, and reports
// every row. It stores nothing, and never decides what a service accepts.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/tabular"
)

const (
	defaultConcurrency = 16
	defaultSource      = "import"
)

// Outcome is what became of a row.
type Outcome string

// The outcomes. Valid is a dry run's: the row would be submitted.
const (
	Created   Outcome = "created"
	Changed   Outcome = "changed"
	Unchanged Outcome = "unchanged"
	Refused   Outcome = "refused"
	Valid     Outcome = "valid"
)

// Calls submit the drafts; a repeat of one must be harmless. They are called
// from several goroutines at once.
type Calls struct {
	Request  func(context.Context, contract.SubmitRequest) (contract.SubmittedRequest, error)
	Offer    func(context.Context, contract.SubmitOffer) (contract.SubmittedOffer, error)
	Register func(context.Context, contract.OrganisationDraft) (contract.RegisteredOrganisation, error)
	Session  func(context.Context, contract.RecordSession) (contract.ServiceSession, error)
}

// Options say how to import.
type Options struct {
	// Organisation is the code of the owner; the parent of organisations that
	// name none. Empty means the owner that the services choose.
	Organisation string
	// Source names the list, so that a source_id is known again; "import" when
	// empty.
	Source string
	// Open asks for requests that are open and offers that are available.
	Open bool
	// Vouch says that the owner vouches for the professions of what it imports:
	// offers in categories that need a credential carry one of their provider.
	Vouch       bool
	DryRun      bool // check, and submit nothing
	Concurrency int  // submissions under way at once; 0 means 16
}

// RowReport is what became of one row of the file.
type RowReport struct {
	Line     int     `json:"line"`
	SourceID string  `json:"source_id"` // an organisation's code
	Outcome  Outcome `json:"outcome"`
	Reason   string  `json:"reason,omitempty"` // of a refusal
}

// Report is the result of one import. Requests, offers and organisations are
// its things; rows with one source_id are one.
type Report struct {
	Rows   []RowReport `json:"rows"` // by line
	Counts Counts      `json:"counts"`
}

// Counts sum a report up. Lines are the need or offer lines that were taken.
type Counts struct {
	Rows        int             `json:"rows"`
	RefusedRows int             `json:"refused_rows"`
	Things      map[Outcome]int `json:"things"`
	Lines       int             `json:"lines"`
}

// Importer turns tables into drafts and submits them.
type Importer struct {
	ref     *reference.Snapshot
	calls   Calls
	options Options
	now     func() time.Time
}

// New returns an importer that knows the places, categories and items of a snapshot.
func New(ref *reference.Snapshot, calls Calls, now func() time.Time, o Options) *Importer {
	if o.Concurrency <= 0 {
		o.Concurrency = defaultConcurrency
	}
	if o.Source == "" {
		o.Source = defaultSource
	}
	return &Importer{ref: ref, calls: calls, options: o, now: now}
}

// Needs imports a table of need lines: rows with one source_id are one request.
// A repeat changes nothing. An error means that the file is no such table, or
// that ctx ended; then the report says what was done before.
func (i *Importer) Needs(ctx context.Context, file io.Reader) (Report, error) {
	table, err := tabular.Read(file, needsHeader)
	if err != nil {
		return Report{}, err
	}
	return i.run(ctx, table, i.group(table, i.needs()))
}

// Offers imports a table of offer lines, as Needs does.
func (i *Importer) Offers(ctx context.Context, file io.Reader) (Report, error) {
	table, err := tabular.Read(file, offersHeader)
	if err != nil {
		return Report{}, err
	}
	return i.run(ctx, table, i.group(table, i.offers()))
}

// thing is a request, an offer or an organisation of the file with its rows. It
// has no submit when all its rows were refused.
type thing struct {
	id     string
	rows   []int // lines that are part of it
	spoilt []RowReport
	submit func(context.Context) (Outcome, error)
	result Outcome
	reason string
}

// run submits the things and reports on every row.
func (i *Importer) run(ctx context.Context, table *tabular.Table, things []*thing) (Report, error) {
	err := i.submitAll(ctx, things)
	return report(table, things), err
}

// submitAll submits the things, several at once. What a service refuses is in
// the thing's result; the error is ctx's.
func (i *Importer) submitAll(ctx context.Context, things []*thing) error {
	var g errgroup.Group
	g.SetLimit(i.options.Concurrency)
	for _, t := range things {
		if t.submit == nil {
			t.result = Refused
			continue
		}
		g.Go(func() error { return i.submitOne(ctx, t) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	return nil
}

func (i *Importer) submitOne(ctx context.Context, t *thing) error {
	if i.options.DryRun {
		t.result = Valid
		return nil
	}
	outcome, err := t.submit(ctx)
	if err != nil {
		outcome, t.reason = Refused, explain(err)
	}
	t.result = outcome
	return ctx.Err()
}

// explain is a refusal in one line. Faults hold no personal data.
func explain(err error) string {
	f := fault.As(err)
	if len(f.Fields) == 0 {
		return f.Detail
	}
	var parts []string
	for _, field := range f.Fields {
		parts = append(parts, field.Location+": "+strings.ReplaceAll(field.Code, "_", " "))
	}
	return strings.Join(parts, "; ")
}

func report(table *tabular.Table, things []*thing) Report {
	r := Report{Rows: []RowReport{}, Counts: Counts{Things: map[Outcome]int{}}}
	for _, p := range table.Problems {
		r.Rows = append(r.Rows, RowReport{Line: p.Line, Outcome: Refused, Reason: p.Reason})
	}
	for _, t := range things {
		r.Counts.Things[t.result]++
		r.Rows = append(r.Rows, t.spoilt...)
		for _, line := range t.rows {
			r.Rows = append(r.Rows, RowReport{Line: line, SourceID: t.id, Outcome: t.result, Reason: t.reason})
		}
		if t.result != Refused {
			r.Counts.Lines += len(t.rows)
		}
	}
	slices.SortFunc(r.Rows, func(a, b RowReport) int { return a.Line - b.Line })
	r.Counts.Rows = len(r.Rows)
	for _, row := range r.Rows {
		if row.Outcome == Refused {
			r.Counts.RefusedRows++
		}
	}
	return r
}

// outcomeOf says what became of something that is stored once.
func outcomeOf(repeated bool) Outcome {
	if repeated {
		return Unchanged
	}
	return Created
}

// refuse makes the reason for which a row cannot be used.
func refuse(format string, args ...any) error { return fmt.Errorf(format, args...) }

var errNoSourceID = errors.New("source_id is empty")
