package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/tabular"
)

const (
	workInterval = time.Second
	// inHand is how long an upload stays with one worker that tells nothing of it.
	inHand = time.Minute
	// retryGap is how long an upload waits while its service cannot be reached.
	retryGap = 5 * time.Second
	// atOnce is how many rows of a table are submitted at once, so that people who
	// work meanwhile notice little of it.
	atOnce    = 4
	noteBatch = 32
)

// What becomes of a created thing when its upload is undone.
const (
	undoneWithdrawn = "withdrawn"
	undoneTouched   = "touched"
)

// poke tells the worker that there is work; it looks by itself as well.
func (u *Uploads) poke() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// Run takes in and takes back what people have started, until ctx ends. What was
// under way then, here or in a process that died, is gone on with.
func (u *Uploads) Run(ctx context.Context) error {
	ticker := time.NewTicker(workInterval)
	defer ticker.Stop()
	for {
		for u.workOnce(ctx) {
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-u.wake:
		}
	}
}

// workOnce works on one upload that is due, and reports whether there was one.
func (u *Uploads) workOnce(ctx context.Context) bool {
	if !u.bus.Connected() || ctx.Err() != nil {
		return false
	}
	r, err := u.worker.takeDue(ctx, u.now(), u.now().Add(inHand))
	if err != nil {
		if !fault.Is(err, fault.NotFound) && ctx.Err() == nil {
			u.log.WarnContext(ctx, "look for uploads", "error", err)
		}
		return false
	}
	if err := u.work(ctx, r); err != nil && ctx.Err() == nil {
		u.log.WarnContext(ctx, "work on an upload, trying again", "id", r.ID, "error", err)
		if err := u.worker.putOff(ctx, r.ID, u.now().Add(retryGap)); err != nil {
			u.log.WarnContext(ctx, "put an upload off", "id", r.ID, "error", err)
		}
	}
	return true
}

func (u *Uploads) work(ctx context.Context, r row) error {
	h, err := u.head(r)
	if err != nil {
		return err
	}
	if r.State == Undoing {
		return u.takeBack(ctx, r, h)
	}
	return u.takeIn(ctx, r, h)
}

// takeIn submits every row. What an earlier try has submitted is known by its id
// and name, so that it is there once, and noted as it was then.
func (u *Uploads) takeIn(ctx context.Context, r row, h head) error {
	view, err := u.view(r, h)
	if err != nil {
		return err
	}
	ref, err := u.ref.Get()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(contract.WithActor(ctx, h.Actor))
	defer stop(nil)
	n := &notebook{uploads: u, id: r.ID, kind: r.Kind, ctx: ctx, stop: stop}
	o := u.options(r, h)
	o.Done = n.note
	report, err := importer.New(ref, u.calls(stop), u.now, o).Take(ctx, r.Kind, view)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if err := n.flush(); err != nil {
		return err
	}
	return u.finish(ctx, r.ID, Done, func(r *row, h *head) error {
		for _, count := range report.Counts.Things {
			r.Things += count
		}
		h.Refused, r.Content = report.Counts.RefusedRows, nil
		if h.Refused == 0 {
			return nil
		}
		return u.keepRefused(r, refusedOf(view, h.Columns, report))
	})
}

// calls submit over the bus. One that finds nobody stops the work, which is gone
// on with later: nothing is refused that was not looked at.
func (u *Uploads) calls(stop context.CancelCauseFunc) importer.Calls {
	register := submission(u.bus, contract.DirectoryRegister, stop)
	return importer.Calls{
		Request: submission(u.bus, contract.RequestSubmit, stop), Offer: submission(u.bus, contract.OfferSubmit, stop),
		Session: submission(u.bus, contract.OfferRecordSession, stop),
		Register: func(ctx context.Context, d contract.OrganisationDraft) (contract.RegisteredOrganisation, error) {
			answer, err := register(ctx, d)
			return answer, refusedField(err)
		},
	}
}

func submission[Q, R any](b *bus.Bus, e contract.Endpoint[Q, R], stop context.CancelCauseFunc) func(context.Context, Q) (R, error) {
	return func(ctx context.Context, q Q) (R, error) {
		answer, err := bus.Call(ctx, b, e, q)
		if fault.Is(err, fault.Unavailable) {
			stop(err)
		}
		return answer, err
	}
}

// notebook gathers what became of things, and stores it some at a time.
type notebook struct {
	uploads *Uploads
	id      string
	kind    importer.Kind
	ctx     context.Context //nolint:containedctx // of the one import that it notes
	stop    context.CancelCauseFunc

	mu     sync.Mutex
	things []thingRow
}

