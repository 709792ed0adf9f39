package offer

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contact"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reach"
)

// kindPerson separates digests of addresses from other values under a blind index.
const kindPerson = "person"

// Reach returns the one address to which a message about the offer may go now,
// to a service on its own account: once the directory has kept the reading, and
// only where the person wants messages and is awake. Else it says why not, or when.
func (s *Service) Reach(ctx context.Context, q contract.AskReach) (contract.Reach, error) {
	row, err := s.reachable(ctx, q.ID)
	if err != nil {
		return contract.Reach{}, err
	}
	person := reach.Person{
		Consent: row.consent(), Erased: row.ErasedAt != nil, MailBounces: row.Bounces,
		SafeHours: row.Contact.SafeHours != nil, Zone: row.TimeZone, Digest: row.Digest,
	}
	answer, err := reach.Decide(person, q, s.now(), func() (contract.Contact, error) {
		entry := contract.AuditEntry{Key: q.Key, Action: contract.ActReachHelper, SubjectID: q.ID, Path: row.OrgPath, Reason: q.Reason}
		if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
			return contract.Contact{}, fmt.Errorf("record reading of a contact: %w", err)
		}
		return contact.Open(s.keys, q.ID, row.Contact)
	})
	if err != nil {
		return contract.Reach{}, err
	}
	if answer.Address != "" {
		answer.Person = s.keys.BlindIndex(kindPerson, answer.Address)
	}
	answer.Language, answer.Languages, answer.Generation = row.Language, row.Languages, row.Generation
	answer.Code, answer.State, answer.Path = row.Code, string(row.State), row.OrgPath
	return answer, nil
}

func (s *Service) reachable(ctx context.Context, id string) (fullRow, error) {
	if contract.ActorFrom(ctx).Role != contract.RoleSystem || !contract.ValidID(id) {
		return fullRow{}, errUnknown
	}
	row, err := s.worker.selectOffer(ctx, s.worker.db, contract.OfferID(id))
	return row, pg.MapContext(ctx, missing(err))
}

// Bounced notes that mail does not arrive, for those who look after the offer;
// an address that was corrected meanwhile stays as it is. A repeat changes nothing.
func (s *Service) Bounced(ctx context.Context, q contract.Bounced) (contract.Empty, error) {
	if _, err := s.reachable(ctx, q.ID); err != nil {
		return contract.Empty{}, err
	}
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.worker.lockOffer(ctx, tx, contract.OfferID(q.ID))
		if err != nil || row.Bounces || row.ErasedAt != nil {
			return missing(err)
		}
		clear, err := contact.Open(s.keys, q.ID, row.Contact)
		if err != nil || s.keys.BlindIndex(kindPerson, clear.Email) != q.Person {
			return err
		}
		return s.worker.updateBounced(ctx, tx, row.ID, s.now())
	})
	if fault.Is(err, fault.NotFound) {
		return contract.Empty{}, errUnknown
	}
	return contract.Empty{}, err
}

// ChooseDigest has the helper of the offer be told of what may wait as it comes, or
// in one summary a day, in all their offers: by their own token alone. What waits already comes when it
// would have come. It is no change of the offer, and no fact. A repeat changes nothing.
func (s *Service) ChooseDigest(ctx context.Context, q contract.ChooseDigest) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if a.Role != contract.RoleOfferer {
		return contract.Empty{}, fault.NewForbidden("choose_digest")
	}
	c := check.New(nil)
	check.OneOf(c, "digest", q.Digest, []contract.Digest{contract.DigestNone, contract.DigestDaily})
	if err := c.Err(); err != nil {
		return contract.Empty{}, err
	}
	if !contract.ValidID(q.ID) || !a.SpeaksFor(q.ID) {
		return contract.Empty{}, errUnknown
	}
	return contract.Empty{}, pg.MapContext(ctx, missing(s.store.updateDigest(ctx, contract.OfferID(q.ID), q.Digest)))
}
