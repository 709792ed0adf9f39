package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"heli/pkg/access"
	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/seal"
	"heli/pkg/tabular"
	"heli/services/web/intake"
)

// shownUploads is how many of somebody's uploads the page lists.
const shownUploads = 50

// Uploads takes tables. It is safe for concurrent use; Run takes in what people
// have started.
type Uploads struct {
	store  store // as who acts
	worker store
	bus    *bus.Bus
	keys   *seal.Keys
	ref    *app.Reference
	intake *intake.Intake
	now    func() time.Time
	log    *slog.Logger
	wake   chan struct{}
}

// New returns uploads over the deps of web; the intake looks at drafts as their
// services will.
func New(d app.Deps, i *intake.Intake) *Uploads {
	return &Uploads{
		store: store{d.DB}, worker: store{d.Worker}, bus: d.Bus, keys: d.Keys, ref: d.Reference, intake: i, now: d.Clock,
		log: d.Log.With("part", "upload"), wake: make(chan struct{}, 1),
	}
}

// ActionOf is what taking in a kind asks for.
func ActionOf(kind importer.Kind) access.Action {
	switch kind {
	case importer.Organisations:
		return access.Register
	case importer.Sessions:
		return access.RecordSessions
	case importer.Offers:
		return access.SubmitOffer
	default:
		return access.SubmitRequest
	}
}

// Begin keeps a file as a draft of who acts, with the mapping that its headers
// speak for, and returns its id. Invalid says why it is no table.
func (u *Uploads) Begin(ctx context.Context, kind importer.Kind, name string, content []byte) (string, error) {
	a := contract.ActorFrom(ctx)
	if !slices.Contains(importer.Kinds(), kind) {
		return "", fault.NewInvalid(fault.Field{Location: "kind", Code: check.Unknown})
	}
	if err := access.Require(a, ActionOf(kind)); err != nil {
		return "", err
	}
	if !contract.ValidID(a.PersonID) {
		return "", fault.NewForbidden("upload")
	}
	table, err := read(content)
	if err != nil {
		return "", err
	}
	h := head{Actor: a, Name: shownName(name), Columns: table.Columns()}
	h.Settings = Settings{Mapping: importer.Guess(kind, h.Columns), Source: sourceOf(kind, h.Name)}
	r := row{ID: contract.NewID[string](), PersonID: string(a.PersonID), Kind: kind, State: Draft, CreatedAt: u.now()}
	if err := u.sealHead(&r, h); err != nil {
		return "", err
	}
	r.Content = u.keys.Seal(content, contentOf(r.ID))
	return r.ID, u.store.insertRow(ctx, r)
}

// read reads a file of any columns.
func read(content []byte) (*tabular.Table, error) {
	if len(content) > MaxBytes {
		return nil, fault.NewInvalid(fault.Field{Location: "file", Code: "table_size", Args: map[string]any{"max": MaxBytes >> 20}})
	}
	table, err := tabular.Read(bytes.NewReader(content), tabular.Header{})
	if err != nil {
		return nil, refused(err)
	}
	switch rows := len(table.Rows) + len(table.Problems); {
	case rows > MaxRows:
		return nil, fault.NewInvalid(fault.Field{Location: "file", Code: "table_rows", Args: map[string]any{"max": MaxRows}})
	case rows == 0:
		return nil, fault.NewInvalid(fault.Field{Location: "file", Code: "table_empty"})
	}
	return table, nil
}

// refused tells why a file is no table, as a fault.
func refused(err error) error {
	field := fault.Field{Location: "file", Code: check.Malformed}
	if refusal, ok := err.(*tabular.Refusal); ok { //nolint:errorlint // tabular returns it unwrapped
		field = refusal.Field
	}
	return fault.NewInvalid(field).Because(err)
}

