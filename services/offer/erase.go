package offer

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/vault"
)

var errErased = fault.NewConflict("erased", "the offer was erased")

// Erase forgets for good who offered and in which words: it withdraws what is live,
// destroys the key of the contact and deletes every text. What statistics need
// stays: ids, states, category, region, amounts. The helper's links end.
//
// The journal of erasures has the entry before anything is erased, so that no
// backup brings it back. Staff give a reason, which the audit chain alone keeps.
// A repeat returns the state that was reached.
func (s *Service) Erase(ctx context.Context, m contract.Move) (contract.Moved, error) {
	m = contract.Move{ID: m.ID, Move: moveErase, Reason: m.Reason}
	a := contract.ActorFrom(ctx)
	row, err := s.read(ctx, m.ID)
	if err != nil {
		return contract.Moved{}, err
	}
	if row.ErasedAt != nil {
		return afterErasure(m, row)
	}
	// The journal takes nothing back, so what is refused must not reach it.
	if err := mayErase(a, m.Reason); err != nil {
		return contract.Moved{}, err
	}
	entry := contract.RecordErasure{Thing: contract.ThingOffer, SubjectID: m.ID, Path: row.OrgPath, Reason: m.Reason}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryRecordErasure, entry); err != nil {
		return contract.Moved{}, fmt.Errorf("record erasure: %w", err)
	}
	return s.erase(ctx, m)
}

func mayErase(a contract.Actor, reason string) error {
	if err := access.Require(a, access.Erase); err != nil || !a.Staff() {
		return err
	}
	c := check.New(nil)
	c.Text("reason", reason, 1, maxTitle)
	return c.Err()
}

// erase makes the move and deletes what is personal, in one transaction.
//
// What is personal lies also where the one who asks does not see, such as in the
// answers kept for repeats, so it is the service's own work.
func (s *Service) erase(ctx context.Context, m contract.Move) (contract.Moved, error) {
	own := s.unwalled()
	return own.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		helper := r.row.HelperID
		if err := r.erase(newHand(contract.ActorFrom(ctx), s.now())); err != nil {
			return err
		}
		return own.store.erase(ctx, tx, r.row.ID, helper, s.now())
	})
}

// erase ends the record, ends its links and says that it is erased.
func (r *record) erase(h hand) error {
	if r.situation().Live() {
		holder := h
		holder.role = contract.RoleOfferer
		if err := r.move(holder, moveWithdraw, ""); err != nil {
			return err
		}
	}
	r.row.Title, r.row.Description = "", ""
	r.row.HelperID, r.row.Credentials.value = nil, credentials{}
	r.row.Generation++
	r.settle(h, moveErase, "")
	r.events[len(r.events)-1].Data.Erased = true
	return nil
}

// afterErasure answers a move of what was erased: repeating the erasure is
// harmless, anything else is refused.
func afterErasure(m contract.Move, row fullRow) (contract.Moved, error) {
	if m.Move != moveErase {
		return contract.Moved{}, errErased
	}
	return contract.Moved{ID: string(row.ID), State: string(row.State), Version: row.Version}, nil
}

// journal is that of erasures, followed here.
func (s *Service) journal() vault.Journal {
	return vault.Journal{DB: s.worker.db, Bus: s.bus, Thing: contract.ThingOffer, Erase: func(ctx context.Context, id string) error {
		_, err := s.erase(ctx, contract.Move{ID: id, Move: moveErase})
		return err
	}}
}

// adopt gives contacts of before there were keys of persons one each.
func (s *Service) adopt(ctx context.Context, log *slog.Logger) error {
	n, err := vault.Adopt(ctx, s.worker.db, s.keys, contract.ThingOffer)
	if err != nil && ctx.Err() == nil {
		log.Warn("could not give every contact a key of its own, trying again at the next start", "error", err)
	}
	if n > 0 {
		log.Info("contacts got keys of their own", "contacts", n)
	}
	return nil
}
