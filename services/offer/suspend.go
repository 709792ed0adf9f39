package offer

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/pg"
)

// Suspend has every offer of a helper rest because of a complaint, in all
// organisations, or lets them go on when it is lifted. What its people had set
// stays: an offer goes on as it was. Only a service on its own account may ask.
// A repeat changes nothing.
func (s *Service) Suspend(ctx context.Context, q contract.SuspendHelper) (contract.Empty, error) {
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return contract.Empty{}, errUnknown
	}
	c := check.New(nil)
	check.ID(c, "complaint_id", q.ComplaintID)
	check.ID(c, "offer_id", q.OfferID)
	if err := c.Err(); err != nil {
		return contract.Empty{}, err
	}
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error { return s.suspend(ctx, tx, q) })
	if err != nil {
		return contract.Empty{}, pg.MapContext(ctx, err)
	}
	s.relay.Wake()
	return contract.Empty{}, nil
}

func (s *Service) suspend(ctx context.Context, tx *sqlx.Tx, q contract.SuspendHelper) error {
	if q.HelperKey != "" {
		if err := s.worker.suspendPhone(ctx, tx, q, s.now()); err != nil {
			return err
		}
	}
	ids, err := s.worker.toSuspend(ctx, tx, q)
	if err != nil {
		return err
	}
	h := newHand(contract.System(), s.now())
	for _, id := range ids {
		row, err := s.worker.lockOffer(ctx, tx, id)
		if err != nil {
			return err
		}
		r := row.record()
		if q.Lift {
			r.reinstate(h, string(q.ComplaintID))
		} else {
			r.suspend(h, string(q.ComplaintID))
		}
		if err := s.save(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// restLikeOthers has an offer rest whose phone is suspended.
func (s *Service) restLikeOthers(ctx context.Context, tx *sqlx.Tx, r *record, phoneIndex *string) error {
	if phoneIndex == nil {
		return nil
	}
	complaints, err := s.store.suspensionsOf(ctx, tx, *phoneIndex)
	if err != nil {
		return err
	}
	r.suspend(newHand(contract.System(), s.now()), complaints...)
	return nil
}

// suspend notes the complaints that the offer is to rest for; those that it rests
// for already change nothing.
func (r *record) suspend(h hand, complaints ...string) {
	by := slices.Clone(r.row.SuspendedBy)
	for _, id := range complaints {
		if !slices.Contains(by, id) {
			by = append(by, id)
		}
	}
	if len(by) > len(r.row.SuspendedBy) {
		r.row.SuspendedBy = by
		r.settle(h, moveSuspend, "")
	}
}

func (r *record) reinstate(h hand, complaint string) {
	r.row.SuspendedBy = slices.DeleteFunc(slices.Clone(r.row.SuspendedBy), func(id string) bool { return id == complaint })
	r.settle(h, moveReinstate, "")
}
