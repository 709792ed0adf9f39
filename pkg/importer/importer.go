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

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
	"heli/pkg/tabular"
)

const (
	defaultConcurrency = 16
	defaultSource      = "import"
	chinaOffset        = 8 * 60 * 60 // seconds
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
// from several goroutines at once. The tries look at a draft as its service will
// and store nothing; without one a dry run looks at the rows alone.
type Calls struct {
	TryRequest func(context.Context, contract.SubmitRequest) error
	TryOffer   func(context.Context, contract.SubmitOffer) error
	TrySession func(context.Context, contract.RecordSession) error
	// TryRegister is called after that of the parent, where the table holds it.
	TryRegister func(context.Context, contract.OrganisationDraft) error

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
	Vouch bool
	// Confirmed says that what is unusual about sessions is right.
	Confirmed   bool
	DryRun      bool // check, and submit nothing
	Concurrency int  // submissions under way at once; 0 means 16
	// Name names a row of a table without the column source_id by its content,
	// so that the same row is known again. Such rows are refused when it is nil.
	Name func(content string) string
	// ID makes the id of a thing from its source_id, so that a repeat after a crash
	// knows its own; a fresh one each time when it is nil.
	ID func(sourceID string) string
	// Consent is what the people in the table agreed to; nothing when empty.
	Consent contract.Consent
	// Zone is that of days without one; China's when nil.
	Zone *time.Location
	// Done hears of each thing as soon as it is settled, from several goroutines;
	// not of those that ctx cut short.
	Done func(ThingReport)
}

// ThingReport is what became of one request, offer, organisation or session. ID and
// Version are those of the moment in which it was created; a session has no versions.
type ThingReport struct {
	N        int    // in the order of the file, from 0
	SourceID string // an organisation's code
	Lines    []int  // of the file that it is made of
	Outcome  Outcome
	ID       string
	Version  int64
	Reason   string
	Faults   []fault.Field
}

// RowReport is what became of one row of the file.
type RowReport struct {
	Line     int     `json:"line"`
	SourceID string  `json:"source_id"` // an organisation's code
	Outcome  Outcome `json:"outcome"`
	Reason   string  `json:"reason,omitempty"` // of a refusal
	// Faults say the reason field by field, where it lies in fields. The argument
	// "value" is what the row holds there.
	Faults []fault.Field `json:"-"`
}

// Report is the result of one import. Requests, offers, organisations and sessions are
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
	if o.Zone == nil {
		o.Zone = time.FixedZone("UTC+8", chinaOffset)
	}
	return &Importer{ref: ref, calls: calls, options: o, now: now}
}

// Needs imports a table of need lines: rows with one source_id are one request.
// A repeat changes nothing. An error means that the file is no such table, or
// that ctx ended; then the report says what was done before.
func (i *Importer) Needs(ctx context.Context, file io.Reader) (Report, error) {
	return i.read(ctx, file, Needs, needsHeader)
}

// Offers imports a table of offer lines, as Needs does.
func (i *Importer) Offers(ctx context.Context, file io.Reader) (Report, error) {
	return i.read(ctx, file, Offers, offersHeader)
}

func (i *Importer) read(ctx context.Context, file io.Reader, kind Kind, header tabular.Header) (Report, error) {
	table, err := tabular.Read(file, header)
	if err != nil {
		return Report{}, err
	}
	return i.Take(ctx, kind, table)
}

// Take imports a table whose columns bear the names of Fields, as Needs and Offers
// do of a file.
func (i *Importer) Take(ctx context.Context, kind Kind, table *tabular.Table) (Report, error) {
	switch kind {
	case Organisations:
		return i.takeOrganisations(ctx, table)
	case Sessions:
		return i.takeSessions(ctx, table)
	case Offers:
		return i.run(ctx, table, i.group(table, i.offers()))
	default:
		return i.run(ctx, table, i.group(table, i.needs()))
	}
}

// thing is a request, an offer, an organisation or a session of the file with its rows. It
// has no submit when all its rows were refused.
type thing struct {
	n      int
	id     string
	rows   []int // lines that are part of it
	spoilt []RowReport
	submit func(context.Context) (made, error)
	try    func(context.Context) error // nil for none
	made   made
	reason string
	faults []fault.Field
}

// made is what a submission came to.
type made struct {
	outcome Outcome
	id      string
	version int64
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
			t.made.outcome = Refused
			i.tell(t)
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
	result, err := made{outcome: Valid}, ctx.Err()
	switch {
	case err != nil:
	case !i.options.DryRun:
		result, err = t.submit(ctx)
	case t.try != nil:
		err = t.try(ctx)
	}
	if err != nil {
		result = made{outcome: Refused}
		t.reason, t.faults = explain(err), fault.As(err).Fields
	}
	t.made = result
	if err := ctx.Err(); err != nil {
		return err
	}
	i.tell(t)
	return nil
}

// tell says what became of a thing, to who listens.
func (i *Importer) tell(t *thing) {
	if i.options.Done == nil {
		return
	}
	i.options.Done(ThingReport{
		N: t.n, SourceID: t.id, Lines: t.rows, Outcome: t.made.outcome, ID: t.made.id, Version: t.made.version,
		Reason: t.reason, Faults: t.faults,
	})
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
		r.Rows = append(r.Rows, spoilt(p.Line, "", p.Reason))
	}
	for _, t := range things {
		r.Counts.Things[t.made.outcome]++
		r.Rows = append(r.Rows, t.spoilt...)
		for _, line := range t.rows {
			r.Rows = append(r.Rows, RowReport{Line: line, SourceID: t.id, Outcome: t.made.outcome, Reason: t.reason, Faults: t.faults})
		}
		if t.made.outcome != Refused {
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

// spoilt reports a row that can be part of nothing.
func spoilt(line int, id string, err error) RowReport {
	row := RowReport{Line: line, SourceID: id, Outcome: Refused, Reason: err.Error()}
	if refusal, ok := errors.AsType[*tabular.Refusal](err); ok {
		row.Faults = []fault.Field{refusal.Field}
	}
	return row
}

// outcomeOf says what became of something that is stored once.
func outcomeOf(repeated bool) Outcome {
	if repeated {
		return Unchanged
	}
	return Created
}

// refuse makes the reason for which a row cannot be used: the column, a key below
// "invalid." in the catalogues, and a sentence.
func refuse(column, code, value, format string, args ...any) error {
	field := fault.Field{Location: column, Code: code}
	if value != "" {
		field.Args = map[string]any{"value": shorten(value, shownValue)}
	}
	return tabular.Refuse(field, format, args...)
}

// shownValue is how much of a cell a reason quotes, in characters.
const shownValue = 20

var errNoSourceID = refuse("source_id", check.Required, "", "source_id is empty")
