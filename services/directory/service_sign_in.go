package directory

import (
	"cmp"
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// RedeemLogin trades a one-time secret for its person, once. Where the link was
// made since the second factors were lost, they and the account links are gone
// now. Unknown, used and expired secrets are NotFound alike.
func (s *Service) RedeemLogin(ctx context.Context, q contract.RedeemLogin) (contract.Person, error) {
	var row redeemedRow
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) (err error) {
		if row, err = s.worker.useLogin(ctx, tx, hashSecret(q.Secret), s.now()); err != nil {
			return err
		}
		if row.Resets {
			if err := s.resetFactors(ctx, tx, row.ID); err != nil {
				return err
			}
			row.EnrolledAt = nil
		}
		if row.Demo {
			if err := s.worker.noteSignIn(ctx, tx, row.ID, s.now()); err != nil {
				return err
			}
		}
		ctx, err = s.asThemselves(ctx, tx, contract.PersonID(row.ID))
		if err != nil {
			return err
		}
		return s.record(ctx, tx, row.OrganisationID, newAuditEntry(contract.ActRedeemLogin, row.ID))
	})
	if err != nil {
		return contract.Person{}, err
	}
	return row.message(), nil
}

func (s *Service) resetFactors(ctx context.Context, tx *sqlx.Tx, person string) error {
	for _, end := range []func(context.Context, *sqlx.Tx, string) error{
		s.worker.deleteFactors, s.worker.deleteCodes, s.worker.deleteSubjects, s.worker.deleteEnrolment,
	} {
		if err := end(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}

// asThemselves returns a context in which the person acts, for the audit chain;
// somebody without a role acts as nobody and is NotFound.
func (s *Service) asThemselves(ctx context.Context, tx *sqlx.Tx, id contract.PersonID) (context.Context, error) {
	row, err := s.worker.actorOfPerson(ctx, tx, id, "")
	if err != nil {
		return ctx, err
	}
	actor := row.message()
	actor.PersonID = id
	return contract.WithActor(ctx, actor), nil
}

// SignIn returns whose name and password these are. A name without a person, a
// wrong password and somebody who has not enrolled are NotFound alike, after a
// hash of the same cost. It records nothing: the second factor comes next.
func (s *Service) SignIn(ctx context.Context, q contract.SignIn) (contract.SignedIn, error) {
	row, err := s.worker.findByName(ctx, q.Name)
	if err != nil {
		return contract.SignedIn{}, pg.MapContext(ctx, err)
	}
	right, err := s.passwords.Matches(q.Password, row.Password)
	if err != nil {
		return contract.SignedIn{}, err
	}
	if !right {
		return contract.SignedIn{}, errNobody
	}
	return contract.SignedIn{PersonID: contract.PersonID(row.ID), Language: row.Language}, nil
}

// SignInSubject returns whom a verified account is linked to. An account that is
// linked to nobody, or to somebody who has not enrolled, is NotFound.
func (s *Service) SignInSubject(ctx context.Context, q contract.Subject) (contract.SignedIn, error) {
	id, linked, err := s.worker.personOfSubject(ctx, s.worker.db, q)
	if err != nil || !linked {
		return contract.SignedIn{}, either(err, errNobody)
	}
	row, err := s.worker.selectPerson(ctx, s.worker.db, id)
	if err != nil {
		return contract.SignedIn{}, pg.MapContext(ctx, err)
	}
	if row.state() != contract.PersonActive {
		return contract.SignedIn{}, errNobody
	}
	return contract.SignedIn{PersonID: id, Language: row.Language}, nil
}

// Prove uses up a code of the person's authenticator, or a recovery code. A
// wrong code, a used one and an unknown person are NotFound alike; for nobody the
// same is done, by the same statements.
func (s *Service) Prove(ctx context.Context, q contract.Prove) (contract.Proved, error) {
	if q.PersonID != "" && !contract.ValidID(q.PersonID) {
		return contract.Proved{}, errNobody
	}
	var proved contract.Proved
	person := string(cmp.Or(q.PersonID, nobodysID))
	err := s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		right, err := s.useTOTP(ctx, tx, person, q.Code)
		if err == nil && !right {
			right, err = s.worker.useCode(ctx, tx, person, hashSecret(recoveryLetters(q.Code)), s.now())
			proved.Recovery = right
		}
		if err != nil || !right {
			return either(err, errNobody)
		}
		return s.proved(ctx, tx, q, &proved)
	})
	return proved, err
}

// proved records who has proved to be themselves, and how.
func (s *Service) proved(ctx context.Context, tx *sqlx.Tx, q contract.Prove, to *contract.Proved) error {
	ctx, err := s.asThemselves(ctx, tx, q.PersonID)
	if err != nil {
		return err
	}
	row, err := s.worker.lockPerson(ctx, tx, q.PersonID)
	if err != nil {
		return err
	}
	to.PersonID, to.Language = q.PersonID, row.Language
	if to.CodesLeft, err = s.worker.countCodes(ctx, tx, row.ID); err != nil {
		return err
	}
	if to.Recovery {
		if err := s.record(ctx, tx, row.OrganisationID, newAuditEntry(contract.ActUseRecoveryCode, row.ID)); err != nil {
			return err
		}
	}
	if !q.SigningIn {
		return nil
	}
	return s.noteSignIn(ctx, tx, row)
}

func (s *Service) noteSignIn(ctx context.Context, tx *sqlx.Tx, row personRow) error {
	if err := s.worker.noteSignIn(ctx, tx, row.ID, s.now()); err != nil {
		return err
	}
	return s.record(ctx, tx, row.OrganisationID, newAuditEntry(contract.ActSignIn, row.ID))
}

// Parameters of codes (RFC 6238) as all authenticators know them: six digits
// every 30 seconds, and one period earlier or later for clocks that differ.
const (
	totpPeriod = 30
	totpSkew   = 1
	totpIssuer = "Heli"
)

// Nobody is looked up like anybody, and has an authenticator: else it would show in
// the time that an answer takes whether a name, a password or a code was wrong.
const (
	nobodysID     = "00000000-0000-0000-0000-000000000000"
	nobodysSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	nobodysFactor = nobodysID
)

// useTOTP reports whether the code is one of the person's authenticators and was
// not used yet. Who has none is compared with nobody's, whose codes no row takes.
func (s *Service) useTOTP(ctx context.Context, tx *sqlx.Tx, person, code string) (bool, error) {
	factors, err := s.worker.listAuthenticators(ctx, tx, person, factorRow{ID: nobodysFactor, Secret: s.nobody})
	if err != nil {
		return false, err
	}
	for _, f := range factors {
		secret, err := s.keys.Open(f.Secret, FactorPart(f.ID))
		if err != nil {
			return false, fault.New(fault.Internal, "internal", "an authenticator's secret cannot be opened").Because(err)
		}
		if step, ok := stepOf(string(secret), code, s.now()); ok {
			return s.worker.useStep(ctx, tx, f.ID, step, s.now())
		}
	}
	return false, nil
}

// FactorPart is what the secret of an authenticator is sealed with, so that it opens
// nowhere else.
func FactorPart(factor string) []byte { return []byte("totp:" + factor) }

// stepOf returns the period that a code was made in, when it is near.
func stepOf(secret, code string, now time.Time) (int64, bool) {
	code = recoveryLetters(code)
	for skew := int64(-totpSkew); skew <= totpSkew; skew++ {
		at := now.Add(time.Duration(skew) * totpPeriod * time.Second)
		right, err := totp.ValidateCustom(code, secret, at, totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix})
		if err == nil && right {
			return at.Unix() / totpPeriod, true
		}
	}
	return 0, false
}
