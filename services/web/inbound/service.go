package inbound

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"heli/pkg/access"
	"heli/pkg/app"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/importer"
	"heli/pkg/seal"
	"heli/services/web/intake"
)

const (
	shownForms = 200
	shownPosts = 100
)

// Forms keeps forms and takes their posts. It is safe for concurrent use; Run takes
// up what a crash left.
type Forms struct {
	store  store // as who acts
	worker store
	bus    *bus.Bus
	keys   *seal.Keys
	ref    *app.Reference
	intake *intake.Intake
	now    func() time.Time
	log    *slog.Logger
	posts  *httprate.RateLimiter // by form
	wrong  *httprate.RateLimiter // wrong proofs, by form and sender
}

// New returns the forms over the deps of web; the intake passes on what they bring.
func New(d app.Deps, i *intake.Intake) *Forms {
	quiet := httprate.WithResponseHeaders(httprate.ResponseHeaders{})
	return &Forms{
		store: store{d.DB}, worker: store{d.Worker}, bus: d.Bus, keys: d.Keys, ref: d.Reference, intake: i, now: d.Clock,
		log: d.Log.With("part", "inbound"), posts: httprate.NewRateLimiter(mostPerMin, time.Minute, quiet),
		wrong: httprate.NewRateLimiter(wrongPerMin, time.Minute, quiet),
	}
}

// secrets are those by which a form's posts are genuine.
type secrets struct {
	Now         string    `json:"now"`
	Former      string    `json:"former,omitempty"`
	FormerUntil time.Time `json:"former_until,omitzero"`
}

// at returns those that count at a moment.
func (s secrets) at(now time.Time) []string {
	if s.Former != "" && now.Before(s.FormerUntil) {
		return []string{s.Now, s.Former}
	}
	return []string{s.Now}
}

// SecretsOf is the associated data with which the secrets of a form are sealed, for
// the change of an installation's keys.
func SecretsOf(id string) []byte { return []byte("inbound secrets " + id) }

func (f *Forms) sealSecrets(id string, s secrets) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode secrets: %w", err)
	}
	return f.keys.Seal(plain, SecretsOf(id)), nil
}

func (f *Forms) openSecrets(row formRow) (s secrets, err error) {
	plain, err := f.keys.Open(row.Secrets, SecretsOf(row.ID))
	if err != nil {
		return s, fmt.Errorf("open secrets: %w", err)
	}
	if err := json.Unmarshal(plain, &s); err != nil {
		return s, fmt.Errorf("decode secrets: %w", err)
	}
	return s, nil
}

func documentOf(row formRow) (d document, err error) {
	if err := json.Unmarshal(row.Settings, &d); err != nil {
		return d, fmt.Errorf("decode form: %w", err)
	}
	return d, nil
}

func (row *formRow) keep(d document) (err error) {
	if row.Settings, err = json.Marshal(d); err != nil {
		return fmt.Errorf("encode form: %w", err)
	}
	return nil
}

func shown(row formRow) (Form, error) {
	d, err := documentOf(row)
	return Form{
		ID: row.ID, Organisation: path.Base(row.OrgPath), Kind: row.Kind, Settings: d.Settings, Version: row.Version, Keys: d.Keys,
		Disabled: row.DisabledAt != nil, CreatedAt: row.CreatedAt.UTC(), Waiting: row.Waiting, LastAt: row.LastAt,
	}, err
}

