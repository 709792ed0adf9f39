package directory

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// AddPerson adds somebody to an organisation that the actor administers, or
// changes them under a known id. A repeat changes nothing; who was revoked
// stays revoked.
func (s *Service) AddPerson(ctx context.Context, d contract.PersonDraft) (contract.Person, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.Person{}, err
	}
	if err := checkPerson(d); err != nil {
		return contract.Person{}, err
	}
	var row personRow
	var differs bool
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		organisation, err := s.visible(ctx, tx, actor, d.Organisation)
		if err != nil {
			return err
		}
		row = personRow{
			ID: string(d.ID), OrganisationID: organisation.ID, OrganisationCode: organisation.Code,
			Path: organisation.Path, Name: d.Name, Role: d.Role, Language: d.Language, CreatedAt: s.now(),
		}
		differs, err = s.putPerson(ctx, tx, actor, row)
		return err
	})
	if err != nil {
		return contract.Person{}, err
	}
	if differs {
		s.tell(contract.IdentityChanged, contract.Empty{})
	}
	return row.message(), nil
}

// putPerson reports whether somebody known was changed.
func (s *Service) putPerson(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, row personRow) (bool, error) {
	added, err := s.store.insertPerson(ctx, tx, row)
	if err != nil {
		return false, err
	}
	if added {
		return false, s.record(ctx, tx, row.OrganisationID, newAuditEntry("add_person", row.ID))
	}
	old, err := s.store.lockPerson(ctx, tx, contract.PersonID(row.ID))
	if err != nil {
		return false, err
	}
	if !actor.Sees(old.Path) {
		return false, errIDTaken
	}
	if old.message() == row.message() {
		return false, nil
	}
	if err := s.store.updatePerson(ctx, tx, row); err != nil {
		return false, err
	}
	return true, s.record(ctx, tx, row.OrganisationID, newAuditEntry("change_person", row.ID))
}

// People lists the people at or below the actor's organisation who may act, by id.
func (s *Service) People(ctx context.Context, q contract.ListPeople) (contract.Listing[contract.Person], error) {
	answer := contract.Listing[contract.Person]{Items: []contract.Person{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return answer, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return answer, err
	}
	var after contract.PersonID
	if given, err := cursor.Decode(q.Cursor, &after); err != nil || given && !contract.ValidID(after) {
		return answer, fault.NewInvalid(fault.Field{Location: "cursor", Code: "malformed"}).Because(err)
	}
	rows, err := s.store.listPeople(ctx, actor.Path, string(after), limit+1)
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

// MakeLogin makes a one-time secret for a person whom the actor administers. It
// is shown here and never again.
func (s *Service) MakeLogin(ctx context.Context, q contract.MakeLogin) (contract.Login, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.Login{}, err
	}
	if !contract.ValidID(q.PersonID) {
		return contract.Login{}, fault.NewNotFound("person")
	}
	now := s.now()
	login := contract.Login{Secret: newSecret(), ExpiresAt: now.Add(loginLife)}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		person, err := s.store.lockPerson(ctx, tx, q.PersonID)
		if err != nil {
			return err
		}
		if !actor.Sees(person.Path) {
			return fault.NewNotFound("person")
		}
		made, err := s.store.insertLogin(ctx, tx, hashSecret(login.Secret), q.PersonID, login.ExpiresAt)
		if err != nil {
			return err
		}
		if !made {
			return fault.NewNotFound("person")
		}
		if err := s.store.deleteOldLogins(ctx, tx, now.Add(-24*time.Hour)); err != nil {
			return err
		}
		return s.record(ctx, tx, person.OrganisationID, newAuditEntry("make_login", person.ID))
	})
	if err != nil {
		return contract.Login{}, err
	}
	return login, nil
}

// RedeemLogin trades a one-time secret for its person, once. Unknown, used and
// expired secrets are NotFound alike.
func (s *Service) RedeemLogin(ctx context.Context, q contract.RedeemLogin) (contract.Person, error) {
	row, err := s.store.useLogin(ctx, hashSecret(q.Secret), s.now())
	if err != nil {
		return contract.Person{}, pg.MapContext(ctx, err)
	}
	return row.message(), nil
}

