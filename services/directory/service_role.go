package directory

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
)

// roleText is what the audit chain says of a role.
func roleText(role contract.Role, organisation string) string {
	return string(role) + " @ " + organisation
}

// Grant gives a person a role in an organisation: one that the actor may give,
// there or above, and never to themselves. A repeat changes nothing.
func (s *Service) Grant(ctx context.Context, q contract.GrantRole) (contract.HeldRole, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.HeldRole{}, err
	}
	if !slices.Contains(staffRoles(), q.Role) {
		return contract.HeldRole{}, fault.NewInvalid(fault.Field{Location: "role", Code: "unknown"})
	}
	if err := s.seesPerson(ctx, q.PersonID); err != nil {
		return contract.HeldRole{}, err
	}
	if err := s.seesOrganisation(ctx, q.Organisation); err != nil {
		return contract.HeldRole{}, err
	}
	var row roleRow
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		person, _, err := s.known(ctx, tx, actor, q.PersonID)
		if err != nil {
			return err
		}
		organisation, err := s.visible(ctx, tx, actor, q.Organisation)
		switch {
		case err != nil:
			return err
		case person.RevokedAt != nil:
			return fault.NewNotFound("person")
		case actor.PersonID == q.PersonID:
			return errOwnRole
		case !grants(actor, q.Role, organisation.Path):
			return errNotGranted
		}
		row, err = s.grant(ctx, tx, person.ID, organisation, q.Role)
		return err
	})
	if err != nil {
		return contract.HeldRole{}, err
	}
	s.tell(contract.IdentityChanged, contract.Empty{})
	return row.message(), nil
}

// grant stores the role unless it is held, with its row in the organisation's chain.
func (s *Service) grant(ctx context.Context, tx *sqlx.Tx, person string, o organisationRow, role contract.Role) (roleRow, error) {
	row := roleRow{
		ID: contract.NewID[string](), PersonID: person, OrganisationID: o.ID, OrganisationCode: o.Code, OrganisationName: o.Name,
		Path: o.Path, Role: role, GrantedAt: s.now(),
	}
	added, err := s.worker.insertRole(ctx, tx, row)
	if err != nil {
		return row, err
	}
	if !added {
		row, _, err = s.worker.selectRole(ctx, tx, person, o.ID, role)
		return row, err
	}
	entry := newAuditEntry(contract.ActGrantRole, person)
	entry.Reason = roleText(role, o.Code)
	return row, s.record(ctx, tx, o.ID, entry)
}

// Withdraw takes a role away that the actor could give; it ends at once. The
// last administrator of the top organisation stays. A repeat changes nothing.
func (s *Service) Withdraw(ctx context.Context, q contract.WithdrawRole) (contract.Empty, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePeople); err != nil {
		return contract.Empty{}, err
	}
	if err := s.seesPerson(ctx, q.PersonID); err != nil {
		return contract.Empty{}, err
	}
	withdrawn := false
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		withdrawn, err = s.withdraw(ctx, tx, actor, q)
		return err
	})
	if err == nil && withdrawn {
		s.tell(contract.IdentityChanged, contract.Empty{})
	}
	return contract.Empty{}, err
}

func (s *Service) withdraw(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, q contract.WithdrawRole) (bool, error) {
	if err := s.worker.lockRoot(ctx, tx); err != nil {
		return false, err
	}
	person, roles, err := s.known(ctx, tx, actor, q.PersonID)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(roles, func(r roleRow) bool { return r.ID == string(q.RoleID) && actor.Sees(r.Path) })
	if i < 0 {
		return false, nil
	}
	role := roles[i]
	if !grants(actor, role.Role, role.Path) {
		return false, errNotGranted
	}
	if err := s.keepAdministrator(ctx, tx, role); err != nil {
		return false, err
	}
	if err := s.worker.withdrawRole(ctx, tx, role.ID, s.now()); err != nil {
		return false, err
	}
	entry := newAuditEntry(contract.ActWithdrawRole, person.ID)
	entry.Reason = roleText(role.Role, role.OrganisationCode)
	return true, s.record(ctx, tx, role.OrganisationID, entry)
}

// keepAdministrator refuses to end a role that nobody else holds who can sign
// in: administrator of the top organisation. The caller has locked the root.
func (s *Service) keepAdministrator(ctx context.Context, tx *sqlx.Tx, role roleRow) error {
	if role.Role != contract.RoleAdministrator || role.Path != contract.RootPath {
		return nil
	}
	others, err := s.worker.countAdministrators(ctx, tx, role.PersonID)
	if err == nil && others == 0 {
		err = errLastAdmin
	}
	return err
}

// FirstAdministrator makes a link for an administrator of the top organisation
// while nobody is one who can sign in; else it answers without a secret. Only
// the installation itself may ask.
func (s *Service) FirstAdministrator(ctx context.Context, _ contract.Empty) (contract.FirstAdministrator, error) {
	actor := contract.ActorFrom(ctx)
	if actor.Role != contract.RoleSystem {
		return contract.FirstAdministrator{}, fault.NewForbidden("first_administrator")
	}
	var first contract.FirstAdministrator
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		if err := s.worker.lockRoot(ctx, tx); err != nil {
			return err
		}
		n, err := s.worker.countAdministrators(ctx, tx, "")
		if err != nil || n > 0 {
			return err
		}
		person, err := s.worker.selectFirst(ctx, tx)
		if fault.Is(err, fault.NotFound) {
			person, _, err = s.addPerson(ctx, tx, actor, contract.PersonDraft{
				ID: contract.NewID[contract.PersonID](), Name: firstName, Role: contract.RoleAdministrator, Organisation: rootCode,
			})
		}
		if err != nil {
			return err
		}
		first.Login, err = s.makeLogin(ctx, tx, person, false)
		return err
	})
	return first, err
}

// firstName stands until the first administrator says theirs.
const firstName = "管理员 Administrator"
