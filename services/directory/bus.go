package directory

import (
	"context"
	"log/slog"
	"slices"

	"heli/pkg/bus"
	"heli/pkg/contract"
)

// answer registers every call of the directory with the server.
func answer(server *bus.Server, s *Service) error {
	for _, register := range []func() error{
		call(server, contract.DirectoryReference, s.Reference),
		call(server, contract.DirectoryCampaigns, s.Campaigns),
		call(server, contract.DirectoryRegister, s.Register),
		call(server, contract.DirectoryOrganisation, s.Organisation),
		call(server, contract.DirectoryOrganisations, s.Organisations),
		call(server, contract.DirectoryRollUp, s.RollUp),
		call(server, contract.DirectoryHonours, s.Honours),
		call(server, contract.DirectoryCampaign, s.Campaign),
		call(server, contract.DirectoryAddPerson, s.AddPerson),
		call(server, contract.DirectoryPeople, s.People),
		call(server, contract.DirectoryMakeLogin, s.MakeLogin),
		call(server, contract.DirectoryRedeemLogin, s.RedeemLogin),
		call(server, contract.DirectoryMakeAPIKey, s.MakeAPIKey),
		call(server, contract.DirectoryRevoke, s.Revoke),
		call(server, contract.DirectoryAuthenticate, s.Authenticate),
		call(server, contract.DirectoryAudit, s.Audit),
		call(server, contract.DirectoryInvite, s.Invite),
		call(server, contract.DirectoryPerson, s.Person),
		call(server, contract.DirectoryHistory, s.History),
		call(server, contract.DirectoryGrant, s.Grant),
		call(server, contract.DirectoryWithdraw, s.Withdraw),
		call(server, contract.DirectoryFirst, s.FirstAdministrator),
		call(server, contract.DirectorySignIn, s.SignIn),
		call(server, contract.DirectorySignInSubject, s.SignInSubject),
		call(server, contract.DirectoryProve, s.Prove),
		call(server, contract.DirectorySetPassword, s.SetPassword),
		call(server, contract.DirectorySetLanguage, s.SetLanguage),
		call(server, contract.DirectoryBeginTOTP, s.BeginTOTP),
		call(server, contract.DirectoryConfirmTOTP, s.ConfirmTOTP),
		call(server, contract.DirectoryPasskeys, s.Passkeys),
		call(server, contract.DirectoryAddPasskey, s.AddPasskey),
		call(server, contract.DirectoryUsePasskey, s.UsePasskey),
		call(server, contract.DirectoryRemoveFactor, s.RemoveFactor),
		call(server, contract.DirectoryRecoveryCodes, s.RecoveryCodes),
		call(server, contract.DirectoryLinkSubject, s.LinkSubject),
		call(server, contract.DirectoryUnlinkSubject, s.UnlinkSubject),
		call(server, contract.DirectoryAPIKeys, s.APIKeys),
		call(server, contract.DirectoryRecordErasure, s.RecordErasure),
		call(server, contract.DirectoryErasures, s.Erasures),
		call(server, contract.DirectoryAlerts, s.Alerts),
		call(server, contract.DirectorySafeguard, s.Safeguard),
		call(server, contract.DirectoryNameSafeguard, s.NameSafeguard),
		call(server, contract.DirectoryColleagues, s.Colleagues),
		call(server, contract.DirectoryReadings, s.Readings),
		call(server, contract.DirectoryOwn, s.Own),
		call(server, contract.DirectoryRevise, s.Revise),
		call(server, contract.DirectoryEnd, s.End),
		call(server, contract.DirectoryPutCategory, s.PutCategory),
		answerNotices(server, s),
		call(server, contract.DirectoryAuditTrail, s.AuditTrail),
		call(server, contract.DirectoryVerifyAudit, s.VerifySeen),
	} {
		if err := register(); err != nil {
			return err
		}
	}
	return nil
}

// answerNotices returns what registers the calls about messages to staff.
func answerNotices(server *bus.Server, s *Service) func() error {
	return func() error {
		for _, register := range []func() error{
			call(server, contract.DirectoryNotices, s.Notices),
			call(server, contract.DirectorySetNotices, s.SetNotices),
			call(server, contract.DirectoryEndNotices, s.EndNotices),
			call(server, contract.DirectoryListeners, s.Listeners),
			call(server, contract.DirectoryReach, s.Reach),
			call(server, contract.DirectoryBounced, s.Bounced),
		} {
			if err := register(); err != nil {
				return err
			}
		}
		return nil
	}
}

func call[Q, R any](server *bus.Server, e contract.Endpoint[Q, R], handle func(context.Context, Q) (R, error)) func() error {
	return func() error { return bus.Handle(server, e, handle) }
}

// broadcaster returns the function that tells of changes: of the reference data
// and of identities. Whoever misses it asks again within a minute.
func broadcaster(b *bus.Bus, log *slog.Logger) func(subject string, message any) {
	return func(subject string, message any) {
		if err := b.Broadcast(subject, message); err != nil {
			log.Warn("could not tell of a change", "subject", subject, "error", err)
		}
	}
}

// workCounter asks the services how much is open at or below a path.
func workCounter(b *bus.Bus) func(ctx context.Context, path string) (int64, error) {
	return func(ctx context.Context, path string) (int64, error) {
		actor := contract.ActorFrom(ctx)
		ctx = contract.WithActor(ctx, contract.Actor{
			Role: contract.RoleAdministrator, Path: path, PersonID: actor.PersonID, APIKeyID: actor.APIKeyID, Name: actor.Name,
		})
		open := int64(0)
		for _, counted := range []struct {
			counts contract.Endpoint[contract.Empty, contract.Counts]
			open   func(state string) bool
		}{
			{contract.RequestCount, without("closed", "confirmed")},
			{contract.OfferCount, without("expired", "withdrawn", "blocked")},
			{contract.MatcherCount, among("proposed", "accepted", "contact_released", "in_progress", "reported_done", "disputed")},
		} {
			answer, err := bus.Call(ctx, b, counted.counts, contract.Empty{})
			if err != nil {
				return 0, err
			}
			for state, n := range answer.ByState {
				if counted.open(state) {
					open += n
				}
			}
		}
		return open, nil
	}
}

func among(states ...string) func(string) bool {
	return func(state string) bool { return slices.Contains(states, state) }
}

func without(states ...string) func(string) bool {
	return func(state string) bool { return !slices.Contains(states, state) }
}