// shownName is the file's name without folders and what cannot be shown.
func shownName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(path.Base(strings.ReplaceAll(name, `\`, "/")), ""))
	runes := []rune(name)
	return string(runes[:min(len(runes), maxFileName)])
}

// sessionSource names every list of sessions, unless people give another name: what
// an agency counts stands in many tables, and is to be counted once.
const sessionSource = "table"

// sourceOf proposes the name of a list: that of its file without its ending, in
// the letters that a name of a list may have.
func sourceOf(kind importer.Kind, name string) string {
	if kind == importer.Sessions {
		return sessionSource
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r == ' ', r == '.':
			return '-'
		default:
			return -1
		}
	}, strings.ToLower(strings.TrimSuffix(name, path.Ext(name))))
	if name = strings.Trim(name[:min(len(name), 40)], "-_"); name == "" {
		return "list"
	}
	return name
}

func contentOf(id string) []byte { return []byte("upload content " + id) }
func headOf(id string) []byte    { return []byte("upload head " + id) }

func (u *Uploads) sealHead(r *row, h head) error {
	plain, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode upload: %w", err)
	}
	r.Head = u.keys.Seal(plain, headOf(r.ID))
	return nil
}

func (u *Uploads) head(r row) (h head, err error) {
	plain, err := u.keys.Open(r.Head, headOf(r.ID))
	if err != nil {
		return h, fmt.Errorf("open upload: %w", err)
	}
	if err := json.Unmarshal(plain, &h); err != nil {
		return h, fmt.Errorf("decode upload: %w", err)
	}
	return h, nil
}

// content returns what is kept of the rows; NotFound when that is over.
func (u *Uploads) content(r row) ([]byte, error) {
	if r.Content == nil {
		return nil, errRowsGone
	}
	plain, err := u.keys.Open(r.Content, contentOf(r.ID))
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	return plain, nil
}

// List returns the uploads of who acts, the latest first.
func (u *Uploads) List(ctx context.Context) ([]Upload, error) {
	rows, err := u.store.listRows(ctx, shownUploads)
	if err != nil {
		return nil, err
	}
	return u.shown(ctx, rows)
}

// Get returns an upload of who acts; NotFound when there is none.
func (u *Uploads) Get(ctx context.Context, id string) (Upload, error) {
	if !contract.ValidID(id) {
		return Upload{}, fault.NewNotFound("upload")
	}
	r, err := u.store.selectRow(ctx, id)
	if err != nil {
		return Upload{}, err
	}
	all, err := u.shown(ctx, []row{r})
	if err != nil {
		return Upload{}, err
	}
	return all[0], nil
}

// shown opens rows and counts their things.
func (u *Uploads) shown(ctx context.Context, rows []row) ([]Upload, error) {
	all, at := make([]Upload, len(rows)), map[string]*Upload{}
	ids := make([]string, len(rows))
	for i, r := range rows {
		h, err := u.head(r)
		if err != nil {
			return nil, err
		}
		all[i] = Upload{
			ID: r.ID, Kind: r.Kind, State: r.State, Name: h.Name, Columns: h.Columns, Settings: h.Settings, Things: r.Things,
			Counts: map[importer.Outcome]int{}, Refused: h.Refused, CreatedAt: r.CreatedAt.UTC(), MovedAt: r.MovedAt.UTC(),
		}
		ids[i], at[r.ID] = r.ID, &all[i]
	}
	counts, err := u.store.tallies(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, count := range counts {
		shown := at[count.UploadID]
		shown.Counts[count.Outcome] += count.Count
		switch count.Undone {
		case undoneWithdrawn:
			shown.Withdrawn += count.Count
		case undoneTouched:
			shown.Touched += count.Count
		}
	}
	return all, nil
}

// Set changes the settings of a draft; what its table does not have is left out.
func (u *Uploads) Set(ctx context.Context, id string, s Settings) error {
	return u.change(ctx, id, func(r *row, h *head) error {
		if r.State != Draft {
			return errNotDraft
		}
		var err error
		h.Settings, err = s.normal(r.Kind, h.Columns)
		return err
	})
}

// Start lets a worker take the table of a draft in, as who acts. A repeat changes
// nothing.
func (u *Uploads) Start(ctx context.Context, id string) error {
	things, err := u.countThings(ctx, id)
	if err != nil {
		return err
	}
	err = u.change(ctx, id, func(r *row, h *head) error {
		if r.State != Draft {
			return nil
		}
		a := contract.ActorFrom(ctx)
		if err := access.Require(a, ActionOf(r.Kind)); err != nil {
			return err
		}
		if h.Settings.Open {
			if err := access.Require(a, access.OpenAtOnce); err != nil {
				return err
			}
		}
		if h.Settings.Vouch {
			if err := access.Require(a, access.Vouch); err != nil {
				return err
			}
		}
		h.Actor, r.State, r.Things = a, Running, things
		return h.Settings.ready(r.Kind)
	})
	u.poke()
	return err
}

// countThings returns how many things a draft is made of; 0 for one that is none any
// more.
func (u *Uploads) countThings(ctx context.Context, id string) (n int, err error) {
	if !contract.ValidID(id) {
		return 0, fault.NewNotFound("upload")
	}
	r, err := u.store.selectRow(ctx, id)
	if err != nil || r.State != Draft {
		return 0, err
	}
	_, _, report, err := u.try(ctx, r)
	for _, count := range report.Counts.Things {
		n += count
	}
	return n, err
}

// Undo lets a worker take back what the upload created and nobody has worked on
// since. A repeat changes nothing.
func (u *Uploads) Undo(ctx context.Context, id string) error {
	err := u.change(ctx, id, func(r *row, h *head) error {
		switch r.State {
		case Undoing, Undone:
			return nil
		case Done:
			h.Actor, r.State = contract.ActorFrom(ctx), Undoing
			return nil
		default:
			return errNotDone
		}
	})
	u.poke()
	return err
}

// Drop forgets a draft. A repeat changes nothing.
func (u *Uploads) Drop(ctx context.Context, id string) error {
	if !contract.ValidID(id) {
		return fault.NewNotFound("upload")
	}
	return u.store.dropDraft(ctx, id)
}

func (u *Uploads) change(ctx context.Context, id string, fn func(*row, *head) error) error {
	if !contract.ValidID(id) {
		return fault.NewNotFound("upload")
	}
	return u.store.change(ctx, id, u.now(), func(r *row) error {
		h, err := u.head(*r)
		if err != nil {
			return err
		}
		if err := fn(r, &h); err != nil {
			return err
		}
		return u.sealHead(r, h)
	})
}

// options are how the importer takes an upload in.
func (u *Uploads) options(r row, h head) importer.Options {
	parsed, err := uuid.Parse(r.ID)
	o := importer.Options{
		Organisation: path.Base(h.Actor.Path), Source: h.Settings.Source, Open: h.Settings.Open, Vouch: h.Settings.Vouch, Concurrency: atOnce,
		Confirmed: h.Settings.Confirmed, Name: func(content string) string { return "row-" + u.keys.BlindIndex("row", content) },
	}
	if r.Kind == importer.Sessions {
		o.Name = nameOfSession
	}
	if err == nil {
		o.ID = func(name string) string { return thingID(parsed, name) }
	}
	return o
}

// nameOfSession names a row by its content, which is of nobody: the same in every
// table, and whatever the keys.
func nameOfSession(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "row-" + hex.EncodeToString(sum[:16])
}

// Purge forgets rows after a day, drafts among them, and after a month what was
// created from them. What is being taken in is never touched.
func (u *Uploads) Purge(ctx context.Context) error { return u.worker.purge(ctx, u.now()) }
