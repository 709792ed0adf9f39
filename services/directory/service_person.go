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

// AddPerson adds somebody in a role that the actor may give, or changes name and
// language under a known id. A repeat changes nothing; who was revoked stays
// revoked.
func (s *Service) AddPerson(ctx context.Context, d contract.PersonDraft) (contract.Person, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.Person{}, err
	}
	if err := checkPerson(d); err != nil {
		return contract.Person{}, err
	}
	if err := s.seesOrganisation(ctx, d.Organisation); err != nil {
		return contract.Person{}, err
	}
	var row personRow
	var differs bool
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		row, differs, err = s.addPerson(ctx, tx, actor, d)
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

// addPerson reports whether somebody known was changed.
func (s *Service) addPerson(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, d contract.PersonDraft) (personRow, bool, error) {
	organisation, err := s.visible(ctx, tx, actor, d.Organisation)
	if err != nil {
		return personRow{}, false, err
	}
	if !grants(actor, d.Role, organisation.Path) {
		return personRow{}, false, errNotGranted
	}
	row := personRow{
		ID: string(d.ID), OrganisationID: organisation.ID, OrganisationCode: organisation.Code, Path: organisation.Path,
		Name: d.Name, Role: d.Role, Language: d.Language, Demo: d.Demo && actor.PersonID == "" && actor.APIKeyID == "",
		CreatedAt: s.now(),
	}
	added, err := s.worker.insertPerson(ctx, tx, row)
	if err != nil {
		return row, false, err
	}
	if !added {
		return s.changePerson(ctx, tx, actor, row)
	}
	if err := s.record(ctx, tx, row.OrganisationID, newAuditEntry(contract.ActAddPerson, row.ID)); err != nil {
		return row, false, err
	}
	_, err = s.grant(ctx, tx, row.ID, organisation, d.Role)
	return row, false, err
}

func (s *Service) changePerson(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, row personRow) (personRow, bool, error) {
	old, roles, err := s.known(ctx, tx, actor, contract.PersonID(row.ID))
	if fault.Is(err, fault.NotFound) {
		return row, false, errIDTaken
	}
	if err != nil {
		return row, false, err
	}
	if _, held, err := s.worker.selectRole(ctx, tx, row.ID, row.OrganisationID, row.Role); err != nil || !held {
		return row, false, either(err, errRoleByGrant)
	}
	changed := old
	changed.Name, changed.Language = row.Name, row.Language
	switch {
	case changed == old:
		return old, false, nil
	case !administers(actor, old, roles):
		return row, false, errNotGranted
	}
	if err := s.worker.updatePerson(ctx, tx, changed); err != nil {
		return row, false, err
	}
	return changed, true, s.record(ctx, tx, old.OrganisationID, newAuditEntry(contract.ActChangePerson, old.ID))
}

