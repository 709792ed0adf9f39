package directory

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reach"
)

// kindAddress separates digests of addresses from other values under a blind index.
const kindAddress = "staff address"

// AddressPart is what the address of a person is sealed with, so that it opens
// nowhere else.
func AddressPart(person string) []byte { return []byte("notice:" + person) }

// Notices returns whether and when somebody hears by mail; everybody their own.
func (s *Service) Notices(ctx context.Context, q contract.PersonByID) (contract.StaffNotices, error) {
	if !ownOrSystem(contract.ActorFrom(ctx), q.ID) {
		return contract.StaffNotices{}, fault.NewNotFound("person")
	}
	person, err := s.worker.selectPerson(ctx, s.worker.db, q.ID)
	if err != nil {
		return contract.StaffNotices{}, pg.MapContext(ctx, err)
	}
	row, err := s.worker.selectNotice(ctx, s.worker.db, person.ID)
	if err != nil {
		return contract.StaffNotices{}, pg.MapContext(ctx, err)
	}
	return s.shownNotices(person, row)
}

// SetNotices replaces whether, where and when somebody hears by mail. Mail without
// an address, given or signed in by, is Invalid. An address that is another than
// mail came back from is written to again. A repeat changes nothing.
func (s *Service) SetNotices(ctx context.Context, q contract.SetStaffNotices) (contract.StaffNotices, error) {
	var shown contract.StaffNotices
	err := s.own(ctx, q.PersonID, contract.ActSetNotices, func(tx *sqlx.Tx, person *personRow) error {
		row, err := s.readNotices(q, *person)
		if err != nil {
			return err
		}
		former, err := s.worker.selectNotice(ctx, tx, person.ID)
		if err != nil {
			return err
		}
		row.Bounced = former.Bounced // of an address: another one does not have it
		if err := s.worker.putNotice(ctx, tx, row); err != nil {
			return err
		}
		shown, err = s.shownNotices(*person, row)
		return err
	})
	return shown, err
}

func (s *Service) readNotices(q contract.SetStaffNotices, person personRow) (noticeRow, error) {
	c := check.New(nil)
	row := noticeRow{PersonID: person.ID, Mail: q.Mail, Times: reach.ReadTimes(c, q.NoticeTimes)}
	address := strings.TrimSpace(q.Address)
	switch {
	case address != "":
		c.Email("address", address)
		row.Address = s.keys.Seal([]byte(address), AddressPart(person.ID))
	case q.Mail && person.address() == "":
		c.Add("address", check.Required)
	}
	return row, c.Err()
}

// shownNotices returns a row as its person sees it.
func (s *Service) shownNotices(person personRow, row noticeRow) (contract.StaffNotices, error) {
	shown := contract.StaffNotices{Mail: row.Mail, SignIn: person.address(), NoticeTimes: row.Shown()}
	shown.Language = person.Language
	to, err := s.addressOf(person, row)
	if err != nil {
		return shown, err
	}
	if row.Address != nil {
		shown.Address = to
	}
	shown.Bounces = s.bounces(row, to)
	return shown, nil
}

// addressOf returns where mail to somebody goes; empty for nowhere.
func (s *Service) addressOf(person personRow, row noticeRow) (string, error) {
	if row.Address == nil {
		return person.address(), nil
	}
	plain, err := s.keys.Open(row.Address, AddressPart(person.ID))
	return string(plain), err
}

// address is the name that somebody signs in with, where it is one of a mailbox.
func (r personRow) address() string {
	c := check.New(nil)
	c.Email("address", r.LoginName)
	if r.LoginName == "" || c.Err() != nil {
		return ""
	}
	return r.LoginName
}

func (s *Service) bounces(row noticeRow, address string) bool {
	return row.Bounced != "" && slices.Contains(s.keys.BlindIndexes(kindAddress, address), row.Bounced)
}

// EndNotices ends mail to somebody: at their own wish, also by a link that speaks
// for them and signs nobody in. A repeat changes nothing.
func (s *Service) EndNotices(ctx context.Context, q contract.PersonByID) (contract.Empty, error) {
	a := contract.ActorFrom(ctx)
	if !ownOrSystem(a, q.ID) && (!contract.ValidID(q.ID) || a.Subject != string(q.ID)) {
		return contract.Empty{}, fault.NewNotFound("person")
	}
	if _, err := s.worker.selectPerson(ctx, s.worker.db, q.ID); err != nil {
		return contract.Empty{}, pg.MapContext(ctx, err)
	}
	return contract.Empty{}, pg.MapContext(ctx, s.worker.endNotice(ctx, q.ID))
}

