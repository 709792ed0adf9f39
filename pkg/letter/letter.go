// Package letter owns the calls about the dead letters of a service: to list, to
// handle again and to drop what pkg/inbox and pkg/outbox put aside. It never looks
// into a message, and records in the audit chain what was done.
package letter

import (
	"context"
	"errors"
	"fmt"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/inbox"
	"heli/pkg/pg"
)

// maxReason bounds why letters are dropped.
const maxReason = 2000

// Desk is the dead letters of one service and how they are handled again.
type Desk struct {
	Service string
	DB      *pg.DB // the worker's: letters belong to no organisation
	Bus     *bus.Bus
	// Handlers are the consumers', by name; Republish takes those of the outbox,
	// nil in a service that speaks no facts.
	Handlers  map[string]inbox.Handler
	Republish func(ctx context.Context, id int64) error
}

// Answer answers the calls about a service's dead letters, to administrators
// of the top organisation alone: letters are the whole installation's.
func Answer(server *bus.Server, d Desk) error {
	calls := contract.DeadLettersOf(d.Service)
	return errors.Join(
		bus.Handle(server, calls.List, d.list),
		bus.Handle(server, calls.Replay, d.replay),
		bus.Handle(server, calls.Drop, d.drop),
	)
}

func mayHandle(ctx context.Context) error {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReplayDeadLetters); err != nil {
		return err
	}
	if !actor.Sees(contract.RootPath) {
		return fault.NewForbidden("handle the dead letters of the installation")
	}
	return nil
}

func (d Desk) list(ctx context.Context, q contract.ListDeadLetters) (contract.DeadLetters, error) {
	answer := contract.DeadLetters{Items: []contract.DeadLetter{}}
	if err := mayHandle(ctx); err != nil {
		return answer, err
	}
	letters, err := inbox.List(ctx, d.DB, q.Before, contract.MaxDeadLetters)
	if err != nil {
		return answer, err
	}
	for _, letter := range letters {
		answer.Items = append(answer.Items, contract.DeadLetter{
			ID: letter.ID, Consumer: letter.Consumer, EventID: letter.EventID, Subject: letter.Subject, Reason: letter.Reason,
			Tries: letter.Tries, CreatedAt: letter.CreatedAt.UTC(),
		})
	}
	answer.Count, err = inbox.Count(ctx, d.DB)
	return answer, err
}

// replay handles letters again, each for itself. That is recorded first.
func (d Desk) replay(ctx context.Context, q contract.ReplayDeadLetters) (contract.ReplayedLetters, error) {
	answer := contract.ReplayedLetters{Items: []contract.ReplayedLetter{}}
	if err := mayHandle(ctx); err != nil {
		return answer, err
	}
	v := check.New(nil)
	v.Size("ids", len(q.IDs), 1, contract.MaxDeadLetters)
	if err := v.Err(); err != nil {
		return answer, err
	}
	if err := d.record(ctx, contract.ActReplayLetters(d.Service), ""); err != nil {
		return answer, err
	}
	consumers, err := inbox.Consumers(ctx, d.DB, q.IDs)
	if err != nil {
		return answer, err
	}
	for _, id := range q.IDs {
		one := contract.ReplayedLetter{ID: id}
		if err := d.replayOne(ctx, id, consumers[id]); err != nil {
			one.Problem = fault.As(err).Code
		}
		answer.Items = append(answer.Items, one)
	}
	return answer, ctx.Err()
}

func (d Desk) replayOne(ctx context.Context, id int64, consumer string) error {
	if handler, ok := d.Handlers[consumer]; ok {
		// The service handles facts on its own account, whoever asks for it.
		return inbox.Replay(contract.WithActor(ctx, contract.System()), d.DB, id, handler)
	}
	if consumer != "" && d.Republish != nil {
		return d.Republish(ctx, id)
	}
	return fault.NewNotFound("dead letter")
}

// drop forgets letters; who did and why is recorded first.
func (d Desk) drop(ctx context.Context, q contract.DropDeadLetters) (contract.Empty, error) {
	if err := mayHandle(ctx); err != nil {
		return contract.Empty{}, err
	}
	v := check.New(nil)
	v.Size("ids", len(q.IDs), 1, contract.MaxDeadLetters)
	v.Text("reason", q.Reason, 1, maxReason)
	if err := v.Err(); err != nil {
		return contract.Empty{}, err
	}
	if err := d.record(ctx, contract.ActDropLetters(d.Service), q.Reason); err != nil {
		return contract.Empty{}, err
	}
	return contract.Empty{}, inbox.Drop(ctx, d.DB, q.IDs)
}

func (d Desk) record(ctx context.Context, act contract.Act, reason string) error {
	_, err := bus.Call(ctx, d.Bus, contract.DirectoryAudit, contract.AuditEntry{
		Key: contract.NewID[string](), Action: act, SubjectID: d.Service, Path: contract.RootPath, Reason: reason,
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", act.Code(), err)
	}
	return nil
}
