package directory

import (
	"context"
	"log/slog"

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
	} {
		if err := register(); err != nil {
			return err
		}
	}
	return nil
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
