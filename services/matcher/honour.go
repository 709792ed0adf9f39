package matcher

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
)

// Honours names the organisations that took part: whose offers helped, or for
// whose requests help came, as the requester confirmed.
func (s *Service) Honours(ctx context.Context, _ contract.Empty) (contract.Helped, error) {
	helped := contract.Helped{Organisations: []string{}}
	if err := access.Require(contract.ActorFrom(ctx), access.ReadHonours); err != nil {
		return helped, err
	}
	var err error
	helped.Organisations, err = s.worker.organisationsThatHelped(ctx)
	return helped, err
}