// Listeners returns who wants to hear by mail and has, in the very organisation at
// a path, a role that may do an action. A service alone may ask.
func (s *Service) Listeners(ctx context.Context, q contract.AskListeners) (contract.Listeners, error) {
	found := contract.Listeners{People: []contract.PersonID{}}
	if contract.ActorFrom(ctx).Role != contract.RoleSystem {
		return found, fault.NewForbidden(string(access.ReachPeople))
	}
	var roles []string
	for _, role := range access.Roles() {
		if access.May(role, access.Action(q.Action)) {
			roles = append(roles, string(role))
		}
	}
	people, err := s.worker.listListeners(ctx, q.Path, roles)
	found.People = append(found.People, people...)
	return found, pg.MapContext(ctx, err)
}

// Reach returns where a message to somebody of the staff goes now, to a service on
// its own account and once the reading is recorded; else why it goes nowhere, or
// when to ask again. Who has no role any more that sees what it is about hears
// nothing.
func (s *Service) Reach(ctx context.Context, q contract.AskReach) (contract.Reach, error) {
	id := contract.PersonID(q.ID)
	if contract.ActorFrom(ctx).Role != contract.RoleSystem || !contract.ValidID(id) {
		return contract.Reach{}, fault.NewNotFound("person")
	}
	var answer contract.Reach
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		person, err := s.worker.lockPerson(ctx, tx, id)
		if err != nil {
			return err
		}
		row, err := s.worker.selectNotice(ctx, tx, person.ID)
		if err != nil {
			return err
		}
		held, err := s.worker.listRoles(ctx, tx, person.ID)
		if err != nil {
			return err
		}
		answer, err = s.reach(ctx, tx, q, person, row, held[person.ID])
		return err
	})
	return answer, err
}

func (s *Service) reach(ctx context.Context, tx *sqlx.Tx, q contract.AskReach, person personRow, row noticeRow, held []roleRow) (contract.Reach, error) {
	sees := func(r roleRow) bool { return strings.HasPrefix(q.Path, r.Path) }
	if !row.Mail || person.RevokedAt != nil || !slices.ContainsFunc(held, sees) {
		return contract.Reach{Refusal: contract.RefusedConsent}, nil
	}
	if due := row.Due(q.Since); !q.Critical && due.After(s.now()) {
		due = due.UTC()
		return contract.Reach{NotBefore: &due}, nil
	}
	address, err := s.addressOf(person, row)
	switch {
	case err != nil:
		return contract.Reach{}, err
	case address == "" || !slices.Contains(q.Channels, contract.ChannelMail):
		return contract.Reach{Refusal: contract.RefusedNoAddress}, nil
	case s.bounces(row, address):
		return contract.Reach{Refusal: contract.RefusedBounces}, nil
	}
	organisation, err := s.worker.selectOrganisationByPath(ctx, tx, q.Path)
	if err != nil {
		return contract.Reach{}, err
	}
	entry := contract.AuditEntry{Key: q.Key, Action: contract.ActReachPerson, SubjectID: person.ID, Path: q.Path, Reason: q.Reason}
	if err := s.record(ctx, tx, organisation.ID, entry); err != nil {
		return contract.Reach{}, err
	}
	return contract.Reach{
		Channel: contract.ChannelMail, Address: address, Person: s.keys.BlindIndex(kindAddress, address), Language: person.Language,
	}, nil
}

// Bounced notes that mail to somebody does not arrive. An address that was changed
// meanwhile stays good. A repeat changes nothing.
func (s *Service) Bounced(ctx context.Context, q contract.Bounced) (contract.Empty, error) {
	if contract.ActorFrom(ctx).Role != contract.RoleSystem || !contract.ValidID(contract.PersonID(q.ID)) {
		return contract.Empty{}, fault.NewNotFound("person")
	}
	err := s.worker.noteBounce(ctx, q.ID, q.Person)
	if errors.Is(err, sql.ErrNoRows) {
		return contract.Empty{}, fault.NewNotFound("person")
	}
	return contract.Empty{}, pg.MapContext(ctx, err)
}