func either(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// seesPerson asks the row policies whether who acts sees a person; NotFound when
// not. What comes then is done past them, since they hide what a person holds
// above the actor, which limits what the actor may do to them.
func (s *Service) seesPerson(ctx context.Context, id contract.PersonID) error {
	if !contract.ValidID(id) {
		return fault.NewNotFound("person")
	}
	return pg.MapContext(ctx, s.store.findPerson(ctx, id))
}

// seesOrganisation is seesPerson for the organisation of a code.
func (s *Service) seesOrganisation(ctx context.Context, code string) error {
	_, err := s.store.selectOrganisation(ctx, s.store.db, code)
	return pg.MapContext(ctx, err)
}

// known locks a person whom the actor may see and returns them with the roles
// that they hold; NotFound for everybody else.
func (s *Service) known(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, id contract.PersonID) (personRow, []roleRow, error) {
	if !contract.ValidID(id) {
		return personRow{}, nil, fault.NewNotFound("person")
	}
	row, err := s.worker.lockPerson(ctx, tx, id)
	if err != nil {
		return row, nil, err
	}
	held, err := s.worker.listRoles(ctx, tx, row.ID)
	if err != nil {
		return row, nil, err
	}
	if !knows(actor, row, held[row.ID]) {
		return row, nil, fault.NewNotFound("person")
	}
	return row, held[row.ID], nil
}

// Invite adds somebody and makes the link by which they enrol, in one go.
// Repeated under the same id it makes a new link, and the former one is worthless.
func (s *Service) Invite(ctx context.Context, d contract.PersonDraft) (contract.Invitation, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.Invitation{}, err
	}
	if err := checkPerson(d); err != nil {
		return contract.Invitation{}, err
	}
	if err := s.seesOrganisation(ctx, d.Organisation); err != nil {
		return contract.Invitation{}, err
	}
	d.Demo = false
	var invitation contract.Invitation
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if _, _, err := s.addPerson(ctx, tx, actor, d); err != nil {
			return err
		}
		person, roles, err := s.known(ctx, tx, actor, d.ID)
		if err != nil {
			return err
		}
		invitation.Person = person.record(roles)
		invitation.Login, err = s.makeLogin(ctx, tx, person, false)
		return err
	})
	return invitation, err
}

// People lists the people of the actor's organisation and those below it who may
// act, or hold a role there, by id.
func (s *Service) People(ctx context.Context, q contract.ListPeople) (contract.Listing[contract.PersonRecord], error) {
	answer := contract.Listing[contract.PersonRecord]{Items: []contract.PersonRecord{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return answer, err
	}
	limit, after, err := pageOf[contract.PersonID](q.Page)
	if err != nil {
		return answer, err
	}
	ids, err := s.store.listPeople(ctx, actor.Sight(), string(after), limit+1)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	if len(ids) > limit {
		ids = ids[:limit]
		answer.NextCursor = cursor.Encode(ids[limit-1])
	}
	rows, err := s.worker.selectPeople(ctx, ids)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	held, err := s.worker.listRoles(ctx, s.worker.db, ids...)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		answer.Items = append(answer.Items, row.record(visibleRoles(actor, row, held[row.ID])))
	}
	return answer, nil
}

// visibleRoles leaves out roles in organisations that the actor does not see;
// people see all of their own.
func visibleRoles(actor contract.Actor, p personRow, roles []roleRow) []roleRow {
	if actor.PersonID == contract.PersonID(p.ID) {
		return roles
	}
	var seen []roleRow
	for _, r := range roles {
		if actor.Sees(r.Path) {
			seen = append(seen, r)
		}
	}
	return seen
}

// Person returns somebody whom the actor may see, with factors and what else
// there is of them; everybody may ask for themselves.
func (s *Service) Person(ctx context.Context, q contract.PersonByID) (contract.PersonRecord, error) {
	actor := contract.ActorFrom(ctx)
	row, roles, err := s.readable(ctx, actor, q.ID)
	if err != nil {
		return contract.PersonRecord{}, pg.MapContext(ctx, err)
	}
	record := row.record(visibleRoles(actor, row, roles))
	factors, err := s.worker.listFactors(ctx, s.worker.db, row.ID)
	if err != nil {
		return record, pg.MapContext(ctx, err)
	}
	for _, f := range factors {
		if f.ConfirmedAt != nil {
			record.Factors = append(record.Factors, f.message())
		}
	}
	if record.RecoveryCodes, err = s.worker.countCodes(ctx, s.worker.db, row.ID); err != nil {
		return record, pg.MapContext(ctx, err)
	}
	record.Linked, err = s.worker.listSubjects(ctx, s.worker.db, row.ID)
	return record, pg.MapContext(ctx, err)
}

