package notify

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

const (
	maxPatterns    = 20
	maxDescription = 200
	// Codes of wrong patterns: keys below "invalid." in the catalogues.
	codeEvent     = "event"
	codeDuplicate = "duplicate"
)

// Register stores an endpoint of the actor's organisation and returns it, a
// webhook with its secret, this once. A webhook is active at once where the
// operator opened its address; to another, and to every robot, a verification
// event is on its way. Repeating it, under
// the same key or with the same id and content, gives the same answer and
// changes nothing.
func (s *Service) Register(ctx context.Context, q contract.WebhookDraft) (contract.Webhook, error) {
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ManageWebhooks); err != nil {
		return contract.Webhook{}, err
	}
	e, key, err := s.draft(ctx, a, q)
	if err != nil {
		return contract.Webhook{}, err
	}
	command := idempotency.Command{Key: q.Key, BodyHash: q.BodyHash, Now: s.now()}
	var w contract.Webhook
	err = s.store.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		w, _, err = idempotency.Within(ctx, tx, command, func() (contract.Webhook, error) { return s.insert(ctx, tx, e, key) })
		if err != nil {
			return err
		}
		// The answer is kept without the secret, which is stored sealed alone.
		w.Secret, err = s.unchangedSecret(ctx, tx, w)
		return err
	})
	if err != nil {
		return contract.Webhook{}, err
	}
	wake(s.webhooks.woken)
	return w, nil
}

// draft checks a draft and returns it as an endpoint of the actor's organisation,
// with what is sealed of it: a new secret, or what reaches a robot.
func (s *Service) draft(ctx context.Context, a contract.Actor, q contract.WebhookDraft) (endpointRecord, string, error) {
	c := check.New(nil)
	check.ID(c, "id", q.ID)
	q.Kind = cmp.Or(q.Kind, contract.KindWebhook)
	check.OneOf(c, "kind", q.Kind, contract.EndpointKinds())
	e := endpointRecord{
		ID: q.ID, OrgPath: a.Path, URL: strings.TrimSpace(q.URL), Patterns: normalPatterns(c, q.Events),
		Description: strings.TrimSpace(q.Description), Version: 1, CreatedAt: s.now(), notices: noticesOf(c, q.Kind, q.NoticeTimes),
	}
	c.Text("description", e.Description, 0, maxDescription)
	e.State = stateUnverified
	opened := s.guard.checkURL(ctx, c, e.URL)
	if q.Kind.Robot() {
		return sealRobot(c, e, robotKey{URL: e.URL, Secret: strings.TrimSpace(q.Secret)}, opened)
	}
	if q.Secret != "" {
		c.Add("secret", codeNotAllowed)
	}
	if e.Exempt = opened; opened {
		e.State = stateActive
	}
	return e, newSecret(), c.Err()
}

// sealRobot checks what reaches a robot and returns the endpoint with what may be
// shown of it, and the key as it is sealed. A robot proves itself wherever it is:
// by taking a message.
func sealRobot(c *check.Checker, e endpointRecord, key robotKey, opened bool) (endpointRecord, string, error) {
	if _, known := vendors[e.Kind]; known {
		checkRobot(c, e.Kind, key, opened)
	}
	if err := c.Err(); err != nil {
		return e, "", err
	}
	e.URL = shownURL(key.URL)
	sealed, err := json.Marshal(key) //nolint:gosec // it is sealed before it is stored
	if err != nil {
		return e, "", fmt.Errorf("encode the key of a robot: %w", err)
	}
	return e, string(sealed), nil
}

// normalPatterns returns the patterns as they are stored and reports wrong ones.
func normalPatterns(c *check.Checker, events []string) []string {
	patterns := []string{}
	if !c.Size("events", len(events), 1, maxPatterns) {
		return patterns
	}
	for i, event := range events {
		pattern, ok := normalPattern(event)
		switch {
		case !ok:
			c.Add(check.At("events", i, ""), codeEvent)
		case slices.Contains(patterns, pattern):
			c.Add(check.At("events", i, ""), codeDuplicate)
		}
		patterns = append(patterns, pattern)
	}
	return patterns
}

// insert stores an endpoint with its first secret and, where proof is asked,
// its first verification event. An equal one that is there is returned.
func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, e endpointRecord, key string) (contract.Webhook, error) {
	fresh, err := s.store.insertEndpoint(ctx, tx, e)
	if err != nil {
		return contract.Webhook{}, err
	}
	if !fresh {
		return s.repeated(ctx, tx, e, key)
	}
	if err := s.store.insertSecret(ctx, tx, e.ID, s.seal(e.ID, key), time.Time{}); err != nil {
		return contract.Webhook{}, err
	}
	if e.State == stateUnverified {
		if _, err := s.probe(ctx, tx, e, typeVerify); err != nil {
			return contract.Webhook{}, err
		}
	}
	return e.view(), nil
}

// repeated returns the endpoint that has the id already, if it was registered
// with the same content by the same organisation.
func (s *Service) repeated(ctx context.Context, tx *sqlx.Tx, e endpointRecord, key string) (contract.Webhook, error) {
	there, err := s.store.selectEndpoint(ctx, tx, e.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return contract.Webhook{}, err
	}
	same := err == nil && there.State != stateRemoved && there.OrgPath == e.OrgPath && there.URL == e.URL &&
		there.Description == e.Description && slices.Equal(there.Patterns, e.Patterns) && there.notices == e.notices
	if same && e.Kind.Robot() {
		// What is shown of an address does not tell it from another.
		known, err := s.firstKey(ctx, tx, e.ID)
		if err != nil {
			return contract.Webhook{}, err
		}
		same = known == key
	}
	if !same {
		return contract.Webhook{}, fault.NewConflict("id_taken", "this id is taken by another webhook")
	}
	return there.view(), nil
}

// unchangedSecret returns the secret that a webhook was registered with; the
// empty text once it was rotated or removed, and for a robot, whose key is never
// shown.
func (s *Service) unchangedSecret(ctx context.Context, tx *sqlx.Tx, w contract.Webhook) (string, error) {
	if w.Kind.Robot() {
		return "", nil
	}
	return s.firstKey(ctx, tx, w.ID)
}

// firstKey returns what was sealed when an endpoint was registered; the empty
// text once it is no longer the newest.
func (s *Service) firstKey(ctx context.Context, tx *sqlx.Tx, id contract.EndpointID) (string, error) {
	sealed, err := s.store.firstSecret(ctx, tx, id)
	if err != nil || sealed == nil {
		return "", err
	}
	secrets, err := s.openSecrets(id, [][]byte{sealed})
	if err != nil {
		return "", err
	}
	return secrets[0], nil
}
