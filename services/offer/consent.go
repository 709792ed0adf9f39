package offer

import (
	"context"

	"github.com/jmoiron/sqlx"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// moveConsent changes no stage.
const moveConsent = "consent"

// errNoConsent keeps a contact from whoever its owner does not want to have it.
var errNoConsent = fault.NewConflict("consent_withdrawn", "the consent to give the contact away was withdrawn")

// ChangeConsent withdraws the consent to give the contact to the other side, or to
// get messages, or gives it again: by the token of its owner alone. From then on
// it is released to nobody, whatever was released before, or nothing more is
// sent. A repeat changes nothing.
func (s *Service) ChangeConsent(ctx context.Context, q contract.ChangeConsent) (contract.Moved, error) {
	a := contract.ActorFrom(ctx)
	if a.Role != contract.RoleOfferer {
		return contract.Moved{}, fault.NewForbidden(moveConsent)
	}
	if q.Purpose != contract.PurposeContact && q.Purpose != contract.PurposeMessages {
		return contract.Moved{}, fault.NewInvalid(fault.Field{Location: "purpose", Code: "unknown"})
	}
	m := contract.Move{ID: q.ID, Move: moveConsent}
	return s.change(ctx, m, func(tx *sqlx.Tx, _ *fullRow, r *record) error {
		if r.row.consent().Has(q.Purpose) == q.Given {
			return nil
		}
		r.consent(newHand(a, s.now()), q.Purpose, q.Given)
		return s.store.updateConsent(ctx, tx, r.row)
	})
}

func (r *record) consent(h hand, purpose string, given bool) {
	code := "withdrawn"
	if given {
		code = "given"
	}
	r.row.ConsentPurposes = r.row.consent().With(purpose, given).Purposes
	r.settle(h, moveConsent, code)
}