func (n *notebook) note(t importer.ThingReport) {
	row := thingRow{N: t.N, Outcome: t.Outcome, Version: t.Version}
	if t.ID != "" {
		row.ThingID = &t.ID
	}
	if n.kind == importer.Organisations {
		row.Code = t.SourceID
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.things = append(n.things, row)
	if len(n.things) >= noteBatch {
		if err := n.store(); err != nil {
			n.stop(err)
		}
	}
}

func (n *notebook) flush() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.store()
}

func (n *notebook) store() error {
	if len(n.things) == 0 {
		return nil
	}
	err := n.uploads.worker.insertThings(n.ctx, n.id, n.things, n.uploads.now().Add(inHand))
	if err == nil {
		n.things = n.things[:0]
	}
	return err
}

// finish moves an upload on, as the worker.
func (u *Uploads) finish(ctx context.Context, id string, to State, fn func(*row, *head) error) error {
	return u.worker.change(ctx, id, u.now(), func(r *row) error {
		h, err := u.head(*r)
		if err != nil {
			return err
		}
		r.State, r.Things = to, 0
		if err := fn(r, &h); err != nil {
			return err
		}
		return u.sealHead(r, h)
	})
}

// takeBack withdraws what was created, each thing only as long as its version is
// the one that it was created with.
func (u *Uploads) takeBack(ctx context.Context, r row, h head) error {
	created, err := u.worker.listCreated(ctx, r.ID)
	if err != nil {
		return err
	}
	if err := u.takeBackAll(ctx, r, h, created); err != nil {
		return err
	}
	things := r.Things
	return u.finish(ctx, r.ID, Undone, func(r *row, h *head) error {
		r.Things, r.Content, h.Refused = things, nil, 0
		return nil
	})
}

func (u *Uploads) withdraw(ctx context.Context, r row, thing thingRow) (string, error) {
	switch r.Kind {
	case importer.Organisations:
		return u.endOne(ctx, r, thing)
	case importer.Sessions:
		_, err := bus.Call(ctx, u.bus, contract.OfferVoidSession, contract.VoidSession{
			ID: contract.SessionID(*thing.ThingID), Reason: ReasonOf(r.ID), TakeBack: true,
		})
		return undoneOf(err)
	}
	m := contract.Move{
		ID: *thing.ThingID, Move: "withdraw", Version: &thing.Version, Key: "upload:" + r.ID + ":" + strconv.Itoa(thing.N),
	}
	var err error
	if r.Kind == importer.Offers {
		_, err = bus.Call(ctx, u.bus, contract.OfferMove, m)
	} else {
		m.OnBehalfOf = string(contract.SideRequester)
		_, err = bus.Call(ctx, u.bus, contract.RequestMove, m)
	}
	return undoneOf(err)
}

// undoneOf says what the answer to taking a thing back made of it.
func undoneOf(err error) (string, error) {
	switch fault.KindOf(err) {
	case "":
		return undoneWithdrawn, nil
	case fault.Conflict, fault.NotFound, fault.Forbidden, fault.Invalid:
		return undoneTouched, nil
	default:
		return "", fmt.Errorf("withdraw what was created: %w", err)
	}
}

// Refused are the rows of a table that were not taken, as they were written.
type Refused struct {
	Columns []string     `json:"columns"`
	Rows    []RefusedRow `json:"rows"`
}

// RefusedRow is one of them, with why. A row that could not be read has no cells.
type RefusedRow struct {
	Line   int           `json:"line"`
	Cells  []string      `json:"cells"`
	Reason string        `json:"reason"`
	Faults []fault.Field `json:"faults"`
}

func refusedOf(view *tabular.Table, columns []string, report importer.Report) Refused {
	byLine := make(map[int]tabular.Row, len(view.Rows))
	for _, row := range view.Rows {
		byLine[row.Line] = row
	}
	all := Refused{Columns: columns}
	for _, row := range report.Rows {
		if row.Outcome == importer.Refused {
			all.Rows = append(all.Rows, RefusedRow{row.Line, byLine[row.Line].Cells(), row.Reason, row.Faults})
		}
	}
	return all
}

func (u *Uploads) keepRefused(r *row, all Refused) error {
	plain, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode refused rows: %w", err)
	}
	r.Content = u.keys.Seal(plain, contentOf(r.ID))
	return nil
}

// Refused returns the rows that taking a table in has refused, or would; NotFound
// when there are none, or none any more.
func (u *Uploads) Refused(ctx context.Context, id string) (Refused, error) {
	r, err := u.store.selectRow(ctx, id)
	if err != nil {
		return Refused{}, err
	}
	if r.State == Draft {
		h, view, report, err := u.try(ctx, r)
		return refusedOf(view, h.Columns, report), err
	}
	content, err := u.content(r)
	if err != nil || r.State == Running {
		return Refused{}, errors.Join(errRowsGone, err)
	}
	var all Refused
	if err := json.Unmarshal(content, &all); err != nil {
		return all, fmt.Errorf("decode refused rows: %w", err)
	}
	return all, nil
}