func (s *Service) readable(ctx context.Context, actor contract.Actor, id contract.PersonID) (personRow, []roleRow, error) {
	if !ownOrSystem(actor, id) {
		if err := access.Require(actor, access.ManagePeople); err != nil {
			return personRow{}, nil, err
		}
		if err := s.seesPerson(ctx, id); err != nil {
			return personRow{}, nil, err
		}
	}
	row, err := s.worker.selectPerson(ctx, s.worker.db, id)
	if err != nil {
		return row, nil, err
	}
	held, err := s.worker.listRoles(ctx, s.worker.db, row.ID)
	if err != nil {
		return row, nil, err
	}
	if !ownOrSystem(actor, id) && !knows(actor, row, held[row.ID]) {
		return row, nil, fault.NewNotFound("person")
	}
	return row, held[row.ID], nil
}

// History returns what the audit chains say of a person, the newest first, at
// most a hundred entries.
func (s *Service) History(ctx context.Context, q contract.PersonByID) (contract.Listing[contract.IdentityEvent], error) {
	answer := contract.Listing[contract.IdentityEvent]{Items: []contract.IdentityEvent{}}
	if _, _, err := s.readable(ctx, contract.ActorFrom(ctx), q.ID); err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	rows, err := s.worker.listEvents(ctx, string(q.ID))
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	for _, row := range rows {
		answer.Items = append(answer.Items, contract.IdentityEvent(row))
	}
	return answer, nil
}

// MakeLogin makes a one-time secret for a person whom the actor administers. It
// is shown here and never again; the former ones are worthless.
func (s *Service) MakeLogin(ctx context.Context, q contract.MakeLogin) (contract.Login, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.Login{}, err
	}
	if err := s.seesPerson(ctx, q.PersonID); err != nil {
		return contract.Login{}, err
	}
	var login contract.Login
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		person, roles, err := s.known(ctx, tx, actor, q.PersonID)
		if err != nil {
			return err
		}
		if !administers(actor, person, roles) {
			return errNotGranted
		}
		login, err = s.makeLogin(ctx, tx, person, q.Resets)
		return err
	})
	return login, err
}

func (s *Service) makeLogin(ctx context.Context, tx *sqlx.Tx, person personRow, resets bool) (contract.Login, error) {
	now := s.now()
	life := loginLife
	if person.state() == contract.PersonInvited {
		life = invitationLife
	}
	login := contract.Login{Secret: newSecret(), ExpiresAt: now.Add(life)}
	if err := s.worker.deleteLogins(ctx, tx, person.ID); err != nil {
		return contract.Login{}, err
	}
	made, err := s.worker.insertLogin(ctx, tx, hashSecret(login.Secret), contract.PersonID(person.ID), login.ExpiresAt, resets)
	if err != nil {
		return contract.Login{}, err
	}
	if !made {
		return contract.Login{}, fault.NewNotFound("person")
	}
	if err := s.worker.deleteOldLogins(ctx, tx, now.Add(-24*time.Hour)); err != nil {
		return contract.Login{}, err
	}
	act := contract.ActMakeLogin
	if resets {
		act = contract.ActMakeReset
	}
	return login, s.record(ctx, tx, person.OrganisationID, newAuditEntry(act, person.ID))
}

func (s *Service) revokePerson(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.RevokeIdentity) (bool, error) {
	if err := s.worker.lockRoot(ctx, tx); err != nil {
		return false, err
	}
	person, roles, err := s.known(ctx, tx, actor, q.PersonID)
	if err != nil {
		return false, err
	}
	if person.RevokedAt != nil {
		return false, nil
	}
	if !administers(actor, person, roles) {
		return false, errNotGranted
	}
	for _, role := range roles {
		if err := s.keepAdministrator(ctx, tx, role); err != nil {
			return false, err
		}
	}
	revoked, err := s.worker.revokePerson(ctx, tx, q.PersonID, s.now())
	if err != nil || !revoked {
		return false, err
	}
	return true, s.record(ctx, tx, person.OrganisationID, newAuditEntry(contract.ActRevokePerson, person.ID))
}
