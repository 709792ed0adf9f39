package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// MakeAPIKey makes a key in an organisation that the actor administers. The key
// is shown here and never again; a repeat under the same id is a conflict.
func (s *Service) MakeAPIKey(ctx context.Context, q contract.MakeAPIKey) (contract.MadeAPIKey, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManageKeys); err != nil {
		return contract.MadeAPIKey{}, err
	}
	if err := checkAPIKey(q, s.now()); err != nil {
		return contract.MadeAPIKey{}, err
	}
	made := contract.MadeAPIKey{ID: q.ID, Key: newKey(), ExpiresAt: s.now().Add(keyLife)}
	if made.ID == "" {
		made.ID = contract.NewID[contract.APIKeyID]()
	}
	if q.ExpiresAt != nil {
		made.ExpiresAt = q.ExpiresAt.UTC().Truncate(time.Microsecond)
	}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		organisation, err := s.visible(ctx, tx, actor, q.Organisation)
		if err != nil {
			return err
		}
		if !grants(actor, q.Role, organisation.Path) || !within(actor, q.Actions) {
			return errNotGranted
		}
		err = s.store.insertAPIKey(ctx, tx, apiKeyRow{
			ID: string(made.ID), OrganisationID: organisation.ID, Name: q.Name, Role: q.Role, Scope: strings.Join(q.Actions, " "),
			Hash: hashSecret(made.Key), CreatedAt: s.now(), ExpiresAt: made.ExpiresAt,
		})
		if err != nil {
			return err
		}
		entry := newAuditEntry(contract.ActMakeAPIKey, string(made.ID))
		entry.Reason = roleText(q.Role, organisation.Code)
		return s.record(ctx, tx, organisation.ID, entry)
	})
	if err != nil {
		return contract.MadeAPIKey{}, err
	}
	return made, nil
}

// within reports whether a scoped key makes no key that may do more.
func within(actor contract.Actor, actions []string) bool {
	return actor.Scope == "" || len(actions) > 0 && !slices.ContainsFunc(actions, func(a string) bool { return !actor.InScope(a) })
}

// APIKeys lists the keys at or below the actor's organisation that were not
// revoked, the newest first. Expired ones are among them.
func (s *Service) APIKeys(ctx context.Context, q contract.ListAPIKeys) (contract.Listing[contract.APIKey], error) {
	answer := contract.Listing[contract.APIKey]{Items: []contract.APIKey{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManageKeys); err != nil {
		return answer, err
	}
	limit, after, err := pageOf[contract.APIKeyID](q.Page)
	if err != nil {
		return answer, err
	}
	rows, err := s.store.listAPIKeys(ctx, actor.Sight(), string(after), limit+1)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		answer.NextCursor = cursor.Encode(rows[limit-1].ID)
	}
	for _, row := range rows {
		answer.Items = append(answer.Items, row.message())
	}
	return answer, nil
}

// pageOf returns how many rows are asked for, after which id.
func pageOf[T ~string](p contract.Page) (limit int, after T, err error) {
	if limit, err = cursor.Limit(p.Limit); err != nil {
		return 0, "", err
	}
	if given, err := cursor.Decode(p.Cursor, &after); err != nil || given && !contract.ValidID(after) {
		return 0, "", fault.NewInvalid(fault.Field{Location: "cursor", Code: "malformed"}).Because(err)
	}
	return limit, after, nil
}

// Revoke ends a person's or a key's right to act, at once and for good. A
// repeat changes nothing.
func (s *Service) Revoke(ctx context.Context, q contract.RevokeIdentity) (contract.Empty, error) {
	actor := contract.ActorFrom(ctx)
	action, revoke, sees := access.ManagePeople, s.revokePerson, func() error { return s.seesPerson(ctx, q.PersonID) }
	if q.APIKeyID != "" {
		action, revoke, sees = access.ManageKeys, s.revokeAPIKey, func() error { return s.seesAPIKey(ctx, q.APIKeyID) }
	}
	if err := access.Require(actor, action); err != nil {
		return contract.Empty{}, err
	}
	if (q.PersonID == "") == (q.APIKeyID == "") {
		return contract.Empty{}, fault.NewInvalid(fault.Field{Location: "person_id", Code: "required"})
	}
	if err := sees(); err != nil {
		return contract.Empty{}, err
	}
	revoked := false
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		revoked, err = revoke(ctx, tx, actor, q)
		return err
	})
	if err == nil && revoked {
		s.tell(contract.IdentityChanged, contract.Empty{})
	}
	return contract.Empty{}, err
}

// seesAPIKey is seesPerson for a key.
func (s *Service) seesAPIKey(ctx context.Context, id contract.APIKeyID) error {
	if !contract.ValidID(id) {
		return fault.NewNotFound("api key")
	}
	_, err := s.store.selectAPIKey(ctx, s.store.db, id)
	return pg.MapContext(ctx, err)
}

func (s *Service) revokeAPIKey(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.RevokeIdentity) (bool, error) {
	key, err := s.store.selectAPIKey(ctx, tx, q.APIKeyID)
	if err != nil {
		return false, err
	}
	if !actor.Sees(key.Path) {
		return false, fault.NewNotFound("api key")
	}
	revoked, err := s.store.revokeAPIKey(ctx, tx, q.APIKeyID, s.now())
	if err != nil || !revoked {
		return false, err
	}
	return true, s.record(ctx, tx, key.OrganisationID, newAuditEntry(contract.ActRevokeAPIKey, key.ID))
}

// Authenticate returns who acts with a key, or as a session's person. Unknown,
// expired and revoked ones are NotFound alike.
func (s *Service) Authenticate(ctx context.Context, q contract.Authenticate) (contract.Actor, error) {
	row, err := actorRow{}, error(fault.NewNotFound("identity"))
	switch {
	case q.Key != "" && q.PersonID == "":
		row, err = s.actorOfKey(ctx, q.Key)
	case q.Key == "" && contract.ValidID(q.PersonID):
		row, err = s.worker.actorOfPerson(ctx, s.worker.db, q.PersonID, q.RoleID)
	}
	if err != nil {
		return contract.Actor{}, pg.MapContext(ctx, err)
	}
	actor := row.message()
	if q.Key != "" {
		actor.APIKeyID = contract.APIKeyID(row.ID)
	} else {
		actor.PersonID = contract.PersonID(row.ID)
	}
	return actor, nil
}

// actorOfKey returns whose key it is and notes that it is used, to the minute.
func (s *Service) actorOfKey(ctx context.Context, key string) (actorRow, error) {
	now := s.now()
	row, err := s.worker.actorOfKey(ctx, hashSecret(key), now)
	if err == nil && (row.LastUsedAt == nil || now.Sub(*row.LastUsedAt) >= usedEvery) {
		err = s.worker.noteAPIKey(ctx, row.ID, now)
	}
	return row, err
}
