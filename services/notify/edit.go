package notify

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
)

// errTried says that an answer from the former address may still count: whoever
// answers there must not prove the new one.
var errTried = fault.NewConflict("endpoint_tried", "the endpoint is being tried at this moment; change it again in a minute")

// Edit changes what an endpoint hears of, what it is for, and where it is. A new
// address, which of a robot is its key, proves itself as the first one did; until
// then what is due waits, and what comes joins it. The change joins the audit chain
// before it is made. A version that is not the newest is a conflict; repeating it
// under its key gives the first answer.
func (s *Service) Edit(ctx context.Context, q contract.EditWebhook) (contract.Webhook, error) {
	before, err := s.read(ctx, q.ID)
	if err != nil {
		return contract.Webhook{}, err
	}
	edit, err := s.edited(ctx, before, q)
	if err != nil {
		return contract.Webhook{}, err
	}
	if before.Version == q.Version { // else it is a repeat, or a conflict
		if err := s.auditEdit(ctx, before, q); err != nil {
			return contract.Webhook{}, err
		}
	}
	command := idempotency.Command{Key: q.Key, BodyHash: q.BodyHash, Now: s.now()}
	var w contract.Webhook
	err = s.change(ctx, q.ID, func(tx *sqlx.Tx, e *endpointRecord) (err error) {
		w, _, err = idempotency.Within(ctx, tx, command, func() (contract.Webhook, error) {
			if e.Version != q.Version || before.Version != q.Version {
				return contract.Webhook{}, fault.NewConflict("stale_version", "the endpoint has changed; read it again")
			}
			if !edit.moved {
				edit.after.health = e.health // attempts change it meanwhile
			}
			return edit.after.view(), s.storeEdit(ctx, tx, edit)
		})
		return err
	})
	if err != nil {
		return contract.Webhook{}, err
	}
	wake(s.webhooks.woken)
	return w, nil
}

// edit is an endpoint as it is to be.
type edit struct {
	after endpointRecord
	moved bool   // to another address
	key   string // of a robot, to be sealed; empty where it stays
}

func (s *Service) edited(ctx context.Context, before endpointRecord, q contract.EditWebhook) (edit, error) {
	c, e := check.New(nil), edit{after: before}
	e.after.Version++
	if q.Events != nil {
		e.after.Patterns = normalPatterns(c, q.Events)
	}
	if q.Description != nil {
		e.after.Description = strings.TrimSpace(*q.Description)
		c.Text("description", e.after.Description, 0, maxDescription)
	}
	if q.URL != nil {
		return s.moved(ctx, c, e, q)
	}
	if q.Secret != "" { // it is replaced together with the address that it belongs to
		c.Add("url", check.Required)
	}
	return e, c.Err()
}

// moved puts an endpoint at another address, which has to prove itself unless the
// operator opened it. How the former one did says nothing of this one.
func (s *Service) moved(ctx context.Context, c *check.Checker, e edit, q contract.EditWebhook) (edit, error) {
	former, address := e.after, strings.TrimSpace(*q.URL)
	opened := s.guard.checkURL(ctx, c, address)
	if former.Kind.Robot() {
		var err error
		e.after, e.key, err = sealRobot(c, former, robotKey{URL: address, Secret: strings.TrimSpace(q.Secret)}, opened)
		if err != nil {
			return e, err
		}
		opened = false // a robot proves itself wherever it is
	} else {
		if q.Secret != "" {
			c.Add("secret", codeNotAllowed)
		}
		if e.after.URL = address; address == former.URL {
			return e, c.Err()
		}
		e.after.Exempt = opened
	}
	e.moved = true
	e.after.Moved = former.State == stateActive || former.Moved
	e.after.health = health{State: stateUnverified}
	if opened {
		e.after.State = stateActive
	}
	return e, c.Err()
}

// storeEdit stores an endpoint as it is to be. Of a moved one no former proof goes
// on: what waits is dead, and one under way is waited for.
func (s *Service) storeEdit(ctx context.Context, tx *sqlx.Tx, e edit) error {
	if e.moved {
		tried, err := s.store.dropProofs(ctx, tx, e.after.ID, s.now())
		if err != nil {
			return err
		}
		if tried {
			return errTried
		}
	}
	if err := s.store.editEndpoint(ctx, tx, e.after); err != nil {
		return err
	}
	if e.key != "" { // the former key is the robot's no more
		if err := s.store.insertSecret(ctx, tx, e.after.ID, s.seal(e.after.ID, e.key), s.now()); err != nil {
			return err
		}
	}
	if !e.moved || e.after.State == stateActive {
		return nil
	}
	_, err := s.probe(ctx, tx, e.after, typeVerify)
	return err
}

func (s *Service) auditEdit(ctx context.Context, e endpointRecord, q contract.EditWebhook) error {
	if err := access.Require(contract.ActorFrom(ctx), access.ManageWebhooks); err != nil {
		return err
	}
	entry := contract.AuditEntry{
		Key: "endpoint " + q.Key, Action: contract.ActEditEndpoint, SubjectID: string(e.ID), Path: e.OrgPath, Reason: whatChanged(q),
	}
	if q.Key == "" {
		entry.Key = contract.NewID[string]()
	}
	if q.URL != nil {
		entry.Action = contract.ActMoveEndpoint
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return fmt.Errorf("record a change of an endpoint: %w", err)
	}
	return nil
}

// whatChanged names what is changed, for the audit chain: events by their names, of
// the rest nothing that somebody typed.
func whatChanged(q contract.EditWebhook) string {
	var parts []string
	if q.URL != nil {
		parts = append(parts, "address")
	}
	if q.Events != nil {
		parts = append(parts, "events "+strings.Join(q.Events, " "))
	}
	if q.Description != nil {
		parts = append(parts, "description")
	}
	return strings.Join(parts, ", ")
}
