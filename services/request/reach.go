package request

import (
	"context"
	"fmt"
	"slices"

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

// Reach returns the one address to which a message about the request may go now,
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
	q.Critical = q.Critical || row.Urgency == contract.Critical
	answer, err := reach.Decide(person, q, s.now(), func() (contract.Contact, error) {
		entry := contract.AuditEntry{Key: q.Key, Action: contract.ActReachRequester, SubjectID: q.ID, Path: row.OrgPath, Reason: q.Reason}
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
	answer.Discreet, err = s.discreet(row)
	return answer, err
}

// discreet reports whether a message must lead nobody else to what was asked for:
// of a sensitive kind, by somebody in danger at home, or with hours that are safe.
func (s *Service) discreet(row fullRow) (bool, error) {
	ref, err := s.reference.Get()
	if err != nil {
		return false, err
	}
	sensitive := func(l lineRow) bool {
		category, known := ref.Category(l.Category)
		return !known || category.Sensitive
	}
	return row.Contact.SafeHours != nil || slices.Contains(row.Vulnerability, "violence") || len(row.riskNames()) > 0 ||
		slices.ContainsFunc(row.Lines.value, sensitive), nil
}

func (s *Service) reachable(ctx context.Context, id string) (fullRow, error) {
	if contract.ActorFrom(ctx).Role != contract.RoleSystem || !contract.ValidID(id) {
		return fullRow{}, errUnknown
	}
	row, err := s.worker.selectRequest(ctx, s.worker.db, contract.RequestID(id))
	return row, pg.MapContext(ctx, missing(err))
}

// Bounced notes that mail does not arrive, for those who look after the request;
// an address that was corrected meanwhile stays as it is. A repeat changes nothing.
func (s *Service) Bounced(ctx context.Context, q contract.Bounced) (contract.Empty, error) {
	if _, err := s.reachable(ctx, q.ID); err != nil {
		return contract.Empty{}, err
	}
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.worker.lockRequest(ctx, tx, contract.RequestID(q.ID))
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

// ChooseDigest has the person of the request be told of what may wait as it comes, or
// in one summary a day: by their own token alone. What waits already comes when it
// would have come. It is no change of the request, and no fact. A repeat changes nothing.
func (s *Service) ChooseDigest(ctx context.Context, q contract.ChooseDigest) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if a.Role != contract.RoleRequester {
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
	return contract.Empty{}, pg.MapContext(ctx, missing(s.store.updateDigest(ctx, contract.RequestID(q.ID), q.Digest)))
}