// MakeAPIKey makes a key in an organisation that the actor administers. The key
// is shown here and never again; a repeat under the same id is a conflict.
func (s *Service) MakeAPIKey(ctx context.Context, q contract.MakeAPIKey) (contract.MadeAPIKey, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManageKeys); err != nil {
		return contract.MadeAPIKey{}, err
	}
	if err := checkAPIKey(q); err != nil {
		return contract.MadeAPIKey{}, err
	}
	made := contract.MadeAPIKey{ID: q.ID, Key: newKey()}
	if made.ID == "" {
		made.ID = contract.NewID[contract.APIKeyID]()
	}
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		organisation, err := s.visible(ctx, tx, actor, q.Organisation)
		if err != nil {
			return err
		}
		err = s.store.insertAPIKey(ctx, tx, apiKeyRow{
			ID: string(made.ID), OrganisationID: organisation.ID, Name: q.Name, Role: q.Role,
			Hash: hashSecret(made.Key), CreatedAt: s.now(),
		})
		if err != nil {
			return err
		}
		return s.record(ctx, tx, organisation.ID, newAuditEntry("make_api_key", string(made.ID)))
	})
	if err != nil {
		return contract.MadeAPIKey{}, err
	}
	return made, nil
}

// Revoke ends a person's or a key's right to act, at once and for good. A
// repeat changes nothing.
func (s *Service) Revoke(ctx context.Context, q contract.RevokeIdentity) (contract.Empty, error) {
	actor := contract.ActorFrom(ctx)
	action, revoke := access.ManagePeople, s.revokePerson
	if q.APIKeyID != "" {
		action, revoke = access.ManageKeys, s.revokeAPIKey
	}
	if err := access.Require(actor, action); err != nil {
		return contract.Empty{}, err
	}
	if (q.PersonID == "") == (q.APIKeyID == "") {
		return contract.Empty{}, fault.NewInvalid(fault.Field{Location: "person_id", Code: "required"})
	}
	revoked := false
	err := s.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		revoked, err = revoke(ctx, tx, actor, q)
		return err
	})
	if err == nil && revoked {
		s.tell(contract.IdentityChanged, contract.Empty{})
	}
	return contract.Empty{}, err
}

func (s *Service) revokePerson(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.RevokeIdentity) (bool, error) {
	if !contract.ValidID(q.PersonID) {
		return false, fault.NewNotFound("person")
	}
	person, err := s.store.lockPerson(ctx, tx, q.PersonID)
	if err != nil {
		return false, err
	}
	if !actor.Sees(person.Path) {
		return false, fault.NewNotFound("person")
	}
	revoked, err := s.store.revokePerson(ctx, tx, q.PersonID, s.now())
	if err != nil || !revoked {
		return false, err
	}
	return true, s.record(ctx, tx, person.OrganisationID, newAuditEntry("revoke_person", person.ID))
}

func (s *Service) revokeAPIKey(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.RevokeIdentity) (bool, error) {
	if !contract.ValidID(q.APIKeyID) {
		return false, fault.NewNotFound("api key")
	}
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
	return true, s.record(ctx, tx, key.OrganisationID, newAuditEntry("revoke_api_key", key.ID))
}

// Authenticate returns who acts with a key, or as a session's person. Unknown
// and revoked ones are NotFound alike.
func (s *Service) Authenticate(ctx context.Context, q contract.Authenticate) (contract.Actor, error) {
	row, err := actorRow{}, error(fault.NewNotFound("identity"))
	switch {
	case q.Key != "" && q.PersonID == "":
		row, err = s.store.actorOfKey(ctx, hashSecret(q.Key))
	case q.Key == "" && contract.ValidID(q.PersonID):
		row, err = s.store.actorOfPerson(ctx, q.PersonID)
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
