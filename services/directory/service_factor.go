package directory

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
)

// own runs a change that somebody makes to themselves, and records it.
func (s *Service) own(
	ctx context.Context, id contract.PersonID, act contract.Act, change func(tx *sqlx.Tx, row *personRow) error,
) error {
	if !ownOrSystem(contract.ActorFrom(ctx), id) {
		return fault.NewNotFound("person")
	}
	return s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.worker.lockPerson(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.RevokedAt != nil {
			return fault.NewNotFound("person")
		}
		if err := change(tx, &row); err != nil || act == (contract.Act{}) {
			return err
		}
		return s.record(ctx, tx, row.OrganisationID, newAuditEntry(act, row.ID))
	})
}

// SetPassword sets somebody's own password, and the names that are not empty.
// Wrong fields are Invalid: too short, common, taken.
func (s *Service) SetPassword(ctx context.Context, q contract.SetPassword) (contract.Empty, error) {
	hash := ""
	err := s.own(ctx, q.PersonID, contract.ActSetPassword, func(tx *sqlx.Tx, row *personRow) error {
		if err := checkPassword(q, *row); err != nil {
			return err
		}
		if q.Name != "" {
			row.Name = q.Name
		}
		if q.LoginName != "" {
			row.LoginName = loginName(q.LoginName)
		}
		var err error
		if hash == "" {
			hash, err = s.passwords.Hash(q.Password)
		}
		if err != nil {
			return err
		}
		row.Password = hash
		return s.worker.updatePassword(ctx, tx, *row)
	})
	if err == nil && q.Name != "" {
		s.tell(contract.IdentityChanged, contract.Empty{})
	}
	return contract.Empty{}, err
}

// SetLanguage sets the language that somebody wants to be written to in.
func (s *Service) SetLanguage(ctx context.Context, q contract.SetLanguage) (contract.Empty, error) {
	v := check.New(nil)
	v.Language("language", q.Language)
	if err := v.Err(); err != nil {
		return contract.Empty{}, err
	}
	return contract.Empty{}, s.own(ctx, q.PersonID, contract.Act{}, func(tx *sqlx.Tx, row *personRow) error {
		row.Language = q.Language
		return s.worker.updatePerson(ctx, tx, *row)
	})
}

// BeginTOTP makes a secret for an authenticator, in place of one that no code
// has confirmed. It is shown here and never again.
func (s *Service) BeginTOTP(ctx context.Context, q contract.PersonByID) (contract.NewTOTP, error) {
	var made contract.NewTOTP
	return made, s.own(ctx, q.ID, contract.Act{}, func(tx *sqlx.Tx, row *personRow) error {
		if err := s.roomForFactor(ctx, tx, row.ID); err != nil {
			return err
		}
		account := row.LoginName
		if account == "" {
			account = row.Name
		}
		key, err := totp.Generate(totp.GenerateOpts{Issuer: totpIssuer, AccountName: account, Period: totpPeriod, Digits: otp.DigitsSix})
		if err != nil {
			return fault.New(fault.Internal, "internal", "make a secret").Because(err)
		}
		made = contract.NewTOTP{FactorID: contract.NewID[contract.FactorID](), Secret: key.Secret(), URI: key.URL()}
		_, err = s.worker.insertFactor(ctx, tx, factorRow{
			ID: string(made.FactorID), PersonID: row.ID, Kind: contract.FactorTOTP,
			Secret: s.keys.Seal([]byte(made.Secret), FactorPart(string(made.FactorID))), CreatedAt: s.now(),
		})
		return err
	})
}

// roomForFactor forgets secrets that no code was made from and refuses too many.
func (s *Service) roomForFactor(ctx context.Context, tx *sqlx.Tx, person string) error {
	if err := s.worker.deleteUnconfirmed(ctx, tx, person); err != nil {
		return err
	}
	factors, err := s.worker.listFactors(ctx, tx, person)
	if err == nil && len(factors) >= maxFactors {
		err = fault.NewConflict("too_many_factors", "there are too many second factors: remove one first")
	}
	return err
}