// Create makes a form of the organisation of who acts, and returns it with its
// secret, which is not shown again. Invalid lists every wrong field.
func (f *Forms) Create(ctx context.Context, kind importer.Kind, s Settings) (Form, string, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ManageForms); err != nil {
		return Form{}, "", err
	}
	if !slices.Contains(Kinds(), kind) {
		return Form{}, "", fault.NewInvalid(fault.Field{Location: "kind", Code: check.Unknown})
	}
	s, err := s.normal(kind)
	if err != nil {
		return Form{}, "", err
	}
	secret := newSecret()
	row := formRow{ID: contract.NewID[string](), OrgPath: a.Path, Kind: kind, Version: 1, CreatedAt: f.now()}
	if err := row.keep(document{Settings: s, Consents: consents(nil, s.Consent, 1)}); err != nil {
		return Form{}, "", err
	}
	if row.Secrets, err = f.sealSecrets(row.ID, secrets{Now: secret}); err != nil {
		return Form{}, "", err
	}
	if err := f.store.insertForm(ctx, row); err != nil {
		return Form{}, "", err
	}
	form, err := shown(row)
	return form, secret, err
}

// consents are the texts that people were told, with the one of a version.
func consents(before map[string]string, text string, version int64) map[string]string {
	if text == "" {
		return before
	}
	if before == nil {
		before = map[string]string{}
	}
	before[strconv.FormatInt(version, 10)] = text
	return before
}

// List returns the forms that who acts may manage, those in use first.
func (f *Forms) List(ctx context.Context) ([]Form, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.ManageForms); err != nil {
		return nil, err
	}
	rows, err := f.store.listForms(ctx, shownForms)
	if err != nil {
		return nil, err
	}
	forms := make([]Form, len(rows))
	for i, row := range rows {
		if forms[i], err = shown(row); err != nil {
			return nil, err
		}
	}
	return forms, nil
}

// Get returns a form that who acts may manage; NotFound when there is none.
func (f *Forms) Get(ctx context.Context, id string) (Form, error) {
	row, err := f.row(ctx, id)
	if err != nil {
		return Form{}, err
	}
	return shown(row)
}

func (f *Forms) row(ctx context.Context, id string) (formRow, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.ManageForms); err != nil {
		return formRow{}, err
	}
	if !contract.ValidID(id) {
		return formRow{}, errUnknownForm
	}
	return f.store.selectForm(ctx, id)
}

// Set changes the settings of a form at the version that was read; another one is a
// Conflict.
func (f *Forms) Set(ctx context.Context, id string, version int64, s Settings) error {
	return f.change(ctx, id, func(row *formRow) error {
		if row.Version != version {
			return fault.NewConflict("changed_meanwhile", "somebody else has changed the form")
		}
		d, err := documentOf(*row)
		if err != nil {
			return err
		}
		if s, err = s.normal(row.Kind); err != nil {
			return err
		}
		row.Version++
		if s.Consent != d.Consent {
			d.Consents = consents(d.Consents, s.Consent, row.Version)
		}
		d.Settings = s
		return row.keep(d)
	})
}

// Rotate gives a form another secret and returns it; the one before counts for a day.
func (f *Forms) Rotate(ctx context.Context, id string) (secret string, err error) {
	secret = newSecret()
	return secret, f.change(ctx, id, func(row *formRow) error {
		before, err := f.openSecrets(*row)
		if err != nil {
			return err
		}
		row.Secrets, err = f.sealSecrets(id, secrets{Now: secret, Former: before.Now, FormerUntil: f.now().Add(formerKept)})
		return err
	})
}

// Enable lets a form take posts, or not. A repeat changes nothing.
func (f *Forms) Enable(ctx context.Context, id string, enabled bool) error {
	return f.change(ctx, id, func(row *formRow) error {
		now := f.now()
		switch {
		case enabled:
			row.DisabledAt = nil
		case row.DisabledAt == nil:
			row.DisabledAt = &now
		}
		return nil
	})
}

func (f *Forms) change(ctx context.Context, id string, fn func(*formRow) error) error {
	if err := access.Require(contract.ActorFrom(ctx), access.ManageForms); err != nil {
		return err
	}
	if !contract.ValidID(id) {
		return errUnknownForm
	}
	return f.store.changeForm(ctx, id, fn)
}

// Purge forgets posts that nobody looked at for a month, and after three the names
// by which repeats are known.
func (f *Forms) Purge(ctx context.Context) error { return f.worker.purge(ctx, f.now()) }
