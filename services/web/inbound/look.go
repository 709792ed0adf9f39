package inbound

import (
	"context"
	"strings"
	"time"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
)

// reasons say why somebody has to look at a post.
type reasons struct {
	Reason string        `json:"reason"`
	Faults []fault.Field `json:"faults"`
}

// Kept is a post as lists show it: nothing of what it holds.
type Kept struct {
	ID         string
	State      PostState
	Faults     []fault.Field // without what stands there
	ThingID    string
	Code       string
	ReceivedAt time.Time
}

// Opened is a post that somebody reads, each time recorded.
type Opened struct {
	Kept
	Fields map[string]string // by path; what could not be read is under "body"
	Mapped map[string]string // by field of the mapping
	Values []fault.Field     // the reasons, with what stands there
}

// Posts lists the posts of a form in a state, or in any when it is empty, the latest
// first.
func (f *Forms) Posts(ctx context.Context, form string, state PostState) ([]Kept, error) {
	if _, err := f.row(ctx, form); err != nil {
		return nil, err
	}
	rows, err := f.store.listPosts(ctx, form, state, shownPosts)
	if err != nil {
		return nil, err
	}
	kept := make([]Kept, len(rows))
	for i, p := range rows {
		var why reasons
		if err := f.open(p, "reasons", p.Reasons, &why); err != nil {
			return nil, err
		}
		kept[i] = p.kept(why)
	}
	return kept, nil
}

func (p postRow) kept(why reasons) Kept {
	k := Kept{ID: p.ID, State: p.State, Code: p.Code, ReceivedAt: p.ReceivedAt.UTC()}
	if p.ThingID != nil {
		k.ThingID = *p.ThingID
	}
	for _, field := range why.Faults {
		plain := fault.Field{Location: field.Location, Code: field.Code, Args: map[string]any{}}
		for name, value := range field.Args {
			if name != "value" {
				plain.Args[name] = value
			}
		}
		k.Faults = append(k.Faults, plain)
	}
	return k
}

// waiting returns a post that somebody has to look at, with its form.
func (f *Forms) waiting(ctx context.Context, form, id string) (row formRow, p postRow, err error) {
	if err = access.Require(contract.ActorFrom(ctx), access.ReadContact); err != nil {
		return row, p, err
	}
	if row, err = f.row(ctx, form); err != nil {
		return row, p, err
	}
	if !contract.ValidID(id) {
		return row, p, errUnknownPost
	}
	if p, err = f.store.selectPost(ctx, form, id); err != nil {
		return row, p, err
	}
	if p.State != Look {
		return row, p, errSettled
	}
	return row, p, nil
}

// Open returns what a post holds, after the audit chain has noted who reads it.
func (f *Forms) Open(ctx context.Context, form, id string) (Opened, error) {
	row, p, err := f.waiting(ctx, form, id)
	if err != nil {
		return Opened{}, err
	}
	_, err = bus.Call(ctx, f.bus, contract.DirectoryAudit, contract.AuditEntry{
		Key: contract.NewID[string](), Action: contract.ActReadPost, SubjectID: p.ID, Path: row.OrgPath,
	})
	if err != nil {
		return Opened{}, err
	}
	return f.opened(row, p)
}

func (f *Forms) opened(row formRow, p postRow) (Opened, error) {
	var c content
	var why reasons
	if err := f.open(p, "content", p.Content, &c); err != nil {
		return Opened{}, err
	}
	if err := f.open(p, "reasons", p.Reasons, &why); err != nil {
		return Opened{}, err
	}
	d, err := documentOf(row)
	if err != nil {
		return Opened{}, err
	}
	o := Opened{Kept: p.kept(why), Fields: c.Fields, Mapped: map[string]string{}, Values: why.Faults}
	if c.Fields == nil {
		o.Fields = map[string]string{"body": strings.ToValidUTF8(string(c.Body), "�")}
	}
	for _, field := range importer.Fields(row.Kind) {
		if value := o.Fields[d.Mapping.Columns[field]]; value != "" {
			o.Mapped[field] = value
		} else if value := d.Mapping.Values[field]; value != "" {
			o.Mapped[field] = value
		}
	}
	return o, nil
}

// Correct takes a post in as somebody has put it right, by field. What is still
// wrong is an Invalid fault, and the post stays as it was.
func (f *Forms) Correct(ctx context.Context, form, id string, values map[string]string) (Receipt, error) {
	row, p, err := f.waiting(ctx, form, id)
	if err != nil {
		return Receipt{}, err
	}
	d, err := documentOf(row)
	if err != nil {
		return Receipt{}, err
	}
	d.Mapping = importer.Mapping{Columns: map[string]string{}}
	for _, field := range importer.Fields(row.Kind) {
		d.Mapping.Columns[field] = field
	}
	delete(d.Mapping.Columns, "source_id")
	if err := row.keep(d); err != nil {
		return Receipt{}, err
	}
	settled, err := f.take(ctx, row, p, values)
	if err != nil {
		return Receipt{}, err
	}
	if settled.State == Look {
		var why reasons
		err := f.open(settled, "reasons", settled.Reasons, &why)
		if err == nil {
			err = fault.NewInvalid(why.Faults...)
		}
		return Receipt{}, err
	}
	return settled.receipt(), f.worker.settlePost(ctx, settled)
}

// TakeAll tries every post that waits once more, by the form's mapping as it is now,
// and returns how many were taken in.
func (f *Forms) TakeAll(ctx context.Context, form string) (taken int, err error) {
	row, err := f.row(ctx, form)
	if err != nil {
		return 0, err
	}
	rows, err := f.store.listPosts(ctx, form, Look, shownPosts)
	if err != nil {
		return 0, err
	}
	for _, p := range rows {
		var c content
		if err := f.open(p, "content", p.Content, &c); err != nil {
			return taken, err
		}
		if f.settle(ctx, row, p, c.Fields).State == Taken {
			taken++
		}
	}
	return taken, nil
}

// Drop forgets what a post holds, for good. A repeat is a Conflict.
func (f *Forms) Drop(ctx context.Context, form, id string) error {
	_, p, err := f.waiting(ctx, form, id)
	if err != nil {
		return err
	}
	p.State, p.Content, p.Reasons = Dropped, nil, nil
	return f.worker.settlePost(ctx, p)
}