// ConfirmTOTP takes an authenticator into use, once a code shows that its secret
// has arrived. A repeat changes nothing.
func (s *Service) ConfirmTOTP(ctx context.Context, q contract.ConfirmTOTP) (contract.Empty, error) {
	v := check.New(nil)
	v.Text("name", q.Name, 1, maxFactorName)
	if err := v.Err(); err != nil {
		return contract.Empty{}, err
	}
	return contract.Empty{}, s.own(ctx, q.PersonID, contract.ActAddFactor, func(tx *sqlx.Tx, row *personRow) error {
		factors, err := s.worker.listFactors(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(factors, func(f factorRow) bool { return f.ID == string(q.FactorID) && f.Kind == contract.FactorTOTP })
		if i < 0 {
			return errWrongCode
		}
		secret, err := s.keys.Open(factors[i].Secret, FactorPart(factors[i].ID))
		if err != nil {
			return fault.New(fault.Internal, "internal", "an authenticator's secret cannot be opened").Because(err)
		}
		step, right := stepOf(string(secret), q.Code, s.now())
		switch {
		case !right:
			return errWrongCode
		case factors[i].ConfirmedAt != nil:
			return nil
		}
		if err := s.worker.confirmFactor(ctx, tx, factors[i].ID, q.Name, s.now(), step); err != nil {
			return err
		}
		return s.worker.enrolPerson(ctx, tx, row.ID, s.now())
	})
}

// Passkeys lists somebody's passkeys, for the one who checks signatures.
func (s *Service) Passkeys(ctx context.Context, q contract.PersonByID) (contract.Listing[contract.Passkey], error) {
	answer := contract.Listing[contract.Passkey]{Items: []contract.Passkey{}}
	if !ownOrSystem(contract.ActorFrom(ctx), q.ID) {
		return answer, fault.NewNotFound("person")
	}
	row, err := s.worker.selectPerson(ctx, s.worker.db, q.ID)
	if err != nil {
		return answer, err
	}
	if row.RevokedAt != nil {
		return answer, fault.NewNotFound("person")
	}
	factors, err := s.worker.listFactors(ctx, s.worker.db, row.ID)
	if err != nil {
		return answer, pg.MapContext(ctx, err)
	}
	for _, f := range factors {
		if f.Kind == contract.FactorPasskey {
			answer.Items = append(answer.Items, contract.Passkey{
				PersonID: q.ID, Name: f.Name, CredentialID: f.CredentialID, Credential: f.Credential,
			})
		}
	}
	return answer, nil
}

// AddPasskey stores a passkey that web has checked. A repeat changes nothing;
// one of somebody else is a conflict.
func (s *Service) AddPasskey(ctx context.Context, q contract.Passkey) (contract.Empty, error) {
	v := check.New(nil)
	v.Text("name", q.Name, 1, maxFactorName)
	if len(q.CredentialID) == 0 || len(q.Credential) == 0 {
		v.Add("credential", check.Required)
	}
	if err := v.Err(); err != nil {
		return contract.Empty{}, err
	}
	return contract.Empty{}, s.own(ctx, q.PersonID, contract.ActAddFactor, func(tx *sqlx.Tx, row *personRow) error {
		if err := s.roomForFactor(ctx, tx, row.ID); err != nil {
			return err
		}
		now := s.now()
		added, err := s.worker.insertFactor(ctx, tx, factorRow{
			ID: contract.NewID[string](), PersonID: row.ID, Kind: contract.FactorPasskey, Name: q.Name,
			CredentialID: q.CredentialID, Credential: q.Credential, CreatedAt: now, ConfirmedAt: &now,
		})
		if err != nil {
			return err
		}
		if !added {
			owner, err := s.worker.selectPasskeyOwner(ctx, tx, q.CredentialID)
			if err != nil || owner != row.ID {
				return either(err, errIDTaken)
			}
		}
		return s.worker.enrolPerson(ctx, tx, row.ID, now)
	})
}

// UsePasskey stores what a signature has changed of a passkey, and records the
// sign-in that it ends. A passkey that the person does not have is NotFound.
func (s *Service) UsePasskey(ctx context.Context, q contract.UsePasskey) (contract.SignedIn, error) {
	var signed contract.SignedIn
	return signed, s.own(ctx, q.PersonID, contract.Act{}, func(tx *sqlx.Tx, row *personRow) error {
		known, err := s.worker.usePasskey(ctx, tx, q.Passkey, s.now())
		if err != nil || !known {
			return either(err, errNobody)
		}
		signed = contract.SignedIn{PersonID: q.PersonID, Language: row.Language}
		ctx, err := s.asThemselves(ctx, tx, q.PersonID)
		if err != nil || !q.SigningIn {
			return err
		}
		return s.noteSignIn(ctx, tx, *row)
	})
}

// RemoveFactor takes a second factor away. The last one stays, since nobody may
// be without; one that is not there changes nothing.
func (s *Service) RemoveFactor(ctx context.Context, q contract.RemoveFactor) (contract.Empty, error) {
	return contract.Empty{}, s.own(ctx, q.PersonID, contract.ActRemoveFactor, func(tx *sqlx.Tx, row *personRow) error {
		if err := s.worker.deleteUnconfirmed(ctx, tx, row.ID); err != nil {
			return err
		}
		factors, err := s.worker.listFactors(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(factors, func(f factorRow) bool { return f.ID == string(q.FactorID) }) {
			return nil
		}
		if len(factors) == 1 {
			return errLastFactor
		}
		return s.worker.deleteFactor(ctx, tx, string(q.FactorID))
	})
}

// RecoveryCodes makes new recovery codes; the former ones are worthless. They
// are shown here and never again.
func (s *Service) RecoveryCodes(ctx context.Context, q contract.PersonByID) (contract.RecoveryCodes, error) {
	codes := newRecoveryCodes()
	err := s.own(ctx, q.ID, contract.ActMakeRecoveryCodes, func(tx *sqlx.Tx, row *personRow) error {
		if row.EnrolledAt == nil {
			return errNotEnrolled
		}
		if err := s.worker.deleteCodes(ctx, tx, row.ID); err != nil {
			return err
		}
		for _, code := range codes {
			if err := s.worker.insertCode(ctx, tx, row.ID, hashSecret(recoveryLetters(code))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return contract.RecoveryCodes{}, err
	}
	return contract.RecoveryCodes{Codes: codes}, nil
}

// LinkSubject links a verified account with somebody who is here already; it
// gives no right. An account that is linked to somebody else is a conflict.
func (s *Service) LinkSubject(ctx context.Context, q contract.LinkSubject) (contract.Empty, error) {
	v := check.New(nil)
	v.Text("issuer", q.Issuer, 1, maxReason)
	v.Text("subject", q.Subject.Subject, 1, maxReason)
	if err := v.Err(); err != nil {
		return contract.Empty{}, err
	}
	return contract.Empty{}, s.own(ctx, q.PersonID, contract.ActLinkAccount, func(tx *sqlx.Tx, row *personRow) error {
		added, err := s.worker.insertSubject(ctx, tx, q, s.now())
		if err != nil || added {
			return err
		}
		owner, _, err := s.worker.personOfSubject(ctx, tx, q.Subject)
		if err != nil || string(owner) != row.ID {
			return either(err, errLinkedTo)
		}
		return nil
	})
}

// UnlinkSubject takes the accounts at an issuer away from somebody, whose
// password stays.
func (s *Service) UnlinkSubject(ctx context.Context, q contract.UnlinkSubject) (contract.Empty, error) {
	return contract.Empty{}, s.own(ctx, q.PersonID, contract.ActUnlinkAccount, func(tx *sqlx.Tx, row *personRow) error {
		_, err := s.worker.deleteSubject(ctx, tx, row.ID, q.Issuer)
		return err
	})
}
